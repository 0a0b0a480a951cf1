/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The Manager owns the loop and joins the parts: what the adapters report becomes an event, the engine's step
 * makes effects of it, and the adapters carry those out, in order. It decides nothing about applications.
 *
 *   manager.c         life, and the turns of the loop                                 roof
 *   events.c          the way in: everything that becomes an event of the engine      the wheel
 *   start.c           from nothing to a running engine
 *   step.c            the step: an event, and what follows from it
 *   effects.c         the way out: carries out what the engine asks for
 *   cluster-link.c    Corosync: the connection, the nodelist, the votes
 *   ending.c          signals, and the end
 *   bus-link.c        the system bus: connecting, losing it, and what the bus server asks
 *   guard-link.c      whether there is a guard, and what it has to know
 *   reload.c          the applications' files
 *   maintenance.c     the files by which the helpers of parts know that an application is in maintenance
 *   loop.c            clocks, timers, the end of the loop                             ground
 *   pulse.c           signs of life: heartbeat, watchdog, gaps
 *   late.c            what is known at once and has to wait until the step is over
 *   status-line.c     STATUS=
 *
 * Calls go down in this list, with one exception: what a part has to tell the engine it gives to events.c. */

#include "daemon/exit-status.h"

typedef struct Manager Manager;

typedef struct ManagerOptions {
        const char *root; /* comes before every path; NULL: nothing does */
} ManagerOptions;

/* 0 or negative errno. */
int manager_new(const ManagerOptions *options, Manager **ret);
Manager *manager_free(Manager *m);
DEFINE_TRIVIAL_CLEANUP(Manager *, manager_free)

/* Runs until the end and returns the exit status. What went wrong has been logged. */
int manager_run(Manager *m);
