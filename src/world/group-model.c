/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process group as a Corosync's clients see it, and the manager's side of it: what the adapter does between the
 * engine and Corosync. */

#include "base/hash.h"
#include "world/world-struct.h"

Packet *packet_unref(Packet *p)
{
        if (!p || --p->n_refs > 0)
                return NULL;
        message_free(p->message);
        wire_fragments_done(&p->bytes);
        free(p);
        return NULL;
}

void item_done(Item *i)
{
        i->packet = packet_unref(i->packet);
}

void item_queue_done(ItemQueue *q)
{
        FOREACH_ARRAY(i, q->items, q->n_items)
                item_done(i);
        free(q->items);
        *q = (ItemQueue){};
}

int item_queue_add(ItemQueue *q, Item item)
{
        if (ARRAY_GROW(q->items, q->n_items, q->n_allocated) < 0)
                return -ENOMEM;
        q->items[q->n_items++] = item;
        return 0;
}

/* ---- members as one Corosync knows them ---- */

static bool proc_find(const Corosync *c, const Member *m, size_t *ret_at)
{
        size_t i = 0;

        while (i < c->n_procs && member_compare(c->procs + i, m) < 0)
                i++;
        *ret_at = i;
        return i < c->n_procs && member_compare(c->procs + i, m) == 0;
}

static bool proc_knows_node(const Corosync *c, uint32_t node_id)
{
        FOREACH_ARRAY(p, c->procs, c->n_procs)
                if (p->node_id == node_id)
                        return true;
        return false;
}

static Member own_member(const WorldNode *n)
{
        return (Member){ .node_id = n->id, .pid = n->manager.pid };
}

static void post_view(World *w, WorldNode *n, ViewChange change, const Member *joined, size_t n_joined)
{
        const Corosync *c = &n->corosync;
        Letter l = { .type = EVENT_VIEW, .change = change, .ring = c->ring->id, .history = c->history };

        l.members = calloc(c->n_procs + 1, sizeof(*l.members));
        l.joined = calloc(n_joined + 1, sizeof(*l.joined));
        l.nodes = calloc(c->ring->n_nodes, sizeof(*l.nodes));
        if (!l.members || !l.joined || !l.nodes) {
                letter_done(&l);
                world_fail(w, -ENOMEM);
                return;
        }
        if (c->n_procs > 0)
                memcpy(l.members, c->procs, c->n_procs * sizeof(*l.members));
        if (n_joined > 0)
                memcpy(l.joined, joined, n_joined * sizeof(*l.joined));
        memcpy(l.nodes, c->ring->nodes, c->ring->n_nodes * sizeof(*l.nodes));
        l.n_members = c->n_procs;
        l.n_joined = n_joined;
        l.n_nodes = c->ring->n_nodes;
        process_post(w, n, INBOX_GROUP, &l, 0);
}

static void history_add(Corosync *c, const Item *item)
{
        c->history = hash64_add(c->history, &item->id, sizeof(item->id));
}

static void deliver_message(World *w, WorldNode *n, const Item *item)
{
        Letter l = { .type = EVENT_MESSAGE };

        /* Corosync drops what comes from a node of which it knows no process. */
        if (!proc_knows_node(&n->corosync, item->member.node_id))
                return;
        history_add(&n->corosync, item);
        if (!n->manager.in_group)
                return;
        /* What is written in a version that this manager does not know cannot be read. */
        if (item->packet->message->version > MAX(n->manager.version_max, (uint8_t) PROTOCOL_VERSION))
                return;
        l.packet = item->packet;
        l.packet->n_refs++;
        l.fragment = item->fragment;
        l.history = n->corosync.history;
        process_post(w, n, INBOX_GROUP, &l, 0);
}

static void deliver_join(World *w, WorldNode *n, const Item *item)
{
        Corosync *c = &n->corosync;
        WorldManager *m = &n->manager;
        size_t at;

        history_add(c, item);
        if (!proc_find(c, &item->member, &at)) {
                if (ARRAY_GROW(c->procs, c->n_procs, c->n_procs_allocated) < 0) {
                        world_fail(w, -ENOMEM);
                        return;
                }
                ARRAY_OPEN(c->procs, c->n_procs, at);
                c->procs[at] = item->member;
        }
        if (m->connected && m->join_id == item->id) {
                m->in_group = true;
                world_group_flush(w, n);
        }
        if (m->in_group)
                post_view(w, n, VIEW_PROCESS, &item->member, 1);
}

static void deliver_leave(World *w, WorldNode *n, const Item *item)
{
        Corosync *c = &n->corosync;
        size_t at;

        if (!proc_find(c, &item->member, &at))
                return;
        history_add(c, item);
        ARRAY_CLOSE(c->procs, c->n_procs, at);
        if (!n->manager.in_group)
                return;
        post_view(w, n, VIEW_PROCESS, NULL, 0);
        if (member_compare(&item->member, &(Member){ n->id, n->manager.pid }) == 0)
                n->manager.in_group = false; /* evicted: that view was the last */
}

void world_group_deliver(World *w, WorldNode *n, const Item *item)
{
        switch (item->kind) {
        case ITEM_MESSAGE:
                deliver_message(w, n, item);
                break;
        case ITEM_JOIN:
                deliver_join(w, n, item);
                break;
        case ITEM_LEAVE:
                deliver_leave(w, n, item);
                break;
        case ITEM_PROBE:
                if (n->manager.in_group && item->member.node_id == n->id &&
                                item->member.pid == n->manager.pid) {
                        Letter l = { .type = EVENT_PROBE, .number = item->number };

                        process_post(w, n, INBOX_GROUP, &l, 0);
                }
                break;
        }
}

/* ---- a round ---- */

static void on_repeat(World *w, WorldNode *n, const Happening *h)
{
        const Ring *r = n->corosync.ring;

        if (!n->manager.in_group || !r || r->serial != h->generation || r->open || n->corosync.frozen)
                return;
        world_did(w, DEED_REPEAT);
        post_view(w, n, VIEW_RING, NULL, 0);
}

static void on_connect(World *w, WorldNode *n, const Happening *h)
{
        if (n->manager.up && n->manager.generation == h->generation)
                world_group_connect(w, n);
}

void world_group_commit(World *w, WorldNode *n)
{
        Corosync *c = &n->corosync;
        const Ring *r = c->ring;

        c->n_procs = 0;
        if (array_reserve(&c->procs, &c->n_procs_allocated, r->n_members, sizeof(*c->procs)) < 0) {
                world_fail(w, -ENOMEM);
                return;
        }
        if (r->n_members > 0)
                memcpy(c->procs, r->members, r->n_members * sizeof(*c->procs));
        c->n_procs = r->n_members;
        c->history = hash64(&r->serial, sizeof(r->serial));
        c->ready = true;
        if (n->manager.in_group) {
                post_view(w, n, VIEW_RING, NULL, 0);
                if (world_has(w, WORLD_REPEAT) && world_chance(w, 15))
                        world_schedule(w, w->now_usec + world_random(w, 2 * USEC_PER_MSEC), on_repeat, n,
                                        r->serial, 0);
        } else if (n->manager.up && !n->manager.connected)
                world_schedule(w, w->now_usec + world_delay(w, USEC_PER_MSEC, USEC_PER_SEC), on_connect, n,
                                n->manager.generation, 0);
}

void world_group_notify_quorum(World *w, WorldNode *n, const RingId *ring, bool quorate)
{
        Letter l = { .type = EVENT_QUORUM, .ring = *ring, .quorate = quorate };

        if (ring_compare(&n->corosync.quorum_ring, ring) == 0 && n->corosync.quorate != quorate)
                world_did(w, DEED_QUORUM_TURNED);
        n->corosync.quorate = quorate;
        n->corosync.quorum_ring = *ring;
        if (n->manager.told)
                process_post(w, n, INBOX_QUORUM, &l, 0);
}

/* The adapter asks for the present quorum only once the engine knows of the connection. */
void world_group_told(World *w, WorldNode *n)
{
        const Corosync *c = &n->corosync;

        n->manager.told = n->manager.connected;
        if (n->manager.told && c->quorum_ring.seq > 0)
                world_group_notify_quorum(w, n, &c->quorum_ring, c->quorate);
}

/* ---- the manager's connection ---- */

static void join(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        Item item = { .kind = ITEM_JOIN, .id = ++w->next_serial, .member = own_member(n) };

        do
                m->incarnation = world_random(w, 0);
        while (m->incarnation == 0);
        m->join_id = item.id;
        totem_order(w, n, item);
}

void world_group_connect(World *w, WorldNode *n)
{
        Corosync *c = &n->corosync;
        Letter connected = { .type = EVENT_CONNECTED };

        if (!n->manager.up || n->manager.connected || !c->up || c->frozen || !c->ready)
                return;
        n->manager.connected = true;
        nodelist_look(w, n);
        process_post(w, n, INBOX_GROUP, &connected, 0);
        join(w, n);
}

static void inbox_clear(Inbox *b)
{
        FOREACH_ARRAY(l, b->letters, b->n_letters)
                letter_done(l);
        b->n_letters = b->n_due = 0;
}

void world_group_drop_outbox(WorldNode *n)
{
        WorldManager *m = &n->manager;

        for (size_t i = 0; i < m->n_outbox; i++)
                packet_unref(m->outbox[i]);
        m->n_outbox = 0;
}

void world_group_disconnect(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        Letter l = { .type = EVENT_DISCONNECTED };

        if (!m->connected)
                return;
        m->connected = m->told = m->in_group = false;
        m->probe = 0;
        inbox_clear(m->inbox + INBOX_GROUP);
        inbox_clear(m->inbox + INBOX_QUORUM);
        world_group_drop_outbox(n);
        process_post(w, n, INBOX_GROUP, &l, 0);
}

static void leave(World *w, WorldNode *n)
{
        Item item = { .kind = ITEM_LEAVE, .id = ++w->next_serial, .member = own_member(n) };

        totem_order(w, n, item);
}

void world_group_rejoin(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        Letter l = { .type = EVENT_CONNECTED };

        if (!m->connected)
                return;
        trace(w, n, "joins the group again");
        w->traffic.n_rejoins++;
        m->in_group = m->told = false;
        m->probe = 0;
        inbox_clear(m->inbox + INBOX_GROUP);
        inbox_clear(m->inbox + INBOX_QUORUM);
        world_group_drop_outbox(n);
        leave(w, n);
        process_post(w, n, INBOX_GROUP, &l, 0);
        join(w, n);
}

void world_group_leave(World *w, WorldNode *n, bool planned)
{
        WorldManager *m = &n->manager;

        m->in_group = false;
        m->probe = 0;
        world_group_drop_outbox(n);
        if (!m->connected)
                return;
        m->connected = false;
        if (!planned && totem_is_ghostly(w, n) && world_chance(w, 50)) {
                trace(w, n, "(the dead process stays in the member list)");
                world_did(w, DEED_GHOST);
                return;
        }
        leave(w, n);
}

/* ---- sending ---- */

static bool may_send(const WorldNode *n)
{
        return n->manager.up && n->manager.in_group && n->corosync.up &&
               (n->corosync.open || n->corosync.frozen);
}

/* A probe is no message: what Corosync does not take at once is not kept. */
static void drop_probe(World *w, WorldNode *n)
{
        if (n->manager.probe != 0)
                world_did(w, DEED_PROBE_DROPPED);
        n->manager.probe = 0;
}

/* Takes the packet. */
static void order_packet(World *w, WorldNode *n, Packet *p)
{
        size_t n_fragments = MAX(p->bytes.n_fragments, (size_t) 1);

        p->n_refs += n_fragments - 1;
        for (size_t i = 0; i < n_fragments; i++)
                totem_order(w, n,
                                (Item){ .kind = ITEM_MESSAGE,
                                                .id = i == 0 ? p->id : ++w->next_serial,
                                                .member = p->sender,
                                                .packet = p,
                                                .fragment = i });
}

static void on_send(World *w, WorldNode *n, const Happening *h)
{
        WorldManager *m = &n->manager;

        if (m->generation != h->generation)
                return;
        m->send_scheduled = m->busy = false;
        if (!may_send(n)) {
                drop_probe(w, n);
                return;
        }
        if (world_has(w, WORLD_BUSY) && world_chance(w, 8)) {
                world_did(w, DEED_TRY_AGAIN);
                m->send_scheduled = m->busy = true;
                drop_probe(w, n);
                world_schedule(w,
                                w->now_usec + (world_chance(w, 85) ? world_random(w, 50 * USEC_PER_MSEC)
                                                                   : world_random(w, 3 * USEC_PER_SEC)),
                                on_send, n, m->generation, 0);
                return;
        }
        for (size_t i = 0; i < m->n_outbox; i++)
                order_packet(w, n, m->outbox[i]);
        m->n_outbox = 0;
        if (m->probe != 0)
                totem_order(w, n,
                                (Item){ .kind = ITEM_PROBE,
                                                .id = ++w->next_serial,
                                                .member = own_member(n),
                                                .number = m->probe });
        m->probe = 0;
}

void world_group_flush(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;

        if (!may_send(n) || m->send_scheduled || m->hung || (m->n_outbox == 0 && m->probe == 0))
                return;
        m->send_scheduled = true;
        world_schedule(w, w->now_usec + world_delay(w, 0, USEC_PER_MSEC), on_send, n, m->generation, 0);
}

void world_group_send(World *w, WorldNode *n, Message *message)
{
        WorldManager *m = &n->manager;
        Packet *p = calloc(1, sizeof(*p));

        if (!p || ARRAY_GROW(m->outbox, m->n_outbox, m->n_outbox_allocated) < 0) {
                free(p);
                message_free(message);
                world_fail(w, -ENOMEM);
                return;
        }
        *p = (Packet){ .n_refs = 1, .id = ++w->next_serial, .sender = own_member(n), .message = message };
        if (bytes_are_on(w))
                bytes_encode(w, p);
        m->outbox[m->n_outbox++] = p;
        world_group_flush(w, n);
}

void world_group_probe(World *w, WorldNode *n, uint64_t number)
{
        n->manager.probe = number;
        if (!may_send(n) || n->manager.busy)
                drop_probe(w, n);
        else
                world_group_flush(w, n);
}
