/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application with installed units: the calls of its start, what is no failover, and each end. */

#include "systemd-bench.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/part-note.h"
#include "systemd/part-stages.h"

#define W(x) ((char[]){ x }) /* a literal as a word of its own */
#define NONE ((char *[]){ NULL })
#define DRBD "drbd-promote@pg.service"
#define PG "postgresql@15-main.service"
#define PG_IP "distro-app-pg-1:ip-192.0.2.20.service"
#define GATE "distro-pg\\x2d1-1.slice"
#define SLICE "distro-pg\\x2d1.slice"

#define ADDRESS                                                                                             \
        {                                                                                                   \
                PART_ADDRESS, W("ip-192.0.2.20"), W("192.0.2.20/24"),                                       \
                                (char *[]){ W("192.0.2.20/24"), NULL }, 10 * USEC_PER_SEC, 5 * USEC_PER_SEC \
        }
#define UNIT(n)                                                         \
        {                                                               \
                PART_UNIT, W(n), W(n), NONE, USEC_PER_SEC, USEC_PER_SEC \
        }

static Part items[] = { UNIT(DRBD), ADDRESS, UNIT(PG) };
static const Parts three_parts = { items, ELEMENTSOF(items) };

static void start_pg(Bench *b, uint64_t epoch)
{
        assert_int_equal(
                        units_start(b->units,
                                        &(UnitStart){ .app = "pg-1", .epoch = epoch, .parts = &three_parts }),
                        0);
}

static void run_pg(Bench *b, uint64_t epoch)
{
        char running[40];

        if (!fake_find_unit(&b->fake, PG)) {
                fake_add_installed(&b->fake, DRBD);
                fake_add_installed(&b->fake, PG);
        }
        start_pg(b, epoch);
        snprintf(running, sizeof(running), "pg-1 %llu running;", (unsigned long long) epoch);
        wait_for(b, running);
        settle(b);
        b->seen[0] = b->fake.log[0] = '\0';
}

static bool is_active(Bench *b, const char *unit)
{
        const FakeUnit *u = fake_find_unit(&b->fake, unit);

        return u && streq(u->active, "active");
}

static void expect_nothing_left(Bench *b)
{
        settle(b);
        assert_int_equal(b->fake.n_units, 2); /* the installed ones */
        assert_false(is_active(b, DRBD) || is_active(b, PG) || part_note_exists(b->cgroups, "pg-1"));
}

/* ---- which call ---- */

static void test_stages(void **state)
{
        static const struct {
                const char *kinds; /* a: address, u: unit */
                const char *calls;
        } cases[] = {
                { "", "" },
                { "a", "a" },
                { "u", "u" },
                { "aa", "aa" },
                { "ua", "ua" },
                { "au", "a u" },
                { "uu", "u u" },
                { "uauua", "ua u ua" },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(text_done) Text t = {};
                Part parts[8] = {};
                Parts p = { parts, strlen(c->kinds) };

                for (size_t i = 0; i < p.n_items; i++)
                        parts[i].kind = c->kinds[i] == 'u' ? PART_UNIT : PART_ADDRESS;
                for (size_t stage = 0; stage < part_stages_count(&p); stage++) {
                        PartStage s = part_stages_get(&p, stage);

                        text_printf(&t, "%s%.*s", stage > 0 ? " " : "", (int) (s.end - s.first),
                                        c->kinds + s.first);
                }
                assert_string_equal(strempty(t.data), c->calls);
                assert_int_equal(part_stages_have_units(&p), strchr(c->kinds, 'u') != NULL);
        }
        assert_int_equal(part_stages_count(NULL), 1);
}

/* ---- the start ---- */

/* The second call is sent once the first one's job has ended and all of it was read. */
static void test_two_calls(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        settle(b);
        assert_non_null(strstr(b->fake.start_text, GATE " fail IgnoreOnIsolate true "));
        assert_non_null(strstr(b->fake.start_text, "BindsTo " PG_IP " Requires " DRBD " After " DRBD " " PG_IP
                                                   " Before " PG " " SLICE " "));
        assert_non_null(strstr(
                        b->fake.start_text, "PropagatesStopTo " DRBD " " PG " Before " DRBD " " PG " "));
        assert_non_null(strstr(b->fake.start_text,
                        "Requires " DRBD " After " DRBD
                        " network.target distro-removal-pg-1:ip-192.0.2.20.service Before " PG " "));
        assert_true(is_active(b, DRBD) && is_active(b, PG_IP));
        assert_false(is_active(b, PG));
        assert_null(strstr(b->fake.log, "start pg-1;"));
        assert_true(part_note_exists(b->cgroups, "pg-1"));

        FakeUnit *gate = fake_find_unit(&b->fake, GATE);
        assert_non_null(gate);
        fake_end_job(&b->fake, GATE, "done");
        wait_for(b, "starting;");
        for (unsigned i = 0; i < 200 && !strstr(b->fake.log, "start pg-1;"); i++)
                turn(b, 10 * USEC_PER_MSEC);
        settle(b);
        assert_non_null(strstr(b->fake.start_text, "distro-app-pg-1.service fail "));
        assert_non_null(strstr(b->fake.start_text,
                        "BindsTo " PG_IP " Requires " DRBD " " PG " After " DRBD " " PG_IP " " PG " "));
        assert_null(strstr(b->fake.start_text, "PropagatesStopTo")); /* the slice is there */
        fake_job_done(&b->fake, "pg-1", "done");
        wait_for(b, "pg-1 5 running;");
        expect(b, "pg-1 5 starting;pg-1 5 running;");

        assert_int_equal(units_stop(b->units, "pg-1", 5), 0);
        wait_for(b, "pg-1 5 stopped;");
        expect_nothing_left(b);
}

/* What is at work already is not ours, and what the boot would start can be at work on two nodes. */
static void test_refused_before(void **state)
{
        Bench *b = *state;
        FakeUnit *pg;

        fake_add_installed(&b->fake, DRBD);
        pg = fake_add_installed(&b->fake, PG);
        strcpy(pg->active, "active");
        start_pg(b, 5);
        wait_for(b, "pg-1 5 refused (its part unit " PG
                    " runs already, and was not started by distro-manager: systemctl stop " PG ");");
        assert_true(is_active(b, PG));
        strcpy(pg->active, "inactive");
        pg->file_state = "enabled-runtime";
        start_pg(b, 6);
        wait_for(b, "pg-1 6 refused (its part unit " PG
                    " is started at boot by postgresql.service: write \"manual\" into "
                    "/etc/postgresql/15/main/start.conf, then: systemctl daemon-reload);");
        pg->file_state = "enabled";
        start_pg(b, 7);
        wait_for(b, "pg-1 7 refused (its part unit " PG
                    " is enabled and would also start at boot: systemctl disable " PG ");");
        pg->file_state = "generated"; /* a script of /etc/init.d */
        pg->wanted_by = "multi-user.target";
        start_pg(b, 8);
        wait_for(b, "pg-1 8 refused (its part unit " PG
                    " is started at boot by multi-user.target: systemctl disable " PG ");");
        pg->no_file = true;
        start_pg(b, 9);
        wait_for(b, "pg-1 9 refused (its part unit " PG ": there is no such unit on this node);");
        assert_null(strstr(b->fake.log, "start"));
        assert_null(strstr(b->fake.log, "stop"));
        assert_false(part_note_exists(b->cgroups, "pg-1"));
}

/* Also where an earlier copy's worker is there still, as it failed. */
static void test_refused_beside_a_rest(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        strcpy(fake_add_installed(&b->fake, PG)->active, "active");
        fake_add(&b->fake, "pg-1", 4, "failed");
        start_pg(b, 5);
        wait_for(b, "pg-1 5 refused (its part unit " PG
                    " runs already, and was not started by distro-manager: systemctl stop " PG ");");
        assert_true(is_active(b, PG));
        assert_null(strstr(b->fake.log, "start"));
        assert_null(strstr(b->fake.log, "stop"));
}

/* A start that is taken back before its first call has begun nothing. */
static void test_stop_before(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        start_pg(b, 5);
        assert_int_equal(units_stop(b->units, "pg-1", 5), 0);
        expect(b, "pg-1 5 stopped;");
        assert_null(strstr(b->fake.log, "start"));
        assert_null(strstr(b->fake.log, "stop"));
}

/* Between two calls it is stopped: the next one is not sent. */
static void test_stop_between(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        assert_int_equal(units_stop(b->units, "pg-1", 5), 0);
        fake_end_job(&b->fake, GATE, "done");
        wait_for(b, "pg-1 5 stopped;");
        assert_null(strstr(b->fake.log, "start pg-1;"));
        expect_nothing_left(b);
}

/* A job that is done is no start: a condition may have skipped it. In each call. */
static void test_skipped(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        strcpy(b->fake.skip_installed, DRBD);
        start_pg(b, 5);
        wait_for(b, "pg-1 5 refused (its part unit " DRBD " was skipped: a condition of it was not met);");
        assert_null(strstr(b->fake.log, "start pg-1;"));
        strcpy(b->fake.skip_installed, PG);
        strcpy(fake_find_unit(&b->fake, DRBD)->result, "success");
        start_pg(b, 6);
        wait_for(b, "pg-1 6 refused (its part unit " PG " was skipped: a condition of it was not met);");
        assert_null(strstr(b->seen, "running"));
        assert_false(is_active(b, DRBD) || is_active(b, PG_IP));
}

static void test_fails_at_start(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        strcpy(b->fake.fail_installed, PG);
        start_pg(b, 5);
        wait_for(b, "pg-1 5 refused (its part unit " PG " did not start: exit-code, status 1);");
        assert_false(is_active(b, DRBD) || is_active(b, PG_IP));
        units_forget(b->units, "pg-1", 5);
        b->fake.fail_installed[0] = '\0';
        run_pg(b, 6);
}

/* Its Restart= has it between two tries when systemd gives up what requires it. */
static void test_fails_at_start_and_is_tried_again(void **state)
{
        Bench *b = *state;
        FakeUnit *drbd = fake_add_installed(&b->fake, DRBD);

        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        settle(b);
        strcpy(drbd->result, "exit-code");
        drbd->exit_status = 1;
        fake_set(&b->fake, DRBD, "activating", 0);
        fake_end_job(&b->fake, GATE, "dependency");
        wait_for(b, "pg-1 5 refused (its part unit " DRBD " did not start: exit-code, status 1);");
        assert_false(is_active(b, DRBD) || is_active(b, PG_IP));
}

/* The second call is refused, and what the first one began is stopped before that is said. */
static void test_second_call_is_refused(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        b->fake.start_error = "org.freedesktop.DBus.Error.AccessDenied";
        fake_end_job(&b->fake, GATE, "done");
        wait_for(b, "pg-1 5 refused (it says no);");
        assert_non_null(strstr(b->fake.log, "stop pg-1.slice;"));
        assert_false(is_active(b, DRBD) || is_active(b, PG_IP));
}

static Part mounted[] = { ADDRESS, UNIT(DRBD),
        { PART_MOUNT, W("srv-pg.mount"), W("/srv/pg"),
                        (char *[]){ W("/dev/drbd0"), W("/srv/pg"), W(""), W(""), NULL }, USEC_PER_SEC,
                        USEC_PER_SEC } };

/* Also by what somebody else has where the second call would mount. */
static void test_second_call_finds_a_mount(void **state)
{
        Bench *b = *state;
        FakeUnit *mount;

        fake_add_installed(&b->fake, DRBD);
        b->fake.hold_starts = true;
        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "pg-1",
                                                               .epoch = 5,
                                                               .parts = &(Parts){ mounted, 3 } }),
                        0);
        wait_for(b, "pg-1 5 starting;");
        mount = fake_add_part(&b->fake, "", "srv-pg.mount", "active");
        strcpy(mount->fragment, "/run/systemd/generator/srv-pg.mount");
        b->fake.start_error = "org.freedesktop.systemd1.UnitExists";
        fake_end_job(&b->fake, GATE, "done");
        wait_for(b, "pg-1 5 refused (its part mount /srv/pg did not start: it is in /etc/fstab; take it out there);");
        assert_true(is_active(b, "srv-pg.mount"));
        assert_false(is_active(b, PG_IP) || is_active(b, DRBD));
}

/* ---- at work ---- */

/* Its own restart, or an administrator's, is shown, and ends nothing. */
static void test_restart_is_no_end(void **state)
{
        Bench *b = *state;

        run_pg(b, 5);
        fake_set(&b->fake, PG, "deactivating", 4711);
        settle(b);
        fake_set(&b->fake, PG, "inactive", 4711);
        wait_for(b, "pg-1 5 starting (its part unit " PG " is restarting);");
        fake_set(&b->fake, PG, "active", 0);
        wait_for(b, "pg-1 5 running;");
        b->seen[0] = '\0';
        fake_set(&b->fake, PG, "activating", 0); /* auto-restart */
        wait_for(b, "pg-1 5 starting (its part unit " PG " is restarting);");
        fake_set(&b->fake, PG, "active", 0);
        wait_for(b, "pg-1 5 running;");
        assert_null(strstr(b->fake.log, "stop"));
}

/* It is gone, and no job brings it back. */
static void test_death_is_an_end(void **state)
{
        Bench *b = *state;
        FakeUnit *pg;

        run_pg(b, 5);
        pg = fake_find_unit(&b->fake, PG);
        strcpy(pg->result, "signal");
        fake_set(&b->fake, PG, "failed", 0);
        wait_for(b, "pg-1 5 failed (its part unit " PG " ended: signal);");
        assert_false(is_active(b, DRBD) || is_active(b, PG_IP));
        units_forget(b->units, "pg-1", 5);
        settle(b);
        run_pg(b, 6);
        fake_set(&b->fake, PG, "inactive", 0);
        wait_for(b, "pg-1 6 failed (its part unit " PG " ended: it has ended, or was stopped from outside);");
}

/* What does not end is named, and stopped again by its own name. */
static void test_stop_that_does_not_end(void **state)
{
        Bench *b = *state;

        run_pg(b, 5);
        strcpy(b->fake.keep_part, PG);
        fake_find_unit(&b->fake, PG)->app[0] = '\0'; /* the slice does not reach it */
        assert_int_equal(units_stop(b->units, "pg-1", 5), 0);
        wait_for(b, "pg-1 5 stuck (its part unit " PG " has not ended: it is active);");
        b->fake.keep_part[0] = '\0';
        wait_for(b, "pg-1 5 stopped;");
        assert_non_null(strstr(b->fake.log, "stop " PG ";"));
        expect_nothing_left(b);
}

static void test_kill(void **state)
{
        Bench *b = *state;

        run_pg(b, 5);
        b->fake.hold_stops = true;
        assert_int_equal(units_kill(b->units, "pg-1", 5), 0);
        settle(b);
        assert_non_null(strstr(b->fake.log, "kill pg-1.slice;"));
        assert_non_null(strstr(b->fake.log, "kill " PG ";"));
        assert_non_null(strstr(b->fake.log, "kill " DRBD ";"));
}

/* ---- another manager comes ---- */

static void another_manager(Bench *b)
{
        bench_detach(b);
        b->units = units_free(b->units);
        b->fake.log[0] = b->seen[0] = '\0';
        bench_renew(b);
        bench_attach(b);
}

static void test_adopted(void **state)
{
        Bench *b = *state;

        run_pg(b, 5);
        another_manager(b);
        expect(b, "pg-1 5 running;ready;");
        assert_null(strstr(b->fake.log, "stop"));
}

/* A start that is found between two calls never began, without a failure, and what it began is taken away. */
static void test_found_between(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        another_manager(b);
        wait_for(b, "pg-1 5 stopped;");
        assert_null(strstr(b->seen, "refused"));
        assert_null(strstr(b->seen, "failed"));
        expect_nothing_left(b);
}

/* So it is where the bus was away: no call is repeated beside what it may have begun. */
static void test_bus_is_lost_between(void **state)
{
        Bench *b = *state;

        fake_add_installed(&b->fake, DRBD);
        fake_add_installed(&b->fake, PG);
        b->fake.hold_starts = true;
        start_pg(b, 5);
        wait_for(b, "pg-1 5 starting;");
        bench_detach(b);
        bench_attach(b);
        wait_for(b, "pg-1 5 stopped;");
        assert_null(strstr(b->fake.log, "start pg-1;"));
        expect_nothing_left(b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stages),
                BENCH_TEST(test_two_calls),
                BENCH_TEST(test_refused_before),
                BENCH_TEST(test_refused_beside_a_rest),
                BENCH_TEST(test_stop_before),
                BENCH_TEST(test_stop_between),
                BENCH_TEST(test_skipped),
                BENCH_TEST(test_fails_at_start),
                BENCH_TEST(test_fails_at_start_and_is_tried_again),
                BENCH_TEST(test_second_call_is_refused),
                BENCH_TEST(test_second_call_finds_a_mount),
                BENCH_TEST(test_restart_is_no_end),
                BENCH_TEST(test_death_is_an_end),
                BENCH_TEST(test_stop_that_does_not_end),
                BENCH_TEST(test_kill),
                BENCH_TEST(test_adopted),
                BENCH_TEST(test_found_between),
                BENCH_TEST(test_bus_is_lost_between),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
