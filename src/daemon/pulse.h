/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether this process runs: the heartbeat of the loop, systemd's watchdog, which follows it, and the gap by which the
 * manager notices that it did not run. While no worker depends on the manager it is idle, and the heartbeat is slow. */

#include "daemon/manager-struct.h"

/* Set by manager_new(). */
struct PulseHooks {
        void (*beat)(Manager *m);         /* at each heartbeat */
        void (*idle_changed)(Manager *m); /* `m->idle` is another now */
};

int pulse_begin(Manager *m);
void pulse_end(Manager *m);
/* The node takes part: READY=1, and systemd's watchdog begins. */
void pulse_ready(Manager *m);
/* The time after which a silent Corosync counts as a cut; the signs of life follow it. */
void pulse_set_isolation(Manager *m, uint64_t usec);
/* Before the first worker's start is asked for, the watchdog has its proper time again. */
void pulse_leave_idle(Manager *m);
/* Something has taken much memory for a while: files were read, the state was exchanged, much was told. */
void pulse_trim_later(Manager *m);
/* Finds out how much time has gone since the last call: whether this process or this host stood still. */
bool pulse_was_late(Manager *m);
