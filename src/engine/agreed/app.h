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
/* It should run and cannot; told once for each reason. */
void app_blocked(Agreed *g, App *a, const char *why);
/* No node that is there has a file for it. */
bool app_is_orphan(const Agreed *g, const App *a);

void app_disown(Agreed *g, App *a);
/* Those of its timers that the message names are over. */
void app_timers(Agreed *g, App *a, const ExpiryMessage *m);

/* The file of the member that forms is the definition; 0 or -ENOMEM. */
int app_define_first(App *a, const Definition *d);
/* Takes the contents of *next. It never makes a running application move. */
void app_define(Agreed *g, App *a, Definition *next);
void app_keep_no_more(App *a); /* that a changed definition moves nothing is no shelter from a command */

/* ---- a loss ---- */

/* How long the group waits when a node with a copy is lost, and how long that node may take for granted that it does:
 * FailoverDelaySec=, 0 without a definition. While a change of it is not committed, the peers that wait take the
 * longest of what may count, and a node that is cut off takes the least. Of a copy that needs an end the same goes for what was
 * written when it was granted, until its end; and neither is less than what the nodes need for that. */
uint64_t app_delay(const State *s, const App *a);
/* `own`: its copy on that node; NULL: it is not known there. */
uint64_t app_least_delay(const State *s, const App *a, const Copy *own);
/* Something of what is written, or runs, or was lost last, outlives a kill. */
bool app_needs_end(const App *a);
/* Some of that which outlives a kill may still be there: it was lost, and its delay runs. NULL: none. */
const Copy *app_lost_needs_end(const App *a);
/* The agreed definition, or what runs or was lost last, has a delay that the nodes' timeouts make. */
bool app_delay_follows_nodes(const App *a);
/* Before maintenance, or the definition, becomes this. `d` NULL: the definition stays. */
void app_change_hold(Agreed *g, App *a, bool maintenance, const Definition *d);
void app_begin_loss(Agreed *g, App *a, uint32_t node_id, uint64_t delay_usec);
void app_end_loss(App *a);
void app_end_delay(App *a); /* it is waited for no more, and is lost all the same */
/* Says how long the lost node is waited for. */
void app_note_waiting(Agreed *g, const App *a, uint32_t node_id, uint64_t delay_usec);
/* A node has said other timeouts: a delay that runs may have to grow. */
void app_lengthen_delay(Agreed *g, App *a);
/* HandOver=no: `n` is leaving, and when it is back it may run the application again, as far as can be told now. */
bool app_awaits_leaver(const App *a, const Node *n);
/* The application has just ended there: where its node is leaving it waits for that one, unless a command has sent it
 * elsewhere meanwhile. */
void app_await_leaver(Agreed *g, App *a, const Copy *ended);
/* This node has said what it runs after a maintenance; whether it owed that. */
bool app_owed_said(App *a, uint32_t node_id);
/* It goes without having said so. */
void app_end_owing(App *a, const Node *n);

/* ---- the next start ---- */

/* Why it will be started, `from_node` being the owner before, and where: 0, the placement's choice. */
void app_plan(App *a, StartType type, uint32_t from_node, uint32_t node_id);
/* It failed, and is started again where it was (LocalRestarts=), with what it had to take over; or, should its node go
 * meanwhile, elsewhere, as a failover. */
void app_plan_again(App *a, const Copy *failed);
/* `c` was granted and never began: the same start is decided again. One that was only found counts as normal. */
void app_plan_the_same(App *a, const Copy *c);
void app_clear_next(App *a);
/* A better node is there: it takes over when TakeoverDelaySec= is over. */
/* `nodes`: the better ones of the first tier that has any, as App.better_nodes. While one that it has waited for from the
 * beginning is among them, the wait goes on: which of them takes it over is judged when it is over. */
void app_await_better(Agreed *g, App *a, uint64_t nodes);
void app_clear_better(App *a);
/* Holds the application against the nodes that are better than `at` and eligible now, with `differing` also those that
 * only have another file. */
void app_hold_against(Agreed *g, App *a, const Node *at, bool differing);
void app_clear_hold(App *a);
/* It is this node's, where another one may have been to take it over by hand. */
void app_stays_on(const Agreed *g, App *a, uint32_t node_id);
/* It was taken to this node by hand, and stays. */
void app_hold(Agreed *g, App *a, const Node *at);
/* A copy with the next epoch, which its node starts. NULL: no memory. */
Copy *app_grant(Agreed *g, App *a, uint32_t node_id, StartType type, uint32_t from_node);
/* The worker failed for good on this node: a mark, and what FailureAction= says. */
void app_fail_copy(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec);
/* The same without FailureAction=. */
void app_mark_node(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec);
/* Something of it could not be ended there in time: nothing is started there that another node can start, and no boot changes
 * that. */
void app_mark_last(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec);
void app_mark_expired(Agreed *g, App *a, Mark *m);
/* A stop job that is not ours. */
void app_stopped_outside(Agreed *g, App *a, uint32_t node_id, uint64_t realtime_usec);
/* What was changed is on the disks. */
void app_is_sure(Agreed *g, App *a);

/* ---- commands ---- */

void app_want(App *a, bool up);
/* A command changed it, and that lasts. */
void app_commanded(Agreed *g, App *a);
/* Of one node, or, NULL, of all. */
void app_forget_failures(App *a, const Node *n);
void app_give_up(App *a);
void app_set_maintenance(Agreed *g, App *a, bool on);
