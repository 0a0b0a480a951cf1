/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application with parts is killed: by its slice, and where a drop-in has placed something beside it. */

#include "systemd-bench.h"

/* All of it is killed, by the slice. */
static void test_kill(void **state)
{
        Bench *b = *state;

        run_with_parts(b, "a", 5);
        b->fake.log[0] = '\0';
        b->fake.hold_stops = true;
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        settle(b);
        assert_non_null(strstr(b->fake.log, "stop a.slice;kill a.slice;"));
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped;");
}

#define SLICE_OF_A "/distro.slice/distro-a.slice"

static void put_group_file(const Bench *b, const char *group, const char *file, const char *text)
{
        char command[400];

        snprintf(command, sizeof(command), "mkdir -p %s%s && printf '%s' >%s%s/%s", b->cgroups, group, text,
                        b->cgroups, group, file);
        assert_int_equal(system(command), 0);
}

static void put_kill_file(const Bench *b, const char *text)
{
        put_group_file(b, SLICE_OF_A, "cgroup.kill", text);
}

static bool this_was_killed(const Bench *b, const char *group)
{
        char path[200], text[4] = "";
        FILE *f;

        snprintf(path, sizeof(path), "%s%s/cgroup.kill", b->cgroups, group);
        f = fopen(path, "re");
        assert_non_null(f);
        if (!fgets(text, sizeof(text), f))
                text[0] = 0;
        fclose(f);
        return text[0] == '1';
}

static bool group_was_killed(const Bench *b)
{
        return this_was_killed(b, SLICE_OF_A);
}

/* What lives on is killed by its control group, but not while systemd, which has answered, may be taking away what parts have. */
static void test_kill_leaves_time_for_the_removal(void **state)
{
        Bench *b = *state;
        uint64_t answered_usec;

        put_kill_file(b, "");
        run_with_parts(b, "a", 5);
        b->fake.hold_stops = true;
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        while (!group_was_killed(b))
                turn(b, UNITS_SYSTEMD_ANSWER_USEC);
        b->fake.log[0] = '\0';
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        while (!strstr(b->fake.log, "kill a.slice;"))
                turn(b, UNITS_SYSTEMD_ANSWER_USEC);
        settle(b);
        put_kill_file(b, "");
        answered_usec = now();
        while (!group_was_killed(b))
                turn(b, UNITS_SYSTEMD_ANSWER_USEC);
        assert_true(now() - answered_usec > 2 * UNITS_KILL_REPEAT_USEC);
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped;");
}

/* It is asked for again and again, as by the guard: each kill leaves time for the removal. */
static void test_kills_in_a_row(void **state)
{
        Bench *b = *state;
        uint64_t answered_usec = 0;

        run_with_parts(b, "a", 5);
        b->fake.hold_stops = true;
        for (unsigned i = 0; i < 2; i++) {
                b->fake.log[0] = '\0';
                while (!strstr(b->fake.log, "kill a.slice;")) {
                        assert_int_equal(units_kill(b->units, "a", 5), 0);
                        turn(b, 20 * USEC_PER_MSEC);
                }
                if (i > 0)
                        assert_true(now() - answered_usec >= UNITS_SYSTEMD_ANSWER_USEC / 2);
                answered_usec = now();
        }
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped;");
}

static void wait_killed(Bench *b, const char *group)
{
        for (uint64_t end = now() + PATIENCE_USEC; !this_was_killed(b, group); turn(b, 20 * USEC_PER_MSEC))
                if (now() > end)
                        fail_msg("%s was not killed; seen: %s; asked: %s", group, b->seen, b->fake.log);
}

#define BESIDE "/site.slice"

/* A drop-in with Slice= has placed the worker, and a part, beside the slice. */
static void place_beside(Bench *b)
{
        strcpy(fake_find(&b->fake, "a")->slice, "site.slice");
        strcpy(fake_find_unit(&b->fake, IP4("a"))->slice, "site.slice");
        put_group_file(b, SLICE_OF_A, "cgroup.kill", "");
        put_group_file(b, BESIDE "/" IP4("a"), "cgroup.kill", "");
}

/* They are stopped and killed by themselves, and by their own control groups. */
static void test_kill_beside_the_slice(void **state)
{
        Bench *b = *state;

        run_with_parts(b, "a", 5);
        place_beside(b);
        put_group_file(b, BESIDE "/distro-app-a.service", "cgroup.kill", "");
        fake_changed(&b->fake, "a");
        fake_unit_changed(&b->fake, IP4("a"));
        bench_detach(b);
        bench_attach(b);
        settle(b);
        b->fake.log[0] = '\0';
        b->fake.hold_stops = true;
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        settle(b);
        assert_non_null(strstr(b->fake.log, "stop a;stop a:ip-192.0.2.20;stop a.slice;"));
        assert_non_null(strstr(b->fake.log, "kill a;kill a:ip-192.0.2.20;kill a.slice;"));
        wait_killed(b, BESIDE "/distro-app-a.service");
        wait_killed(b, BESIDE "/" IP4("a"));
        wait_killed(b, SLICE_OF_A);
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped;");
}

/* A start of which nothing was read, and systemd stands still: the worker's group is looked for. */
static void test_kill_of_a_start_beside_the_slice(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        start_with_parts(b, "a", 5);
        settle(b);
        place_beside(b);
        put_group_file(b, BESIDE "/site-web.slice/distro-app-a.service", "cgroup.kill", "");
        b->fake.mute = true;
        assert_int_equal(units_kill(b->units, "a", 5), 0);
        wait_killed(b, BESIDE "/site-web.slice/distro-app-a.service");
}

/* Its start failed, and systemd keeps the unit without its control group: processes are left all the same. */
static void test_left_beside_the_slice(void **state)
{
        FakeUnit *worker;
        Bench *b = *state;

        put_group_file(b, BESIDE "/distro-app-a.service", "cgroup.events", "populated 1\\n");
        b->fake.hold_starts = true;
        start_with_parts(b, "a", 5);
        settle(b);
        worker = fake_find(&b->fake, "a");
        strcpy(worker->slice, "site.slice");
        worker->no_group = true;
        worker->exit_status = 3;
        fake_job_done(&b->fake, "a", "failed");
        wait_for(b, "a 5 stuck (processes are left after its end);");
        put_group_file(b, BESIDE "/distro-app-a.service", "cgroup.events", "populated 0\\n");
        wait_for(b, "a 5 failed (exit-code, status 3);");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_kill),
                BENCH_TEST(test_kill_leaves_time_for_the_removal),
                BENCH_TEST(test_kills_in_a_row),
                BENCH_TEST(test_kill_beside_the_slice),
                BENCH_TEST(test_kill_of_a_start_beside_the_slice),
                BENCH_TEST(test_left_beside_the_slice),
        };

        return cmocka_run_group_tests_name("systemd-parts-kill", tests, NULL, NULL);
}
