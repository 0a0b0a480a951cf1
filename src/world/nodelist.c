/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nodelist of corosync.conf, the same on all nodes. Corosync counts votes by it at once. A manager has the one that it
 * found when it started; it starts anew where it connects and finds another one, or where its ring has a node that its own
 * does not have. */

#include "world/internal.h"

uint64_t nodelist_bits(const World *w)
{
        uint64_t bits = 0;

        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                if (!n->unlisted)
                        bits |= UINT64_C(1) << (n->id - 1);
        return bits;
}

size_t nodelist_count(const World *w)
{
        size_t count = 0;

        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                count += !n->unlisted;
        return count;
}

bool world_node_is_listed(const World *w, uint32_t node)
{
        return !world_node(w, node)->unlisted;
}

/* All that are listed, but for `node`, are in one ring and in step. */
static bool others_are_well(const World *w, const WorldNode *node)
{
        const Ring *ring = NULL;
        size_t count = 0;

        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                const Engine *e = n->manager.engine;

                if (n == node || n->unlisted)
                        continue;
                if (!links_hears(n) || !n->corosync.open || n->corosync.ring->broken || !n->manager.up ||
                                n->manager.hung || !engine_is_synced(e) || !engine_is_quorate(e) ||
                                (ring && n->corosync.ring != ring))
                        return false;
                ring = n->corosync.ring;
                count++;
        }
        return ring && ring->n_nodes == count;
}

bool world_node_remove(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        if (n->up || n->unlisted || !others_are_well(w, n))
                return false;
        trace(w, n, "is taken out of the nodelist");
        world_did(w, DEED_NODE_REMOVED);
        n->unlisted = true;
        world_wipe_disk(w, node);
        return true;
}

bool world_node_add(World *w, uint32_t node, const char *name)
{
        WorldNode *n = world_node(w, node);
        char *copy = name ? strdup(name) : NULL;

        if (name && !copy)
                world_fail(w, -ENOMEM);
        if (!n->unlisted || (name && !copy) || !others_are_well(w, n)) {
                free(copy);
                return false;
        }
        if (copy) {
                world_did(w, DEED_NODE_RENAMED);
                free(n->name);
                n->name = copy;
        }
        trace(w, n, "is put into the nodelist");
        world_did(w, DEED_NODE_ADDED);
        n->unlisted = false;
        return true;
}

static void begin_anew(World *w, WorldNode *n)
{
        trace(w, n, "manager starts anew: the nodelist has changed");
        world_did(w, DEED_NODELIST_TAKEN);
        manager_end(w, n, false, true);
}

bool nodelist_is_old(World *w, WorldNode *n)
{
        if (n->manager.nodelist == nodelist_bits(w))
                return false;
        begin_anew(w, n);
        return true;
}

/* Corosync is asked for the nodelist, which takes a moment. */
static void on_nodelist(World *w, WorldNode *n, const Happening *h)
{
        if (n->manager.up && n->manager.generation == h->generation && !n->manager.hung &&
                        n->manager.nodelist != nodelist_bits(w))
                begin_anew(w, n);
}

void nodelist_look_at_view(World *w, WorldNode *n)
{
        const Manager *m = &n->manager;

        for (size_t i = 0; i < m->n_ring_nodes; i++)
                if (!(m->nodelist >> (m->ring_nodes[i] - 1) & 1)) {
                        world_schedule(w, w->now_usec + 5 * USEC_PER_MSEC, on_nodelist, n, m->generation, 0);
                        return;
                }
}
