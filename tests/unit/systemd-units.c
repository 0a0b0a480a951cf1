/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "systemd-fake.h"
#include "systemd/units.h"

#define PATIENCE_USEC (5 * USEC_PER_SEC)

/* One adapter on a fake systemd. Reports are written down as "app epoch state[ (reason)];". */
typedef struct Bench {
        sd_event *event;
        sd_bus *client;
        Fake fake;
        Units *units;
        char seen[16384];
        unsigned n_ready;
        size_t n_running;
        char cgroups[64];
} Bench;

static void on_changed(const UnitInfo *info, void *userdata)
{
        Bench *b = userdata;
        size_t n = strlen(b->seen);

        if (info->state == UNIT_RUNNING)
                b->n_running++;
        snprintf(b->seen + n, sizeof(b->seen) - n, "%s %" PRIu64 " %s%s%s%s;", info->app, info->epoch,
                        unit_state_to_string(info->state), info->reason ? " (" : "", strempty(info->reason),
                        info->reason ? ")" : "");
}

static void on_ready(void *userdata)
{
        Bench *b = userdata;

        b->n_ready++;
        strcat(b->seen, "ready;");
}

static void on_failed(int error, void *userdata)
{
        fail_msg("out of memory: %d", error);
}

static void bench_attach(Bench *b)
{
        fake_connect(&b->fake, b->event, &b->client);
        assert_int_equal(units_attach(b->units, b->client), 0);
}

static void bench_detach(Bench *b)
{
        units_detach(b->units);
        (void) sd_bus_detach_event(b->client);
        b->client = sd_bus_close_unref(b->client);
        fake_close(&b->fake);
}

static void turn(Bench *b, uint64_t usec)
{
        assert_true(sd_event_run(b->event, usec) >= 0);
}

static uint64_t now(void)
{
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* Until nothing happens any more for a moment. */
static void settle(Bench *b)
{
        for (uint64_t end = now() + PATIENCE_USEC; now() < end;)
                if (sd_event_run(b->event, 30 * USEC_PER_MSEC) == 0)
                        return;
        fail_msg("it never comes to rest; seen: %s", b->seen);
}

static void wait_for(Bench *b, const char *text)
{
        for (uint64_t end = now() + PATIENCE_USEC; now() < end; turn(b, 10 * USEC_PER_MSEC))
                if (strstr(b->seen, text))
                        return;
        fail_msg("never came: '%s'; seen: %s", text, b->seen);
}

/* What was seen since the last time, exactly. */
static void expect(Bench *b, const char *text)
{
        settle(b);
        assert_string_equal(b->seen, text);
        b->seen[0] = 0;
}

static void expect_log(Bench *b, const char *text)
{
        assert_string_equal(b->fake.log, text);
        b->fake.log[0] = 0;
}

static void bench_renew(Bench *b)
{
        assert_int_equal(units_new(
                                         &(UnitsParameters){
                                                         .event = b->event,
                                                         .callbacks = { .changed = on_changed,
                                                                         .ready = on_ready,
                                                                         .failed = on_failed },
                                                         .userdata = b,
                                                         .own_unit = "distro-manager.service",
                                                         .cgroup_root = b->cgroups,
                                         },
                                         &b->units),
                        0);
}

static void bench_new(Bench *b)
{
        *b = (Bench){};
        strcpy(b->cgroups, "/tmp/test-units-XXXXXX");
        assert_non_null(mkdtemp(b->cgroups));
        assert_true(sd_event_new(&b->event) >= 0);
        bench_renew(b);
}

static int set_up(void **state)
{
        Bench *b = malloc(sizeof(*b));

        assert_non_null(b);
        bench_new(b);
        bench_attach(b);
        expect(b, "ready;");
        *state = b;
        return 0;
}

static int tear_down(void **state)
{
        Bench *b = *state;
        char command[128];

        units_free(b->units);
        if (b->client)
                (void) sd_bus_detach_event(b->client);
        b->client = sd_bus_close_unref(b->client);
        fake_close(&b->fake);
        sd_event_unref(b->event);
        snprintf(command, sizeof(command), "rm -rf '%s'", b->cgroups);
        int r = system(command);
        free(b);
        return r;
}

static void start(Bench *b, const char *app, uint64_t epoch)
{
        static char type_name[] = "Type", type[] = "simple";
        const UnitProperty p = { .name = type_name, .kind = UNIT_PROPERTY_STRING, .string = type };

        assert_int_equal(units_start(b->units,
                                         &(UnitStart){
                                                         .app = app,
                                                         .epoch = epoch,
                                                         .start_type = START_NORMAL,
                                                         .node = "abc",
                                                         .properties = &p,
                                                         .n_properties = 1,
                                         }),
                        0);
}

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
        FOREACH_ARRAY (app, ((const char *const[]){ "a", "b", "c" }), 3) {
                fake_add(&b->fake, *app, 5, "inactive");
                b->fake.hold_starts = true;
        }
        bench_renew(b);
        fake_connect(&b->fake, b->event, &b->client);
        FOREACH_ARRAY (app, ((const char *const[]){ "a", "b", "c" }), 3)
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

static void test_listing(void **state)
{
        Bench *b = *state;

        bench_detach(b);
        units_free(b->units);
        fake_add(&b->fake, "a", 5, "active");
        fake_add(&b->fake, "b", 6, "failed")->exit_status = 1;
        strcpy(fake_find(&b->fake, "b")->result, "exit-code");
        fake_add(&b->fake, "c", 0, "active"); /* none of ours */
        fake_add(&b->fake, "d", 8, "activating");
        strcpy(fake_add(&b->fake, "x", 9, "active")->name, "distro-app-X.service");

        bench_renew(b);
        assert_false(units_is_ready(b->units));
        bench_attach(b);
        expect(b, "a 5 running;b 6 failed (exit-code, status 1);d 8 starting;ready;");
        assert_true(units_is_ready(b->units));
        assert_int_equal(units_count(b->units), 3);
}

static void make_group(const Bench *b, bool populated)
{
        static const char *const parts[] = { "/distro.slice", "/distro.slice/distro-app-k.service" };
        char path[256];

        FOREACH_ARRAY (part, parts, ELEMENTSOF(parts)) {
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
        } cases[] = {
                { "", "running", OWN_JOB_NONE, false },
                { "start", "starting", OWN_JOB_NONE, false },
                { "stop", "running", OWN_JOB_STOP, true },
                { "restart", "running", OWN_JOB_RESTART, false },
                { "try-restart", "running", OWN_JOB_RESTART, false },
                { "stop", "stopping", OWN_JOB_SHUTDOWN, true },
                { "", "stopping", OWN_JOB_SHUTDOWN, true },
        };
        Bench *b = *state;

        FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
                OwnJobAnswer answer = { .error = 1 };
                OwnJobQuery *q;

                strcpy(b->fake.own_job, c->job);
                b->fake.system_state = c->system_state;
                assert_int_equal(units_query_own_job(b->units, on_own_job, &answer, &q), 0);
                settle(b);
                assert_int_equal(answer.error, 0);
                assert_int_equal(answer.manager, c->manager);
                assert_int_equal(answer.corosync, OWN_JOB_NONE);
                assert_int_equal(own_job_is_leave(&answer), c->leave);
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

#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_start_and_stop),
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
                BENCH_TEST(test_failure),
                BENCH_TEST(test_finished),
                BENCH_TEST(test_signals_of_others),
                BENCH_TEST(test_outside_stop),
                BENCH_TEST(test_restart_by_hand),
                BENCH_TEST(test_systemd_comes_back),
                BENCH_TEST(test_bus_comes_back),
                BENCH_TEST(test_start_that_waits),
                BENCH_TEST(test_bus_comes_back_before_a_start),
                BENCH_TEST(test_exists_start_that_waits),
                BENCH_TEST(test_listing),
                BENCH_TEST(test_kill),
                BENCH_TEST(test_kill_without_systemd),
                BENCH_TEST(test_kill_after_a_silent_stop),
                BENCH_TEST(test_kill_without_bus),
                BENCH_TEST(test_stuck),
                BENCH_TEST(test_own_job),
                BENCH_TEST(test_few_reads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
