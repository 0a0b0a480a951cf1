/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two copies, or parts of them, at a time, wherever their nodes are: with NoQuorumPolicy=stop and a delay that is longer than needed a node that is
 * cut off, or whose Corosync says nothing, has ended its copy when the others start theirs. They notice the same cut at times
 * that differ, which is the slack. Where doc/guarantees.md says "yes" a copy does not count: on a host that sleeps, and until it
 * has joined the others again (row 7); on a node without a guard whose manager is gone, until one of both has ended it (row 9b);
 * where a manager hangs or is gone, for its grace, if the delay is shorter (row 8, and its
 * like without a hang); after a takeover with force (row 12). */

#include "base/array.h"
#include "check.h"

#define BACK_USEC (10 * USEC_PER_SEC) /* the guard kills, or the next manager is in step */

typedef struct Overlap {
        const CheckConfig *config;
        uint64_t *nodes;      /* by application: bit i is node i */
        uint32_t *things;     /* by application and node: the worker and its parts */
        uint64_t *since_usec; /* by application: since when there is more than one; 0: there is not */
        bool *forced;         /* by application */
        uint64_t *slept_usec; /* by node: until when its copies do not count */
        bool *unguarded, *manager_gone; /* by node */
        uint64_t *hung_usec; /* and until when those do not whose delay is shorter than the grace */
} Overlap;

static void *overlap_free(void *judge)
{
        Overlap *c = judge;

        if (!c)
                return NULL;
        free(c->nodes);
        free(c->things);
        free(c->since_usec);
        free(c->forced);
        free(c->slept_usec);
        free(c->hung_usec);
        free(c->unguarded);
        free(c->manager_gone);
        free(c);
        return NULL;
}

static void *overlap_new(const CheckConfig *config)
{
        Overlap *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->nodes = calloc(config->n_apps + 1, sizeof(*c->nodes));
        c->things = calloc((config->n_apps + 1) * (config->n_nodes + 1), sizeof(*c->things));
        c->since_usec = calloc(config->n_apps + 1, sizeof(*c->since_usec));
        c->forced = calloc(config->n_apps + 1, sizeof(*c->forced));
        c->slept_usec = calloc(config->n_nodes + 1, sizeof(*c->slept_usec));
        c->hung_usec = calloc(config->n_nodes + 1, sizeof(*c->hung_usec));
        c->unguarded = calloc(config->n_nodes + 1, sizeof(bool));
        c->manager_gone = calloc(config->n_nodes + 1, sizeof(bool));
        return c->unguarded && c->manager_gone && c->nodes && c->things && c->since_usec && c->forced &&
                                               c->slept_usec && c->hung_usec
                               ? c
                               : overlap_free(c);
}

void check_overlap_sleeps(void *judge, uint32_t node, uint64_t until_usec)
{
        Overlap *c = judge;

        c->slept_usec[node] = MAX(c->slept_usec[node], until_usec);
}

void check_overlap_hangs(void *judge, uint32_t node, uint64_t now_usec)
{
        Overlap *c = judge;

        c->hung_usec[node] = MAX(c->hung_usec[node], now_usec + c->config->grace_usec + BACK_USEC);
}

/* Nobody ends what runs where both are gone; the one that is back first needs its time for it. */
static void node_is_tended(Overlap *c, const Observation *o)
{
        bool was_alone = c->unguarded[o->node_id] && c->manager_gone[o->node_id], is_alone;

        if (o->type == OBSERVE_GUARD)
                c->unguarded[o->node_id] = !o->flag;
        else if (o->type == OBSERVE_NODE_DOWN)
                c->unguarded[o->node_id] = c->manager_gone[o->node_id] = false;
        else
                c->manager_gone[o->node_id] = o->type == OBSERVE_MANAGER_END && !o->flag;
        is_alone = c->unguarded[o->node_id] && c->manager_gone[o->node_id];
        if (is_alone)
                check_overlap_sleeps(c, o->node_id, USEC_INFINITY);
        else if (was_alone)
                c->slept_usec[o->node_id] = o->at_usec + c->config->grace_usec + BACK_USEC;
}

static bool app_is_judged(const Overlap *c, size_t app)
{
        const CheckApp *a = c->config->apps + app;

        return !a->start_first && !c->forced[app] && a->least_delay_usec >= c->config->needed_usec;
}

/* The nodes whose copies count now. */
static uint64_t nodes_that_count(const Overlap *c, size_t app, uint64_t now_usec)
{
        bool waits_for_grace = c->config->apps[app].least_delay_usec >= c->config->grace_usec;
        uint64_t nodes = c->nodes[app];

        if ((nodes & (nodes - 1)) == 0)
                return nodes;
        for (uint32_t node = 1; node <= c->config->n_nodes; node++)
                if (now_usec < c->slept_usec[node] || (!waits_for_grace && now_usec < c->hung_usec[node]))
                        nodes &= ~(UINT64_C(1) << node);
        return nodes;
}

static void judge_app(Overlap *c, size_t app, const Observation *o, Findings *f)
{
        uint64_t nodes = nodes_that_count(c, app, o->at_usec);

        if ((nodes & (nodes - 1)) == 0)
                c->since_usec[app] = 0;
        else if (c->since_usec[app] == 0)
                c->since_usec[app] = MAX(o->at_usec, (uint64_t) 1);
        else if (o->at_usec > c->since_usec[app] + c->config->overlap_usec) {
                finding(f, o, "%s has had two copies since %llu.%06llu (nodes %#llx)",
                                c->config->apps[app].name,
                                (unsigned long long) (c->since_usec[app] / USEC_PER_SEC),
                                (unsigned long long) (c->since_usec[app] % USEC_PER_SEC),
                                (unsigned long long) nodes);
                c->since_usec[app] = 0;
        }
}

/* A worker, or a part. */
static void note_thing(Overlap *c, size_t app, const Observation *o)
{
        uint32_t *things = &c->things[app * (c->config->n_nodes + 1) + o->node_id];
        uint64_t bit = UINT64_C(1) << o->node_id;

        if (o->type == OBSERVE_UNIT_BEGIN || o->type == OBSERVE_PART_BEGIN) {
                (*things)++;
                c->nodes[app] |= bit;
        } else if (o->type == OBSERVE_UNIT_END || o->type == OBSERVE_PART_END) {
                *things -= MIN(*things, 1u);
                if (*things == 0)
                        c->nodes[app] &= ~bit;
        } else if ((o->type == OBSERVE_UNIT_STUCK || o->type == OBSERVE_PART_STUCK) &&
                        !c->config->apps[app].needs_end) /* nobody can end that, and its host does not */
                c->nodes[app] &= ~bit;
}

static void overlap_observe(void *judge, const Observation *o, Findings *f)
{
        Overlap *c = judge;

        if (c->config->overlap_usec == 0)
                return;
        if (o->type == OBSERVE_GUARD || o->type == OBSERVE_NODE_DOWN || o->type == OBSERVE_MANAGER_BEGIN ||
                        o->type == OBSERVE_MANAGER_END)
                node_is_tended(c, o);
        if (o->type == OBSERVE_MANAGER_END && !o->flag)
                check_overlap_hangs(c, o->node_id, o->at_usec);
        for (size_t i = 0; i < c->config->n_apps; i++) {
                bool ours = o->app && streq(c->config->apps[i].name, o->app);

                if (o->type == OBSERVE_COMMAND && o->command->kind == COMMAND_TAKEOVER && o->command->force &&
                                streq(strempty(o->command->app), c->config->apps[i].name))
                        c->forced[i] = true;
                if (!app_is_judged(c, i))
                        continue;
                judge_app(c, i, o, f); /* as it has been until now */
                if (!ours)
                        continue;
                note_thing(c, i, o);
                judge_app(c, i, o, f);
        }
}

const CheckClass check_overlap = { "overlap", overlap_new, overlap_free, overlap_observe };
