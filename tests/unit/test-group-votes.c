/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is read of Corosync beside the group: the cluster's configuration, and the votes. */

#include "group-harness.h"

/* ---- the cluster ---- */

static void on_cluster(void *userdata, int error, ClusterInfo *cluster, const char *why)
{
        Test *t = userdata;

        if (error < 0)
                say(t, "%s(%.20s) ", error == -ENOTCONN ? "again" : "wrong", why);
        else
                say(t, "%s,%u,%zu,%s,%llu ", cluster->cluster_name, cluster->own_id, cluster->n_nodes,
                                cluster->own_name, (unsigned long long) cluster->token_usec);
        cluster_info_free(cluster);
}

#define AGAIN "again(cmap: not running, o) "

static void test_cluster_reader(void **state)
{
        _cleanup_(cluster_reader_freep) ClusterReader *r = NULL;
        Test *t = *state;

        fake.cmap_error = CS_ERR_TRY_AGAIN;
        assert_int_equal(cluster_reader_new(t->loop, on_cluster, t, &r), 0);
        for (size_t i = 0; i < 200 && !streq(t->log, "again(cmap: busy) again(cmap: busy) "); i++)
                run_for(t, 5000);
        t->log[0] = '\0';
        fake_lock();
        fake.cmap_error = 0;
        fake.cmap_iter_error = CS_ERR_TRY_AGAIN;
        fake_unlock();
        /* A list that ends in the middle is not taken for a shorter one. */
        for (size_t i = 0; i < 400 && !streq(t->log, AGAIN AGAIN); i++)
                run_for(t, 5000);
        assert_string_equal(t->log, AGAIN AGAIN);
        t->log[0] = '\0';
        fake_lock();
        fake.cmap_iter_error = 0;
        fake_unlock();
        expect(t, "fake,1,3,abc,1650000 ");
}

static void test_cluster_reader_wrong(void **state)
{
        _cleanup_(cluster_reader_freep) ClusterReader *r = NULL;
        Test *t = *state;

        fake.no_names = true;
        assert_int_equal(cluster_reader_new(t->loop, on_cluster, t, &r), 0);
        expect(t, "wrong(node 1 (ring0_addr ?) ");
}

/* ---- votes ---- */

static void on_votes(void *userdata, const Votes *v)
{
        Test *t = userdata;

        if (!v) {
                say(t, "unknown ");
                return;
        }
        t->votes = *v;
        say(t, "votes %u/%u ", v->total_votes, v->expected_votes);
}

/* Waits until votes were asked for at least so often, and returns how often. */
static size_t wait_votes_begun(Test *t, size_t n)
{
        uint64_t end = now_usec() + PATIENCE_USEC;
        size_t n_begun = 0;

        while (n_begun < n && now_usec() < end) {
                run_for(t, 5000);
                fake_lock();
                n_begun = fake.n_votes_begun;
                fake_unlock();
        }
        return n_begun;
}

static void test_votes(void **state)
{
        _cleanup_(votes_reader_freep) VotesReader *r = NULL;
        Test *t = *state;
        const Votes *v = &t->votes;

        fake.votes = (struct votequorum_info){ .node_id = 1,
                .node_votes = 1,
                .node_expected_votes = 3,
                .highest_expected = 4,
                .total_votes = 2,
                .quorum = 2,
                .qdevice_votes = 5,
                .flags = VOTEQUORUM_INFO_WAIT_FOR_ALL | VOTEQUORUM_INFO_QDEVICE_REGISTERED |
                         VOTEQUORUM_INFO_QDEVICE_ALIVE | VOTEQUORUM_INFO_QUORATE };
        assert_int_equal(votes_reader_new(t->loop, 1, VOTES_DEVICE_USEC, on_votes, t, &r), 0);
        expect(t, ""); /* nothing was asked */
        votes_reader_ask(r);
        assert_string_equal(t->log, ""); /* nothing before the loop runs */
        expect(t, "votes 2/3 ");
        assert_int_equal(v->node_votes, 1);
        assert_int_equal(v->highest_expected, 4);
        assert_int_equal(v->quorum, 2);
        assert_int_equal(v->device_votes, 5);
        assert_true(v->wait_for_all && v->device && v->device_alive);
        assert_false(v->two_node || v->last_man_standing || v->auto_tie_breaker || v->allow_downscale);
        assert_false(v->device_casts_vote || v->device_master_wins);
        fake.votes.flags = VOTEQUORUM_INFO_TWONODE | VOTEQUORUM_INFO_LAST_MAN_STANDING |
                           VOTEQUORUM_INFO_AUTO_TIE_BREAKER | VOTEQUORUM_INFO_ALLOW_DOWNSCALE |
                           VOTEQUORUM_INFO_QDEVICE_CAST_VOTE | VOTEQUORUM_INFO_QDEVICE_MASTER_WINS;
        fake.votes.total_votes = 1;
        votes_reader_ask(r);
        expect(t, "votes 1/3 ");
        assert_false(v->wait_for_all || v->device || v->device_alive);
        assert_true(v->two_node && v->last_man_standing && v->auto_tie_breaker && v->allow_downscale);
        assert_true(v->device_casts_vote && v->device_master_wins);
}

/* The device is lost while ring and quorum stay: it is seen all the same, told once, and not looked for where there is
 * none. */
static void test_votes_device(void **state)
{
        _cleanup_(votes_reader_freep) VotesReader *r = NULL;
        Test *t = *state;
        size_t n;

        fake.votes = (struct votequorum_info){ .node_expected_votes = 5,
                .total_votes = 5,
                .flags = VOTEQUORUM_INFO_QDEVICE_REGISTERED | VOTEQUORUM_INFO_QDEVICE_CAST_VOTE };
        assert_int_equal(votes_reader_new(t->loop, 1, 20 * USEC_PER_MSEC, on_votes, t, &r), 0);
        votes_reader_ask(r);
        expect(t, "votes 5/5 ");
        assert_true(wait_votes_begun(t, 3) >= 3); /* it is looked for, and nothing is told */
        expect(t, "");
        fake_lock();
        fake.votes.total_votes = 3;
        fake.votes.flags = VOTEQUORUM_INFO_QDEVICE_REGISTERED;
        fake_unlock();
        expect(t, "votes 3/5 ");
        assert_false(t->votes.device_casts_vote);
        fake_lock();
        fake.votes.flags = 0;
        fake_unlock();
        expect(t, "votes 3/5 ");
        fake_lock();
        n = fake.n_votes_begun;
        fake_unlock();
        run_for(t, 100000);
        assert_int_equal(fake.n_votes_begun, n);
}

/* A busy Corosync is asked again; one that is gone not for ever. */
static void test_votes_errors(void **state)
{
        _cleanup_(votes_reader_freep) VotesReader *r = NULL;
        Test *t = *state;

        fake.votes.total_votes = 3;
        fake.votes_error = CS_ERR_TRY_AGAIN;
        fake.n_votes_errors = 2;
        assert_int_equal(votes_reader_new(t->loop, 1, VOTES_DEVICE_USEC, on_votes, t, &r), 0);
        votes_reader_ask(r);
        expect(t, "votes 3/0 ");
        fake_lock();
        fake.votes_error = CS_ERR_LIBRARY;
        fake.n_votes_errors = 1000;
        fake_unlock();
        votes_reader_ask(r);
        expect(t, "unknown ");
        fake_lock();
        assert_true(fake.n_votes_errors > 900);
        fake.n_votes_errors = 0;
        fake_unlock();
        votes_reader_ask(r);
        expect(t, "votes 3/0 ");
}

/* One that hangs holds up nobody. What was asked meanwhile is one question more, and its answer is the one that
 * counts. */
static void test_votes_hang(void **state)
{
        VotesReader *r = NULL;
        Test *t = *state;

        fake.hang_votes = true;
        assert_int_equal(votes_reader_new(t->loop, 1, VOTES_DEVICE_USEC, on_votes, t, &r), 0);
        votes_reader_ask(r);
        assert_int_equal(wait_votes_begun(t, 1), 1);
        votes_reader_ask(r);
        run_for(t, 20000);
        votes_reader_ask(r);
        expect(t, "");
        fake_lock();
        fake.votes.total_votes = 7;
        fake.hang_votes = false;
        fake_unlock();
        expect(t, "votes 7/0 ");
        assert_int_equal(fake.n_votes, 2);
        fake_lock();
        fake.hang_votes = true;
        fake_unlock();
        votes_reader_ask(r);
        assert_int_equal(wait_votes_begun(t, 3), 3);
        votes_reader_free(r); /* the thread cleans up when it can */
        expect(t, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_cluster_reader),
                TEST(test_cluster_reader_wrong),
                TEST(test_votes),
                TEST(test_votes_device),
                TEST(test_votes_errors),
                TEST(test_votes_hang),
        };

        return cmocka_run_group_tests_name("group-votes", tests, NULL, NULL);
}
