/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The Group's connection: how it comes, what comes in, how it ends. */

#include "group-harness.h"

/* ---- connecting ---- */

static void test_connect(void **state)
{
        Test *t = *state;

        start(t);
        assert_string_equal(t->log, ""); /* nothing before the loop runs */
        expect(t, "connected quorum.4=1 process.4/1 ");
        assert_string_equal(fake.main_group, "test");
        assert_string_equal(fake.own_group, "test/1");
}

static void test_names(void **state)
{
        static const char *const bad[] = { "", "a b", "a/1", "gr\xc3\xbc" };
        Test *t = *state;
        char longest[GROUP_NAME_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(start_as(t, bad[i]), -EINVAL);
        memset(longest, 'x', sizeof(longest));
        longest[GROUP_NAME_MAX + 1] = '\0';
        assert_int_equal(start_as(t, longest), -EINVAL);
        longest[GROUP_NAME_MAX] = '\0';
        assert_int_equal(start_as(t, longest), 0);
        expect(t, "connected quorum.4=1 process.4/1 ");
        assert_string_equal(fake.main_group, longest);
}

static void test_no_corosync_at_first(void **state)
{
        Test *t = *state;

        fake.cmap_error = CS_ERR_LIBRARY;
        start(t);
        expect(t, "trouble(cmap: not running, or the connection was) ");
        run_for(t, 200000); /* tried again, not said again */
        assert_string_equal(t->log, "");
        fake_lock();
        fake.cmap_error = CS_ERR_ACCESS;
        fake_unlock();
        expect(t, "trouble(cmap: access refused: only root, or who ) ");
        fake_lock();
        fake.cmap_error = 0;
        fake_unlock();
        expect(t, "connected quorum.4=1 process.4/1 ");
}

static void test_wrong_configuration(void **state)
{
        Test *t = *state;

        fake.no_names = true;
        start(t);
        expect(t, "trouble(node 1 (ring0_addr ?) in corosync.conf's) ");
}

static void test_join_is_busy(void **state)
{
        Test *t = *state;

        fake.join_error = CS_ERR_TRY_AGAIN;
        fake.n_join_errors = 2;
        start_connected(t);
        assert_int_equal(fake.n_joined, 1);
}

/* After a while it is said; and again only where it has become something else. */
static void test_join_is_busy_for_long(void **state)
{
        Test *t = *state;

        fake.join_error = CS_ERR_EXIST;
        fake.n_join_errors = SIZE_MAX;
        start(t);
        run_for(t, GROUP_SLOW_USEC / 2);
        assert_string_equal(t->log, "");
        expect(t, "trouble(cpg: exists already, again and again for) ");
        run_for(t, GROUP_SLOW_USEC + 500 * USEC_PER_MSEC);
        assert_string_equal(t->log, "");
        fake_lock();
        fake.n_join_errors = 0;
        fake_unlock();
        expect(t, "connected quorum.4=1 process.4/1 ");
        run_for(t, GROUP_SLOW_USEC + 500 * USEC_PER_MSEC);
        assert_string_equal(t->log, "");
}

static void test_hanging_open_is_told(void **state)
{
        Test *t = *state;

        fake.hang_open = true;
        start(t);
        expect(t, "trouble(no answer for 5 s: it is stopped, or has) ");
        t->group = group_free(t->group);
}

static void test_hanging_open(void **state)
{
        Test *t = *state;
        uint64_t begin = now_usec();

        fake.hang_open = true;
        start(t);
        run_for(t, 50000);
        assert_true(now_usec() - begin < USEC_PER_SEC);
        assert_string_equal(t->log, "");
        assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN);
        t->group = group_free(t->group); /* while the thread hangs */
}

/* ---- what comes in ---- */

static void test_views_and_messages(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake_confchg(2, 50, true, CPG_REASON_JOIN);
        expect(t, "process.4/2 ");
        fake_deliver(2, 50, "hi");
        expect(t, "2:hi ");
        fake_confchg(2, 50, false, CPG_REASON_NODEDOWN);
        fake_deliver(3, 60, "not-yet");
        expect(t, "3:not-yet "); /* the round is not complete */
        fake_totem(8);
        expect(t, "ring.8/1 ");
        fake_quorum(8, false);
        expect(t, "quorum.8=0 ");
}

/* The many keys of one reload are told once. */
static void test_configuration(void **state)
{
        Test *t = *state;

        start_connected(t);
        assert_int_equal(fake.n_tracked, 3);
        fake_configuration();
        fake_configuration();
        expect(t, "configuration ");
        run_for(t, GROUP_SETTLE_USEC + 100 * USEC_PER_MSEC);
        assert_string_equal(t->log, "");
        fake_configuration();
        expect(t, "configuration ");
}

/* Both are there when the loop turns; what quorum has to say comes first. */
static void test_quorum_goes_first(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake_totem(8);
        fake_deliver(2, 50, "hi");
        fake_quorum(8, true);
        expect(t, "quorum.8=1 ring.8/1 2:hi ");
}

static void test_put_out(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake_confchg(1, (uint32_t) getpid(), false, CPG_REASON_PROCDOWN);
        expect(t, "process.4/0 ");
}

/* ---- the connection's end ---- */

static void test_lost_and_back(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake_lock();
        fake.dead = true;
        fake.cmap_error = CS_ERR_LIBRARY;
        fake_unlock();
        fake_quorum(4, true); /* something to dispatch */
        expect(t, "disconnected(the connection to Corosync was lost) trouble(cmap: not running, or the "
                  "connection was) ");
        assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN);
        fake_lock();
        fake.dead = false;
        fake.cmap_error = 0;
        fake_unlock();
        expect(t, "connected quorum.4=1 process.4/1 ");
}

static void test_rejoin(void **state)
{
        Test *t = *state;

        start_connected(t);
        t->rejoin_from_message = true;
        fake_deliver(2, 50, "one");
        fake_deliver(2, 50, "two"); /* after the decision nothing more is heard */
        fake.join_error = CS_ERR_EXIST;
        fake.n_join_errors = 1;
        expect(t, "2:one connected quorum.4=1 process.4/1 ");
        assert_int_equal(fake.n_left, 1);
        assert_int_equal(fake.n_joined, 2);
}

static void test_rejoin_without_corosync(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.cmap_error = CS_ERR_LIBRARY;
        group_rejoin(t->group);
        group_rejoin(t->group);
        expect(t, "disconnected(cmap: not running, or the connection was lost) ");
        fake_lock();
        fake.cmap_error = 0;
        fake_unlock();
        for (size_t i = 0; i < 100 && !strstr(t->log, "process"); i++)
                run_for(t, 50000);
        assert_non_null(strstr(t->log, "connected quorum.4=1 process.4/1 "));
}

static void test_leave(void **state)
{
        Test *t = *state;

        start_connected(t);
        group_leave(t->group);
        fake_deliver(2, 50, "late");
        expect(t, "left ");
        assert_int_equal(fake.n_left, 1);
        assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN);
        group_rejoin(t->group);
        group_leave(t->group);
        run_for(t, 100000);
        assert_string_equal(t->log, "");
}

static void test_leave_is_not_confirmed(void **state)
{
        Test *t = *state;
        uint64_t begin;

        start_connected(t);
        fake.no_leave = true;
        begin = now_usec();
        group_leave(t->group);
        expect(t, "left ");
        assert_true(now_usec() - begin >= GROUP_LEAVE_USEC - 50000);
}

static void test_leave_hangs(void **state)
{
        Test *t = *state;
        uint64_t begin;

        start_connected(t);
        fake.hang_leave = true;
        begin = now_usec();
        group_leave(t->group);
        expect(t, "left ");
        assert_true(now_usec() - begin < 5 * GROUP_LEAVE_USEC);
        assert_int_equal(fake.n_left, 0);
}

static void test_leave_without_connection(void **state)
{
        Test *t = *state;

        fake.cmap_error = CS_ERR_LIBRARY;
        start(t);
        expect(t, "trouble(cmap: not running, or the connection was) ");
        group_leave(t->group);
        expect(t, "left ");
        run_for(t, 300000);
        assert_string_equal(t->log, ""); /* and no further attempts */
}

static void test_freed_while_it_leaves(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.hang_leave = true;
        group_leave(t->group);
        run_for(t, 20000);
        t->group = group_free(t->group);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_connect),
                TEST(test_names),
                TEST(test_no_corosync_at_first),
                TEST(test_wrong_configuration),
                TEST(test_join_is_busy),
                TEST(test_hanging_open),
                TEST(test_join_is_busy_for_long),
                TEST(test_hanging_open_is_told),
                TEST(test_configuration),
                TEST(test_views_and_messages),
                TEST(test_quorum_goes_first),
                TEST(test_put_out),
                TEST(test_lost_and_back),
                TEST(test_rejoin),
                TEST(test_rejoin_without_corosync),
                TEST(test_leave),
                TEST(test_leave_is_not_confirmed),
                TEST(test_leave_hangs),
                TEST(test_leave_without_connection),
                TEST(test_freed_while_it_leaves),
        };

        return cmocka_run_group_tests_name("group-loop", tests, NULL, NULL);
}
