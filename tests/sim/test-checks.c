/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shows that every judge bites: a good history passes, and the same one with one thing wrong does not. Those of parts and of
 * hosts' own ends are in test-checks-parts.c. */

#include "test-checks.h"

static void test_copies(void **state)
{
        Command force = {
                .kind = COMMAND_TAKEOVER, .app = (char *) "one", .node = (char *) "b", .force = true
        };
        Observation outside = START(1, "one", 2, START_FAILOVER, true);

        assert_int_equal(JUDGE(check_copies, START(1, "one", 1, START_NORMAL, true), BEGIN(1, "one", 1),
                                         END(1, "one", 1), START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(
                        JUDGE(check_copies, BEGIN(1, "one", 1), START(2, "one", 2, START_FAILOVER, true)), 1);
        assert_int_equal(JUDGE(check_copies, BEGIN(1, "one", 1), START(1, "one", 2, START_NORMAL, true)), 1);
        assert_int_equal(
                        JUDGE(check_copies, BEGIN(1, "one", 1), START(2, "one", 2, START_TAKEOVER, true)), 1);
        /* A start that was asked for may still begin, until it is known that it will not. */
        assert_int_equal(JUDGE(check_copies, START(1, "one", 1, START_NORMAL, true),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        1);
        assert_int_equal(JUDGE(check_copies, START(1, "one", 1, START_NORMAL, true), VOID(1, "one", 1),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_copies, START(1, "one", 1, START_NORMAL, true),
                                         { .type = OBSERVE_NODE_DOWN, .node_id = 1 },
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_copies, START(1, "one", 1, START_NORMAL, true), BEGIN(1, "one", 1),
                                         VOID(1, "one", 1), START(2, "one", 2, START_FAILOVER, true)),
                        1);
        /* Another application is another matter. */
        assert_int_equal(
                        JUDGE(check_copies, BEGIN(1, "two", 1), START(2, "one", 2, START_FAILOVER, true)), 0);
        /* One overlap for start-first, not two, and for a takeover only. */
        assert_int_equal(
                        JUDGE(check_copies, BEGIN(1, "two", 1), START(2, "two", 2, START_TAKEOVER, true)), 0);
        assert_int_equal(
                        JUDGE(check_copies, BEGIN(1, "two", 1), START(2, "two", 2, START_FAILOVER, true)), 1);
        assert_int_equal(JUDGE(check_copies, BEGIN(1, "two", 1), BEGIN(3, "two", 2),
                                         START(2, "two", 3, START_TAKEOVER, true)),
                        1);
        /* A node outside of the ring is not seen. */
        outside.ring_nodes = two_nodes;
        outside.n_ring_nodes = 2;
        assert_int_equal(JUDGE(check_copies, BEGIN(3, "one", 1), outside), 0);
        /* By force, once. */
        assert_int_equal(JUDGE(check_copies, { .type = OBSERVE_COMMAND, .command = &force },
                                         BEGIN(1, "one", 1), START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_copies, { .type = OBSERVE_COMMAND, .command = &force },
                                         BEGIN(1, "one", 1), BEGIN(2, "one", 2), END(1, "one", 1),
                                         START(3, "one", 3, START_FAILOVER, true)),
                        1);
        /* A stuck worker counts while its manager is there. */
        assert_int_equal(JUDGE(check_copies, MANAGER(1), BEGIN(1, "one", 1),
                                         { .type = OBSERVE_UNIT_STUCK,
                                                         .node_id = 1,
                                                         .app = "one",
                                                         .epoch = 1 },
                                         START(2, "one", 2, START_FAILOVER, true)),
                        1);
        /* One that nobody can end counts until its manager is back; with a guard it counts. */
        assert_int_equal(JUDGE(check_copies, MANAGER(1), BEGIN(1, "one", 1), GONE(1, 1), GUARD(2, 1, false),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_copies, MANAGER(1), BEGIN(1, "one", 1), GUARD(1, 1, false), GONE(2, 1),
                                         GUARD(3, 1, true), START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_copies, MANAGER(1), BEGIN(1, "one", 1), GUARD(1, 1, false), GONE(2, 1),
                                         MANAGER(1), START(2, "one", 2, START_FAILOVER, true)),
                        1);
        assert_int_equal(JUDGE(check_copies, MANAGER(1), BEGIN(1, "one", 1), GUARD(1, 1, false),
                                         GUARD(1, 1, true), GONE(2, 1),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        1);
}

static void test_stops(void **state)
{
        Command restart = { .kind = COMMAND_RESTART, .app = (char *) "one" },
                stop = { .kind = COMMAND_STOP, .app = (char *) "one" };
        Observation restarted = { .type = OBSERVE_COMMAND, .at_usec = 9 * USEC_PER_SEC, .command = &restart },
                    stopped = { .type = OBSERVE_COMMAND, .at_usec = 9 * USEC_PER_SEC, .command = &stop };
        Event view = { .type = EVENT_VIEW }, leave = { .type = EVENT_LEAVE };
        Observation viewed = { .type = OBSERVE_STEP,
                .at_usec = 12 * USEC_PER_SEC,
                .node_id = 2,
                .event = &view },
                    leaves = {
                            .type = OBSERVE_STEP, .at_usec = 9 * USEC_PER_SEC, .node_id = 1, .event = &leave
                    };

        (void) state;
        /* It goes to a better node; it stays nowhere; it is started where it was. */
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), START(2, "one", 2, START_TAKEOVER, true),
                                         LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), LATER(99)),
                        1);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), START(1, "one", 2, START_NORMAL, true),
                                         LATER(99)),
                        1);
        /* What ended by itself was not stopped, and what has not ended yet is waited for. */
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true),
                                         END(1, "one", 1), LATER(99)),
                        0);
        assert_int_equal(
                        JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true), LATER(99)), 0);
        /* Reasons: no quorum, a leave, commands, another copy; but that one has to be there. */
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, false),
                                         STOPPED(10, 1, "one", 1), LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), leaves, STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), stopped, STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), restarted, STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), START(1, "one", 2, START_NORMAL, true),
                                         LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), restarted, STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), LATER(99)),
                        1);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "two", 1), BEGIN(2, "two", 2),
                                         STOP_AT(10, 1, "two", 1, true), STOPPED(10, 1, "two", 1), LATER(99)),
                        0);
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "two", 1), BEGIN(2, "two", 2), END(2, "two", 2),
                                         STOP_AT(10, 1, "two", 1, true), STOPPED(10, 1, "two", 1), LATER(99)),
                        1);
        /* Another view meanwhile answers for what comes after it. */
        assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), STOP_AT(10, 1, "one", 1, true),
                                         STOPPED(10, 1, "one", 1), viewed, LATER(99)),
                        0);
}

/* A member that is late answers for what comes next, one that has come into step just now does not. */
static void test_stops_late(void **state)
{
        Node late = { .id = 2, .presence = PRESENCE_SYNCED, .late = true };
        Engine engine = { .here.me.agreed.state = { .nodes = &late, .n_nodes = 1 } };
        TimerRef timer = { .kind = TIMER_COMMIT };
        Message expired = { .type = MESSAGE_EXPIRY, .expiry.timers = &timer, .expiry.n_timers = 1 },
                came = { .type = MESSAGE_SYNCED, .view.ring.seq = 4, .number = 3 };
        Event expiry = { .type = EVENT_MESSAGE, .message.message = &expired },
              synced = { .type = EVENT_MESSAGE, .message.sender = { 2, 2 }, .message.message = &came };

        (void) state;
        for (uint64_t s = 0; s < 4; s++) {
                Observation comes = { .type = OBSERVE_STEP,
                        .at_usec = (9 + s) * USEC_PER_SEC,
                        .event = &synced },
                            counted = { .type = OBSERVE_STEP,
                                    .at_usec = 12 * USEC_PER_SEC,
                                    .event = &expiry,
                                    .engine = &engine };

                assert_int_equal(JUDGE(check_stops, BEGIN(1, "one", 1), comes, STOP_AT(10, 1, "one", 1, true),
                                                 STOPPED(10, 1, "one", 1), counted, LATER(99)),
                                s >= 2);
        }
}

static void test_overlap(void **state)
{
        const Observation later = { .type = OBSERVE_STEP, .at_usec = 10 * USEC_PER_SEC };

        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), later), 1);
        assert_int_equal(
                        JUDGE(check_overlap, BEGIN(1, "one", 1), END(1, "one", 1), BEGIN(2, "one", 2), later),
                        0);
        assert_int_equal(
                        JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), END(1, "one", 1), later),
                        0);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), BEGIN(3, "one", 3),
                                         END(1, "one", 1), later),
                        1);
        /* One that cannot be ended; two applications; one whose delay is too short. */
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1),
                                         { .type = OBSERVE_UNIT_STUCK,
                                                         .node_id = 1,
                                                         .app = "one",
                                                         .epoch = 1 },
                                         BEGIN(2, "one", 2), later),
                        0);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "two", 2), later), 0);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "two", 1), BEGIN(2, "two", 2), later), 0);
}

/* What doc/guarantees.md says "yes" to does not count, for as long as it says so. */
static void test_overlap_rows(void **state)
{
        const Observation gone = { .type = OBSERVE_MANAGER_END, .node_id = 1 },
                          left = { .type = OBSERVE_MANAGER_END, .node_id = 1, .flag = true },
                          later = { .type = OBSERVE_STEP, .at_usec = 10 * USEC_PER_SEC },
                          over = { .type = OBSERVE_STEP, .at_usec = 30 * USEC_PER_SEC },
                          at_last = { .type = OBSERVE_STEP, .at_usec = 32 * USEC_PER_SEC },
                          begin = BEGIN(1, "one", 1), begin_too = BEGIN(2, "one", 2);
        Command force = {
                .kind = COMMAND_TAKEOVER, .app = (char *) "one", .node = (char *) "b", .force = true
        };
        Observation forced = { .type = OBSERVE_COMMAND, .command = &force };
        Findings f = {};
        void *j = check_overlap.judge_new(&config);

        (void) state;
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), gone, later), 0);
        assert_int_equal(
                        JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), gone, over, at_last), 1);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), BEGIN(2, "one", 2), left, later), 1);
        assert_int_equal(JUDGE(check_overlap, BEGIN(2, "one", 1), BEGIN(3, "one", 2), gone, later), 1);
        /* Neither guard nor manager: until one of them is back and has had its time. */
        assert_int_equal(JUDGE(check_overlap, begin, GUARD(0, 1, false), gone, begin_too, later, over,
                                         at_last),
                        0);
        assert_int_equal(JUDGE(check_overlap, begin, GUARD(0, 1, false), gone, begin_too, GUARD(5, 1, true),
                                         over, at_last),
                        1);
        assert_int_equal(JUDGE(check_overlap, begin, GUARD(0, 2, false), gone, begin_too, over, at_last), 1);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), forced, BEGIN(2, "one", 2), later), 0);

        assert_non_null(j);
        check_overlap.observe(j, &begin, &f);
        check_overlap_sleeps(j, 1, 20 * USEC_PER_SEC);
        check_overlap.observe(j, &begin_too, &f);
        check_overlap.observe(j, &later, &f);
        assert_int_equal(f.n, 0);
        check_overlap.observe(j, &over, &f);
        check_overlap.observe(j, &at_last, &f);
        assert_int_equal(f.n, 1);
        check_overlap.judge_free(j);
}

static void test_epochs(void **state)
{
        assert_int_equal(JUDGE(check_epochs, GRANT("one", 1, "a"), GRANT("one", 1, "a"), GRANT("one", 2, "b"),
                                         GRANT("two", 1, "b")),
                        0);
        assert_int_equal(JUDGE(check_epochs, GRANT("one", 1, "a"), GRANT("one", 1, "b")), 1);
        assert_int_equal(JUDGE(check_epochs, START(1, "one", 1, START_NORMAL, true),
                                         START(2, "one", 2, START_NORMAL, true)),
                        0);
        assert_int_equal(JUDGE(check_epochs, START(1, "one", 1, START_NORMAL, true),
                                         START(2, "one", 1, START_NORMAL, true)),
                        1);
        assert_int_equal(JUDGE(check_epochs, START(1, "one", 1, START_NORMAL, true),
                                         START(1, "one", 1, START_NORMAL, true)),
                        1);
}

static void test_states(void **state)
{
        assert_int_equal(JUDGE(check_states, HOLDS(1, 7, 1), HOLDS(2, 7, 1), HOLDS(1, 8, 2), HOLDS(3, 8, 2)),
                        0);
        assert_int_equal(JUDGE(check_states, HOLDS(1, 7, 1), HOLDS(1, 8, 2), HOLDS(2, 7, 2)), 1);
}

static void test_versions(void **state)
{
        Command form = { .kind = COMMAND_FORM };

        assert_int_equal(JUDGE(check_versions, SPEAKS(1, 1, true), SPEAKS(2, 2, false), SPEAKS(2, 2, true),
                                         SPEAKS(3, 2, true)),
                        0);
        assert_int_equal(JUDGE(check_versions, SPEAKS(1, 1, true), SPEAKS(2, 2, true), SPEAKS(3, 1, false)),
                        1);
        /* Who is behind, or what was never committed, says nothing. */
        assert_int_equal(JUDGE(check_versions, SPEAKS(2, 2, true), SPEAKS(1, 1, true)), 0);
        assert_int_equal(JUDGE(check_versions, SPEAKS(1, 1, true), SPEAKS(2, 2, false), SPEAKS(3, 1, true)),
                        0);
        /* Half of the disks; one of three is less. */
        assert_int_equal(JUDGE(check_versions, WRITTEN(1), WRITTEN(2), SPEAKS(2, 2, true), LOST(1),
                                         SPEAKS(3, 1, true)),
                        0);
        assert_int_equal(JUDGE(check_versions, WRITTEN(1), WRITTEN(2), WRITTEN(3), SPEAKS(2, 2, true),
                                         LOST(1), SPEAKS(3, 1, true)),
                        1);
        /* By hand where the group cannot form otherwise: the newest record counts all the same. */
        assert_int_equal(JUDGE(check_versions, SPEAKS(2, 2, true),
                                         { .type = OBSERVE_COMMAND, .command = &form }, SPEAKS(3, 1, true)),
                        1);
}

static void test_quorum(void **state)
{
        Event time = { .type = EVENT_TIME }, view = { .type = EVENT_VIEW };
        EffectList nothing = {};
        Observation tick = { .type = OBSERVE_STEP, .node_id = 1, .event = &time, .effects = &nothing };
        Observation grant = GRANT("one", 1, "a"), change = tick, quorate = tick, late = tick;

        change.event = &view;
        quorate.quorate = true;
        late.at_usec = 30 * USEC_PER_SEC;
        change.at_usec = USEC_PER_SEC;
        assert_int_equal(JUDGE(check_quorum, START(1, "one", 1, START_NORMAL, true)), 0);
        assert_int_equal(JUDGE(check_quorum, START(1, "one", 1, START_NORMAL, false)), 1);
        assert_int_equal(JUDGE(check_quorum, { .type = OBSERVE_DECISION,
                                                             .node_id = 1,
                                                             .app = "one",
                                                             .note = NOTE_APP_STARTING }),
                        1);
        assert_int_equal(JUDGE(check_quorum, { .type = OBSERVE_DECISION,
                                                             .node_id = 1,
                                                             .app = "one",
                                                             .note = NOTE_APP_STOPPED }),
                        0);
        assert_int_equal(JUDGE(check_quorum, { .type = OBSERVE_QUORUM, .node_id = 2, .quorate = true },
                                         GRANT("one", 1, "a")),
                        0);
        grant.at_usec = 10 * USEC_PER_SEC;
        assert_int_equal(JUDGE(check_quorum, { .type = OBSERVE_QUORUM, .node_id = 2, .quorate = true },
                                         { .type = OBSERVE_MANAGER_END, .node_id = 2 }, grant),
                        1);
        /* Without a word of quorum a worker may run on for so long. */
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1), change, late), 1);
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1), change, quorate, late), 0);
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1), change,
                                         { .type = OBSERVE_STOP, .node_id = 1, .app = "one", .epoch = 1 },
                                         late),
                        0);
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1), change, END(1, "one", 1), late),
                        0);
}

/* A real engine is told that its ring has no quorum; its word is judged, and then the word of one that says nothing. */
static void test_quorum_loss(void **state)
{
        static const EngineNode nodes[] = { { 1, "a" }, { 2, "b" }, { 3, "c" } };
        EngineConfig engine_config = {
                .node_id = 1, .nodes = nodes, .n_nodes = 3, .boot_id = 1, .grace_usec = USEC_PER_SEC
        };
        _cleanup_(engine_freep) Engine *e = NULL;
        EffectList effects = {}, nothing = {};
        Member own = { 1, 10 };
        uint32_t node = 1;
        Event connected = {
                .type = EVENT_CONNECTED, .now_usec = 1, .connected = { .incarnation = 1, .pid = 10 }
        };
        Event view = { .type = EVENT_VIEW,
                .now_usec = 2,
                .view = { .change = VIEW_RING,
                                .ring = { 1, 4 },
                                .members = &own,
                                .n_members = 1,
                                .ring_nodes = &node,
                                .n_ring_nodes = 1 } };
        Event lost = { .type = EVENT_QUORUM, .now_usec = 3, .quorum = { .ring = { 1, 4 } } };
        Observation step = { .type = OBSERVE_STEP, .node_id = 1, .event = &lost, .effects = &nothing };

        assert_int_equal(engine_new(&engine_config, &e), 0);
        assert_int_equal(engine_step(e, &connected, &effects), 0);
        assert_int_equal(engine_step(e, &view, &effects), 0);
        assert_int_equal(engine_step(e, &lost, &effects), 0);
        step.engine = e;
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), step), 0);
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1), step), 1);
        assert_int_equal(JUDGE(check_quorum, MANAGER(1), BEGIN(1, "one", 1),
                                         { .type = OBSERVE_STOP, .node_id = 1, .app = "one", .epoch = 1 },
                                         step),
                        0);
        effect_list_done(&effects);
}

static size_t judge_commands(const Observation *history, size_t n, bool target_up)
{
        App app = { .name = (char *) "one", .target_up = target_up };
        State s = { .apps = &app, .n_apps = 1 };
        Findings f = {};
        void *j = check_commands.judge_new(&config);

        assert_non_null(j);
        for (size_t i = 0; i < n; i++)
                check_commands.observe(j, history + i, &f);
        check_commands_settings(j, &s, &f);
        check_commands.judge_free(j);
        return f.n;
}
/* clang-format off */
#define JUDGE_COMMANDS(up, ...) judge_commands((const Observation[]){ __VA_ARGS__ }, sizeof((const Observation[]){ __VA_ARGS__ }) / sizeof(Observation), up)
#define ASK(at, t, c) { .type = OBSERVE_COMMAND, .at_usec = (at), .token = (t), .command = (c) }
#define ANSWER(at, t, e) { .type = OBSERVE_REPLY, .at_usec = (at), .token = (t), .error = (e) }
/* clang-format on */

static void test_commands(void **state)
{
        const Command start = { .kind = COMMAND_START, .app = (char *) "one" },
                      stop = { .kind = COMMAND_STOP, .app = (char *) "one" };

        assert_int_equal(JUDGE_COMMANDS(true, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_OK)), 0);
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_OK)), 1);
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_NO_QUORUM)), 0);
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 1, &start)), 0);
        /* The later one counts; one that was refused does not. */
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_OK), ASK(3, 2, &stop),
                                         ANSWER(4, 2, COMMAND_OK)),
                        0);
        assert_int_equal(JUDGE_COMMANDS(true, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_OK), ASK(3, 2, &stop),
                                         ANSWER(4, 2, COMMAND_OK)),
                        1);
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 1, &start), ANSWER(2, 1, COMMAND_OK), ASK(3, 2, &stop),
                                         ANSWER(4, 2, COMMAND_NO_QUORUM)),
                        1);
        /* One that was not answered may still come. */
        assert_int_equal(JUDGE_COMMANDS(false, ASK(1, 2, &stop), ASK(2, 1, &start), ANSWER(3, 1, COMMAND_OK)),
                        0);
        /* With most of the disks gone nothing is promised. */
        assert_int_equal(JUDGE_COMMANDS(false, WRITTEN(1), WRITTEN(2), WRITTEN(3), ASK(1, 1, &start),
                                         ANSWER(2, 1, COMMAND_OK), LOST(1)),
                        1);
        assert_int_equal(JUDGE_COMMANDS(false, WRITTEN(1), WRITTEN(2), WRITTEN(3), ASK(1, 1, &start),
                                         ANSWER(2, 1, COMMAND_OK), LOST(1), LOST(2)),
                        0);
        assert_int_equal(JUDGE_COMMANDS(false, WRITTEN(1), WRITTEN(2), WRITTEN(3), ASK(1, 1, &start),
                                         ANSWER(2, 1, COMMAND_OK), LOST(1), WRITTEN(1), LOST(2)),
                        1);
        assert_int_equal(JUDGE_COMMANDS(false, WRITTEN(1), WRITTEN(2), ASK(1, 1, &start),
                                         ANSWER(2, 1, COMMAND_OK), LOST(1)),
                        0);
}

/* A setting of a node, which is lost; with the node it may be. */
static void test_commands_of_a_node(void **state)
{
        const Command standby = { .kind = COMMAND_STANDBY, .node = (char *) "a", .flag = true };
        const Observation history[] = { ASK(1, 1, &standby), ANSWER(2, 1, COMMAND_OK) };
        static const char *const removed[] = { NULL, "b", "a" };

        for (size_t i = 0; i < ELEMENTSOF(removed); i++) {
                Node node = { .id = 1, .name = (char *) "a" };
                State s = { .nodes = &node, .n_nodes = 1 };
                Findings f = {};
                void *j = check_commands.judge_new(&config);

                assert_non_null(j);
                if (removed[i])
                        check_commands_forget(j, removed[i]);
                for (size_t k = 0; k < ELEMENTSOF(history); k++)
                        check_commands.observe(j, history + k, &f);
                check_commands_settings(j, &s, &f);
                check_commands.judge_free(j);
                assert_int_equal(f.n, removed[i] && streq(removed[i], "a") ? 0 : 1);
        }
}

/* A node that was forgotten keeps nothing, unless it was asked for again. */
static void test_commands_forget(void **state)
{
        const Command standby = { .kind = COMMAND_STANDBY, .node = (char *) "a", .flag = true },
                      forget = { .kind = COMMAND_FORGET, .node = (char *) "a" };
        const Observation history[] = { ASK(1, 1, &standby), ANSWER(2, 1, COMMAND_OK), ASK(3, 2, &forget),
                ANSWER(4, 2, COMMAND_OK), ASK(5, 3, &standby), ANSWER(6, 3, COMMAND_OK) };

        for (size_t n = 2; n <= ELEMENTSOF(history); n += 2) {
                Node node = { .id = 1, .name = (char *) "a", .standby = true };
                State s = { .nodes = &node, .n_nodes = 1 };
                Findings f = {};
                void *j = check_commands.judge_new(&config);

                assert_non_null(j);
                check_commands_forget(j, "a");
                for (size_t k = 0; k < n; k++)
                        check_commands.observe(j, history + k, &f);
                check_commands_settings(j, &s, &f);
                check_commands.judge_free(j);
                assert_int_equal(f.n, n == 4 ? 1 : 0);
        }
}

static void test_places(void **state)
{
        Definition one = { .name = (char *) "one" };
        const Event away = { .type = EVENT_GUARD },
                    there = { .type = EVENT_GUARD, .guard = { .guarded = true } },
                    no_file = { .type = EVENT_DEFINITIONS },
                    file = { .type = EVENT_DEFINITIONS,
                            .definitions = { .definitions = &one, .n_definitions = 1 } };

        assert_int_equal(JUDGE(check_places, START_AT(40, 1, "one", 1)), 0);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &away), START_AT(40, 1, "one", 1)), 1);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &away), START_AT(40, 2, "one", 1)), 0);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &away), START_AT(6, 1, "one", 1)), 0);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &away), STEP_AT(6, 1, &there),
                                         START_AT(40, 1, "one", 1)),
                        0);
        /* The next manager is born without one. */
        assert_int_equal(JUDGE(check_places, GUARD(5, 1, false), MANAGER(1), START_AT(40, 1, "one", 1)), 1);
        assert_int_equal(JUDGE(check_places, GUARD(5, 1, false), { .type = OBSERVE_NODE_DOWN, .node_id = 1 },
                                         MANAGER(1), START_AT(40, 1, "one", 1)),
                        0);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &no_file), START_AT(40, 1, "one", 1)), 1);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &file), START_AT(40, 1, "one", 1)), 0);
        assert_int_equal(JUDGE(check_places, STEP_AT(5, 1, &no_file), STEP_AT(6, 1, &file),
                                         START_AT(40, 1, "one", 1)),
                        0);
}

static void test_leaver(void **state)
{
        const Event leave = { .type = EVENT_LEAVE };
        const Command takeover = { .kind = COMMAND_TAKEOVER, .app = (char *) "three", .node = (char *) "b" };
        Observation begin = BEGIN(1, "three", 1), leaves = STEP_AT(5, 1, &leave),
                    command = { .type = OBSERVE_COMMAND, .at_usec = 6 * USEC_PER_SEC, .command = &takeover };

        assert_int_equal(JUDGE(check_leaver, begin, leaves, STOPPED(5, 1, "three", 1),
                                         START_AT(10, 2, "three", 2)),
                        1);
        assert_int_equal(JUDGE(check_leaver, begin, leaves, STOPPED(5, 1, "three", 1),
                                         START_AT(10, 1, "three", 2)),
                        0);
        assert_int_equal(JUDGE(check_leaver, begin, leaves, STOPPED(5, 1, "three", 1),
                                         START_AT(26, 2, "three", 2)),
                        0);
        assert_int_equal(JUDGE(check_leaver, begin, STOPPED(5, 1, "three", 1), START_AT(10, 2, "three", 2)),
                        0);
        assert_int_equal(JUDGE(check_leaver, begin, leaves, STOPPED(5, 1, "three", 1), command,
                                         START_AT(10, 2, "three", 2)),
                        0);
        /* It failed there before, which may have left a mark; on another node that counts for nothing. */
        assert_int_equal(JUDGE(check_leaver, begin, END(1, "three", 1), START_AT(2, 1, "three", 2),
                                         BEGIN(1, "three", 2), leaves, STOPPED(5, 1, "three", 2),
                                         START_AT(10, 2, "three", 3)),
                        0);
        assert_int_equal(JUDGE(check_leaver, BEGIN(2, "three", 1), END(2, "three", 1),
                                         START_AT(2, 1, "three", 2), BEGIN(1, "three", 2), leaves,
                                         STOPPED(5, 1, "three", 2), START_AT(10, 2, "three", 3)),
                        1);
        /* HandOver=yes. */
        assert_int_equal(JUDGE(check_leaver, BEGIN(1, "one", 1), leaves, STOPPED(5, 1, "one", 1),
                                         START_AT(6, 2, "one", 2)),
                        0);
}

static void test_restarts(void **state)
{
        Effect clear = { .type = EFFECT_NOTE, .note = NOTE_COMMAND, .text = (char *) "clear three" },
               stop = { .type = EFFECT_NOTE, .note = NOTE_COMMAND, .text = (char *) "stop three" },
               formed = { .type = EFFECT_NOTE, .note = NOTE_FORMED },
               unsynced = { .type = EFFECT_NOTE, .note = NOTE_UNSYNCED };
        const EffectList cleared = { &clear, 1, 1 }, stopped = { &stop, 1, 1 }, anew = { &formed, 1, 1 },
                         behind = { &unsynced, 1, 1 };
        CheckConfig apart = config;

        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), AGAIN(6, "three", "a", 2)), 1);
        /* The same one, as another member notes it; another node; a minute later. */
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), AGAIN(6, "three", "a", 1),
                                         AGAIN(7, "three", "b", 2), AGAIN(66, "three", "a", 3)),
                        0);
        /* A minute after the last one, not after the first. */
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), AGAIN(66, "three", "a", 2),
                                         AGAIN(100, "three", "a", 3)),
                        1);
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), NOTED(6, &cleared),
                                         AGAIN(7, "three", "a", 2)),
                        0);
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), NOTED(6, &anew),
                                         AGAIN(7, "three", "a", 2)),
                        0);
        /* A member loses track: what it counted is lost only where another group had quorum too. */
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), NOTED(6, &behind),
                                         AGAIN(7, "three", "a", 2)),
                        1);
        apart.apart = true;
        assert_int_equal(JUDGE_WITH(&apart, check_restarts, AGAIN(5, "three", "a", 1), NOTED(6, &behind),
                                         AGAIN(7, "three", "a", 2)),
                        0);
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "three", "a", 1), NOTED(6, &stopped),
                                         AGAIN(7, "three", "a", 2)),
                        1);
        /* LocalRestarts=0. */
        assert_int_equal(JUDGE(check_restarts, AGAIN(5, "one", "a", 1)), 1);
}

/* Owner and hold, before the step and after it. */
static void test_restarts_keep(void **state)
{
        App as[] = { { .name = (char *) "three", .owner = 2, .held_node = 2 },
                { .name = (char *) "three", .owner = 2 },
                { .name = (char *) "three", .owner = 1, .held_node = 2 } };
        Engine e[ELEMENTSOF(as)] = {};

        for (size_t i = 0; i < ELEMENTSOF(as); i++) {
                e[i].here.me.synced = true;
                e[i].here.me.phase = PHASE_DECIDED;
                e[i].here.me.agreed.state.apps = &as[i];
                e[i].here.me.agreed.state.n_apps = 1;
                assert_int_equal(JUDGE(check_restarts, HELD(1, &e[0]), HELD(1, &e[i]),
                                                 AGAIN(5, "three", "b", 1)),
                                i > 0);
                /* Another member's step is none of its; and one that was not in step has nothing to compare. */
                assert_int_equal(JUDGE(check_restarts, HELD(2, &e[0]), HELD(1, &e[i]),
                                                 AGAIN(5, "three", "b", 1)),
                                0);
        }
}

static void test_live(void **state)
{
        const LiveNode nodes[] = { { "a", 0, true, true }, { "b", 1, true, true } },
                       worse[] = { { "a", 0, false, false }, { "b", 1, true, true } },
                       expired[] = { { "a", 0, true, false }, { "b", 1, true, true } };
        const char *a[] = { "a" }, *b[] = { "b" }, *both[] = { "a", "b" }, *c[] = { "c" };
        const struct {
                LiveApp app;
                bool good;
        } cases[] = {
                { { "x", true, false, true, nodes, 2, a, 1 }, true },
                { { "x", true, false, true, nodes, 2, b, 1 }, false },
                { { "x", true, false, false, nodes, 2, b, 1 }, true },
                { { "x", true, false, true, expired, 2, b, 1 }, true },
                { { "x", true, false, true, worse, 2, b, 1 }, true },
                { { "x", true, false, true, nodes, 2, NULL, 0 }, false },
                { { "x", true, false, true, nodes, 2, both, 2 }, false },
                { { "x", true, false, true, nodes, 2, c, 1 }, false },
                { { "x", false, false, true, nodes, 2, NULL, 0 }, true },
                { { "x", false, false, true, nodes, 2, a, 1 }, false },
                { { "x", false, true, true, nodes, 2, a, 1 }, true },
                { { "x", true, false, true, worse, 1, NULL, 0 }, true },
        };
        char why[256];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (check_live(&cases[i].app, why, sizeof(why)) != cases[i].good)
                        fail_msg("case %zu", i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copies),
                cmocka_unit_test(test_stops),
                cmocka_unit_test(test_stops_late),
                cmocka_unit_test(test_overlap),
                cmocka_unit_test(test_overlap_rows),
                cmocka_unit_test(test_epochs),
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_quorum),
                cmocka_unit_test(test_quorum_loss),
                cmocka_unit_test(test_commands),
                cmocka_unit_test(test_commands_of_a_node),
                cmocka_unit_test(test_commands_forget),
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_leaver),
                cmocka_unit_test(test_restarts),
                cmocka_unit_test(test_restarts_keep),
                cmocka_unit_test(test_live),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
