/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What two applications cannot both have, where a node may run both. */

#include "base/array.h"
#include "base/text.h"
#include "config/parse-state.h"

/* One part of an application that may hold it. */
typedef struct Holder {
        const AppConfig *app;
        const Part *part;
        bool is_in_force; /* held by that application already, on this node */
        bool *is_refused; /* NULL: not ours to refuse */
} Holder;

typedef struct Holders {
        Holder *items;
        size_t n_items, n_allocated;
} Holders;

/* Who holds it already comes first, then the first by name. */
static int compare_holders(const void *a, const void *b)
{
        const Holder *x = a, *y = b;
        int r = strcmp(part_claim(x->part), part_claim(y->part));

        if (r == 0)
                r = CMP(y->is_in_force, x->is_in_force);
        return r != 0 ? r : strcmp(x->app->definition.name, y->app->definition.name);
}

static bool has_claim(const Parts *parts, const char *claim)
{
        FOREACH_ARRAY(p, parts->items, parts->n_items)
                if (streq(part_claim(p), claim))
                        return true;
        return false;
}

static int add_holder(Holders *h, const AppConfig *app, const AppConfigs *in_force, bool *is_refused)
{
        const AppConfig *old = in_force ? app_configs_find(in_force, app->definition.name) : NULL;

        FOREACH_ARRAY(part, app->parts.items, app->parts.n_items) {
                if (ARRAY_GROW(h->items, h->n_items, h->n_allocated) < 0)
                        return -ENOMEM;
                h->items[h->n_items++] = (Holder){
                        .app = app,
                        .part = part,
                        .is_in_force = old && has_claim(&old->parts, part_claim(part)),
                        .is_refused = is_refused,
                };
        }
        return 0;
}

/* The parts of all that are right, and of those whose last good definition will stay; sorted. */
static int list_holders(const AppConfigs *c, const AppConfigs *in_force, bool *refused, Holders *h)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n_items; i++)
                r = add_holder(h, c->items + i, in_force, refused + i);
        for (size_t i = 0; in_force && r >= 0 && i < c->n_failures; i++) {
                const AppConfig *old = app_configs_find(in_force, c->failures[i].name);

                if (old && !app_configs_find(c, c->failures[i].name))
                        r = add_holder(h, old, in_force, NULL);
        }
        if (r >= 0 && h->n_items > 0)
                qsort(h->items, h->n_items, sizeof(h->items[0]), compare_holders);
        return r;
}

/* The first node that may run both; NULL: there is none. */
static const char *common_node(const Definition *a, const Definition *b)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                if (definition_find_node(b, a->nodes[i].name) >= 0)
                        return a->nodes[i].name;
        return NULL;
}

/* One disk for all nodes, by what it is called: two nodes that mount it destroy it. /dev/sdb may be another one on each. */
static bool is_one_for_all(const Part *p)
{
        static const char *const folders[] = { "/dev/disk/by-id/", "/dev/disk/by-uuid/",
                "/dev/disk/by-partuuid/" };

        for (size_t i = 0; p->kind == PART_DEVICE && i < ELEMENTSOF(folders); i++)
                if (startswith(p->name, folders[i]))
                        return true;
        return false;
}

static ParseState holder_state(const Holder *h, ConfigMessages *messages)
{
        return parse_state_at_part(
                        &(ParseState){ .messages = messages, .application = h->app->definition.name },
                        h->part);
}

/* `node`: may run both; NULL: it is one for all nodes. */
static int complain(const Holder *h, const Holder *other, const char *node, ConfigMessages *messages)
{
        ParseState p = holder_state(h, messages);
        const Part *theirs = other->part;
        int r;

        if (node)
                r = parse_error(&p,
                                "%s is a part of %s too (%s:%u), and %s may run both, expected it in one of them",
                                h->part->name, other->app->definition.name, strempty(theirs->file),
                                theirs->line, node);
        else
                r = parse_error(&p,
                                "%s is a part of %s too (%s:%u), and is the same disk on every node, expected it in one of "
                                "them",
                                h->part->name, other->app->definition.name, strempty(theirs->file),
                                theirs->line);
        return r == -EINVAL ? 0 : r;
}

static bool is_refused(const Holder *h)
{
        return h->is_refused && *h->is_refused;
}

/* Whoever comes behind another one that may be on one node with it, or has the disk of all nodes. */
static int judge(const Holders *h, ConfigMessages *messages)
{
        int r = 0;

        for (size_t j = 1, first = 0; r >= 0 && j < h->n_items; j++) {
                bool is_shared = false;

                if (!streq(part_claim(h->items[j].part), part_claim(h->items[first].part)))
                        first = j;
                for (size_t i = first; i < j && !is_shared && h->items[j].is_refused; i++) {
                        const char *node = common_node(
                                        &h->items[j].app->definition, &h->items[i].app->definition);

                        is_shared = !is_refused(h->items + i) && (node || is_one_for_all(h->items[j].part));
                        if (is_shared)
                                r = complain(h->items + j, h->items + i, node, messages);
                }
                if (is_shared)
                        *h->items[j].is_refused = true;
        }
        return r;
}

/* ---- mounts, one below the other ---- */

/* By their units, whose names are those of the paths: the upper one hides what is there before it, and systemd unmounts what is below
 * with it. */
static bool is_below(const Part *p, const Part *upper)
{
        size_t n = strlen(upper->id);

        if (!endswith(p->id, ".mount") || !endswith(upper->id, ".mount"))
                return false;
        n -= strlen(".mount");
        return strncmp(p->id, upper->id, n) == 0 && p->id[n] == '-';
}

/* Of the two the one that goes, as where both have the same. */
static const Holder *choose_loser(const Holder *a, const Holder *b)
{
        int r = CMP(b->is_in_force, a->is_in_force);

        if (r == 0)
                r = strcmp(a->app->definition.name, b->app->definition.name);
        return !b->is_refused || (r > 0 && a->is_refused) ? a : b;
}

static int judge_below(const Holder *lower, const Holder *upper, ConfigMessages *messages)
{
        const Holder *loser = choose_loser(lower, upper), *other = loser == lower ? upper : lower;
        const char *node = common_node(&lower->app->definition, &upper->app->definition);
        ParseState p = holder_state(loser, messages);
        int r;

        if (!node || !loser->is_refused || is_refused(lower) || is_refused(upper))
                return 0;
        *loser->is_refused = true;
        r = parse_error(&p,
                        "%s and %s, a part of %s (%s:%u), lie one below the other, and %s may run both, expected them apart",
                        loser->part->name, other->part->name, other->app->definition.name,
                        strempty(other->part->file), other->part->line, node);
        return r == -EINVAL ? 0 : r;
}

static int judge_mounts(const Holders *h, ConfigMessages *messages)
{
        int r = 0;

        FOREACH_ARRAY(lower, h->items, h->n_items) {
                if (!endswith(lower->part->id, ".mount"))
                        continue;
                FOREACH_ARRAY(upper, h->items, h->n_items)
                        if (r >= 0 && lower->app != upper->app && is_below(lower->part, upper->part))
                                r = judge_below(lower, upper, messages);
        }
        return r;
}

/* Its errors, one a line, and the line of the first. */
static int describe(const char *name, const ConfigMessages *messages, AppConfigFailure *ret)
{
        AppConfigFailure f = { .name = strdup(name) };
        Text t = {};

        FOREACH_ARRAY(m, messages->items, messages->n_items) {
                if (!streq(m->application, name))
                        continue;
                if (t.length == 0)
                        f.line = m->line;
                text_printf(&t, "%s%s", t.length > 0 ? "\n" : "", m->text);
        }
        f.text = text_take(&t);
        if (!f.name || !f.text) {
                free(f.name);
                free(f.text);
                return -ENOMEM;
        }
        *ret = f;
        return 0;
}

int app_configs_move_to_failures(AppConfigs *c, size_t at, const ConfigMessages *messages)
{
        AppConfigFailure failure, *grown = realloc(c->failures, (c->n_failures + 1) * sizeof(*grown));
        size_t to = 0;
        int r;

        if (!grown)
                return -ENOMEM;
        c->failures = grown;
        r = describe(c->items[at].definition.name, messages, &failure);
        if (r < 0)
                return r;
        while (to < c->n_failures && strcmp(grown[to].name, failure.name) < 0)
                to++;
        ARRAY_OPEN(c->failures, c->n_failures, to);
        c->failures[to] = failure;
        app_config_done(c->items + at);
        ARRAY_CLOSE(c->items, c->n_items, at);
        return 0;
}

/* Sets *ret_again if something was refused: what its last good definition holds comes back then. */
static int refuse_once(AppConfigs *c, const AppConfigs *in_force, ConfigMessages *messages, bool *ret_again)
{
        _cleanup_(config_messages_done) ConfigMessages own = {};
        _cleanup_free_ bool *refused = calloc(c->n_items + 1, sizeof(bool));
        Holders h = {};
        int r;

        *ret_again = false;
        if (!refused)
                return -ENOMEM;
        r = list_holders(c, in_force, refused, &h);
        if (r >= 0)
                r = judge(&h, &own);
        if (r >= 0)
                r = judge_mounts(&h, &own);
        free(h.items); /* its pointers end with the first that is moved */
        for (size_t i = c->n_items; r >= 0 && i > 0; i--)
                if (refused[i - 1]) {
                        r = app_configs_move_to_failures(c, i - 1, &own);
                        *ret_again = true;
                }
        return r < 0 ? r : config_messages_move(&own, messages);
}

int app_configs_refuse_shared(AppConfigs *c, const AppConfigs *in_force, ConfigMessages *messages)
{
        bool again = true;
        int r = 0;

        while (r >= 0 && again)
                r = refuse_once(c, in_force, messages, &again);
        return r;
}
