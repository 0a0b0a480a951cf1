/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* Whether this node is cut off from its peers, and since when they may count it as lost. All stamps of silence, quorum and
 * isolation are in e->cutoff and are private here; others say what happened, and ask. */

#define KILL_TAKES_USEC USEC_PER_SEC /* systemd has so long to end what is killed */

void cutoff_init(Engine *e, const EngineConfig *config);

/* ---- what happens ---- */

void cutoff_times(Engine *e, uint64_t token_usec, uint64_t consensus_usec, bool quorum_device);
void cutoff_connected(Engine *e);
void cutoff_corosync_lost(Engine *e);   /* the connection; before the rest of the engine hears of it */
void cutoff_corosync_speaks(Engine *e); /* a silence ends with any view */
/* This member is out of the group. There is no quorum outside, and Corosync does not say when it lets this member in
 * again: it takes no joins while it is busy. */
void cutoff_outside(Engine *e);
void cutoff_view(Engine *e);                    /* a view has begun, with this member in it */
void cutoff_quorum(Engine *e, bool quorate);    /* Corosync's word for the ring of this view */
void cutoff_answer(Engine *e, uint64_t number); /* the probe with this number is back */
void cutoff_suspended(Engine *e);               /* the host slept; before the clock of this step counts */
void cutoff_begin_step(Engine *e);

/* ---- what is due ---- */

void cutoff_watch_step(Engine *e);      /* is this member in step again? */
void cutoff_watch(Engine *e);           /* has Corosync been silent, or quorum unknown, for too long? */
void cutoff_probe(Engine *e);           /* the next probe */
void cutoff_watch_knowledge(Engine *e); /* since when what it knows is old */
void cutoff_tell_timing(Engine *e);     /* what the group does not know of this node's times */
uint64_t cutoff_deadline(const Engine *e);

/* ---- what is asked ---- */

bool cutoff_is_isolated(const Engine *e);     /* Corosync is silent, and this node acts as cut off */
uint64_t cutoff_since(const Engine *e);       /* when the workers' time began to run; 0: not cut off */
uint64_t cutoff_stale_since(const Engine *e); /* engine_stale_since() */
bool cutoff_has_slept(const Engine *e); /* the host did, and no probe has come back since: nothing starts */
/* Sends a probe, one in a step; returns its number. */
uint64_t cutoff_ask(Engine *e);
/* That one, or a later one, is back, so quickly that the ring still turned. */
bool cutoff_has_answered(const Engine *e, uint64_t number);
NodeTiming cutoff_node_timing(const Engine *e); /* what this node has to say of its Corosync */
/* IsolationTimeoutSec=, or the default that follows from Corosync's timing; for as long as the group knows it. */
uint64_t cutoff_isolation_usec(const Engine *e);
/* What its peers wait for at least, whatever else they count with. */
uint64_t cutoff_needed_usec(const Engine *e);
