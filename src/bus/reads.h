/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How much a user may read in what time. */

#include "bus/server-struct.h"

/* Looks at each call before it is carried out: SLOT_FILTER. */
int reads_watch(BusServer *s);
void reads_forget(BusServer *s);
/* What waits to be sent, in objects; a message is at least one. */
uint64_t reads_waiting(BusServer *s);
