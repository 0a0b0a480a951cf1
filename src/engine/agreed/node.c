/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a node is called, what it says of its times and its nodelist, and whether what was lost with it counts. */

#include "engine/agreed/node.h"
#include "engine/agreed/app.h"
#include "engine/agreed/place.h"
#include "base/array.h"

void node_touched(Agreed *g, Node *n)
{
        g->all_dirty = true;
        agreed_changed_node(g, n->id);
}

bool node_is_past(const Node *n)
{
        return !n || n->presence == PRESENCE_OFFLINE ||
               (n->grace_over && n->presence == PRESENCE_MANAGER_GONE);
}

bool node_is_owing(const App *a, const Node *n)
{
        return n->unknown && !node_is_past(n) && place_tier(a, n) != UINT32_MAX;
}

bool node_rename(Agreed *g, Node *n, const char *name)
{
        char *copy;

        if (isempty(name) || streq(n->name, name))
                return false;
        copy = outlet_strdup(&g->out, name);
        if (!copy)
                return false;
        free(n->name);
        n->name = copy;
        return true;
}

/* Its manager will say that it leaves; where the shutdown is called off it says nothing. */
void node_goes_down(Agreed *g, Node *n)
{
        if (!n || n->leaving)
                return;
        n->leaving = true;
        n->shutdown = agreed_timer(g, SHUTDOWN_USEC);
        node_touched(g, n);
}

/* ---- FailoverDelaySec=auto ---- */

static NodeTiming timing_least(const NodeTiming *a, const NodeTiming *b)
{
        return (NodeTiming){ MIN(a->detection_usec, b->detection_usec),
                MIN(a->isolation_usec, b->isolation_usec), MIN(a->needed_usec, b->needed_usec),
                MIN(a->needs_end_usec, b->needs_end_usec) };
}

static NodeTiming timing_most(const NodeTiming *a, const NodeTiming *b)
{
        return (NodeTiming){ MAX(a->detection_usec, b->detection_usec),
                MAX(a->isolation_usec, b->isolation_usec), MAX(a->needed_usec, b->needed_usec),
                MAX(a->needs_end_usec, b->needs_end_usec) };
}

bool node_timing_equal(const NodeTiming *a, const NodeTiming *b)
{
        return a->detection_usec == b->detection_usec && a->isolation_usec == b->isolation_usec &&
               a->needed_usec == b->needed_usec && a->needs_end_usec == b->needs_end_usec;
}

void node_set_timing(Agreed *g, Node *n, const NodeTiming *t)
{
        bool first = n->timing.detection_usec == 0;

        if (node_timing_equal(&n->timing, t))
                return;
        n->least = first ? *t : timing_least(&n->least, t);
        n->most = first ? *t : timing_most(&n->most, t);
        n->timing = *t;
        g->lasting_changed = true;
        agreed_changed(g);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                app_lengthen_delay(g, a);
                if (app_delay_follows_nodes(a))
                        agreed_changed_app(g, a);
        }
}

/* All nodes in step hold what the nodes said last, and so does any node that is cut off from now on. */
void node_commit_timings(Agreed *g)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                n->least = n->most = n->timing;
}

/* ---- the nodelist ---- */

void nodelist_look_at_rules(Agreed *g)
{
        bool by_fewer = false;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                by_fewer = by_fewer || n->by_fewer;
        if (by_fewer == g->state.by_fewer)
                return;
        g->state.by_fewer = by_fewer;
        g->lasting_changed = true;
}

void node_set_nodelist(Agreed *g, Node *n, const uint32_t *ids, size_t n_ids, bool by_fewer)
{
        uint32_t *copy = calloc(MAX(n_ids, (size_t) 1), sizeof(*copy));

        if (!copy) {
                g->out.oom = true;
                return;
        }
        if (n_ids > 0)
                memcpy(copy, ids, n_ids * sizeof(*copy));
        free(n->nodelist);
        n->nodelist = copy;
        n->n_nodelist = n_ids;
        n->by_fewer = by_fewer;
        nodelist_look_at_rules(g);
}

/* A node that is away, or was never there, is called what it is called here; one that is there has said its name itself. */
static void nodelist_add(Agreed *g, const ListedNode *listed)
{
        Node *n = state_find_node(&g->state, listed->id);

        if (n && (n->presence != PRESENCE_OFFLINE || !node_rename(g, n, listed->name)))
                return;
        if (!n && (g->state.n_nodes >= NODES_MAX || state_find_node_name(&g->state, listed->name)))
                return;
        if (!n && !state_add_node(&g->state, listed->id, listed->name)) {
                g->out.oom = true;
                return;
        }
        g->lasting_changed = g->all_dirty = true;
        agreed_changed_node(g, listed->id);
}

void nodelist_apply(Agreed *g, uint32_t node_id, const NodelistMessage *m)
{
        Node *n = state_find_node(&g->state, node_id);
        uint32_t ids[NODES_MAX];
        size_t n_ids = 0;

        if (!n)
                return;
        for (; n_ids < m->n_nodes && n_ids < NODES_MAX; n_ids++)
                ids[n_ids] = m->nodes[n_ids].id;
        node_set_nodelist(g, n, ids, n_ids, m->by_fewer);
        for (size_t i = 0; i < m->n_nodes; i++)
                nodelist_add(g, &m->nodes[i]);
        agreed_changed(g);
}
