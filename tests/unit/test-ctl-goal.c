/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When distroctl takes a command for done, for failed, or for still under way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/goal.h"

typedef struct Case {
        GoalType goal;
        const char *node; /* of the goal */
        const char *app_state, *on, *reason, *failed_on;
        uint64_t epoch; /* 5 before */
        bool timed;     /* it has a deadline */
        bool maintenance;
        Verdict verdict;
        const char *text;
} Case;

static const Case cases[] = {
        { GOAL_COMMITTED, NULL, "stopped", "", "", NULL, 5, .verdict = VERDICT_DONE },

        { GOAL_RUNNING, NULL, "running", "abc", "", NULL, 6, .verdict = VERDICT_DONE,
                        .text = "web runs on abc (failover from def)." },
        { GOAL_RUNNING, NULL, "starting", "abc", "", NULL, 6, .verdict = VERDICT_WAIT },
        { GOAL_RUNNING, NULL, "starting", "abc", "restarted by systemd, once; timeout", NULL, 6,
                        .verdict = VERDICT_STUCK,
                        .text = "web does not get to run on abc: restarted by systemd, once; timeout." },
        { GOAL_MOVED, "bcd", "starting", "bcd", "restarted by systemd, once; timeout", NULL, 6,
                        .verdict = VERDICT_STUCK, .text = "'journalctl -u distro-app-web.service' on bcd" },
        { GOAL_RUNNING, NULL, "failed", "", "exit-code", NULL, 6, .verdict = VERDICT_FAILED,
                        .text = "web has failed: exit-code." },
        { GOAL_RUNNING, NULL, "failed", "", "", NULL, 6, .verdict = VERDICT_FAILED,
                        .text = "web has failed." },
        { GOAL_RUNNING, NULL, "finished", "", "", NULL, 6, .verdict = VERDICT_DONE, .text = "finished" },
        { GOAL_RUNNING, NULL, "waiting", "", "def is lost", NULL, 5, .timed = true, .verdict = VERDICT_WAIT },
        { GOAL_RUNNING, NULL, "waiting", "", "def is lost", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "distroctl takeover web" },
        { GOAL_RUNNING, NULL, "blocked", "", "no node", NULL, 5, .timed = true, .verdict = VERDICT_WAIT },
        { GOAL_RUNNING, NULL, "blocked", "", "no node", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "cannot run now: no node." },
        { GOAL_RUNNING, NULL, "stopped", "", "by command", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "Another command" },

        { GOAL_STOPPED, NULL, "stopped", "", "", NULL, 5, .verdict = VERDICT_DONE,
                        .text = "web is stopped." },
        { GOAL_STOPPED, NULL, "stopping", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_STOPPED, NULL, "finished", "", "", NULL, 5, .verdict = VERDICT_DONE },
        { GOAL_STOPPED, NULL, "blocked", "abc", "its stop did not end", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "web does not stop" },
        { GOAL_STOPPED, NULL, "running", "abc", "", NULL, 5, .maintenance = true, .verdict = VERDICT_STUCK,
                        .text = "maintenance web off" },
        { GOAL_STOPPED, NULL, "running", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },

        { GOAL_RESTARTED, NULL, "running", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_RESTARTED, NULL, "running", "abc", "", NULL, 6, .verdict = VERDICT_DONE },
        { GOAL_RESTARTED, NULL, "stopping", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_RESTARTED, NULL, "finished", "", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_RESTARTED, NULL, "finished", "", "", NULL, 6, .verdict = VERDICT_DONE },
        { GOAL_RESTARTED, NULL, "failed", "", "exit-code", NULL, 6, .verdict = VERDICT_FAILED },

        { GOAL_MOVED, "bcd", "running", "bcd", "", NULL, 6, .verdict = VERDICT_DONE },
        { GOAL_MOVED, "bcd", "stopping", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_MOVED, "bcd", "running", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_MOVED, "bcd", "running", "abc", "", "bcd", 7, .verdict = VERDICT_FAILED,
                        .text = "could not be started on bcd and runs on abc" },
        { GOAL_MOVED, "bcd", "running", "abc", "", NULL, 7, .verdict = VERDICT_STUCK,
                        .text = "runs on abc, not on bcd" },
        { GOAL_MOVED, "bcd", "blocked", "", "x", NULL, 7, .verdict = VERDICT_STUCK },
        { GOAL_MOVED, "", "running", "abc", "", NULL, 5, .verdict = VERDICT_SETTLED,
                        .text = "web stays on abc" },
        { GOAL_MOVED, "", "running", "def", "", NULL, 6, .verdict = VERDICT_DONE, .text = "web runs on def" },

        { GOAL_AWAY, "abc", "running", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_AWAY, "abc", "stopping", "abc", "", NULL, 5, .verdict = VERDICT_WAIT },
        { GOAL_AWAY, "abc", "running", "bcd", "", NULL, 6, .verdict = VERDICT_DONE,
                        .text = "web runs on bcd" },
        { GOAL_AWAY, "abc", "running", "abc", "", NULL, 5, .maintenance = true, .verdict = VERDICT_FAILED,
                        .text = "it is in maintenance" },
        { GOAL_AWAY, "abc", "orphan", "abc", "", NULL, 5, .verdict = VERDICT_FAILED,
                        .text = "distroctl stop web" },
        { GOAL_AWAY, "abc", "running", "abc", "", "bcd", 5, .verdict = VERDICT_STUCK,
                        .text = "no other node may run it" },
        { GOAL_AWAY, "abc", "stopped", "", "", NULL, 5, .verdict = VERDICT_DONE },
        { GOAL_AWAY, "abc", "blocked", "", "no node", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "cannot run now: no node." },
        { GOAL_AWAY, "abc", "failed", "", "", NULL, 6, .verdict = VERDICT_FAILED },

        { GOAL_COMMITTED, NULL, "unknown", "", "no quorum", NULL, 5, .verdict = VERDICT_DONE },
        { GOAL_RUNNING, NULL, "unknown", "", "no quorum", NULL, 5, .verdict = VERDICT_STUCK,
                        .text = "What becomes of web is not known on this node any more: no quorum." },
        { GOAL_STOPPED, NULL, "unknown", "", "", NULL, 5, .verdict = VERDICT_STUCK, .text = "not known" },
        { GOAL_RESTARTED, NULL, "unknown", "", "", NULL, 6, .verdict = VERDICT_STUCK, .text = "not known" },
        { GOAL_MOVED, "bcd", "unknown", "", "", NULL, 6, .verdict = VERDICT_STUCK, .text = "not known" },
        { GOAL_AWAY, "abc", "unknown", "", "", NULL, 6, .verdict = VERDICT_STUCK, .text = "not known" },
};

static void check(const Case *c)
{
        static char abc[] = "abc", bcd[] = "bcd", def[] = "def", unit[] = "distro-app-web.service",
                    failover[] = "failover";
        char *tier_nodes[] = { abc, bcd, def };
        Strings tier = { .items = tier_nodes, .n = 3 };
        NodePermission permission = { .node = def, .allowed = false };
        NodeFailure failure = { .node = (char *) c->failed_on, .until_usec = 1 };
        AppInfo now = {
                .state = (char *) c->app_state,
                .node = (char *) c->on,
                .reason = (char *) c->reason,
                .start_type = failover,
                .from_node = def,
                .unit = unit,
                .epoch = c->epoch,
                .maintenance = c->maintenance,
                .deadline_usec = c->timed ? 1000 : USEC_INFINITY,
                .tiers = &tier,
                .n_tiers = 1,
                .permissions = &permission,
                .n_permissions = 1,
                .failures = &failure,
                .n_failures = c->failed_on ? 1 : 0,
        };
        Goal goal = { .type = c->goal, .node = c->node, .epoch_before = 5 };
        _cleanup_free_ char *text = NULL;
        Verdict v;

        assert_int_equal(goal_judge(&goal, "web", &now, &v, &text), 0);
        if (v != c->verdict)
                fail_msg("goal %d, %s on %s: verdict %d, not %d (%s)", c->goal, c->app_state, c->on, v,
                                c->verdict, strempty(text));
        if (c->text && !strstr(strempty(text), c->text))
                fail_msg("goal %d, %s on %s: '%s' is not in '%s'", c->goal, c->app_state, c->on, c->text,
                                strempty(text));
        /* Whoever waits hears nothing, and all others hear something. */
        assert_true((v == VERDICT_WAIT || c->goal == GOAL_COMMITTED) == !text);
}

static void test_table(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(cases + i);
}

static void test_gone(void **state)
{
        static const struct {
                GoalType goal;
                Verdict verdict;
        } gone[] = { { GOAL_STOPPED, VERDICT_DONE }, { GOAL_AWAY, VERDICT_DONE },
                { GOAL_RUNNING, VERDICT_FAILED }, { GOAL_MOVED, VERDICT_FAILED } };

        for (size_t i = 0; i < ELEMENTSOF(gone); i++) {
                Goal goal = { .type = gone[i].goal, .node = "abc" };
                _cleanup_free_ char *text = NULL;
                Verdict v;

                assert_int_equal(goal_judge(&goal, "web", NULL, &v, &text), 0);
                assert_int_equal(v, gone[i].verdict);
                assert_non_null(text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_table), cmocka_unit_test(test_gone) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
