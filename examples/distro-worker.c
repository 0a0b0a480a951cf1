/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The worker of the example application "distro": it says why it was started, does its work once a second until it is
 * told to end, and ends cleanly. A program to run under distro-manager needs none of this; it may use what it likes of
 *
 *   - the environment: DISTRO_APPLICATION, DISTRO_NODE, DISTRO_START_TYPE (normal, failover or takeover),
 *     DISTRO_FROM_NODE (the node that had it before; empty for normal) and DISTRO_EPOCH, a number that grows with every
 *     start in the whole cluster: a storage that remembers the greatest it saw can refuse a worker that was left behind;
 *   - Type=notify, so that the application counts as running when the worker is ready, and not when its process exists;
 *   - WatchdogSec=, which the event loop below serves by itself. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#define TICK_USEC UINT64_C(1000000)
#define TICK_ACCURACY_USEC UINT64_C(1000)

typedef struct Worker {
        const char *application;
        const char *node;
        sd_event *event;
        sd_event_source *timer;
        uint64_t n_ticks;
} Worker;

/* The value of an environment variable; what the manager did not set is empty when the worker is tried by hand. */
static const char *environment(const char *name)
{
        const char *value = getenv(name);

        return value ? value : "";
}

static void worker_say_start(const Worker *w)
{
        const char *type = environment("DISTRO_START_TYPE"), *from = environment("DISTRO_FROM_NODE");

        printf("%s: start type %s on %s%s%s, epoch %s\n", w->application, *type ? type : "unknown", w->node,
                        *from ? ", from " : "", from, environment("DISTRO_EPOCH"));
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        Worker *w = userdata;
        int r;

        printf("%s: tick %" PRIu64 " on %s\n", w->application, ++w->n_ticks, w->node);
        (void) sd_notifyf(0, "STATUS=%" PRIu64 " ticks", w->n_ticks);

        r = sd_event_source_set_time(source, usec + TICK_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Worker *w = userdata;

        printf("%s: end on %s after %" PRIu64 " ticks\n", w->application, w->node, w->n_ticks);
        (void) sd_notify(0, "STOPPING=1");
        return sd_event_exit(w->event, 0);
}

static int worker_run(Worker *w)
{
        sigset_t ends;
        int r;

        /* sd-event takes only signals that are blocked. */
        if (sigemptyset(&ends) < 0 || sigaddset(&ends, SIGTERM) < 0 || sigaddset(&ends, SIGINT) < 0 ||
                        sigprocmask(SIG_BLOCK, &ends, NULL) < 0)
                return -errno;

        r = sd_event_new(&w->event);
        if (r < 0)
                return r;
        r = sd_event_add_signal(w->event, NULL, SIGTERM, on_end, w);
        if (r < 0)
                return r;
        r = sd_event_add_signal(w->event, NULL, SIGINT, on_end, w);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(
                        w->event, &w->timer, CLOCK_MONOTONIC, TICK_USEC, TICK_ACCURACY_USEC, on_tick, w);
        if (r < 0)
                return r;
        r = sd_event_set_watchdog(w->event, true);
        if (r < 0)
                return r;

        r = sd_notify(0, "READY=1");
        if (r < 0)
                return r;
        return sd_event_loop(w->event);
}

int main(void)
{
        Worker w = {
                .application = environment("DISTRO_APPLICATION"),
                .node = environment("DISTRO_NODE"),
        };
        int r;

        /* The journal gets every line as it is said, also through a pipe. */
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        worker_say_start(&w);

        r = worker_run(&w);
        sd_event_source_unref(w.timer);
        sd_event_unref(w.event);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", w.application, strerror(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
