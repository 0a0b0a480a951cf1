/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/outbox.h"

static int outbox_send(BusServer *s, sd_bus_message *m)
{
        int r;

        /* A reply goes where its call came from, a signal to every client. */
        r = sd_bus_send(s->bus, m, NULL);
        sd_bus_message_unref(m);
        return r;
}

void outbox_fail(BusServer *s, int error)
{
        if (s->outbox_error == 0)
                s->outbox_error = error;
}

void outbox_queue(BusServer *s, sd_bus_message *m)
{
        int r = 0;

        if (s->n_outbox >= BUS_OUTBOX_MAX || ARRAY_GROW(s->outbox, s->n_outbox, s->n_outbox_allocated) < 0)
                r = outbox_send(s, m); /* out of order beats lost */
        else
                s->outbox[s->n_outbox++] = m;
        if (r < 0)
                outbox_fail(s, r);
}

int outbox_flush(BusServer *s)
{
        int first = s->outbox_error;

        for (size_t i = 0; i < s->n_outbox; i++) {
                int r = outbox_send(s, s->outbox[i]);

                if (r < 0 && first == 0)
                        first = r;
        }
        s->n_outbox = 0;
        s->outbox_error = 0;
        return first;
}

void outbox_clear(BusServer *s)
{
        for (size_t i = 0; i < s->n_outbox; i++)
                sd_bus_message_unref(s->outbox[i]);
        s->n_outbox = 0;
        s->outbox_error = 0;
}
