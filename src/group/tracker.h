/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/group: from Corosync's cpg callbacks to views. Pure; no handle, no time.
 *
 * Corosync reports a change of the ring as a round: confchg callbacks whose entries have the reasons NODEDOWN
 * and NODEUP (none, if the group lost and gained no member; also a left and a joined list for the same process),
 * then one totem_confchg with the ring and its nodes. A process that joins, leaves or dies makes one confchg
 * with the reasons JOIN, LEAVE or PROCDOWN and no totem_confchg.
 *
 *   state     confchg, process reasons   confchg, node reasons   totem_confchg
 *   waiting   remember; first view, if     remember; -> round      remember the ring; first view, if we are
 *             the ring is known and no                             in the group -> settled
 *             round is on -> settled
 *   settled   emit VIEW_PROCESS            -> round                emit VIEW_RING; nothing where it is the same ring
 *   round     part of the round            part of the round       emit VIEW_RING -> settled
 *
 * The first view is a VIEW_PROCESS with ourselves as joined, once our own join has been seen and the ring is
 * known. Corosync 3.1.7 gives them in this order; either is right.
 *
 * Corosync tells each connection of each new ring, also before the join, and once more of the present ring with the
 * first change that it sees after the call of cpg_join(): our own join at the latest. So a ring that formed between
 * cpg_initialize() and cpg_join() comes twice, on both sides of our join; the others are told once, and count what
 * comes after it. A totem_confchg outside of a round with the ring that is known already says nothing new.
 *
 * A member on a node that is not in the ring cannot be there: such a ghost is left out of every view. Our own
 * process is not kept in: a view without it says that Corosync has put us out of the group. */

#include "engine/engine.h"

/* Of <corosync/cpg.h>, by their numbers; this file is compiled without it. */
typedef enum TrackerReason {
        TRACKER_MEMBER = 0, /* in the list of members */
        TRACKER_JOIN = 1,
        TRACKER_LEAVE = 2,
        TRACKER_NODEDOWN = 3,
        TRACKER_NODEUP = 4,
        TRACKER_PROCDOWN = 5,
} TrackerReason;

typedef struct TrackerEntry {
        Member member;
        uint32_t reason;
} TrackerEntry;

#define TRACKER_MEMBERS_MAX 128u /* CPG_MEMBERS_MAX */
#define TRACKER_NODES_MAX 384u   /* Corosync's PROCESSOR_COUNT_MAX */

typedef struct GroupTracker {
        Member self;
        bool in_group; /* our own join has been seen */
        bool has_ring;
        bool settled;                        /* the first view is out */
        bool in_round;                       /* a confchg of a round came, its totem_confchg did not yet */
        Member members[TRACKER_MEMBERS_MAX]; /* as Corosync lists them, sorted */
        size_t n_members;
        Member joined[TRACKER_MEMBERS_MAX]; /* processes that joined since the last view, sorted */
        size_t n_joined;
        RingId ring;
        uint32_t ring_nodes[TRACKER_NODES_MAX]; /* sorted */
        size_t n_ring_nodes;
        Member shown[TRACKER_MEMBERS_MAX]; /* of the last view: members without ghosts */
        size_t n_shown;
} GroupTracker;

/* What became of the callback. */
typedef enum TrackerResult {
        TRACKER_NOTHING, /* part of something that is not complete */
        TRACKER_VIEW,    /* *ret_event is a view */
        TRACKER_LEFT,    /* we have left, as we wanted: no view follows */
} TrackerResult;

void tracker_init(GroupTracker *t, Member self);

/* *ret_event gets type EVENT_VIEW and the view; its lists are the tracker's and stay until its next call.
 * More entries than Corosync can have, and a list with a process twice, are cut to what makes sense. */
TrackerResult tracker_confchg(GroupTracker *t, const TrackerEntry *members, size_t n_members,
                const TrackerEntry *left, size_t n_left, const TrackerEntry *joined, size_t n_joined,
                Event *ret_event);
TrackerResult tracker_totem(
                GroupTracker *t, RingId ring, const uint32_t *nodes, size_t n_nodes, Event *ret_event);
