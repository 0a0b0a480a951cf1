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

/* All lines, in a script of their own; *ret_line is the one that is refused. */
static int read_lines(
                const char *const *lines, size_t n, size_t *ret_line, char *ret_error, size_t size_bytes)
{
        _cleanup_(script_freep) Script *s = NULL;

        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < n; i++) {
                int r = script_read(s, lines[i], ret_error, size_bytes);

                *ret_line = i;
                if (r < 0)
                        return r;
                assert_int_equal(r, i);
        }
        assert_null(script_world(s));
        return script_read_end(s, ret_line, ret_error, size_bytes);
}

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
                { "command abc explode abc", "no command 'explode'" },
                { "stop abc", "no application 'abc', it is a node" },
                { "takeover distro TYPO", "no node 'TYPO'" },
                { "standby", "more words" },
                { "maintenance distro perhaps", "on or off" },
                { "app app_sp Nodes=abc", "no name of an application" },
                { "app mail Nodes=abc {bcd", "a brace is not closed" },
                { "app mail Nodes=abc abc", "'abc' twice" },
                { "app mail Nodes=abc Weight=0", "from 1 to 10000" },
                { "app mail Nodes=abc Takeover=no", "manual or automatic, not 'no'" },
                { "app mail Nodes=abc FailoverDelaySec=5x", "FailoverDelaySec=5x is not a time" },
                { "app mail Nodes=abc Colour=red", "'Colour=' is no key" },
                { "app mail", "more words" },
                { "app mail.app", "none is read here" },
                { "wait 1 fortnight", "'1 fortnight' is not a time" },
                { "wait infinity", "no step waits" },
                { "nodes abc", "said already" },
                { "grace 5s", "before all that happens" },
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

                assert_int_equal(read_lines(lines, ELEMENTSOF(lines), &at, why, sizeof(why)), -EINVAL);
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
                "wait 0.5s",
                "wait 1min 30s",
                "hang bcd 1min30s",
                "app web Description=a site Nodes=abc {bcd def} FailoverDelaySec=1min 30s ExecStart=/x",
                "cut abc | bcd,def",
                "stop distro",
                "start distro",
                "start abc",
                "takeover distro bcd --force",
                "drain abc",
                "unstandby abc",
                "maintenance --all on",
                "clear --all abc",
                "clear",
                "reload",
                "reload --all",
                "reload abc",
        };
        char why[256] = "";
        size_t at = 0;
        int r;

        (void) state;
        r = read_lines(lines, ELEMENTSOF(lines), &at, why, sizeof(why));
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
        _cleanup_(script_freep) Script *s = NULL, *reading = NULL;
        uint32_t nodes[3];
        char why[256];
        uint64_t now;
        size_t at = 0;

        (void) state;
        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(before); i++)
                assert_int_equal(script_line(s, before[i], why, sizeof(why)), 0);
        now = world_now(script_world(s));
        assert_int_equal(script_new_for(script_world(s), &reading), 0);
        for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                if (script_read(reading, steps[i], why, sizeof(why)) < 0)
                        fail_msg("%s: %s", steps[i], why);
        assert_int_equal(script_read_end(reading, &at, why, sizeof(why)), 0);
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

/* A command for which nobody is named is asked of a node that can answer it. */
static void test_commands_go_where_they_help(void **state)
{
        static const char *const lines[] = { CLUSTER, "cut abc | bcd,def", "wait 20s", "stop distro",
                "wait 1s", "expect reply ok", "command abc start distro", "wait 10s", "expect reply NoQuorum",
                "heal", "wait 20s", "expect distro nowhere", "kill-for-good abc", "start distro", "wait 5s",
                "expect reply ok" };
        _cleanup_(script_freep) Script *s = NULL;
        char why[256];

        (void) state;
        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (script_line(s, lines[i], why, sizeof(why)) < 0)
                        fail_msg("%s: %s", lines[i], why);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines_that_cannot_be_read),
                cmocka_unit_test(test_lines_that_can_be_read),
                cmocka_unit_test(test_reading_does_nothing),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_commands_go_where_they_help),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
