/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pulse.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>

#include "daemon/loop.h"

#define TRIM_USEC (5 * USEC_PER_SEC)
#define WATCHDOG_DEFAULT_USEC \
        USEC_PER_SEC /* the loop's own heartbeat where systemd expects no signs of life */

/* ---- the clocks ---- */

/* Finds out how much time has gone since the loop looked last. While it waits for events it is woken by the
 * heartbeat, so a long gap means that we could not run: the host slept, or we were stopped. Where nothing runs here
 * the heartbeat is slow and only a host that slept is noticed: a start waits for Corosync's answer anyway. */
bool pulse_was_late(Manager *m)
{
        uint64_t boottime = boottime_usec(), monotonic = monotonic_usec(), gone, slept;
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
        m->pulse_hooks->idle_changed(m);
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

void pulse_ready(Manager *m)
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
        m->pulse_hooks->beat(m);
        set_idle(m, flushed && may_idle(m));
        if (m->watchdog)
                notify_watchdog(m->notify);
        if (!m->ready)
                watch_start(m, true);
        return loop_arm(m, &m->heartbeat, heartbeat_distance(m), on_heartbeat);
}

static void rearm_heartbeat(Manager *m)
{
        int r = loop_arm(m, &m->heartbeat, heartbeat_distance(m), on_heartbeat);

        if (r < 0)
                loop_fail(m, r, "arming a timer");
}

void pulse_leave_idle(Manager *m)
{
        if (!m->idle || may_idle(m))
                return;
        set_idle(m, false);
        rearm_heartbeat(m);
}

void pulse_set_isolation(Manager *m, uint64_t usec)
{
        m->isolation_usec = usec;
        if (m->heartbeat_usec > 0) /* it has begun */
                rearm_heartbeat(m);
}

/* WatchdogSec= as the unit has it, but at most a quarter of the grace; $WATCHDOG_USEC tells both. */
int pulse_begin(Manager *m)
{
        uint64_t usec = 0;
        int r = sd_watchdog_enabled(false, &usec);

        m->heartbeat_usec = WATCHDOG_DEFAULT_USEC;
        if (r > 0) {
                m->watchdog = true;
                (void) signal(SIGALRM, SIG_DFL); /* the process that started us may have ignored it */
                m->watchdog_usec = MIN(usec, MAX(grace_timing_of(m->config.manager_grace_usec).watchdog_usec,
                                                             USEC_PER_MSEC));
                if (m->watchdog_usec < usec)
                        notify_watchdog_usec(m->notify, m->watchdog_usec);
                m->heartbeat_usec = MAX(m->watchdog_usec / 4, (uint64_t) 1);
        }
        watch_start(m, true);
        return loop_arm(m, &m->heartbeat, 0, on_heartbeat);
}

void pulse_end(Manager *m)
{
        watch_start(m, false);
}

void pulse_trim_later(Manager *m)
{
        m->trim_usec = boottime_usec() + TRIM_USEC;
        pulse_leave_idle(m);
}
