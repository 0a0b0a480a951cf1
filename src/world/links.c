/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which node hears which, and which nodes make up a ring therefore. */

#include "world/world-struct.h"

bool links_hears(const WorldNode *n)
{
        return n->up && n->corosync.up && !n->corosync.frozen && !n->suspended && !n->corosync.starting;
}

static bool nodes_hear(const WorldNode *a, const WorldNode *b)
{
        return a->part == b->part && !(a->deaf >> (b->id - 1) & 1) && !(b->deaf >> (a->id - 1) & 1);
}

bool links_hear_all(const World *w, const WorldNode *n, const uint32_t *nodes, size_t n_nodes)
{
        for (size_t i = 0; i < n_nodes; i++)
                if (!nodes_hear(n, world_node(w, nodes[i])))
                        return false;
        return true;
}

static int compare_ids(const void *a, const void *b)
{
        const uint32_t *x = a, *y = b;

        return CMP(*x, *y);
}

/* The nodes with which `of` makes up a ring, itself among them: each hears each. Where a link works in one direction
 * only there are several ways to divide the nodes, and they take turns. */
size_t links_part_of(const World *w, const WorldNode *of, uint32_t *ret)
{
        bool taken[NODES_MAX] = {};

        for (size_t i = 0; i < w->n_nodes; i++) {
                size_t n = 0;
                bool found = false;

                for (size_t j = 0; j < w->n_nodes; j++) {
                        size_t at = (i + j + w->turn) % w->n_nodes;
                        const WorldNode *o = w->nodes + at;

                        if (taken[at] || !links_hears(o) || !links_hear_all(w, o, ret, n))
                                continue;
                        taken[at] = true;
                        found = found || o == of;
                        ret[n++] = o->id;
                }
                if (found) {
                        qsort(ret, n, sizeof(*ret), compare_ids);
                        return n;
                }
        }
        return 0;
}

static void on_flap(World *w, WorldNode *n, const Happening *h)
{
        bool deaf = false;

        (void) n;
        (void) h;
        FOREACH_ARRAY(o, w->nodes, w->n_nodes)
                deaf = deaf || o->deaf;
        w->flapping = deaf;
        if (!deaf) {
                w->turn = 0;
                return;
        }
        w->turn++;
        totem_changed(w);
        world_schedule(w, w->now_usec + USEC_PER_SEC + world_delay(w, 5 * USEC_PER_SEC, 30 * USEC_PER_SEC),
                        on_flap, NULL, 0, 0);
}

void links_flap(World *w)
{
        if (w->flapping)
                return;
        w->flapping = true;
        world_schedule(w, w->now_usec + USEC_PER_SEC + world_delay(w, 5 * USEC_PER_SEC, 30 * USEC_PER_SEC),
                        on_flap, NULL, 0, 0);
}
