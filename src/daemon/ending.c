/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/ending.h"

#include <signal.h>

#include "base/array.h"
#include "daemon/bus-link.h"
#include "daemon/events.h"
#include "daemon/fuse-link.h"
#include "daemon/guard-link.h"
#include "daemon/loop.h"
#include "daemon/reload.h"

/* How the manager's end goes on from a signal:
 *
 *   no engine yet                        ends at once: it has nothing that could be handed over
 *   systemd restarts our unit, or this
 *   node has another name or number      EVENT_RESTART; with EFFECT_LEFT, which waits for another member in step, it
 *                                        leaves the group and ends; the workers run on. But while a disk
 *                                        hangs this process could not end, so the guard would not count: until
 *                                        what is being written is written it stays a member, whose copies the
 *                                        others leave alone
 *   a stop, a shutdown, Corosync's end,  EVENT_LEAVE; EFFECT_LEFT ends it, and systemd is asked for more time
 *   or a signal by hand                  until then. How long it takes at most is leave_timing_of()'s to say
 *   systemd does not answer in time      the same: a hand-over is never wrong, only more than was needed
 *
 * The bus may be down for good, as in a shutdown, or until this manager has ended, where both are restarted in one call:
 * so without it systemd is spoken to over its own socket. */

#define EXTEND_USEC (30 * USEC_PER_SEC)       /* while leaving, systemd is asked for so much more time ... */
#define EXTEND_EVERY_USEC (10 * USEC_PER_SEC) /* ... in these steps */

static bool is_over(const Manager *m)
{
        return boottime_usec() - m->leave_usec > leave_timing_total(&m->leave_timing);
}

static int on_extend(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        if (is_over(m)) /* systemd may end what cannot even say that it has left */
                return 0;
        notify_extend(m->notify, EXTEND_USEC);
        return loop_arm(m, &m->leave_timer, EXTEND_EVERY_USEC, on_extend);
}

/* As long as it may take: the worker, and then its parts one after the other. */
static uint64_t time_to_stop(const AppConfig *a)
{
        uint64_t stop = a->stop_timeout_usec > 0 ? a->stop_timeout_usec : LEAVE_STOP_DEFAULT_USEC;

        FOREACH_ARRAY(part, a->parts.items, a->parts.n_items)
                stop = usec_add(stop, part->stop_timeout_usec);
        return stop;
}

/* Of the applications that run here, by their files. */
static uint64_t longest_stop(const Manager *m)
{
        uint64_t longest = 0;

        FOREACH_ARRAY(a, m->apps.items, m->apps.n_items) {
                UnitInfo info;

                if (units_find(m->units, a->definition.name, &info) && unit_state_is_alive(info.state))
                        longest = MAX(longest, time_to_stop(a));
        }
        return longest > 0 ? longest : LEAVE_STOP_DEFAULT_USEC;
}

static void hand_over(Manager *m, const char *why, bool shutdown)
{
        int r;

        m->leave_timing = leave_timing_of(longest_stop(m), shutdown);
        m->own_job = own_job_query_free(m->own_job);
        m->leave_timer = sd_event_source_unref(m->leave_timer);
        m->leave = LEAVE_HANDING_OVER;
        journal_text(m->journal, JOURNAL_STOPPING, "%s: handing over what runs here before the manager ends",
                        why);
        notify_extend(m->notify, EXTEND_USEC);
        r = loop_arm(m, &m->leave_timer, EXTEND_EVERY_USEC, on_extend);
        if (r < 0)
                return loop_fail(m, r, "arming a timer");
        guard_link_tell(m); /* of a host that is to stay down */
        event_leave(m);
}

/* The loop ends when that is done. */
static void leave_group(Manager *m)
{
        fuse_link_update(m); /* nothing else of this step will: what has ended in it is to end no host */
        m->leave = LEAVE_GOING;
        if (m->group)
                group_leave(m->group);
        else
                loop_exit(m, MANAGER_EXIT_SUCCESS);
}

void ending_is_over(void *manager)
{
        Manager *m = manager;

        loop_exit(m, m->anew ? MANAGER_EXIT_FAILURE : MANAGER_EXIT_SUCCESS);
}

static int on_leave_for_restart(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        if (!record_writer_is_idle(m->writer))
                return loop_arm(m, &m->leave_timer, RECONNECT_MIN_USEC, on_leave_for_restart);
        leave_group(m);
        return 0;
}

static void leave_for_restart(Manager *m)
{
        int r;

        m->leave = LEAVE_RESTARTING;
        m->leave_timer = sd_event_source_unref(m->leave_timer);
        r = loop_arm(m, &m->leave_timer, EXTEND_EVERY_USEC, on_extend);
        if (r < 0)
                return loop_fail(m, r, "arming a timer");
        event_restart(m);
}

void ending_go_on(Manager *m)
{
        int r;

        if (m->leave != LEAVE_RESTARTING) {
                leave_group(m);
                return;
        }
        m->leave_timer = sd_event_source_unref(m->leave_timer);
        r = loop_arm(m, &m->leave_timer, 0, on_leave_for_restart);
        if (r < 0)
                loop_fail(m, r, "arming a timer");
}

/* Several managers may have to at the same moment, so each waits for another one in step as in a restart. One that has no
 * part in the group yet holds no other up. */
void ending_begin_anew(Manager *m)
{
        if (m->leave != LEAVE_NO || m->exiting)
                return;
        if (!m->takes_part || !m->group || m->corosync_was_lost) {
                loop_exit(m, MANAGER_EXIT_FAILURE);
                return;
        }
        m->anew = true;
        m->leave_usec = boottime_usec();
        m->leave_timing = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false);
        leave_for_restart(m);
}

static void on_own_job(const OwnJobAnswer *answer, void *userdata);

static int on_ask_again(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        uint64_t waited = boottime_usec() - m->leave_usec;

        if (waited >= m->leave_timing.ask_usec) {
                hand_over(m, "asked to end, and systemd does not say why", false);
                return 0;
        }
        if (waited >= m->leave_timing.ask_usec / 2 && !m->systemd_link.direct) {
                m->own_job = own_job_query_free(m->own_job);
                bus_link_go_direct(m);
        }
        /* No answer, or no bus: a call that is in flight is given its time, a failed one is repeated. */
        if (!m->own_job)
                (void) units_query_own_job(
                                m->units, on_own_job, m, &m->own_job); /* fails without a bus; see above */
        return loop_arm(m, &m->leave_timer, RECONNECT_MIN_USEC, on_ask_again);
}

static void on_own_job(const OwnJobAnswer *answer, void *userdata)
{
        Manager *m = userdata;

        m->own_job = own_job_query_free(m->own_job);
        if (m->leave != LEAVE_ASKING || answer->error < 0)
                return;
        m->powers_off = answer->powers_off;
        if (own_job_is_leave(answer))
                hand_over(m,
                                answer->manager == OWN_JOB_SHUTDOWN ? "the host goes down"
                                : answer->corosync == OWN_JOB_STOP  ? "corosync.service is being stopped"
                                : answer->corosync == OWN_JOB_RESTART
                                                ? "corosync.service is being restarted"
                                                : "distro-manager.service is being stopped",
                                answer->manager == OWN_JOB_SHUTDOWN);
        else if (answer->manager == OWN_JOB_RESTART) {
                journal_text(m->journal, JOURNAL_STOPPING,
                                "distro-manager.service is being restarted: the workers run on");
                leave_for_restart(m);
        } else
                hand_over(m, "asked to end by a signal", false);
}

static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Manager *m = userdata;
        int r;

        if (!m->engine) {
                journal_text(m->journal, JOURNAL_STOPPING, "asked to end before this node took part");
                loop_exit(m, MANAGER_EXIT_SUCCESS);
                return 0;
        }
        if (m->leave != LEAVE_NO)
                return 0;
        m->leave = LEAVE_ASKING;
        m->leave_usec = boottime_usec();
        m->leave_timing = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false);
        if (!m->systemd_link.bus)
                bus_link_go_direct(m);
        notify_stopping(m->notify);
        notify_status(m->notify, "Ending");
        r = loop_arm(m, &m->leave_timer, 0, on_ask_again);
        if (r < 0)
                loop_fail(m, r, "arming a timer");
        return 0;
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Manager *m = userdata;
        int r = reload_request(m, 0);

        /* Before the first load there is nothing to repeat. */
        if (r < 0 && r != -EAGAIN)
                journal_text(m->journal, JOURNAL_APPLICATION_WRONG,
                                "the applications' files could not be read again: %s", strerror(-r));
        return 0;
}

int ending_block_signals(void)
{
        sigset_t mask;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        (void) signal(SIGPIPE, SIG_IGN); /* a reader of standard error that has gone is no reason to end */
        return 0;
}

int ending_watch_signals(Manager *m)
{
        int r = sd_event_add_signal(m->event, NULL, SIGTERM, on_end_signal, m);

        if (r < 0)
                return r;
        r = sd_event_add_signal(m->event, NULL, SIGINT, on_end_signal, m);
        if (r < 0)
                return r;
        return sd_event_add_signal(m->event, NULL, SIGHUP, on_reload_signal, m);
}
