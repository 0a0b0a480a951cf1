/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* Does this member hold the agreed state? What is delivered while it does not is kept, and carried out on the state that it
 * gets. */

void backlog_clear(Engine *e);
void backlog_add(Engine *e, const Member *sender, const Message *m);
/* Carries out what was delivered since the view began, but for what a received state holds already. */
void backlog_replay(Engine *e, const StateMessage *numbers);
/* The number of the last message of `m` that a state holds; 0: none. */
uint64_t state_number(const StateMessage *numbers, const Member *m);

void hold_lose_track(Engine *e, const char *why); /* a message is missing, or may be */
void hold_forget(Engine *e);                      /* this member holds the agreed state no more */
void hold_start_over(Engine *e); /* no member does: what was reported in this view counts no more */
