/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* The units of this node, by application and epoch. They are what systemd said last; the agreed state may not know them, and
 * may know others. */

/* NULL: there is none. Valid until the next one is added or removed. */
LocalUnit *runs_find(const Engine *e, const char *app, uint64_t epoch);
/* One that does not stand there yet; NULL sets oom. */
LocalUnit *runs_add(Engine *e, const char *app, uint64_t epoch);
void runs_remove(Engine *e, LocalUnit *u);
bool runs_any_alive(const Engine *e);
bool runs_app_is_alive(const Engine *e, const char *app);
bool runs_in_maintenance(const Engine *e, const char *app);
/* The same where this node is cut off: what the others may not know of does not hold them up. */
bool runs_left_alone(const Engine *e, const char *app);
/* Asks for its stop, once, and for its end by `kill_usec` (USEC_INFINITY: systemd's own timeout is enough). */
void runs_stop(Engine *e, LocalUnit *u, uint64_t kill_usec);
