/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Workers are started, stopped and looked at as systemd does it when all is well, or says that it is not. */

#include "systemd-bench.h"

static void test_start_and_stop(void **state)
{
        Bench *b = *state;
        UnitInfo info;

        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        assert_int_equal(fake_find(&b->fake, "a")->epoch, 5);
        assert_true(units_find(b->units, "a", &info));
        assert_int_equal(info.state, UNIT_RUNNING);
        assert_string_equal(info.unit, "distro-app-a.service");
        assert_false(units_find(b->units, "b", &info));

        assert_int_equal(units_stop(b->units, "a", 5), 0);
        expect(b, "a 5 stopped;");
        expect_log(b, "start a;stop a;");

        /* Once more: the same answer, no call. */
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        expect(b, "a 5 stopped;");
        expect_log(b, "");
        units_forget(b->units, "a", 5);
        assert_int_equal(units_count(b->units), 0);
}

/* The worker is told why it was started, after what its file sets: the later of two assignments counts. */
static void test_worker_is_told(void **state)
{
        static char environment[] = "Environment", word[] = "A=b";
        char *words[] = { word };
        const UnitProperty p = {
                .name = environment, .kind = UNIT_PROPERTY_STRINGS, .strings = { words, 1 }
        };
        _cleanup_(sealed_done) SealedProperties sealed = bench_seal(&p, 1);
        Bench *b = *state;

        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "a",
                                                               .epoch = 7,
                                                               .start_type = START_FAILOVER,
                                                               .node = "bcd",
                                                               .from_node = "abc",
                                                               .properties = &sealed }),
                        0);
        expect(b, "a 7 starting;a 7 running;");
        assert_string_equal(b->fake.environment,
                        "A=b;DISTRO_APPLICATION=a;DISTRO_NODE=bcd;DISTRO_START_TYPE=failover;DISTRO_FROM_NODE=abc;"
                        "DISTRO_EPOCH=7;");
        start(b, "b", 8);
        expect(b, "b 8 starting;b 8 running;");
        assert_non_null(strstr(
                        b->fake.environment, "DISTRO_START_TYPE=normal;DISTRO_FROM_NODE=;DISTRO_EPOCH=8;"));
}

/* What a worker was started from is known as long as it runs, also to an adapter that comes later. */
static void test_definition_is_known(void **state)
{
        UnitInfo info;
        Bench *b = *state;

        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "a", .epoch = 7, .digest = 0xfe12 }), 0);
        expect(b, "a 7 starting;a 7 running;");
        assert_string_equal(b->fake.definition, "DISTRO_DEFINITION=000000000000fe12");
        assert_true(units_find(b->units, "a", &info));
        assert_int_equal(info.unit_digest, 0xfe12);
        bench_detach(b);
        b->units = units_free(b->units);
        bench_renew(b);
        bench_attach(b);
        expect(b, "a 7 running;ready;");
        assert_true(units_find(b->units, "a", &info));
        assert_int_equal(info.unit_digest, 0xfe12);
}

/* systemctl isolate leaves a worker alone, unless its file says otherwise. */
static void test_isolate(void **state)
{
        static char name[] = "IgnoreOnIsolate";
        UnitProperty p = { .name = name, .kind = UNIT_PROPERTY_BOOL };
        _cleanup_(sealed_done) SealedProperties sealed = bench_seal(&p, 1);
        UnitStart s = { .app = "b", .epoch = 8, .node = "bcd", .properties = &sealed };
        Bench *b = *state;

        start(b, "a", 7);
        expect(b, "a 7 starting;a 7 running;");
        assert_true(b->fake.ignores_isolate);
        assert_int_equal(units_start(b->units, &s), 0);
        expect(b, "b 8 starting;b 8 running;");
        assert_false(b->fake.ignores_isolate);
}

static void test_refused_arguments(void **state)
{
        Bench *b = *state;

        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "A", .epoch = 1 }), -EINVAL);
        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "", .epoch = 1 }), -EINVAL);
        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "a", .epoch = 0 }), -EINVAL);
        expect(b, "");
}

static void test_stop_of_what_is_not_there(void **state)
{
        Bench *b = *state;

        assert_int_equal(units_stop(b->units, "a", 5), 0);
        assert_int_equal(units_kill(b->units, "b", 6), 0);
        expect(b, "a 5 stopped;b 6 stopped;");

        /* Another copy than the one that runs. */
        start(b, "a", 7);
        expect(b, "a 7 starting;a 7 running;");
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        expect(b, "a 5 stopped;");
        expect_log(b, "start a;");
}

static void test_job_removed_before_answer(void **state)
{
        Bench *b = *state;

        b->fake.early_removed = true;
        start(b, "a", 5);
        wait_for(b, "a 5 running;");
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stopped;");
        settle(b);
        /* No job counts as being at work: all of the room is there. */
        b->fake.early_removed = false;
        b->fake.hold_starts = true;
        for (unsigned i = 0; i < UNITS_START_JOBS_MAX + 10; i++) {
                char app[16];
                snprintf(app, sizeof(app), "b%u", i);
                start(b, app, 100 + i);
        }
        settle(b);
        assert_int_equal(b->fake.n_jobs, UNITS_START_JOBS_MAX);
}

static void test_job_bound_and_order(void **state)
{
        Bench *b = *state;
        char app[16];

        b->fake.hold_starts = true;
        for (unsigned i = 0; i < 100; i++) {
                snprintf(app, sizeof(app), "s%02u", i);
                start(b, app, 100 + i);
        }
        settle(b);
        assert_int_equal(b->fake.n_jobs, UNITS_START_JOBS_MAX);
        b->fake.log[0] = b->seen[0] = 0;

        /* Stops go past the starts that wait; one that waits itself is never sent. */
        assert_int_equal(units_stop(b->units, "s00", 100), 0);
        assert_int_equal(units_stop(b->units, "s99", 199), 0);
        wait_for(b, "s00 100 stopped;");
        wait_for(b, "s99 199 stopped;");
        settle(b);
        assert_int_equal(strncmp(b->fake.log, "stop s00;start s48;", 19), 0);
        assert_null(strstr(b->fake.log, "s99"));

        /* All of them get their turn, in order. */
        b->fake.hold_starts = false;
        for (unsigned i = 1; i < 49; i++) {
                snprintf(app, sizeof(app), "s%02u", i);
                fake_job_done(&b->fake, app, "done");
        }
        for (uint64_t end = now() + PATIENCE_USEC; b->n_running < 98 && now() < end;)
                turn(b, 10 * USEC_PER_MSEC);
        assert_int_equal(b->n_running, 98);
        assert_non_null(strstr(b->fake.log, "start s49;start s50;start s51;"));
        assert_true(b->fake.n_jobs_max <= UNITS_JOBS_MAX);
}

static void test_stops_are_bounded(void **state)
{
        Bench *b = *state;
        char app[16];

        for (unsigned i = 0; i < 100; i++) {
                snprintf(app, sizeof(app), "s%02u", i);
                start(b, app, 100 + i);
        }
        for (uint64_t end = now() + PATIENCE_USEC; b->n_running < 100 && now() < end;)
                turn(b, 10 * USEC_PER_MSEC);
        b->fake.hold_stops = true;
        for (unsigned i = 0; i < 100; i++) {
                snprintf(app, sizeof(app), "s%02u", i);
                assert_int_equal(units_stop(b->units, app, 100 + i), 0);
        }
        settle(b);
        assert_int_equal(b->fake.n_jobs, UNITS_JOBS_MAX);
        assert_int_equal(b->fake.n_jobs_max, UNITS_JOBS_MAX);
}

static void test_exists_same_copy(void **state)
{
        Bench *b = *state;

        fake_add(&b->fake, "a", 5, "active");
        start(b, "a", 5);
        expect(b, "a 5 running;");
        expect_log(b, "start a;");
}

static void test_exists_other_copy(void **state)
{
        Bench *b = *state;

        fake_add(&b->fake, "a", 4, "active");
        start(b, "a", 5);
        expect(b, "a 5 refused (another copy of it is at work on this node);a 4 running;");
        assert_int_equal(units_stop(b->units, "a", 4), 0);
        expect(b, "a 4 stopped;");

        fake_add(&b->fake, "c", 0, "active");
        start(b, "c", 6);
        expect(b, "c 6 refused (a unit of that name is at work that is none of ours);");

        /* One that is known already is not even asked about. */
        start(b, "d", 7);
        expect(b, "d 7 starting;d 7 running;");
        b->fake.log[0] = 0;
        start(b, "d", 8);
        expect(b, "d 7 running;d 8 refused (another copy of it is at work on this node);");
        expect_log(b, "");
}

static void test_exists_failed_rest(void **state)
{
        Bench *b = *state;

        fake_add(&b->fake, "a", 4, "failed");
        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        expect_log(b, "start a;reset a;start a;");
}

static void test_exists_unit_file(void **state)
{
        Bench *b = *state;
        FakeUnit *u = fake_add(&b->fake, "a", 0, "inactive");

        u->transient = false;
        strcpy(u->fragment, "/etc/systemd/system/x");
        start(b, "a", 5);
        expect(b, "a 5 refused (there is a unit file of that name: /etc/systemd/system/x);");
        units_forget(b->units, "a", 5);
        settle(b);
        expect_log(b, "start a;");
}

static void test_start_errors(void **state)
{
        Bench *b = *state;

        b->fake.start_error = SD_BUS_ERROR_INVALID_ARGS;
        start(b, "a", 5);
        expect(b, "a 5 refused (it says no);");

        /* systemd was away: nothing is known, so it is looked and sent again. */
        b->fake.start_error = SD_BUS_ERROR_NO_REPLY;
        start(b, "b", 6);
        wait_for(b, "b 6 running;");
        expect(b, "b 6 starting;b 6 running;");
        expect_log(b, "start a;start b;start b;");

        /* In the way of another job: our fault, or the host goes down. */
        b->fake.start_error = "org.freedesktop.systemd1.TransactionIsDestructive";
        start(b, "c", 7);
        wait_for(b, "c 7 refused (it says no);");
        b->fake.start_error = "org.freedesktop.systemd1.TransactionIsDestructive";
        b->fake.system_state = "stopping";
        start(b, "d", 8);
        wait_for(b, "d 8 stopped at shutdown;");
}

/* The unit itself, or one that it requires. */
static void test_start_without_room(void **state)
{
        Bench *b = *state;

        b->fake.start_error = "org.freedesktop.systemd1.NoSuchUnit";
        b->fake.start_missing = "distro-app-a.service";
        start(b, "a", 5);
        expect(b, "a 5 refused (systemd could not write the unit's file: /run is full or cannot be written);");
        b->fake.start_error = "org.freedesktop.systemd1.NoSuchUnit";
        b->fake.start_missing = "database.service";
        start(b, "b", 6);
        expect(b, "b 6 refused (Unit database.service not found.);");
}

static void test_failure(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        start(b, "a", 5);
        expect(b, "a 5 starting;");
        fake_find(&b->fake, "a")->exit_status = 3;
        fake_job_done(&b->fake, "a", "failed");
        expect(b, "a 5 failed (exit-code, status 3);");
        expect_log(b, "start a;");
        units_forget(b->units, "a", 4); /* another copy: nothing happens */
        settle(b);
        expect_log(b, "");
        units_forget(b->units, "a", 5);
        settle(b);
        expect_log(b, "reset a;");
}

static void test_finished(void **state)
{
        Bench *b = *state;

        b->fake.finish_at_once = true;
        start(b, "a", 5);
        wait_for(b, "a 5 finished;");
        b->fake.finish_at_once = false;
        start(b, "b", 6);
        wait_for(b, "b 6 running;");
        strcpy(fake_find(&b->fake, "b")->active, "inactive");
        fake_changed(&b->fake, "b");
        fake_remove(&b->fake, "b");
        wait_for(b, "b 6 finished;");
}

static void outside_stop(Bench *b, const char *app, uint64_t epoch, bool see_type)
{
        char running[64];

        start(b, app, epoch);
        snprintf(running, sizeof(running), "%s %" PRIu64 " running;", app, epoch);
        wait_for(b, running);
        settle(b);
        b->seen[0] = 0;
        fake_job_new(&b->fake, app, "stop");
        if (see_type) {
                strcpy(fake_find(&b->fake, app)->active, "deactivating");
                fake_changed(&b->fake, app);
                settle(b);
        }
        fake_job_done(&b->fake, app, "done");
}

static void test_outside_stop(void **state)
{
        Bench *b = *state;

        outside_stop(b, "a", 5, true);
        expect(b, "a 5 stopping;a 5 stopped from outside;");
        outside_stop(b, "b", 6, false); /* over before its job could be asked about */
        wait_for(b, "b 6 stopped from outside;");
        b->fake.silent_stop = true;
        outside_stop(b, "c", 7, false);
        wait_for(b, "c 7 stopped from outside;");
        b->fake.silent_stop = false;

        b->fake.system_state = "stopping";
        outside_stop(b, "d", 8, true);
        wait_for(b, "d 8 stopped at shutdown;");
        b->fake.system_state = NULL;
        strcpy(b->fake.own_job, "stop");
        outside_stop(b, "e", 9, true);
        wait_for(b, "e 9 stopped at shutdown;");
        strcpy(b->fake.own_job, "restart");
        outside_stop(b, "f", 10, true);
        wait_for(b, "f 10 stopped from outside;");
}

static void test_restart_by_hand(void **state)
{
        Bench *b = *state;

        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        fake_job_new(&b->fake, "a", "restart");
        strcpy(fake_find(&b->fake, "a")->active, "deactivating");
        fake_changed(&b->fake, "a");
        settle(b);
        fake_job_done(&b->fake, "a", "done");
        wait_for(b, "a 5 running;");
        settle(b);
        assert_null(strstr(b->seen, "stopped"));
        assert_null(strstr(b->seen, "finished"));
}

static void test_listing(void **state)
{
        Bench *b = *state;

        bench_detach(b);
        units_free(b->units);
        fake_add(&b->fake, "a", 5, "active");
        fake_add(&b->fake, "b", 6, "failed")->exit_status = 1;
        strcpy(fake_find(&b->fake, "b")->result, "exit-code");
        fake_add(&b->fake, "c", 0, "active");          /* none of ours */
        fake_add(&b->fake, "e", UINT64_MAX, "active"); /* nor that: nobody granted it */
        fake_add(&b->fake, "d", 8, "activating");
        strcpy(fake_add(&b->fake, "x", 9, "active")->name, "distro-app-X.service");

        bench_renew(b);
        assert_false(units_is_ready(b->units));
        bench_attach(b);
        expect(b, "a 5 running;b 6 failed (exit-code, status 1);d 8 starting;ready;");
        assert_true(units_is_ready(b->units));
        assert_int_equal(units_count(b->units), 3);
}

static void on_own_job(const OwnJobAnswer *answer, void *userdata)
{
        *(OwnJobAnswer *) userdata = *answer;
}

static void test_own_job(void **state)
{
        static const struct {
                const char *job, *system_state;
                OwnJob manager;
                bool leave;
                const char *target; /* that is being started */
        } cases[] = {
                { "", "running", OWN_JOB_NONE, false },
                { "start", "starting", OWN_JOB_NONE, false },
                { "stop", "running", OWN_JOB_STOP, true },
                { "restart", "running", OWN_JOB_RESTART, false },
                { "try-restart", "running", OWN_JOB_RESTART, false },
                { "stop", "stopping", OWN_JOB_SHUTDOWN, true },
                { "", "stopping", OWN_JOB_SHUTDOWN, true },
                { "stop", "stopping", OWN_JOB_SHUTDOWN, true, "reboot.target" },
                { "stop", "stopping", OWN_JOB_SHUTDOWN, true, "poweroff.target" },
                { "stop", "stopping", OWN_JOB_SHUTDOWN, true, "halt.target" },
        };
        Bench *b = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                OwnJobAnswer answer = { .error = 1 };
                OwnJobQuery *q;

                strcpy(b->fake.own_job, c->job);
                b->fake.system_state = c->system_state;
                b->fake.target = c->target;
                assert_int_equal(units_query_own_job(b->units, on_own_job, &answer, &q), 0);
                settle(b);
                assert_int_equal(answer.error, 0);
                assert_int_equal(answer.manager, c->manager);
                assert_int_equal(answer.corosync, OWN_JOB_NONE);
                assert_int_equal(own_job_is_leave(&answer), c->leave);
                assert_int_equal(answer.powers_off, c->target && !streq(c->target, "reboot.target"));
                own_job_query_free(q);
        }
        OwnJobAnswer restart = { .corosync = OWN_JOB_RESTART },
                     unknown = { .error = -EIO, .manager = OWN_JOB_STOP };
        assert_true(own_job_is_leave(&restart));
        assert_false(own_job_is_leave(&unknown));
        bench_detach(b);
        OwnJobQuery *q;
        assert_int_equal(units_query_own_job(b->units, on_own_job, &restart, &q), -ENOTCONN);
}

/* ---- commands that are kept in a drop-in ---- */

#define W(x) ((char[]){ x }) /* a literal as a word of its own */
#define COMMAND(program, flag, ...)                                                                        \
        {                                                                                                  \
                .path = W(program),                                                                        \
                .argv = { (char *[]){ __VA_ARGS__ }, ELEMENTSOF(((char *[]){ __VA_ARGS__ })) }, .flags = { \
                        (char *[]){ W(flag) },                                                             \
                        *(flag) ? 1 : 0                                                                    \
                }                                                                                          \
        }

static void start_with(Bench *b, UnitProperty *properties, size_t n_properties, uint64_t epoch)
{
        _cleanup_(sealed_done) SealedProperties sealed = bench_seal(properties, n_properties);
        UnitStart s = { .app = "a", .epoch = epoch, .properties = &sealed };

        assert_int_equal(units_start(b->units, &s), 0);
}

/* What lies in the drop-in of the unit of "a"; "" where there is none. */
static const char *kept_of(Bench *b, unsigned epoch)
{
        static char text[1024];
        char path[160];
        size_t n = 0;

        snprintf(path, sizeof(path), "%s/distro-app-a.service.d/00-distro-manager-%u.conf", b->dropins,
                        epoch);
        FILE *f = fopen(path, "re");
        if (f) {
                n = fread(text, 1, sizeof(text) - 1, f);
                fclose(f);
        }
        text[n] = 0;
        return text;
}

/* All commands of a key of which one needs it, in words that systemd reads as they are meant; no other key. */
static void test_commands_are_kept(void **state)
{
        UnitExec plain[] = { COMMAND("/bin/a", "", W("/bin/a"), W("%n")) },
                 ex[] = { COMMAND("ip", "privileged", W("ip"), W("a \"b\"\\\n"), W("")),
                         COMMAND("/c", "no-setuid", W("own")) },
                 rest[] = { COMMAND("/d e", "ignore-failure", W("/d e"), W(";")) },
                 dollar[] = { COMMAND("/bin/f", "", W("/bin/f"), W("${X}")) };
        char *lines[] = { W("a %n"), W("") };
        UnitProperty p[] = {
                { .name = W("ExecStart"), .kind = UNIT_PROPERTY_EXEC, .exec = { plain, 1 } },
                { .name = W("ExecStopPostEx"), .kind = UNIT_PROPERTY_EXEC_EX, .exec = { ex, 2 } },
                { .name = W("ExecStopPost"), .kind = UNIT_PROPERTY_EXEC, .exec = { rest, 1 } },
                { .name = W("ExecStop"), .kind = UNIT_PROPERTY_EXEC, .exec = { dollar, 1 } },
                { .name = W("Service.Newer"), .kind = UNIT_PROPERTY_LINES, .strings = { lines, 2 } },
                { .name = W("Unit.Newest"), .kind = UNIT_PROPERTY_LINES, .strings = { lines, 2 } },
        };
        static const char expected[] =
                        "# Of distro-manager: commands as they are to be after a daemon-reload, and keys that "
                        "systemd alone knows.\n"
                        "[Unit]\nNewest=a %n\nNewest=\n[Service]\nNewer=a %n\nNewer=\n"
                        "ExecStopPost=\n"
                        "ExecStopPost=+@\"ip\" \"ip\" \"a \\\"b\\\"\\\\\\x0a\" \"\"\n"
                        "ExecStopPost=!@\"/c\" \"own\"\n"
                        "ExecStopPost=-@\"/d e\" \"/d e\" \";\"\n"
                        "ExecStop=\n"
                        "ExecStop=@\"/bin/f\" \"/bin/f\" \"${X}\"\n";
        Bench *b = *state;

        start_with(b, p, ELEMENTSOF(p), 5);
        assert_string_equal(kept_of(b, 5), expected);

        expect(b, "a 5 starting;a 5 running;");
        assert_string_equal(kept_of(b, 5), expected);

        assert_int_equal(units_stop(b->units, "a", 5), 0);
        expect(b, "a 5 stopped;");
        units_forget(b->units, "a", 5);
        assert_string_equal(kept_of(b, 5), "");

        /* The next copy has another file: what was left is not of it. */
        start_with(b, p, ELEMENTSOF(p), 6);
        expect(b, "a 6 starting;a 6 running;");
        assert_int_equal(units_stop(b->units, "a", 6), 0);
        expect(b, "a 6 stopped;");
        assert_string_equal(kept_of(b, 6), expected);
        start_with(b, p, 1, 7);
        assert_string_equal(kept_of(b, 6), "");
        assert_string_equal(kept_of(b, 7), "");
        expect(b, "a 7 starting;a 7 running;");
        assert_string_equal(kept_of(b, 7), "");
}

/* A unit that is none of ours keeps its own commands; and without room for ours nothing is started. */
static void test_commands_of_refused(void **state)
{
        UnitExec ex[] = { COMMAND("/c", "privileged", W("/c")) };
        UnitProperty p = { .name = W("ExecStartEx"), .kind = UNIT_PROPERTY_EXEC_EX, .exec = { ex, 1 } };
        Bench *b = *state;
        FakeUnit *u = fake_add(&b->fake, "a", 0, "inactive");

        u->transient = false;
        strcpy(u->fragment, "/etc/systemd/system/x");
        start_with(b, &p, 1, 5);
        expect(b, "a 5 refused (there is a unit file of that name: /etc/systemd/system/x);");
        assert_string_equal(kept_of(b, 5), "");
        units_forget(b->units, "a", 5);
        settle(b);
        expect_log(b, "start a;");

        assert_int_equal(rmdir(b->dropins), 0);
        FILE *f = fopen(b->dropins, "we");
        assert_non_null(f);
        fclose(f);
        start_with(b, &p, 1, 6);
        expect(b, "a 6 refused (its commands cannot be written to /run/systemd/system: Not a directory);");
        expect_log(b, "");
}

/* A start costs one reading, however many signals come with it. */
static void test_few_reads(void **state)
{
        Bench *b = *state;

        b->fake.n_reads = 0;
        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        for (int i = 0; i < 10; i++)
                fake_changed(&b->fake, "a");
        settle(b);
        assert_true(b->fake.n_reads >= 1 && b->fake.n_reads <= 2);
}

/* That what a part left was taken away means nothing for what has no parts. */
static void test_removal_of_nothing(void **state)
{
        Bench *b = *state;

        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        fake_job_of(&b->fake, "distro-removal-a:ip-192.0.2.20.service", "done");
        fake_job_of(&b->fake, "distro-removal-b:ip-192.0.2.20.service", "done");
        fake_job_of(&b->fake, "distro-removal-a:.service", "done");
        settle(b);
        expect(b, "");
        expect_log(b, "start a;");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_start_and_stop),
                BENCH_TEST(test_worker_is_told),
                BENCH_TEST(test_definition_is_known),
                BENCH_TEST(test_isolate),
                BENCH_TEST(test_refused_arguments),
                BENCH_TEST(test_stop_of_what_is_not_there),
                BENCH_TEST(test_job_removed_before_answer),
                BENCH_TEST(test_job_bound_and_order),
                BENCH_TEST(test_stops_are_bounded),
                BENCH_TEST(test_exists_same_copy),
                BENCH_TEST(test_exists_other_copy),
                BENCH_TEST(test_exists_failed_rest),
                BENCH_TEST(test_exists_unit_file),
                BENCH_TEST(test_start_errors),
                BENCH_TEST(test_start_without_room),
                BENCH_TEST(test_failure),
                BENCH_TEST(test_finished),
                BENCH_TEST(test_outside_stop),
                BENCH_TEST(test_restart_by_hand),
                BENCH_TEST(test_listing),
                BENCH_TEST(test_own_job),
                BENCH_TEST(test_commands_are_kept),
                BENCH_TEST(test_commands_of_refused),
                BENCH_TEST(test_few_reads),
                BENCH_TEST(test_removal_of_nothing),
        };

        return cmocka_run_group_tests_name("systemd-units", tests, NULL, NULL);
}
