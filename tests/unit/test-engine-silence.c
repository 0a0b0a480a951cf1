/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Corosync is silent, or is lost in its silence: what a node does then, and when it is in step again. */

#include "engine-cluster.h"
#include "engine/local/cutoff-struct.h"

/* The worker runs on abc, whose Corosync is silent from the time that is returned: its next probe goes out and does not come
 * back. */
static uint64_t begin_silence(Cluster *c, uint64_t delay_usec)
{
        uint64_t t;

        cluster_begin_running(c, NO_QUORUM_STOP, delay_usec);
        t = c->engine[ABC]->here.cutoff->probe_next_usec;
        c->hold_probes = true;
        cluster_at(c, ABC, t);
        return t;
}

static void test_corosync_is_silent(void **state)
{
        uint64_t t, detection = CLUSTER_TOKEN + CLUSTER_CONSENSUS;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 30 * USEC_PER_SEC);
        t = c.engine[ABC]->here.cutoff->probe_next_usec;
        assert_true(engine_deadline(c.engine[ABC]) <= t);
        c.hold_probes = true;
        cluster_at(&c, ABC, t);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_PROBE), 1);
        cluster_at(&c, ABC, t + cluster_isolation_usec() - 1);
        assert_false(engine_is_isolated(c.engine[ABC]));
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_true(engine_is_isolated(c.engine[ABC]));
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        /* The others notice after the detection; the delay began then. */
        cluster_at(&c, ABC, t + detection + 29 * USEC_PER_SEC - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
        cluster_at(&c, ABC, t + detection + 29 * USEC_PER_SEC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
        cluster_end(&c);
}

/* It was silent for a while when it died: the peers may have lost this node in the beginning of the silence. */
static void test_corosync_is_lost_in_silence(void **state)
{
        Event lost = { .type = EVENT_DISCONNECTED };
        Cluster c;
        uint64_t t;

        (void) state;
        t = begin_silence(&c, 30 * USEC_PER_SEC);
        cluster_at(&c, ABC, t + cluster_isolation_usec() - USEC_PER_SEC);
        cluster_step(&c, ABC, &lost);
        cluster_at(&c, ABC, t + cluster_isolation_usec() - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        assert_true(engine_deadline(c.engine[ABC]) <= t + cluster_isolation_usec());
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        cluster_end(&c);
}

/* Silent since `t`, then in a quorate ring again with all others; in step only where what is sent there arrives. */
static uint64_t lost_and_back(Cluster *c, bool in_step)
{
        uint64_t t;

        t = begin_silence(c, 30 * USEC_PER_SEC);
        cluster_at(c, ABC, t + cluster_isolation_usec() - 10 * USEC_PER_MSEC);
        cluster_new_ring(c);
        if (in_step)
                cluster_quorum(c, true);
        else
                cluster_quorum_on(c, ABC, c->ring, true);
        assert_int_equal(engine_is_synced(c->engine[ABC]), in_step);
        assert_int_equal(cluster_count(c, ABC, EFFECT_STOP), 0);
        return t;
}

/* Nothing until `t`, and then this. */
static void asked_at(Cluster *c, EffectType type, uint64_t t)
{
        assert_int_equal(cluster_count(c, ABC, type), 0);
        if (t > c->now) {
                cluster_at(c, ABC, t - 1);
                assert_int_equal(cluster_count(c, ABC, type), 0);
                assert_true(engine_deadline(c->engine[ABC]) <= t);
        }
        cluster_at(c, ABC, t);
        assert_int_equal(cluster_count(c, ABC, type), 1);
}

/* The peers count from the first loss where this node is lost again before it has told them that it is in step: so does it.
 * They need token and consensus to notice, so no more than that, but for the kill and a probe, is waited for. */
static void test_silent_again(void **state)
{
        uint64_t detection = CLUSTER_TOKEN + CLUSTER_CONSENSUS;

        (void) state;
        for (int in_step = 0; in_step < 2; in_step++) {
                uint64_t again = detection - detection / 8 - USEC_PER_SEC, t, back;
                Cluster c;

                t = lost_and_back(&c, in_step);
                back = c.engine[ABC]->here.cutoff->probe_next_usec;
                cluster_at(&c, ABC, back);
                assert_true(back + again > t + cluster_isolation_usec());
                asked_at(&c, EFFECT_STOP, back + (in_step ? cluster_isolation_usec() : again));
                asked_at(&c, EFFECT_KILL, (in_step ? back : t) + detection + 29 * USEC_PER_SEC);
                cluster_end(&c);
        }
}

/* Its peers may be so much quicker that nothing is left: a probe has the time that it takes all the same. */
static void test_silent_again_takes_a_probe(void **state)
{
        uint64_t back;
        Node *own;
        Cluster c;

        (void) state;
        (void) lost_and_back(&c, false);
        own = state_find_node(&c.engine[ABC]->here.me.agreed.state, ABC);
        own->least.detection_usec = USEC_PER_SEC;
        own->least.isolation_usec = USEC_PER_SEC * 5 / 4;
        back = c.engine[ABC]->here.cutoff->probe_next_usec;
        cluster_at(&c, ABC, back);
        asked_at(&c, EFFECT_STOP, back + USEC_PER_SEC / 8);
        cluster_end(&c);
}

/* Shorter timeouts count at once, also for a silence that has begun. Longer ones are not known to its peers then. */
static void test_other_timeouts(void **state)
{
        for (int grow = 0; grow < 2; grow++) {
                uint64_t token = grow ? 10 * CLUSTER_TOKEN : CLUSTER_TOKEN / 2,
                         consensus = grow ? 10 * CLUSTER_CONSENSUS : CLUSTER_CONSENSUS / 2;
                Event timing = { .type = EVENT_TIMING,
                        .timing = { .token_usec = token, .consensus_usec = consensus } };
                uint64_t t, until = grow ? cluster_isolation_usec()
                                         : timing_of(token, consensus, 0, false).isolation_usec;
                Cluster c;

                (void) state;
                t = begin_silence(&c, 90 * USEC_PER_SEC);
                cluster_step(&c, ABC, &timing);
                cluster_at(&c, ABC, t + until - 1);
                assert_false(engine_is_isolated(c.engine[ABC]));
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                cluster_at(&c, ABC, t + until);
                assert_true(engine_is_isolated(c.engine[ABC]));
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                cluster_end(&c);
        }
}

/* With a device the least delay is longer than the isolation time: the node waits that long from where its peers count. */
static void test_silent_again_with_a_device(void **state)
{
        Timing device = timing_of(CLUSTER_TOKEN, CLUSTER_CONSENSUS, 0, true);
        uint64_t t, back;
        Cluster c;

        (void) state;
        t = lost_and_back(&c, false);
        c.engine[ABC]->here.cutoff->quorum_device = true;
        state_find_node(&c.engine[ABC]->here.me.agreed.state, ABC)->least.isolation_usec =
                        device.isolation_usec;
        back = c.engine[ABC]->here.cutoff->probe_next_usec;
        cluster_at(&c, ABC, back);
        asked_at(&c, EFFECT_STOP, t + device.detection_usec + device.isolation_usec);
        cluster_end(&c);
}

static void test_without_quorum_again(void **state)
{
        uint64_t detection = CLUSTER_TOKEN + CLUSTER_CONSENSUS;

        (void) state;
        for (int in_step = 0; in_step < 2; in_step++)
                for (int word = 0; word < 2; word++) {
                        uint64_t t, view;
                        Cluster c;

                        t = lost_and_back(&c, in_step);
                        c.member[BCD] = c.member[DEF] = false;
                        view = c.now + USEC_PER_SEC;
                        c.hold_probes = false;
                        cluster_at(&c, ABC, view);
                        cluster_new_ring(&c);
                        if (word) {
                                cluster_quorum_on(&c, ABC, c.ring, false);
                                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                        } else
                                asked_at(&c, EFFECT_STOP,
                                                (in_step ? view : t + detection) + cluster_isolation_usec());
                        asked_at(&c, EFFECT_KILL, (in_step ? view : t + detection) + 29 * USEC_PER_SEC);
                        cluster_end(&c);
                }
}

/* Corosync ends while this node is away, or before: then it has less than half of the grace too. */
static void test_corosync_is_lost_again(void **state)
{
        Event lost = { .type = EVENT_DISCONNECTED };

        (void) state;
        for (int in_step = 0; in_step < 2; in_step++) {
                uint64_t t;
                Cluster c;

                t = lost_and_back(&c, in_step);
                c.engine[ABC]->here.me.grace_usec = 60 * USEC_PER_SEC;
                cluster_at(&c, ABC, t + cluster_isolation_usec() - USEC_PER_MSEC);
                cluster_step(&c, ABC, &lost);
                asked_at(&c, EFFECT_STOP,
                                in_step ? c.now + cluster_isolation_usec() : t + cluster_isolation_usec());
                cluster_end(&c);
        }
}

/* It holds the state already, but its `synced` has not come yet: the others may never have heard it. */
static void test_in_step(void **state)
{
        uint64_t t;
        Cluster c;

        (void) state;
        t = lost_and_back(&c, true);
        assert_int_equal(c.engine[ABC]->here.cutoff->away_usec, 0);
        c.engine[ABC]->here.cutoff->away_usec = t;
        state_find_node(&c.engine[ABC]->here.me.agreed.state, ABC)->presence = PRESENCE_REPORTED;
        cluster_at(&c, ABC, c.now + 1);
        assert_int_equal(c.engine[ABC]->here.cutoff->away_usec, t);
        state_find_node(&c.engine[ABC]->here.me.agreed.state, ABC)->presence = PRESENCE_SYNCED;
        cluster_at(&c, ABC, c.now + 1);
        assert_int_equal(c.engine[ABC]->here.cutoff->away_usec, 0);
        cluster_end(&c);
}

/* The silence is ended by a probe of the old ring: the others may have left it long ago, and count since then. Only one that
 * was sent after that and comes back quickly shows that they have not. */
static void test_answer_of_the_past(void **state)
{
        uint64_t detection = CLUSTER_TOKEN + CLUSTER_CONSENSUS;

        (void) state;
        for (int quick = 0; quick < 3; quick++) {
                Event back = { .type = EVENT_PROBE };
                uint64_t t, again;
                Cluster c;

                t = begin_silence(&c, 30 * USEC_PER_SEC);
                back.probe.number = c.engine[ABC]->here.cutoff->n_probes_sent;
                cluster_at(&c, ABC, t + CLUSTER_TOKEN / 4);
                assert_int_equal(c.engine[ABC]->here.cutoff->n_probes_sent, back.probe.number);
                cluster_at(&c, ABC, t + 4100 * USEC_PER_MSEC);
                cluster_step(&c, ABC, &back);
                assert_true(engine_is_synced(c.engine[ABC]));
                assert_int_equal(c.engine[ABC]->here.cutoff->away_usec, t + detection);
                /* Nor does another one of those that were sent meanwhile. */
                back.probe.number = c.engine[ABC]->here.cutoff->n_probes_sent;
                cluster_step(&c, ABC, &back);
                assert_int_equal(c.engine[ABC]->here.cutoff->away_usec, t + detection);

                again = c.engine[ABC]->here.cutoff->probe_next_usec;
                cluster_at(&c, ABC, again);
                back.probe.number = c.engine[ABC]->here.cutoff->n_probes_sent;
                if (quick > 0) {
                        cluster_at(&c, ABC, again + CLUSTER_TOKEN / 2 + (quick == 2));
                        cluster_step(&c, ABC, &back);
                        assert_int_equal(c.engine[ABC]->here.cutoff->away_usec,
                                        quick == 1 ? 0 : t + detection);
                } else {
                        asked_at(&c, EFFECT_STOP,
                                        again + detection - detection / TIMING_PROBES_PER_DETECTION -
                                                        USEC_PER_SEC);
                        asked_at(&c, EFFECT_KILL, t + detection + 29 * USEC_PER_SEC);
                }
                cluster_end(&c);
        }
}

/* Where no worker runs nothing is to be ended, and a silence is one when its whole time is over. */
static void test_silent_again_without_workers(void **state)
{
        uint64_t back;
        Cluster c;

        (void) state;
        (void) lost_and_back(&c, false);
        back = c.engine[ABC]->here.cutoff->probe_next_usec;
        cluster_at(&c, ABC, back);
        cluster_unit_is(&c, ABC, "distro", UNIT_FINISHED);
        cluster_at(&c, ABC, back + cluster_isolation_usec() - 1);
        assert_false(engine_is_isolated(c.engine[ABC]));
        cluster_end(&c);
}

/* A silence that ends in time moves nothing, and the next one is counted anew. */
static void test_short_silence(void **state)
{
        Event back = { .type = EVENT_PROBE };
        uint64_t t;
        Cluster c;

        (void) state;
        t = begin_silence(&c, CLUSTER_DELAY);
        cluster_at(&c, ABC, t + cluster_isolation_usec() - 1000);
        back.probe.number = c.engine[ABC]->here.cutoff->n_probes_sent;
        cluster_step(&c, ABC, &back);
        cluster_at(&c, ABC, t + cluster_isolation_usec() + 1000);
        assert_false(engine_is_isolated(c.engine[ABC]));
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_end(&c);
}

/* The last probe was dropped, as Corosync was busy, and then the worker ended. The member goes on asking until it is
 * answered: nothing else would come that shows it that it is not cut off. */
static void test_silence_without_workers(void **state)
{
        uint64_t t, n_sent;
        Cluster c;

        (void) state;
        t = begin_silence(&c, CLUSTER_DELAY);
        n_sent = c.engine[ABC]->here.cutoff->n_probes_sent;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED); /* and goes to another node */
        cluster_deliver(&c);
        assert_true(c.engine[ABC]->here.cutoff->silent_usec != 0);
        assert_true(engine_deadline(c.engine[ABC]) < t + cluster_isolation_usec());
        c.hold_probes = false;
        cluster_at(&c, ABC, c.engine[ABC]->here.cutoff->probe_next_usec);
        cluster_deliver(&c);
        assert_true(c.engine[ABC]->here.cutoff->n_probes_sent > n_sent);
        assert_int_equal(c.engine[ABC]->here.cutoff->silent_usec, 0);
        cluster_at(&c, ABC, t + cluster_isolation_usec() + 1);
        assert_false(engine_is_isolated(c.engine[ABC]));
        assert_true(engine_is_synced(c.engine[ABC]));
        cluster_end(&c);
}

/* One that acts as cut off and has stopped all its workers finds out by itself that Corosync is back. */
static void test_silence_ends_without_workers(void **state)
{
        uint64_t t;
        Cluster c;

        (void) state;
        t = begin_silence(&c, CLUSTER_DELAY);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_true(engine_is_isolated(c.engine[ABC]));
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        c.hold_probes = false;
        cluster_at(&c, ABC, c.engine[ABC]->here.cutoff->probe_next_usec);
        cluster_deliver(&c);
        assert_false(engine_is_isolated(c.engine[ABC]));
        assert_true(engine_is_synced(c.engine[ABC]));
        cluster_end(&c);
}

/* It says that it leaves, Corosync is silent meanwhile, and it asks for the state: it leaves all the same. What it stopped in
 * the silence has ended as its node leaves, and waits for that one where HandOver=no says so: also if its report says so, which
 * comes before anything else. */
static void leaves_after_a_silence(bool ends_in_silence)
{
        Event leave = { .type = EVENT_LEAVE, .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) };
        const Node *abc;
        uint64_t t;
        Cluster c;

        t = begin_silence(&c, 30 * USEC_PER_SEC);
        for (uint32_t node = ABC; node <= DEF; node++)
                cluster_distro(&c, node)->definition.awaits_leaver = true;
        cluster_at(&c, ABC, t + USEC_PER_MSEC);
        cluster_step(&c, ABC, &leave);
        cluster_deliver(&c);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_true(engine_is_isolated(c.engine[ABC]));
        if (ends_in_silence)
                cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        c.hold_probes = false;
        cluster_at(&c, ABC, c.engine[ABC]->here.cutoff->probe_next_usec);
        cluster_deliver(&c);
        assert_true(engine_is_synced(c.engine[ABC]));
        abc = state_find_node(engine_state(c.engine[BCD]), ABC);
        assert_int_equal(abc->presence, PRESENCE_SYNCED);
        assert_true(abc->leaving);
        if (!ends_in_silence)
                cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_LEFT), 1);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        assert_int_equal(cluster_distro(&c, BCD)->lost_node, ABC);
        cluster_end(&c);
}

static void test_leaves_after_a_silence(void **state)
{
        (void) state;
        leaves_after_a_silence(false);
        leaves_after_a_silence(true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_corosync_is_silent),
                cmocka_unit_test(test_corosync_is_lost_in_silence),
                cmocka_unit_test(test_silent_again),
                cmocka_unit_test(test_silent_again_takes_a_probe),
                cmocka_unit_test(test_other_timeouts),
                cmocka_unit_test(test_silent_again_with_a_device),
                cmocka_unit_test(test_without_quorum_again),
                cmocka_unit_test(test_corosync_is_lost_again),
                cmocka_unit_test(test_in_step),
                cmocka_unit_test(test_silent_again_without_workers),
                cmocka_unit_test(test_answer_of_the_past),
                cmocka_unit_test(test_short_silence),
                cmocka_unit_test(test_silence_without_workers),
                cmocka_unit_test(test_silence_ends_without_workers),
                cmocka_unit_test(test_leaves_after_a_silence),
        };

        return cmocka_run_group_tests_name("engine-silence", tests, NULL, NULL);
}
