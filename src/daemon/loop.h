/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The ground of the daemon: clocks, timers and the end of the loop. It calls no other part of the manager. */

#include "daemon/manager-struct.h"

/* The engine's clock; it goes on while the host sleeps. */
uint64_t boottime_usec(void);
uint64_t monotonic_usec(void);
uint64_t realtime_usec(void);

/* Arms `*source` (made at the first call) to fire after `delay_usec`. */
int loop_arm(Manager *m, sd_event_source **source, uint64_t delay_usec, sd_event_time_handler_t handler);
void loop_disarm(sd_event_source *source);

/* Ends the loop. The first status counts. */
void loop_exit(Manager *m, int status);
/* Something that only a restart can mend (no memory): says so and ends. */
void loop_fail(Manager *m, int error, const char *what);
