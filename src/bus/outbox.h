/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What leaves over one connection waits here for the flush that ends a step: answers and signals, in order. */

#include "bus/server-struct.h"

/* Queues a message. The reference is taken over. */
void outbox_queue(BusServer *s, sd_bus_message *m);
/* Something could not be queued: the next flush tells. */
void outbox_fail(BusServer *s, int error);
/* Sends all. 0, or the first error since the last flush. */
int outbox_flush(BusServer *s);
void outbox_clear(BusServer *s);
