/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A command that was answered with success is in force in the end, unless a later one, or one that was under way
 * at the same time and may have come later, says otherwise. Nothing is promised once half of the disks were lost. */

#include "base/array.h"
#include "check.h"

typedef struct Asked {
        uint64_t token;
        CommandKind kind; /* START for START and STOP: the target */
        char app[APP_NAME_MAX + 1], node[64];
        bool value;
        uint64_t asked_usec, answered_usec; /* answered: USEC_INFINITY while it is not, or where it failed */
        bool done;
} Asked;

typedef struct Commands {
        const CheckConfig *config;
        Asked *asked;
        size_t n_asked, n_allocated;
        bool *holds;            /* by node id: its disk has a record */
        const char **forgotten; /* nodes that were taken out of the nodelist */
        size_t n_forgotten;
        bool void_promise;
} Commands;

static void *commands_free(void *judge)
{
        Commands *c = judge;

        if (!c)
                return NULL;
        free(c->asked);
        free(c->holds);
        free(c->forgotten);
        free(c);
        return NULL;
}

static void *commands_new(const CheckConfig *config)
{
        Commands *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->holds = calloc(config->n_nodes + 1, sizeof(bool));
        c->forgotten = calloc(config->n_nodes + 1, sizeof(*c->forgotten));
        return c->holds && c->forgotten ? c : commands_free(c);
}

static void command_asked(Commands *c, const Observation *o)
{
        const Command *m = o->command;
        Asked *a;

        if (m->kind != COMMAND_START && m->kind != COMMAND_STOP && m->kind != COMMAND_PERMIT &&
                        m->kind != COMMAND_STANDBY && m->kind != COMMAND_MAINTENANCE &&
                        m->kind != COMMAND_FORM && m->kind != COMMAND_FORGET)
                return;
        if (ARRAY_GROW(c->asked, c->n_asked, c->n_allocated) < 0)
                return;
        a = c->asked + c->n_asked++;
        *a = (Asked){ .token = o->token,
                .kind = m->kind == COMMAND_STOP ? COMMAND_START : m->kind,
                .value = m->kind == COMMAND_START || (m->kind != COMMAND_STOP && m->flag),
                .asked_usec = o->at_usec,
                .answered_usec = USEC_INFINITY };
        (void) snprintf(a->app, sizeof(a->app), "%s", strempty(m->app));
        (void) snprintf(a->node, sizeof(a->node), "%s",
                        m->kind == COMMAND_PERMIT || m->kind == COMMAND_STANDBY || m->kind == COMMAND_FORGET
                                        ? strempty(m->node)
                                        : "");
}

static void command_answered(Commands *c, const Observation *o)
{
        FOREACH_ARRAY(a, c->asked, c->n_asked) {
                if (a->token != o->token)
                        continue;
                if ((o->error == COMMAND_OK || o->error == COMMAND_NOT_COMMITTED) && a->kind == COMMAND_FORM)
                        c->void_promise = c->void_promise || c->config->formed_by_hand;
                if (o->error == COMMAND_OK) {
                        a->answered_usec = o->at_usec;
                        a->done = true;
                } else if (o->error != COMMAND_NOT_COMMITTED) {
                        /* Refused: it has changed nothing. */
                        ARRAY_CLOSE(c->asked, c->n_asked, (size_t) (a - c->asked));
                }
                return;
        }
}

/* Only what is on a majority of the disks outlives the loss of one. */
static void disk_lost(Commands *c, uint32_t node_id)
{
        size_t n = 0;

        c->holds[node_id] = false;
        for (size_t i = 1; i <= c->config->n_nodes; i++)
                n += c->holds[i];
        if (2 * n <= c->config->n_nodes)
                c->void_promise = true;
}

static void commands_observe(void *judge, const Observation *o, Findings *f)
{
        Commands *c = judge;

        (void) f;
        if (o->type == OBSERVE_COMMAND)
                command_asked(c, o);
        else if (o->type == OBSERVE_REPLY)
                command_answered(c, o);
        else if (o->type == OBSERVE_DISK_WRITTEN)
                c->holds[o->node_id] = true;
        else if (o->type == OBSERVE_DISK_LOST)
                disk_lost(c, o->node_id);
}

static bool same_subject(const Asked *a, const Asked *b)
{
        return a->kind == b->kind && streq(a->node, b->node) &&
               (streq(a->app, b->app) || !a->app[0] || !b->app[0]);
}

/* The file's word, where no command has said otherwise. */
static bool file_permits(const App *a, const Node *n)
{
        for (size_t i = 0; i < a->definition.n_permitted; i++)
                if (streq(a->definition.permitted[i], n->name))
                        return true;
        return a->definition.n_permitted == 0;
}

/* Whether the state shows what `a` set; true where the subject is not there any more. */
static bool is_in_force(const State *s, const Asked *a)
{
        const App *app = a->app[0] ? state_find_app(s, a->app) : NULL;
        const Node *node = a->node[0] ? state_find_node_name(s, a->node) : NULL;

        switch (a->kind) {
        case COMMAND_START:
                return !app || app->target_up == a->value;
        case COMMAND_MAINTENANCE:
                return !app || app->maintenance == a->value;
        case COMMAND_STANDBY:
                return !node || node->standby == a->value;
        case COMMAND_PERMIT:
                if (!app || !node)
                        return true;
                FOREACH_ARRAY(p, app->permissions, app->n_permissions)
                        if (p->node_id == node->id)
                                return p->allowed == a->value;
                return a->value == file_permits(app, node);
        case COMMAND_STOP:
        case COMMAND_RESTART:
        case COMMAND_TAKEOVER:
        case COMMAND_CLEAR:
        case COMMAND_RELOAD:
        case COMMAND_FORM:
        case COMMAND_FORGET:
        case _COMMAND_KIND_MAX:
        default:
                return true;
        }
}

static bool is_forgotten(const Commands *c, const Asked *a)
{
        for (size_t i = 0; i < c->n_forgotten; i++)
                if (streq(c->forgotten[i], a->node))
                        return true;
        return false;
}

/* Whether somebody may have asked for this setting of a node after it was forgotten. */
static bool is_asked_since(const Commands *c, const Asked *forget, CommandKind kind, const char *app)
{
        FOREACH_ARRAY(a, c->asked, c->n_asked)
                if (a->kind == kind && streq(a->node, forget->node) && streq(a->app, app) &&
                                a->answered_usec >= forget->asked_usec)
                        return true;
        return false;
}

/* A node that was forgotten and is there again is as one that nobody knew. */
static void judge_forgotten(const Commands *c, const Asked *forget, const State *s, Findings *f)
{
        const Node *n = state_find_node_name(s, forget->node);
        Observation end = { .at_usec = 0 };

        if (!n)
                return;
        if (n->standby && !is_asked_since(c, forget, COMMAND_STANDBY, ""))
                finding(f, &end, "%s was forgotten and is in standby", forget->node);
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                FOREACH_ARRAY(p, a->permissions, a->n_permissions)
                        if (p->node_id == n->id && !is_asked_since(c, forget, COMMAND_PERMIT, a->name))
                                finding(f, &end, "%s was forgotten and has a permission for %s", forget->node,
                                                a->name);
}

void check_commands_settings(void *judge, const State *s, Findings *f)
{
        Commands *c = judge;
        Observation end = { .at_usec = 0 };

        /* Sets of nodes without a common one can each have answered what the other never heard. */
        if (c->void_promise || c->config->apart)
                return;
        FOREACH_ARRAY(a, c->asked, c->n_asked) {
                bool overruled = false;

                if (a->kind == COMMAND_FORGET && a->done)
                        judge_forgotten(c, a, s, f);
                if (!a->done || is_forgotten(c, a) || is_in_force(s, a))
                        continue;
                FOREACH_ARRAY(b, c->asked, c->n_asked)
                        overruled = overruled || (b != a && same_subject(a, b) && b->value != a->value &&
                                                                 b->answered_usec >= a->asked_usec);
                if (!overruled)
                        finding(f, &end, "command %llu (%s %s %s) was answered and is lost",
                                        (unsigned long long) a->token, command_kind_to_string(a->kind),
                                        a->app, a->node);
        }
}

void check_commands_forget(void *judge, const char *node)
{
        Commands *c = judge;

        if (c->n_forgotten < c->config->n_nodes)
                c->forgotten[c->n_forgotten++] = node;
}

const CheckClass check_commands = { "commands", commands_new, commands_free, commands_observe };
