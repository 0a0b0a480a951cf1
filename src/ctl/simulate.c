/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/simulate.h"

#include "base/array.h"

#define PATIENCE_USEC (120 * USEC_PER_SEC)

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

static void map_app(const State *s, App *a)
{
        map_id(s, &a->owner);
        map_id(s, &a->from_node);
        map_id(s, &a->held_node);
        map_ids(s, a->held_against, &a->n_held_against);
        FOREACH_ARRAY(p, a->permissions, a->n_permissions)
                map_id(s, &p->node_id);
        FOREACH_ARRAY(m, a->marks, a->n_marks)
                map_id(s, &m->node_id);
        map_ids(s, a->owed, &a->n_owed);
}

/* After this the state is fit for a record and for nothing else. */
static void map_state(State *s)
{
        for (size_t i = 0; i < s->n_apps; i++)
                map_app(s, s->apps + i);
        map_ids(s, s->view_nodes, &s->n_view_nodes);
        for (size_t i = 0; i < s->n_nodes; i++)
                s->nodes[i].id = (uint32_t) i + 1;
        /* The world's rings count from the beginning; what is recorded must not be ahead of them. */
        s->revision = (Revision){ .ring_seq = 0, .count = 1 };
}

static int put_disks(World *w, const State *s)
{
        _cleanup_(byte_writer_done) ByteWriter record = {};
        int r;

        state_encode(s, STATE_LASTING, 0, &record);
        if (record.error)
                return record.error;
        for (uint32_t node = 1; node <= s->n_nodes; node++) {
                r = world_set_record(w, node, record.data, record.size_bytes);
                if (r < 0)
                        return r;
                FOREACH_ARRAY(a, s->apps, s->n_apps) {
                        if (!a->has_definition)
                                continue;
                        r = world_set_definition(w, node, &a->definition);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int make_world(const SimulateConfig *config, const State *s, World **ret)
{
        _cleanup_free_ const char **names = calloc(s->n_nodes + 1, sizeof(*names));
        WorldConfig c = {
                .nodes = names,
                .n_nodes = s->n_nodes,
                .quorum = config->quorum,
                .policy = config->policy,
                .token_usec = config->token_usec,
                .consensus_usec = config->consensus_usec,
                .trace = config->trace,
        };

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_nodes; i++) {
                names[i] = s->nodes[i].name;
                c.grace_usec = MAX(c.grace_usec, s->nodes[i].grace_usec);
        }
        return world_new(&c, ret);
}

int simulate_world_from_state(const SimulateConfig *config, const void *data, size_t size_bytes, World **ret)
{
        _cleanup_(state_done) State s = {};
        _cleanup_(world_freep) World *w = NULL;
        int r = state_decode(data, size_bytes, STATE_FULL, 0, &s);

        if (r < 0)
                return r;
        if (s.n_nodes == 0 || s.n_nodes > NODES_MAX)
                return -EINVAL;
        map_state(&s);
        r = make_world(config, &s, &w);
        if (r >= 0)
                r = put_disks(w, &s);
        if (r < 0)
                return r;
        FOREACH_ARRAY(n, s.nodes, s.n_nodes)
                if (n->presence != PRESENCE_OFFLINE)
                        world_node_up(w, n->id);
        r = world_run_until(w, SIMULATE_SETTLED_USEC);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

uint64_t simulate_patience_usec(const World *w)
{
        uint64_t longest = 0;

        for (uint32_t node = 1; node <= world_n_nodes(w); node++) {
                const Engine *e = world_engine(w, node);
                const State *s = e ? engine_state(e) : NULL;

                for (size_t i = 0; s && i < s->n_apps; i++) {
                        const Definition *d = &s->apps[i].definition;

                        if (d->failover_delay_usec != USEC_INFINITY)
                                longest = MAX(longest, d->failover_delay_usec);
                        if (d->takeover_delay_usec != USEC_INFINITY)
                                longest = MAX(longest, d->takeover_delay_usec);
                }
        }
        return usec_add(longest, PATIENCE_USEC);
}
