/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd or the bus is away for a while, hangs, or does not come to its end with a unit. */

#include <sys/stat.h>

#include <unistd.h>

#include "systemd-bench.h"
#include "systemd/guard-file.h"

static void test_systemd_comes_back(void **state)
{
        Bench *b = *state;
        unsigned n_lists, n_subscribes;

        start(b, "a", 5);
        start(b, "b", 6);
        wait_for(b, "b 6 running;");
        settle(b);
        n_lists = b->fake.n_lists;
        n_subscribes = b->fake.n_subscribes;
        b->seen[0] = 0;

        /* Away; meanwhile one is gone and another has come. */
        fake_owner_changed(&b->fake, "");
        expect(b, "");
        fake_remove(&b->fake, "a");
        fake_add(&b->fake, "c", 9, "active");
        fake_owner_changed(&b->fake, ":1.2");
        wait_for(b, "a 5 stopped from outside;");
        wait_for(b, "c 9 running;");
        settle(b);
        assert_null(strstr(b->seen, "b 6"));
        assert_int_equal(b->fake.n_lists, n_lists + 1);
        assert_int_equal(b->fake.n_subscribes, n_subscribes + 1);
        assert_int_equal(b->n_ready, 1);
}

static void test_bus_comes_back(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        start(b, "a", 5); /* answered, its job at work */
        start(b, "b", 6);
        expect(b, "a 5 starting;b 6 starting;");
        b->fake.mute = true;
        start(b, "c", 7); /* not answered, and without effect */
        settle(b);
        bench_detach(b);
        start(b, "d", 8); /* while there is no bus */
        expect(b, "");

        b->fake.mute = b->fake.hold_starts = false;
        fake_remove(&b->fake, "b");
        b->fake.n_jobs = fake_find(&b->fake, "a")->job = 0;
        strcpy(fake_find(&b->fake, "a")->active, "active");
        b->fake.log[0] = 0;
        bench_attach(b);
        wait_for(b, "a 5 running;");
        wait_for(b, "b 6 running;");
        wait_for(b, "c 7 running;");
        wait_for(b, "d 8 running;");
        settle(b);
        assert_null(strstr(b->fake.log, "start a;"));
}

/* What a new manager, or the guard, finds when its predecessor ended while a start waited for another unit: no process
 * yet, and one to come. */
static void test_start_that_waits(void **state)
{
        Bench *b = *state;

        bench_detach(b);
        units_free(b->units);
        FOREACH_ARRAY(app, ((const char *const[]){ "a", "b", "c" }), 3) {
                fake_add(&b->fake, *app, 5, "inactive");
                b->fake.hold_starts = true;
        }
        bench_renew(b);
        fake_connect(&b->fake, b->event, &b->client);
        FOREACH_ARRAY(app, ((const char *const[]){ "a", "b", "c" }), 3)
                fake_job_new(&b->fake, *app, "start");
        assert_int_equal(units_attach(b->units, b->client), 0);
        expect(b, "a 5 starting;b 5 starting;c 5 starting;ready;");

        fake_job_done(&b->fake, "a", "done");
        expect(b, "a 5 running;");
        assert_int_equal(units_stop(b->units, "b", 5), 0);
        expect(b, "b 5 stopped;");
        fake_job_done(&b->fake, "c", "dependency");
        expect(b, "c 5 stopping;c 5 stopped from outside;");
}

/* The bus goes while a start waits: it is still this copy's when the bus is back, for however long it waits. */
static void test_bus_comes_back_before_a_start(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        start(b, "a", 5);
        expect(b, "a 5 starting;");
        strcpy(fake_find(&b->fake, "a")->active, "inactive");
        b->fake.log[0] = 0;
        bench_detach(b);
        bench_attach(b);
        expect(b, "");
        start(b, "a", 6);
        expect(b, "a 5 starting;a 6 refused (another copy of it is at work on this node);");
        fake_job_done(&b->fake, "a", "done");
        expect(b, "a 5 running;");
        expect_log(b, "");
}

static void test_exists_start_that_waits(void **state)
{
        Bench *b = *state;

        fake_add(&b->fake, "a", 4, "inactive");
        fake_job_new(&b->fake, "a", "start");
        start(b, "a", 5);
        expect(b, "a 5 refused (another copy of it is at work on this node);a 4 starting;");
        expect_log(b, "start a;");
}

/* Every process of the host can send us signals; those that systemd has not sent are nothing to us. */
static void test_signals_of_others(void **state)
{
        Bench *b = *state;
        unsigned n_reads, n_lists, n_subscribes;

        start(b, "a", 5);
        wait_for(b, "a 5 running;");
        b->fake.hold_starts = true;
        start(b, "b", 6);
        wait_for(b, "b 6 starting;");
        settle(b);
        n_reads = b->fake.n_reads;
        n_lists = b->fake.n_lists;
        n_subscribes = b->fake.n_subscribes;
        b->seen[0] = 0;
        fake_forge_signals(&b->fake, "a");
        fake_forge_signals(&b->fake, "b");
        settle(b);
        expect(b, "");
        assert_int_equal(b->fake.n_reads, n_reads);
        assert_int_equal(b->fake.n_lists, n_lists);
        assert_int_equal(b->fake.n_subscribes, n_subscribes);
        fake_job_done(&b->fake, "b", "done");
        wait_for(b, "b 6 running;");
}

static void make_group(const Bench *b, bool populated)
{
        static const char *const parts[] = { "/distro.slice", "/distro.slice/distro-app-k.service" };
        char path[256];

        FOREACH_ARRAY(part, parts, ELEMENTSOF(parts)) {
                snprintf(path, sizeof(path), "%s%s", b->cgroups, *part);
                (void) mkdir(path, 0755);
        }
        for (int events = 0; events < 2; events++) {
                snprintf(path, sizeof(path), "%s%s/cgroup.%s", b->cgroups, parts[1],
                                events ? "events" : "kill");
                FILE *f = fopen(path, "we");
                assert_non_null(f);
                if (events)
                        fprintf(f, "populated %d\n", (int) populated);
                assert_int_equal(fclose(f), 0);
        }
}

static bool group_was_killed(const Bench *b)
{
        char path[256];
        struct stat st;

        snprintf(path, sizeof(path), "%s/distro.slice/distro-app-k.service/cgroup.kill", b->cgroups);
        return stat(path, &st) == 0 && st.st_size > 0;
}

static void wait_killed(Bench *b)
{
        for (uint64_t end = now() + PATIENCE_USEC; !group_was_killed(b); turn(b, 20 * USEC_PER_MSEC))
                if (now() > end)
                        fail_msg("the control group was not killed");
}

static void test_kill(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        b->fake.log[0] = 0;
        assert_int_equal(units_kill(b->units, "k", 5), 0);
        wait_for(b, "k 5 stopped;");
        settle(b);
        expect_log(b, "stop k;kill k;");
        assert_false(group_was_killed(b));
}

static void test_kill_without_systemd(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        make_group(b, true);
        b->fake.mute = true;
        uint64_t begin = now();
        assert_int_equal(units_kill(b->units, "k", 5), 0);
        wait_killed(b);
        assert_true(now() - begin >= UNITS_SYSTEMD_ANSWER_USEC - 100 * USEC_PER_MSEC);
}

/* A stop that systemd has not answered has used up its patience: when the time for it is over the processes die. */
static void test_kill_after_a_silent_stop(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        make_group(b, true);
        b->fake.mute = true;
        assert_int_equal(units_stop(b->units, "k", 5), 0);
        for (uint64_t end = now() + UNITS_SYSTEMD_ANSWER_USEC + 100 * USEC_PER_MSEC; now() < end;)
                turn(b, 20 * USEC_PER_MSEC);
        assert_false(group_was_killed(b));
        uint64_t begin = now();
        assert_int_equal(units_kill(b->units, "k", 5), 0);
        wait_killed(b);
        assert_true(now() - begin < UNITS_SYSTEMD_ANSWER_USEC);
}

static void test_kill_without_bus(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        make_group(b, true);
        bench_detach(b);
        uint64_t begin = now();
        assert_int_equal(units_kill(b->units, "k", 5), 0);
        wait_killed(b);
        assert_true(now() - begin < UNITS_SYSTEMD_ANSWER_USEC);

        /* Still there when the bus is back: its stop is sent as well. */
        b->fake.log[0] = 0;
        make_group(b, false);
        bench_attach(b);
        wait_for(b, "k 5 stopped;");
        assert_non_null(strstr(b->fake.log, "stop k;"));
}

static void test_stuck(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        make_group(b, true);
        assert_int_equal(units_stop(b->units, "k", 5), 0);
        wait_for(b, "k 5 stuck (processes are left after its end (success));");
        assert_null(strstr(b->seen, "k 5 stopped;"));
        make_group(b, false);
        wait_for(b, "k 5 stopped;");
}

/* While a start is at work the unit is not read, and one that has failed has no control group any more. */
static void test_failed_start_is_stuck(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        start(b, "k", 5);
        wait_for(b, "k 5 starting;");
        make_group(b, true);
        strcpy(fake_find(&b->fake, "k")->active, "failed");
        strcpy(fake_find(&b->fake, "k")->result, "exit-code");
        fake_job_done(&b->fake, "k", "failed");
        wait_for(b, "k 5 stuck (processes are left after its end (exit-code));");
        assert_null(strstr(b->seen, "k 5 failed"));
        make_group(b, false);
        wait_for(b, "k 5 failed (exit-code);");
}

/* systemd keeps a unit while processes of it are left, and a manager that comes in between takes it for what it is. */
static void test_another_manager_finds_what_is_left(void **state)
{
        Bench *b = *state;

        start(b, "k", 5);
        wait_for(b, "k 5 running;");
        settle(b);
        make_group(b, true);
        bench_detach(b);
        b->units = units_free(b->units);
        strcpy(fake_find(&b->fake, "k")->active, "inactive");
        b->seen[0] = '\0';
        bench_renew(b);
        bench_attach(b);
        wait_for(b, "k 5 stuck (processes are left after its end (success));");
        assert_int_equal(units_stop(b->units, "k", 5), 0);
        make_group(b, false);
        wait_for(b, "k 5 stopped;");
}

/* A drop-in for the workers' units says what it likes: a run that was started here goes on, is not told as ended, and
 * can be stopped. */
static void test_drop_in_empties_the_epoch(void **state)
{
        Bench *b = *state;

        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        FakeUnit *u = fake_find(&b->fake, "a");
        u->no_environment = u->no_log_fields = true;
        fake_owner_changed(&b->fake, ":1.1");
        fake_changed(&b->fake, "a");
        expect(b, "");
        u->epoch = 9; /* the same run, whatever a property says */
        u->no_environment = u->no_log_fields = false;
        fake_owner_changed(&b->fake, ":1.1");
        expect(b, "");
        u->no_environment = u->no_log_fields = true;
        u->invocation++; /* systemd's own restart */
        fake_changed(&b->fake, "a");
        expect(b, "");
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stopped;");
}

/* Its unit's file is taken away, and systemd reloads: the run goes on, and can be stopped. */
static void test_file_taken_away(void **state)
{
        Bench *b = *state;

        start(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        FakeUnit *u = fake_find(&b->fake, "a");
        u->no_file = u->no_environment = u->no_log_fields = true;
        fake_owner_changed(&b->fake, ":1.1");
        fake_changed(&b->fake, "a");
        expect(b, "");
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stopped;");
}

/* A manager that comes later knows the copy by the other witness. */
static void test_drop_in_and_another_manager(void **state)
{
        Bench *b = *state;

        bench_detach(b);
        units_free(b->units);
        fake_add(&b->fake, "a", 5, "active")->no_environment = true;
        fake_add(&b->fake, "b", 6, "active")->no_log_fields = true;
        bench_renew(b);
        bench_attach(b);
        expect(b, "a 5 running;b 6 running;ready;");
}

/* Both witnesses are emptied, and another manager comes: it knows the run, and no other, by what was kept of it. */
static void test_drop_in_empties_both(void **state)
{
        Bench *b = *state;

        start(b, "a", 5);
        start(b, "b", 6);
        start(b, "c", 7);
        expect(b, "a 5 starting;b 6 starting;c 7 starting;a 5 running;b 6 running;c 7 running;");
        bench_detach(b);
        units_free(b->units);
        fake_find(&b->fake, "a")->no_environment = fake_find(&b->fake, "a")->no_log_fields = true;
        fake_find(&b->fake, "b")->no_environment = fake_find(&b->fake, "b")->no_log_fields = true;
        fake_find(&b->fake, "b")->invocation++; /* started by somebody else since */
        bench_renew(b);
        bench_attach(b);
        expect(b, "a 5 running;c 7 running;ready;");

        /* It is asked for once more: the run is found, and there is no second one. */
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stopped;");
        units_forget(b->units, "a", 5);
}

/* What the guard ended, systemd calls failed. Its stamp tells the next manager; what ended before the guard acted did so by
 * itself. */
static void test_ended_by_the_guard(void **state)
{
        Bench *b = *state;
        GuardStamp stamp;
        int fd;

        bench_detach(b);
        units_free(b->units);
        assert_int_equal(guard_stamp_open(b->cgroups, 5000, &fd, &stamp), 0);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 4000, 7000, 0 }), 0);
        fake_add(&b->fake, "a", 5, "failed")->ended_usec = 7001;
        strcpy(fake_find(&b->fake, "a")->result, "signal");
        fake_add(&b->fake, "b", 6, "failed")->ended_usec = 6999;
        strcpy(fake_find(&b->fake, "b")->result, "signal");
        bench_renew(b);
        bench_attach(b);
        wait_for(b, "a 5 stopped;");
        wait_for(b, "b 6 failed (signal);");
        settle(b);
        assert_non_null(strstr(b->fake.log, "reset a;"));
        assert_null(strstr(b->fake.log, "reset b;"));

        /* A manager is in step again: what ends now does so by itself. */
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){}), 0);
        assert_int_equal(close(fd), 0);
        start(b, "c", 7);
        wait_for(b, "c 7 running;");
        fake_find(&b->fake, "c")->ended_usec = 9000;
        strcpy(fake_find(&b->fake, "c")->result, "signal");
        strcpy(fake_find(&b->fake, "c")->active, "failed");
        fake_changed(&b->fake, "c");
        wait_for(b, "c 7 failed (signal);");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_signals_of_others),
                BENCH_TEST(test_ended_by_the_guard),
                BENCH_TEST(test_systemd_comes_back),
                BENCH_TEST(test_bus_comes_back),
                BENCH_TEST(test_start_that_waits),
                BENCH_TEST(test_bus_comes_back_before_a_start),
                BENCH_TEST(test_exists_start_that_waits),
                BENCH_TEST(test_kill),
                BENCH_TEST(test_kill_without_systemd),
                BENCH_TEST(test_kill_after_a_silent_stop),
                BENCH_TEST(test_kill_without_bus),
                BENCH_TEST(test_stuck),
                BENCH_TEST(test_failed_start_is_stuck),
                BENCH_TEST(test_another_manager_finds_what_is_left),
                BENCH_TEST(test_drop_in_empties_the_epoch),
                BENCH_TEST(test_drop_in_and_another_manager),
                BENCH_TEST(test_drop_in_empties_both),
                BENCH_TEST(test_file_taken_away),
        };

        return cmocka_run_group_tests_name("systemd-lost", tests, NULL, NULL);
}
