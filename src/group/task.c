/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "group/task.h"

/* What loop and thread share. The last of them to let go cleans up; the loop hands that to a thread, as releasing
 * may wait for ever too. */
typedef struct TaskShared {
        atomic_uint n_refs;
        atomic_bool over; /* what the thread wrote before it set this is for the loop to read */
        int fd;           /* readable when run() is over */
        TaskFunction run;
        TaskFunction release;
        void *data; /* NULL once done() has it */
} TaskShared;

struct Task {
        TaskShared *shared;
        sd_event_source *source;
        TaskDone done;
        void *userdata;
};

typedef struct Detached {
        TaskFunction run;
        void *data;
} Detached;

/* The signals are the loop's. */
static int start_thread(void *(*function)(void *), void *argument)
{
        sigset_t all, before;
        pthread_attr_t attributes;
        pthread_t thread;
        int r;

        r = pthread_attr_init(&attributes);
        if (r != 0)
                return -r;
        (void) pthread_attr_setdetachstate(
                        &attributes, PTHREAD_CREATE_DETACHED); /* fails for a wrong state only */
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, &attributes, function, argument);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attributes);
        return -r;
}

static void *detached_main(void *argument)
{
        Detached *d = argument;

        d->run(d->data);
        free(d);
        return NULL;
}

int task_detach(TaskFunction run, void *data)
{
        Detached *d = malloc(sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        *d = (Detached){ run, data };
        r = start_thread(detached_main, d);
        if (r < 0)
                free(d);
        return r;
}

static void shared_free(TaskShared *s)
{
        if (s->fd >= 0)
                (void) close(s->fd);
        free(s);
}

static bool shared_unref(TaskShared *s)
{
        return atomic_fetch_sub(&s->n_refs, 1) == 1;
}

static void *task_main(void *argument)
{
        TaskShared *s = argument;
        uint64_t one = 1;

        s->run(s->data);
        atomic_store(&s->over, true);
        (void) !write(s->fd, &one, sizeof(one)); /* a fresh eventfd takes it */
        if (shared_unref(s)) {
                if (s->data)
                        s->release(s->data);
                shared_free(s);
        }
        return NULL;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Task *t = userdata;
        void *data;

        ASSERT(atomic_load(&t->shared->over));
        data = TAKE_PTR(t->shared->data);
        t->source = sd_event_source_disable_unref(t->source);
        t->done(data, t->userdata); /* may free the task */
        return 0;
}

int task_start(sd_event *loop, TaskFunction run, TaskDone done, TaskFunction release, void *data,
                void *userdata, Task **ret)
{
        _cleanup_free_ Task *t = calloc(1, sizeof(*t));
        TaskShared *s = calloc(1, sizeof(*s));
        int r;

        if (!t || !s) {
                free(s);
                return -ENOMEM;
        }
        *s = (TaskShared){ .n_refs = 2, .run = run, .release = release, .data = data };
        s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = s->fd < 0 ? -errno : sd_event_add_io(loop, &t->source, s->fd, EPOLLIN, on_done, t);
        if (r >= 0)
                r = start_thread(task_main, s);
        if (r < 0) {
                sd_event_source_disable_unref(t->source);
                shared_free(s);
                return r;
        }
        t->shared = s;
        t->done = done;
        t->userdata = userdata;
        *ret = TAKE_PTR(t);
        return 0;
}

Task *task_free(Task *t)
{
        TaskShared *s;

        if (!t)
                return NULL;
        s = t->shared;
        sd_event_source_disable_unref(t->source);
        free(t);
        if (!shared_unref(s))
                return NULL;
        if (s->data)
                (void) task_detach(s->release,
                                s->data); /* without a thread to be had it stays until the process ends */
        shared_free(s);
        return NULL;
}

void task_series_done(TaskSeries *s)
{
        task_free(s->task);
        sd_event_source_disable_unref(s->timer);
        sd_event_unref(s->loop);
}
