/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* FailoverDelaySec=auto: what the nodes say of their Corosync, and what follows for those who wait and for the one that is
 * waited for. What is not committed may have been heard by some only: then the two count with different numbers, each with
 * the one that is safe. */

#include "engine/local/cutoff.h"
#include "engine/agreed/app.h"
#include "engine/local/cutoff-struct.h"
#include "engine-cluster.h"

#define DETECTION (CLUSTER_TOKEN + CLUSTER_CONSENSUS)
#define NEEDED (2361250u)

static uint64_t most(const Cluster *c, uint32_t node)
{
        return app_delay(&c->engine[node]->here.me.agreed.state, cluster_distro(c, node));
}

static uint64_t least(const Cluster *c, uint32_t node)
{
        return app_least_delay(&c->engine[node]->here.me.agreed.state, cluster_distro(c, node), NULL);
}

static void all_wait(const Cluster *c, uint64_t usec)
{
        for (uint32_t i = 1; i <= N_NODES; i++) {
                assert_int_equal(most(c, i), usec);
                assert_int_equal(least(c, i), usec);
        }
        assert_int_equal(state_digest(&c->engine[BCD]->here.me.agreed.state),
                        state_digest(&c->engine[DEF]->here.me.agreed.state));
}

/* Its Corosync goes on with these; what it says is queued. */
static void goes_on_with(Cluster *c, uint32_t node, uint64_t times, uint64_t isolation_usec)
{
        Event timing = { .type = EVENT_TIMING,
                .timing = { .token_usec = times * CLUSTER_TOKEN,
                                .consensus_usec = times * CLUSTER_CONSENSUS } };

        c->engine[node]->here.cutoff->isolation_config_usec = isolation_usec;
        cluster_step(c, node, &timing);
}

static uint64_t needed(uint64_t times, uint64_t isolation_usec)
{
        return timing_of(times * CLUSTER_TOKEN, times * CLUSTER_CONSENSUS, isolation_usec, false).needed_usec;
}

static void test_what_the_nodes_need(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        all_wait(&c, NEEDED);
        assert_int_equal(NEEDED, needed(1, 0));

        /* The greatest of all counts, also with the node away. */
        goes_on_with(&c, DEF, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        all_wait(&c, needed(1, 20 * USEC_PER_SEC));
        c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_int_equal(most(&c, ABC), needed(1, 20 * USEC_PER_SEC));
        assert_int_equal(least(&c, ABC), needed(1, 20 * USEC_PER_SEC));
        cluster_end(&c);

        /* A longer token at one node: the others notice as early as ever. */
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        goes_on_with(&c, DEF, 10, 0);
        cluster_deliver(&c);
        all_wait(&c, needed(10, 0) + 9 * DETECTION);
        goes_on_with(&c, ABC, 10, 0);
        goes_on_with(&c, BCD, 10, 0);
        cluster_deliver(&c);
        all_wait(&c, needed(10, 0));
        cluster_end(&c);

        /* For ever is for ever, whatever is noticed when. */
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        goes_on_with(&c, DEF, 1, USEC_INFINITY);
        cluster_deliver(&c);
        all_wait(&c, USEC_INFINITY);
        cluster_end(&c);
}

/* A node that Nodes= does not name counts only with a copy. */
static void test_only_nodes_that_may_run_it(void **state)
{
        static const char *const names[] = { "abc", "bcd", NULL };
        Cluster c;

        (void) state;
        cluster_begin(&c, NO_QUORUM_STOP, DELAY_AUTO);
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_definition_on(&c, i, "distro", names, CLUSTER_DELAY);
        cluster_deliver(&c);
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_distro(&c, i)->definition.failover_delay_usec = DELAY_AUTO;
        goes_on_with(&c, DEF, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        all_wait(&c, NEEDED);
        for (uint32_t i = 1; i <= N_NODES; i++)
                app_add_copy(cluster_distro(&c, i), DEF, 1)->phase = COPY_LOST;
        all_wait(&c, needed(1, 20 * USEC_PER_SEC));
        cluster_end(&c);
}

/* Longer times: those who wait count with them as soon as they have been said, whoever is waited for only when they are
 * committed. Shorter ones: the other way round. */
static void test_not_committed(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        c.hold_writes[ABC] = true;
        goes_on_with(&c, ABC, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        for (uint32_t i = 1; i <= N_NODES; i++) {
                assert_int_equal(most(&c, i), needed(1, 20 * USEC_PER_SEC));
                assert_int_equal(least(&c, i), NEEDED);
        }
        /* It goes by what it has said before. */
        assert_int_equal(cutoff_isolation_usec(&c.engine[ABC]->here), cluster_isolation_usec());
        cluster_end(&c);

        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        goes_on_with(&c, ABC, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        assert_int_equal(cutoff_isolation_usec(&c.engine[ABC]->here), 20 * USEC_PER_SEC);
        c.hold_writes[ABC] = true;
        goes_on_with(&c, ABC, 1, 0);
        assert_int_equal(cutoff_isolation_usec(&c.engine[ABC]->here), cluster_isolation_usec());
        cluster_deliver(&c);
        for (uint32_t i = 1; i <= N_NODES; i++) {
                assert_int_equal(most(&c, i), needed(1, 20 * USEC_PER_SEC));
                assert_int_equal(least(&c, i), NEEDED);
        }
        cluster_end(&c);
}

/* A file that says auto, or no longer does, or names other nodes, may have been heard of by some only, too. */
static void test_changed_file(void **state)
{
        static const char *const names[] = { "abc", "bcd", "def" };
        NodePriority two[] = { { .name = (char *) "abc" }, { .name = (char *) "bcd" } };
        Definition fewer = { .nodes = two, .n_nodes = 2, .failover_delay_usec = DELAY_AUTO };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        c.hold_writes[BCD] = true;
        cluster_definition_on(&c, ABC, "distro", names, CLUSTER_DELAY);
        cluster_deliver(&c);
        for (uint32_t i = 1; i <= N_NODES; i++) {
                assert_int_equal(cluster_distro(&c, i)->definition.failover_delay_usec, CLUSTER_DELAY);
                assert_int_equal(most(&c, i), CLUSTER_DELAY);
                assert_int_equal(least(&c, i), NEEDED);
        }
        cluster_end(&c);

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_writes[BCD] = true;
        cluster_definition_on(&c, ABC, "distro", names, DELAY_AUTO);
        cluster_deliver(&c);
        for (uint32_t i = 1; i <= N_NODES; i++) {
                assert_int_equal(cluster_distro(&c, i)->definition.failover_delay_usec, DELAY_AUTO);
                assert_int_equal(most(&c, i), CLUSTER_DELAY);
                assert_int_equal(least(&c, i), NEEDED);
        }
        cluster_end(&c);

        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        goes_on_with(&c, DEF, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        app_change_hold(&c.engine[BCD]->here.me.agreed, cluster_distro(&c, BCD), false, &fewer);
        assert_int_equal(most(&c, BCD), needed(1, 20 * USEC_PER_SEC));
        assert_int_equal(least(&c, BCD), NEEDED);
        cluster_end(&c);
}

/* Cut off before anybody has heard of it: by its old times, to the microsecond. */
static void test_longer_times_unheard(void **state)
{
        uint64_t t, killed;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        t = c.engine[ABC]->here.cutoff->probe_next_usec;
        c.hold_probes = true;
        cluster_at(&c, ABC, t);
        c.member[BCD] = c.member[DEF] = false;
        goes_on_with(&c, ABC, 10, 0);
        cluster_deliver(&c); /* to itself alone */
        killed = t + DETECTION + NEEDED - USEC_PER_SEC;
        cluster_at(&c, ABC, t + cluster_isolation_usec() - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        cluster_at(&c, ABC, killed - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
        cluster_at(&c, ABC, killed);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
        cluster_end(&c);
}

/* A peer has said that it notices earlier: this node counts from where that one does, whatever its own Corosync takes. */
static void test_quicker_peer(void **state)
{
        uint64_t t;
        Cluster c;

        (void) state;
        for (int silent = 0; silent < 2; silent++) {
                cluster_begin_running(&c, NO_QUORUM_STOP, 60 * USEC_PER_SEC);
                goes_on_with(&c, ABC, 10, 0);
                cluster_deliver(&c);
                t = c.engine[ABC]->here.cutoff->probe_next_usec;
                c.hold_probes = true;
                cluster_at(&c, ABC, t);
                if (silent)
                        cluster_at(&c, ABC, t + cutoff_isolation_usec(&c.engine[ABC]->here));
                else {
                        c.now = t + 10 * DETECTION;
                        c.member[BCD] = c.member[DEF] = false;
                        cluster_new_ring(&c);
                        cluster_quorum(&c, false);
                }
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                cluster_at(&c, ABC, t + DETECTION + 59 * USEC_PER_SEC - 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
                cluster_at(&c, ABC, t + DETECTION + 59 * USEC_PER_SEC);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
                cluster_end(&c);
        }
}

static void abc_is_lost(Cluster *c)
{
        c->member[ABC] = false;
        cluster_new_ring(c);
        cluster_quorum(c, true);
}

static void test_delay_that_runs(void **state)
{
        uint64_t began, serial;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        abc_is_lost(&c);
        began = c.now;
        serial = cluster_distro(&c, BCD)->delay.serial;
        assert_int_equal(cluster_distro(&c, BCD)->delay.deadline_usec, began + NEEDED);

        /* It grows, and what was said of the old end counts no more. */
        c.now += USEC_PER_SEC;
        goes_on_with(&c, DEF, 1, 20 * USEC_PER_SEC);
        cluster_deliver(&c);
        for (uint32_t i = BCD; i <= DEF; i++) {
                assert_int_equal(cluster_distro(&c, i)->delay.deadline_usec,
                                began + needed(1, 20 * USEC_PER_SEC));
                assert_int_not_equal(cluster_distro(&c, i)->delay.serial, serial);
        }
        assert_int_equal(state_digest(&c.engine[BCD]->here.me.agreed.state),
                        state_digest(&c.engine[DEF]->here.me.agreed.state));

        /* It is not shortened. */
        serial = cluster_distro(&c, BCD)->delay.serial;
        goes_on_with(&c, DEF, 1, 0);
        cluster_deliver(&c);
        assert_int_equal(most(&c, BCD), NEEDED);
        assert_int_equal(cluster_distro(&c, BCD)->delay.serial, serial);
        cluster_all_at(&c, began + needed(1, 20 * USEC_PER_SEC) - 1);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_all_at(&c, began + needed(1, 20 * USEC_PER_SEC));
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* A delay that somebody has written is what it is. */
static void test_written_delay(void **state)
{
        uint64_t deadline;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        abc_is_lost(&c);
        deadline = cluster_distro(&c, BCD)->delay.deadline_usec;
        assert_int_equal(deadline, c.now + CLUSTER_DELAY);
        goes_on_with(&c, DEF, 10, 0);
        cluster_deliver(&c);
        assert_int_equal(most(&c, BCD), CLUSTER_DELAY);
        assert_int_equal(least(&c, BCD), CLUSTER_DELAY);
        assert_int_equal(cluster_distro(&c, BCD)->delay.deadline_usec, deadline);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_the_nodes_need),
                cmocka_unit_test(test_only_nodes_that_may_run_it),
                cmocka_unit_test(test_not_committed),
                cmocka_unit_test(test_changed_file),
                cmocka_unit_test(test_longer_times_unheard),
                cmocka_unit_test(test_quicker_peer),
                cmocka_unit_test(test_delay_that_runs),
                cmocka_unit_test(test_written_delay),
        };

        return cmocka_run_group_tests_name("engine-delay", tests, NULL, NULL);
}
