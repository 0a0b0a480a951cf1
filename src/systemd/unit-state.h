/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd says about a worker's unit, and what that means. Pure: no bus, no clock, nothing is kept.
 *
 * The decision needs two things: the unit's properties as they are now, or as they last were, where systemd has already
 * forgotten the unit; and what was seen of this copy before. An inactive unit alone does not tell whether its worker
 * was stopped by us, was stopped by another hand, or came to its own end. */

#include "engine/types.h"

#define UNIT_REASON_MAX \
        384u /* bytes of a reason, with its final zero: it can have the longest names in it, and a command */

/* The properties that count. Strings are cut to their field; "" is "not known". */
typedef struct UnitProperties {
        char load_state[16];   /* "loaded", "not-found", "masked" ... */
        char active_state[16]; /* "active", "inactive", "failed" ... */
        char sub_state[24];
        char result[24];          /* "success", "exit-code", "signal", "timeout" ... */
        int32_t exec_main_code;   /* CLD_EXITED ...; 0: its main process has not ended */
        int32_t exec_main_status; /* exit status or signal */
        uint32_t n_restarts;      /* by systemd itself, of this copy */
        uint32_t job_id;          /* of the job that waits or runs; 0: none */
        uint64_t ended_usec;      /* when it became inactive or failed last, CLOCK_MONOTONIC; 0: never */
        uint8_t invocation_id[16];
        char fragment_path[160];
        char control_group[256]; /* "" also where it would not fit */
        char slice[256];         /* the same; where its control group is to be, which a drop-in may say */
        uint64_t environment_epoch,
                        log_epoch; /* DISTRO_EPOCH= in Environment=, in LogExtraFields=; 0: none */
        uint64_t epoch;  /* the first of the two that says one; 0: neither, so it is not known to be ours */
        uint64_t digest; /* DISTRO_DEFINITION= in LogExtraFields=: what it was started from; 0: not known */
        bool transient;
        bool condition_failed; /* a Condition...= was not met at the last attempt */
        bool assert_failed;
} UnitProperties;

/* What was seen of one copy. */
typedef struct UnitHistory {
        bool ran;          /* it was seen at work, or its start job was done */
        bool stop_asked;   /* by us */
        bool outside_stop; /* a stop job that is not ours was seen */
        bool restart_job;  /* the job at work is a restart from outside: the copy goes on afterwards */
        bool going_down;   /* this host, corosync.service or the manager is being stopped */
        bool by_guard;     /* it ended while the guard was ending what is here */
        bool blind;        /* systemd could not be heard when it ended */
        bool left_over;    /* its control group holds processes although systemd is through with it */
        char job_result[16]; /* of our start job: "done", "failed", "dependency" ...; "": no end of it was seen */
} UnitHistory;

/* True if systemd knows a unit of that name, in whatever state. */
bool unit_properties_exist(const UnitProperties *p);
/* True if processes of it may be at work: anything but inactive, failed and unknown to systemd. */
bool unit_properties_are_alive(const UnitProperties *p);
/* True if it has none yet, or none any more, and a job that can change that. Such a start waits for a unit that the
 * worker requires, or for its turn. */
bool unit_properties_are_pending(const UnitProperties *p);

/* How the copy stands. `ret_reason`: for FAILED, REFUSED and STUCK systemd's result in words ("exit-code, status 1",
 * "signal SEGV", "start-limit-hit", "timeout"). For STARTING, while systemd waits to start it again, how often it did
 * so and why. Else "". It has room for UNIT_REASON_MAX bytes. NONE: there is no such unit, and none was ever seen. */
UnitState unit_state_from_properties(const UnitProperties *p, const UnitHistory *h, char *ret_reason);

/* The result in words. */
void unit_result_to_words(const UnitProperties *p, char *ret, size_t size_bytes);
