/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The messages of the group, as plain data. src/wire turns them into bytes and back; the engine makes and reads them.
 * The sender of a message (node id and pid) is not in it: Corosync says it. */

#include "engine/types.h"

#define PROTOCOL_VERSION_MIN 1u
#define PROTOCOL_VERSION 1u

#define MESSAGE_BYTES_MAX (16u * 1024 * 1024) /* what goes round in one message */

typedef enum MessageType {
        MESSAGE_VIEW = 1,    /* "I am in this view, and this is what I hold" */
        MESSAGE_EXCLUDE,     /* these members did not answer: decide without them */
        MESSAGE_FACTS,       /* what an unsynced member runs and has recorded */
        MESSAGE_STATE,       /* the whole agreed state, for unsynced members, or to form the group */
        MESSAGE_SYNCED,      /* the sender has installed the state */
        MESSAGE_DEFINITIONS, /* where the sender's files differ from the agreed definitions */
        MESSAGE_RESULT,      /* how a copy of the sender's stands now */
        MESSAGE_EXPIRY,      /* timers of the agreed state that have run out */
        MESSAGE_COMMAND,     /* what an administrator wants */
        MESSAGE_ACK,         /* the sender's disk holds this revision, or cannot */
        MESSAGE_LEAVE,       /* the sender's manager is about to stop: move its applications */
        MESSAGE_GUARD,       /* whether the sender's node has a guard, and a fuse */
        MESSAGE_UNSENT, /* stands for one that could not be sent, so that no number is missing; the adapter makes it */
        MESSAGE_TIMING,   /* the sender's Corosync goes on with other timeouts */
        MESSAGE_NODELIST, /* the sender's Corosync goes on with another nodelist, or other rules of quorum */
        _MESSAGE_TYPE_MAX,
} MessageType;

/* One member as the sender of a `view` counts it. */
typedef struct ViewMember {
        Member member;
        uint32_t joined_n; /* the count n of the view in which it joined within this ring; 0: with the ring */
} ViewMember;

typedef struct ViewMessage {
        bool quorate;
        bool synced;        /* may be chosen as a source of the state */
        Revision revision;  /* of the sender's agreed state */
        uint64_t digest;    /* of the sender's agreed state when the view began */
        uint64_t since_seq; /* the ring in which the sender joined the group */
        uint64_t quorate_seq; /* the greatest ring before this one of which it was told since that it was quorate; 0: none */
        uint32_t *nodelist; /* as in the facts */
        size_t n_nodelist;
        bool by_fewer;
        ViewMember *members;
        size_t n_members;
} ViewMessage;

typedef struct ExcludeMessage {
        Member *members;
        size_t n_members;
} ExcludeMessage;

typedef enum RecordKind {
        RECORD_BLANK, /* no file: a new disk */
        RECORD_VALID,
        RECORD_DAMAGED, /* a file that could not be used was kept aside: counts as none */
        _RECORD_KIND_MAX,
} RecordKind;

/* A copy that the sender's systemd knows. */
typedef struct CopyFact {
        char *app;
        uint64_t epoch;
        UnitState state;
        bool needs_end; /* as its node knows it, for who has no such copy in the state; the same of the delay */
        uint64_t granted_delay_usec;
} CopyFact;

typedef struct FactsMessage {
        uint8_t version_min, version_max; /* protocol versions that the sender speaks */
        char *node_name;
        uint64_t grace_usec; /* the sender's ManagerGraceSec= */
        NodeTiming timing;
        uint64_t boot_id; /* differs from boot to boot */
        RecordKind record;
        Revision record_revision; /* count 0: none; with RECORD_BLANK: of a state that was never confirmed */
        uint32_t *record_nodes;   /* the members of the last view on the record, sorted node ids */
        size_t n_record_nodes;
        uint32_t *nodelist; /* the nodes of the sender's corosync.conf, sorted ids */
        size_t n_nodelist;
        bool by_fewer;  /* the sender's Corosync may give quorum to less than a majority of its nodelist */
        bool can_write; /* the sender's state directory takes writes */
        bool rebooted_itself; /* this boot began because something here could not be ended in time */
        bool guarded;         /* should its manager end, its node's guard ends the workers */
        bool fused;           /* what outlives a kill its node's fuse ends, with the node */
        bool leaving;         /* the sender has begun a planned leave */
        uint64_t realtime_usec;
        CopyFact *copies;
        size_t n_copies;
} FactsMessage;

typedef struct StateMessage {
        bool forms; /* this message forms the group; else it brings newcomers up to date */
        /* The running numbers up to which each member's messages of this view are in the state already. */
        struct StateNumber {
                Member member;
                uint64_t number;
        } * numbers;
        size_t n_numbers;
        uint8_t *state; /* see state.h */
        size_t state_size_bytes;
} StateMessage;

/* A file of the sender's that differs from the agreed definition. */
typedef struct DefinitionEntry {
        char *app;
        uint64_t digest;       /* 0: the sender has no usable file of that name */
        Definition definition; /* only where digest is not 0 */
        uint32_t wrong_line; /* only where digest is not 0: the file has become wrong in this line, and that is the last good
                              * definition; WRONG_SOMEWHERE: no line; 0: the file is right */
        char *error; /* only where digest is 0 because the file is wrong: the error, else NULL */
} DefinitionEntry;

typedef struct DefinitionsMessage {
        DefinitionEntry *entries;
        size_t n_entries;
        bool more;        /* the rest follows when this one has been delivered */
        uint64_t answers; /* the serial of the `reload --all` after which the files were read; 0: none */
} DefinitionsMessage;

typedef struct ResultMessage {
        char *app;
        uint64_t epoch;
        UnitState state; /* STARTING: systemd restarts it (without a reason: nothing is told); RUNNING or an end */
        char *reason;        /* of STARTING, REFUSED, FAILED and STUCK; may be NULL */
        bool restart_needed; /* it lives, and was started from something else than the sender's file says now */
        uint64_t realtime_usec;
} ResultMessage;

typedef enum TimerKind {
        TIMER_FAILOVER, /* FailoverDelaySec= of a loss */
        TIMER_TAKEOVER, /* TakeoverDelaySec= */
        TIMER_MARK,     /* a mark expires */
        TIMER_GRACE,    /* ManagerGraceSec= of a node */
        TIMER_COMMIT,   /* a revision waits for acknowledgements: 2 s */
        TIMER_RELOAD,   /* files are being read: 2 s */
        TIMER_OUTSIDE,  /* FailureTimeoutSec= since a stop from outside */
        TIMER_SHUTDOWN, /* a node whose worker was ended by a shutdown has not said that it leaves: 2 min */
        TIMER_RETRY,    /* FailureTimeoutSec= since the last start on the node where it had failed */
        _TIMER_KIND_MAX,
} TimerKind;

/* A timer is named by its serial number, which the agreed state hands out and never uses twice. */
typedef struct TimerRef {
        TimerKind kind;
        uint64_t serial;
} TimerRef;

typedef struct ExpiryMessage {
        TimerRef *timers;
        size_t n_timers;
} ExpiryMessage;

typedef enum CommandKind {
        COMMAND_START,
        COMMAND_STOP,
        COMMAND_RESTART,
        COMMAND_TAKEOVER,    /* node "" is the placement's choice */
        COMMAND_PERMIT,      /* flag: permit or forbid */
        COMMAND_STANDBY,     /* flag: on or off; node only */
        COMMAND_MAINTENANCE, /* flag: on or off; app "" is all */
        COMMAND_CLEAR,       /* app and node may be "" for all */
        COMMAND_RELOAD,      /* every node reads its files again */
        COMMAND_FORM,        /* form without the missing records; acts while the group has not formed */
        COMMAND_FORGET,      /* node: one that no node's nodelist has any more */
        _COMMAND_KIND_MAX,
} CommandKind;

typedef struct Command {
        CommandKind kind;
        char *app;
        char *node;
        bool flag;
        bool force;
} Command;

typedef struct CommandMessage {
        uint64_t seq; /* the sender's own count since it joined, from 1; each is carried out once */
        Command command;
} CommandMessage;

typedef struct AckMessage {
        Revision revision;
        bool written; /* false: the write failed, and the sender gets no new copies */
} AckMessage;

typedef struct GuardMessage {
        bool guarded; /* false: the sender gets no new copies */
        bool fused;   /* false: it gets none of which something outlives a kill */
} GuardMessage;
typedef struct ListedNode {
        uint32_t id;
        char *name;
} ListedNode;

typedef struct NodelistMessage {
        ListedNode *nodes; /* of the sender's corosync.conf, sorted by id */
        size_t n_nodes;
        bool by_fewer;
} NodelistMessage;

typedef struct UnsentMessage {
        MessageType type; /* of the one that could not be sent */
} UnsentMessage;

typedef struct Message {
        MessageType type;
        uint8_t version;      /* the protocol version that it is written in */
        ViewId view;          /* in which it was sent */
        uint64_t incarnation; /* drawn at random by the sender at each join */
        uint64_t number;      /* of the sender in this view, from 1 */
        union {
                ViewMessage view_vote;
                ExcludeMessage exclude;
                FactsMessage facts;
                StateMessage state;
                DefinitionsMessage definitions;
                ResultMessage result;
                ExpiryMessage expiry;
                CommandMessage command;
                AckMessage ack;
                GuardMessage guard;
                UnsentMessage unsent;
                NodeTiming timing;
                NodelistMessage nodelist;
        };
} Message;

void command_done(Command *c);
/* Copies everything. */
int message_copy(const Message *m, Message **ret);
void message_done(Message *m);
/* Frees the message too. */
Message *message_free(Message *m);
DEFINE_TRIVIAL_CLEANUP(Message *, message_free)
/* "view", "facts" ... */
const char *message_type_to_string(MessageType t);
const char *command_kind_to_string(CommandKind k);
