/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same for the judges of parts, and of hosts that end themselves. */

#include "test-checks.h"

static void test_parts(void **state)
{
        Command force = {
                .kind = COMMAND_TAKEOVER, .app = (char *) "one", .node = (char *) "b", .force = true
        };
        Observation outside = START(2, "one", 2, START_FAILOVER, true);
        CopyFact there = { (char *) "one", 1, UNIT_STOPPING }, ended = { (char *) "one", 1, UNIT_FAILED };
        Message told = { .type = MESSAGE_RESULT,
                .result = { .app = (char *) "one", .epoch = 1, .state = UNIT_STOPPED } };
        Message stuck = { .type = MESSAGE_RESULT,
                .result = { .app = (char *) "one", .epoch = 1, .state = UNIT_STUCK } };
        Message none = { .type = MESSAGE_FACTS }, some = none, late = none;
        Effect sends[] = { { .type = EFFECT_SEND, .message = &told },
                { .type = EFFECT_SEND, .message = &stuck }, { .type = EFFECT_SEND, .message = &none },
                { .type = EFFECT_SEND, .message = &some }, { .type = EFFECT_SEND, .message = &late } };
        EffectList lists[ELEMENTSOF(sends)];
        static const size_t bad[] = { 1, 0, 1, 0, 1 };

        some.facts = (FactsMessage){ .copies = &there, .n_copies = 1 };
        late.facts = (FactsMessage){ .copies = &ended, .n_copies = 1 };
        for (size_t i = 0; i < ELEMENTSOF(sends); i++) {
                lists[i] = (EffectList){ .effects = &sends[i], .n_effects = 1 };
                assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0), PART(1, "one", 1, 1),
                                                 PART_GONE(1, "one", 1, 0), NOTED(1, &lists[i])),
                                bad[i]);
                /* Of what has ended anything may be said. */
                assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0), PART_GONE(1, "one", 1, 0),
                                                 NOTED(1, &lists[i])),
                                0);
        }
        assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0), START(2, "one", 2, START_FAILOVER, true)),
                        1);
        assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0), START(1, "one", 2, START_NORMAL, true)), 1);
        assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0), PART_GONE(1, "one", 1, 0),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_parts, PART(1, "two", 1, 0), START(2, "one", 2, START_FAILOVER, true)),
                        0);
        outside.ring_nodes = two_nodes;
        outside.n_ring_nodes = 2;
        assert_int_equal(JUDGE(check_parts, PART(3, "one", 1, 0), outside), 0);
        assert_int_equal(JUDGE(check_parts, PART(1, "one", 1, 0),
                                         { .type = OBSERVE_COMMAND, .command = &force },
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        /* One that is stuck counts while its manager is there; so does one that had no guard. */
        assert_int_equal(JUDGE(check_parts, MANAGER(1), PART(1, "one", 1, 0), PART_STUCK(1, "one", 1),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        1);
        assert_int_equal(JUDGE(check_parts, MANAGER(1), PART(1, "one", 1, 0), PART_STUCK(1, "one", 1),
                                         GONE(2, 1), START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_parts, MANAGER(1), PART(1, "one", 1, 0), GONE(2, 1), GUARD(3, 1, false),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        0);
        assert_int_equal(JUDGE(check_parts, MANAGER(1), PART(1, "one", 1, 0), GONE(2, 1), MANAGER(1),
                                         START(2, "one", 2, START_FAILOVER, true)),
                        1);
        /* Its host is to end itself for that one. */
        assert_int_equal(JUDGE(check_parts, MANAGER(1), PART(1, "four", 1, 0), PART_STUCK(1, "four", 1),
                                         GONE(2, 1), START(2, "four", 2, START_FAILOVER, true)),
                        1);
        assert_int_equal(JUDGE(check_overlap, PART(1, "four", 1, 0), PART_STUCK(1, "four", 1),
                                         BEGIN(2, "four", 2), LATER(5)),
                        1);
        assert_int_equal(JUDGE(check_overlap, PART(1, "one", 1, 0), PART_STUCK(1, "one", 1),
                                         BEGIN(2, "one", 2), LATER(5)),
                        0);
        /* Two nodes with parts of it are two copies. */
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), PART(1, "one", 1, 0), END(1, "one", 1),
                                         BEGIN(2, "one", 2), LATER(5)),
                        1);
        assert_int_equal(JUDGE(check_overlap, BEGIN(1, "one", 1), PART(1, "one", 1, 0), END(1, "one", 1),
                                         PART_GONE(1, "one", 1, 0), BEGIN(2, "one", 2), LATER(5)),
                        0);
}

/* What needs the end of its host is there, or not; its manager was in step a while ago, or its guard counts. */
static void test_reboots(void **state)
{
        Node own = { .id = 1, .presence = PRESENCE_SYNCED };
        Effect asks = { .type = EFFECT_PROBE, .token = 1 };
        EffectList sent = { &asks, 1, 1 };
        Event back = { .type = EVENT_PROBE, .probe.number = 1 };
        Engine e = {};

        e.here.me.synced = true;
        e.here.me.phase = PHASE_DECIDED;
        e.here.me.agreed.state.nodes = &own;
        e.here.me.agreed.state.n_nodes = 1;
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), REBOOTS(60, 1, false)), 0);
        assert_int_equal(JUDGE(check_reboots, BEGIN(1, "four", 1), REBOOTS(60, 1, false)), 0);
        assert_int_equal(JUDGE(check_reboots, REBOOTS(60, 1, false)), 1);
        assert_int_equal(JUDGE(check_reboots, PART(2, "four", 1, 0), REBOOTS(60, 1, false)), 1);
        /* Whose end is enough by a kill. */
        assert_int_equal(JUDGE(check_reboots, PART(1, "one", 1, 0), REBOOTS(60, 1, false)), 1);
        /* It has ended, and its manager may not have heard yet. */
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0),
                                         { .type = OBSERVE_PART_END,
                                                         .at_usec = 50 * USEC_PER_SEC,
                                                         .node_id = 1,
                                                         .app = "four",
                                                         .epoch = 1 },
                                         REBOOTS(60, 1, false)),
                        1);
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0),
                                         { .type = OBSERVE_PART_END,
                                                         .at_usec = 58 * USEC_PER_SEC,
                                                         .node_id = 1,
                                                         .app = "four",
                                                         .epoch = 1 },
                                         REBOOTS(60, 1, false)),
                        0);
        /* In step at 49 s; it has 12 s then, less what a kill takes, a deadline may be behind, and the host takes to go down. */
        for (uint64_t t = 57; t <= 60; t++) {
                assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), NOTED(49, &sent),
                                                 { .type = OBSERVE_STEP,
                                                                 .at_usec = 49 * USEC_PER_SEC,
                                                                 .node_id = 1,
                                                                 .event = &back,
                                                                 .engine = &e,
                                                                 .quorate = true },
                                                 REBOOTS(t, 1, false)),
                                t < 59); /* from 58.5 s on */
                /* That answer came late. */
                assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), NOTED(49, &sent),
                                                 { .type = OBSERVE_STEP,
                                                                 .at_usec = 50 * USEC_PER_SEC,
                                                                 .node_id = 1,
                                                                 .event = &back,
                                                                 .engine = &e,
                                                                 .quorate = true },
                                                 REBOOTS(t, 1, false)),
                                0);
        }
        /* 7/8 of 8 s. */
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), GONE(10, 1), REBOOTS(17, 1, true)), 0);
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), GONE(10, 1), REBOOTS(16, 1, true)), 1);
        /* It counts after a planned leave, too. */
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), LEFT(10, 1), REBOOTS(17, 1, true)), 0);
        assert_int_equal(JUDGE(check_reboots, PART(1, "four", 1, 0), LEFT(10, 1), REBOOTS(16, 1, true)), 1);
        assert_int_equal(
                        JUDGE(check_reboots, PART(1, "four", 1, 0), GONE(10, 1),
                                        { .type = OBSERVE_STATE, .at_usec = 11 * USEC_PER_SEC, .node_id = 1 },
                                        GONE(12, 1), REBOOTS(17, 1, true)),
                        1);
}

static void test_reboots_calm(void **state)
{
        const Observation part = PART(1, "four", 1, 0);
        Findings f = {};
        void *j = check_reboots.judge_new(&config);

        assert_non_null(j);
        check_reboots.observe(j, &part, &f);
        for (uint64_t i = 0; i < 3; i++)
                check_reboots.observe(j, &(const Observation) REBOOTS(100 * (i + 1), 1, false), &f);
        assert_int_equal(f.n, 0);
        check_reboots_calm(j);
        for (uint64_t i = 0; i < 3; i++) {
                assert_int_equal(f.n, 0);
                check_reboots.observe(j, &(const Observation) REBOOTS(1000 * (i + 1), 1, false), &f);
        }
        assert_int_equal(f.n, 1);
        check_reboots.observe(j, &(const Observation) REBOOTS(6000, 1, false), &f);
        assert_int_equal(f.n, 1);
        check_reboots.judge_free(j);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parts),
                cmocka_unit_test(test_reboots),
                cmocka_unit_test(test_reboots_calm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
