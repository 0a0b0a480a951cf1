/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus.h"

#include "bus/call.h"
#include "bus/endpoint.h"
#include "bus/outbox.h"
#include "bus/peers.h"
#include "bus/shown.h"
#include "bus/signals.h"

/* The server that the owner knows: the connection to the system bus, and the peers, which see and hear the same. What has
 * changed is found out once, for all of them. */

int bus_server_new(const BusOps *ops, void *userdata, BusServer **ret)
{
        return endpoint_new(ops, userdata, ret);
}

BusServer *bus_server_free(BusServer *s)
{
        if (!s)
                return NULL;
        peers_drop(s);
        shown_list_done(&s->shown_apps);
        shown_list_done(&s->shown_nodes);
        return endpoint_free(s);
}

int bus_server_attach(BusServer *s, sd_bus *bus)
{
        int r;

        endpoint_detach(s);
        r = shown_reset(s);
        return r < 0 ? r : endpoint_attach(s, bus);
}

void bus_server_detach(BusServer *s)
{
        endpoint_detach(s);
}

void bus_server_reply(BusServer *s, uint64_t token, CommandError error, const char *text)
{
        if (!call_reply(s, token, error, text))
                peers_reply(s, token, error, text);
}

void bus_server_note(BusServer *s, const Effect *note)
{
        peers_note(s, note);
        signal_note(s, note);
}

int bus_server_flush(BusServer *s)
{
        int first, r;

        if (!s->bus && !s->peers)
                return 0;
        first = shown_flush(s);
        peers_flush(s);
        peers_make_room(s);
        r = outbox_flush(s);
        return first < 0 ? first : r;
}
