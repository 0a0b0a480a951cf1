/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An application: what is wanted of it, how long a loss is waited out, what is held against which node. Deadlines are on the
 * local clock, delays in microseconds. */

#include "engine/agreed/agreed.h"

#define MARK_MAX_USEC (24 * 3600 * USEC_PER_SEC)

/* Something of it has changed, and decide.c has to look at it; with app_touched() its state, too, which is shown with the
 * time since when it is so. */
void app_look_again(Agreed *g, App *a);
void app_touched(Agreed *g, App *a);
bool app_wants_up(const App *a);
bool app_is_orphan(const Agreed *g, const App *a);

/* ---- a loss ---- */

/* How long the group waits when a node with a copy is lost, and how long that node may take for granted that it does:
 * FailoverDelaySec=, 0 without a definition. While a change of it is not committed: for those who wait, the longest of what
 * may count; for a node that is cut off, the least. */
uint64_t app_delay(const State *s, const App *a);
uint64_t app_least_delay(const State *s, const App *a);
/* Before maintenance, or the definition, becomes this. `d` NULL: the definition stays. */
void app_change_hold(Agreed *g, App *a, bool maintenance, const Definition *d);
void app_begin_loss(Agreed *g, App *a, uint32_t node_id, uint64_t delay_usec);
void app_end_loss(App *a);
/* HandOver=no: `n` is leaving, and when it is back it may run the application again, as far as can be told now. */
bool app_awaits_leaver(const App *a, const Node *n);
/* The application has just ended there: where its node is leaving it waits for that one, unless a command has sent it
 * elsewhere meanwhile. */
void app_await_leaver(Agreed *g, App *a, const Copy *ended);
/* This node has said what it runs after a maintenance; whether it owed that. */
bool apply_owed(App *a, uint32_t node_id);

/* ---- the next start ---- */

void app_clear_next(App *a);
/* Holds the application against the nodes that are better than `at` and eligible now, with `differing` also those that
 * only have another file. */
void app_hold_against(Agreed *g, App *a, const Node *at, bool differing);
void app_clear_hold(App *a);
/* A copy with the next epoch, which its node starts. NULL: no memory. */
Copy *app_grant(Agreed *g, App *a, uint32_t node_id, StartType type, uint32_t from_node);
/* The worker failed for good on this node: a mark, and what FailureAction= says. */
void app_fail_copy(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec);
