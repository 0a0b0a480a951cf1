/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/peer.h"

/* The view: its members, their votes, and which of them hold the agreed state. view.c draws how far a view gets. */

#define STAGGER_USEC (20 * USEC_PER_MSEC) /* member i of the view waits i times this long */
#define SILENCE_USEC (1 * USEC_PER_SEC)   /* a member that has not voted for so long is left out */

/* EVENT_VIEW. False: this member is not in it, and is out of the group. Else the view begins; Corosync's word on its quorum may
 * have come before it, and view_evaluate() goes on. */
bool view_begin(Membership *me, const Event *event);
/* Decides the view, where all have voted that are waited for. */
void view_evaluate(Membership *me);
void view_done(Membership *me); /* the end of the member: frees what the view has, and the backlog */
void view_end(Membership *me);  /* no view any more */
void view_lost(Membership *me); /* the same, and this member is out of the group: its peers begin to count */
/* EVENT_QUORUM. False: of a ring whose view has not come yet, or is over. */
bool view_quorum(Membership *me, const RingId *ring, bool quorate);
bool view_has_quorum_word(const Membership *me); /* for the present ring, whatever it says */
void view_message(Membership *me, Peer *p, const Message *m);
void view_exclude(Membership *me, const Message *m);
void view_pump(Membership *me);
uint64_t view_deadline(const Membership *me);

/* Corosync's word for the present ring, on this node. False until it has come. */
bool view_is_quorate(const Membership *me);
Peer *view_find_peer(const Membership *me, const Member *m);
size_t view_rank(const Membership *me);                        /* our place among the members */
bool view_has_node(const Membership *me, uint32_t node_id);    /* in the ring */
bool view_has_manager(const Membership *me, uint32_t node_id); /* a member of the group */

/* Forgets n where this message shows that this member has been told wrong. */
bool view_doubt(Membership *me, uint32_t sender, const Message *m);
/* Learns n from a newcomer's place in a `view`. False where this message is of an earlier view. */
bool view_learn(Membership *me, const Message *m);
bool view_is_without_us(const Membership *me, const Message *m);
void view_join_again(Membership *me, uint32_t node_id);
