/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/guard.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/local-socket.h"
#include "base/text.h"
#include "base/timing.h"
#include "config/unit-names.h"
#include "engine/types.h"
#include "fuse/fuse-client.h"

#define UNIT_DIRECTORY "/run/systemd/transient"
#define MANAGERS_BACKLOG 8
#define TALK_BYTES_MAX (64u * 1024u + APPS_MAX * (APP_NAME_MAX + 16u)) /* more is no manager's state */

typedef struct GuardProcess {
        const GuardParameters *parameters;
        sd_event *event;
        sd_event_source *timer, *listener;
        int stamp_fd;
        GuardStamp stamp;
        GuardState state; /* what the last manager told, or the defaults */
        bool state_known;
        GuardMoments moments;
        GuardEnd *end;          /* while workers are being ended */
        uint64_t watchdog_usec; /* WatchdogSec=; 0: systemd does not look after this process */
        uint64_t fuse_usec;     /* what the fuse is to know; 0: nothing */
        bool put_out;           /* all had ended since this began to count, and that was said */
        bool fuse_unknown;      /* a guard before this one may have told it something */
        bool fuse_fails;        /* it does not answer, and that was said */
        bool idle;
        bool file_fails; /* the file could not be written, and that was said */

        /* The manager that connected last, or was at work before us. */
        pid_t manager;
        sd_event_source *manager_end; /* its process */
        sd_event_source *talk;        /* what it says; NULL: nothing at present */
        ByteWriter text;              /* of it, not complete yet */
} GuardProcess;

static uint64_t boot_time_now(void)
{
        return MAX(clock_usec(CLOCK_BOOTTIME), (uint64_t) 1);
}

_printf_(1, 2) static void say(const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
}

/* ---- the note ---- */

static void write_stamp(GuardProcess *g)
{
        int r;

        if (g->stamp_fd < 0)
                return;
        r = guard_stamp_write(g->stamp_fd, &g->stamp);
        if (r < 0)
                say(SD_WARNING "guard.stamp cannot be written: %s; a guard after this one counts anew\n",
                                strerror(-r));
}

static void write_state(GuardProcess *g, const GuardState *s)
{
        int r = guard_file_write(g->parameters->directory, s);

        if (r < 0 && !g->file_fails)
                say(SD_WARNING "%s/guard cannot be written: %s; this guard knows what would be in it\n",
                                g->parameters->directory, strerror(-r));
        g->file_fails = r < 0;
        if (g->stamp.grace_usec == MAX(s->grace_usec, (uint64_t) 1))
                return;
        g->stamp.grace_usec = MAX(s->grace_usec, (uint64_t) 1);
        write_stamp(g);
}

static int set_timer(GuardProcess *g, uint64_t usec)
{
        int r = sd_event_source_set_time(g->timer, usec);

        return r < 0 ? r : sd_event_source_set_enabled(g->timer, SD_EVENT_ONESHOT);
}

/* Where nothing runs nothing is to wake up, and a sign of life is a wakeup. */
static void set_idle(GuardProcess *g, bool idle)
{
        char text[32];

        if (g->watchdog_usec == 0 || g->idle == idle)
                return;
        snprintf(text, sizeof(text), "%" PRIu64,
                        idle ? MAX(g->watchdog_usec, WATCHDOG_IDLE_USEC) : g->watchdog_usec);
        /* sd-event goes by the variable, systemd by the message. Without memory all stays as it is. */
        if (setenv("WATCHDOG_USEC", text, 1) < 0)
                return;
        g->idle = idle;
        (void) sd_event_set_watchdog(g->event, false);
        (void) sd_notifyf(false, "WATCHDOG_USEC=%s", text);
        (void) sd_event_set_watchdog(g->event, true);
}

/* ---- the fuse ---- */

#define FUSE_LEAST_USEC USEC_PER_SEC /* a manager that is at work after all has so long to call this off */
#define FUSE_WHY "no manager has been in step here, and what the other nodes may start now has not ended"

/* One that is not there leaves a table, in which the next one finds it. */
static void give_order(GuardProcess *g, const FuseOrder *o)
{
        int fd = fuse_connect(g->parameters->directory, false), r = fd < 0 ? fd : fuse_send(fd, o);

        if (fd >= 0)
                (void) close(fd); /* it has taken it or not */
        if (r < 0 && fuse_write_table(g->parameters->directory, o) < 0 && !g->fuse_fails && g->fuse_usec != 0)
                say(SD_WARNING "the fuse does not answer: %s; a kill is all that ends what is here\n",
                                strerror(-r));
        g->fuse_fails = r < 0;
}

/* Said again and again, as nobody answers. */
static void arm_fuse(GuardProcess *g)
{
        uint64_t usec = MAX(g->moments.fuse_usec, usec_add(boot_time_now(), FUSE_LEAST_USEC));
        FuseOrder o;

        /* What a guard before this one has said stands: guards that end one after the other put nothing off. */
        if (g->fuse_usec == 0 && g->fuse_unknown)
                g->fuse_usec = fuse_read_table(g->parameters->directory, FUSE_GUARD);
        if (g->fuse_usec == 0 || usec < g->fuse_usec)
                g->fuse_usec = usec;
        g->put_out = false;
        fuse_order_arm(&o, FUSE_GUARD, g->fuse_usec,
                        g->state.powers_off ? DEADLINE_POWEROFF : DEADLINE_REBOOT, FUSE_WHY);
        give_order(g, &o);
}

static void disarm_fuse(GuardProcess *g, FuseSender sender)
{
        FuseOrder o;

        if (sender == FUSE_GUARD) {
                g->fuse_usec = 0;
                g->fuse_unknown = false;
        }
        fuse_order_disarm(&o, sender);
        give_order(g, &o);
}

/* Nothing is left that would need it: what the manager was afraid of, when it ended, is over too. */
static void all_has_ended(GuardProcess *g)
{
        disarm_fuse(g, FUSE_GUARD);
        disarm_fuse(g, FUSE_MANAGER);
        g->put_out = true;
}

/* ---- counting ---- */

static void begin_to_count(GuardProcess *g)
{
        int r;

        set_idle(g, false);
        g->moments = guard_moments(g->stamp.ended_usec, g->state.grace_usec);
        g->put_out = false;
        if (guard_notes_need_fuse(g->parameters, &g->state))
                arm_fuse(g);
        r = set_timer(g, g->moments.stop_usec);
        if (r < 0)
                (void) sd_event_exit(g->event, r); /* the next guard goes on from the note */
}

static void note_end(GuardProcess *g)
{
        if (g->stamp.ended_usec != 0)
                return; /* it counts from the first */
        g->stamp.ended_usec = boot_time_now();
        write_stamp(g);
        begin_to_count(g);
}

static void call_off(GuardProcess *g)
{
        if (g->stamp.acted_usec != 0)
                say(SD_NOTICE "a manager is in step again: the workers are its own\n");
        g->end = guard_end_free(g->end);
        (void) sd_event_source_set_enabled(g->timer, SD_EVENT_OFF); /* cannot fail */
        if (g->fuse_usec != 0 || g->fuse_unknown)
                disarm_fuse(g, FUSE_GUARD);
        if (g->stamp.ended_usec == 0)
                return;
        g->stamp = (GuardStamp){ .grace_usec = g->stamp.grace_usec };
        write_stamp(g);
}

static int on_round(sd_event_source *source, uint64_t usec, void *userdata)
{
        GuardProcess *g = userdata;
        const GuardParameters *p = g->parameters;
        uint64_t now = boot_time_now();
        bool is_over;

        if (now >= g->moments.stop_usec) {
                if (g->stamp.acted_usec == 0) {
                        if (guard_count_groups(p->cgroup_root, &g->state) > 0)
                                say(SD_NOTICE "no manager has been in step for half of ManagerGraceSec=: ending the "
                                              "workers\n");
                        g->stamp.acted_usec = MAX(clock_usec(CLOCK_MONOTONIC), (uint64_t) 1);
                        write_stamp(g);
                }
                if (!g->end && guard_end_new(g->event, g->timer, p, &g->end) < 0)
                        return set_timer(g, guard_next_look(&g->moments, now));
                is_over = guard_end_round(g->end, &g->state, &g->moments, now);
                if (guard_end_needs_fuse(g->end, &g->state))
                        arm_fuse(g);
                else if (!g->put_out)
                        all_has_ended(g);
                if (is_over) {
                        g->end = guard_end_free(g->end);
                        return 0;
                }
        }
        return set_timer(g, guard_next_look(&g->moments, now));
}

/* ---- the manager ---- */

static void drop_talk(GuardProcess *g)
{
        g->talk = sd_event_source_disable_unref(g->talk);
        byte_writer_done(&g->text);
        g->text = (ByteWriter){};
}

static void manager_gone(GuardProcess *g)
{
        g->manager_end = sd_event_source_disable_unref(g->manager_end);
        drop_talk(g);
        g->manager = 0;
        note_end(g);
}

static int on_manager_end(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        manager_gone(userdata);
        return 0;
}

/* The peers count by this grace as soon as they have heard of it, which may be before the manager is in step, and it may end
 * before it is. Shorter is safe at any time. */
static void shorten(GuardProcess *g, uint64_t grace_usec)
{
        if (grace_usec >= g->state.grace_usec)
                return;
        g->state.grace_usec = grace_usec;
        write_state(g, &g->state);
        if (g->stamp.ended_usec != 0)
                begin_to_count(g);
}

/* Before it is in step a manager knows no better than the last one that was, and the peers count by no longer grace than that
 * one's. */
static void take_state(GuardProcess *g, GuardState *s)
{
        set_idle(g, s->in_step && s->idle);
        if (s->in_step || !g->state_known) {
                write_state(g, s);
                guard_state_done(&g->state);
                g->state = *s;
                g->state_known = true;
                *s = (GuardState){};
        } else
                shorten(g, s->grace_usec);
        if (g->state.in_step)
                call_off(g);
        g->state.in_step = false;
}

/* False: it is not a manager's language. */
static bool take_text(GuardProcess *g, const uint8_t *data, size_t size_bytes)
{
        static const char last[] = "end\n";
        GuardState s = {};
        size_t n = sizeof(last) - 1, at = g->text.size_bytes > n ? g->text.size_bytes - n : 0;

        put_bytes(&g->text, data, size_bytes);
        if (g->text.error || g->text.size_bytes > TALK_BYTES_MAX)
                return false;
        /* A state follows the other without a gap where the manager was faster. */
        while (at + n <= g->text.size_bytes) {
                _cleanup_fclose_ FILE *f = NULL;

                if (memcmp(g->text.data + at, last, n) != 0 || (at > 0 && g->text.data[at - 1] != '\n')) {
                        at++;
                        continue;
                }
                f = fmemopen(g->text.data, at + n, "r");
                if (!f || guard_state_read(f, &s) < 0)
                        return false;
                take_state(g, &s);
                guard_state_done(&s);
                memmove(g->text.data, g->text.data + at + n, g->text.size_bytes - at - n);
                g->text.size_bytes -= at + n;
                at = 0;
        }
        return true;
}

static int on_talk(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        GuardProcess *g = userdata;
        uint8_t buffer[4096];
        ssize_t n = read(fd, buffer, sizeof(buffer));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0 && take_text(g, buffer, (size_t) n))
                return 0;
        if (n > 0)
                say(SD_WARNING "the manager says what cannot be understood\n");
        drop_talk(g);
        /* Where the kernel has no pidfd the connection is all there is. */
        if (!g->manager_end)
                manager_gone(g);
        return 0;
}

/* Takes the descriptor. */
static int watch_fd(GuardProcess *g, int fd, int64_t priority, sd_event_io_handler_t handler,
                sd_event_source **ret)
{
        sd_event_source *source = NULL;
        int r = sd_event_add_io(g->event, &source, fd, EPOLLIN, handler, g);

        if (r >= 0)
                r = sd_event_source_set_priority(source, priority);
        if (r < 0) {
                sd_event_source_unref(source);
                (void) close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(source, true); /* cannot fail */
        *ret = source;
        return 0;
}

/* -ESRCH: it has ended. Where the kernel knows no pidfd there is no source, and 0. */
static int watch_manager(GuardProcess *g, pid_t pid)
{
        int fd = (int) syscall(SYS_pidfd_open, pid, 0);

        if (fd < 0)
                return errno == ESRCH ? -ESRCH : 0;
        return watch_fd(g, fd, SD_EVENT_PRIORITY_NORMAL - 5, on_manager_end, &g->manager_end);
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
        GuardProcess *g = userdata;
        pid_t peer;
        int fd = local_socket_accept(listen_fd, &peer);

        if (fd < 0)
                return 0;
        /* One that comes in place of another is as a rule its successor, and that one may only seem to be there still. */
        if (g->manager != 0 && g->manager != peer)
                manager_gone(g);
        drop_talk(g);
        if (g->manager != peer && watch_manager(g, peer) < 0) {
                (void) close(fd);
                return 0;
        }
        g->manager = peer;
        /* What it has said counts before its end does. */
        if (write(fd, GUARD_GREETING, strlen(GUARD_GREETING)) < 0)
                (void) close(fd);
        else
                (void) watch_fd(g, fd, SD_EVENT_PRIORITY_NORMAL - 10, on_talk, &g->talk);
        return 0;
}

/* ---- life ---- */

static int listen_to_managers(GuardProcess *g)
{
        _cleanup_free_ char *path = text_format("%s/" GUARD_SOCKET, g->parameters->directory);
        int fd = path ? local_socket_listen(path, MANAGERS_BACKLOG) : -ENOMEM;

        return fd < 0 ? fd : watch_fd(g, fd, SD_EVENT_PRIORITY_NORMAL, on_connection, &g->listener);
}

/* A manager was in step in this boot, and no guard has seen it end: it is counted from now. A manager that is at work
 * can be the next one. If it is the same, or is in step as well, it calls this off as soon as it has seen this guard. */
static int find_manager(GuardProcess *g)
{
        int r = g->parameters->manager > 0 ? watch_manager(g, g->parameters->manager) : -ESRCH;

        if (r < 0 && r != -ESRCH)
                return r;
        if (g->manager_end)
                g->manager = g->parameters->manager;
        if (g->state_known)
                note_end(g);
        return 0;
}

static int recall(GuardProcess *g)
{
        int r = guard_stamp_open(g->parameters->directory, boot_time_now(), &g->stamp_fd, &g->stamp);

        if (r < 0)
                return r;
        r = guard_file_read(g->parameters->directory, &g->state);
        if (r == -ENOMEM)
                return r;
        g->state_known = r != -ENOENT || g->stamp.grace_usec != 0;
        if (r < 0) /* the peers start these workers all the same, so they have to end */
                g->state = (GuardState){ .grace_usec = MANAGER_GRACE_DEFAULT_USEC };
        if (g->stamp.grace_usec != 0) /* the file may have had no room for what was told last */
                g->state.grace_usec = g->stamp.grace_usec;
        g->state.in_step = false;
        if (g->stamp.ended_usec != 0)
                begin_to_count(g);
        return find_manager(g);
}

static int guard_begin(GuardProcess *g)
{
        sigset_t mask;
        int r = sd_event_new(&g->event);

        if (r < 0)
                return r;
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        (void) signal(SIGPIPE, SIG_IGN);
        r = sd_event_add_signal(g->event, NULL, SIGTERM, NULL, NULL);
        if (r < 0)
                return r;
        r = sd_event_add_time(g->event, &g->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_round, g);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(g->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_set_watchdog(g->event, true);
        if (r > 0)
                r = sd_watchdog_enabled(false, &g->watchdog_usec);
        if (r < 0)
                return r;
        r = recall(g);
        if (r < 0)
                return r;
        return listen_to_managers(g);
}

/* A worker between two runs, or whose job waits, has no process; but its unit is there for as long as systemd knows it. */
static bool has_units(const GuardProcess *g)
{
        const char *path = g->parameters->unit_directory ? g->parameters->unit_directory : UNIT_DIRECTORY;
        char app[APP_NAME_MAX + 1];
        const struct dirent *entry;
        DIR *directory = opendir(path);
        bool found = !directory && errno != ENOENT;

        while (directory && !found && (entry = readdir(directory)))
                found = app_unit_parse(entry->d_name, app);
        if (directory)
                (void) closedir(directory);
        return found;
}

/* No manager is guarded, and nothing is here that would have to be: the next guard begins anew. */
static void forget(GuardProcess *g)
{
        _cleanup_free_ char *path = NULL;

        if (g->manager != 0 || has_units(g) ||
                        guard_count_groups(g->parameters->cgroup_root, &(GuardState){}) > 0 ||
                        guard_notes_need_fuse(g->parameters, &(GuardState){}))
                return;
        all_has_ended(g);
        g->stamp = (GuardStamp){};
        write_stamp(g);
        if (asprintf(&path, "%s/guard", g->parameters->directory) >= 0)
                (void) unlink(path); /* one that is not there is fine */
}

static void guard_done(GuardProcess *g)
{
        guard_end_free(g->end);
        drop_talk(g);
        sd_event_source_disable_unref(g->manager_end);
        sd_event_source_disable_unref(g->listener);
        sd_event_source_disable_unref(g->timer);
        sd_event_unref(g->event);
        guard_state_done(&g->state);
        if (g->stamp_fd >= 0)
                (void) close(g->stamp_fd);
}

int guard_run(const GuardParameters *parameters)
{
        GuardProcess g = { .parameters = parameters, .stamp_fd = -1, .fuse_unknown = true };
        int r = guard_begin(&g);

        if (r >= 0) {
                /* What is there now stays in memory; what comes, as soon as it is used. Without the right to it all works. */
                (void) mlockall(MCL_CURRENT);
                (void) mlockall(MCL_FUTURE | MCL_ONFAULT);
                (void) prctl(PR_SET_NAME, "distro-guard");
                (void) sd_notify(false, "READY=1\nSTATUS=Watching over the manager");
                r = sd_event_loop(g.event);
                if (r >= 0)
                        forget(&g);
        }
        guard_done(&g);
        return r;
}
