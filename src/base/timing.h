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

/* `isolation_usec` 0: the default, 1.25 times the detection, with a quorum device 6 s more. */
Timing timing_of(uint64_t token_usec, uint64_t consensus_usec, uint64_t isolation_usec, bool quorum_device);
