/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/timing.h"

/* A node whose Corosync is silent has noticed that after the isolation timeout, counted from the first probe
 * that was not answered; probes are an eighth of the detection apart. Then its workers are stopped, and
 * killed if systemd does not answer within a second. */
#define PROBES_PER_DETECTION 8
#define STOP_USEC (1 * USEC_PER_SEC)
#define DEVICE_USEC (6 * USEC_PER_SEC)

Timing timing_of(uint64_t token_usec, uint64_t consensus_usec, uint64_t isolation_usec, bool quorum_device)
{
        Timing t = {
                .token_usec = token_usec,
                .consensus_usec = consensus_usec,
                .detection_usec = usec_add(token_usec, consensus_usec),
        };
        uint64_t stopped;

        t.isolation_usec = isolation_usec > 0 ? isolation_usec
                                              : usec_add(usec_add(t.detection_usec, t.detection_usec / 4),
                                                                quorum_device ? DEVICE_USEC : 0);
        stopped = usec_add(usec_add(t.detection_usec / PROBES_PER_DETECTION, t.isolation_usec), STOP_USEC);
        t.needed_usec = stopped == USEC_INFINITY ? USEC_INFINITY : usec_left(stopped, t.detection_usec);
        return t;
}
