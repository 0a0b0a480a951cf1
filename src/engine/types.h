/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words that the engine, the messages and the adapters share. Plain data; nothing here has behaviour. */

#include "base/macros.h"

#define NODES_MAX 64u      /* nodes of a cluster; Corosync's own limit for members of a group is 128 */
#define APP_NAME_MAX 63u   /* bytes of an application's name: a DNS label */
#define NODE_NAME_MAX 255u /* bytes of a node's name */
#define TEXT_MAX 1024u     /* bytes of a description or of a reason that travels */
#define WRONG_SOMEWHERE UINT32_MAX    /* a wrong file, and no line of it is to blame */
#define APPS_MAX 10000u               /* applications of a cluster */
#define STATE_APPS_MAX (2 * APPS_MAX) /* with those that still run and that no node has a file for any more */

/* Epochs: the sequence number of the ring in whose view the start was decided, times 2^20, plus a count. */
#define EPOCH_RING_SHIFT 20
/* Corosync counts a ring by 4 more than the last one, so none ever has a number like that. An epoch above it was never granted:
 * it is believed of no unit, message or record, and what is granted above those that were stays far below UINT64_MAX. */
#define EPOCH_RING_MAX (UINT64_C(1) << 36)
#define EPOCH_MAX (EPOCH_RING_MAX << EPOCH_RING_SHIFT)

static inline bool epoch_is_possible(uint64_t epoch)
{
        return epoch <= EPOCH_MAX;
}

/* A ring is what Corosync calls one membership: the node that formed it, and a number that grows. */
typedef struct RingId {
        uint32_t node_id;
        uint64_t seq;
} RingId;

/* A view is one membership of our group within a ring. `n` counts the changes since the ring was formed;
 * VIEW_N_UNKNOWN is a newcomer that has not been told yet. Written as "SEQ.N". */
typedef struct ViewId {
        RingId ring;
        uint32_t n;
} ViewId;
#define VIEW_N_UNKNOWN UINT32_MAX

/* A member of the group: one process on one node. */
/* In which view something was sent or told that a new view voids: the view's serial on this node. Any other number says that
 * it was not, or that it is void. */
typedef uint64_t SentIn;

typedef struct Member {
        uint32_t node_id;
        uint32_t pid;
} Member;

/* How far the lasting state has come: the ring of the last quorate view, and a count of changes. Greater wins. */
typedef struct Revision {
        uint64_t ring_seq;
        uint64_t count;
} Revision;

static inline int ring_compare(const RingId *a, const RingId *b)
{
        return a->seq != b->seq ? CMP(a->seq, b->seq) : CMP(a->node_id, b->node_id);
}

static inline bool view_id_equal(const ViewId *a, const ViewId *b)
{
        return ring_compare(&a->ring, &b->ring) == 0 && a->n == b->n;
}

static inline int member_compare(const Member *a, const Member *b)
{
        return a->node_id != b->node_id ? CMP(a->node_id, b->node_id) : CMP(a->pid, b->pid);
}

static inline int revision_compare(const Revision *a, const Revision *b)
{
        return a->ring_seq != b->ring_seq ? CMP(a->ring_seq, b->ring_seq) : CMP(a->count, b->count);
}

typedef enum StartType {
        START_NONE, /* has not been started as far as the records go back */
        START_NORMAL,
        START_FAILOVER,
        START_TAKEOVER,
        _START_TYPE_MAX,
} StartType;

typedef enum TakeoverMode {
        TAKEOVER_STOP_FIRST,
        TAKEOVER_START_FIRST,
        _TAKEOVER_MODE_MAX,
} TakeoverMode;

typedef enum FailureAction {
        FAILURE_FAILOVER,
        FAILURE_STOP,
        _FAILURE_ACTION_MAX,
} FailureAction;

typedef enum NoQuorumPolicy {
        NO_QUORUM_STOP,
        NO_QUORUM_FREEZE,
} NoQuorumPolicy;

/* SelfFence=: for which applications the host goes down where it is cut off and something is left at the deadline. */
typedef enum SelfFence {
        SELF_FENCE_AUTO, /* for those of which something outlives a kill */
        SELF_FENCE_YES,  /* for all */
        SELF_FENCE_NO,   /* for none */
        _SELF_FENCE_MAX,
} SelfFence;

/* FailoverDelaySec=auto: as long as a node that is cut off may need to end its copy, as the nodes say. */
#define DELAY_AUTO (USEC_INFINITY - 1)

/* What a node's manager says of its Corosync, see base/timing.h. */
typedef struct NodeTiming {
        uint64_t detection_usec; /* 0: it has never said anything */
        uint64_t isolation_usec;
        uint64_t needed_usec;
        uint64_t needs_end_usec; /* the same for an application of which something outlives a kill */
} NodeTiming;

#define FAILURE_TIMEOUT_DEFAULT_USEC (600 * USEC_PER_SEC) /* FailureTimeoutSec= */

#define LOCAL_RESTARTS_MAX 100u

/* One entry of Nodes=: a name and the tier it stands in; tiers count from 0, entries keep the file's order. */
typedef struct NodePriority {
        char *name;
        uint32_t tier;
} NodePriority;

/* The keys of [Application]: what engines decide by. The holder owns it; definition_done() frees. */
typedef struct Definition {
        char *name;
        char *description; /* may be NULL */
        NodePriority *nodes;
        size_t n_nodes;
        char **permitted; /* PermittedNodes=; none: all of Nodes= */
        size_t n_permitted;
        uint64_t failover_delay_usec; /* USEC_INFINITY: never; DELAY_AUTO: app_delay() tells */
        uint64_t takeover_delay_usec;
        uint64_t failure_timeout_usec;
        uint32_t weight;
        uint8_t local_restarts; /* LocalRestarts=, up to LOCAL_RESTARTS_MAX */
        TakeoverMode takeover_mode;
        FailureAction failure_action;
        bool takeover_automatic;
        bool awaits_leaver; /* HandOver=no: a planned leave of its node is waited out like a loss */
        bool enabled;
        bool needs_end; /* something of it outlives a kill of its processes: it is over for certain only with its host */
        uint64_t digest; /* of the whole parsed file, [Unit] and [Service] included; never 0 */
} Definition;

void definition_done(Definition *d);
/* Copies everything; 0 or -ENOMEM, and *ret is then untouched. */
int definition_copy(const Definition *d, Definition *ret);
/* Whether it can be written into the state and read from there again: each name once and not too long, tiers that rise by
 * one, all numbers in their ranges. Code that takes one from outside asks. */
bool definition_is_valid(const Definition *d);
/* The place of a node's name in Nodes=, or -1. */
int definition_find_node(const Definition *d, const char *name);

/* A DNS label: a-z, 0-9 and hyphen, not at either end, 1 to 63 bytes. */
bool app_name_is_valid(const char *name);

/* How a local unit stands. The systemd adapter reports it, the engine remembers it. */
typedef enum UnitState {
        UNIT_NONE,     /* there is none */
        UNIT_STARTING, /* activating, also while systemd restarts it */
        UNIT_RUNNING,
        UNIT_STOPPING, /* deactivating */
        UNIT_STOPPED,  /* ended by a stop that we asked for */
        UNIT_FINISHED, /* ended by itself, cleanly */
        UNIT_FAILED,   /* failed for good: systemd tries no more */
        UNIT_REFUSED,  /* could not even be started; `reason` says why */
        UNIT_KILLED,   /* ended by a stop job that we did not ask for */
        UNIT_SHUTDOWN, /* ended because this host, corosync.service or the manager is being stopped */
        UNIT_STUCK,    /* a stop that did not end: processes are left */
        _UNIT_STATE_MAX,
} UnitState;

/* True for the states in which processes of the unit may exist. */
static inline bool unit_state_is_alive(UnitState s)
{
        return s == UNIT_STARTING || s == UNIT_RUNNING || s == UNIT_STOPPING || s == UNIT_STUCK;
}

const char *start_type_to_string(StartType t); /* "", "normal", "failover", "takeover" */
const char *unit_state_to_string(UnitState s);
