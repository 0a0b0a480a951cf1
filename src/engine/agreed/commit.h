/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When a revision is committed, that is, on enough disks. */

#include "engine/agreed/agreed.h"

#define COMMIT_USEC (2 * USEC_PER_SEC) /* acknowledgements are waited for so long */

void apply_ack(Agreed *g, uint32_t node_id, const AckMessage *m);
void apply_commit_timer(Agreed *g);
void apply_commit(Agreed *g); /* after each message */
bool commit_is_waited_for(const Agreed *g, const Revision *revision);
/* More than half of the nodes of each nodelist of a synced node whose rules are a majority's have this on their disks. */
bool nodelist_acked_by_majorities(const Agreed *g, const Revision *revision);
