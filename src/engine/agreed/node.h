/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A node of the agreed state: its name, what it said of its times and its nodelist. This and presence.c alone write a Node. */

#include "engine/agreed/agreed.h"

#define SHUTDOWN_USEC \
        (120 * USEC_PER_SEC) /* a node that goes down by its worker's end alone says so in this time */
#define ANSWER_USEC (2 * USEC_PER_SEC) /* a manager that is there has so long to report */
#define RING_STEP 4u                   /* between the numbers of two rings of the same Corosyncs */

void node_touched(Agreed *g, Node *n);
/* It is there, may have a copy of the application, and has not said so since the group formed. */
bool node_is_owing(const App *a, const Node *n);
/* What was lost with this node counts no more: it is out of the ring, or its manager has been gone for longer than the
 * grace. One that is back may have called the guard off, so it has to report first. NULL: a node that is not known. */
bool node_is_past(const Node *n);
/* Its worker was ended by a shutdown: its manager will say that it leaves. */
void node_goes_down(Agreed *g, Node *n);
/* The number is the node: what the nodelist calls it now, the state does too. False: it does already. */
bool node_rename(Agreed *g, Node *n, const char *name);
bool node_timing_equal(const NodeTiming *a, const NodeTiming *b);
void node_set_timing(Agreed *g, Node *n, const NodeTiming *t);
void node_commit_timings(Agreed *g);
/* What the node said last, as a vote, facts or a message has it. */
void node_set_nodelist(Agreed *g, Node *n, const uint32_t *ids, size_t n_ids, bool by_fewer);
void nodelist_apply(Agreed *g, uint32_t node_id, const NodelistMessage *m);
void nodelist_look_at_rules(Agreed *g); /* a node has said other rules, or is forgotten */
