/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/simulate.h"

#include <stdarg.h>

#include "base/array.h"
#include "base/timing.h"

#define SIMULATE_PATIENCE_USEC (120 * USEC_PER_SEC)

/* The world's nodes are numbered by their place; a cluster's have any ids, in the same order. */
static void map_id(const State *s, uint32_t *id)
{
        for (size_t i = 0; i < s->n_nodes; i++)
                if (s->nodes[i].id == *id) {
                        *id = (uint32_t) i + 1;
                        return;
                }
        *id = 0;
}

/* Ids of nodes that are no longer in the state are left out: a list must not name node 0. */
static void map_ids(const State *s, uint32_t *ids, size_t *n)
{
        size_t kept = 0;

        for (size_t i = 0; i < *n; i++) {
                uint32_t id = ids[i];

                map_id(s, &id);
                if (id > 0)
                        ids[kept++] = id;
        }
        *n = kept;
}

/* What is said of nodes that are no longer in the state is left out too. */
#define MAP_ITEMS(s, ptr, n)                                     \
        do {                                                     \
                for (size_t i_ = (n); i_ > 0; i_--) {            \
                        map_id((s), &(ptr)[i_ - 1].node_id);     \
                        if ((ptr)[i_ - 1].node_id == 0)          \
                                ARRAY_CLOSE((ptr), (n), i_ - 1); \
                }                                                \
        } while (0)

/* They own something; and a start again needs its node. */
static void map_retries(const State *s, App *a)
{
        for (size_t i = a->n_retries; i > 0; i--) {
                map_id(s, &a->retries[i - 1].node_id);
                if (a->retries[i - 1].node_id == 0)
                        app_remove_retry(a, &a->retries[i - 1]);
        }
        a->next_retry = a->next_retry && a->next_node != 0;
}

static void map_app(const State *s, App *a)
{
        uint32_t *const ids[] = { &a->owner, &a->from_node, &a->held_node, &a->next_from, &a->next_node,
                &a->lost_node };

        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                map_id(s, ids[i]);
        map_ids(s, a->held_against, &a->n_held_against);
        map_ids(s, a->owed, &a->n_owed);
        MAP_ITEMS(s, a->permissions, a->n_permissions);
        MAP_ITEMS(s, a->marks, a->n_marks);
        map_retries(s, a);
        MAP_ITEMS(s, a->copies, a->n_copies);
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                map_id(s, &c->from_node);
        FOREACH_ARRAY(v, a->variants, a->n_variants)
                map_id(s, &v->node_id);
}

static void map_state(State *s)
{
        for (size_t i = 0; i < s->n_apps; i++)
                map_app(s, s->apps + i);
        map_ids(s, s->view_nodes, &s->n_view_nodes);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                map_ids(s, n->nodelist, &n->n_nodelist);
        for (size_t i = 0; i < s->n_nodes; i++)
                s->nodes[i].id = (uint32_t) i + 1;
}

/* Deadlines count from the beginning. */
static int read_state(const void *data, size_t size_bytes, State *ret)
{
        int r = state_decode(data, size_bytes, STATE_FULL, 0, ret);

        if (r < 0)
                return r;
        if (ret->n_nodes == 0 || ret->n_nodes > NODES_MAX) {
                state_done(ret);
                *ret = (State){};
                return -EINVAL;
        }
        map_state(ret);
        return 0;
}

/* An engine refuses names that are no nodes. */
static size_t known_names(const State *s, const char *const *names, size_t n, const char **ret)
{
        size_t n_known = 0;

        for (size_t i = 0; i < n; i++)
                if (state_find_node_name(s, names[i]))
                        ret[n_known++] = names[i];
        return n_known;
}

static int make_world(const SimulateConfig *config, const State *s, World **ret)
{
        _cleanup_free_ const char **names = calloc(s->n_nodes + 1, sizeof(*names));
        _cleanup_free_ const char **mandatory = calloc(config->n_sync_mandatory + 1, sizeof(*mandatory));
        _cleanup_free_ const char **optional = calloc(config->n_sync_optional + 1, sizeof(*optional));
        WorldConfig c = {
                .nodes = names,
                .n_nodes = s->n_nodes,
                .quorum = config->quorum,
                .policy = config->policy,
                .token_usec = config->token_usec,
                .consensus_usec = config->consensus_usec,
                .isolation_timeout_usec = config->isolation_usec,
                .sync_timeout_usec = config->sync_timeout_usec,
                .sync_mandatory = mandatory,
                .sync_optional = optional,
                .realtime_usec = usec_left(config->realtime_usec, WORLD_BEGIN_USEC),
                .trace = config->trace,
        };

        if (!names || !mandatory || !optional)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_nodes; i++) {
                names[i] = s->nodes[i].name;
                c.grace_usec = MAX(c.grace_usec, s->nodes[i].grace_usec);
        }
        c.n_sync_mandatory = known_names(s, config->sync_mandatory, config->n_sync_mandatory, mandatory);
        c.n_sync_optional = known_names(s, config->sync_optional, config->n_sync_optional, optional);
        return world_new(&c, ret);
}

/* Each node has its own times, but it does not say how much of its detection is the token. */
static void set_timings(World *w, const SimulateConfig *config, const State *s)
{
        Timing usual = timing_of(config->token_usec, config->consensus_usec, config->isolation_usec,
                        config->quorum == WORLD_QUORUM_DEVICE);

        for (uint32_t node = 1; node <= s->n_nodes; node++) {
                const NodeTiming *t = &s->nodes[node - 1].timing;
                uint64_t token_usec = t->detection_usec / 2;

                if (t->detection_usec == 0)
                        continue;
                world_set_self_fence(w, node, t->needs_end_usec); /* it follows from that, or is that */
                if (t->detection_usec == usual.detection_usec && t->isolation_usec == usual.isolation_usec)
                        continue;
                if (config->token_usec > 0)
                        token_usec = MIN(token_usec, config->token_usec);
                world_set_timing(w, node, token_usec, t->detection_usec - token_usec, t->isolation_usec);
        }
}

int simulate_world_from_state(const SimulateConfig *config, const void *data, size_t size_bytes, World **ret)
{
        _cleanup_(state_done) State s = {};
        _cleanup_(world_freep) World *w = NULL;
        int r = read_state(data, size_bytes, &s);

        if (r >= 0)
                r = make_world(config, &s, &w);
        if (r >= 0) {
                set_timings(w, config, &s);
                r = world_begin(w, &s);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

/* ---- is it so? ---- */

typedef struct Comparison {
        const World *world;
        const State *given, *is;
        uint64_t now_usec; /* of the deadlines of `is` */
        Strings *lines;
        int error;
} Comparison;

_printf_(3, 4) static void tell(Comparison *c, const char *name, const char *format, ...)
{
        _cleanup_free_ char *text = NULL, *line = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text || asprintf(&line, "%s: %s", name, text) < 0) {
                line = NULL;
                c->error = -ENOMEM;
                return;
        }
        if (strings_add(c->lines, line) < 0)
                c->error = -ENOMEM;
}

/* The beginning may be some steps of an engine late, but not more. */
static bool timer_is_so(const Comparison *c, const Timer *given, const Timer *is)
{
        uint64_t left = usec_left(is->deadline_usec, c->now_usec);

        if ((given->serial != 0) != (is->serial != 0))
                return false;
        return given->serial == 0 || left == given->deadline_usec ||
               MAX(left, given->deadline_usec) - MIN(left, given->deadline_usec) <= USEC_PER_MSEC;
}

/* All that is agreed of one application, in bytes; 0 without memory. */
static uint64_t app_digest(const App *a)
{
        State one = { .apps = (App *) a, .n_apps = 1 };

        return state_digest(&one);
}

static uint64_t node_digest(const Node *n)
{
        State one = { .nodes = (Node *) n, .n_nodes = 1 };

        return state_digest(&one);
}

static bool copies_are_so(const App *given, const App *is)
{
        if (given->n_copies != is->n_copies)
                return false;
        for (size_t i = 0; i < given->n_copies; i++) {
                const Copy *g = given->copies + i, *x = is->copies + i;

                if (g->node_id != x->node_id || g->epoch != x->epoch || g->phase != x->phase ||
                                g->stuck != x->stuck || g->surplus != x->surplus || g->untamed != x->untamed)
                        return false;
        }
        return true;
}

static bool marks_are_so(const Comparison *c, const App *given, const App *is)
{
        if (given->n_marks != is->n_marks)
                return false;
        for (size_t i = 0; i < given->n_marks; i++) {
                const Mark *g = given->marks + i, *x = is->marks + i;

                if (g->node_id != x->node_id || g->count != x->count || g->expired != x->expired ||
                                !timer_is_so(c, &g->timer, &x->timer))
                        return false;
        }
        return true;
}

static bool hold_is_so(const App *given, const App *is)
{
        return given->held_node == is->held_node && given->n_held_against == is->n_held_against &&
               (given->n_held_against == 0 ||
                               memcmp(given->held_against, is->held_against,
                                               given->n_held_against * sizeof(*given->held_against)) == 0);
}

static const char *place(const State *s, const App *a)
{
        const Copy *present = app_present_copy(a);

        return present ? state_node_name(s, present->node_id) : "no node";
}

/* Do the processes of the simulation tell the same as its state? */
static bool worker_is_so(const Comparison *c, const App *a)
{
        FOREACH_ARRAY(p, a->copies, a->n_copies)
                if ((p->phase == COPY_RUNNING || p->phase == COPY_STOPPING) &&
                                world_unit_epoch(c->world, p->node_id, a->name) != p->epoch) {
                        const Node *n = state_find_node(c->is, p->node_id);

                        /* Its guard has ended it, and there is no manager to say so. */
                        if (!n || n->presence != PRESENCE_MANAGER_GONE)
                                return false;
                }
        return true;
}

static void compare_app(Comparison *c, const App *given)
{
        const App *is = state_find_app(c->is, given->name);
        bool known = false;

        if (!is) {
                tell(c, given->name, "the simulation does not know it");
                return;
        }
        if (!copies_are_so(given, is)) {
                if (streq(place(c->given, given), place(c->is, is)))
                        tell(c, given->name, "its copy on %s is at another point", place(c->is, is));
                else
                        tell(c, given->name, "it is on %s, and on %s in the simulation",
                                        place(c->given, given), place(c->is, is));
                return;
        }
        if (!worker_is_so(c, is))
                tell(c, given->name, "its worker does not run on %s in the simulation", place(c->is, is));
        if ((known = !hold_is_so(given, is)))
                tell(c, given->name, "the nodes against which it is held are others");
        if (!timer_is_so(c, &given->delay, &is->delay)) {
                known = true;
                tell(c, given->name, "what is left of its FailoverDelaySec= is not the same");
        }
        if (given->better_nodes != is->better_nodes || !timer_is_so(c, &given->better, &is->better)) {
                known = true;
                tell(c, given->name, "what is left of its TakeoverDelaySec= is not the same");
        }
        if (!marks_are_so(c, given, is)) {
                known = true;
                tell(c, given->name, "its marks are others");
        }
        if (!known && app_digest(given) != app_digest(is))
                tell(c, given->name, "its state is another one");
}

static const char *presence_name(const Node *n)
{
        switch (n->presence) {
        case PRESENCE_OFFLINE:
                return "offline";
        case PRESENCE_MANAGER_GONE:
                return "there without a manager";
        case PRESENCE_SILENT:
                return "silent";
        case PRESENCE_SYNCED:
                return "in step";
        case PRESENCE_SYNCING:
        case PRESENCE_REPORTED:
        case _PRESENCE_MAX:
        default:
                return "not in step yet";
        }
}

static void compare_node(Comparison *c, const Node *given)
{
        const Node *is = state_find_node(c->is, given->id);
        _cleanup_free_ char *name = NULL;

        if (asprintf(&name, "node %s", given->name) < 0) {
                name = NULL;
                c->error = -ENOMEM;
                return;
        }
        if (!is)
                tell(c, name, "the simulation does not know it");
        else if (given->presence != is->presence)
                tell(c, name, "it is %s, and %s in the simulation", presence_name(given), presence_name(is));
        else if (given->grace_over != is->grace_over || !timer_is_so(c, &given->grace, &is->grace))
                tell(c, name, "what is left of its ManagerGraceSec= is not the same");
        else if (node_digest(given) != node_digest(is))
                tell(c, name, "its state is another one");
}

/* A node that is in step holds what all hold. */
static const Engine *find_engine(Comparison *c)
{
        const Engine *found = NULL;
        uint64_t digest = 0;

        for (uint32_t node = 1; node <= world_n_nodes(c->world); node++) {
                const Engine *e = world_engine(c->world, node);

                if (!e)
                        continue;
                if (!engine_is_synced(e) || !engine_is_quorate(e) ||
                                (found && state_digest(engine_state(e)) != digest)) {
                        tell(c, world_node_name(c->world, node), "it is not in step in the simulation");
                        continue;
                }
                if (found)
                        continue;
                found = e;
                digest = state_digest(engine_state(e));
                c->now_usec = world_clock(c->world, node);
        }
        return found;
}

int simulate_compare(const World *w, const void *data, size_t size_bytes, Strings *ret)
{
        _cleanup_(state_done) State given = {};
        Comparison c = { .world = w, .given = &given, .lines = ret };
        const Engine *e;
        int r = read_state(data, size_bytes, &given);

        if (r < 0)
                return r;
        e = find_engine(&c);
        if (!e) {
                tell(&c, "nodes", "none is in step in the simulation");
                return c.error;
        }
        c.is = engine_state(e);
        FOREACH_ARRAY(n, given.nodes, given.n_nodes)
                compare_node(&c, n);
        FOREACH_ARRAY(a, given.apps, given.n_apps)
                compare_app(&c, a);
        FOREACH_ARRAY(a, c.is->apps, c.is->n_apps)
                if (!state_find_app(&given, a->name))
                        tell(&c, a->name, "only the simulation knows it");
        return c.error;
}

uint64_t simulate_patience_usec(const World *w)
{
        uint64_t longest = 0;

        for (uint32_t node = 1; node <= world_n_nodes(w); node++) {
                const Engine *e = world_engine(w, node);
                const State *s = e ? engine_state(e) : NULL;

                for (size_t i = 0; s && i < s->n_apps; i++) {
                        const Definition *d = &s->apps[i].definition;
                        uint64_t delay = engine_failover_delay(e, &s->apps[i]);

                        if (delay != USEC_INFINITY)
                                longest = MAX(longest, delay);
                        if (d->takeover_delay_usec != USEC_INFINITY)
                                longest = MAX(longest, d->takeover_delay_usec);
                }
        }
        return usec_add(longest, SIMULATE_PATIENCE_USEC);
}
