/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "daemon/manager-internal.h"
#include "base/timing.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <malloc.h>
#include <unistd.h>

#define TRIM_USEC (5 * USEC_PER_SEC)
#define WATCHDOG_DEFAULT_USEC \
        USEC_PER_SEC /* the loop's own heartbeat where systemd expects no signs of life */
#define START_HANG_USEC (30 * USEC_PER_SEC)
#define STATUS_DELAY_USEC (100 * USEC_PER_MSEC)

static void leave_idle(Manager *m);

static uint64_t clock_usec(clockid_t clock)
{
        struct timespec t;

        (void) clock_gettime(clock, &t); /* cannot fail for the clocks of this file */
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

uint64_t boottime_usec(void)
{
        return clock_usec(CLOCK_BOOTTIME);
}

void manager_trim_later(Manager *m)
{
        m->trim_usec = boottime_usec() + TRIM_USEC;
        leave_idle(m);
}

/* ---- the end ---- */

void manager_exit(Manager *m, int status)
{
        if (m->exiting)
                return;
        m->exiting = true;
        m->exit_status = status;
        (void) sd_event_exit(m->event, status); /* the loop asks `exiting` as well */
}

void manager_fail(Manager *m, int error, const char *what)
{
        journal_text(m->journal, JOURNAL_FAILED, "%s failed: %s", what, strerror(-error));
        notify_errno(m->notify, -error);
        manager_exit(m, MANAGER_EXIT_FAILURE);
}

/* ---- timers, names, words ---- */

int manager_arm(Manager *m, sd_event_source **source, uint64_t delay_usec, sd_event_time_handler_t handler)
{
        uint64_t usec = usec_add(boottime_usec(), delay_usec);
        int r;

        if (!*source)
                return sd_event_add_time(m->event, source, CLOCK_BOOTTIME, usec, 1, handler, m);
        r = sd_event_source_set_time(*source, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

void manager_disarm(sd_event_source *source)
{
        if (source)
                (void) sd_event_source_set_enabled(
                                source, SD_EVENT_OFF); /* fails for a loop that has ended only */
}

const char *manager_node_name(const Manager *m, uint32_t node_id)
{
        const ClusterNode *node = m->cluster ? cluster_info_find(m->cluster, node_id) : NULL;

        return node ? node->name : "?";
}

void manager_status(Manager *m, const char *format, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        notify_status(m->notify, text);
}

/* ---- the step ---- */

static LateEvent *late_free(LateEvent *l)
{
        free(l->app);
        free(l->reason);
        free(l);
        return NULL;
}

static void late_add(Manager *m, const LateEvent *late)
{
        LateEvent *l = calloc(1, sizeof(*l));

        if (!l)
                return manager_fail(m, -ENOMEM, "remembering what became of an effect");
        *l = *late;
        *m->late_end = l;
        m->late_end = &l->next;
}

void manager_late_unit(Manager *m, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason)
{
        LateEvent late = { .type = EVENT_UNIT,
                .app = strdup(app),
                .epoch = epoch,
                .state = state,
                .unit_digest = unit_digest,
                .reason = strdup(strempty(reason)) };

        if (!late.app || !late.reason) {
                free(late.app);
                free(late.reason);
                return manager_fail(m, -ENOMEM, "remembering what became of an effect");
        }
        late_add(m, &late);
}

void manager_late_written(Manager *m, Revision revision, int error)
{
        late_add(m, &(LateEvent){ .type = EVENT_WRITTEN, .revision = revision, .error = error });
}

/* Finds out how much time has gone since the loop looked last. While it waits for events it is woken by the
 * heartbeat, so a long gap means that we could not run: the host slept, or we were stopped. Where nothing runs here
 * the heartbeat is slow and only a host that slept is noticed: a start waits for Corosync's answer anyway. */
static bool turn_was_late(Manager *m)
{
        uint64_t boottime = boottime_usec(), monotonic = clock_usec(CLOCK_MONOTONIC), gone, slept;
        bool first = m->turn_boottime_usec == 0;

        gone = boottime - m->turn_boottime_usec;
        slept = gone - MIN(gone, monotonic - m->turn_monotonic_usec);
        m->turn_boottime_usec = boottime;
        m->turn_monotonic_usec = monotonic;
        if (first || m->isolation_usec == 0)
                return false;
        if ((m->idle || gone <= m->isolation_usec / 2) && slept <= m->isolation_usec / 2)
                return false;
        journal_text(m->journal, JOURNAL_SUSPENDED,
                        "this host or this process did not run for %" PRIu64 ".%03" PRIu64
                        " s: nothing is started before "
                        "Corosync has answered",
                        gone / USEC_PER_SEC, gone % USEC_PER_SEC / USEC_PER_MSEC);
        return true;
}

static void step_once(Manager *m, Event *event)
{
        EffectList effects = {};
        int r;

        if (m->exiting || m->leave == LEAVE_GOING)
                return;
        m->now_usec = MAX(m->now_usec, boottime_usec());
        event->now_usec = m->now_usec;
        event->realtime_usec = clock_usec(CLOCK_REALTIME);
        r = engine_step(m->engine, event, &effects);
        if (r < 0)
                manager_fail(m, r, "the engine");
        else {
                leave_idle(m);
                effects_carry_out(m, &effects);
        }
        effect_list_done(&effects);
}

/* Probes that are still on their way prove nothing any more. */
static void step_suspended(Manager *m)
{
        if (m->group)
                group_forget_probes(m->group);
        step_once(m, &(Event){ .type = EVENT_SUSPENDED });
}

static void step_late(Manager *m)
{
        while (m->late) {
                LateEvent *l = m->late;

                m->late = l->next;
                if (!m->late)
                        m->late_end = &m->late;
                if (l->type == EVENT_UNIT)
                        step_once(m, &(Event){ .type = EVENT_UNIT,
                                                     .unit = { .app = l->app,
                                                                     .epoch = l->epoch,
                                                                     .state = l->state,
                                                                     .unit_digest = l->unit_digest,
                                                                     .reason = *l->reason ? l->reason
                                                                                          : NULL } });
                else
                        step_once(m, &(Event){ .type = EVENT_WRITTEN, .written = { l->revision, l->error } });
                late_free(l);
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        manager_step(userdata, &(Event){ .type = EVENT_TIME });
        return 0;
}

static void rearm_timer(Manager *m)
{
        uint64_t deadline = engine_deadline(m->engine), now = boottime_usec();
        int r;

        if (deadline == USEC_INFINITY) {
                manager_disarm(m->timer);
                return;
        }
        r = manager_arm(m, &m->timer, deadline > now ? deadline - now : 0, on_timer);
        if (r < 0)
                manager_fail(m, r, "arming the engine's timer");
}

static bool shows_engine_status(const Manager *m)
{
        return m->leave == LEAVE_NO || m->leave == LEAVE_HANDING_OVER;
}

/* The engine's line; while Corosync is waited for also why. */
static char *status_text(const Manager *m)
{
        char *text = engine_status_text(m->engine, m->now_usec), *longer;

        if (!text || !m->trouble || m->leave != LEAVE_NO)
                return text;
        if (asprintf(&longer, "%s: %s", text, m->trouble) < 0)
                return text;
        free(text);
        return longer;
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        _cleanup_free_ char *text = NULL;

        m->status_pending = false;
        if (!m->engine || m->exiting || !shows_engine_status(m))
                return 0;
        text = status_text(m);
        if (text)
                notify_status(m->notify, text);
        return 0;
}

void manager_status_later(Manager *m)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (!m->engine || m->exiting || m->status_pending || !shows_engine_status(m))
                return;
        text = status_text(m);
        if (!text || notify_status_is(m->notify, text))
                return;
        r = manager_arm(m, &m->status_timer, STATUS_DELAY_USEC, on_status_timer);
        if (r < 0)
                return manager_fail(m, r, "arming the timer of the status");
        m->status_pending = true;
}

static void finish_step(Manager *m)
{
        guard_link_update(m);
        (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
        rearm_timer(m);
        manager_status_later(m);
}

void manager_step(Manager *m, Event *event)
{
        if (!m->engine || m->exiting || m->leave == LEAVE_GOING)
                return;
        ASSERT(!m->stepping);
        m->stepping = true;
        if (turn_was_late(m))
                step_suspended(m);
        step_once(m, event);
        step_late(m);
        m->stepping = false;
        if (!m->exiting)
                finish_step(m);
}

/* Where too much time has gone the engine knows it before it is told anything else. */
static void look_at_clocks(Manager *m)
{
        if (!m->engine || m->exiting || m->leave == LEAVE_GOING || !turn_was_late(m))
                return;
        m->stepping = true;
        step_suspended(m);
        step_late(m);
        m->stepping = false;
        if (!m->exiting)
                finish_step(m);
}

/* ---- signs of life ---- */

/* A gap of half of the isolation time means that we could not run, so while nothing happens the loop must turn more
 * often than that: where Corosync's timeouts are short the watchdog alone would not see to it. An idle loop sleeps. */
static uint64_t heartbeat_distance(const Manager *m)
{
        if (m->idle)
                return WATCHDOG_IDLE_USEC / 4;
        return m->isolation_usec > 0 ? MIN(m->heartbeat_usec, m->isolation_usec / 4) : m->heartbeat_usec;
}

/* No worker depends on this manager: systemd need not ask for signs of life more than now and then. */
static bool may_idle(const Manager *m)
{
        return m->engine && engine_is_synced(m->engine) && !engine_has_workers(m->engine) &&
               m->leave == LEAVE_NO && m->trim_usec == 0;
}

static void set_idle(Manager *m, bool idle)
{
        if (m->idle == idle)
                return;
        m->idle = idle;
        if (m->watchdog)
                notify_watchdog_usec(m->notify, idle ? WATCHDOG_IDLE_USEC : m->watchdog_usec);
        m->guard.dirty = true;
        guard_link_update(m);
}

/* systemd's watchdog begins with READY=1, for which a node may have to wait without end; a start timeout that is extended
 * on and on would be counted from its beginning again by each daemon-reload. Until then a manager that hangs would be a
 * member that does not answer, and block what it ran before. So it is ended by SIGALRM, and systemd starts another. */
static void watch_start(Manager *m, bool on)
{
        uint64_t usec = on && m->watchdog && !m->ready ? m->hang_usec + heartbeat_distance(m) : 0;
        struct itimerval t = { .it_value = { .tv_sec = (time_t) (usec / USEC_PER_SEC),
                                               .tv_usec = (suseconds_t) (usec % USEC_PER_SEC) } };

        (void) setitimer(ITIMER_REAL, &t, NULL); /* cannot fail with such values */
}

void manager_ready(Manager *m)
{
        notify_ready(m->notify);
        m->ready = true;
        watch_start(m, false);
}

/* sd-event serves sources of equal priority in turn, so when this one is due again each part that had something to do has
 * done it. */
static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        bool flushed = notify_flush(m->notify); /* what does not pass now is tried again with the next one */

        if (m->trim_usec > 0 && boottime_usec() >= m->trim_usec) {
                m->trim_usec = 0;
                (void) malloc_trim(0); /* whether there was anything */
        }
        bus_link_check(m);
        set_idle(m, flushed && may_idle(m));
        if (m->watchdog)
                notify_watchdog(m->notify);
        if (!m->ready)
                watch_start(m, true);
        return manager_arm(m, &m->heartbeat, heartbeat_distance(m), on_heartbeat);
}

static void rearm_heartbeat(Manager *m)
{
        int r = manager_arm(m, &m->heartbeat, heartbeat_distance(m), on_heartbeat);

        if (r < 0)
                manager_fail(m, r, "arming a timer");
}

/* Before the first worker's start is asked for, the watchdog has its proper time again. */
static void leave_idle(Manager *m)
{
        if (!m->idle || may_idle(m))
                return;
        set_idle(m, false);
        rearm_heartbeat(m);
}

void manager_set_isolation(Manager *m, uint64_t usec)
{
        m->isolation_usec = usec;
        if (m->heartbeat_usec > 0) /* it has begun */
                rearm_heartbeat(m);
}

/* WatchdogSec= as the unit has it, but at most a quarter of the grace; $WATCHDOG_USEC tells both. */
static int begin_heartbeat(Manager *m)
{
        uint64_t usec = 0;
        int r = sd_watchdog_enabled(false, &usec);

        m->heartbeat_usec = WATCHDOG_DEFAULT_USEC;
        if (r > 0) {
                m->watchdog = true;
                (void) signal(SIGALRM, SIG_DFL); /* whoever started us may have ignored it */
                m->watchdog_usec = MIN(usec, MAX(grace_timing_of(m->config.manager_grace_usec).watchdog_usec,
                                                             USEC_PER_MSEC));
                if (m->watchdog_usec < usec)
                        notify_watchdog_usec(m->notify, m->watchdog_usec);
                m->heartbeat_usec = MAX(m->watchdog_usec / 4, (uint64_t) 1);
        }
        watch_start(m, true);
        return manager_arm(m, &m->heartbeat, 0, on_heartbeat);
}

/* ---- life ---- */

/* What systemd sets, else the default; both come after the root. Of several directories the first is ours. */
static char *directory_path(const char *root, const char *variable, const char *fallback)
{
        const char *from = getenv(variable);
        char *path;

        if (isempty(from) || from[0] != '/')
                from = fallback;
        if (asprintf(&path, "%s%.*s", root, (int) strcspn(from, ":"), from) < 0)
                return NULL;
        return path;
}

int manager_new(const ManagerOptions *options, Manager **ret)
{
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->lock_fd = -1;
        m->hang_usec = START_HANG_USEC;
        m->late_end = &m->late;
        r = journal_new(NULL, &m->journal);
        if (r < 0)
                return r;
        r = notify_new(getenv("NOTIFY_SOCKET"), &m->notify);
        if (r < 0)
                return r;
        m->root = strdup(strempty(options->root));
        m->state_directory =
                        directory_path(strempty(options->root), "STATE_DIRECTORY", STATE_DIRECTORY_DEFAULT);
        m->runtime_directory = directory_path(
                        strempty(options->root), "RUNTIME_DIRECTORY", RUNTIME_DIRECTORY_DEFAULT);
        if (!m->root || !m->state_directory || !m->runtime_directory)
                return -ENOMEM;
        r = sd_event_new(&m->event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;

        /* While a disk hangs its thread holds up our end, and with it the guard; meanwhile the others must go on
         * seeing a member that does not answer, and not one that is gone. */
        m->loader = loader_free(m->loader);
        m->writer = record_writer_free(m->writer);

        /* First whoever may call back, then what they would call. */
        m->group = group_free(m->group);
        m->cluster_reader = cluster_reader_free(m->cluster_reader);
        m->votes_reader = votes_reader_free(m->votes_reader);
        m->own_job = own_job_query_free(m->own_job);
        m->private_source = sd_event_source_unref(m->private_source);
        m->bus_server = bus_server_free(m->bus_server);
        m->units = units_free(m->units);
        bus_link_drop(m);
        guard_link_drop(m);
        m->engine = engine_free(m->engine);
        m->reader = wire_reader_free(m->reader);
        sd_event_source_unref(m->timer);
        sd_event_source_unref(m->status_timer);
        sd_event_source_unref(m->ready_timer);
        sd_event_source_unref(m->heartbeat);
        sd_event_source_unref(m->leave_timer);
        sd_event_source_unref(m->loader_source);
        sd_event_source_unref(m->writer_source);
        while (m->late) {
                LateEvent *l = m->late;

                m->late = l->next;
                late_free(l);
        }
        manager_config_done(&m->config);
        app_configs_done(&m->apps);
        m->cluster = cluster_info_free(m->cluster);
        record_done(&m->record);
        free(m->trouble);
        free(m->reloads);
        free(m->root);
        free(m->state_directory);
        free(m->runtime_directory);
        if (m->lock_fd >= 0)
                (void) close(m->lock_fd); /* last of all: the next manager may go on now */
        sd_event_unref(m->event);
        m->notify = notify_free(m->notify);
        m->journal = journal_free(m->journal);
        free(m);
        return NULL;
}

/* One turn: wait, look at the clocks, handle one thing. */
static int turn(Manager *m)
{
        int r = sd_event_prepare(m->event);

        if (r == 0)
                r = sd_event_wait(m->event, UINT64_MAX);
        if (r <= 0)
                return r;
        look_at_clocks(m);
        return sd_event_dispatch(m->event);
}

int manager_run(Manager *m)
{
        int r;

        journal_text(m->journal, JOURNAL_STARTING, "distro-manager " PACKAGE_VERSION " is starting");
        r = leave_watch_signals(m);
        if (r >= 0)
                r = start_begin(m);
        if (r >= 0 && !m->exiting)
                r = begin_heartbeat(m);
        while (r >= 0 && !m->exiting)
                r = turn(m);
        watch_start(m, false);
        if (r < 0)
                manager_fail(m, r, "the loop");
        if (m->exit_status == MANAGER_EXIT_SUCCESS)
                journal_text(m->journal, JOURNAL_ENDED, "distro-manager ends");
        notify_stopping(m->notify);
        (void) notify_flush(m->notify);
        return m->exit_status;
}
