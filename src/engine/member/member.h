/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How this process is a member of the group: its connection to Corosync, the view, and whether it holds the agreed state.
 *
 * A rule of this wing takes a Membership, which reaches what is agreed. It knows of no unit, file, command or clock of this node's
 * own that local/ keeps: a rule that looks there does not compile. What local/ has to hear is returned (hold.h, view.h). */

#include "engine/agreed/agreed.h"
#include "engine/event.h"

typedef struct BacklogEntry BacklogEntry; /* hold.h */
typedef struct Peer Peer;                 /* peer.h */

/* How far the present view is. Only messages move it on. */
typedef enum ViewPhase {
        PHASE_NONE,      /* no view: not connected, or evicted */
        PHASE_VOTING,    /* `view` messages are still missing */
        PHASE_INQUORATE, /* all are there and none is quorate */
        PHASE_FORMING,   /* quorate, but no member holds an agreed state */
        PHASE_DECIDED,   /* it is clear which members hold the agreed state */
} ViewPhase;

/* What this member has sent and heard in the present view. A new view begins with all of it at zero. */
typedef struct InView {
        uint64_t number; /* of our last message */
        bool own_vote_sent;
        bool lost_track; /* a message of this view is missing */
        bool facts_sent, synced_sent, nodelist_sent, exclude_sent, form_sent;
        bool form_forced;
        uint64_t facts_floor; /* this member was synced when it sent this message or after: a state has to hold later facts of ours */
        uint64_t state_sent_usec;  /* 0: none; a state of ours that has not been delivered yet */
        uint64_t state_heard_usec; /* when the last one was delivered; 0: none was */
        uint64_t ring_quorum_usec; /* when quorum's word for the present ring came; 0: not yet */
} InView;

typedef struct Membership {
        Agreed agreed;
        bool synced; /* this member holds it, as far as it was told; see member_is_synced() */

        /* From the configuration. */
        uint32_t node_id;
        Node *nodelist; /* id and name only, sorted */
        size_t n_nodelist;
        uint64_t grace_usec;
        uint64_t boot_id;
        uint8_t version_min, version_max;
        RecordKind record_kind;

        /* The connection to Corosync. */
        bool connected;
        uint64_t incarnation;
        uint32_t pid;
        bool by_fewer;
        bool nodelist_dirty; /* the group has not heard of this nodelist */

        /* The view. */
        ViewPhase phase;
        ViewId view;
        InView in_view;
        SentIn view_serial; /* of the present view; see SentIn */
        SentIn hold_serial; /* the same, but a state that is installed counts as a new view */
        bool n_known;
        Peer *peers;
        size_t n_peers, n_peers_allocated;
        uint32_t *ring_nodes;
        size_t n_ring_nodes;
        uint64_t view_usec; /* when it began */
        uint64_t own_digest;
        Revision own_revision;
        uint64_t since_seq; /* the ring in which this member joined the group; 0: it has not */
        uint64_t ring_quorate_seq,
                        quorate_seq; /* the greatest that it was told is quorate, and the greatest before this view's */
        bool own_vote_quorate;   /* what it said; see InView */
        uint64_t own_facts_usec; /* when ours were sent */

        /* Quorum. */
        RingId quorum_ring;
        bool quorum_known, quorum_value; /* the last notification */

        /* What was delivered and could not be carried out yet. */
        BacklogEntry *backlog;
        size_t n_backlog, n_backlog_allocated;
        /* Within a step: what is due, see hold_next(). */
        size_t n_released, n_carried_out; /* of the backlog */
        const Message *delivered;         /* the event owns it */
        Member delivered_by;
        Outcome outcome;
        bool outcome_is_new;

        bool exiting; /* EFFECT_EXIT is out */
        bool noted_behind;
} Membership;

/* EVENT_CONNECTED and its end. */
void member_connected(Membership *me, uint64_t incarnation, uint32_t pid, bool by_fewer);
void member_disconnected(Membership *me);
/* It holds the present agreed state, and the view is decided. */
bool member_is_synced(const Membership *me);
/* A node's name as the agreed state has it, or, before there is one, the nodelist; "?" where neither knows it. */
const char *member_node_name(const Membership *me, uint32_t id);
const char *member_nodelist_name(const Membership *me, uint32_t id); /* NULL: it is not listed */

/* Sends a message: stamps it. Takes the contents of *m. */
Effect *member_send(Membership *me, Message *m);
/* EFFECT_EXIT: this manager cannot be a member. `final`: another try would end in the same way. */
void member_give_up(Membership *me, const char *text, bool final);
/* `node_id` 0: of no node. The nodelist says what a node is called where the state has no name. */
Effect *member_note(Membership *me, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
                _printf_(5, 6);
void member_changed_node(Membership *me, uint32_t node_id);

static inline Effect *member_emit(Membership *me, EffectType type)
{
        return outlet_emit(&me->agreed.out, type);
}

static inline void member_changed(Membership *me)
{
        outlet_changed(&me->agreed.out);
}

static inline char *member_strdup(Membership *me, const char *s) /* sets oom */
{
        return outlet_strdup(&me->agreed.out, s);
}

static inline int member_grow(Membership *me, int r) /* sets oom where r is an error; returns r */
{
        return outlet_grow(&me->agreed.out, r);
}
