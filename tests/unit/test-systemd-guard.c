/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guard's process. systemd does not answer, where a test does not say so, and groups are killed by hand. */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "systemd-folder.h"
#include "fuse/fuse-client.h"
#include "systemd/guard.h"
#include "systemd/part-note.h"

#define GRACE_USEC (400 * USEC_PER_MSEC)

#define NOBODY "unix:path=/nonexistent"

static const char *guard_address = NOBODY, *bus_address = NOBODY; /* of systemd, and of the message bus */

static pid_t guard_start(pid_t manager)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                char units[128];

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                snprintf(units, sizeof(units), "%s/transient", folder);
                GuardParameters parameters = { .directory = folder,
                        .cgroup_root = folder,
                        .unit_directory = units,
                        .private_address = guard_address,
                        .bus_address = bus_address,
                        .manager = manager };

                _exit(guard_run(&parameters) < 0);
        }
        return pid;
}

static void guard_stop(pid_t guard)
{
        int status;

        assert_int_equal(kill(guard, SIGTERM), 0);
        assert_int_equal(waitpid(guard, &status, 0), guard);
        assert_int_equal(status, 0);
}

/* What a manager does: connects, is greeted, says something, lives. -1 for its socket where nobody answers. */
static int talk(const char *text)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char greeting[sizeof(GUARD_GREETING)] = "";
        size_t n = 0;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/" GUARD_SOCKET, folder);
        for (int i = 0; i < 5000 && connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0; i++)
                (void) usleep(1000);
        while (n < strlen(GUARD_GREETING)) {
                ssize_t r = read(fd, greeting + n, strlen(GUARD_GREETING) - n);

                if (r <= 0)
                        _exit(1);
                n += (size_t) r;
        }
        if (!streq(greeting, GUARD_GREETING) || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
                _exit(1);
        return fd;
}

static bool file_is_there(const char *name)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return access(path, F_OK) == 0;
}

static pid_t manager_start(const char *text)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) talk(text);
                put("told", "");
                while (!file_is_there("again"))
                        (void) usleep(1000);
                (void) talk(text);
                put("told-again", "");
                for (;;)
                        (void) pause();
        }
        return pid;
}

static void manager_kill(pid_t pid)
{
        int status;

        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
}

static uint64_t now_usec(void)
{
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static void wait_for_file(const char *name)
{
        for (int i = 0; i < 10000 && !file_is_there(name); i++)
                (void) usleep(1000);
        assert_true(file_is_there(name));
}

static uint64_t stamp_ended(void)
{
        GuardStamp stamp = {};

        (void) guard_stamp_read(folder, &stamp);
        return stamp.ended_usec;
}

static void wait_for_stamp(bool noted)
{
        for (int i = 0; i < 10000 && (stamp_ended() != 0) != noted; i++)
                (void) usleep(1000);
        assert_int_equal(stamp_ended() != 0, noted);
}

static bool is_killed(const char *app)
{
        char name[128];

        snprintf(name, sizeof(name), "distro.slice/distro-app-%s.service/cgroup.kill", app);
        return streq(get(name), "1");
}

static void wait_for_kill(const char *app)
{
        for (int i = 0; i < 10000 && !is_killed(app); i++)
                (void) usleep(1000);
        assert_true(is_killed(app));
}

static void worker(const char *app)
{
        char name[128];

        snprintf(name, sizeof(name), "distro.slice/distro-app-%s.service/cgroup.kill", app);
        put(name, "");
        snprintf(name, sizeof(name), "distro.slice/distro-app-%s.service/cgroup.events", app);
        put(name, "populated 1\nfrozen 0\n");
}

#define TOLD(in_step) "grace=400000\nmaintenance=kept\n" in_step "end\n"

/* A guard that has heard what a manager told, and two workers, of which one is in maintenance. */
static void begin_watched(const char *told, pid_t *ret_guard, pid_t *ret_manager)
{
        *ret_guard = guard_start(0);
        *ret_manager = manager_start(told);
        worker("a");
        worker("kept");
        wait_for_file("guard"); /* it has heard it */
}

static void test_kills_by_itself(void **state)
{
        pid_t guard, manager;
        GuardStamp stamp;
        uint64_t ended;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        assert_int_equal(stamp_ended(), 0);
        ended = now_usec();
        manager_kill(manager);
        wait_for_kill("a");
        assert_true(now_usec() >= ended + GRACE_USEC * 3 / 4);
        assert_false(is_killed("kept"));
        assert_int_equal(guard_stamp_read(folder, &stamp), 0);
        assert_true(stamp.ended_usec >= ended && stamp.acted_usec != 0);
        guard_stop(guard);
}

/* The next manager in step calls it off; one that is not in step does not, and wins no time. */
static void test_call_off(void **state)
{
        pid_t guard, manager;
        uint64_t ended;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();

        manager = manager_start("grace=9000000\nend\n");
        manager_kill(manager);
        manager = manager_start("grace=9000000\nend\n");
        (void) usleep(20000);
        assert_int_equal(stamp_ended(), ended);
        manager_kill(manager);

        manager = manager_start(TOLD("in-step\n"));
        wait_for_stamp(false);
        (void) usleep(GRACE_USEC);
        assert_false(is_killed("a"));
        manager_kill(manager);
        wait_for_kill("a");
        guard_stop(guard);
}

/* A grace that is longer is the peers' as soon as they have heard of it, and not before. */
static void test_grace_of_the_last_in_step(void **state)
{
        pid_t guard, manager;
        uint64_t ended;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();
        manager = manager_start("grace=9000000\nend\n");
        wait_for_kill("a");
        assert_true(now_usec() < ended + 4 * GRACE_USEC);
        manager_kill(manager);
        guard_stop(guard);
}

/* A grace that is shorter may be the peers' before this manager is in step, so the guard takes it at once; for a guard that
 * counts already as well. */
static void test_shorter_grace_at_once(void **state)
{
        pid_t guard, manager;
        uint64_t ended;

        begin_watched("grace=9000000\nmaintenance=kept\nin-step\nend\n", &guard, &manager);
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();
        manager = manager_start("grace=400000\nend\n");
        wait_for_kill("a");
        assert_true(now_usec() < ended + 9000000 / 2);
        assert_int_equal(stamp_ended(), ended);
        assert_int_equal(
                        strncmp(get("guard"), "grace=400000\n", 13), 0); /* the next guard knows it as well */
        assert_false(is_killed("kept"));
        manager_kill(manager);
        guard_stop(guard);
}

/* The guard is killed and started again: what it had noted goes on, and a manager that lives calls it off. */
static void test_guard_again(void **state)
{
        pid_t guard, manager;
        uint64_t ended;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        manager_kill(guard);
        guard = guard_start(manager);
        put("again", "");
        wait_for_file("told-again");
        wait_for_stamp(false);
        (void) usleep(GRACE_USEC);
        assert_int_equal(stamp_ended(), 0);
        assert_false(is_killed("a"));
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();
        manager_kill(guard);
        guard = guard_start(0);
        wait_for_kill("a");
        assert_int_equal(stamp_ended(), ended);
        guard_stop(guard);
}

/* Both were killed: nobody saw the manager's end, and it counts from when the guard is back. */
static void test_both_killed(void **state)
{
        pid_t guard, manager;
        uint64_t back;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        manager_kill(guard);
        manager_kill(manager);
        back = now_usec();
        guard = guard_start(manager);
        wait_for_kill("a");
        assert_true(now_usec() >= back + GRACE_USEC * 3 / 4);
        assert_false(is_killed("kept"));
        guard_stop(guard);
}

/* The same where /run had no room for what the manager told: the stamp had its room before. */
static void test_both_killed_without_room(void **state)
{
        pid_t guard, manager;

        put("guard.new/in-the-way", "");
        guard = guard_start(0);
        manager = manager_start(TOLD("in-step\n"));
        worker("a");
        for (int i = 0; i < 10000 && !strstr(get("guard.stamp"), "grace=00000000000000400000\n"); i++)
                (void) usleep(1000);
        assert_false(file_is_there("guard"));
        assert_int_equal(stamp_ended(), 0);
        manager_kill(guard);
        manager_kill(manager);
        guard = guard_start(manager);
        wait_for_stamp(true);
        wait_for_kill("a");
        assert_true(now_usec() < stamp_ended() + 4 * GRACE_USEC); /* by the grace that was told */
        guard_stop(guard);
}

/* Both were killed, and the next manager was quicker than the next guard, which finds it at work. It is not in step, so it is
 * counted all the same. */
static void test_next_manager_was_quicker(void **state)
{
        pid_t guard, manager, next;
        uint64_t back;

        begin_watched(TOLD("in-step\n"), &guard, &manager);
        manager_kill(guard);
        manager_kill(manager);
        next = manager_start(TOLD(""));
        back = now_usec();
        guard = guard_start(next);
        wait_for_kill("a");
        assert_true(now_usec() >= back + GRACE_USEC * 3 / 4);
        manager_kill(next);
        guard_stop(guard);
}

/* The guard is replaced while it counts, and the worker waits for its next start by Restart=: no process is there, but systemd
 * has the unit. */
static void test_replaced_between_two_runs(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t ended;

        wait_for_file("guard");
        put("transient/distro-app-a.service", "");
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();
        guard_stop(guard);
        guard = guard_start(0);
        worker("a");
        wait_for_kill("a");
        assert_int_equal(stamp_ended(), ended);
        guard_stop(guard);
}

#define PART_GROUP(slice, app) "distro.slice/" slice "/distro-app-" app ":ip-192.0.2.20.service/"

/* A part whose worker has ended, and that of an application in maintenance. */
static void test_kills_parts(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));

        wait_for_file("guard");
        put(PART_GROUP("distro-a\\x2d1.slice", "a-1") "cgroup.kill", "");
        put(PART_GROUP("distro-a\\x2d1.slice", "a-1") "cgroup.events", "populated 1\nfrozen 0\n");
        put(PART_GROUP("distro-kept.slice", "kept") "cgroup.kill", "");
        put(PART_GROUP("distro-kept.slice", "kept") "cgroup.events", "populated 1\nfrozen 0\n");
        manager_kill(manager);
        for (int i = 0; i < 10000 && get(PART_GROUP("distro-a\\x2d1.slice", "a-1") "cgroup.kill")[0] != '1';
                        i++)
                (void) usleep(1000);
        assert_string_equal(get(PART_GROUP("distro-a\\x2d1.slice", "a-1") "cgroup.kill"), "1");
        assert_string_equal(get(PART_GROUP("distro-kept.slice", "kept") "cgroup.kill"), "");
        guard_stop(guard);
}

/* A part is all that systemd has of the application when the guard is replaced. */
static void test_replaced_with_a_part(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t ended;

        wait_for_file("guard");
        put("transient/distro-app-a:ip-192.0.2.20.service", "");
        manager_kill(manager);
        wait_for_stamp(true);
        ended = stamp_ended();
        guard_stop(guard);
        assert_int_equal(stamp_ended(), ended);
}

static pid_t systemd_start(int listener, const char *error)
{
        static const char *replies[1024];
        pid_t pid = fork();

        assert_true(pid >= 0);
        for (size_t i = 0; i < ELEMENTSOF(replies); i++)
                replies[i] = error;
        if (pid == 0) {
                for (;;) {
                        pid_t outer = getpid(), one = fork();

                        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                        if (one == 0 && getppid() == outer) /* it can have ended before that */
                                folder_serve(listener, replies);
                        if (one <= 0 || waitpid(one, NULL, 0) < 0)
                                _exit(1);
                }
        }
        return pid;
}

static void expect_killed_is_stopped(int listener, bool accepted_before)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n")),
              systemd = accepted_before ? systemd_start(listener, NULL) : 0;

        worker("a");
        worker("kept");
        wait_for_file("guard");
        manager_kill(manager);
        wait_for_kill("a");
        put("distro.slice/distro-app-a.service/cgroup.events", "populated 0\nfrozen 0\n");
        if (!accepted_before)
                systemd = systemd_start(listener, NULL);
        for (int i = 0; i < 10000 && !get("calls")[0]; i++)
                (void) usleep(1000);
        manager_kill(systemd);
        assert_int_equal(strncmp(get("calls"), "StopUnit distro-app-a.service replace\n", 38), 0);
        assert_null(strstr(get("calls"), "kept"));
        guard_stop(guard);
        assert_int_equal(close(listener), 0);
}

/* systemd, which stood still while the worker was killed, goes on: its stop is the first that it is asked for. */
static void test_killed_is_not_started_again(void **state)
{
        char address[128];

        snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        guard_address = address;
        expect_killed_is_stopped(folder_listen(), false);
        guard_address = NOBODY;
}

/* The message bus takes that while systemd accepts nobody. */
static void test_killed_is_stopped_over_the_bus(void **state)
{
        char address[128];

        snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        bus_address = address;
        expect_killed_is_stopped(folder_listen(), true);
        bus_address = NOBODY;
}

/* systemd answers, so it kills parts itself, and runs in their groups what takes them away; a worker has nothing of that sort. */
static void test_parts_are_left_to_systemd(void **state)
{
        pid_t guard, manager, systemd;
        char address[128];

        snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        guard_address = address;
        systemd = systemd_start(folder_listen(), NULL);
        guard = guard_start(0);
        manager = manager_start("grace=2000000\nin-step\nend\n");
        put(PART_GROUP("distro-a.slice", "a") "cgroup.kill", ""); /* in line before the worker */
        put(PART_GROUP("distro-a.slice", "a") "cgroup.events", "populated 1\nfrozen 0\n");
        worker("w");
        wait_for_file("guard");
        manager_kill(manager);
        wait_for_kill("w");
        assert_string_equal(get(PART_GROUP("distro-a.slice", "a") "cgroup.kill"), "");
        guard_stop(guard);
        manager_kill(systemd);
        guard_address = NOBODY;
}

/* ---- the fuse: none is there, so that what it is told is in its table ---- */

static void table_begin(void)
{
        Deadlines d = {};
        char path[128];
        FILE *f;

        (void) deadlines_open(&d);
        snprintf(path, sizeof(path), "%s/fuse.deadlines", folder);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(&d, sizeof(d), 1, f), 1);
        assert_int_equal(fclose(f), 0);
}

/* 0: there is none. */
static uint64_t deadline_of(FuseSender sender)
{
        Deadlines d = {};
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/fuse.deadlines", folder);
        f = fopen(path, "re");
        assert_non_null(f);
        assert_int_equal(fread(&d, sizeof(d), 1, f), 1);
        assert_int_equal(fclose(f), 0);
        for (size_t i = 0; i < DEADLINES_MAX; i++)
                if (d.rows[i].serial == sender)
                        return d.rows[i].usec;
        return 0;
}

static void wait_for_deadline(FuseSender sender, bool there)
{
        for (int i = 0; i < 10000 && (deadline_of(sender) != 0) != there; i++)
                (void) usleep(1000);
        assert_int_equal(deadline_of(sender) != 0, there);
}

/* As a manager leaves it that has started this. */
static void part_here(const char *app, PartKind kind)
{
        char *arguments[] = { NULL };
        Part part = { .kind = kind,
                .id = (char *) "srv-nfs.mount",
                .name = (char *) "/srv/nfs",
                .arguments = arguments,
                .start_timeout_usec = USEC_PER_SEC,
                .stop_timeout_usec = USEC_PER_SEC };
        FuseOrder o;

        assert_int_equal(part_note_write(folder, app, &(PartNote){ 7, { &part, 1 } }), 0);
        fuse_order_arm(&o, FUSE_MANAGER, now_usec() + 3600 * USEC_PER_SEC, DEADLINE_REBOOT, "x");
        assert_int_equal(fuse_write_table(folder, &o), 0);
}

#define FUSE_GRACE_USEC (4 * USEC_PER_SEC)
#define FUSE_TOLD(more) "grace=4000000\nmaintenance=kept\n" more "in-step\nend\n"

static void begin_fused(const char *told, pid_t *ret_guard, pid_t *ret_manager)
{
        table_begin();
        folder_remove("guard");
        *ret_guard = guard_start(0);
        *ret_manager = manager_start(told);
        wait_for_file("guard");
}

/* The host has until 7/8 of the grace, and the processes beside such a part until 5/8. A manager that comes calls it off; what its
 * predecessor had said is its own matter. */
static void test_fuse(void **state)
{
        pid_t guard, manager;
        uint64_t ended;

        begin_fused(FUSE_TOLD(""), &guard, &manager);
        part_here("a", PART_MOUNT);
        worker("a");
        worker("plain");
        ended = now_usec();
        manager_kill(manager);
        wait_for_deadline(FUSE_GUARD, true);
        assert_true(deadline_of(FUSE_GUARD) >= ended + FUSE_GRACE_USEC * 7 / 8);
        assert_int_equal(deadline_of(FUSE_GUARD), stamp_ended() + FUSE_GRACE_USEC * 7 / 8);
        wait_for_kill("a");
        assert_true(now_usec() >= ended + FUSE_GRACE_USEC * 5 / 8);
        assert_false(is_killed("plain"));
        wait_for_kill("plain");
        put("distro.slice/distro-app-a.service/cgroup.events", "populated 0\nfrozen 0\n");
        assert_int_not_equal(deadline_of(FUSE_GUARD), 0); /* systemd has not said that the mount is gone */
        manager = manager_start(FUSE_TOLD(""));
        wait_for_deadline(FUSE_GUARD, false);
        assert_int_not_equal(deadline_of(FUSE_MANAGER), 0);
        manager_kill(manager);
        guard_stop(guard);
}

static void test_fuse_is_not_needed(void **state)
{
        pid_t guard, manager;

        begin_fused(FUSE_TOLD(""), &guard, &manager);
        part_here("a", PART_ADDRESS);
        part_here("kept", PART_MOUNT);
        worker("a");
        manager_kill(manager);
        wait_for_kill("a");
        assert_int_equal(deadline_of(FUSE_GUARD) + deadline_of(FUSE_MANAGER), 0); /* that is over, too */
        guard_stop(guard);
}

/* SelfFence= decides: not for what needs it, and also for what does not. */
static void test_fuse_as_set(void **state)
{
        for (int all = 0; all < 2; all++) {
                pid_t guard, manager;

                begin_fused(all ? FUSE_TOLD("self-fence=yes\n") : FUSE_TOLD("self-fence=no\n"), &guard,
                                &manager);
                part_here("a", all ? PART_ADDRESS : PART_MOUNT);
                worker("a");
                manager_kill(manager);
                wait_for_stamp(true);
                (void) usleep(all ? 0 : 20000);
                wait_for_deadline(FUSE_GUARD, all);
                guard_stop(guard);
        }
}

/* The first reading that shows every end puts it out, and what the manager had left behind with it. */
static void test_fuse_is_put_out(void **state)
{
        pid_t guard, manager, systemd;
        char address[128];

        snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        guard_address = address;
        systemd = systemd_start(folder_listen(), "org.freedesktop.systemd1.NoSuchUnit");
        begin_fused(FUSE_TOLD(""), &guard, &manager);
        part_here("a", PART_MOUNT);
        manager_kill(manager);
        wait_for_deadline(FUSE_GUARD, true);
        wait_for_deadline(FUSE_GUARD, false);
        wait_for_deadline(FUSE_MANAGER, false);
        assert_true(now_usec() < stamp_ended() + FUSE_GRACE_USEC * 7 / 8);
        guard_stop(guard);
        manager_kill(systemd);
        guard_address = NOBODY;
}

/* A guard that ends with nothing here leaves nothing; one that is replaced while it counts leaves its moment to the next. */
static void test_fuse_of_the_last_guard(void **state)
{
        pid_t guard, manager;
        uint64_t at;

        begin_fused(FUSE_TOLD(""), &guard, &manager);
        part_here("a", PART_MOUNT);
        manager_kill(manager);
        wait_for_deadline(FUSE_GUARD, true);
        at = deadline_of(FUSE_GUARD);
        guard_stop(guard);
        assert_int_equal(deadline_of(FUSE_GUARD), at);
        guard = guard_start(0);
        wait_for_file(GUARD_SOCKET);
        (void) usleep(20000);
        assert_int_equal(deadline_of(FUSE_GUARD), at);
        part_note_remove(folder, "a");
        guard_stop(guard);
        assert_int_equal(deadline_of(FUSE_GUARD), 0);
        assert_int_equal(deadline_of(FUSE_MANAGER), 0);
}

/* A note of the stamp that says "long ago" is no reason to go off before a manager can speak. */
static void test_fuse_leaves_a_moment(void **state)
{
        pid_t guard, manager;
        uint64_t at;

        table_begin();
        part_here("a", PART_MOUNT);
        put("guard.stamp", "ended=what\n");
        put("guard", "grace=4000000\nend\n");
        guard = guard_start(0);
        wait_for_deadline(FUSE_GUARD, true);
        at = deadline_of(FUSE_GUARD);
        assert_true(at > now_usec());
        guard_stop(guard); /* the next one takes no second moment */
        guard = guard_start(0);
        wait_for_file(GUARD_SOCKET);
        (void) usleep(20000);
        assert_int_equal(deadline_of(FUSE_GUARD), at);
        manager = manager_start(FUSE_TOLD(""));
        wait_for_deadline(FUSE_GUARD, false);
        manager_kill(manager);
        guard_stop(guard);
}

/* At a boot nothing is counted; and a guard that ends with nothing here leaves nothing to be counted. */
static void test_nothing_to_guard(void **state)
{
        pid_t guard = guard_start(0), manager;

        wait_for_file(GUARD_SOCKET);
        assert_int_equal(stamp_ended(), 0);
        manager = manager_start(TOLD("in-step\n"));
        wait_for_file("guard");
        manager_kill(manager);
        wait_for_stamp(true);
        guard_stop(guard);
        assert_int_equal(stamp_ended(), 0);
        assert_false(file_is_there("guard"));
}

/* Rubbish ends the talk, and nothing else. */
static void test_rubbish(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start("end\n");

        wait_for_file("told");
        (void) usleep(20000);
        assert_int_equal(stamp_ended(), 0);
        assert_false(file_is_there("guard"));
        manager_kill(manager);
        wait_for_stamp(true);
        guard_stop(guard);
}

/* systemd's next message of the guard that sets the time of its watchdog. */
static void expect_watchdog(int fd, const char *expected)
{
        char text[128];

        for (;;) {
                ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

                if (n < 0)
                        fail_msg("nothing is said of %s", expected);
                text[n] = 0;
                if (strncmp(text, "WATCHDOG_USEC=", strlen("WATCHDOG_USEC=")) == 0)
                        break;
        }
        assert_string_equal(text, expected);
}

/* Its signs of life are rare where no worker depends on it, and as often as they were once the manager is gone. */
static void test_idle(void **state)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        pid_t guard, manager;

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 10 },
                                         sizeof(struct timeval)),
                        0);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        setenv("WATCHDOG_USEC", "30000000", 1);
        unsetenv("WATCHDOG_PID");
        guard = guard_start(0);
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        manager = manager_start("grace=400000\nin-step\nend\n" /* it is told of a change only */
                                "grace=400000\nin-step\nidle\nend\n"
                                "grace=400000\nin-step\nend\n"
                                "grace=400000\nin-step\nidle\nend\n"
                                "grace=400000\nin-step\nidle\nend\n");
        expect_watchdog(fd, "WATCHDOG_USEC=120000000");
        expect_watchdog(fd, "WATCHDOG_USEC=30000000");
        expect_watchdog(fd, "WATCHDOG_USEC=120000000");
        manager_kill(manager);
        expect_watchdog(fd, "WATCHDOG_USEC=30000000");
        guard_stop(guard);
        assert_int_equal(close(fd), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                FOLDER_TEST(test_kills_by_itself),
                FOLDER_TEST(test_call_off),
                FOLDER_TEST(test_grace_of_the_last_in_step),
                FOLDER_TEST(test_shorter_grace_at_once),
                FOLDER_TEST(test_guard_again),
                FOLDER_TEST(test_both_killed),
                FOLDER_TEST(test_both_killed_without_room),
                FOLDER_TEST(test_next_manager_was_quicker),
                FOLDER_TEST(test_replaced_between_two_runs),
                FOLDER_TEST(test_kills_parts),
                FOLDER_TEST(test_replaced_with_a_part),
                FOLDER_TEST(test_killed_is_not_started_again),
                FOLDER_TEST(test_killed_is_stopped_over_the_bus),
                FOLDER_TEST(test_parts_are_left_to_systemd),
                FOLDER_TEST(test_fuse),
                FOLDER_TEST(test_fuse_is_not_needed),
                FOLDER_TEST(test_fuse_as_set),
                FOLDER_TEST(test_fuse_is_put_out),
                FOLDER_TEST(test_fuse_of_the_last_guard),
                FOLDER_TEST(test_fuse_leaves_a_moment),
                FOLDER_TEST(test_nothing_to_guard),
                FOLDER_TEST(test_rubbish),
                FOLDER_TEST(test_idle),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
