/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The Group on a real loop, against the Corosync of group-fake.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "group-fake.h"
#include "group/group.h"
#include "group/votes.h"

#define PATIENCE_USEC (10 * USEC_PER_SEC)

typedef struct Test {
        sd_event *loop;
        Group *group;
        char log[8192]; /* what the callbacks said, a blank after each */
        uint64_t incarnation;
        size_t n_messages, n_probes;
        uint64_t last_probe, probe_back; /* numbers */
        Votes votes;
        bool send_from_view, rejoin_from_message;
} Test;

static _printf_(2, 3) void say(Test *t, const char *format, ...)
{
        size_t n = strlen(t->log);
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(t->log + n, sizeof(t->log) - n, format, ap);
        va_end(ap);
}

static void on_connected(void *userdata, const GroupConnected *c)
{
        Test *t = userdata;

        assert_true(c->incarnation != 0);
        assert_true(c->incarnation != t->incarnation);
        assert_int_equal(c->self.node_id, 1);
        assert_int_equal(c->self.pid, getpid());
        assert_string_equal(c->cluster->own_name, "abc");
        t->incarnation = c->incarnation;
        say(t, "connected ");
}

static void on_disconnected(void *userdata, const char *why)
{
        say(userdata, "disconnected(%s) ", why);
}

static void on_trouble(void *userdata, const char *why)
{
        say(userdata, "trouble(%.40s) ", why);
}

static void on_view(void *userdata, const Event *view)
{
        Test *t = userdata;

        say(t, "%s.%llu/%zu ", view->view.change == VIEW_RING ? "ring" : "process",
                        (unsigned long long) view->view.ring.seq, view->view.n_members);
        if (t->send_from_view)
                assert_int_equal(group_send(t->group, "hello", 5), 0);
}

static void on_quorum(void *userdata, RingId ring, bool quorate)
{
        say(userdata, "quorum.%llu=%d ", (unsigned long long) ring.seq, quorate);
}

static void on_message(void *userdata, Member sender, const void *data, size_t size_bytes)
{
        Test *t = userdata;

        t->n_messages++;
        say(t, "%u:%.*s ", sender.node_id, (int) MIN(size_bytes, (size_t) 8), (const char *) data);
        if (t->rejoin_from_message) {
                group_rejoin(t->group);
                assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN); /* at once */
        }
}

static void on_probe(void *userdata, uint64_t number)
{
        Test *t = userdata;

        t->n_probes++;
        t->probe_back = number;
        say(t, "probe ");
}

static void on_left(void *userdata)
{
        say(userdata, "left ");
}

static const GroupCallbacks CALLBACKS = { on_connected, on_disconnected, on_trouble, on_view, on_quorum,
        on_message, on_probe, on_left };

static uint64_t now_usec(void)
{
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static void run_for(Test *t, uint64_t usec)
{
        uint64_t end = now_usec() + usec;

        while (now_usec() < end)
                assert_true(sd_event_run(t->loop, end - MIN(end, now_usec())) >= 0);
}

/* Until the log is this, exactly; then nothing more comes for a moment. */
static void expect(Test *t, const char *log)
{
        uint64_t end = now_usec() + PATIENCE_USEC;

        while (!streq(t->log, log) && now_usec() < end)
                assert_true(sd_event_run(t->loop, 100000) >= 0);
        run_for(t, 20000);
        assert_string_equal(t->log, log);
        t->log[0] = '\0';
}

static void start(Test *t)
{
        assert_int_equal(group_new(t->loop, "test", &CALLBACKS, t, &t->group), 0);
}

static void start_connected(Test *t)
{
        start(t);
        expect(t, "connected quorum.4=1 process.4/1 ");
}

static int setup(void **state)
{
        Test *t = calloc(1, sizeof(*t));

        if (!t || sd_event_new(&t->loop) < 0)
                return -1;
        *state = t;
        return 0;
}

/* Everything that was opened is closed, by threads. */
static int teardown(void **state)
{
        Test *t = *state;
        uint64_t end = now_usec() + PATIENCE_USEC;

        fake_lock();
        fake.hang_open = fake.hang_leave = fake.hang_votes = false;
        fake_unlock();
        group_free(t->group);
        while (fake_open_handles() > 0 && now_usec() < end)
                usleep(1000);
        usleep(20000); /* a thread that was opening may not have come to it yet */
        while (fake_open_handles() > 0 && now_usec() < end)
                usleep(1000);
        assert_int_equal(fake.n_opened, fake.n_closed);
        fake_reset();
        sd_event_unref(t->loop);
        free(t);
        return 0;
}

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
                assert_int_equal(group_new(t->loop, bad[i], &CALLBACKS, t, &t->group), -EINVAL);
        memset(longest, 'x', sizeof(longest));
        longest[GROUP_NAME_MAX + 1] = '\0';
        assert_int_equal(group_new(t->loop, longest, &CALLBACKS, t, &t->group), -EINVAL);
        longest[GROUP_NAME_MAX] = '\0';
        assert_int_equal(group_new(t->loop, longest, &CALLBACKS, t, &t->group), 0);
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

/* ---- what goes out ---- */

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

/* ---- reading the cluster ---- */

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
                TEST(test_connect),
                TEST(test_names),
                TEST(test_no_corosync_at_first),
                TEST(test_wrong_configuration),
                TEST(test_join_is_busy),
                TEST(test_hanging_open),
                TEST(test_views_and_messages),
                TEST(test_quorum_goes_first),
                TEST(test_put_out),
                TEST(test_send_in_order),
                TEST(test_send_while_busy),
                TEST(test_send_window),
                TEST(test_send_bound),
                TEST(test_view_drops_the_queue),
                TEST(test_lost_and_back),
                TEST(test_send_finds_it_lost),
                TEST(test_rejoin),
                TEST(test_rejoin_without_corosync),
                TEST(test_leave),
                TEST(test_leave_is_not_confirmed),
                TEST(test_leave_hangs),
                TEST(test_leave_without_connection),
                TEST(test_freed_while_it_leaves),
                TEST(test_probes),
                TEST(test_probes_bound),
                TEST(test_probes_forgotten),
                TEST(test_cluster_reader),
                TEST(test_cluster_reader_wrong),
                TEST(test_votes),
                TEST(test_votes_device),
                TEST(test_votes_errors),
                TEST(test_votes_hang),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
