/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
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
        const char *const apps[] = { "web", "db-1" };
        GuardState s = {};

        assert_int_equal(guard_file_read(directory, &s), -ENOENT);
        assert_int_equal(guard_file_write(directory, 12345, apps, 2), 0);
        assert_int_equal(guard_file_read(directory, &s), 0);
        assert_int_equal(s.grace_usec, 12345);
        assert_int_equal(s.n_maintenance, 2);
        assert_true(guard_state_in_maintenance(&s, "web"));
        assert_true(guard_state_in_maintenance(&s, "db-1"));
        assert_false(guard_state_in_maintenance(&s, "db"));
        guard_state_done(&s);

        assert_int_equal(guard_file_write(directory, 1, NULL, 0), 0);
        assert_int_equal(guard_file_read(directory, &s), 0);
        assert_int_equal(s.n_maintenance, 0);
        guard_state_done(&s);
        assert_int_equal(guard_file_write("/nonexistent/directory", 1, NULL, 0), -ENOENT);
}

static void test_was_missed(void **state)
{
        uint64_t ended;

        assert_false(guard_was_missed(directory)); /* the first manager of this boot */
        assert_int_equal(guard_file_write(directory, 12345, NULL, 0), 0);
        assert_true(guard_was_missed(directory));
        assert_int_equal(guard_stamp_set(directory, 1, &ended), 0);
        assert_false(guard_was_missed(directory));
        assert_int_equal(guard_stamp_remove(directory), 0);
        assert_true(guard_was_missed(directory));
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
                "grace=5\nend\nmore\n",
        };

        FOREACH_ARRAY(text, texts, ELEMENTSOF(texts)) {
                GuardState s = {};

                put("guard", *text);
                if (guard_file_read(directory, &s) != -EBADMSG)
                        fail_msg("accepted: %s", *text);
        }
}

static void test_stamp_keeps_the_first(void **state)
{
        uint64_t ended;

        assert_int_equal(guard_stamp_remove(directory), 0);
        assert_int_equal(guard_stamp_set(directory, 1000, &ended), 0);
        assert_int_equal(ended, 1000);
        assert_int_equal(guard_stamp_set(directory, 2000, &ended), 0);
        assert_int_equal(ended, 1000);
        assert_int_equal(guard_stamp_remove(directory), 0);
        assert_int_equal(guard_stamp_set(directory, 3000, &ended), 0);
        assert_int_equal(ended, 3000);

        /* Of another boot, or damaged: everything is over. */
        assert_int_equal(guard_stamp_set(directory, 10, &ended), 0);
        assert_int_equal(ended, 0);
        put("guard.stamp", "ended=what\n");
        assert_int_equal(guard_stamp_set(directory, 5000, &ended), 0);
        assert_int_equal(ended, 0);
}

/* ---- arming: a bus, with systemd on it, in a process of its own ---- */

/* Errors that systemd answers with, call by call; NULL: it does what it is asked to. */
static const char *const *answers;

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        static size_t n;
        const char *unit, *mode;
        char line[128], path[256];
        FILE *f;

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
                return sd_bus_reply_method_return(m, "s", ":1.1");
        if (sd_bus_message_read(m, "ss", &unit, &mode) < 0)
                return 0;
        snprintf(line, sizeof(line), "%s %s %s\n", sd_bus_message_get_member(m), unit, mode);
        snprintf(path, sizeof(path), "%s/calls", directory);
        f = fopen(path, "ae");
        if (!f || fputs(line, f) < 0 || fclose(f) != 0)
                _exit(1);
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

static sd_bus *connect_to_bus(void)
{
        char address[128];
        sd_bus *bus;

        snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, address) >= 0);
        assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

#define EXISTS "org.freedesktop.systemd1.UnitExists"
#define ABSENT "org.freedesktop.systemd1.NoSuchUnit"
#define TRANSIENT "StartTransientUnit distro-guard.service replace\n"
#define AGAIN "StartUnit distro-guard.service replace\n"

/* A guard that exists may be on its way out. */
static void test_start_unit(void **state)
{
        static const struct {
                const char *const answers[8];
                int result;
                const char *calls;
        } cases[] = {
                { { NULL }, 0, TRANSIENT },
                { { EXISTS, NULL }, 0, TRANSIENT AGAIN },
                { { EXISTS, ABSENT, NULL }, 0, TRANSIENT AGAIN TRANSIENT },
                { { EXISTS, ABSENT, EXISTS, ABSENT, EXISTS, ABSENT }, -EBUSY,
                                TRANSIENT AGAIN TRANSIENT AGAIN TRANSIENT AGAIN },
                { { SD_BUS_ERROR_ACCESS_DENIED }, -EACCES, TRANSIENT },
                { { EXISTS, SD_BUS_ERROR_ACCESS_DENIED }, -EACCES, TRANSIENT AGAIN },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                int listener, status;
                sd_bus *bus;
                pid_t pid;

                assert_int_equal(set_up(state), 0);
                listener = listen_on_bus();
                answers = c->answers;
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0)
                        serve(listener);
                bus = connect_to_bus();
                assert_int_equal(guard_start_unit(bus, "/program"), c->result);
                assert_string_equal(get("calls"), c->calls);
                sd_bus_close_unref(bus);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
                assert_int_equal(close(listener), 0);
                assert_int_equal(tear_down(state), 0);
        }
}

/* Without room for the note there is a guard all the same. */
static void test_arm_without_a_note(void **state)
{
        static const char *const done[] = { NULL };
        int listener = listen_on_bus(), status;
        char address[128];
        pid_t pid;

        answers = done;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                serve(listener);
        snprintf(address, sizeof(address), "unix:path=%s/bus", directory);
        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
        assert_int_equal(guard_arm("/proc/none/such", "/program"), 0);
        assert_string_equal(get("calls"), TRANSIENT);
        assert_int_equal(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(close(listener), 0);
}

/* A bus daemon that hangs takes connections. The next manager is started only when arming is over, and the peers do
 * not wait for that. */
static void test_start_unit_on_a_frozen_bus(void **state)
{
        struct timespec begin, end;
        int listener = listen_on_bus();
        sd_bus *bus = connect_to_bus();

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
        assert_int_equal(guard_start_unit(bus, "/program"), -ETIMEDOUT);
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
        assert_true(end.tv_sec - begin.tv_sec < 15);
        sd_bus_close_unref(bus);
        assert_int_equal(close(listener), 0);
}

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

/* What is killed is stopped as well, or systemd, where only the message bus does not work, starts it again. */
static void test_killer(void **state)
{
        static const char *const replies[] = { NULL, ABSENT, NULL };
        const char *const groups[] = { GROUP, "/distro.slice/distro-app-b.service" };
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
        assert_int_equal(killer_submit(killer, groups, 2), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        assert_string_equal(get("unified/distro.slice/distro-app-b.service/cgroup.kill"), "1");
        assert_string_equal(get("calls"),
                        "StopUnit distro-app-a.service replace\nStopUnit distro-app-b.service replace\n");
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moments),
                cmocka_unit_test(test_next_look),
                cmocka_unit_test_setup_teardown(test_was_missed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_file_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_stamp_keeps_the_first, set_up, tear_down),
                cmocka_unit_test(test_start_unit),
                cmocka_unit_test_setup_teardown(test_start_unit_on_a_frozen_bus, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_arm_without_a_note, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cgroup_kill_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cgroup_kill_processes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_killer, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
