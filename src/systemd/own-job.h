/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stop or restart? What systemd is doing to this manager, to Corosync and to this host. Asked while SIGTERM is being
 * handled, and before the end of a worker that was stopped by another hand is judged. */

#include <systemd/sd-bus.h>

#include "base/macros.h"

#define COROSYNC_UNIT "corosync.service"

typedef enum OwnJob {
        OWN_JOB_NONE, /* no job, or one that ends nothing */
        OWN_JOB_STOP,
        OWN_JOB_RESTART,
        OWN_JOB_SHUTDOWN, /* the host goes down; only as the answer for the manager itself */
} OwnJob;

typedef struct OwnJobAnswer {
        int error; /* 0, or negative errno: systemd did not answer, the rest says nothing. The caller asks again
                          * or decides without */
        OwnJob manager;  /* the job of our own unit; SHUTDOWN if the host goes down, whatever that job is */
        OwnJob corosync; /* NONE, STOP or RESTART */
        bool powers_off; /* the host goes down and is to stay down: poweroff.target or halt.target is being started */
} OwnJobAnswer;

typedef void (*OwnJobCallback)(const OwnJobAnswer *answer, void *userdata);

/* A query in flight. Freeing it cancels the callback. */
typedef struct OwnJobQuery OwnJobQuery;

/* Asks on `bus`; `own_unit` is the name of the manager's unit. The callback comes once, from the loop, never from
 * within this call; it may free the query. Returns 0, or what sd-bus says where nothing could be sent. */
int own_job_query_new(sd_bus *bus, const char *own_unit, OwnJobCallback callback, void *userdata,
                OwnJobQuery **ret);
OwnJobQuery *own_job_query_free(OwnJobQuery *q);
DEFINE_TRIVIAL_CLEANUP(OwnJobQuery *, own_job_query_free)

/* True if the manager's end is a planned leave: the host goes down, our own unit is being stopped, or Corosync is being
 * stopped or restarted. A restart of the manager alone is none. */
bool own_job_is_leave(const OwnJobAnswer *answer);
