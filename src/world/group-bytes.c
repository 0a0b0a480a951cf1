/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ring that carries bytes. Messages become fragments; a ring carries so many bytes a second and takes one fragment of
 * each sender in turn, as Totem does. Each manager puts together what it reads. */

#include "world/world-struct.h"

bool bytes_are_on(const World *w)
{
        return w->config.ring_bytes_sec > 0;
}

/* What cannot be sent has a stand-in, as in the daemon. */
static int encode_unsent(World *w, Packet *p)
{
        Message *unsent = calloc(1, sizeof(*unsent)), *m = p->message;

        if (!unsent)
                return -ENOMEM;
        *unsent = (Message){ .type = MESSAGE_UNSENT,
                .version = m->version,
                .view = m->view,
                .incarnation = m->incarnation,
                .number = m->number,
                .unsent.type = m->type };
        message_free(m);
        p->message = unsent;
        w->traffic.n_unsent++;
        return wire_encode(unsent, 0, &p->bytes);
}

void bytes_encode(World *w, Packet *p)
{
        int r = wire_encode(p->message, 0, &p->bytes);

        if (r < 0 && r != -ENOMEM)
                r = encode_unsent(w, p);
        if (r < 0) {
                world_fail(w, r);
                return;
        }
        w->traffic.n_messages[p->message->type]++;
        for (size_t i = 0; i < p->bytes.n_fragments; i++)
                w->traffic.n_bytes[p->message->type] += p->bytes.fragments[i].size_bytes;
}

static size_t item_bytes(const Item *item)
{
        return item->packet ? item->packet->bytes.fragments[item->fragment].size_bytes : 100;
}

/* How long the ring takes for what this node sends next. */
uint64_t bytes_usec(const World *w, const Item *item)
{
        return (uint64_t) item_bytes(item) * USEC_PER_SEC / w->config.ring_bytes_sec + 1;
}

/* The node that is served next after node `after`; NULL: no node of the ring has anything to send. */
WorldNode *bytes_turn(const World *w, const Ring *r, uint32_t after)
{
        WorldNode *first = NULL;

        for (size_t i = 0; i < r->n_nodes; i++) {
                WorldNode *n = world_node(w, r->nodes[i]);

                if (n->corosync.ring != r || !n->corosync.open || n->corosync.frozen ||
                                n->corosync.queue.n_items == 0)
                        continue;
                if (n->id > after)
                        return n;
                first = first ? first : n;
        }
        return first;
}

void bytes_new_view(WorldNode *n)
{
        if (n->manager.reader)
                wire_reset(n->manager.reader);
}

/* The message that is whole with this fragment, in the letter's packet; false: there is none. */
bool bytes_read(World *w, WorldNode *n, Letter *l)
{
        WorldManager *m = &n->manager;
        const Packet *p = l->packet;
        const WireFragment *f = &p->bytes.fragments[l->fragment];
        Packet *whole;
        Message *message = NULL;
        int r = 0;

        if (!m->reader)
                r = wire_reader_new(&m->reader);
        if (r == 0)
                r = wire_feed(m->reader, p->sender, f->data, f->size_bytes, &message, NULL);
        if (r == -ENOMEM)
                world_fail(w, r);
        w->traffic.n_refused += r < 0;
        if (r != 1)
                return false;
        whole = calloc(1, sizeof(*whole));
        if (!whole) {
                message_free(message);
                world_fail(w, -ENOMEM);
                return false;
        }
        *whole = (Packet){ .n_refs = 1, .id = p->id, .sender = p->sender, .message = message };
        packet_unref(l->packet);
        l->packet = whole;
        return true;
}

const WorldTraffic *world_traffic(const World *w)
{
        return &w->traffic;
}

void world_forget_traffic(World *w)
{
        w->traffic = (WorldTraffic){};
}
