/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timing.h"

/* A node whose Corosync is silent has noticed that after the isolation timeout, counted from the first probe
 * that was not answered. Then its workers are stopped, and killed if systemd does not answer within a second.
 *
 * With a quorum device a node that is cut off can have its view with the others and be told nothing of its quorum
 * for as long as the device is waited for. It acts as cut off when the isolation timeout is over, counted from that
 * view; and nothing says that the others waited as long for theirs. */
#define STOP_USEC (1 * USEC_PER_SEC)
#define DEVICE_USEC (6 * USEC_PER_SEC)

Timing timing_of(uint64_t token_usec, uint64_t consensus_usec, uint64_t isolation_usec, bool quorum_device)
{
        Timing t = {
                .token_usec = token_usec,
                .consensus_usec = consensus_usec,
                .detection_usec = usec_add(token_usec, consensus_usec),
        };

        t.probe_usec = t.detection_usec / TIMING_PROBES_PER_DETECTION;
        t.isolation_usec = isolation_usec > 0 ? isolation_usec
                                              : usec_add(usec_add(t.detection_usec, t.detection_usec / 4),
                                                                quorum_device ? DEVICE_USEC : 0);
        t.stopped_usec = usec_add(usec_add(t.probe_usec, t.isolation_usec), STOP_USEC);
        if (quorum_device)
                t.needed_usec = usec_add(t.isolation_usec, STOP_USEC);
        else
                t.needed_usec = t.stopped_usec == USEC_INFINITY ? USEC_INFINITY
                                                                : usec_left(t.stopped_usec, t.detection_usec);
        return t;
}

/* Without its manager the host goes down at 7/8 of the grace, which the guard begins once the watchdog has ended a manager that
 * hangs, after a quarter: 9/8 after both were cut off together. */
#define REST_USEC \
        (3 * USEC_PER_SEC) /* what is not a process takes so long to end, once a kill has been carried out */
#define SLACK_USEC (2 * USEC_PER_SEC) /* from the moment of the guard's to the others' start */

uint64_t timing_needs_end_usec(const Timing *t, uint64_t self_fence_usec, uint64_t grace_usec)
{
        uint64_t stopped = usec_add(t->needed_usec, REST_USEC);
        uint64_t hung = usec_left(
                        usec_add(usec_add(grace_usec, grace_usec / 8), SLACK_USEC), t->detection_usec);

        return MAX(stopped, MAX(self_fence_usec, hung));
}

GraceTiming grace_timing_of(uint64_t grace_usec)
{
        return (GraceTiming){
                .watchdog_usec = grace_usec / 4,
                .stop_usec = grace_usec / 2,
                .kill_usec = grace_usec - grace_usec / 4,
                .end_kill_usec = grace_usec / 2 + grace_usec / 8,
                .fuse_usec = grace_usec - grace_usec / 8,
                .answer_usec = grace_usec / 8,
                .connect_usec = grace_usec / 16,
        };
}

#define LEAVE_ASK_USEC (2 * USEC_PER_SEC)
#define LEAVE_GROUP_USEC (5 * USEC_PER_SEC)
#define LEAVE_REST_USEC (10 * USEC_PER_SEC)
#define LEAVE_REST_SHUTDOWN_USEC (2 * USEC_PER_SEC)
#define LEAVE_STOP_PARTS 3                        /* ExecStop=, SIGTERM, ExecStopPost= */
#define LEAVE_STOP_MAX_USEC (1800 * USEC_PER_SEC) /* as long as systemd itself waits for a shutdown */

LeaveTiming leave_timing_of(uint64_t longest_stop_usec, bool shutdown)
{
        LeaveTiming t = {
                .ask_usec = LEAVE_ASK_USEC,
                .group_usec = LEAVE_GROUP_USEC,
                .stop_usec = longest_stop_usec,
                .rest_usec = shutdown ? LEAVE_REST_SHUTDOWN_USEC : LEAVE_REST_USEC,
        };

        if (shutdown && t.stop_usec == USEC_INFINITY)
                t.stop_usec = LEAVE_STOP_DEFAULT_USEC;
        t.stop_usec = MIN(t.stop_usec, LEAVE_STOP_MAX_USEC);
        if (!shutdown)
                t.stop_usec = MIN(t.stop_usec * LEAVE_STOP_PARTS, LEAVE_STOP_MAX_USEC);
        return t;
}

uint64_t leave_timing_total(const LeaveTiming *t)
{
        return t->ask_usec + t->group_usec + t->stop_usec + t->rest_usec;
}

uint64_t fuse_ahead_usec(uint64_t left_usec)
{
        return MIN(FUSE_TAKES_USEC, left_usec / 8);
}
