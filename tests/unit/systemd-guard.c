/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "systemd/cgroup.h"
#include "systemd/guard.h"
#include "systemd/killer.h"
#include "systemd/unit-read.h"

#define GROUP "/distro.slice/distro-app-a.service"

static char directory[64];

static int set_up(void **state)
{
        snprintf(directory, sizeof(directory), "/tmp/test-guard-XXXXXX");
        return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
        char command[128];

        snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

static void put(const char *name, const char *text)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                (void) mkdir(path, 0755);
                *slash = '/';
        }
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static const char *get(const char *name)
{
        static char text[1024];
        char path[256];
        size_t n = 0;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        FILE *f = fopen(path, "re");
        if (f) {
                n = fread(text, 1, sizeof(text) - 1, f);
                (void) fclose(f);
        }
        text[n] = 0;
        return text;
}

static void test_moments(void **state)
{
        static const struct {
                uint64_t ended, grace, stop, kill, by_hand;
        } cases[] = {
                { 100, 16, 108, 112, 114 },
                { 0, 15 * USEC_PER_SEC, 7500000, 11250000, 12250000 },
                { 0, 4 * USEC_PER_SEC, 2000000, 3000000, 3500000 },
                { 7, 0, 7, 7, 7 },
                { 7, 1, 7, 8, 8 },
                { UINT64_MAX - 1, 16, UINT64_MAX, UINT64_MAX, UINT64_MAX },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                GuardMoments m = guard_moments(c->ended, c->grace);

                assert_int_equal(m.stop_usec, c->stop);
                assert_int_equal(m.kill_usec, c->kill);
                assert_int_equal(m.by_hand_usec, c->by_hand);
        }
}

/* No moment is slept over. */
static void test_next_look(void **state)
{
        GuardMoments m = guard_moments(0, 4800000); /* 2.4 s, 3.6 s, 4.2 s */

        assert_int_equal(guard_next_look(&m, 0), 2400000);
        assert_int_equal(guard_next_look(&m, 2400000), 2650000);
        assert_int_equal(guard_next_look(&m, 3500000), 3600000);
        assert_int_equal(guard_next_look(&m, 3600000), 3850000);
        assert_int_equal(guard_next_look(&m, 4000000), 4200000);
        assert_int_equal(guard_next_look(&m, 4200000), 4450000);
        assert_int_equal(guard_next_look(&m, UINT64_MAX), UINT64_MAX);
}

static void test_file(void **state)
{
        char *apps[] = { (char *) "web", (char *) "db-1" };
        GuardState s = {},
                   told = { .in_step = true, .grace_usec = 12345, .maintenance = apps, .n_maintenance = 2 };

        assert_int_equal(guard_file_read(directory, &s), -ENOENT);
        assert_int_equal(guard_file_write(directory, &told), 0);
        assert_int_equal(guard_file_read(directory, &s), 0);
        assert_int_equal(s.grace_usec, 12345);
        assert_int_equal(s.n_maintenance, 2);
        assert_false(s.in_step); /* that is the manager's to say, not the file's */
        assert_true(guard_state_in_maintenance(&s, "web"));
        assert_true(guard_state_in_maintenance(&s, "db-1"));
        assert_false(guard_state_in_maintenance(&s, "db"));
        guard_state_done(&s);

        assert_int_equal(guard_file_write(directory, &(GuardState){ .grace_usec = 1 }), 0);
        assert_int_equal(guard_file_read(directory, &s), 0);
        assert_int_equal(s.n_maintenance, 0);
        guard_state_done(&s);

        /* Where the new one cannot be written, nothing of the old one counts any more. */
        put("guard.new/in-the-way", "");
        assert_int_equal(guard_file_write(directory, &told), -EISDIR);
        assert_int_equal(guard_file_read(directory, &s), -ENOENT);
        assert_int_equal(guard_file_write("/nonexistent/directory", &told), -ENOENT);
}

static void test_file_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "grace=5\n", /* cut */
                "grace=5\nmaintenance=web\n",
                "grace=5\nend",
                "end\n",
                "grace=\nend\n",
                "grace=-5\nend\n",
                "grace=5s\nend\n",
                "grace=99999999999999999999999\nend\n",
                "grace=5\ngrace=6\nend\n",
                "grace=5\nmaintenance=WEB\nend\n",
                "grace=5\nmaintenance=\nend\n",
                "grace=5\nwhat=ever\nend\n",
                "grace=5\nin-step\nin-step\nend\n",
                "grace=5\nidle\nidle\nend\n",
                "grace=5\nend\nmore\n",
        };

        FOREACH_ARRAY(text, texts, ELEMENTSOF(texts)) {
                GuardState s = {};

                put("guard", *text);
                if (guard_file_read(directory, &s) != -EBADMSG)
                        fail_msg("accepted: %s", *text);
        }
}

static void test_stamp(void **state)
{
        GuardStamp stamp;
        int fd;

        assert_int_equal(guard_stamp_read(directory, &stamp), -ENOENT);
        assert_int_equal(guard_stamp_open(directory, 1000, &fd, &stamp), 0);
        assert_true(fd >= 0);
        assert_int_equal(stamp.ended_usec, 0);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, 0, 0 }), 0);
        assert_int_equal(close(fd), 0);
        assert_false(guard_stamp_covers(directory, UINT64_MAX)); /* it has not acted */

        /* The next guard goes on from there, in the same room. */
        assert_int_equal(guard_stamp_open(directory, 1000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 700);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, UINT64_MAX - 1, 0 }), 0);
        assert_int_equal(guard_stamp_read(directory, &stamp), 0);
        assert_int_equal(stamp.acted_usec, UINT64_MAX - 1);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, 800, 0 }), 0);
        assert_true(guard_stamp_covers(directory, 800));
        assert_false(guard_stamp_covers(directory, 799));
        assert_false(guard_stamp_covers(NULL, 800));
        assert_int_equal(close(fd), 0);

        /* Of another boot, or damaged: everything is over. */
        assert_int_equal(guard_stamp_open(directory, 10, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 1);
        assert_int_equal(close(fd), 0);
        put("guard.stamp", "ended=what\n");
        assert_int_equal(guard_stamp_open(directory, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 1);
        assert_int_equal(close(fd), 0);

        /* As the version before this one wrote it; and where there was no room. */
        put("guard.stamp", "ended=77\n");
        assert_int_equal(guard_stamp_open(directory, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 77);
        assert_int_equal(close(fd), 0);
        put("guard.stamp", "");
        assert_int_equal(guard_stamp_read(directory, &stamp), -ENOENT);
        assert_int_equal(guard_stamp_open(directory, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 0);
        assert_int_equal(close(fd), 0);
        assert_int_equal(guard_stamp_open("/nonexistent/directory", 5000, &fd, &stamp), 0);
        assert_int_equal(fd, -1);
}

/* ---- a bus, with systemd on it, in a process of its own ---- */

/* Errors that systemd answers with, stop by stop; NULL: it does what it is asked to. */
static const char *const *answers;

static void log_call(const char *member, const char *unit, const char *mode)
{
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/calls", directory);
        f = fopen(path, "ae");
        if (!f || fprintf(f, "%s %s %s\n", member, unit, mode) < 0 || fclose(f) != 0)
                _exit(1);
}

/* The run of a unit: all but "new" have one. */
static int get_run(sd_bus_message *m)
{
        uint8_t id[16] = { 0xab, 1 };
        sd_bus_message *reply = NULL;
        size_t size = strstr(sd_bus_message_get_path(m), "new") ? 0 : sizeof(id);
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', id, size);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r < 0 ? r : 1;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        static size_t n;
        const char *unit = sd_bus_message_get_path(m), *mode;

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
                return sd_bus_reply_method_return(m, "s", ":1.1");
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
                return get_run(m);
        if (sd_bus_message_is_method_call(m, NULL, "StopUnit") && sd_bus_message_read(m, "s", &unit) < 0)
                return 0;
        if (sd_bus_message_read(m, "s", &mode) < 0)
                return 0;
        log_call(sd_bus_message_get_member(m), unit, mode);
        if (answers[n])
                return sd_bus_reply_method_errorf(m, answers[n++], "no");
        n++;
        return sd_bus_reply_method_return(m, "o", SYSTEMD_JOB_PREFIX "7");
}

static int listen_on_bus(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", directory);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

static void serve(int listener)
{
        sd_bus *bus = NULL;
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
                        sd_bus_set_server(bus, 1, (sd_id128_t){ .bytes = { 1 } }) < 0 ||
                        sd_bus_set_trusted(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
                        sd_bus_add_filter(bus, NULL, on_call, NULL) < 0)
                _exit(1);
        for (int r = 0; r >= 0;) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        _exit(0);
}

#define ABSENT "org.freedesktop.systemd1.NoSuchUnit"
#define RUN_IS_OVER "org.freedesktop.systemd1.NoUnitForInvocationID"
#define RUN "/org/freedesktop/systemd1/unit/ab010000000000000000000000000000"

static void test_cgroup_kill_file(void **state)
{
        assert_int_equal(cgroup_kill(directory, GROUP), -ENOENT);
        assert_int_equal(cgroup_kill(directory, ""), -EINVAL);
        assert_int_equal(cgroup_kill(directory, "/"), -EINVAL);

        put("unified" GROUP "/cgroup.kill", "");
        put("unified" GROUP "/cgroup.events", "populated 1\nfrozen 0\n");
        assert_int_equal(cgroup_is_populated(directory, GROUP), 1);
        assert_int_equal(cgroup_kill(directory, GROUP), 0);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        put("unified" GROUP "/cgroup.events", "populated 0\nfrozen 0\n");
        assert_int_equal(cgroup_is_populated(directory, GROUP), 0);
        put("unified" GROUP "/cgroup.events", "rubbish\n");
        assert_int_equal(cgroup_is_populated(directory, GROUP), -EBADMSG);
        assert_int_equal(cgroup_is_populated(directory, "/distro.slice/distro-app-b.service"), 0);
}

static pid_t child(void)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                for (;;)
                        (void) pause();
        return pid;
}

/* Without cgroup.kill every process dies by itself, those of groups below as well. */
static void test_cgroup_kill_processes(void **state)
{
        pid_t pids[] = { child(), child() };
        char text[32];

        snprintf(text, sizeof(text), "%d\n", (int) pids[0]);
        put("systemd" GROUP "/cgroup.procs", text);
        snprintf(text, sizeof(text), "%d\n", (int) pids[1]);
        put("systemd" GROUP "/below/cgroup.procs", text);
        assert_int_equal(cgroup_is_populated(directory, GROUP), 1);
        assert_int_equal(cgroup_kill(directory, GROUP), -EBUSY); /* the lists of this tree never get empty */
        FOREACH_ARRAY(pid, pids, ELEMENTSOF(pids)) {
                int status;

                assert_int_equal(waitpid(*pid, &status, 0), *pid);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        put("systemd" GROUP "/cgroup.procs", "");
        put("systemd" GROUP "/below/cgroup.procs", "");
        assert_int_equal(cgroup_is_populated(directory, GROUP), 0);
        assert_int_equal(cgroup_kill(directory, GROUP), 0);
}

/* Says of cgroup.procs what is to be read, one text after the other, to whoever opens it. */
static pid_t list_teller(const char *path, const char *const *texts, size_t n)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        for (size_t i = 0; i < n; i++) {
                int fd = open(path, O_WRONLY | O_CLOEXEC);
                if (fd < 0 || write(fd, texts[i], strlen(texts[i])) < 0 || close(fd) < 0)
                        _exit(1);
                (void) usleep(20000); /* the reader sees the end before the next text */
        }
        _exit(0);
}

/* A number that the group lists no more when its process has been taken hold of is somebody else's. */
static void test_cgroup_kill_spares_strangers(void **state)
{
        char path[256], text[32];
        const char *const texts[] = { text, "", "" };
        pid_t stranger = child(), teller;
        int status;

        put("systemd" GROUP "/cgroup.procs", "");
        snprintf(path, sizeof(path), "%s/systemd" GROUP "/cgroup.procs", directory);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        snprintf(text, sizeof(text), "%d\n", (int) stranger);
        teller = list_teller(path, texts, ELEMENTSOF(texts));
        assert_int_equal(cgroup_kill(directory, GROUP), 0);
        assert_int_equal(waitpid(teller, &status, 0), teller);
        assert_int_equal(status, 0);
        (void) usleep(20000);
        assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
        assert_int_equal(kill(stranger, SIGKILL), 0);
        assert_int_equal(waitpid(stranger, &status, 0), stranger);
}

/* What is killed is stopped as well, or systemd, where only the message bus does not work, starts it again. */
static void test_killer(void **state)
{
        static const char *const replies[] = { NULL, RUN_IS_OVER, ABSENT, NULL };
        const char *const groups[] = { GROUP, "/distro.slice/distro-app-b.service",
                "/distro.slice/distro-app-new.service" };
        int listener = listen_on_bus(), status;
        char address[128];
        Killer *killer;
        pid_t pid;

        answers = replies;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                serve(listener);
        put("unified" GROUP "/cgroup.kill", "");
        put("unified/distro.slice/distro-app-b.service/cgroup.kill", "");
        snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
        assert_int_equal(killer_new(directory, address, &killer), 0);
        assert_int_equal(killer_submit(killer, NULL, 0), 0);
        assert_int_equal(killer_submit(killer, groups, 3), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        assert_string_equal(get("unified/distro.slice/distro-app-b.service/cgroup.kill"), "1");
        /* The runs that are there: a call that systemd gets to when another copy has the name is nothing to that one. */
        assert_string_equal(get("calls"), "Stop " RUN " replace\nStop " RUN
                                          " replace\nStopUnit distro-app-new.service replace\n");
        assert_int_equal(close(listener), 0);

        /* Without that socket the groups are killed all the same. */
        put("unified" GROUP "/cgroup.kill", "");
        for (int i = 0; i < 2000 && killer_submit(killer, groups, 1) == -EBUSY; i++)
                (void) usleep(1000);
        for (int i = 0; i < 2000 && get("unified" GROUP "/cgroup.kill")[0] != '1'; i++)
                (void) usleep(1000);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        killer_free(killer);
}

/* ---- the process: systemd does not answer, so groups are killed by hand ---- */

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
                snprintf(units, sizeof(units), "%s/transient", directory);
                GuardParameters parameters = { .directory = directory,
                        .cgroup_root = directory,
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

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/" GUARD_SOCKET, directory);
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

        snprintf(path, sizeof(path), "%s/%s", directory, name);
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

        (void) guard_stamp_read(directory, &stamp);
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

static void test_kills_by_itself(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        GuardStamp stamp;
        uint64_t ended;

        worker("a");
        worker("kept");
        wait_for_file("guard"); /* it has heard it */
        assert_int_equal(stamp_ended(), 0);
        ended = now_usec();
        manager_kill(manager);
        wait_for_kill("a");
        assert_true(now_usec() >= ended + GRACE_USEC * 3 / 4);
        assert_false(is_killed("kept"));
        assert_int_equal(guard_stamp_read(directory, &stamp), 0);
        assert_true(stamp.ended_usec >= ended && stamp.acted_usec != 0);
        guard_stop(guard);
}

/* The next manager in step calls it off; one that is not in step does not, and wins no time. */
static void test_call_off(void **state)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t ended;

        worker("a");
        wait_for_file("guard"); /* it has heard it */
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
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t ended;

        worker("a");
        wait_for_file("guard"); /* it has heard it */
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
        pid_t guard = guard_start(0),
              manager = manager_start("grace=9000000\nmaintenance=kept\nin-step\nend\n");
        uint64_t ended;

        worker("a");
        worker("kept");
        wait_for_file("guard"); /* it has heard it */
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
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t ended;

        worker("a");
        wait_for_file("guard"); /* it has heard it */
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
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n"));
        uint64_t back;

        worker("a");
        worker("kept");
        wait_for_file("guard"); /* it has heard it */
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
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n")), next;
        uint64_t back;

        worker("a");
        wait_for_file("guard"); /* it has heard it */
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

static pid_t systemd_start(int listener)
{
        static const char *const replies[1024] = {};
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                answers = replies;
                for (;;) {
                        pid_t one = fork();

                        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                        if (one == 0)
                                serve(listener);
                        if (one < 0 || waitpid(one, NULL, 0) < 0)
                                _exit(1);
                }
        }
        return pid;
}

static void expect_killed_is_stopped(int listener, bool accepted_before)
{
        pid_t guard = guard_start(0), manager = manager_start(TOLD("in-step\n")),
              systemd = accepted_before ? systemd_start(listener) : 0;

        worker("a");
        worker("kept");
        wait_for_file("guard");
        manager_kill(manager);
        wait_for_kill("a");
        put("distro.slice/distro-app-a.service/cgroup.events", "populated 0\nfrozen 0\n");
        if (!accepted_before)
                systemd = systemd_start(listener);
        wait_for_file("calls");
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

        snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
        guard_address = address;
        expect_killed_is_stopped(listen_on_bus(), false);
        guard_address = NOBODY;
}

/* The message bus takes that while systemd accepts nobody. */
static void test_killed_is_stopped_over_the_bus(void **state)
{
        char address[128];

        snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
        bus_address = address;
        expect_killed_is_stopped(listen_on_bus(), true);
        bus_address = NOBODY;
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

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", directory);
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
                cmocka_unit_test(test_moments),
                cmocka_unit_test(test_next_look),
                cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_file_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_stamp, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cgroup_kill_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cgroup_kill_processes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cgroup_kill_spares_strangers, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_killer, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_kills_by_itself, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_call_off, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_grace_of_the_last_in_step, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_shorter_grace_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_guard_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_both_killed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_both_killed_without_room, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_next_manager_was_quicker, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_replaced_between_two_runs, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_killed_is_not_started_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_killed_is_stopped_over_the_bus, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nothing_to_guard, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_rubbish, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_idle, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
