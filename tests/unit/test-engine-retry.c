/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LocalRestarts=: a copy that failed is started again where it failed. */

#include "engine/agreed/app.h"
#include "engine/agreed/retry.h"
#include "engine-cluster.h"

/* The file allows one more start where it failed, and it was moved there by hand. */
static void begin_with_retry(Cluster *c, bool differs)
{
        cluster_begin_running(c, NO_QUORUM_STOP, CLUSTER_DELAY);
        for (uint32_t i = ABC; i <= DEF; i++) {
                App *a = cluster_distro(c, i);

                a->definition.local_restarts = 1;
                a->held_node = ABC;
                a->copies[0].from_node = a->from_node = DEF;
                if (differs)
                        assert_true(app_set_variant(a, ABC, 0, NULL, NULL));
        }
}

/* LocalRestarts=: counted until FailureTimeoutSec= after the last of these starts; owner, hold and from-node stay. */
static void test_started_again_where_it_failed(void **state)
{
        static const struct {
                UnitState first;
                bool differs; /* its node may not run it any more */
                uint64_t between_usec;
                uint32_t first_node, second_node;
        } cases[] = {
                { UNIT_FAILED, false, 599 * USEC_PER_SEC, ABC, BCD },
                { UNIT_FAILED, false, 601 * USEC_PER_SEC, ABC, ABC },
                { UNIT_REFUSED, false, 0, BCD, BCD },
                { UNIT_FAILED, true, 0, BCD, BCD },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                AppStatus status;
                char why[200];
                uint64_t epoch;
                Cluster c;
                App *a;

                begin_with_retry(&c, k->differs);
                a = cluster_distro(&c, DEF);
                epoch = a->last_epoch;
                cluster_unit_is(&c, ABC, "distro", k->first);
                assert_int_equal(app_present_copy(a)->node_id, k->first_node);
                assert_true(app_present_copy(a)->epoch > epoch);
                assert_int_equal(app_find_mark(a, ABC) != NULL, k->first_node != ABC);
                assert_int_equal(a->held_node, k->first_node == ABC ? ABC : 0);
                engine_app_status(c.engine[DEF], a, &status);
                (void) engine_explain(c.engine[DEF], a,
                                state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC), why, sizeof(why));
                if (k->first_node == ABC) {
                        assert_int_equal(app_present_copy(a)->start_type, START_NORMAL);
                        assert_int_equal(app_present_copy(a)->from_node, DEF);
                        assert_int_equal(a->owner, ABC);
                        assert_string_equal(status.reason, "failed; started again here, 1 of 1");
                        assert_string_equal(why,
                                        "it is here, in tier 1 of Nodes=; failed; started again here, 1 of 1");
                        cluster_unit_is(&c, ABC, "distro", UNIT_RUNNING);
                        cluster_all_at(&c, c.now + k->between_usec);
                        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
                }
                assert_int_equal(app_present_copy(a)->node_id, k->second_node);
                cluster_end(&c);
        }
}

/* A start that never began is decided again as what it was: after a failure, on the node where it failed; of one that was only
 * found it is not known, and it is a normal one. */
static void test_same_start_again(void **state)
{
        App *a;
        Cluster c;

        (void) state;
        begin_with_retry(&c, false);
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        a = cluster_distro(&c, DEF);
        assert_int_equal(app_present_copy(a)->phase, COPY_STARTING);
        cluster_report(&c, ABC, 0, UNIT_NONE); /* it is not in step, so another node starts it */
        assert_int_equal(app_present_copy(a)->node_id, BCD);
        assert_int_equal(app_present_copy(a)->start_type, START_FAILOVER);
        assert_int_equal(app_present_copy(a)->from_node, ABC);
        cluster_end(&c);

        begin_with_retry(&c, false);
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        a = cluster_distro(&c, DEF);
        state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->unknown = true; /* nothing is decided */
        cluster_report(&c, ABC, 0, UNIT_NONE);
        assert_null(app_present_copy(a));
        assert_true(retry_is_due(a, ABC));
        assert_int_equal(a->from_node, DEF);
        cluster_end(&c);

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        a = cluster_distro(&c, DEF);
        a->copies[0].phase = COPY_STARTING;
        a->copies[0].start_type = START_NONE;
        state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->unknown = true; /* nothing is decided */
        cluster_report(&c, ABC, 0, UNIT_NONE);
        assert_null(app_present_copy(a));
        assert_int_equal(a->next_type, START_NORMAL);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_started_again_where_it_failed),
                cmocka_unit_test(test_same_start_again),
        };

        return cmocka_run_group_tests_name("engine-retry", tests, NULL, NULL);
}
