/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nodelist of corosync.conf, the same on all nodes. Corosync counts votes by it at once. A manager reads it when it
 * starts, when it connects, and when it is told that it has changed, which takes each a moment of its own. */

#include "world/world-struct.h"

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

bool nodelist_by_fewer(const World *w)
{
        return w->config.quorum != WORLD_QUORUM_MAJORITY || w->by_fewer;
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

static void tell_managers(World *w)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                Letter l = { .type = EVENT_NODELIST };

                if (n->manager.up && n->manager.connected)
                        process_post(w, n, INBOX_OTHER, &l,
                                        world_delay(w, 5 * USEC_PER_MSEC, 300 * USEC_PER_MSEC));
        }
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
        tell_managers(w);
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
        tell_managers(w);
        return true;
}

size_t nodelist_read(World *w, WorldNode *n, EngineNode *ret)
{
        size_t count = 0;

        FOREACH_ARRAY(o, w->nodes, w->n_nodes)
                if (!o->unlisted)
                        ret[count++] = (EngineNode){ .id = o->id, .name = o->name };
        n->manager.nodelist = nodelist_bits(w);
        return count;
}

void nodelist_look(World *w, WorldNode *n)
{
        Letter l = { .type = EVENT_NODELIST };

        if (n->manager.nodelist != nodelist_bits(w))
                process_post(w, n, INBOX_GROUP, &l, 0);
}
