/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fuse-link.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/timing.h"
#include "daemon/companion.h"
#include "daemon/events.h"
#include "daemon/loop.h"
#include "fuse/fuse-client.h"

#define FUSE_ANSWER_USEC USEC_PER_SEC /* a fuse that has not answered by then is none */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void link_close(FuseLink *l)
{
        l->source = sd_event_source_disable_unref(l->source); /* closes the descriptor */
        l->end = sd_event_source_disable_unref(l->end);
        l->n_unanswered = 0;
        l->there = false;
}

void fuse_link_drop(Manager *m)
{
        link_close(&m->fuse);
        m->fuse.companion.timer = sd_event_source_unref(m->fuse.companion.timer);
        m->fuse.slack = sd_event_source_unref(m->fuse.slack);
}

/* Said from the loop, since the engine may be in a step. */
static void link_lost(Manager *m, int error)
{
        int r;

        link_close(&m->fuse);
        m->fuse.error = error;
        r = loop_arm(m, &m->fuse.companion.timer, 0, on_timer);
        if (r < 0)
                loop_fail(m, r, "arming a timer");
}

static void tell_lost(Manager *m)
{
        FuseLink *l = &m->fuse;

        if (!l->companion.was_lost)
                journal_text(m->journal, JOURNAL_FUSE_FAILED,
                                "the fuse, distro-fuse.service, does not answer: %s; this node gets no application that needs it until it "
                                "does, and what runs here runs on",
                                strerror(-l->error));
        l->error = 0;
        companion_lost(m, &l->companion, on_timer, event_fuse);
}

/* ---- orders and answers ---- */

/* Somebody waits for this answer: it wakes us, and it has to come. */
static int await_answer(Manager *m)
{
        int r = sd_event_source_set_enabled(m->fuse.source, SD_EVENT_ON);

        return r < 0 ? r : loop_arm(m, &m->fuse.companion.timer, FUSE_ANSWER_USEC, on_timer);
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        link_lost(userdata, -ECONNRESET);
        return 0;
}

/* Where the kernel has no pidfd an order that is not taken tells. */
static int watch_fuse(Manager *m, pid_t pid)
{
        int fd = (int) syscall(SYS_pidfd_open, pid, 0), r;

        if (fd < 0)
                return errno == ESRCH ? -ESRCH : 0;
        r = sd_event_add_io(m->event, &m->fuse.end, fd, EPOLLIN, on_end, m);
        if (r < 0) {
                (void) close(fd); /* it is only looked at */
                return r;
        }
        (void) sd_event_source_set_io_fd_own(m->fuse.end, true); /* cannot fail */
        return 0;
}

static int link_greeted(Manager *m, pid_t pid)
{
        FuseLink *l = &m->fuse;
        int r = watch_fuse(m, pid);

        if (r < 0)
                return r;
        if (companion_is_back(&l->companion))
                journal_text(m->journal, JOURNAL_FUSE_BACK, "the fuse, distro-fuse.service, answers again");
        l->there = true;
        l->told = false;
        return 0;
}

/* All answers that are there. A negative errno: this fuse is none. */
static int take_answers(Manager *m)
{
        FuseLink *l = &m->fuse;
        pid_t pid;
        int r;

        while ((r = fuse_answer(sd_event_source_get_io_fd(l->source), &pid)) > 0) {
                l->n_unanswered -= l->n_unanswered > 0;
                l->asked_usec = boottime_usec();
                r = l->there ? 0 : link_greeted(m, pid);
                if (r < 0)
                        return r;
        }
        if (r < 0 || l->n_unanswered > 0)
                return r;
        loop_disarm(l->companion.timer);
        return sd_event_source_set_enabled(l->source, SD_EVENT_OFF);
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Manager *m = userdata;
        int r = take_answers(m);

        if (r < 0)
                link_lost(m, r);
        else if (m->fuse.there) {
                companion_heard(m, &m->fuse.companion, true, event_fuse);
                fuse_link_update(m);
        }
        return 0;
}

/* A move is late by one answer at most. */
static int send_order(Manager *m, const FuseOrder *o, bool is_move)
{
        FuseLink *l = &m->fuse;
        uint64_t now = boottime_usec();
        int r = take_answers(m);

        if (r >= 0 && l->n_unanswered > 0 && usec_left(now, l->asked_usec) >= FUSE_ANSWER_USEC)
                r = -ETIMEDOUT;
        if (r >= 0)
                r = fuse_send(sd_event_source_get_io_fd(l->source), o);
        if (r < 0)
                return r;
        if (l->n_unanswered++ == 0)
                l->asked_usec = now;
        return is_move ? 0 : await_answer(m);
}

static void give_order(Manager *m, const FuseOrder *o, bool is_move)
{
        int r = m->fuse.there ? send_order(m, o, is_move) : -ENOTCONN;

        if (r == 0)
                return;
        /* Where there never was one there is no table either. */
        (void) fuse_write_table(m->runtime_directory, o);
        if (m->fuse.there)
                link_lost(m, r);
}

/* ---- the connection ---- */

static int link_connect(Manager *m)
{
        FuseLink *l = &m->fuse;
        int fd = fuse_connect(m->runtime_directory, true), r;
        FuseOrder ping;

        if (fd < 0)
                return fd;
        r = sd_event_add_io(m->event, &l->source, fd, EPOLLIN, on_answer, m);
        if (r < 0) {
                (void) close(fd); /* nothing was sent */
                return r;
        }
        (void) sd_event_source_set_io_fd_own(l->source, true); /* cannot fail */
        fuse_order_ping(&ping);
        return send_order(m, &ping, false);
}

/* It is tried again, or has not answered in time. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        int r = m->fuse.source ? -ETIMEDOUT : 0;

        if (m->fuse.error == 0 && r == 0)
                r = link_connect(m);
        if (r < 0)
                link_lost(m, r);
        else if (m->fuse.error != 0)
                tell_lost(m);
        return 0;
}

int fuse_link_begin(Manager *m)
{
        return loop_arm(m, &m->fuse.companion.timer, 0, on_timer);
}

/* ---- what it is told ---- */

static int on_slack(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        m->fuse.told = false;
        fuse_link_update(m);
        return 0;
}

/* A move by less than the slack, for the same: it waits for the next. */
static bool may_wait(Manager *m, uint64_t deadline, const char *app)
{
        FuseLink *l = &m->fuse;
        bool waiting = false;

        if (!l->told || l->told_usec == 0 || l->told_poweroff != m->powers_off || deadline < l->told_usec ||
                        deadline >= usec_add(l->told_usec, FUSE_SLACK_USEC) || !streq(l->app, app))
                return false;
        if (deadline == l->told_usec)
                return true;
        if (l->slack)
                waiting = sd_event_source_get_enabled(l->slack, NULL) > 0;
        /* Without the timer each move is told. */
        return waiting || loop_arm(m, &l->slack, FUSE_SLACK_USEC, on_slack) >= 0;
}

static uint64_t ahead_of(uint64_t deadline)
{
        return deadline - fuse_ahead_usec(usec_left(deadline, boottime_usec()));
}

static void tell(Manager *m, uint64_t deadline, const char *app)
{
        FuseLink *l = &m->fuse;
        char reason[DEADLINE_REASON_MAX];
        FuseOrder o;

        if (deadline == 0)
                fuse_order_disarm(&o, FUSE_MANAGER);
        else {
                snprintf(reason, sizeof(reason),
                                "%s did not end here before the other nodes of the cluster may start it",
                                app);
                fuse_order_arm(&o, FUSE_MANAGER, ahead_of(deadline),
                                m->powers_off ? DEADLINE_POWEROFF : DEADLINE_REBOOT, reason);
        }
        loop_disarm(l->slack);
        give_order(m, &o, l->told && l->told_usec != 0 && deadline > l->told_usec);
        /* The next fuse is told again in any case, see link_greeted(). */
        l->told = true;
        l->told_usec = deadline;
        l->told_poweroff = m->powers_off;
        snprintf(l->app, sizeof(l->app), "%s", app);
}

static void update(Manager *m, bool may_put_out)
{
        FuseLink *l = &m->fuse;
        const char *app = NULL;
        uint64_t deadline;

        if (!m->engine || m->exiting || m->leave == LEAVE_GOING)
                return;
        deadline = engine_fuse_deadline(m->engine, &app);
        app = strempty(app);
        if (deadline == 0 && (!may_put_out || (l->told && l->told_usec == 0)))
                return;
        if (deadline != USEC_INFINITY && !may_wait(m, deadline, app))
                tell(m, deadline, app);
}

void fuse_link_arm(Manager *m)
{
        update(m, false);
}

void fuse_link_update(Manager *m)
{
        update(m, true);
}
