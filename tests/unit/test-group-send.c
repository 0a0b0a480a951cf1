/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the Group sends: messages in their order, within bounds, to a Corosync that is busy; and probes. */

#include "group-harness.h"

/* ---- messages ---- */

static void test_send_in_order(void **state)
{
        Test *t = *state;

        start(t);
        assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN);
        expect(t, "connected quorum.4=1 process.4/1 ");
        assert_int_equal(group_send(t->group, "", 0), -EMSGSIZE);
        assert_int_equal(group_send(t->group, "x", GROUP_FRAGMENT_MAX + 1), -EMSGSIZE);
        assert_int_equal(group_send(t->group, "a", 1), 0);
        assert_int_equal(group_send(t->group, "b", 1), 0);
        expect(t, "1:a 1:b ");
}

static void test_send_while_busy(void **state)
{
        Test *t = *state;
        uint64_t begin;

        start_connected(t);
        fake.mcast_error = CS_ERR_TRY_AGAIN;
        fake.n_mcast_errors = 4;
        begin = now_usec();
        assert_int_equal(group_send(t->group, "a", 1), 0);
        assert_int_equal(group_send(t->group, "b", 1), 0);
        assert_int_equal(group_queued(t->group), 2);
        expect(t, "1:a 1:b ");
        assert_true(now_usec() - begin >= 18000); /* 1 + 2 + 5 + 10 ms */
        assert_int_equal(fake.n_mcast_errors, 0);
        assert_int_equal(group_queued(t->group), 0);
}

static void test_send_window(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.no_echo = true;
        for (size_t i = 0; i < 100; i++)
                assert_int_equal(group_send(t->group, "a", 1), 0);
        assert_int_equal(fake.n_mcast, GROUP_IN_FLIGHT_MAX);
        assert_int_equal(group_queued(t->group), 100 - GROUP_IN_FLIGHT_MAX);
        fake_deliver(2, 50, "b"); /* another's does not count */
        expect(t, "2:b ");
        assert_int_equal(fake.n_mcast, GROUP_IN_FLIGHT_MAX);
        fake_echo();
        expect(t, "1:a ");
        assert_int_equal(fake.n_mcast, GROUP_IN_FLIGHT_MAX + 1);
        for (size_t i = 1; i < 100; i++) {
                fake_echo();
                run_for(t, 2000);
        }
        assert_int_equal(fake.n_mcast, 100);
        assert_int_equal(t->n_messages, 101);
}

static void test_send_bound(void **state)
{
        static uint8_t data[GROUP_FRAGMENT_MAX];
        Test *t = *state;
        size_t n = 0;

        start_connected(t);
        fake.mcast_error = CS_ERR_TRY_AGAIN;
        fake.n_mcast_errors = SIZE_MAX;
        while (group_send(t->group, data, sizeof(data)) == 0)
                n++;
        assert_int_equal(n, GROUP_QUEUE_MAX / sizeof(data));
        assert_int_equal(group_send(t->group, data, sizeof(data)), -ENOBUFS);
        assert_int_equal(group_queued(t->group), GROUP_QUEUE_MAX);
}

/* The first one goes out at once, those after it together, and in their order. */
static void test_send_together(void **state)
{
        Test *t = *state;
        uint64_t begin;

        start_connected(t);
        assert_int_equal(group_send_together(t->group, "", 0), -EMSGSIZE);
        begin = now_usec();
        assert_int_equal(group_send_together(t->group, "a", 1), 0);
        assert_int_equal(fake.n_mcast, 1);
        for (int burst = 0; burst < 2; burst++) {
                assert_int_equal(group_send_together(t->group, "b", 1), 0);
                assert_int_equal(group_send_together(t->group, "c", 1), 0);
                assert_int_equal(group_queued(t->group), 2);
                expect(t, burst == 0 ? "1:a 1:b 1:c " : "1:b 1:c ");
                assert_int_equal(fake.n_mcast, 3 + 2 * burst);
                assert_true(now_usec() - begin >= GROUP_TOGETHER_USEC * (uint64_t) (1 + burst));
        }
        /* When nothing has been sent for a while the next one is a first one again. */
        run_for(t, 2 * GROUP_TOGETHER_USEC);
        assert_int_equal(group_send_together(t->group, "d", 1), 0);
        assert_int_equal(fake.n_mcast, 6);
        expect(t, "1:d ");
        assert_int_equal(group_send_together(t->group, "x", 1), 0);
        group_rejoin(t->group);
        assert_int_equal(group_send_together(t->group, "y", 1), -ENOTCONN);
}

/* What cannot wait takes along what can. */
static void test_send_overtakes_nothing(void **state)
{
        Test *t = *state;

        start_connected(t);
        assert_int_equal(group_send_together(t->group, "a", 1), 0);
        assert_int_equal(group_send_together(t->group, "b", 1), 0);
        assert_int_equal(fake.n_mcast, 1);
        assert_int_equal(group_send(t->group, "c", 1), 0);
        assert_int_equal(fake.n_mcast, 3);
        expect(t, "1:a 1:b 1:c ");
}

static void test_view_drops_what_waits(void **state)
{
        Test *t = *state;

        start_connected(t);
        assert_int_equal(group_send_together(t->group, "a", 1), 0);
        assert_int_equal(group_send_together(t->group, "old", 3), 0);
        expect(t, "1:a ");
        fake_confchg(2, 50, true, CPG_REASON_JOIN);
        expect(t, "process.4/2 ");
        assert_int_equal(group_queued(t->group), 0);
        run_for(t, 2 * GROUP_TOGETHER_USEC);
        assert_int_equal(fake.n_mcast, 1);
        /* The next one does not wait for what has been dropped. */
        assert_int_equal(group_send_together(t->group, "b", 1), 0);
        assert_int_equal(fake.n_mcast, 2);
}

static void test_view_drops_the_queue(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.mcast_error = CS_ERR_TRY_AGAIN;
        fake.n_mcast_errors = 2;
        t->send_from_view = true;
        assert_int_equal(group_send(t->group, "old", 3), 0);
        fake_confchg(2, 50, true, CPG_REASON_JOIN);
        expect(t, "process.4/2 1:hello ");
}

static void test_send_finds_it_lost(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.mcast_error = CS_ERR_BAD_HANDLE;
        fake.n_mcast_errors = 1;
        assert_int_equal(group_send(t->group, "x", 1), 0);
        expect(t, "disconnected(the connection to Corosync was lost) connected quorum.4=1 process.4/1 ");
        assert_int_equal(group_queued(t->group), 0);
}

/* ---- probes ---- */

static void test_probes(void **state)
{
        Test *t = *state;

        start(t);
        group_probe(t->group, ++t->last_probe); /* without a connection: nothing */
        expect(t, "connected quorum.4=1 process.4/1 ");
        group_probe(t->group, ++t->last_probe);
        expect(t, "probe ");
        assert_int_equal(t->probe_back, 2);
        fake.mcast_error = CS_ERR_TRY_AGAIN;
        fake.n_mcast_errors = 1;
        group_probe(t->group, ++t->last_probe);
        run_for(t, 20000);
        assert_string_equal(t->log, "");
        assert_int_equal(fake.n_probes, 1);
        group_probe(t->group, ++t->last_probe);
        expect(t, "probe ");
}

static void test_probes_bound(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.no_echo = true;
        for (size_t i = 0; i < 100; i++)
                group_probe(t->group, ++t->last_probe);
        assert_int_equal(fake.n_probes, GROUP_PROBES_MAX);
        fake_echo_probe();
        expect(t, "probe ");
        group_probe(t->group, ++t->last_probe);
        group_probe(t->group, ++t->last_probe);
        assert_int_equal(fake.n_probes, GROUP_PROBES_MAX + 1);
}

static void test_probes_forgotten(void **state)
{
        Test *t = *state;

        start_connected(t);
        fake.no_echo = true;
        group_probe(t->group, ++t->last_probe);
        group_forget_probes(t->group);
        group_probe(t->group, ++t->last_probe);
        fake_echo_probe();
        run_for(t, 20000);
        assert_string_equal(t->log, "");
        fake_echo_probe();
        expect(t, "probe ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_send_in_order),
                TEST(test_send_while_busy),
                TEST(test_send_window),
                TEST(test_send_bound),
                TEST(test_send_together),
                TEST(test_send_overtakes_nothing),
                TEST(test_view_drops_what_waits),
                TEST(test_view_drops_the_queue),
                TEST(test_send_finds_it_lost),
                TEST(test_probes),
                TEST(test_probes_bound),
                TEST(test_probes_forgotten),
        };

        return cmocka_run_group_tests_name("group-send", tests, NULL, NULL);
}
