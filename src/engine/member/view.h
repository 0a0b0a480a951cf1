/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* The view: its members, their votes, and who of them holds the agreed state. view.c draws how far a view gets. */

/* EVENT_VIEW. False: this member is not in it, and is out of the group. Else the view begins; Corosync's word on its quorum may
 * have come before it, and view_evaluate() goes on. */
bool view_begin(Engine *e, const Event *event);
/* Decides the view, where all have voted that are waited for. */
void view_evaluate(Engine *e);
void view_end(Engine *e);  /* no view any more */
void view_lost(Engine *e); /* the same, and this member is out of the group: its peers begin to count */
/* EVENT_QUORUM. False: of a ring whose view has not come yet, or is over. */
bool view_quorum(Engine *e, const RingId *ring, bool quorate);
bool view_has_quorum_word(const Engine *e); /* for the present ring, whatever it says */
void view_message(Engine *e, Peer *p, const Message *m);
void view_exclude(Engine *e, const Message *m);
void view_pump(Engine *e);
uint64_t view_deadline(const Engine *e);

/* Corosync's word for the present ring, on this node. False until it has come. */
bool view_is_quorate(const Engine *e);
Peer *view_find_peer(const Engine *e, const Member *m);
size_t view_rank(const Engine *e);                        /* our place among the members */
bool view_has_node(const Engine *e, uint32_t node_id);    /* in the ring */
bool view_has_manager(const Engine *e, uint32_t node_id); /* a member of the group */

/* Forgets n where this message shows that this member has been told wrong. */
bool view_doubt(Engine *e, uint32_t sender, const Message *m);
/* Learns n from a newcomer's place in a `view`. False where this message is of an earlier view. */
bool view_learn(Engine *e, const Message *m);
bool view_is_without_us(const Engine *e, const Message *m);
void view_join_again(Engine *e, uint32_t node_id);

/* What a member says of its nodelist; agreed, since it was delivered. */
void view_tell_nodelist(Peer *p, const uint32_t *ids, size_t n, bool by_fewer);
bool peer_lists(const Peer *p, uint32_t node_id);
