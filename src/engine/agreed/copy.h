/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A copy: one start of an application on one node, known by its epoch. */

#include "engine/agreed/agreed.h"

void app_stop_copy(Agreed *g, App *a, Copy *c, const char *why); /* `why` is a literal: it is kept */
void copy_watched(Copy *c); /* its manager is in step, so it knows whether maintenance is over */
void copy_ended_note(Agreed *g, const App *a, const Copy *c, const char *why);
/* Its node, or the manager there for longer than the grace, is gone. `delay_usec`: how long the node is waited for from now; `why`
 * goes into the note. */
void copy_lose(Agreed *g, App *a, Copy *c, uint64_t delay_usec, const char *why);
/* It has ended, and is removed; what comes next decide.c says. */
void copy_ended(Agreed *g, App *a, Copy *c, UnitState state, const char *reason, uint64_t realtime_usec);
void copy_stop_surplus(Agreed *g, App *a, Copy *c);
/* The group forms, and all facts are in: of several copies the newest is the application's. */
void app_keep_newest(Agreed *g, App *a);
/* What its node reports: of one that runs there, in step; of one that it found, before it is. */
void copy_result(Agreed *g, uint32_t node_id, const ResultMessage *m);
void copy_fact(Agreed *g, uint32_t node_id, const CopyFact *f, uint64_t realtime_usec, bool forming);
