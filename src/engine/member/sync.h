/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* Facts, and the state for members that lack it. */

#define STATE_USEC \
        (2 * USEC_PER_SEC) /* one that is sent is waited for so long before the next member sends it */
#define UNANSWERED_USEC (5 * USEC_PER_SEC) /* no member sends the state: a new view is asked for */

void sync_facts(Membership *me, Peer *p, const Message *m);
void sync_nodelist(Membership *me, Peer *p, const NodelistMessage *m);
void sync_state(Membership *me, Peer *p, const Message *m);
void sync_send_state(Membership *me, const State *state, bool forms);

/* This member has to report. `cut_off`: it asks only once it has quorum again. */
bool sync_owes_facts(const Membership *me, bool cut_off);
/* Takes the contents of `own`, which says what runs on this node, its times, and whether it can write and has a guard. */
void sync_send_facts(Membership *me, FactsMessage *own);
/* This manager was put back: its record was written by a newer one. It stays, since what runs here counts, but it does not
 * form the group by rules that the group has left behind. */
bool sync_is_behind(const Membership *me);
void sync_pump(Membership *me); /* the state, for members that lack it */
/* No member has sent it to this one in time: true, and this one is out of the group, which it joins again. */
bool sync_ask_again(Membership *me);
void sync_tell_synced(Membership *me); /* this member is in step, and has said where its files differ */
uint64_t sync_deadline(const Membership *me);
