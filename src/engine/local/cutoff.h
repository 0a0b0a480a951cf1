/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* Whether this node is cut off from its peers, and since when they may count it as lost. All stamps of silence, quorum and
 * isolation are private to cutoff.c (cutoff-struct.h); others say what happened, and ask. */

#define PROBE_RETRY_USEC (10 * USEC_PER_MSEC) /* while a start waits for a probe */
#define KILL_TAKES_USEC USEC_PER_SEC          /* systemd has so long to end what is killed */

/* `isolation_usec`: from the configuration; 0: what follows from Corosync's times. `self_fence_usec`: SelfFenceSec=. -ENOMEM. */
int cutoff_new(uint64_t isolation_usec, uint64_t self_fence_usec, Cutoff **ret);

/* ---- what happens ---- */

void cutoff_times(Local *here, uint64_t token_usec, uint64_t consensus_usec, bool quorum_device);
void cutoff_connected(Local *here);
void cutoff_corosync_lost(Local *here);   /* the connection; before the rest of the engine hears of it */
void cutoff_corosync_speaks(Local *here); /* a silence ends with any view */
/* This member is out of the group. There is no quorum outside, and Corosync does not say when it lets this member in
 * again: it takes no joins while it is busy. */
void cutoff_outside(Local *here);
void cutoff_view(Local *here);                    /* a view has begun, with this member in it */
void cutoff_quorum(Local *here, bool quorate);    /* Corosync's word for the ring of this view */
void cutoff_answer(Local *here, uint64_t number); /* the probe with this number is back */
void cutoff_suspended(Local *here);               /* the host slept; before the clock of this step counts */
void cutoff_begin_step(Local *here);

/* ---- what is due ---- */

void cutoff_watch_step(Local *here);      /* is this member in step again? */
void cutoff_watch_loss(Local *here);      /* since when its peers may count it as lost */
void cutoff_watch(Local *here);           /* has Corosync been silent, or quorum unknown, for too long? */
void cutoff_probe(Local *here);           /* the next probe */
void cutoff_watch_knowledge(Local *here); /* since when what it knows is old */
void cutoff_tell_timing(Local *here);     /* what the group does not know of this node's times */
uint64_t cutoff_deadline(const Local *here);

/* ---- what is asked ---- */

bool cutoff_is_isolated(const Local *here);     /* Corosync is silent, and this node acts as cut off */
uint64_t cutoff_since(const Local *here);       /* when the workers' time began to run; 0: not cut off */
uint64_t cutoff_stale_since(const Local *here); /* engine_stale_since() */
static inline bool cutoff_is_stale(const Local *here)
{
        return cutoff_stale_since(here) != 0;
}
/* No loss of this node is known that its peers may count from. */
bool cutoff_is_in_step(const Local *here);
bool cutoff_has_slept(const Local *here); /* the host did, and no probe has come back since: nothing starts */
/* Sends a probe, one in a step; returns its number. */
uint64_t cutoff_ask(Local *here);
/* That one, or a later one, is back, so quickly that the ring still turned. */
bool cutoff_has_answered(const Local *here, uint64_t number);
/* A start rests on an answer: what is started has that answer's time to go by. */
void cutoff_take_answer(Local *here);
NodeTiming cutoff_node_timing(const Local *here); /* what this node has to say of its Corosync */
/* IsolationTimeoutSec=, or the default that follows from Corosync's timing; for as long as the group knows it. */
uint64_t cutoff_isolation_usec(const Local *here);
/* What its peers wait for at least, whatever else they count with; the second for what outlives a kill. */
uint64_t cutoff_needed_usec(const Local *here);
uint64_t cutoff_needs_end_usec(const Local *here);
uint64_t cutoff_self_fence_usec(const Local *here); /* SelfFenceSec= */
/* When all has to have ended here that the peers start once they have waited for `delay_usec`. It moves on with each answer of
 * a quorate ring. Where this member was lost it stands, until it is in step again: its peers may count from that loss. Back
 * in a quorate ring it has as long as they need to notice that it is lost again, should that be more. USEC_INFINITY: the
 * peers never start it, or nothing is known yet. */
uint64_t cutoff_end_usec(const Local *here, uint64_t delay_usec);
