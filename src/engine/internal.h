/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the engine share. Nothing outside of src/engine includes this. */

#include "engine/agreed/agreed.h"
#include "engine/agreed/app.h"
#include "engine/agreed/commit.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/place.h"
#include "engine/engine.h"
#include "engine/names.h"

#define STAGGER_USEC (20 * USEC_PER_MSEC) /* member i of the view waits i times this long */
#define STATE_USEC \
        (2 * USEC_PER_SEC) /* one that is sent is waited for so long before the next member sends it */
#define SILENCE_USEC (1 * USEC_PER_SEC)       /* a member that has not voted for so long is left out */
#define UNANSWERED_USEC (5 * USEC_PER_SEC)    /* no member sends the state: a new view is asked for */
#define RESTART_LASTS_USEC (1 * USEC_PER_SEC) /* a restart by systemd that takes so long is told */
#define RESTART_SETTLED_USEC \
        (10 * USEC_PER_SEC)                   /* after one a worker runs again when it has run for so long */
#define RESTART_TELL_USEC (10 * USEC_PER_SEC) /* between two tellings of how often it was restarted */
#define FORM_EPOCHS UINT64_C(1024)            /* forming raises every application's count by this */
#define PROBE_RETRY_USEC (10 * USEC_PER_MSEC) /* while a start waits for a probe */
#define PROBES_KEPT 64     /* of so many of the last probes it is known when they were sent */
#define BACKLOG_MAX 65536u /* messages kept for a member that waits for the state */
#define COMMANDS_MAX 128u  /* commands of this node that are under way */

/* How far the present view is. Only messages move it on. */
typedef enum ViewPhase {
        PHASE_NONE,      /* no view: not connected, or evicted */
        PHASE_VOTING,    /* `view` messages are still missing */
        PHASE_INQUORATE, /* all are there and none is quorate */
        PHASE_FORMING,   /* quorate, but no member holds an agreed state */
        PHASE_DECIDED,   /* it is clear which members hold the agreed state */
} ViewPhase;

/* A member as this view knows it. */
typedef struct Peer {
        Member member;
        uint32_t joined_n; /* see ViewMember; relative while our own n is not known */
        bool joined_relative;
        bool newcomer; /* joined with this very view: is not waited for */
        bool voted, quorate, claims_synced;
        Revision revision;
        uint64_t digest;
        uint64_t since_seq, quorate_seq; /* see ViewMessage */
        bool excluded;                   /* left out until it answers */
        bool won;                        /* holds the agreed state, as the votes say */
        uint64_t incarnation;            /* of its messages in this view; 0: none yet */
        uint64_t number;                 /* of its last message in this view */
        FactsMessage facts;              /* its latest in this view */
        bool has_facts;
        uint64_t facts_number;
        uint64_t facts_usec; /* when they were delivered, on the local clock */
        bool served;         /* a state that holds its facts has been delivered */
        uint32_t nodelist
                        [NODES_MAX]; /* as it told last in this view, by a `view`, its facts or a `nodelist` */
        size_t n_nodelist;
        bool by_fewer;
} Peer;

typedef struct BacklogEntry {
        Member sender;
        Message *message;
} BacklogEntry;

/* The message of this step; its event owns it. */
typedef struct Delivered {
        Member sender;
        const Message *message;
} Delivered;

/* A unit of this node. */
typedef struct LocalUnit {
        char *app;
        uint64_t epoch;
        UnitState state;
        char *reason;
        bool stop_issued; /* EFFECT_STOP is out */
        bool kill_issued;
        uint64_t kill_usec; /* when it has to be gone; USEC_INFINITY: systemd's own timeout is enough */
        UnitState reported; /* RESULT under way; UNIT_NONE: none */
        SentIn reported_in;
        uint64_t unit_digest;     /* what it was started from; 0: not known */
        bool restart_told_needed; /* whether a restart is needed, as it was told */
        SentIn restart_told_in;

        uint64_t state_usec; /* since when it is in `state` */
        bool restarted; /* systemd has started it again, and it has not run for RESTART_SETTLED_USEC since */
        bool restarted_again;        /* ... more than once */
        uint64_t restarts_told_usec; /* the group was told so last */
        SentIn restarts_told_in;
} LocalUnit;

typedef struct LocalCommand {
        uint64_t token;
        uint64_t seq;
        Command command;
        SentIn sent_in;
        bool sent_ever;
        bool applied; /* carried out; waits until `revision` is on the disks */
        bool sure;    /* it is, and now `revision` is the one by which the guards know */
        Revision revision;
        uint64_t applied_usec;
        uint64_t wait_serial; /* of the timer that waits for this revision; 0: none has been seen yet */
} LocalCommand;

/* A definition of this node's own files. */
typedef struct LocalDefinition {
        Definition definition; /* where the file is right */
        uint64_t unit_digest;  /* 0: not known */
        char *app;
        char *error;         /* where it is wrong; else NULL */
        uint32_t wrong_line; /* the file has become wrong, and this is the last good one; 0: it is right */
        SentIn refused_in;   /* the agreed state has no room for it */
} LocalDefinition;

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

/* Private to cutoff.c. */
typedef struct Cutoff {
        /* Of Corosync, and of the configuration. */
        uint64_t token_usec, consensus_usec;
        bool quorum_device;
        uint64_t isolation_config_usec;

        bool was_quorate;        /* as it was noted last */
        uint64_t no_quorum_usec; /* the first view, or the end of the last, since one that was quorate; 0: quorate */
        uint64_t away_usec; /* the delay of the peers may run since then; 0: this member has been in step since */
        uint64_t cut_off_usec; /* when the workers' time began to run; 0: not cut off */
        uint64_t outside_usec; /* this member has been out of the group since then; 0: it is in it, or never was */
        uint64_t disconnected_usec; /* Corosync was lost then; 0: is not, and has not been lately */

        /* Silence of Corosync. */
        uint64_t probe_next_usec;
        uint64_t silent_usec; /* the first probe without an answer; 0: none */
        bool isolated;
        uint64_t n_probes_sent, n_probes_back; /* numbers of the last ones, on this connection */
        uint64_t probe_times[PROBES_KEPT];     /* when they were sent, by number modulo PROBES_KEPT */
        bool probed;                           /* in this step */
        uint64_t hold_probe; /* the host slept: nothing starts until this probe is back; 0: it did not */
        uint64_t step_probe; /* after a silence this one has to be back, quickly, before the member counts as in step; 0 */

        /* What is known of the others. */
        uint64_t in_step_usec; /* in step with a quorate group until then; USEC_INFINITY: it is; 0: it never was */
        uint64_t slept_usec; /* the last step before the host slept; counts while `hold_probe` is awaited */
        uint64_t stale_since_usec; /* engine_stale_since() */
} Cutoff;

struct Engine {
        /* From the configuration. */
        uint32_t node_id;
        Node *nodelist; /* id and name only, sorted */
        size_t n_nodelist;
        uint32_t *wait_mandatory, *wait_optional;
        size_t n_wait_mandatory, n_wait_optional;
        uint64_t sync_timeout_usec;
        NoQuorumPolicy no_quorum_policy;
        uint64_t grace_usec;
        uint64_t boot_id;
        uint8_t version_min, version_max;
        RecordKind record_kind;

        /* Now. */
        uint64_t now_usec, realtime_usec;

        Agreed agreed;
        bool synced;

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
        bool own_vote_quorate; /* what it said; see InView */
        BacklogEntry *backlog;
        size_t n_backlog, n_backlog_allocated;
        /* Within a step: what is due, see hold_next(). */
        size_t n_released, n_carried_out; /* of the backlog */
        Delivered delivered;
        Outcome outcome;
        bool outcome_is_new;
        uint64_t own_facts_usec; /* when ours were sent */
        uint64_t *expiry_sent; /* sorted serials of timers for which an expiry was sent, in the view `expiry_in` */
        size_t n_expiry_sent, n_expiry_allocated;
        SentIn expiry_in;

        /* Quorum. */
        RingId quorum_ring;
        bool quorum_known, quorum_value; /* the last notification */

        Cutoff cutoff;
        bool starts_wait; /* for a probe to come back */

        /* A node's start. */
        uint64_t started_usec; /* the first connection; 0: not yet */
        bool takes_part, ready_sent, exiting;
        bool noted_waiting, noted_behind;

        /* This node's units, files, commands, record. */
        LocalUnit *units;
        size_t n_units, n_units_allocated;
        LocalDefinition *definitions;
        size_t n_definitions;
        bool files_read;       /* since the last `reload --all` */
        bool definitions_more; /* of what was sent last: the rest follows */
        SentIn definitions_known_in; /* the view in which the group knew all that the files say; else they are compared again */
        SentIn definitions_sent_in;
        LocalCommand *commands;
        size_t n_commands, n_commands_allocated;
        uint64_t command_seq;
        Revision write_issued, write_done;
        bool write_failed;
        SentIn failure_told_in;
        bool unguarded;       /* this node has no guard */
        SentIn guard_told_in; /* what the state has is otherwise, and the message is out */
        uint64_t write_retry_usec;
        Revision acked; /* our last ACK, of what this member holds */
        SentIn acked_in;
        SentIn timing_sent_in, leave_sent_in;
        bool leaving, restarting, left;
        uint64_t restart_probe; /* the first that was sent after the restart was asked for; 0: not yet */
        LeaveTiming leave;
        uint64_t leave_usec;       /* when the leave, or the restart, began */
        uint64_t leave_stuck_usec; /* since when nothing but what is stuck is waited for; 0: something else is */
        bool synced_told;          /* EFFECT_SYNCED is out */
};

/* ---- engine.c ---- */
/* What the wings above the agreed state put out: they call a node what the nodelist calls it where the state has no name. */
Effect *engine_note(Engine *e, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
                _printf_(5, 6);
void engine_changed_node(Engine *e, uint32_t node_id);

static inline Effect *engine_emit(Engine *e, EffectType type)
{
        return outlet_emit(&e->agreed.out, type);
}

static inline void engine_changed_app(Engine *e, App *a)
{
        agreed_changed_app(&e->agreed, a);
}

static inline void engine_changed(Engine *e)
{
        outlet_changed(&e->agreed.out);
}

static inline char *engine_strdup(Engine *e, const char *s) /* sets oom */
{
        return outlet_strdup(&e->agreed.out, s);
}

static inline int engine_grow(Engine *e, int r) /* sets oom where r is an error; returns r */
{
        return outlet_grow(&e->agreed.out, r);
}

/* Sends a message: stamps it. Takes the contents of *m. */
Effect *engine_send(Engine *e, Message *m);
