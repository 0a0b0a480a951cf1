/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/group: one call that may wait for ever, on a thread of its own. */

#include <systemd/sd-event.h>

#include "base/macros.h"

typedef struct Task Task;

typedef void (*TaskFunction)(void *data);
typedef void (*TaskDone)(void *data, void *userdata);

/* Runs run(data) on a thread; then done(data, userdata) is called from the loop, and from then on `data` is
 * the callee's. If the task is freed before, release(data) is called on a thread instead, as soon as run() is
 * over. On failure nothing has been called and `data` is still the caller's. */
int task_start(sd_event *loop, TaskFunction run, TaskDone done, TaskFunction release, void *data,
                void *userdata, Task **ret);
/* Also from within done(). */
Task *task_free(Task *t);
DEFINE_TRIVIAL_CLEANUP(Task *, task_free)

/* Runs run(data) on a thread, and no caller waits for it. */
int task_detach(TaskFunction run, void *data);

/* What asks Corosync again and again, one task at a time. */
typedef struct TaskSeries {
        sd_event *loop; /* a reference */
        Task *task;
        sd_event_source *timer; /* of the next one */
} TaskSeries;

void task_series_done(TaskSeries *s);
