/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The signals of the Manager1 object: of what the engine notes, that which clients can wait for. */

#include "bus/server-struct.h"

/* Queues the signal of a note on this connection, if it has one. */
void signal_note(BusServer *s, const Effect *note);
