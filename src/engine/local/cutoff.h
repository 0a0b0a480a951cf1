/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

#include "base/timing.h"

/* Whether this node is cut off from its peers, and since when they may count it as lost. All stamps of silence, quorum and
 * isolation are private here; others say what happened, and ask. */

#define KILL_TAKES_USEC USEC_PER_SEC /* systemd has so long to end what is killed */

/* ---- what happens ---- */

/* Corosync speaks again, or there is quorum again: what was counted until now is kept until this member is in step. */
void cutoff_note_away(Engine *e);
/* The time of the workers begins to run, if it does not yet. */
void cutoff_begin(Engine *e, uint64_t since_usec);
/* The probe with this number is back. */
void cutoff_answer(Engine *e, uint64_t number);
/* Sends one, at most once in a step. */
void cutoff_send_probe(Engine *e);

/* ---- what is due ---- */

void cutoff_watch_step(Engine *e);      /* is this member in step again? */
void cutoff_watch(Engine *e);           /* has Corosync been silent, or quorum unknown, for too long? */
void cutoff_probe(Engine *e);           /* the next probe */
void cutoff_watch_knowledge(Engine *e); /* since when what it knows is old */
void cutoff_tell_timing(Engine *e);     /* what the group does not know of this node's times */
uint64_t cutoff_no_quorum_usec(const Engine *e);
uint64_t cutoff_silence_usec(const Engine *e);
uint64_t cutoff_probe_usec(const Engine *e);

/* ---- what is asked ---- */

/* The answer to the last probe that is back took so little that the ring still turned. */
bool cutoff_answer_was_quick(const Engine *e);
Timing cutoff_timing(const Engine *e);          /* of this node's Corosync and configuration */
NodeTiming cutoff_node_timing(const Engine *e); /* what this node has to say of its Corosync */
/* IsolationTimeoutSec=, or the default that follows from Corosync's timing; for as long as the group knows it. */
uint64_t cutoff_isolation_usec(const Engine *e);
/* What its peers wait for at least, whatever else they count with. */
uint64_t cutoff_needed_usec(const Engine *e);
