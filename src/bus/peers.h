/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Clients without a bus in between. */

#include "bus/server-struct.h"

/* Ends those that have not taken what they were sent for the longest time, until little enough waits for all. They are
 * only closed, since one of them may be the sender of the call that is looked at; bus_server_check_peers() frees them. */
void peers_make_room(BusServer *s);

void peers_drop(BusServer *s);
void peers_reply(BusServer *s, uint64_t token, CommandError error, const char *text);
void peers_note(BusServer *s, const Effect *note);
void peers_flush(BusServer *s); /* their answers; what has changed they have been told by then */
