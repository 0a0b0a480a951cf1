/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a node is to the group: its presence as of the last decided view and the messages since, and its grace. The loss of one
 * begins here and goes on with its copies. Times are on the local clock. */

#include "engine/agreed/agreed.h"

#define REBOOTED_AGAIN_USEC \
        (3600 * USEC_PER_SEC) /* a host that rebooted itself twice in so long is in standby */

void node_grace_over(Agreed *g, Node *n);

void apply_view(Agreed *g, const DecidedView *v);
void apply_view_nodes(Agreed *g); /* the members of this view that are synced go on the record */
/* The group speaks the highest protocol version that all synced members know; it is never lowered again. */
void apply_version(Agreed *g);

/* What a node says of itself. `forming`: the facts of all are taken before one copy of each application is chosen. */
void apply_facts(Agreed *g, const Member *sender, const FactsMessage *f, bool forming);
void apply_synced(Agreed *g, const Member *sender);
void apply_guard(Agreed *g, uint32_t node_id, const GuardMessage *m);
void apply_grace(Agreed *g, Node *n); /* the timer is over */
