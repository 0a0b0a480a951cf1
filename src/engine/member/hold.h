/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* Does this member hold the agreed state? What is delivered while it does not is kept, and carried out on the state that it
 * gets.
 *
 * Nothing is carried out by the way: what is due waits for hold_next(). That does one thing at a time, and returns what
 * the wing above has to hear of it, before the next one. */

#define BACKLOG_MAX 65536u /* messages kept for a member that waits for the state */

struct BacklogEntry {
        Member sender;
        Message *message;
};

/* One thing that was carried out on the agreed state. */
typedef struct CarriedOut {
        const Message *own; /* what brought it, if this member sent it; valid until the next one. Else NULL */
        Outcome outcome;
} CarriedOut;

/* The next thing that is due; false: nothing is, and *ret says nothing. */
bool hold_next(Membership *me, CarriedOut *ret);
/* A message that concerns the agreed state: it is due now, or is kept. */
void hold_take(Membership *me, const Member *sender, const Message *m);
/* What was kept is due, but for what a state that came holds already (NULL: none came). */
void hold_release(Membership *me, const StateMessage *numbers);
/* The agreed state was changed by no message: what follows has to be heard first. */
void hold_tell(Membership *me, Outcome o);

void backlog_clear(Membership *me);
void backlog_add(Membership *me, const Member *sender, const Message *m);
void backlog_drop(BacklogEntry *b); /* carried out otherwise: it is never due */
/* The number of the last message of `m` that a state holds; 0: none. */
uint64_t state_number(const StateMessage *numbers, const Member *m);

void hold_lose_track(Membership *me, const char *why); /* a message is missing, or may be */
void hold_forget(Membership *me);                      /* this member holds the agreed state no more */
void hold_start_over(Membership *me); /* no member does: what was reported in this view counts no more */
