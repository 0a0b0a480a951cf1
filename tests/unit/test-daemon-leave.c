/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's end: a restart that leaves the workers alone, or a planned leave. */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-harness.h"
#include "daemon/loop.h"

static void test_restart_leaves_the_workers(void **state)
{
        (void) state;
        begin_quietly();
        doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_RESTART };
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        /* The engine says when somebody else has the state. */
        assert_trace("query-own-job\nevent restart\n");
        assert_false(m->exiting);
        doubles_effect(EVENT_PROBE, EFFECT_LEFT);
        doubles.group.probe(m, 1);
        turn();
        assert_trace("event probe\nleave\n");
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
}

/* While a disk hangs our process could not end, and the guard would not count: so we stay a member. */
static void test_restart_waits_for_the_disk(void **state)
{
        char path[128];
        Effect *effect;
        int fd;

        (void) state;
        begin_quietly();
        snprintf(path, sizeof(path), "%s/var/lib/distro-manager/state.new", root);
        assert_int_equal(mkfifo(path, 0600), 0); /* opening it waits for a reader */
        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->revision = (Revision){ 3, 4 };
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = 3;
        doubles.group.probe(m, 1);
        doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_RESTART };
        doubles_effect(EVENT_RESTART, EFFECT_LEFT);
        assert_int_equal(raise(SIGTERM), 0);
        for (uint64_t since = boottime_usec(); boottime_usec() - since < 300 * USEC_PER_MSEC && !m->exiting;)
                assert_true(sd_event_run(m->event, 100 * USEC_PER_MSEC) >= 0);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* the disk works again */
        assert_true(fd >= 0);
        assert_trace("event probe\nquery-own-job\nevent restart\n");
        while (!m->exiting)
                assert_true(sd_event_run(m->event, 5 * USEC_PER_SEC) > 0);
        assert_non_null(strstr(doubles_trace(), "leave\n"));
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
        assert_int_equal(close(fd), 0);
}

static void test_planned_leave(void **state)
{
        static const OwnJobAnswer cases[] = {
                { .manager = OWN_JOB_STOP },
                { .manager = OWN_JOB_SHUTDOWN },
                { .manager = OWN_JOB_NONE },
                { .manager = OWN_JOB_RESTART, .corosync = OWN_JOB_RESTART },
                { .manager = OWN_JOB_NONE, .corosync = OWN_JOB_STOP },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin_quietly();
                doubles.own_job = cases[i];
                assert_int_equal(raise(i % 2 ? SIGINT : SIGTERM), 0);
                turn();
                assert_trace("query-own-job\nevent leave\n");
                assert_false(m->exiting);
                /* A second signal changes nothing. */
                assert_int_equal(raise(SIGTERM), 0);
                turn();
                assert_trace("");
                assert_int_equal(m->leave, LEAVE_HANDING_OVER);
                doubles_effect(EVENT_PROBE, EFFECT_LEFT);
                doubles.group.probe(m, 1);
                /* The engine has had its last word. */
                doubles.group.probe(m, 1);
                assert_false(m->exiting);
                turn();
                assert_trace("event probe\nleave\n");
                assert_true(m->exiting);
                assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
                m = manager_free(m);
        }
}

/* Without an answer of systemd's it is a hand-over, after a while. */
static void test_silent_systemd(void **state)
{
        uint64_t since = boottime_usec(), took;

        (void) state;
        begin_quietly();
        doubles.own_job_silent = true;
        assert_int_equal(raise(SIGTERM), 0);
        while (!strstr(doubles_trace(), "event leave\n")) {
                assert_true(boottime_usec() - since < 20 * USEC_PER_SEC);
                assert_true(sd_event_run(m->event, 100 * USEC_PER_MSEC) >= 0);
        }
        took = boottime_usec() - since;
        assert_true(took >= leave_timing_of(0, false).ask_usec);
}

/* What the manager asks systemd to wait for has an end, whatever the engine does. */
static void test_bounds(void **state)
{
        const uint64_t second = USEC_PER_SEC;
        LeaveTiming t = leave_timing_of(2 * second, false);

        (void) state;
        assert_int_equal(t.stop_usec, 6 * second);
        assert_int_equal(leave_timing_total(&t), (2 + 5 + 6 + 10) * second);
        t = leave_timing_of(90 * second, true);
        assert_int_equal(leave_timing_total(&t), (2 + 5 + 90 + 2) * second);
        t = leave_timing_of(USEC_INFINITY, false);
        assert_int_equal(t.stop_usec, 1800 * second);
        t = leave_timing_of(USEC_INFINITY, true);
        assert_int_equal(t.stop_usec, 90 * second);
        t = leave_timing_of(3600 * second, true);
        assert_int_equal(t.stop_usec, 1800 * second);
}

/* Its files say how long the workers take; one that does not run here is not asked. */
static void test_time_of_the_workers(void **state)
{
        static const UnitInfo found = { .app = "slow", .state = UNIT_RUNNING };
        AppConfig slow = { .definition.name = (char *) "slow", .stop_timeout_usec = 400 * USEC_PER_SEC };
        AppConfigs apps;

        (void) state;
        for (size_t n_found = 0; n_found <= 1; n_found++) {
                begin_quietly();
                apps = m->apps;
                m->apps = (AppConfigs){ .items = &slow, .n_items = 1 };
                doubles.found[0] = found;
                doubles.n_found = n_found;
                doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_SHUTDOWN };
                assert_int_equal(raise(SIGTERM), 0);
                turn();
                assert_int_equal(m->leave, LEAVE_HANDING_OVER);
                assert_int_equal(m->leave_timing.stop_usec, (n_found > 0 ? 400 : 90) * USEC_PER_SEC);
                doubles.n_found = 0;
                m->apps = apps;
                m = manager_free(m);
        }
}

/* Its parts are stopped one after the other, when the worker has ended. */
static void test_time_of_the_parts(void **state)
{
        static const UnitInfo found = { .app = "slow", .state = UNIT_RUNNING };
        Part parts[] = { { .stop_timeout_usec = 50 * USEC_PER_SEC },
                { .stop_timeout_usec = 5 * USEC_PER_SEC } };
        AppConfig slow = { .definition.name = (char *) "slow",
                .stop_timeout_usec = 400 * USEC_PER_SEC,
                .parts = { .items = parts, .n_items = ELEMENTSOF(parts) } };
        AppConfigs apps;

        (void) state;
        begin_quietly();
        apps = m->apps;
        m->apps = (AppConfigs){ .items = &slow, .n_items = 1 };
        doubles.found[0] = found;
        doubles.n_found = 1;
        doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_SHUTDOWN };
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        assert_int_equal(m->leave, LEAVE_HANDING_OVER);
        assert_int_equal(m->leave_timing.stop_usec, 455 * USEC_PER_SEC);
        doubles.n_found = 0;
        m->apps = apps;
}

static void test_signal_before_the_engine(void **state)
{
        (void) state;
        doubles.units_ready_now = false;
        begin();
        assert_false(m->exiting);
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
}

/* As it comes where a start is called off at once. */
static void test_signal_before_the_loop(void **state)
{
        sigset_t mask;

        (void) state;
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        assert_int_equal(sigprocmask(SIG_UNBLOCK, &mask, NULL), 0);
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_int_equal(raise(SIGTERM), 0);
        assert_int_equal(manager_run(m), MANAGER_EXIT_SUCCESS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_restart_leaves_the_workers),
                TEST(test_restart_waits_for_the_disk),
                TEST(test_planned_leave),
                TEST(test_silent_systemd),
                TEST(test_bounds),
                TEST(test_time_of_the_workers),
                TEST(test_time_of_the_parts),
                TEST(test_signal_before_the_engine),
                TEST(test_signal_before_the_loop),
        };

        return cmocka_run_group_tests_name("daemon-leave", tests, NULL, NULL);
}
