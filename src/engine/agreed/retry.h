/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* LocalRestarts=: a copy that has failed for good is started again on the same node, so often before the node gets a mark.
 * Such a start has an epoch of its own and is normal; hold, owner and from-node stay as they were.
 *
 * It is counted for an application and a node. The count is forgotten FailureTimeoutSec= after the last of these starts, by
 * a timer that all members agree on, and by `clear`, a takeover by hand to that node, and a `start` after
 * FailureAction=stop. A stop and a start by hand, a start elsewhere, a mark and a changed file leave it as it is. */

#include "engine/agreed/agreed.h"

/* `failed`, the only copy, has failed for good, and is removed already. True: it is to be started again there, and that is
 * counted. False, and nothing is changed: it was done often enough, or the node may not run the application any more. */
bool retry_begin(Agreed *g, App *a, const Copy *failed, const char *failure);
/* A start on this node would be such a start. */
bool retry_is_due(const App *a, uint32_t node_id);
/* Those of its timers that the message names are over. */
void retry_timers(Agreed *g, App *a, const ExpiryMessage *m);
/* Of one node, or, NULL, of all. */
void retry_forget(App *a, const Node *n);
/* "failed: exit-code; started again here, 1 of 2", in `ret`; false: it was not, or that is forgotten. */
bool retry_explain(const App *a, uint32_t node_id, char *ret, size_t size_bytes);
