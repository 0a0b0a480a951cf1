/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* Facts and state for those who lack it. */

void sync_facts(Engine *e, Peer *p, const Message *m);
void sync_nodelist(Engine *e, Peer *p, const NodelistMessage *m);
void sync_state(Engine *e, Peer *p, const Message *m);
void sync_send_state(Engine *e, const State *state, bool forms);

/* This member has to report. `cut_off`: it asks only once it has quorum again. */
bool sync_owes_facts(const Engine *e, bool cut_off);
/* Takes the contents of `own`, which says what runs on this node, its times, and whether it can write and has a guard. */
void sync_send_facts(Engine *e, FactsMessage *own);
/* This manager was put back: its record was written by a newer one. It stays, since what runs here counts, but it does not
 * form the group by rules that the group has left behind. */
bool sync_is_behind(const Engine *e);
void sync_pump(Engine *e); /* the state, for those who lack it */
/* Nobody has sent it to this member in time: true, and it is out of the group, which it joins again. */
bool sync_ask_again(Engine *e);
void sync_tell_synced(Engine *e); /* this member is in step, and has said where its files differ */
uint64_t sync_deadline(const Engine *e);
