/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one seed stands for: a cluster, its applications, and a list of acts, each of which can be left out to see
 * whether a failure needs it. */

#include "check.h"

#define PLAN_APPS_MAX 4u
#define PLAN_NODES_MAX 7u
#define PLAN_ACTS_MAX 256u
#define PLAN_VERSION_NEW (PROTOCOL_VERSION + 1u) /* of a manager that comes while all runs */

typedef enum ActKind {
        ACT_UP,
        ACT_DOWN,
        ACT_SHUTDOWN,
        ACT_SUSPEND, /* value: how long */
        ACT_WIPE,    /* if it is down */
        ACT_MANAGER_KILL,
        ACT_MANAGER_KILL_FOR_GOOD,
        ACT_MANAGER_START,
        ACT_MANAGER_STOP,
        ACT_MANAGER_RESTART,
        ACT_MANAGER_HANG, /* value: how long */
        ACT_FREEZE,
        ACT_THAW,
        ACT_COROSYNC_KILL, /* value: how long */
        ACT_EVICT,
        ACT_CUT, /* value: a bit for each node */
        ACT_HEAL,
        ACT_DISK_FAILS,
        ACT_DISK_WORKS,
        ACT_DEVICE_FAILS,
        ACT_DEVICE_WORKS,
        ACT_UNIT_FAIL,
        ACT_UNIT_FINISH,
        ACT_UNIT_STOP_OUTSIDE,
        ACT_BEHAVE, /* value: WorldUnitFault */
        ACT_COMMAND,
        ACT_ARM,       /* value: moment and blow; value2: count */
        ACT_POWER_CUT, /* value: a bit for each node */
        ACT_ONE_WAY,   /* value: the node that is not heard */
        ACT_LOSSY,
        ACT_CLOCK, /* value: the offset of the wall clock */
        ACT_UNIT_RESTART,
        ACT_UNIT_SLOW,   /* value: to start; value2: to stop; 0: as usual */
        ACT_FILE,        /* value: the failover delay that this node's file has from now on */
        ACT_REMOVE,      /* from the nodelist, if it is down and all is well else */
        ACT_ADD,         /* value: under another name */
        ACT_FILE_CHANGE, /* value: FileChange */
        ACT_FILE_BACK,
        ACT_CUT_SENDING,
        ACT_WRONG_FILE, /* its file cannot be read as one */
        ACT_POLICY,     /* value: NoQuorumPolicy of the node's next manager */
        ACT_VERSION,    /* value: the highest protocol version of the node's next manager */
        ACT_STOP_LOCAL, /* without the group */
        ACT_BUS_LOST,   /* value: how long */
        ACT_GUARD_AWAY,
        ACT_GUARD_BACK,
        ACT_PART,      /* value: WorldPartFault */
        ACT_PART_SLOW, /* value: to start; value2: to stop; 0: as usual */
        ACT_PART_DIES,
        ACT_TIMING, /* value: token; value2: consensus; the isolation timeout of the node's next manager is the default */
        _ACT_KIND_MAX,
} ActKind;

typedef enum FileChange {
        FILE_GONE,
        FILE_NODES,     /* another order of Nodes= */
        FILE_MODE,      /* the other TakeoverMode= */
        FILE_ENABLED,   /* the other Enabled= */
        FILE_PERMITTED, /* half of its nodes in PermittedNodes=, or all again */
        _FILE_CHANGE_MAX,
} FileChange;

typedef struct Act {
        uint64_t at_usec;
        ActKind kind;
        uint32_t node;
        size_t app;
        uint64_t value, value2;
        CommandKind command;
        bool flag, force;
        uint64_t later; /* the kind of PLAN_LATER with which alone it is played; 0: with any */
} Act;

/* Kinds of faults that a run may be held to; the lowest bits are WorldFaults. */
typedef enum PlanFaults {
        PLAN_POWER = 1 << 16,
        PLAN_MANAGER = 1 << 17,
        PLAN_COROSYNC = 1 << 18,
        PLAN_CUT = 1 << 19,
        PLAN_DISK = 1 << 20,
        PLAN_UNIT = 1 << 21,
        PLAN_COMMAND = 1 << 22,
        PLAN_ARM = 1 << 23,
        PLAN_SUSPEND = 1 << 24,
        PLAN_FILE = 1 << 25,
        PLAN_LINK = 1 << 26,
        PLAN_SHAPE = 1
                     << 27,  /* clusters and applications of every kind; else three nodes and the usual one */
        PLAN_LIST = 1 << 28, /* nodes are taken out of the nodelist, and put in again */
        PLAN_FLICKER = 1
                       << 29, /* a cut is mended for a moment: rings come and go faster than members report */
        PLAN_DEAD = 1 << 15,  /* some nodes, or their managers, fewer than half, never come back */
        PLAN_FILES = 1 << 30, /* files are gone for a while, or say something else */
} PlanFaults;

#define PLAN_TIMES \
        (1u << 31) /* token, grace and IsolationTimeoutSec= of every size, other timeouts while all runs, FailoverDelaySec=auto, two_node */
#define PLAN_WORKERS \
        (UINT64_C(1) << 32) /* workers end while they start, with success too, or only beside another copy */
#define PLAN_BYTES (UINT64_C(1) << 33) /* a ring that carries few bytes a second */
#define PLAN_RINGS (UINT64_C(1) << 34) /* ring numbers with gaps, some of which a power cut takes back */
#define PLAN_WRONG (UINT64_C(1) << 35) /* files that are wrong, or permit other nodes */
#define PLAN_CONFIG \
        (UINT64_C(1) << 36)            /* NoQuorumPolicy= and versions by node and in time, PermittedNodes= */
#define PLAN_BUS (UINT64_C(1) << 37)   /* managers without D-Bus for a while */
#define PLAN_GUARD (UINT64_C(1) << 38) /* nodes without a guard for a while */
#define PLAN_FORGET (UINT64_C(1) << 39) /* `forget`, of nodes that are in the nodelist, too */
#define PLAN_LEAVER (UINT64_C(1) << 40) /* HandOver=no */
#define PLAN_BY_HAND \
        (UINT64_C(1) << 41) /* `form` and `stop --local` where somebody may think that they help */
#define PLAN_RESTARTS (UINT64_C(1) << 42) /* LocalRestarts=, and workers that fail again and again */
#define PLAN_PARTS (UINT64_C(1) << 43) /* applications with parts, which do not start, die, or do not end */
#define PLAN_ALL ((UINT64_C(1) << 44) - 1)

/* Kinds that came when seeds had been found already. They draw from streams of their own: without them each seed is the
 * history that it was before. */
#define PLAN_LATER                                                                                         \
        (WORLD_LATE_SYSTEMD | PLAN_LIST | PLAN_FLICKER | WORLD_SLOW_DISK | PLAN_DEAD | PLAN_FILES |        \
                        PLAN_TIMES | PLAN_WORKERS | PLAN_BYTES | PLAN_RINGS | PLAN_WRONG | PLAN_CONFIG |   \
                        PLAN_BUS | PLAN_GUARD | PLAN_FORGET | PLAN_LEAVER | PLAN_BY_HAND | PLAN_RESTARTS | \
                        PLAN_PARTS)

/* Without --faults=. */
#define PLAN_DEFAULT PLAN_ALL

typedef struct Plan {
        uint64_t seed;
        uint64_t faults;
        size_t n_nodes;
        WorldQuorum quorum;
        NoQuorumPolicy policy;
        uint64_t grace_usec, token_usec, consensus_usec, isolation_usec; /* 0: the default */
        uint64_t ring_bytes_sec;                                         /* 0: no bytes */
        uint64_t dead;     /* when faults end these stay dead: bit i is node i + 1 */
        bool dead_manager; /* only their managers */
        uint64_t freeze;   /* nodes whose first manager has the other policy: bit i is node i + 1 */
        size_t n_mandatory, n_optional; /* the first so many nodes */
        Definition apps[PLAN_APPS_MAX];
        WorldPartKind parts[PLAN_APPS_MAX][WORLD_PARTS_MAX]; /* by application */
        size_t n_parts[PLAN_APPS_MAX];
        size_t n_apps;
        Act acts[PLAN_ACTS_MAX];
        bool left_out[PLAN_ACTS_MAX];
        size_t n_acts;
        uint64_t end_usec; /* of the faults */
        bool messages;     /* the trace has every message that a manager reads */
} Plan;

/* A seed that found something, and what. */
typedef struct PlanSeed {
        uint64_t seed;
        bool all; /* with every kind of fault */
        const char *what;
        const char *faults; /* only these; NULL: any but those of PLAN_LATER */
} PlanSeed;

extern const PlanSeed plan_seeds[];
extern const size_t n_plan_seeds;
extern const char *const plan_node_names[PLAN_NODES_MAX], *const plan_other_names[PLAN_NODES_MAX];

/* `allowed`: PlanFaults and WorldFaults of which each is taken or left for this seed. 0 or -ENOMEM. */
int plan_draw(uint64_t seed, uint64_t allowed, bool all, Plan *ret);
void plan_done(Plan *p);
void plan_print(const Plan *p, FILE *f);
/* "jitter,alone,power" or "all" or "none"; -EINVAL. */
int plan_parse_faults(const char *text, uint64_t *ret);
void plan_print_faults(uint64_t faults, FILE *f);
void act_print(const Plan *p, const Act *a, FILE *f);

/* What many runs came to. */
typedef struct Tally {
        uint64_t n_steps;   /* of engines */
        uint64_t n_seconds; /* of the world's time */
        uint64_t digest; /* over what all of them did in this run, in words, see digest.h; 0: nobody wants it */
        uint64_t digests; /* the sum over all runs */
        uint64_t deeds[_WORLD_DEED_MAX];
        uint64_t n_seeds[_WORLD_DEED_MAX]; /* in which it happened */
} Tally;

/* Runs it: 0, or the number of findings. `trace` and `tally` may be NULL. Negative: -ENOMEM. */
int plan_run(const Plan *p, FILE *trace, Tally *tally, Findings *ret);
