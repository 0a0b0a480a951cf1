/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Corosync's timing, and what follows from it for a node that is cut off and for the delay of a failover.
 * distro-manager(7) explains it. */

#include "base/macros.h"

/* A member that runs workers sends itself so many messages in the time that it takes to notice a node's death. */
#define TIMING_PROBES_PER_DETECTION 8

/* The watchdog's time of a manager on which no worker depends; else it is at most a quarter of the grace. */
#define WATCHDOG_IDLE_USEC (120 * USEC_PER_SEC)

typedef struct Timing {
        uint64_t token_usec, consensus_usec;
        uint64_t detection_usec; /* token + consensus: from a node's death to the others' new view */
        uint64_t probe_usec;     /* between two messages to oneself */
        uint64_t isolation_usec; /* IsolationTimeoutSec=, or its default */
        uint64_t stopped_usec;   /* from a Corosync's silence until its node's workers have been stopped */
        uint64_t needed_usec;    /* the least FailoverDelaySec= with which the other side has stopped in time;
                                    the daemon, verify, timing and the manuals all mean this number */
} Timing;

#define SELF_FENCE_DEFAULT_USEC (10 * USEC_PER_SEC) /* SelfFenceSec= */

/* The least FailoverDelaySec= of an application of which something outlives a kill: the half of it that is for its
 * processes, the half that is for the rest, and the end of the host where either is too short, are over by then. The guard
 * gets there too, where the manager hung as the host was cut off. */
uint64_t timing_needs_end_usec(const Timing *t, uint64_t self_fence_usec, uint64_t grace_usec);

/* How ManagerGraceSec= is shared: what has ended on a node whose manager is gone before the others start there. From the
 * end of the manager on, but for the first. doc/guarantees.md has the table. */
typedef struct GraceTiming {
        uint64_t watchdog_usec; /* a manager on which workers depend and that gives no sign of life for so long is ended */
        uint64_t stop_usec; /* the guard stops the workers; so does a manager that is not in the group for so long */
        uint64_t kill_usec; /* the guard kills them */
        uint64_t end_kill_usec; /* and, by then, those of which something outlives a kill: that has until `fuse_usec` */
        uint64_t fuse_usec;    /* the host goes down where some of it is left */
        uint64_t answer_usec;  /* for systemd to kill, before the control groups are killed by hand */
        uint64_t connect_usec; /* for one try to reach systemd */
} GraceTiming;

#define MANAGER_GRACE_DEFAULT_USEC (15 * USEC_PER_SEC)

GraceTiming grace_timing_of(uint64_t grace_usec);

/* From its deadline to the end of the host: the fuse goes off so much ahead of the moment by which the manager wants it down. Where
 * little is left it may be late, but not without reason: a probe takes its time. */
#define FUSE_TAKES_USEC (500 * USEC_PER_MSEC)

uint64_t fuse_ahead_usec(uint64_t left_usec);

/* What a planned leave gives to each of the things that it waits for, one after the other. When the last is over the
 * manager ends, whatever is left. distro-manager(8) explains it. */
typedef struct LeaveTiming {
        uint64_t ask_usec;   /* systemd says why the manager is to end; half of it over the system bus */
        uint64_t group_usec; /* the group decides the stops; what runs then is stopped without it */
        uint64_t stop_usec;  /* the workers end; what runs then is killed */
        uint64_t rest_usec; /* the killed ones end, and the group hears of it. From the moment on when nothing but
                              * processes left after their stop is waited for no more than this is given either: they
                              * are killed after half of it */
} LeaveTiming;

#define LEAVE_STOP_DEFAULT_USEC \
        (90 * USEC_PER_SEC) /* of a worker without TimeoutStopSec=, as systemd has it */

/* `longest_stop_usec`: of the TimeoutStopSec= of what runs here, with what its parts may take. A stop takes systemd several times that at most, for
 * ExecStop=, SIGTERM and ExecStopPost=; while the host goes down systemd stops the workers by itself as well, and one of
 * them is all that is waited for. */
LeaveTiming leave_timing_of(uint64_t longest_stop_usec, bool shutdown);
/* From the signal to the end of the manager. */
uint64_t leave_timing_total(const LeaveTiming *t);

/* `isolation_usec` 0: the default, 1.25 times the detection, with a quorum device 6 s more. */
Timing timing_of(uint64_t token_usec, uint64_t consensus_usec, uint64_t isolation_usec, bool quorum_device);
