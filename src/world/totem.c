/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rings. A ring forms out of all Corosyncs that hear each other; its number is greater than any that one of them has
 * seen. A round then brings every member the view, after that the quorum, and only then are messages put in order. When
 * a node is lost, the token is lost with it and nothing is put in order any more; after token + consensus a new ring
 * forms.
 *
 * Nodes that go together from one ring into the next deliver the same of the old ring's messages first: all that one of
 * them had delivered, all that one of them sent, and what else one of them may have received. */

#include "base/hash.h"
#include "world/world-struct.h"

#define TOTEM_RING_STEP 4u /* between the numbers of two rings */

static void ring_round(World *w, Ring *r);
static void ring_resume(World *w, Ring *r);

static Ring *ring_unref(Ring *r)
{
        if (!r || --r->n_refs > 0)
                return NULL;
        item_queue_done(&r->log);
        free(r->members);
        free(r);
        return NULL;
}

static Ring *ring_find(const World *w, uint64_t serial)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                if (n->corosync.ring && n->corosync.ring->serial == serial)
                        return n->corosync.ring;
        return NULL;
}

static bool ring_is_intact(const World *w, const Ring *r)
{
        for (size_t i = 0; i < r->n_nodes; i++) {
                const WorldNode *n = world_node(w, r->nodes[i]);

                if (n->corosync.ring != r || !links_hears(n) || !links_hear_all(w, n, r->nodes, r->n_nodes))
                        return false;
        }
        return !r->given_up;
}

static void ring_break(const World *w, Ring *r)
{
        r->broken = true;
        r->broken_usec = w->now_usec;
}

/* ---- quorum ---- */

static size_t device_overlap(const World *w, const uint32_t *nodes, size_t n_nodes)
{
        size_t n = 0;

        for (size_t i = 0; i < n_nodes; i++)
                for (size_t j = 0; j < w->n_device_nodes; j++)
                        n += nodes[i] == w->device_nodes[j];
        return n;
}

/* The device votes for one set of nodes that hear each other: those it voted for last, then the most, then the
 * lowest. */
static void device_vote(World *w)
{
        uint32_t best[NODES_MAX];
        size_t n_best = 0, best_overlap = 0;

        for (size_t i = 0; i < w->n_nodes; i++) {
                uint32_t part[NODES_MAX];
                size_t n_part, overlap;

                if (!links_hears(w->nodes + i))
                        continue;
                n_part = links_part_of(w, w->nodes + i, part);
                overlap = device_overlap(w, part, n_part);
                if (n_best == 0 || n_part > n_best || (n_part == n_best && overlap > best_overlap)) {
                        memcpy(best, part, sizeof(best));
                        n_best = n_part;
                        best_overlap = overlap;
                }
        }
        memcpy(w->device_nodes, best, n_best * sizeof(*best));
        w->n_device_nodes = n_best;
}

static bool ring_is_quorate(World *w, const Ring *r)
{
        switch (w->config.quorum) {
        case WORLD_QUORUM_DEVICE:
                if (r->n_nodes == nodelist_count(w))
                        return true;
                return !w->device_fails && device_overlap(w, r->nodes, r->n_nodes) == r->n_nodes;
        case WORLD_QUORUM_TWO_NODE:
                if (r->n_nodes == w->n_nodes)
                        for (size_t i = 0; i < r->n_nodes; i++)
                                world_node(w, r->nodes[i])->corosync.seen_peer = true;
                return world_node(w, r->nodes[0])->corosync.seen_peer;
        case WORLD_QUORUM_MAJORITY:
        default:
                return 2 * r->n_nodes > nodelist_count(w);
        }
}

static void on_quorum(World *w, WorldNode *n, const Happening *h)
{
        const Ring *r = n->corosync.ring;

        if (n->corosync.up && !n->corosync.frozen && !n->suspended && r && r->serial == h->generation)
                world_group_notify_quorum(w, n, &r->id, h->value);
}

static void ring_notify_quorum(World *w, Ring *r)
{
        bool quorate = ring_is_quorate(w, r);

        for (size_t i = 0; i < r->n_nodes; i++) {
                WorldNode *n = world_node(w, r->nodes[i]);
                uint64_t delay = world_has(w, WORLD_LATE_QUORUM) ? world_delay(w, 0, USEC_PER_SEC) : 0;
                uint64_t since = w->now_usec + delay - r->committed_usec;

                if (since > USEC_PER_SEC)
                        world_did(w, since > 10 * USEC_PER_SEC ? DEED_VERY_LATE_QUORUM : DEED_LATE_QUORUM);

                world_schedule(w, w->now_usec + delay, on_quorum, n, r->serial, quorate);
        }
}

void totem_quorum_again(World *w, uint64_t ring_serial)
{
        Ring *r = ring_find(w, ring_serial);

        device_vote(w);
        if (r && world_node(w, r->nodes[0])->corosync.quorate != ring_is_quorate(w, r))
                ring_notify_quorum(w, r);
}

/* ---- the total order ---- */

static void on_deliver(World *w, WorldNode *n, const Happening *h)
{
        Corosync *c = &n->corosync;
        uint64_t serial = h->generation;

        if (!c->up || c->frozen || n->suspended)
                return;
        while (c->ring && c->ring->serial == serial && c->committed && c->at < h->value &&
                        c->at < c->ring->log.n_items) {
                Item item = c->ring->log.items[c->at++];

                if (item.unheard && item.member.node_id != n->id) {
                        c->at--;
                        return;
                }
                if (item.packet)
                        item.packet->n_refs++;
                world_group_deliver(w, n, &item);
                item_done(&item);
        }
}

/* All are there and hear each other, but the token was lost once too often. */
static void lose_token(World *w, uint64_t ring_serial)
{
        Ring *r = ring_find(w, ring_serial);

        if (!r || r->broken)
                return;
        world_did(w, DEED_TOKEN_LOST);
        r->given_up = true;
        totem_changed(w);
}

/* The node that gives up the token first calls all others. */
static uint64_t part_token(World *w, const uint32_t *nodes, size_t n_nodes)
{
        uint64_t t = USEC_INFINITY;

        for (size_t i = 0; i < n_nodes; i++)
                t = MIN(t, world_node(w, nodes[i])->token_usec);
        return t;
}

static uint64_t part_consensus(World *w, const uint32_t *nodes, size_t n_nodes)
{
        uint64_t t = USEC_INFINITY;

        for (size_t i = 0; i < n_nodes; i++)
                t = MIN(t, world_node(w, nodes[i])->consensus_usec);
        return t;
}

static void on_order(World *w, WorldNode *n, const Happening *h)
{
        Corosync *c = &n->corosync;
        Ring *r = c->ring;
        bool lossy = false;
        uint64_t took;
        Item item;

        if (!r || r->serial != h->generation || !c->open || r->broken || c->queue.n_items == 0)
                return;
        item = c->queue.items[0];
        took = bytes_are_on(w) ? bytes_usec(w, &item) : 0;
        ARRAY_CLOSE(c->queue.items, c->queue.n_items, 0);
        item.unheard = item.kind == ITEM_MESSAGE && n->last_word;
        if (item_queue_add(&r->log, item) < 0) {
                item_done(&item);
                world_fail(w, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < r->n_nodes; i++) {
                WorldNode *to = world_node(w, r->nodes[i]);
                uint64_t again = 0; /* sent again until it is heard */

                if (to->lossy && to != n && world_chance(w, 30))
                        again = world_random(w, part_token(w, r->nodes, r->n_nodes) / 2);
                else if (world_has(w, WORLD_ALONE) && to != n && world_chance(w, 4))
                        again = world_random(w, 200 * USEC_PER_MSEC);

                lossy = lossy || to->lossy;
                world_schedule(w, w->now_usec + took + again + world_delay(w, 200, 5 * USEC_PER_MSEC),
                                on_deliver, to, r->serial, r->log.n_items);
        }
        if (item.unheard) {
                n->last_word = false;
                world_cut_off(w, n);
        }
        if (item.kind == ITEM_MESSAGE)
                world_moment(w, n, MOMENT_SEND);
        else if (item.kind == ITEM_PROBE)
                world_moment(w, n, MOMENT_PROBE);
        if (lossy && world_chance(w, 2))
                lose_token(w, h->generation);
}

/* The ring takes a fragment of the one whose turn it is, and the next one when that has gone round. */
static void on_turn(World *w, WorldNode *n, const Happening *h)
{
        Ring *r = ring_find(w, h->generation);
        uint64_t took;

        if (!r)
                return;
        n = r->broken ? NULL : bytes_turn(w, r, r->turn);
        if (!n) {
                r->carries = false;
                return;
        }
        r->turn = n->id;
        took = bytes_usec(w, &n->corosync.queue.items[0]);
        on_order(w, n, h);
        world_schedule(w, w->now_usec + took, on_turn, NULL, h->generation, 0);
}

static void schedule_order(World *w, WorldNode *n)
{
        Ring *r = n->corosync.ring;

        if (bytes_are_on(w)) {
                if (!r->carries)
                        world_schedule(w, w->now_usec + 60, on_turn, NULL, r->serial, 0);
                r->carries = true;
                return;
        }
        world_schedule(w, w->now_usec + world_delay(w, 60, 2 * USEC_PER_MSEC), on_order, n,
                        n->corosync.ring->serial, 0);
}

void totem_order(World *w, WorldNode *n, Item item)
{
        if (item_queue_add(&n->corosync.queue, item) < 0) {
                item_done(&item);
                world_fail(w, -ENOMEM);
                return;
        }
        if (n->corosync.ring && n->corosync.open)
                schedule_order(w, n);
}

static void on_open(World *w, WorldNode *n, const Happening *h)
{
        Corosync *c = &n->corosync;

        if (!c->ring || c->ring->serial != h->generation || c->ring->broken || c->open)
                return;
        c->open = true;
        for (size_t i = 0; i < c->queue.n_items; i++)
                schedule_order(w, n);
        world_group_flush(w, n);
}

/* ---- a round ---- */

static void on_synced(World *w, WorldNode *n, const Happening *h)
{
        Ring *r = ring_find(w, h->generation);

        (void) n; /* of the ring as a whole */
        if (!r || r->broken || r->open || r->n_committed < r->n_nodes)
                return;
        r->open = true;
        device_vote(w);
        ring_notify_quorum(w, r);
        for (size_t i = 0; i < r->n_nodes; i++)
                world_schedule(w, w->now_usec + world_delay(w, 100, 20 * USEC_PER_MSEC), on_open,
                                world_node(w, r->nodes[i]), r->serial, 0);
        if (w->config.quorum == WORLD_QUORUM_DEVICE)
                FOREACH_ARRAY(o, w->nodes, w->n_nodes) {
                        Ring *other = o->corosync.ring;

                        if (other && other != r && other->open &&
                                        o->corosync.quorate != ring_is_quorate(w, other))
                                world_schedule(w, w->now_usec, on_quorum, o, other->serial,
                                                ring_is_quorate(w, other));
                }
}

static void on_commit(World *w, WorldNode *n, const Happening *h)
{
        Corosync *c = &n->corosync;
        Ring *r = c->ring;

        if (!r || r->serial != h->generation || c->committed || !c->up || c->frozen || n->suspended)
                return;
        if (r->n_committed >= r->n_commits_max)
                return;
        if (r->broken && !(world_has(w, WORLD_ABORT) && world_chance(w, 50)))
                return;
        c->committed = true;
        r->n_committed++;
        r->committed_usec = w->now_usec;
        world_group_commit(w, n);
        world_moment(w, n, MOMENT_VIEW);
        r = ring_find(w, h->generation); /* a blow can have ended it */
        if (r && r->n_committed == r->n_nodes)
                ring_round(w, r);
}

/* What comes next in the ring's round. */
static void ring_round(World *w, Ring *r)
{
        if (r->n_committed < r->n_nodes) {
                for (size_t i = 0; i < r->n_nodes; i++)
                        if (!world_node(w, r->nodes[i])->corosync.committed)
                                world_schedule(w,
                                                w->now_usec + world_delay(w, USEC_PER_MSEC,
                                                                              50 * USEC_PER_MSEC),
                                                on_commit, world_node(w, r->nodes[i]), r->serial, 0);
        } else if (!r->open) {
                uint64_t delay = USEC_PER_MSEC;

                if (world_has(w, WORLD_LATE_QUORUM))
                        delay = world_chance(w, 20) ? world_random(w, 30 * USEC_PER_SEC)
                                                    : world_delay(w, delay, USEC_PER_SEC);
                world_schedule(w, w->now_usec + delay, on_synced, NULL, r->serial, 0);
        }
}

/* A node that had been silent is back before another one gave it up. */
static void ring_resume(World *w, Ring *r)
{
        if (!r->open) {
                ring_round(w, r);
                return;
        }
        FOREACH_ARRAY(item, r->log.items, r->log.n_items)
                item->unheard = false; /* it is sent again */
        for (size_t i = 0; i < r->n_nodes; i++) {
                WorldNode *n = world_node(w, r->nodes[i]);
                Corosync *c = &n->corosync;

                world_schedule(w, w->now_usec + 100, on_deliver, n, r->serial, r->log.n_items);
                if (ring_compare(&c->quorum_ring, &r->id) != 0)
                        world_schedule(w, w->now_usec + 200, on_quorum, n, r->serial, ring_is_quorate(w, r));
                if (!c->open)
                        world_schedule(w, w->now_usec + 300, on_open, n, r->serial, 0);
                else
                        for (size_t k = 0; k < c->queue.n_items; k++)
                                schedule_order(w, n);
        }
}

/* ---- from ring to ring ---- */

static bool set_has(const uint32_t *nodes, size_t n_nodes, uint32_t id)
{
        for (size_t i = 0; i < n_nodes; i++)
                if (nodes[i] == id)
                        return true;
        return false;
}

/* The last of ring `r` for those of its members that go on together. */
static void ring_flush(World *w, Ring *r, const uint32_t *nodes, size_t n_nodes)
{
        size_t delivered = 0;
        bool apart = n_nodes < r->n_nodes;

        for (size_t i = 0; i < n_nodes; i++)
                delivered = MAX(delivered, world_node(w, nodes[i])->corosync.at);
        for (size_t k = 0; k < r->log.n_items; k++) {
                const Item *item = r->log.items + k;
                bool received = k < delivered || set_has(nodes, n_nodes, item->member.node_id) ||
                                (!item->unheard && (!world_has(w, WORLD_ALONE) || world_chance(w, 40)));

                if (apart && !received)
                        world_did(w, DEED_ALONE);
                if (apart && received && k >= delivered && n_nodes == 1 &&
                                set_has(nodes, n_nodes, item->member.node_id))
                        world_did(w, DEED_SENDER_ALONE);
                for (size_t i = 0; i < n_nodes && received; i++) {
                        WorldNode *n = world_node(w, nodes[i]);

                        if (n->corosync.committed && n->corosync.at <= k)
                                world_group_deliver(w, n, item);
                }
        }
        for (size_t i = 0; i < n_nodes; i++)
                world_node(w, nodes[i])->corosync.at = r->log.n_items;
}

static void flush_old_rings(World *w, const uint32_t *nodes, size_t n_nodes)
{
        for (size_t i = 0; i < n_nodes; i++) {
                Ring *r = world_node(w, nodes[i])->corosync.ring;
                uint32_t together[NODES_MAX];
                size_t n_together = 0;
                bool first = true;

                if (!r)
                        continue;
                for (size_t j = 0; j < n_nodes; j++)
                        if (world_node(w, nodes[j])->corosync.ring == r) {
                                first = first && j >= i;
                                together[n_together++] = nodes[j];
                        }
                if (first)
                        ring_flush(w, r, together, n_together);
        }
}

/* Messages that were queued in the old ring go out in the new one before its round is complete. */
static void carry_queue(World *w, WorldNode *from, const uint32_t *nodes, size_t n_nodes)
{
        ItemQueue *q = &from->corosync.queue;

        while (q->n_items > 0 && q->items[0].kind == ITEM_MESSAGE && world_chance(w, 60)) {
                Item item = q->items[0];

                world_did(w, DEED_CARRY);
                ARRAY_CLOSE(q->items, q->n_items, 0);
                for (size_t i = 0; i < n_nodes; i++)
                        if (world_node(w, nodes[i])->corosync.committed)
                                world_group_deliver(w, world_node(w, nodes[i]), &item);
                item_done(&item);
        }
}

static void ring_find_members(World *w, Ring *r)
{
        for (size_t i = 0; i < r->n_nodes; i++) {
                const Corosync *c = &world_node(w, r->nodes[i])->corosync;

                FOREACH_ARRAY(p, c->procs, c->n_procs) {
                        if (p->node_id != r->nodes[i])
                                continue;
                        if (ARRAY_GROW(r->members, r->n_members, r->n_members_allocated) < 0)
                                world_fail(w, -ENOMEM);
                        else
                                r->members[r->n_members++] = *p;
                }
        }
}

static void totem_form(World *w, const uint32_t *nodes, size_t n_nodes);

/* A round that failed is followed by another one. */
static void on_abort(World *w, WorldNode *n, const Happening *h)
{
        Ring *r = ring_find(w, h->generation);
        uint32_t nodes[NODES_MAX];
        size_t n_nodes;

        (void) n;
        if (!r || r->open)
                return;
        if (r->broken) {
                world_schedule(w, w->now_usec + 500 * USEC_PER_MSEC, on_abort, NULL, r->serial, 0);
                return;
        }
        if (r->n_committed > 0 && r->n_committed < r->n_nodes)
                world_did(w, DEED_ABORT);
        n_nodes = r->n_nodes;
        memcpy(nodes, r->nodes, sizeof(nodes));
        totem_form(w, nodes, n_nodes);
        totem_changed(w);
}

static void enter_ring(WorldNode *n, Ring *r)
{
        Corosync *c = &n->corosync;

        ring_unref(c->ring);
        c->ring = r;
        r->n_refs++;
        c->committed = c->open = false;
        c->at = 0;
        c->last_seq = r->id.seq;
}

/* A Corosync that has started anew, with a process in the group, before the nodes that had it in their ring have lost
 * it. */
static bool came_back(const World *w, const WorldNode *n, const uint32_t *nodes, size_t n_nodes)
{
        for (size_t i = 0; i < n_nodes; i++) {
                const Ring *old = world_node(w, nodes[i])->corosync.ring;

                for (size_t k = 0; old && k < old->n_nodes; k++)
                        if (nodes[i] != n->id && old->nodes[k] == n->id &&
                                        old->corosyncs[k] != n->corosync.generation &&
                                        n->corosync.n_procs > 0)
                                return true;
        }
        return false;
}

/* Where links work in one direction only a member can be called away from a ring whose others hear it well. They get no
 * token any more. */
static void break_what_was_left(World *w)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                Ring *r = n->corosync.ring;

                if (r && !r->broken && !ring_is_intact(w, r))
                        ring_break(w, r);
        }
}

static void totem_form(World *w, const uint32_t *nodes, size_t n_nodes)
{
        Ring *r = calloc(1, sizeof(*r));

        if (!r) {
                world_fail(w, -ENOMEM);
                return;
        }
        flush_old_rings(w, nodes, n_nodes);
        if (world_has(w, WORLD_CARRY))
                for (size_t i = 0; i < n_nodes; i++)
                        carry_queue(w, world_node(w, nodes[i]), nodes, n_nodes);

        for (size_t i = 0; i < n_nodes; i++) {
                r->corosyncs[i] = world_node(w, nodes[i])->corosync.generation;
                if (came_back(w, world_node(w, nodes[i]), nodes, n_nodes))
                        world_did(w, DEED_LEFT_AND_JOINED);
        }
        r->serial = ++w->next_serial;
        r->n_nodes = n_nodes;
        memcpy(r->nodes, nodes, n_nodes * sizeof(*nodes));
        r->id.node_id = nodes[0];
        for (size_t i = 0; i < n_nodes; i++)
                r->id.seq = MAX(r->id.seq, world_node(w, nodes[i])->corosync.last_seq);
        r->id.seq += TOTEM_RING_STEP;
        if (w->config.ring_numbers && world_random_of(&w->random_late, 4) == 0)
                r->id.seq += 4 * (1 + world_random_of(&w->random_late, 3));
        ring_find_members(w, r);
        for (size_t i = 0; i < n_nodes; i++)
                enter_ring(world_node(w, nodes[i]), r);
        break_what_was_left(w);
        r->n_commits_max = n_nodes;
        if (n_nodes > 1 && world_has(w, WORLD_ABORT) && world_chance(w, 20)) {
                r->n_commits_max = world_random(w, n_nodes);
                world_schedule(w, w->now_usec + world_random(w, 500 * USEC_PER_MSEC), on_abort, NULL,
                                r->serial, 0);
        }
        ring_round(w, r);
}

/* ---- when a ring forms ---- */

static void on_form(World *w, WorldNode *n, const Happening *h)
{
        (void) n;
        for (size_t i = 0; i < w->n_pending; i++)
                if (w->pending[i].serial == h->generation) {
                        struct Pending p = w->pending[i];

                        ARRAY_CLOSE(w->pending, w->n_pending, i);
                        totem_form(w, p.nodes, p.n_nodes);
                        return;
                }
}

static bool part_is_settled(const World *w, const uint32_t *nodes, size_t n_nodes)
{
        const Ring *r = world_node(w, nodes[0])->corosync.ring;

        if (!r || r->n_nodes != n_nodes || r->broken)
                return false;
        for (size_t i = 0; i < n_nodes; i++)
                if (world_node(w, nodes[i])->corosync.ring != r)
                        return false;
        return true;
}

/* How long it takes until these form a ring. */
static uint64_t part_delay(World *w, const uint32_t *nodes, size_t n_nodes)
{
        uint64_t token = part_token(w, nodes, n_nodes), lost = token + part_consensus(w, nodes, n_nodes);
        bool left = false;

        for (size_t i = 0; i < n_nodes; i++) {
                const Ring *r = world_node(w, nodes[i])->corosync.ring;

                if (r && r->given_up)
                        return token + world_delay(w, 0, USEC_PER_SEC);
                for (size_t k = 0; r && k < r->n_nodes; k++) {
                        if (set_has(nodes, n_nodes, r->nodes[k]))
                                continue;
                        if (!world_node(w, r->nodes[k])->corosync.left)
                                return world_has(w, WORLD_JITTER) ? lost / 2 + world_random(w, lost * 7 / 10)
                                                                  : lost;
                        left = true;
                }
        }
        if (left)
                return RING_LEAVE_USEC;
        if (world_has(w, WORLD_JITTER))
                return world_chance(w, 70) ? world_random(w, RING_MERGE_USEC)
                                           : world_random(w, 3 * USEC_PER_SEC);
        return RING_MERGE_USEC;
}

static void part_wait(World *w, const uint32_t *nodes, size_t n_nodes, struct Pending *old, size_t n_old)
{
        struct Pending p = { .n_nodes = n_nodes };

        memcpy(p.nodes, nodes, n_nodes * sizeof(*nodes));
        if (ARRAY_GROW(w->pending, w->n_pending, w->n_pending_allocated) < 0) {
                world_fail(w, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < n_old; i++)
                if (old[i].n_nodes == n_nodes && memcmp(old[i].nodes, nodes, n_nodes * sizeof(*nodes)) == 0) {
                        w->pending[w->n_pending++] = old[i];
                        return;
                }
        p.serial = ++w->next_serial;
        p.at_usec = w->now_usec + part_delay(w, nodes, n_nodes);
        w->pending[w->n_pending++] = p;
        world_schedule(w, p.at_usec, on_form, NULL, p.serial, 0);
}

static void update_rings(World *w)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                Ring *r = n->corosync.ring;
                bool broken;

                if (!r)
                        continue;
                broken = !ring_is_intact(w, r);
                if (r->broken == broken)
                        continue;
                if (broken)
                        ring_break(w, r);
                else if (w->now_usec - r->broken_usec < part_token(w, r->nodes, r->n_nodes)) {
                        r->broken = false;
                        ring_resume(w, r);
                }
                /* Else the token has been given up: only a new ring helps, even of the same nodes. */
        }
}

void totem_changed(World *w)
{
        struct Pending *old = w->pending;
        size_t n_old = w->n_pending;

        w->pending = NULL;
        w->n_pending = w->n_pending_allocated = 0;
        update_rings(w);
        for (size_t i = 0; i < w->n_nodes; i++) {
                uint32_t part[NODES_MAX];
                size_t n_part;

                if (!links_hears(w->nodes + i))
                        continue;
                n_part = links_part_of(w, w->nodes + i, part);
                if (part[0] == w->nodes[i].id && !part_is_settled(w, part, n_part))
                        part_wait(w, part, n_part, old, n_old);
        }
        free(old);
}

/* ---- one Corosync ---- */

static void on_alone(World *w, WorldNode *n, const Happening *h)
{
        if (!n->corosync.up || n->corosync.generation != h->generation || !n->corosync.starting)
                return;
        n->corosync.starting = false;
        if (h->value && !n->corosync.frozen && !n->suspended) {
                world_did(w, DEED_RING_OF_ONE);
                totem_form(w, &n->id, 1);
        }
        totem_changed(w);
}

void totem_corosync_start(World *w, WorldNode *n)
{
        Corosync *c = &n->corosync;

        if (c->up)
                return;
        c->up = c->starting = true;
        c->frozen = c->left = c->ready = c->quorate = c->seen_peer = false;
        c->quorum_ring = (RingId){};
        c->generation = ++w->next_serial;
        world_schedule(w, w->now_usec + RING_ALONE_USEC, on_alone, n, c->generation,
                        !world_has(w, WORLD_JITTER) || world_chance(w, 50));
}

void totem_corosync_stop(World *w, WorldNode *n)
{
        Corosync *c = &n->corosync;

        (void) w;
        c->up = c->frozen = c->starting = c->committed = c->open = c->ready = false;
        c->ring = ring_unref(c->ring);
        FOREACH_ARRAY(i, c->queue.items, c->queue.n_items)
                item_done(i);
        c->queue.n_items = 0;
        c->n_procs = 0;
        c->generation++;
}

void totem_begin(World *w, const uint32_t *nodes, size_t n_nodes, uint64_t seq)
{
        for (size_t i = 0; i < n_nodes; i++) {
                Corosync *c = &world_node(w, nodes[i])->corosync;

                c->up = true;
                c->generation = ++w->next_serial;
                c->last_seq = seq - MIN(seq, (uint64_t) TOTEM_RING_STEP);
                c->seen_peer = true; /* quorum has been there */
        }
        totem_form(w, nodes, n_nodes);
}

bool totem_is_ghostly(const World *w, const WorldNode *n)
{
        return world_has(w, WORLD_GHOST) && n->corosync.up && !n->corosync.open;
}
