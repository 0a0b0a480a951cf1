/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guard. While no manager is there to obey the group, it ends this node's workers before the peers start them
 * elsewhere, which wait for ManagerGraceSec=. After half of the grace it stops them, after three quarters it kills
 * them. Workers in maintenance are left alone.
 *
 * It is a process of its own, in distro-guard.service, and there before it is needed. What it waits for it sees by
 * itself: the end of the manager's process. Then it needs neither systemd, nor a bus, nor room in /run. If systemd's
 * own socket answers, it stops units over that; if not, it kills control groups by itself.
 *
 *   the manager, from its start     connects to the guard's socket, and says who it is (SO_PEERCRED does). As long as
 *                                   the guard has not greeted it, its node gets no start
 *   the manager, at work            tells the grace and what is in maintenance, and that it is in step; that calls the
 *                                   guard off
 *   the manager's process ends      the guard notes the moment, waits for its two, and acts
 *   the guard itself is restarted   goes on where it was, and counts from now where nothing was counted: the manager
 *                                   may be another one than that which was in step. If it is in step, it calls that off
 *
 * The grace counts from the FIRST end of a manager since one was in step: an end after an end changes nothing, and a
 * manager that comes back and dies again before it is in step does not win time.
 * guard-file.h tells how this gets from one guard to the next. */

#include "systemd/guard-end.h"

#define GUARD_DIRECTORY "/run/distro-manager"
#define GUARD_SOCKET "guard.socket" /* in that directory; stream, of root alone */
#define GUARD_GREETING "guard\n"    /* what the guard says first, and all that it says */

/* Returns 0 after SIGTERM, or negative errno; then it should be run again. */
int guard_run(const GuardParameters *parameters);
