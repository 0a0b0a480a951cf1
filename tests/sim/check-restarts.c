/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LocalRestarts=: an application is started again where it failed so often within FailureTimeoutSec=, and no more; its owner and
 * its hold stay. Members that
 * are in step note the same decision, and one that is late notes it later: the first of them counts, by the epoch of the copy
 * that failed. Commands may end the count, and a group that forms anew has lost it: from there on all is counted anew. So it is
 * where two groups meet that both had quorum: what the one counted whose members lose track is lost. */

#include "base/array.h"
#include "check.h"

typedef struct Again {
        char *node; /* NULL: an entry that is free */
        uint64_t epoch, last_usec;
        uint32_t count;
} Again;

/* Where it belongs, as a member in step holds it: 0: nowhere, or none is known. */
typedef struct Place {
        uint32_t owner, held_node;
} Place;

typedef struct Restarts {
        const CheckConfig *config;
        Again *again;          /* for each application an entry for each node */
        Place *before, *after; /* a member's last step; the same */
} Restarts;

static void *restarts_free(void *judge)
{
        Restarts *c = judge;

        if (!c)
                return NULL;
        for (size_t i = 0; c->again && i < c->config->n_apps * c->config->n_nodes; i++)
                free(c->again[i].node);
        free(c->again);
        free(c->before);
        free(c->after);
        free(c);
        return NULL;
}

static void *restarts_new(const CheckConfig *config)
{
        Restarts *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->again = calloc(config->n_apps * config->n_nodes + 1, sizeof(*c->again));
        c->before = calloc(config->n_apps * (config->n_nodes + 1) + 1, sizeof(*c->before));
        c->after = calloc(config->n_apps * (config->n_nodes + 1) + 1, sizeof(*c->after));
        return c->again && c->before && c->after ? c : restarts_free(c);
}

static Again *find(Restarts *c, size_t app, const char *node)
{
        for (size_t i = 0; i < c->config->n_nodes; i++) {
                Again *a = c->again + app * c->config->n_nodes + i;

                if (!a->node)
                        a->node = strdup(node);
                if (!a->node || streq(a->node, node))
                        return a->node ? a : NULL;
        }
        return NULL;
}

static void observe_again(Restarts *c, size_t at, const Observation *o, Findings *f)
{
        const CheckApp *app = c->config->apps + at;
        Again *a = find(c, at, o->where);
        /* Clocks have rates of their own. */
        uint64_t window = app->failure_timeout_usec - app->failure_timeout_usec / 20;

        if (!a || o->epoch <= a->epoch)
                return;
        if (o->at_usec >= usec_add(a->last_usec, window))
                a->count = 0;
        a->epoch = o->epoch;
        a->last_usec = o->at_usec;
        a->count++;
        if (a->count > app->local_restarts)
                finding(f, o, "%s failed on %s and is started there again, %u times within FailureTimeoutSec=",
                                app->name, o->where, a->count);
}

static size_t place_of(const Restarts *c, size_t app, const Observation *o)
{
        return app * (c->config->n_nodes + 1) + o->node_id;
}

/* A member has made a step; what it has noted in that comes next. */
static void note_places(Restarts *c, const Observation *o)
{
        for (size_t i = 0; i < c->config->n_apps; i++) {
                size_t at = place_of(c, i, o);
                const App *a = c->config->apps[i].local_restarts > 0 && o->engine &&
                                                               engine_is_synced(o->engine)
                                               ? state_find_app(engine_state(o->engine),
                                                                 c->config->apps[i].name)
                                               : NULL;

                c->before[at] = c->after[at];
                c->after[at] = a ? (Place){ a->owner, a->held_node } : (Place){};
        }
}

static void judge_place(const Restarts *c, size_t app, const Observation *o, Findings *f)
{
        const Place *before = &c->before[place_of(c, app, o)], *after = &c->after[place_of(c, app, o)];

        if (before->owner != 0 && (before->owner != after->owner || before->held_node != after->held_node))
                finding(f, o, "%s failed on %s and is started there again: its owner was %u and is %u, its hold %u and %u",
                                o->app, o->where, before->owner, after->owner, before->held_node,
                                after->held_node);
}

static bool begins_anew(const Restarts *c, const Effect *e)
{
        static const char *const commands[] = { "clear", "takeover", "start", "forget" };

        if (e->type != EFFECT_NOTE)
                return false;
        if (e->note == NOTE_FORMED || (e->note == NOTE_UNSYNCED && c->config->apart))
                return true;
        for (size_t i = 0; e->note == NOTE_COMMAND && i < ELEMENTSOF(commands); i++)
                if (e->text && strncmp(e->text, commands[i], strlen(commands[i])) == 0)
                        return true;
        return false;
}

static void restarts_observe(void *judge, const Observation *o, Findings *f)
{
        Restarts *c = judge;

        if (o->type == OBSERVE_STEP && o->effects)
                FOREACH_ARRAY(e, o->effects->effects, o->effects->n_effects)
                        for (size_t i = 0; begins_anew(c, e) && i < c->config->n_apps * c->config->n_nodes;
                                        i++)
                                c->again[i].count = 0;
        if (o->type == OBSERVE_STEP)
                note_places(c, o);
        if (o->type != OBSERVE_DECISION || o->note != NOTE_APP_RETRIED || !o->where)
                return;
        for (size_t i = 0; i < c->config->n_apps; i++)
                if (streq(o->app, c->config->apps[i].name)) {
                        observe_again(c, i, o, f);
                        judge_place(c, i, o, f);
                }
}

const CheckClass check_restarts = { "restarts", restarts_new, restarts_free, restarts_observe };
