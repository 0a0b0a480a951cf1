/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The step: an event goes to the engine, and what the engine asks for is carried out. events.c has what comes in, effects.c
 * what goes out. */

#include "daemon/manager-struct.h"

/* Hands an event to the engine, carries out what follows, and what follows from that. The event's times are filled in.
 * Must not be called from within; before the engine exists it does nothing. */
void step_event(Manager *m, Event *event);
/* Once a turn of the loop, before anything is handled in it: where too much time has gone the engine knows it before it is
 * told anything else. */
void step_look_at_clocks(Manager *m);
