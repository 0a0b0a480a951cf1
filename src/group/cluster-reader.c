/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "group/cluster-reader.h"

#include <time.h>

#include "group/queue.h"
#include "group/task.h"

/* One attempt; the thread's until it is done. */
typedef struct ReadAttempt {
        int error;
        ClusterInfo *cluster;
        char *why;
} ReadAttempt;

struct ClusterReader {
        TaskSeries series;
        ClusterCallback callback;
        void *userdata;
        size_t n_failed;
};

static void run_read(void *data)
{
        ReadAttempt *a = data;

        a->error = cluster_info_read(&a->cluster, &a->why);
}

static void release_read(void *data)
{
        ReadAttempt *a = data;

        cluster_info_free(a->cluster);
        free(a->why);
        free(a);
}

static int on_try(sd_event_source *source, uint64_t usec, void *userdata);

static void reader_wait(ClusterReader *r, uint64_t usec)
{
        int k;

        r->series.timer = sd_event_source_disable_unref(r->series.timer);
        k = sd_event_add_time_relative(r->series.loop, &r->series.timer, CLOCK_BOOTTIME, usec, 1, on_try, r);
        if (k < 0)
                (void) sd_event_exit(r->series.loop, k); /* nothing would ever go on */
}

static void on_read(void *data, void *userdata)
{
        ReadAttempt *a = data;
        ClusterReader *r = userdata;

        r->series.task = task_free(r->series.task);
        if (a->error == -ENOTCONN)
                reader_wait(r, reconnect_delay_usec(r->n_failed++));
        r->callback(r->userdata, a->error, TAKE_PTR(a->cluster), a->why ? a->why : strerror(-a->error));
        release_read(a);
}

static int on_try(sd_event_source *source, uint64_t usec, void *userdata)
{
        ClusterReader *r = userdata;
        ReadAttempt *a = calloc(1, sizeof(*a));
        int k = -ENOMEM;

        r->series.timer = sd_event_source_disable_unref(r->series.timer);
        if (a)
                k = task_start(r->series.loop, run_read, on_read, release_read, a, r, &r->series.task);
        if (k < 0) {
                free(a);
                reader_wait(r, reconnect_delay_usec(r->n_failed++));
        }
        return 0;
}

int cluster_reader_new(sd_event *loop, ClusterCallback callback, void *userdata, ClusterReader **ret)
{
        ClusterReader *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return -ENOMEM;
        r->series.loop = sd_event_ref(loop);
        r->callback = callback;
        r->userdata = userdata;
        k = sd_event_add_time_relative(loop, &r->series.timer, CLOCK_BOOTTIME, 0, 1, on_try, r);
        if (k < 0) {
                cluster_reader_free(r);
                return k;
        }
        *ret = r;
        return 0;
}

ClusterReader *cluster_reader_free(ClusterReader *r)
{
        if (!r)
                return NULL;
        task_series_done(&r->series);
        free(r);
        return NULL;
}
