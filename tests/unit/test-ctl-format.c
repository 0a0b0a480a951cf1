/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How distroctl writes times, tables, JSON and whole screens. */

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/array.h"
#include "ctl/json.h"
#include "ctl/render.h"
#include "ctl/table.h"

#define SEC USEC_PER_SEC

static void test_spans(void **state)
{
        static const struct {
                uint64_t usec;
                const char *exact, *rough;
        } cases[] = {
                { 0, "0", "0.0s" },
                { 1, "1us", "0.0s" },
                { 100 * USEC_PER_MSEC, "100ms", "0.1s" },
                { 3250 * USEC_PER_MSEC, "3s 250ms", "3.2s" },
                { 9999 * USEC_PER_MSEC, "9s 999ms", "9.9s" },
                { 42 * SEC + 1, "42s 1us", "42s" },
                { 90 * SEC, "1min 30s", "1min 30s" },
                { 3600 * SEC + 5 * SEC, "1h 5s", "1h" },
                { 7384 * SEC, "2h 3min 4s", "2h 3min" },
                { 3 * 86400 * SEC + 4 * 3600 * SEC, "3d 4h", "3d 4h" },
                { USEC_INFINITY, "infinity", "infinity" },
                { USEC_INFINITY - 1, "213503982d 8h 1min 49s 551ms 614us", "213503982d 8h" },
        };
        char buffer[SPAN_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(span_exact(cases[i].usec, buffer), cases[i].exact);
                assert_string_equal(span_rough(cases[i].usec, buffer), cases[i].rough);
        }
}

static void test_times(void **state)
{
        char buffer[SPAN_MAX];

        assert_string_equal(time_ago(0, 100 * SEC, buffer), "");
        assert_string_equal(time_ago(100 * SEC, 100 * SEC + 5, buffer), "just now");
        assert_string_equal(time_ago(100 * SEC, 225 * SEC, buffer), "2min 5s ago");
        assert_string_equal(time_ago(103 * SEC, 100 * SEC, buffer), "in 3.0s");
        assert_string_equal(time_stamp(0, buffer), "");
        assert_string_equal(time_stamp(UINT64_C(1767323045) * SEC, buffer), "Fri 2026-01-02 03:04:05 UTC");
}

static void test_text(void **state)
{
        static const struct {
                const char *text;
                size_t width;
                const char *utf8, *ascii;
        } cases[] = {
                { "short", 10, "short", "short" },
                { "exactly", 7, "exactly", "exactly" },
                { "too long", 6, "too l\u2026", "too..." },
                { "abc", 2, "a\u2026", "" },
                { "abc", 0, "", "" },
                { "\u00fcml\u00e4ute", 4, "\u00fcml\u2026", "\u00fc..." },
                { "a\x1b[31mb", 20, "a?[31mb", "a?[31mb" },
                { "a\nb\tc", 20, "a b c", "a b c" },
                { "a\u202eb\u2066c\u200f", 20, "a?b?c?", "a?b?c?" },
                { "bad\xff", 20, "bad?", "bad?" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *utf8 = text_fit(cases[i].text, cases[i].width, true),
                                    *ascii = text_fit(cases[i].text, cases[i].width, false);

                assert_string_equal(utf8, cases[i].utf8);
                assert_string_equal(ascii, cases[i].ascii);
                assert_true(text_width(utf8) <= MAX(cases[i].width, (size_t) 1));
        }
        assert_int_equal(text_width("\u00fc\u4e2d"), 3);
}

/* What `write` writes, as a new string. */
static char *written(void (*write)(FILE *f, const void *data), const void *data)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        write(f, data);
        assert_int_equal(fclose(f), 0);
        return text;
}

static void write_json(FILE *f, const void *data)
{
        Json j = json(f, *(const JsonMode *) data);
        char *names[] = { (char[]){ "a" }, (char[]){ "b" } };

        json_object(&j, NULL);
        json_string(&j, "text", "q\"b\\n\nt\tc\x01 \u00fc \xff");
        json_text(&j, "nothing", "");
        json_string(&j, "empty", "");
        json_u64(&j, "number", UINT64_MAX);
        json_i64(&j, "negative", -5);
        json_usec(&j, "never", USEC_INFINITY);
        json_double(&j, "half", 0.5);
        json_bool(&j, "yes", true);
        json_array(&j, "none");
        json_end(&j);
        json_strings(&j, "names", names, 2);
        json_object(&j, "inner");
        json_end(&j);
        json_end(&j);
}

static void test_json(void **state)
{
        static const JsonMode is_short = JSON_SHORT, is_pretty = JSON_PRETTY;
        _cleanup_free_ char *line = written(write_json, &is_short), *lines = written(write_json, &is_pretty);

        assert_string_equal(line, "{\"text\":\"q\\\"b\\\\n\\nt\\tc\\u0001 \u00fc "
                                  "\ufffd\",\"nothing\":null,\"empty\":\"\",\"number\":18446744073709551615,"
                                  "\"negative\":-5,\"never\":null,\"half\":0.5,\"yes\":true,\"none\":[],"
                                  "\"names\":[\"a\",\"b\"],\"inner\":{}}\n");
        assert_non_null(strstr(lines, "{\n    \"text\": "));
        assert_non_null(strstr(lines, "\"none\": [],\n    \"names\": [\n        \"a\",\n        \"b\"\n    "
                                      "],\n    \"inner\": {}\n}\n"));
}

/* Sequences that look like UTF-8 and are none: too long, surrogates, too large, cut off. */
static void write_broken(FILE *f, const void *data)
{
        Json j = json(f, JSON_SHORT);

        json_string(&j, NULL, data);
}

static void test_json_utf8(void **state)
{
        static const struct {
                const char *text, *json;
        } cases[] = {
                { "\xc0\x80", "\"\ufffd\ufffd\"" },
                { "\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\"" },
                { "\xf4\x90\x80\x80", "\"\ufffd\ufffd\ufffd\ufffd\"" },
                { "\xe2\x82", "\"\ufffd\ufffd\"" },
                { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
                { "\x7f", "\"\\u007f\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = written(write_broken, cases[i].text);

                assert_string_equal(text, cases[i].json);
        }
}

static char *table_text(unsigned width, bool legend, bool full)
{
        static const char *const headers[] = { "NAME", "STATE", "REMARK", NULL };
        Style style = { .width = width, .utf8 = true };
        _cleanup_(table_done) Table t = table_start(headers);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        table_add(&t, COLOR_NONE, "a");
        table_add(&t, COLOR_GREEN, "running");
        table_add(&t, COLOR_NONE, "a remark that goes on and on");
        table_add(&t, COLOR_NONE, "longer-name");
        table_add(&t, COLOR_NONE, NULL);
        table_addf(&t, COLOR_NONE, "%d", 7);
        assert_int_equal(table_rows(&t), 2);
        assert_int_equal(table_print(&t, f, &style, 2, legend, full), 0);
        fclose(f);
        return text;
}

static void test_table(void **state)
{
        static const struct {
                unsigned width;
                bool legend, full;
                const char *text;
        } cases[] = {
                { 0, true, false,
                                "  NAME         STATE    REMARK\n  a            running  a remark that goes "
                                "on and on\n  longer-name  -        7\n" },
                { 40, false, false,
                                "  a            running  a remark that g\u2026\n  longer-name  -        "
                                "7\n" },
                { 40, false, true,
                                "  a            running  a remark that goes on and on\n  longer-name  -      "
                                "  7\n" },
                { 32, true, false,
                                "  NAME        STATE    REMARK\n  a           running  a remark\u2026\n  "
                                "longer-na\u2026  -        7\n" },
                /* No column gets narrower than is of use, on however narrow a terminal. */
                { 20, false, false, "  a         running  a remar\u2026\n  longer-\u2026  -        7\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = table_text(cases[i].width, cases[i].legend, cases[i].full);

                assert_string_equal(text, cases[i].text);
        }
}

/* In 40 columns the remark stays, which says what is wrong, and what stands between goes. */
static void test_narrow_table(void **state)
{
        static const char *const headers[] = { "APPLICATION", "STATE", "NODE", "START", "SINCE", "REMARK",
                NULL };
        static const char *const row[] = { "web", "running", "abc", "failover from def", "4min ago",
                "wrong file on bcd" };
        static const struct {
                unsigned width;
                const char *text;
        } cases[] = {
                { 40, "APPLICATION  STATE    NODE  REMARK\nweb          running  abc   wrong file \u2026\n" },
                { 30, "APPLICATI\u2026  STATE    REMARK\nweb         running  wrong fi\u2026\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(table_done) Table t = table_start(headers);
                Style style = { .width = cases[i].width, .utf8 = true };
                _cleanup_free_ char *text = NULL;
                size_t size;
                FILE *f = open_memstream(&text, &size);

                for (size_t k = 0; k < ELEMENTSOF(row); k++)
                        table_add(&t, COLOR_NONE, row[k]);
                assert_int_equal(table_print(&t, f, &style, 0, true, false), 0);
                fclose(f);
                assert_string_equal(text, cases[i].text);
        }
}

static char names[][8] = { "abc", "bcd", "def" };
static char empty[] = "";

static AppInfo make_app(const char *name, const char *app_state, const char *reason)
{
        return (AppInfo){
                .name = (char *) name,
                .description = empty,
                .state = (char *) app_state,
                .reason = (char *) reason,
                .node = empty,
                .start_type = empty,
                .from_node = empty,
                .unit = empty,
                .target = empty,
                .deadline_usec = USEC_INFINITY,
        };
}

static void test_remark(void **state)
{
        static const Moment now = { .realtime_usec = 1000 * SEC, .boottime_usec = 500 * SEC },
                            far = { .realtime_usec = 1000 * SEC };
        AppInfo a = make_app("web", "waiting", "def is lost");
        char *mismatch[] = { names[1], names[2] };
        _cleanup_free_ char *with_time = NULL, *remote = NULL, *all = NULL, *twice = NULL, *nothing = NULL,
                            *over = NULL;

        a.deadline_usec = 503200 * USEC_PER_MSEC;
        with_time = app_remark(&a, &now);
        assert_string_equal(with_time, "def is lost (3.2s left)");
        remote = app_remark(&a, &far);
        assert_string_equal(remote, "def is lost"); /* another host's clock says nothing here */
        a.deadline_usec = 499 * SEC;
        over = app_remark(&a, &now);
        assert_string_equal(over, "def is lost (0.0s left)");

        a = make_app("web", "running", "");
        nothing = app_remark(&a, &now);
        assert_string_equal(nothing, "");
        a.maintenance = a.held = a.restart_needed = true;
        a.mismatch = (Strings){ .items = mismatch, .n = 2 };
        all = app_remark(&a, &now);
        assert_string_equal(all, "in maintenance; held here by hand; restart needed: its file has changed; "
                                 "other definition on bcd, def");
        a = make_app("web", "running", "in maintenance: it is left alone");
        a.maintenance = true;
        twice = app_remark(&a, &now);
        assert_string_equal(twice, "in maintenance: it is left alone");
}

static void write_overview(FILE *f, const void *data)
{
        static char view[] = "40.2", online[] = "online", offline[] = "offline", written_word[] = "written",
                    late[] = "late";
        char *members[] = { names[0], names[1] };
        AppInfo apps[] = { make_app("db", "waiting", "def is lost"), make_app("web", "running", "") };
        NodeInfo nodes[] = {
                { .name = names[0],
                                .id = 1,
                                .state = online,
                                .record = written_word,
                                .guarded = true,
                                .fused = true,
                                .applications = { .items = &apps[1].name, .n = 1 } },
                { .name = names[1],
                                .id = 2,
                                .state = online,
                                .record = late,
                                .guarded = true,
                                .fused = true,
                                .standby = true },
                { .name = names[2],
                                .id = 3,
                                .state = offline,
                                .record = late,
                                .guarded = true,
                                .fused = true },
        };
        Snapshot s = {
                .manager = { .node_name = names[0],
                                .view = view,
                                .version = empty,
                                .status = empty,
                                .node_id = 1,
                                .quorate = true,
                                .synced = true,
                                .formed = true,
                                .members = { .items = members, .n = 2 } },
                .apps = apps,
                .n_apps = 2,
                .nodes = nodes,
                .n_nodes = 3,
        };
        RenderOptions o = { .now = { .realtime_usec = 1000 * SEC, .boottime_usec = 500 * SEC },
                .legend = true };

        apps[0].deadline_usec = 505 * SEC;
        apps[0].changed_usec = 995 * SEC;
        apps[1].node = names[0];
        apps[1].start_type = (char[]){ "failover" };
        apps[1].from_node = names[2];
        apps[1].changed_usec = 900 * SEC;
        assert_int_equal(render_overview(f, &o, &s), 0);
}

static void test_overview(void **state)
{
        _cleanup_free_ char *text = written(write_overview, NULL);

        assert_string_equal(text,
                        "* abc - takes part in the cluster\n"
                        "      View: 40.2, 2 of 3 nodes: abc, bcd\n"
                        "    Quorum: yes\n"
                        "     Group: formed, this node is in step\n"
                        "   Warning: bcd: its disk does not acknowledge the record in time: it keeps its "
                        "workers and gets no new ones.\n"
                        "\n"
                        "NODE  STATE            APPLICATIONS\n"
                        "abc   online           web\n"
                        "bcd   online, standby  -\n"
                        "def   offline          -\n"
                        "\n"
                        "APPLICATION  STATE    NODE  LAST START         SINCE         REMARK\n"
                        "db           waiting  -     -                  5s ago        def is lost "
                        "(5.0s left)\n"
                        "web          running  abc   failover from def  1min 40s ago  -\n");
}

/* In the group, and before Corosync's first word: that is no loss of quorum. */
static void write_awaiting(FILE *f, const void *data)
{
        static char view[] = "5.1", waits[] = "Waiting for Corosync to say whether there is quorum";
        char *members[] = { names[0] };
        Snapshot s = { .manager = { .node_name = names[0],
                                       .view = view,
                                       .version = empty,
                                       .status = waits,
                                       .quorum_pending = data != NULL,
                                       .members = { .items = members, .n = 1 } } };
        RenderOptions o = { .legend = true };

        assert_int_equal(render_overview(f, &o, &s), 0);
}

static void test_awaiting(void **state)
{
        _cleanup_free_ char *text = written(write_awaiting, ""), *without = written(write_awaiting, NULL);

        (void) state;
        assert_non_null(strstr(text, "* abc - waits for Corosync's word on quorum\n"));
        assert_non_null(strstr(text, "    Quorum: not known yet: Corosync has not said it for this ring\n"));
        assert_non_null(strstr(text, "     Group: not known yet\n"));
        assert_non_null(strstr(without, "    Quorum: NO: nothing starts or moves here\n"));
}

/* Before the group has formed. */
static void write_unformed(FILE *f, const void *data)
{
        static char view[] = "5.1", forming[] = "Forming the group";
        char *members[] = { names[0] };
        Snapshot s = { .manager = { .node_name = names[0],
                                       .view = view,
                                       .version = empty,
                                       .status = forming,
                                       .quorate = true,
                                       .members = { .items = members, .n = 1 } } };
        RenderOptions o = { .legend = true };

        s.manager.formed = data != NULL;
        assert_int_equal(render_overview(f, &o, &s), 0);
}

static void test_unformed(void **state)
{
        _cleanup_free_ char *text = written(write_unformed, NULL);

        (void) state;
        assert_non_null(strstr(text, "      View: 5.1, of abc\n"));
        assert_non_null(strstr(text, "    Status: Forming the group\n"));
        /* There may be files, and nobody has said so yet. */
        assert_non_null(strstr(
                        text, "\nWhich applications there are is not known before the group has formed.\n"));
        assert_null(strstr(text, "No applications"));
}

static void test_formed_without_applications(void **state)
{
        _cleanup_free_ char *text = written(write_unformed, "formed");

        (void) state;
        assert_non_null(strstr(text, "\nNo applications. Their files belong in "));
}

static void test_style(void **state)
{
        Style plain = {}, colored = { .color = true };

        assert_string_equal(style_on(&plain, COLOR_RED), "");
        assert_string_equal(style_on(&colored, COLOR_RED), "\x1b[0;1;31m");
        assert_string_equal(style_off(&colored, COLOR_NONE), "");
        setenv("SYSTEMD_COLORS", "1", 1);
        assert_true(style_of(stdout).color);
        setenv("SYSTEMD_COLORS", "0", 1);
        assert_false(style_of(stdout).color);
        unsetenv("SYSTEMD_COLORS");
        setenv("NO_COLOR", "1", 1);
        assert_false(style_of(stdout).color);
        setenv("COLUMNS", "55", 1);
        assert_int_equal(style_of(stdout).width, 55);
        setenv("COLUMNS", "nonsense", 1);
        assert_int_equal(style_of(stdout).width, 0);
        unsetenv("COLUMNS");
}

static void write_waiting_for_all(FILE *f, const void *data)
{
        static char view[] = "5.1";
        QuorumFact facts[] = { { .key = (char *) "TotalVotes", .number = 1 },
                { .key = (char *) "ExpectedVotes", .number = 2 }, { .key = (char *) "Quorum", .number = 1 },
                { .key = (char *) "WaitForAll", .number = data != NULL, .is_bool = true } };
        Snapshot s = { .manager = { .node_name = names[0],
                                       .view = view,
                                       .version = empty,
                                       .status = empty,
                                       .facts = facts,
                                       .n_facts = ELEMENTSOF(facts) } };
        RenderOptions o = { .legend = true };

        assert_int_equal(render_overview(f, &o, &s), 0);
}

/* The votes would do, and there is no quorum: with wait_for_all `status` says why. */
static void test_wait_for_all(void **state)
{
        _cleanup_free_ char *text = written(write_waiting_for_all, ""),
                            *other = written(write_waiting_for_all, NULL);

        (void) state;
        assert_non_null(strstr(text, "1 of 2 votes, 1 needed\n      Hint: wait_for_all: "));
        assert_null(strstr(other, "wait_for_all"));
}

/* Each kind of quorum that a cut can make two parts of is warned of in `status`, and nothing else is. */
static void test_quorum_warnings(void **state)
{
        static const struct {
                const char *fact, *word;
        } cases[] = {
                { "TwoNode", "two_node" },
                { "LastManStanding", "last_man_standing" },
                { "AutoTieBreaker", "auto_tie_breaker" },
                { "AllowDownscale", "allow_downscale" },
                { "UnevenVotes", "votes" },
                { "TotalVotes", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                QuorumFact fact = { .key = (char *) cases[i].fact, .number = 1, .is_bool = true };
                ManagerInfo info = { .facts = &fact, .n_facts = 1 };
                const char *warnings[8];
                size_t n = quorum_warnings(&info, warnings, ELEMENTSOF(warnings));

                assert_int_equal(n, cases[i].word != NULL);
                if (cases[i].word)
                        assert_non_null(strstr(warnings[0], cases[i].word));
                fact.number = 0;
                assert_int_equal(quorum_warnings(&info, warnings, ELEMENTSOF(warnings)), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spans),
                cmocka_unit_test(test_quorum_warnings),
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_json_utf8),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_narrow_table),
                cmocka_unit_test(test_wait_for_all),
                cmocka_unit_test(test_remark),
                cmocka_unit_test(test_overview),
                cmocka_unit_test(test_unformed),
                cmocka_unit_test(test_awaiting),
                cmocka_unit_test(test_formed_without_applications),
                cmocka_unit_test(test_style),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        if (!setlocale(LC_ALL, "C.UTF-8"))
                return 77; /* nothing to compare the text with */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
