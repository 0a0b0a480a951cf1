/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A write on its way through the thread: waiting, being written, done. */
typedef struct WriteJob WriteJob;
struct WriteJob {
        Revision revision;
        uint8_t *payload;
        size_t size_bytes;
        int error;
        WriteJob *next;
};

/* The mutex guards waiting, done, writing and stopping. It is never held while the disk works, so that the loop never
 * waits for the thread but in record_writer_free(). Done jobs are as many as were handed over, so memory is
 * bounded by the caller who fetches them. */
struct RecordWriter {
        char *directory;
        int event_fd;
        pthread_t thread;
        bool running;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        WriteJob *waiting;   /* at most one */
        WriteJob *done;      /* oldest first */
        WriteJob **done_end; /* where the next one goes */
        bool writing;
        bool stopping;
};

static WriteJob *job_free(WriteJob *j)
{
        if (!j)
                return NULL;
        free(j->payload);
        free(j);
        return NULL;
}

static void *writer_thread(void *userdata)
{
        RecordWriter *w = userdata;

        (void) pthread_mutex_lock(&w->lock);
        for (;;) {
                uint64_t one = 1;
                WriteJob *j;

                while (!w->waiting && !w->stopping)
                        (void) pthread_cond_wait(&w->wake, &w->lock);
                if (!w->waiting)
                        break;
                j = TAKE_PTR(w->waiting);
                w->writing = true;
                (void) pthread_mutex_unlock(&w->lock);

                j->error = record_write(w->directory, j->payload, j->size_bytes);
                free(TAKE_PTR(j->payload));

                (void) pthread_mutex_lock(&w->lock);
                w->writing = false;
                *w->done_end = j;
                w->done_end = &j->next;
                /* Fails only where the counter is at its end, and then it is readable already. */
                if (write(w->event_fd, &one, sizeof(one)) < 0)
                        continue;
        }
        (void) pthread_mutex_unlock(&w->lock);
        return NULL;
}

int record_writer_new(const char *directory, RecordWriter **ret)
{
        _cleanup_(record_writer_freep) RecordWriter *w = calloc(1, sizeof(*w));
        sigset_t all, before;
        int r;

        if (!w)
                return -ENOMEM;
        w->event_fd = -1;
        w->done_end = &w->done;
        (void) pthread_mutex_init(&w->lock, NULL); /* with default attributes neither can fail on Linux */
        (void) pthread_cond_init(&w->wake, NULL);
        w->directory = strdup(directory);
        if (!w->directory)
                return -ENOMEM;
        w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->event_fd < 0)
                return -errno;

        /* Signals are the loop's. */
        (void) sigfillset(&all);
        r = pthread_sigmask(SIG_SETMASK, &all, &before);
        if (r != 0)
                return -r;
        r = pthread_create(&w->thread, NULL, writer_thread, w);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        w->running = true;
        *ret = TAKE_PTR(w);
        return 0;
}

RecordWriter *record_writer_free(RecordWriter *w)
{
        if (!w)
                return NULL;
        if (w->running) {
                (void) pthread_mutex_lock(&w->lock);
                w->stopping = true;
                (void) pthread_cond_signal(&w->wake);
                (void) pthread_mutex_unlock(&w->lock);
                (void) pthread_join(w->thread, NULL);
        }
        job_free(w->waiting);
        while (w->done) {
                WriteJob *j = w->done;

                w->done = j->next;
                job_free(j);
        }
        (void) pthread_cond_destroy(&w->wake);
        (void) pthread_mutex_destroy(&w->lock);
        if (w->event_fd >= 0)
                (void) close(w->event_fd);
        free(w->directory);
        free(w);
        return NULL;
}

int record_writer_fd(const RecordWriter *w)
{
        return w->event_fd;
}

int record_writer_write(RecordWriter *w, Revision revision, uint8_t *payload, size_t size_bytes)
{
        WriteJob *j;

        if (size_bytes > RECORD_PAYLOAD_MAX) {
                free(payload);
                return -E2BIG;
        }
        j = calloc(1, sizeof(*j));
        if (!j) {
                free(payload);
                return -ENOMEM;
        }
        *j = (WriteJob){ .revision = revision, .payload = payload, .size_bytes = size_bytes };

        (void) pthread_mutex_lock(&w->lock);
        job_free(w->waiting);
        w->waiting = j;
        (void) pthread_cond_signal(&w->wake);
        (void) pthread_mutex_unlock(&w->lock);
        return 0;
}

bool record_writer_is_idle(RecordWriter *w)
{
        bool idle;

        (void) pthread_mutex_lock(&w->lock);
        idle = !w->waiting && !w->writing;
        (void) pthread_mutex_unlock(&w->lock);
        return idle;
}

bool record_writer_result(RecordWriter *w, RecordResult *ret)
{
        WriteJob *j;

        (void) pthread_mutex_lock(&w->lock);
        j = w->done;
        if (j) {
                w->done = j->next;
                if (!w->done)
                        w->done_end = &w->done;
        } else {
                uint64_t count;

                /* Under the lock no result can come in between; that nothing was to be read is as good. */
                if (read(w->event_fd, &count, sizeof(count)) < 0)
                        count = 0;
        }
        (void) pthread_mutex_unlock(&w->lock);
        if (!j)
                return false;
        *ret = (RecordResult){ .revision = j->revision, .error = j->error };
        job_free(j);
        return true;
}
