/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/array.h"
#include "group/cluster.h"
#include "group/corosync.h"
#include "group/queue.h"
#include "group/task.h"
#include "group/tracker.h"

/* ---- the tracker: sequences of callbacks as Corosync 3.1.7 gave them, and some that it could give ----
 *
 * "c MEMBERS ; LEFT ; JOINED" is a confchg, its entries NODE/PID or NODE/PID:REASON; "t NODE.SEQ NODES" is a
 * totem_confchg. What is expected: "" nothing, "left", or a view: change, ring, members, "+" joined, ":"
 * nodes. */

typedef struct Step {
        const char *callback;
        const char *expected;
} Step;

typedef struct Sequence {
        const char *name;
        Member self;
        Step steps[12];
} Sequence;

static const Sequence SEQUENCES[] = {
        { "first in the group, then others join", { 1, 19 },
                        {
                                        { "c 1/19 ; ; 1/19:1", "" },
                                        { "t 1.19 1 2 3", "process 1.19 1/19 + 1/19 : 1 2 3" },
                                        { "c 1/19 2/17 ; ; 2/17:1", "process 1.19 1/19 2/17 + 2/17 : 1 2 3" },
                                        { "c 1/19 2/17 3/17 ; ; 3/17:1",
                                                        "process 1.19 1/19 2/17 3/17 + 3/17 : 1 2 3" },
                        } },
        { "joins two others", { 3, 17 },
                        {
                                        { "c 1/19 2/17 3/17 ; ; 3/17:1", "" },
                                        { "t 1.19 1 2 3", "process 1.19 1/19 2/17 3/17 + 3/17 : 1 2 3" },
                        } },
        { "a process dies and comes back, another leaves", { 1, 19 },
                        {
                                        { "c 1/19 2/17 3/17 ; ; 1/19:1", "" },
                                        { "t 1.19 1 2 3", "process 1.19 1/19 2/17 3/17 + 1/19 : 1 2 3" },
                                        { "c 1/19 2/17 ; 3/17:5 ;", "process 1.19 1/19 2/17 + : 1 2 3" },
                                        { "c 1/19 2/17 3/18 ; ; 3/18:1",
                                                        "process 1.19 1/19 2/17 3/18 + 3/18 : 1 2 3" },
                                        { "c 1/19 3/18 ; 2/17:2 ;", "process 1.19 1/19 3/18 + : 1 2 3" },
                        } },
        { "a cable is cut and heals, majority", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 1/19:1", "" },
                                        { "t 1.19 1 2 3", "process 1.19 1/19 2/18 3/18 + 1/19 : 1 2 3" },
                                        { "c 1/19 2/18 ; 3/18:3 ;", "" },
                                        { "t 1.23 1 2", "ring 1.23 1/19 2/18 + : 1 2" },
                                        { "c 1/19 2/18 3/18 ; ; 3/18:4", "" },
                                        { "t 1.33 1 2 3", "ring 1.33 1/19 2/18 3/18 + : 1 2 3" },
                        } },
        { "a cable is cut and heals, minority", { 3, 18 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 3/18:1", "" },
                                        { "t 1.19 1 2 3", "process 1.19 1/19 2/18 3/18 + 3/18 : 1 2 3" },
                                        { "c 3/18 ; 1/19:3 2/18:3 ;", "" },
                                        { "t 3.23 3", "ring 3.23 3/18 + : 3" },
                                        { "c 1/19 2/18 3/18 ; ; 1/19:4 2/18:4", "" },
                                        { "t 1.33 1 2 3", "ring 1.33 1/19 2/18 3/18 + : 1 2 3" },
                        } },
        { "corosync of node 2 dies, is started, and its process connects again with the same pid", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 1/19:1", "" },
                                        { "t 1.33 1 2 3", "process 1.33 1/19 2/18 3/18 + 1/19 : 1 2 3" },
                                        { "c 1/19 3/18 ; 2/18:3 ;", "" },
                                        { "t 1.37 1 3", "ring 1.37 1/19 3/18 + : 1 3" },
                                        { "t 1.48 1 2 3", "ring 1.48 1/19 3/18 + : 1 2 3" },
                                        { "c 1/19 2/18 3/18 ; ; 2/18:1",
                                                        "process 1.48 1/19 2/18 3/18 + 2/18 : 1 2 3" },
                        } },
        { "corosync of node 2 restarts so fast that one round has both", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 1/19:1", "" },
                                        { "t 1.48 1 2 3", "process 1.48 1/19 2/18 3/18 + 1/19 : 1 2 3" },
                                        { "c 1/19 3/18 ; 2/18:3 ;", "" },
                                        { "t 1.57 1 2 3", "ring 1.57 1/19 3/18 + : 1 2 3" },
                                        { "c 1/19 2/18 3/18 ; ; 2/18:1",
                                                        "process 1.57 1/19 2/18 3/18 + 2/18 : 1 2 3" },
                        } },
        { "corosync of node 2 is restarted in order", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 1/19:1", "" },
                                        { "t 1.57 1 2 3", "process 1.57 1/19 2/18 3/18 + 1/19 : 1 2 3" },
                                        { "c 1/19 3/18 ; 2/18:5 ;", "process 1.57 1/19 3/18 + : 1 2 3" },
                                        { "t 1.67 1 3", "ring 1.67 1/19 3/18 + : 1 3" },
                                        { "t 1.72 1 2 3", "ring 1.72 1/19 3/18 + : 1 2 3" },
                                        { "c 1/19 2/18 3/18 ; ; 2/18:1",
                                                        "process 1.72 1/19 2/18 3/18 + 2/18 : 1 2 3" },
                        } },
        { "our own corosync was frozen and goes on: all left and joined in one round", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/18 ; ; 1/19:1", "" },
                                        { "t 1.72 1 2 3", "process 1.72 1/19 2/18 3/18 + 1/19 : 1 2 3" },
                                        { "c 1/19 ; 2/18:3 3/18:3 ;", "" },
                                        { "c 1/19 2/18 3/18 ; ; 2/18:4 3/18:4", "" },
                                        { "t 1.86 1 2 3", "ring 1.86 1/19 2/18 3/18 + : 1 2 3" },
                        } },
        { "the same process left and joined in one round", { 1, 19 },
                        {
                                        { "c 1/19 2/18 ; ; 1/19:1", "" },
                                        { "t 1.4 1 2", "process 1.4 1/19 2/18 + 1/19 : 1 2" },
                                        { "c 1/19 2/18 ; 2/18:3 ;", "" },
                                        { "c 1/19 2/18 ; ; 2/18:4", "" },
                                        { "t 1.8 1 2", "ring 1.8 1/19 2/18 + : 1 2" },
                        } },
        { "a second totem_confchg of the same ring replaces the first", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/5 ; ; 1/19:1", "" },
                                        { "t 1.4 1 2 3", "process 1.4 1/19 2/18 3/5 + 1/19 : 1 2 3" },
                                        { "c 1/19 2/18 ; 3/5:3 ;", "" },
                                        { "t 1.8 1 2", "ring 1.8 1/19 2/18 + : 1 2" },
                                        { "c 1/19 ; 2/18:3 ;", "" },
                                        { "t 1.8 1 2", "ring 1.8 1/19 + : 1 2" },
                        } },
        { "a dead process inside a round is part of it", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/5 ; ; 1/19:1", "" },
                                        { "t 1.4 1 2 3", "process 1.4 1/19 2/18 3/5 + 1/19 : 1 2 3" },
                                        { "c 1/19 2/18 ; 3/5:3 ;", "" },
                                        { "c 1/19 ; 2/18:5 ;", "" },
                                        { "t 1.8 1 2", "ring 1.8 1/19 + : 1 2" },
                        } },
        { "the ring comes before our own join", { 2, 7 },
                        {
                                        { "t 1.4 1 2", "" },
                                        { "c 1/19 2/7 ; ; 2/7:1", "process 1.4 1/19 2/7 + 2/7 : 1 2" },
                        } },
        { "a ring forms between our connection and our join, and comes again after it", { 2, 7 },
                        {
                                        { "t 1.4 1 2", "" },
                                        { "t 1.8 1 2 3", "" },
                                        { "c 1/19 2/7 ; ; 2/7:1", "process 1.8 1/19 2/7 + 2/7 : 1 2 3" },
                                        { "t 1.8 1 2 3", "" },
                                        { "c 1/19 2/7 3/5 ; ; 3/5:1",
                                                        "process 1.8 1/19 2/7 3/5 + 3/5 : 1 2 3" },
                                        { "c 1/19 2/7 ; 3/5:3 ;", "" },
                                        { "t 1.12 1 2", "ring 1.12 1/19 2/7 + : 1 2" },
                        } },
        { "another joins between our join and the ring", { 2, 7 },
                        {
                                        { "c 1/19 2/7 ; ; 2/7:1", "" },
                                        { "c 1/19 2/7 3/5 ; ; 3/5:1", "" },
                                        { "t 1.4 1 2 3", "process 1.4 1/19 2/7 3/5 + 2/7 3/5 : 1 2 3" },
                        } },
        { "another joins and dies between our join and the ring", { 2, 7 },
                        {
                                        { "c 1/19 2/7 ; ; 2/7:1", "" },
                                        { "c 1/19 2/7 3/5 ; ; 3/5:1", "" },
                                        { "c 1/19 2/7 ; 3/5:5 ;", "" },
                                        { "t 1.4 1 2 3", "process 1.4 1/19 2/7 + 2/7 : 1 2 3" },
                        } },
        { "a ring forms while we join", { 2, 7 },
                        {
                                        { "c 1/19 2/7 3/5 ; ; 2/7:1", "" },
                                        { "c 1/19 2/7 ; 3/5:3 ;", "" },
                                        { "t 1.8 1 2", "process 1.8 1/19 2/7 + 2/7 : 1 2" },
                        } },
        { "a ghost on a node outside of the ring", { 1, 19 },
                        {
                                        { "c 1/19 2/18 3/5 ; ; 1/19:1", "" },
                                        { "t 1.4 1 2", "process 1.4 1/19 2/18 + 1/19 : 1 2" },
                                        { "c 1/19 2/18 2/20 3/5 ; ; 2/20:1",
                                                        "process 1.4 1/19 2/18 2/20 + 2/20 : 1 2" },
                                        { "t 1.8 1 2 3", "ring 1.8 1/19 2/18 2/20 3/5 + : 1 2 3" },
                        } },
        { "Corosync puts us out", { 1, 19 },
                        {
                                        { "c 1/19 2/18 ; ; 1/19:1", "" },
                                        { "t 1.4 1 2", "process 1.4 1/19 2/18 + 1/19 : 1 2" },
                                        { "c 2/18 ; 1/19:5 ;", "process 1.4 2/18 + : 1 2" },
                        } },
        { "we leave, and what comes after that does not count", { 2, 17 },
                        {
                                        { "c 1/19 2/17 ; ; 2/17:1", "" },
                                        { "t 1.4 1 2", "process 1.4 1/19 2/17 + 2/17 : 1 2" },
                                        { "c 1/19 ; 2/17:2 ;", "left" },
                                        { "c 1/19 3/3 ; ; 3/3:1", "" },
                                        { "t 1.8 1 2 3", "" },
                        } },
        { "lists in disorder and with a member twice", { 1, 19 },
                        {
                                        { "c 3/5 1/19 2/18 1/19 ; ; 1/19:1", "" },
                                        { "t 1.4 3 1 2", "process 1.4 1/19 2/18 3/5 + 1/19 : 1 2 3" },
                        } },
        { "a callback without any change", { 1, 19 },
                        {
                                        { "c 1/19 ; ; 1/19:1", "" },
                                        { "t 1.4 1", "process 1.4 1/19 + 1/19 : 1" },
                                        { "c 1/19 ; ;", "" },
                        } },
};

static const char *parse_entries(const char *at, TrackerEntry *entries, size_t *ret_n)
{
        int n_read;

        *ret_n = 0;
        for (;;) {
                TrackerEntry *e = entries + *ret_n;

                at += strspn(at, " ");
                if (*at == ';' || *at == '\0')
                        return *at == ';' ? at + 1 : at;
                *e = (TrackerEntry){};
                assert_int_equal(sscanf(at, "%" SCNu32 "/%" SCNu32 "%n", &e->member.node_id, &e->member.pid,
                                                 &n_read),
                                2);
                at += n_read;
                if (*at == ':') {
                        e->reason = (uint32_t) at[1] - '0';
                        at += 2;
                }
                (*ret_n)++;
        }
}

static TrackerResult feed(GroupTracker *t, const char *callback, Event *event)
{
        TrackerEntry lists[3][8];
        uint32_t nodes[8];
        size_t n[3], n_nodes = 0;
        const char *at = callback + 1;
        RingId ring;
        int n_read;

        if (callback[0] == 'c') {
                for (size_t i = 0; i < 3; i++)
                        at = parse_entries(at, lists[i], n + i);
                return tracker_confchg(t, lists[0], n[0], lists[1], n[1], lists[2], n[2], event);
        }
        assert_int_equal(sscanf(at, " %" SCNu32 ".%" SCNu64 "%n", &ring.node_id, &ring.seq, &n_read), 2);
        for (at += n_read; sscanf(at, " %" SCNu32 "%n", nodes + n_nodes, &n_read) == 1; at += n_read)
                n_nodes++;
        return tracker_totem(t, ring, nodes, n_nodes, event);
}

static void show(TrackerResult result, const Event *event, char *text, size_t size)
{
        FILE *f = fmemopen(text, size, "w");

        assert_non_null(f);
        if (result == TRACKER_LEFT)
                fprintf(f, "left");
        if (result == TRACKER_VIEW) {
                assert_int_equal(event->type, EVENT_VIEW);
                fprintf(f, "%s %" PRIu32 ".%" PRIu64, event->view.change == VIEW_RING ? "ring" : "process",
                                event->view.ring.node_id, event->view.ring.seq);
                FOREACH_ARRAY(m, event->view.members, event->view.n_members)
                        fprintf(f, " %" PRIu32 "/%" PRIu32, m->node_id, m->pid);
                fprintf(f, " +");
                FOREACH_ARRAY(m, event->view.joined, event->view.n_joined)
                        fprintf(f, " %" PRIu32 "/%" PRIu32, m->node_id, m->pid);
                fprintf(f, " :");
                FOREACH_ARRAY(id, event->view.ring_nodes, event->view.n_ring_nodes)
                        fprintf(f, " %" PRIu32, *id);
        }
        fclose(f);
}

static void test_tracker_sequences(void **state)
{
        FOREACH_ARRAY(q, SEQUENCES, ELEMENTSOF(SEQUENCES)) {
                GroupTracker t;

                tracker_init(&t, q->self);
                for (const Step *s = q->steps; s < q->steps + ELEMENTSOF(q->steps) && s->callback; s++) {
                        char text[512] = "";
                        Event event = {};

                        show(feed(&t, s->callback, &event), &event, text, sizeof(text));
                        if (!streq(text, s->expected))
                                fail_msg("%s: \"%s\" gave \"%s\" instead of \"%s\"", q->name, s->callback,
                                                text, s->expected);
                }
        }
}

/* More than fits is cut, not written over. */
static void test_tracker_bounds(void **state)
{
        static TrackerEntry entries[300];
        static uint32_t nodes[500];
        GroupTracker t;
        Event event;

        for (uint32_t i = 0; i < ELEMENTSOF(entries); i++)
                entries[i] = (TrackerEntry){ { 1 + i, 7 }, TRACKER_JOIN };
        for (uint32_t i = 0; i < ELEMENTSOF(nodes); i++)
                nodes[i] = 500 - i;
        tracker_init(&t, (Member){ 1, 7 });
        assert_int_equal(tracker_confchg(&t, entries, 300, NULL, 0, entries, 300, &event), TRACKER_NOTHING);
        assert_int_equal(tracker_totem(&t, (RingId){ 1, 1 }, nodes, 500, &event), TRACKER_VIEW);
        assert_int_equal(event.view.n_ring_nodes, TRACKER_NODES_MAX);
        assert_true(event.view.n_members <= TRACKER_MEMBERS_MAX);
        for (size_t i = 1; i < event.view.n_ring_nodes; i++)
                assert_true(event.view.ring_nodes[i - 1] < event.view.ring_nodes[i]);
}

/* ---- the cluster's configuration ---- */

#define KEYS_GOOD                                              \
        "nodelist.local_node_pos=1\n"                          \
        "nodelist.node.0.name=abc\nnodelist.node.0.nodeid=7\n" \
        "nodelist.node.1.name=bcd\nnodelist.node.1.nodeid=2\n" \
        "nodelist.node.2.name=def\nnodelist.node.2.nodeid=3\n" \
        "quorum.provider=corosync_votequorum\n"                \
        "runtime.config.totem.consensus=1980\nruntime.config.totem.token=1650\n"

static int compare_keys(const void *a, const void *b)
{
        return strcmp(((const ClusterKey *) a)->name, ((const ClusterKey *) b)->name);
}

/* "NAME=VALUE" lines; a later line replaces an earlier one of the same name, and "NAME=-" takes it away. */
static int from_text(const char *text, ClusterInfo **ret, char **ret_error)
{
        _cleanup_free_ char *copy = strdup(text);
        ClusterKey keys[400];
        size_t n = 0;
        char *rest = copy;

        assert_non_null(copy);
        for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
                char *value = strchr(line, '=');
                size_t at = 0;

                if (!value)
                        continue;
                *value++ = '\0';
                while (at < n && !streq(keys[at].name, line))
                        at++;
                assert_true(at < ELEMENTSOF(keys));
                if (streq(value, "-") && at < n)
                        keys[at] = keys[--n];
                else {
                        keys[at] = (ClusterKey){ line, value };
                        n = MAX(n, at + 1);
                }
        }
        qsort(keys, n, sizeof(keys[0]), compare_keys);
        return cluster_info_from_keys(keys, n, ret, ret_error);
}

static void test_cluster_good(void **state)
{
        _cleanup_(cluster_info_freep) ClusterInfo *c = NULL;
        char *error = NULL;

        assert_int_equal(from_text(KEYS_GOOD "totem.cluster_name=lab\nnodelist.node.0.ring0_addr=10.0.0.1\n"
                                             "nodelist.node.0.ring7_addr=abc.example.org\n",
                                         &c, &error),
                        0);
        assert_int_equal(c->n_nodes, 3);
        assert_int_equal(c->nodes[0].id, 2);
        assert_string_equal(c->nodes[0].name, "bcd");
        assert_string_equal(c->nodes[2].name, "abc");
        assert_string_equal(c->nodes[2].addresses[0], "10.0.0.1");
        assert_string_equal(c->nodes[2].addresses[7], "abc.example.org");
        assert_null(c->nodes[2].addresses[1]);
        assert_null(c->nodes[0].addresses[0]);
        assert_int_equal(c->own_id, 2);
        assert_string_equal(c->own_name, "bcd");
        assert_string_equal(c->cluster_name, "lab");
        assert_int_equal(c->token_usec, 1650000);
        assert_int_equal(c->consensus_usec, 1980000);
        assert_null(c->device_model);
        assert_false(c->quorum_by_fewer || c->two_node || c->wait_for_all || c->uneven_votes);
        assert_non_null(cluster_info_find(c, 7));
        assert_null(cluster_info_find(c, 1));
}

static void test_cluster_loopback(void **state)
{
        static const struct {
                const char *keys, *expected;
        } cases[] = {
                { "nodelist.node.1.ring0_addr=127.0.1.1\n", "127.0.1.1" },
                { "nodelist.node.1.ring1_addr=::1\n", "::1" },
                { "nodelist.node.0.ring7_addr=localhost\n", "localhost" },
                { "nodelist.node.0.ring0_addr=128.0.0.1\n", NULL },
                { "nodelist.node.0.ring0_addr=127.host\n", NULL },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                _cleanup_(cluster_info_freep) ClusterInfo *c = NULL;
                char text[1024], *error = NULL;

                snprintf(text, sizeof(text), "%s%s", KEYS_GOOD, k->keys);
                assert_int_equal(from_text(text, &c, &error), 0);
                assert_int_equal(strcmp_ptr(c->loopback, k->expected), 0);
        }
}

static void test_cluster_quorum(void **state)
{
        static const struct {
                const char *keys;
                bool by_fewer, two_node, wait_for_all;
                const char *device;
        } cases[] = {
                { "", false, false, false, NULL },
                { "quorum.wait_for_all=1\n", false, false, true, NULL },
                { "quorum.two_node=1\n", true, true, true, NULL },
                { "quorum.two_node=1\nquorum.wait_for_all=0\n", true, true, false, NULL },
                { "quorum.two_node=0\n", false, false, false, NULL },
                { "quorum.last_man_standing=1\n", true, false, false, NULL },
                { "quorum.auto_tie_breaker=yes\n", true, false, false, NULL },
                { "quorum.allow_downscale=1\n", true, false, false, NULL },
                { "quorum.device.model=net\nquorum.device.net.algorithm=lms\n", true, false, false, "net" },
                { "nodelist.node.0.quorum_votes=2\n", true, false, false, NULL },
                { "nodelist.node.0.quorum_votes=1\n", false, false, false, NULL },
                { "quorum.expected_votes=2\n", true, false, false, NULL },
                { "quorum.expected_votes=3\n", false, false, false, NULL },
        };

        FOREACH_ARRAY(t, cases, ELEMENTSOF(cases)) {
                _cleanup_(cluster_info_freep) ClusterInfo *c = NULL;
                char *error = NULL, text[2048];

                (void) snprintf(text, sizeof(text), KEYS_GOOD "%s", t->keys);
                assert_int_equal(from_text(text, &c, &error), 0);
                if (c->quorum_by_fewer != t->by_fewer || c->two_node != t->two_node ||
                                c->wait_for_all != t->wait_for_all ||
                                strcmp_ptr(c->device_model, t->device) != 0)
                        fail_msg("wrong with %s", t->keys);
                assert_int_equal(c->device_sync_timeout_usec, t->device ? 30 * USEC_PER_SEC : 0);
        }
}

static void test_cluster_refused(void **state)
{
        static const struct {
                const char *keys, *words;
        } cases[] = {
                { "nodelist.node.1.name=-\n",
                                "node 2 (ring0_addr ?) in corosync.conf's nodelist has no name" },
                { "nodelist.node.1.name=-\nnodelist.node.1.ring0_addr=10.0.0.2\n", "(ring0_addr 10.0.0.2)" },
                { "nodelist.node.1.name=-\n", "        name: NAME-OF-THE-NODE" },
                { "nodelist.node.1.name=\n", "has no name" },
                { "nodelist.node.1.name=b cd\n", "holds blanks" },
                { "nodelist.node.1.name=b\033[31m\n", "control characters" },
                { "nodelist.node.2.nodeid=-\n", "has no nodeid" },
                { "nodelist.node.2.nodeid=0\n", "has no nodeid" },
                { "nodelist.node.2.nodeid=4294967296\n", "has no nodeid" },
                { "nodelist.node.2.nodeid=7\n", "names and numbers must differ" },
                { "nodelist.node.2.name=abc\n", "node abc (3) and node abc (7)" },
                { "nodelist.local_node_pos=-\n", "does not have this node" },
                { "nodelist.local_node_pos=3\n", "does not have this node" },
                { "quorum.provider=-\n", "provider: corosync_votequorum" },
                { "runtime.config.totem.token=-\n", "token and consensus" },
                { "runtime.config.totem.token=x\n", "token and consensus" },
        };

        FOREACH_ARRAY(t, cases, ELEMENTSOF(cases)) {
                _cleanup_(cluster_info_freep) ClusterInfo *c = NULL;
                _cleanup_free_ char *error = NULL;
                char text[2048];

                (void) snprintf(text, sizeof(text), KEYS_GOOD "%s", t->keys);
                assert_int_equal(from_text(text, &c, &error), -EINVAL);
                assert_null(c);
                if (!strstr(error, t->words))
                        fail_msg("'%s' does not say '%s'", error, t->words);
        }
}

static void test_cluster_sizes(void **state)
{
        for (unsigned int n = 0; n <= NODES_MAX + 1; n += n == 0 ? 1 : NODES_MAX / 2) {
                _cleanup_(cluster_info_freep) ClusterInfo *c = NULL;
                _cleanup_free_ char *error = NULL;
                _cleanup_free_ char *text = NULL;
                size_t size;
                FILE *f = open_memstream(&text, &size);

                assert_non_null(f);
                fprintf(f, "quorum.provider=corosync_votequorum\nnodelist.local_node_pos=0\n"
                           "runtime.config.totem.consensus=1980\nruntime.config.totem.token=1650\n");
                for (unsigned int i = 0; i < n; i++)
                        fprintf(f, "nodelist.node.%u.name=n%u\nnodelist.node.%u.nodeid=%u\n", i, i, i,
                                        1000 - i);
                fclose(f);
                if (n == 0 || n > NODES_MAX) {
                        assert_int_equal(from_text(text, &c, &error), -EINVAL);
                        assert_non_null(strstr(error, n == 0 ? "no nodelist" : "more than 64 nodes"));
                        continue;
                }
                assert_int_equal(from_text(text, &c, &error), 0);
                assert_int_equal(c->n_nodes, n);
                assert_int_equal(c->own_id, 1000);
        }
}

/* ---- the queue ---- */

static void test_queue(void **state)
{
        SendQueue q = {};

        assert_int_equal(queue_add(&q, "abc", 3, 10), 0);
        assert_int_equal(queue_add(&q, "defg", 4, 10), 0);
        assert_int_equal(queue_add(&q, "hijk", 4, 10), -ENOBUFS);
        assert_int_equal(queue_add(&q, "hij", 3, 10), 0);
        assert_int_equal(q.size_bytes, 10);
        assert_memory_equal(q.head->data, "abc", 3);
        queue_pop(&q);
        assert_memory_equal(q.head->data, "defg", 4);
        assert_int_equal(q.head->size_bytes, 4);
        queue_pop(&q);
        queue_pop(&q);
        assert_null(q.head);
        assert_null(q.tail);
        assert_int_equal(queue_add(&q, "x", 1, 10), 0);
        queue_clear(&q);
        assert_int_equal(q.size_bytes, 0);
        assert_null(q.head);
}

static void test_backoff(void **state)
{
        static const unsigned int expected_msec[] = { 1, 2, 5, 10, 20, 50, 50, 50 };
        static const unsigned int reconnect_msec[] = { 50, 100, 200, 400, 800, 1600, 2000, 2000 };
        SendQueue q = {};

        for (size_t i = 0; i < ELEMENTSOF(expected_msec); i++)
                assert_int_equal(queue_backoff_usec(&q), expected_msec[i] * USEC_PER_MSEC);
        assert_int_equal(queue_add(&q, "x", 1, 10), 0);
        queue_pop(&q); /* it went out: the next one starts anew */
        assert_int_equal(queue_backoff_usec(&q), USEC_PER_MSEC);
        for (size_t i = 0; i < ELEMENTSOF(reconnect_msec); i++)
                assert_int_equal(reconnect_delay_usec(i), reconnect_msec[i] * USEC_PER_MSEC);
        assert_int_equal(reconnect_delay_usec(SIZE_MAX), 2 * USEC_PER_SEC);
}

/* ---- tasks ---- */

typedef struct Work {
        int go[2];       /* the thread waits for a byte */
        int released[2]; /* and says here that it was released */
        bool ran, done;
        sd_event *loop;
} Work;

static void work_run(void *data)
{
        Work *w = data;
        char c;

        w->ran = read(w->go[0], &c, 1) == 1;
}

static void work_release(void *data)
{
        Work *w = data;

        assert_int_equal(write(w->released[1], "x", 1), 1);
}

static void work_done(void *data, void *userdata)
{
        Work *w = data;
        Task **t = userdata;

        w->done = true;
        *t = task_free(*t);
        assert_int_equal(sd_event_exit(w->loop, 0), 0);
}

static void work_init(Work *w)
{
        *w = (Work){};
        assert_int_equal(pipe(w->go), 0);
        assert_int_equal(pipe(w->released), 0);
        assert_true(sd_event_new(&w->loop) >= 0);
}

static void work_end(Work *w)
{
        close(w->go[0]);
        close(w->go[1]);
        close(w->released[0]);
        close(w->released[1]);
        sd_event_unref(w->loop);
}

static void test_task_done(void **state)
{
        Task *t = NULL;
        Work w;

        work_init(&w);
        assert_int_equal(task_start(w.loop, work_run, work_done, work_release, &w, &t, &t), 0);
        assert_true(sd_event_run(w.loop, 20000) == 0); /* it hangs, the loop does not */
        assert_false(w.done);
        assert_int_equal(write(w.go[1], "x", 1), 1);
        assert_int_equal(sd_event_loop(w.loop), 0);
        assert_true(w.ran && w.done);
        assert_null(t);
        work_end(&w);
}

static void test_task_freed_while_it_runs(void **state)
{
        Task *t = NULL;
        Work w;
        char c;

        work_init(&w);
        assert_int_equal(task_start(w.loop, work_run, work_done, work_release, &w, &t, &t), 0);
        t = task_free(t);
        assert_int_equal(write(w.go[1], "x", 1), 1);
        assert_int_equal(read(w.released[0], &c, 1), 1); /* comes from the thread */
        assert_true(w.ran);
        assert_false(w.done);
        work_end(&w);
}

static void test_task_freed_after_it_ran(void **state)
{
        Task *t = NULL;
        Work w;
        char c;

        work_init(&w);
        assert_int_equal(write(w.go[1], "x", 1), 1);
        assert_int_equal(task_start(w.loop, work_run, work_done, work_release, &w, &t, &t), 0);
        usleep(20000); /* either order is right; this makes the other one likely */
        t = task_free(t);
        assert_int_equal(read(w.released[0], &c, 1), 1);
        assert_false(w.done);
        work_end(&w);
}

static void test_error_words(void **state)
{
        assert_string_equal(corosync_error_to_string(2), "not running, or the connection was lost");
        assert_non_null(strstr(corosync_error_to_string(11), "uidgid"));
        assert_string_equal(corosync_error_to_string(100), "refused for reasons of security");
        assert_string_equal(corosync_error_to_string(-1), "unknown error");
        assert_string_equal(corosync_error_to_string(99999), "unknown error");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tracker_sequences),
                cmocka_unit_test(test_tracker_bounds),
                cmocka_unit_test(test_cluster_good),
                cmocka_unit_test(test_cluster_loopback),
                cmocka_unit_test(test_cluster_quorum),
                cmocka_unit_test(test_cluster_refused),
                cmocka_unit_test(test_cluster_sizes),
                cmocka_unit_test(test_queue),
                cmocka_unit_test(test_backoff),
                cmocka_unit_test(test_task_done),
                cmocka_unit_test(test_task_freed_while_it_runs),
                cmocka_unit_test(test_task_freed_after_it_ran),
                cmocka_unit_test(test_error_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
