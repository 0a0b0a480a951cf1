/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Scripts that cannot be read are refused before anything runs, and a test that expects nothing of a refusal fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "world/script.h"

#define CLUSTER "nodes abc bcd def", "app distro Nodes=abc {bcd def}", "up all", "wait 20s"

static void test_lines_that_cannot_be_read(void **state)
{
        static const struct {
                const char *line, *why;
        } cases[] = {
                { "expect distro", "more words" },
                { "expect distro running", "which node" },
                { "expect distro running normal", "which node" },
                { "expect distro running TYPO", "no node 'TYPO'" },
                { "expect distro running abc nromal", "no node 'nromal'" },
                { "expect distro running normal abc", "no node 'normal'" },
                { "expect TYPO running abc", "no application 'TYPO'" },
                { "expect TYPO nowhere", "no application 'TYPO'" },
                { "expect distro nowhere abc", "fewer words" },
                { "expect distro state runing", "no state 'runing'" },
                { "expect distro state running TYPO", "no node 'TYPO'" },
                { "expect reply NoSuchAnswer", "no answer 'NoSuchAnswer'" },
                { "expect node abc sinced", "not 'sinced'" },
                { "behave abc TYPO well", "no application 'TYPO'" },
                { "behave TYPO distro well", "no node 'TYPO'" },
                { "behave abc distro wel", "not a way to behave" },
                { "command abc maintenance distro yes", "on or off" },
                { "command abc stop TYPO", "no application 'TYPO'" },
                { "command abc takeover distro TYPO", "no node 'TYPO'" },
                { "command abc standby TYPO", "no node 'TYPO'" },
                { "command abc drain abc", "no command 'drain'" },
                { "stop-local abc TYPO", "no application 'TYPO'" },
                { "fail TYPO", "no application 'TYPO'" },
                { "drop all TYPO", "no application 'TYPO'" },
                { "version abc 1x", "not a version" },
                { "explode abc", "no 'explode'" },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                const char *const lines[] = { CLUSTER, "# a remark", c->line, "wait 1s" };
                char why[256];
                size_t at = 0;

                assert_int_equal(
                                script_check(NULL, lines, ELEMENTSOF(lines), &at, why, sizeof(why)), -EINVAL);
                if (!strstr(why, c->why))
                        fail_msg("%s: %s", c->line, why);
                assert_int_equal(at, 5);
        }
}

static void test_lines_that_can_be_read(void **state)
{
        static const char *const lines[] = {
                CLUSTER,
                "expect distro running abc normal",
                "expect distro running bcd def",
                "expect distro state running abc",
                "expect node def off",
                "command abc maintenance --all on",
                "command abc maintenance distro off",
                "command abc stop mail",
                "expect reply NoSuchApplication",
                "command abc standby efg",
                "expect reply NoSuchNode",
                "file def mail Nodes=def",
                "command abc clear mail def",
                "wait 1h",
        };
        char why[256] = "";
        size_t at = 0;
        int r;

        (void) state;
        r = script_check(NULL, lines, ELEMENTSOF(lines), &at, why, sizeof(why));
        if (r != 0)
                fail_msg("%s: %s", lines[at], why);
}

/* A given world stays as it is while its steps are read, and its applications are known. */
static void test_reading_does_nothing(void **state)
{
        static const char *const before[] = { CLUSTER };
        static const char *const steps[] = { "down abc", "cut abc|bcd", "wipe def", "stop-outside distro",
                "command bcd stop distro", "drop all distro", "file abc mail Nodes=abc", "fail mail", "heal",
                "version abc 2", "wait 10min", "expect distro running bcd failover" };
        _cleanup_(script_freep) Script *s = NULL;
        uint32_t nodes[3];
        char why[256];
        uint64_t now;
        size_t at = 0;

        (void) state;
        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(before); i++)
                assert_int_equal(script_line(s, before[i], why, sizeof(why)), 0);
        now = world_now(script_world(s));
        assert_int_equal(script_check(script_world(s), steps, ELEMENTSOF(steps), &at, why, sizeof(why)), 0);
        assert_int_equal(world_now(script_world(s)), now);
        assert_true(world_node_is_up(script_world(s), 1));
        assert_false(world_disk_is_blank(script_world(s), 3));
        assert_int_equal(world_running(script_world(s), "distro", nodes, 3), 1);
        assert_int_equal(nodes[0], 1);
        assert_int_equal(world_run_for(script_world(s), 10 * USEC_PER_SEC), 0);
        assert_int_equal(world_running(script_world(s), "distro", nodes, 3), 1);
}

static void test_refusals(void **state)
{
        static const char *const lines[] = { CLUSTER, "command abc takeover distro abc", "wait 1s",
                "command abc stop distro", "wait 1s" };
        _cleanup_(script_freep) Script *s = NULL;
        size_t at = 0;
        char why[256];

        (void) state;
        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(script_line(s, lines[i], why, sizeof(why)), 0);
        assert_int_equal(script_check_answers(s, &at, why, sizeof(why)), 0);
        assert_int_equal(script_line(s, "command abc stop mail", why, sizeof(why)), 0);
        assert_int_equal(script_line(s, "wait 1s", why, sizeof(why)), 0);
        assert_int_equal(script_check_answers(s, &at, why, sizeof(why)), -EDOM);
        assert_int_equal(at, ELEMENTSOF(lines));
        assert_non_null(strstr(why, "NoSuchApplication"));
        assert_int_equal(script_line(s, "expect reply NoSuchApplication", why, sizeof(why)), 0);
        assert_int_equal(script_check_answers(s, &at, why, sizeof(why)), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines_that_cannot_be_read),
                cmocka_unit_test(test_lines_that_can_be_read),
                cmocka_unit_test(test_reading_does_nothing),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
