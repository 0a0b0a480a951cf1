/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients with a connection of their own, without a bus in between. Each has a server of its own for its calls; tokens
 * differ, so that an answer finds the right one. What has changed is found out once, by the server that the owner knows,
 * and told to all. */

#include "bus/peers.h"

#include <sys/socket.h>

#include "bus/call.h"
#include "bus/endpoint.h"
#include "bus/outbox.h"
#include "bus/reads.h"
#include "bus/signals.h"

#define PEER_TOKENS (UINT64_C(1) << 32) /* so many calls each connection can have in its life */
#define PEER_SOCKET_BYTES (256 * 1024)

static BusPeer *peer_free(BusPeer *p)
{
        if (!p)
                return NULL;
        endpoint_free(p->server);
        sd_bus_slot_unref(p->gone_slot);
        sd_bus_close_unref(p->bus);
        free(p);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(BusPeer *, peer_free)

static void peer_drop(BusPeer *peer)
{
        BusServer *s = peer->parent;

        for (BusPeer **p = &s->peers; *p; p = &(*p)->next)
                if (*p == peer) {
                        *p = peer->next;
                        s->n_peers--;
                        break;
                }
        peer_free(peer);
}

/* How much waits for all, and which of them has not taken all for the longest time; NULL: each has. */
static uint64_t peers_waiting(BusServer *s, BusPeer **ret_longest)
{
        uint64_t n_all = 0;

        *ret_longest = NULL;
        for (BusPeer *p = s->peers; p; p = p->next) {
                uint64_t n = reads_waiting(p->server);

                n_all += n;
                if (n == 0)
                        p->n_waits = 0;
                else if (p->n_waits == 0)
                        p->n_waits = ++s->n_waits_ever;
                if (n > 0 && (!*ret_longest || p->n_waits < (*ret_longest)->n_waits))
                        *ret_longest = p;
        }
        return n_all;
}

void peers_make_room(BusServer *s)
{
        uint64_t n;
        BusPeer *p;

        while ((n = peers_waiting(s, &p)) >= PEERS_QUEUED_MAX) {
                sd_bus_close(p->bus); /* nothing waits for it any more */
                s->peers_filled = true;
        }
        if (n >= PEER_QUEUED_MAX)
                s->peers_filled = true;
        else if (s->peers_filled) {
                s->peers_filled = false;
                s->ops.freed(s->userdata);
        }
}

static int on_peer_gone(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        BusServer *s = ((BusPeer *) userdata)->parent;

        peer_drop(userdata);
        peers_make_room(s);
        return 0;
}

int bus_server_add_peer(BusServer *s, sd_bus *bus)
{
        static const int socket_bytes = PEER_SOCKET_BYTES;
        _cleanup_(peer_freep) BusPeer *p = NULL;
        int r;

        bus_server_check_peers(s);
        if (s->n_peers >= BUS_PEERS_MAX)
                return -ENOBUFS;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->parent = s;
        p->bus = sd_bus_ref(bus);
        r = endpoint_new(&s->ops, s->userdata, &p->server);
        if (r < 0)
                return r;
        p->server->parent = s;
        p->server->make_room = peers_make_room;
        p->server->last_token = ++s->n_peers_ever * PEER_TOKENS;
        r = endpoint_attach(p->server, bus);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(bus, &p->gone_slot, "org.freedesktop.DBus.Local",
                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                        on_peer_gone, p);
        if (r < 0)
                return r;
        /* sd-bus gives a socket 8 MiB, which no bound of ours would count. */
        (void) setsockopt(sd_bus_get_fd(bus), SOL_SOCKET, SO_SNDBUF, &socket_bytes, sizeof(socket_bytes));
        p->next = s->peers;
        s->n_peers++;
        s->peers = TAKE_PTR(p);
        return 0;
}

void bus_server_check_peers(BusServer *s)
{
        BusPeer *next;

        peers_make_room(s);
        for (BusPeer *p = s->peers; p; p = next) {
                next = p->next;
                if (sd_bus_is_open(p->bus) <= 0)
                        peer_drop(p);
        }
}

void peers_drop(BusServer *s)
{
        while (s->peers)
                peer_drop(s->peers);
}

void peers_reply(BusServer *s, uint64_t token, CommandError error, const char *text)
{
        for (BusPeer *p = s->peers; p; p = p->next)
                (void) call_reply(p->server, token, error, text); /* it is one of another peer */
}

void peers_note(BusServer *s, const Effect *note)
{
        for (BusPeer *p = s->peers; p; p = p->next)
                signal_note(p->server, note);
}

void peers_flush(BusServer *s)
{
        /* One that is lost is noticed by itself. */
        for (BusPeer *p = s->peers; p; p = p->next)
                (void) outbox_flush(p->server);
}
