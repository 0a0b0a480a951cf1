/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is sent to systemd, kills before stops before starts before reads, each in the order in which it was asked for; and
 * its answers. */

#include "systemd/unit-known.h"

/* Sends what may be sent now. */
void units_pump(Units *u);
/* Has systemd kill all of it, but not again while what takes away parts may be at work. */
void unit_queue_kill(Unit *unit);
/* Kills what systemd was to have ended by now, through the control groups. */
void units_kill_groups(Units *u, uint64_t now_usec);
