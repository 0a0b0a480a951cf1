/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/array.h"
#include "systemd/unit-read.h"
#include "systemd/part-state.h"
#include "systemd/unit-state.h"

/* What a unit looks like, what was seen of it, and what that means. */
typedef struct Case {
        const char *what;
        UnitProperties p;
        UnitHistory h;
        UnitState state;
        const char *reason;
} Case;

#define UP(a) .p.load_state = "loaded", .p.active_state = a
#define GONE .p.load_state = "not-found", .p.active_state = "inactive"
#define EXITED(s) .p.result = "exit-code", .p.exec_main_code = CLD_EXITED, .p.exec_main_status = s

static const Case cases[] = {
        { "never heard of", .state = UNIT_NONE },
        { "no such unit", GONE, .state = UNIT_NONE },
        { "activating", UP("activating"), .state = UNIT_STARTING },
        { "auto-restart", UP("activating"), .p.sub_state = "auto-restart", EXITED(1), .h.ran = true,
                        .state = UNIT_STARTING, .reason = "to be restarted by systemd; exit-code, status 1" },
        { "auto-restart, again", UP("activating"), .p.sub_state = "auto-restart-queued",
                        .p.result = "timeout", .p.n_restarts = 1, .h.ran = true, .state = UNIT_STARTING,
                        .reason = "restarted by systemd, once; timeout" },
        { "auto-restart, and again", UP("activating"), .p.sub_state = "auto-restart", EXITED(203),
                        .p.n_restarts = 4, .h.ran = true, .state = UNIT_STARTING,
                        .reason = "restarted by systemd, 4 times; exit-code, status 203 (EXEC)" },
        { "active", UP("active"), .state = UNIT_RUNNING },
        { "reloading", UP("reloading"), .state = UNIT_RUNNING },
        { "active while a stop was asked", UP("active"), .h.stop_asked = true, .state = UNIT_RUNNING },
        { "deactivating", UP("deactivating"), .state = UNIT_STOPPING },
        { "restart by hand, first half", UP("deactivating"), .h.restart_job = true, .state = UNIT_STARTING },
        { "restart by hand, then our stop", UP("deactivating"),
                        .h = { .restart_job = true, .stop_asked = true }, .state = UNIT_STOPPING },
        { "restart, between the halves", UP("inactive"), .p.job_id = 7, .h.ran = true,
                        .state = UNIT_STARTING },
        { "its first start waits", UP("inactive"), .p.job_id = 7, .state = UNIT_STARTING },
        { "its first start waited in vain", GONE, .h = { .ran = true, .blind = true }, .state = UNIT_KILLED },
        { "failed, a restart waits", UP("failed"), .p.job_id = 7, EXITED(1), .h.ran = true,
                        .state = UNIT_STARTING },
        { "failed, our stop waits", UP("failed"), .p.job_id = 7, EXITED(1), .h.stop_asked = true,
                        .state = UNIT_STOPPING },

        { "exit status", UP("failed"), EXITED(1), .h.ran = true, .state = UNIT_FAILED,
                        .reason = "exit-code, status 1" },
        { "program not found", UP("failed"), EXITED(203), .h.ran = true, .state = UNIT_FAILED,
                        .reason = "exit-code, status 203 (EXEC)" },
        { "ExecStartPre failed", UP("failed"), .p.result = "exit-code", .state = UNIT_FAILED,
                        .reason = "exit-code" },
        { "signal", UP("failed"), .p.result = "signal", .p.exec_main_code = CLD_KILLED,
                        .p.exec_main_status = SIGSEGV, .state = UNIT_FAILED, .reason = "signal SEGV" },
        { "signal without a name", UP("failed"), .p.result = "signal", .p.exec_main_code = CLD_KILLED,
                        .p.exec_main_status = 45, .state = UNIT_FAILED, .reason = "signal 45" },
        { "core", UP("failed"), .p.result = "core-dump", .p.exec_main_code = CLD_DUMPED,
                        .p.exec_main_status = SIGABRT, .state = UNIT_FAILED,
                        .reason = "core-dump, signal ABRT" },
        { "start limit", UP("failed"), .p.result = "start-limit-hit", .state = UNIT_FAILED,
                        .reason = "start-limit-hit" },
        { "timeout", UP("failed"), .p.result = "timeout", .state = UNIT_FAILED, .reason = "timeout" },
        { "a result that is new to us", UP("failed"), .p.result = "gravity", .state = UNIT_FAILED,
                        .reason = "gravity" },
        { "failed and reset by somebody", GONE, EXITED(4), .h.ran = true, .state = UNIT_FAILED,
                        .reason = "exit-code, status 4" },

        { "our stop", GONE, .h = { .ran = true, .stop_asked = true }, .state = UNIT_STOPPED },
        { "our stop, with a bad exit", UP("failed"), EXITED(1), .h = { .ran = true, .stop_asked = true },
                        .state = UNIT_STOPPED },
        { "our stop and somebody else's", GONE,
                        .h = { .ran = true, .stop_asked = true, .outside_stop = true },
                        .state = UNIT_STOPPED },
        { "our stop of what had not begun", GONE, .h = { .stop_asked = true }, .state = UNIT_STOPPED },
        { "finished", GONE, .h = { .ran = true }, .state = UNIT_FINISHED },
        { "finished before it was seen", GONE, .h = { .ran = true, .job_result = "done" },
                        .state = UNIT_FINISHED },
        { "finished, kept by systemd", UP("inactive"), .p.result = "success", .h = { .ran = true },
                        .state = UNIT_FINISHED },
        { "somebody's stop", GONE, .h = { .ran = true, .outside_stop = true }, .state = UNIT_KILLED },
        { "somebody's stop, with a bad exit", UP("failed"), EXITED(143),
                        .h = { .ran = true, .outside_stop = true }, .state = UNIT_KILLED },
        { "host goes down", GONE, .h = { .ran = true, .outside_stop = true, .going_down = true },
                        .state = UNIT_SHUTDOWN },
        { "own end while the host goes down", GONE, .h = { .ran = true, .going_down = true },
                        .state = UNIT_FINISHED },
        { "nobody saw why", GONE, .h = { .ran = true, .blind = true }, .state = UNIT_KILLED },
        { "unseen, but known to have failed", UP("failed"), EXITED(1), .h = { .ran = true, .blind = true },
                        .state = UNIT_FAILED, .reason = "exit-code, status 1" },
        { "processes left by our stop", UP("failed"), .p.result = "timeout",
                        .h = { .ran = true, .stop_asked = true, .left_over = true }, .state = UNIT_STUCK,
                        .reason = "processes are left after its end (timeout)" },
        { "processes left by themselves", GONE, .h = { .ran = true, .left_over = true }, .state = UNIT_STUCK,
                        .reason = "processes are left after its end (success)" },

        { "job: dependency", GONE, .h.job_result = "dependency", .state = UNIT_REFUSED,
                        .reason = "a unit that it requires could not be started" },
        { "job: assertion", GONE, .h.job_result = "assert", .state = UNIT_REFUSED,
                        .reason = "an assertion of its [Unit] section was not met" },
        { "job: skipped", GONE, .h.job_result = "skipped", .state = UNIT_REFUSED,
                        .reason = "systemd skipped its start" },
        { "job: timeout", GONE, .h.job_result = "timeout", .state = UNIT_FAILED,
                        .reason = "timeout of its start job" },
        { "job: failed", GONE, .h.job_result = "failed", .state = UNIT_FAILED, .reason = "failed" },
        { "job: canceled by somebody", GONE, .h.job_result = "canceled", .state = UNIT_KILLED },
        { "job: canceled by us", GONE, .h = { .job_result = "canceled", .stop_asked = true },
                        .state = UNIT_STOPPED },
        { "job: canceled at shutdown", GONE, .h = { .job_result = "canceled", .going_down = true },
                        .state = UNIT_SHUTDOWN },
        { "condition", GONE, .p.condition_failed = true, .h = { .ran = true, .job_result = "done" },
                        .state = UNIT_REFUSED, .reason = "a condition of its [Unit] section was not met" },
        { "ExecCondition", UP("inactive"), .p.result = "exec-condition", .h.ran = true, .state = UNIT_REFUSED,
                        .reason = "its ExecCondition= was not met" },
};

static void test_states(void **state)
{
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                char reason[UNIT_REASON_MAX];
                UnitState s = unit_state_from_properties(&c->p, &c->h, reason);

                if (s != c->state || !streq(reason, strempty(c->reason)))
                        fail_msg("%s: got %s '%s', expected %s '%s'", c->what, unit_state_to_string(s),
                                        reason, unit_state_to_string(c->state), strempty(c->reason));
        }
}

static void test_names(void **state)
{
        static const struct {
                const char *unit, *app; /* app NULL: none */
        } names[] = {
                { "distro-app-a.service", "a" },
                { "distro-app-web-1.service", "web-1" },
                { "distro-app-.service", NULL },
                { "distro-app-A.service", NULL },
                { "distro-app--a.service", NULL },
                { "distro-app-a.socket", NULL },
                { "distro-app-a", NULL },
                { "xdistro-app-a.service", NULL },
                { "", NULL },
                { "distro-app-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.service",
                                NULL },
        };
        char app[APP_NAME_MAX + 1], unit[WORKER_UNIT_NAME_MAX];

        FOREACH_ARRAY(n, names, ELEMENTSOF(names)) {
                assert_int_equal(worker_unit_parse(n->unit, app), n->app != NULL);
                if (!n->app)
                        continue;
                assert_string_equal(app, n->app);
                worker_unit_name(app, unit);
                assert_string_equal(unit, n->unit);
        }
        assert_true(worker_path_parse(
                        "/org/freedesktop/systemd1/unit/distro_2dapp_2dweb_2d1_2eservice", app));
        assert_string_equal(app, "web-1");
        assert_false(worker_path_parse("/org/freedesktop/systemd1/unit/ssh_2eservice", app));
        assert_int_equal(job_id_from_path("/org/freedesktop/systemd1/job/17"), 17);
        assert_int_equal(job_id_from_path("/org/freedesktop/systemd1/job/"), 0);
        assert_int_equal(job_id_from_path("/org/freedesktop/systemd1/job/17x"), 0);
        assert_int_equal(job_id_from_path("/org/freedesktop/systemd1/job/99999999999999"), 0);
        assert_int_equal(job_id_from_path("/"), 0);
}

/* With the longest names there are the command is there to its end. */
static void test_removal_of_long_names(void **state)
{
        static const char unit[] = "distro-app-"
                                   "a23456789-123456789-123456789-123456789-123456789-123456789-123"
                                   ":ip-2001:db8:1111:2222:3333:4444:5555:6666.service";
        Part part = { .kind = PART_ADDRESS,
                .id = (char *) "ip-2001:db8:1111:2222:3333:4444:5555:6666",
                .name = (char *) "2001:0db8:1111:2222:3333:4444:5555:6666/128" };
        PartProperties p = { .unit.load_state = "loaded",
                .unit.active_state = "failed",
                .unit.result = "exit-code",
                .begun_usec = 1,
                .active_usec = 1 };
        PartView view = { .part = &part, .unit = unit, .properties = &p };
        UnitProperties slice = { .load_state = "loaded", .active_state = "active" };
        const char *command;
        PartsSeen seen;

        (void) state;
        parts_see(&view, 1, &slice, &seen);
        command = strstr(seen.left, "systemctl reset-failed ");
        assert_non_null(command);
        assert_string_equal(command + strlen("systemctl reset-failed "), unit);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_removal_of_long_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
