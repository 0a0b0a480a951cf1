/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A simulation begins where the cluster is. The clusters are simulated ones too: what one of their engines holds is what
 * GetState() would answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "ctl/simulate-cluster.h"
#include "world/script.h"

#define LINES_MAX 16
#define THREE "nodes abc bcd def"

typedef struct Case {
        const char *name;
        const char *cluster[LINES_MAX]; /* how the cluster came to be where it is */
        const char *steps[LINES_MAX];   /* what is so in the simulation */
        SimulateConfig config;
} Case;

static void run_lines(Script *s, const Case *c, const char *const *lines)
{
        char why[256];

        for (size_t i = 0; i < LINES_MAX && lines[i]; i++)
                if (script_line(s, lines[i], why, sizeof(why)) < 0)
                        fail_msg("%s: %s: %s", c->name, lines[i], why);
}

static uint32_t node_in_step(const World *w)
{
        for (uint32_t node = 1; node <= world_n_nodes(w); node++) {
                const Engine *e = world_engine(w, node);

                if (e && engine_is_synced(e) && engine_is_quorate(e))
                        return node;
        }
        fail_msg("no node is in step");
        return 0;
}

static void save(const World *w, ByteWriter *ret)
{
        uint32_t node = node_in_step(w);

        state_encode(engine_state(world_engine(w, node)), STATE_FULL, world_clock(w, node), ret);
        assert_int_equal(ret->error, 0);
}

static void begins_there(const Case *c)
{
        _cleanup_(script_freep) Script *cluster = NULL, *simulation = NULL;
        _cleanup_(byte_writer_done) ByteWriter data = {};
        _cleanup_(strings_done) Strings differences = {};
        _cleanup_(world_freep) World *w = NULL;
        SimulateConfig config = c->config;
        int r;

        config.trace = getenv("TRACE") ? stderr : NULL;
        assert_int_equal(script_new(NULL, &cluster), 0);
        run_lines(cluster, c, c->cluster);
        save(script_world(cluster), &data);
        r = simulate_world_from_state(&config, data.data, data.size_bytes, &w);
        if (r < 0)
                fail_msg("%s: %s", c->name, strerror(-r));
        assert_int_equal(world_now(w), WORLD_BEGIN_USEC);
        assert_int_equal(simulate_compare(w, data.data, data.size_bytes, &differences), 0);
        if (differences.n > 0)
                fail_msg("%s: %s", c->name, differences.items[0]);
        assert_int_equal(script_new_for(w, &simulation), 0);
        run_lines(simulation, c, c->steps);
}

static void test_begins_where_the_cluster_is(void **state)
{
        static const Case cases[] = {
                { "Takeover=manual, and the better node is back",
                                { THREE, "app web Nodes=abc bcd def Takeover=manual", "up all", "wait 20s",
                                                "down abc", "wait 20s", "up abc", "wait 20s",
                                                "expect web running bcd" },
                                { "expect web running bcd failover", "wait 60s",
                                                "expect web running bcd failover" } },
                { "a move by hand is held",
                                { THREE, "app web Nodes=abc bcd def", "up all", "wait 20s",
                                                "command abc takeover web def", "wait 20s",
                                                "expect web running def" },
                                { "expect web running def", "wait 60s", "expect web running def", "down abc",
                                                "wait 20s", "up abc", "wait 20s",
                                                "expect web running abc" } },
                { "a mark has expired",
                                { THREE, "app web Nodes=abc bcd FailureTimeoutSec=10s", "up all", "wait 20s",
                                                "fail web", "wait 60s", "expect web running bcd" },
                                { "wait 60s", "expect web running bcd", "command abc clear web abc",
                                                "wait 5s", "expect web running abc" } },
                { "a mark has not expired",
                                { THREE, "app web Nodes=abc bcd FailureTimeoutSec=60s", "up all", "wait 20s",
                                                "fail web", "wait 20s", "expect web running bcd" },
                                { "down bcd", "wait 20s", "expect web nowhere", "wait 30s",
                                                "expect web running abc" } },
                { "what failed was started again where it is",
                                { THREE, "app web Nodes=abc bcd LocalRestarts=1 FailureTimeoutSec=60s",
                                                "up all", "wait 20s", "fail web", "wait 20s",
                                                "expect web running abc normal" },
                                { "fail web", "wait 5s", "expect web running bcd failover" } },
                { "that it was is forgotten",
                                { THREE, "app web Nodes=abc bcd LocalRestarts=1 FailureTimeoutSec=60s",
                                                "up all", "wait 20s", "fail web", "wait 20s" },
                                { "wait 50s", "fail web", "wait 5s", "expect web running abc normal" } },
                { "the order of Nodes= has changed",
                                { THREE, "app web Nodes=abc bcd", "up all", "wait 20s",
                                                "app web Nodes=bcd abc", "reload all", "wait 20s",
                                                "expect web running abc" },
                                { "expect web running abc", "wait 60s", "expect web running abc" } },
                { "a manager is gone",
                                { THREE, "app web Nodes=abc bcd FailoverDelaySec=20s", "up all", "wait 20s",
                                                "kill-for-good abc", "wait 5s" },
                                { "expect node abc no-manager", "expect web running abc", "wait 2s",
                                                "expect web running abc", "wait 2s", "expect web nowhere",
                                                "wait 10s", "expect web nowhere", "wait 5s",
                                                "expect web running bcd failover" } },
                { "a manager is gone, and comes back",
                                { THREE, "app web Nodes=abc bcd", "up all", "wait 20s", "kill-for-good abc",
                                                "wait 5s" },
                                { "manager-start abc", "wait 5s", "expect node abc synced",
                                                "expect web running abc normal", "wait 60s",
                                                "expect web running abc normal" } },
                { "a manager is gone, and its grace is over",
                                { THREE, "app web Nodes=abc bcd", "up all", "wait 20s", "kill-for-good abc",
                                                "wait 30s" },
                                { "expect web running bcd failover", "wait 60s", "manager-start abc",
                                                "wait 10s", "expect web running abc takeover" } },
                { "a delay runs",
                                { THREE, "app web Nodes=abc bcd FailoverDelaySec=10min", "up all", "wait 20s",
                                                "down abc", "wait 33630ms" },
                                { "expect web nowhere", "expect web state waiting", "wait 560s",
                                                "expect web nowhere", "wait 11s",
                                                "expect web running bcd failover" } },
                { "an infinite delay runs",
                                { THREE, "app web Nodes=abc bcd FailoverDelaySec=infinity", "up all",
                                                "wait 20s", "down abc", "wait 20s" },
                                { "wait 2h", "expect web nowhere", "up abc", "wait 20s",
                                                "expect web running abc normal" } },
                { "a better node waits for its time",
                                { THREE, "app web Nodes=abc bcd TakeoverDelaySec=60s", "up all", "wait 20s",
                                                "down abc", "wait 20s", "up abc", "wait 21s",
                                                "expect web running bcd" },
                                { "wait 30s", "expect web running bcd", "wait 15s",
                                                "expect web running abc takeover" } },
                { "nothing runs without a file",
                                { THREE, "app web Nodes=abc bcd", "up all", "wait 20s", "drop all web",
                                                "reload all", "wait 5s", "expect web state orphan" },
                                { "expect web state orphan", "wait 60s", "expect web running abc" } },
                { "files differ",
                                { THREE, "app web Nodes=abc bcd def", "up all", "wait 20s",
                                                "file bcd web Nodes=abc bcd ExecStart=2", "reload bcd",
                                                "wait 5s" },
                                { "down abc", "wait 20s", "expect web running def failover" } },
                { "maintenance, standby, permissions, a stopped one, a finished one, a failed one",
                                { THREE, "app man Nodes=abc", "app per Nodes=abc bcd", "app stp Nodes=abc",
                                                "app fin Nodes=abc", "app bad Nodes=abc FailureAction=stop",
                                                "app off Nodes=abc Enabled=no", "up all", "wait 20s",
                                                "command abc maintenance man on",
                                                "command abc forbid per abc", "command abc stop stp",
                                                "finish fin", "fail bad", "command abc standby def",
                                                "wait 5s" },
                                { "expect man state running", "expect per running bcd takeover",
                                                "expect stp state stopped", "expect fin state finished",
                                                "expect bad state failed", "expect off state stopped",
                                                "fail man", "wait 20s", "expect man nowhere" } },
                { "a stop that does not end",
                                { THREE, "app web Nodes=abc bcd", "up all", "wait 20s",
                                                "behave abc web stuck", "command abc stop web", "wait 10s" },
                                { "expect web state blocked", "wait 60s", "expect web state blocked",
                                                "behave abc web well", "wait 1s",
                                                "expect web state stopped" } },
                { "start-first, half done",
                                { THREE, "app web Nodes=abc bcd TakeoverMode=start-first", "up all",
                                                "wait 20s", "behave bcd web well 30s",
                                                "command abc takeover web bcd", "wait 5s" },
                                { "wait 1s", "expect web running bcd takeover" } },
                { "a node has no guard",
                                { THREE, "app web Nodes=abc bcd def", "up all", "wait 20s",
                                                "guard-away abc bcd", "wait 5s", "expect web running abc" },
                                { "expect web running abc", "down abc", "wait 20s", "expect web running def",
                                                "guard-back bcd", "wait 5s", "expect web running bcd" } },
                { "a node is away, one other disk takes no writes",
                                { THREE, "app web Nodes=abc bcd def", "up all", "wait 20s", "down abc",
                                                "wait 20s", "disk def fails", "command bcd permit web def",
                                                "wait 20s" },
                                { "expect web running bcd", "up abc", "wait 20s", "expect web running abc",
                                                "command abc standby bcd", "wait 10s", "down abc",
                                                "wait 20s" } },
                { "a quorum device: one of three goes on",
                                { THREE, "quorum device", "app web Nodes=abc bcd def", "up all", "wait 20s",
                                                "down abc", "wait 20s", "down bcd", "wait 20s",
                                                "expect web running def" },
                                { "expect web running def failover", "wait 60s",
                                                "expect web running def failover" },
                                { .quorum = WORLD_QUORUM_DEVICE } },
                { "two nodes, of which one is away",
                                { "nodes abc bcd", "quorum two-node", "app web Nodes=abc bcd", "up all",
                                                "wait 20s", "down abc", "wait 20s" },
                                { "wait 5s", "expect web running bcd failover" },
                                { .quorum = WORLD_QUORUM_TWO_NODE } },
                { "each node has its own grace, the policy is freeze",
                                { THREE, "policy freeze", "grace 40s", "app web Nodes=abc bcd", "up all",
                                                "wait 20s" },
                                { "kill-for-good abc", "wait 18s", "expect web running abc", "wait 10s",
                                                "expect web nowhere", "wait 20s", "expect web running bcd",
                                                "cut bcd|abc|def", "wait 20s", "expect web running bcd" },
                                { .policy = NO_QUORUM_FREEZE } },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases))
                begins_there(c);
}

/* A cluster as large as they get, at many points of its life. */
static void test_begins_at_any_time(void **state)
{
        static const char *const begin[] = { "nodes n1 n2 n3 n4 n5", "app a Nodes=n1 n2 FailoverDelaySec=5s",
                "app b Nodes={n1 n2 n3} TakeoverDelaySec=7s", "app c Nodes=n2 n3 n1 TakeoverMode=start-first",
                "app d Nodes=n5 n4 Takeover=manual", "up all", "wait 20s" };
        static const char *const steps[] = { "down n1", "up n1", "fail b", "command n2 takeover c n3",
                "kill-for-good n5", "manager-start n5", "down n2", "command n3 stop a", "up n2",
                "command n3 start a", "command n1 standby n3", "fail d" };
        _cleanup_(script_freep) Script *s = NULL;
        char why[256];

        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(begin); i++)
                assert_int_equal(script_line(s, begin[i], why, sizeof(why)), 0);
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                (void) script_line(s, steps[i], why, sizeof(why));
                for (size_t k = 0; k < 9; k++) {
                        _cleanup_(byte_writer_done) ByteWriter data = {};
                        _cleanup_(strings_done) Strings differences = {};
                        _cleanup_(world_freep) World *w = NULL;
                        const SimulateConfig config = {};

                        assert_int_equal(script_line(s, "wait 1100ms", why, sizeof(why)), 0);
                        save(script_world(s), &data);
                        assert_int_equal(simulate_world_from_state(&config, data.data, data.size_bytes, &w),
                                        0);
                        assert_int_equal(simulate_compare(w, data.data, data.size_bytes, &differences), 0);
                        for (size_t d = 0; d < differences.n; d++)
                                if (!strstr(differences.items[d], "not in step yet"))
                                        fail_msg("%s, %zu: %s", steps[i], k, differences.items[d]);
                }
        }
}

/* ---- the file ---- */

static void make_cluster(SimulateCluster *ret)
{
        static const char *const lines[] = { THREE, "app web Nodes=abc bcd FailoverDelaySec=60s", "up all",
                "wait 20s", "down abc", "wait 20s" };
        _cleanup_(script_freep) Script *s = NULL;
        ByteWriter data = {};
        char why[256];

        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(script_line(s, lines[i], why, sizeof(why)), 0);
        save(script_world(s), &data);
        *ret = (SimulateCluster){ .in_step = true,
                .node = strdup("bcd"),
                .expected_votes = 3,
                .state = (char *) data.data,
                .state_size_bytes = data.size_bytes };
        ret->config = (SimulateConfig){ .quorum = WORLD_QUORUM_DEVICE,
                .policy = NO_QUORUM_FREEZE,
                .token_usec = 3650 * USEC_PER_MSEC,
                .consensus_usec = 4380 * USEC_PER_MSEC,
                .isolation_usec = 9 * USEC_PER_SEC,
                .sync_timeout_usec = USEC_INFINITY,
                .realtime_usec = 1764488000 * USEC_PER_SEC };
        assert_int_equal(strings_add(&ret->mandatory, "abc"), 0);
        assert_int_equal(strings_add(&ret->mandatory, "bcd"), 0);
        assert_int_equal(strings_add(&ret->optional, "def"), 0);
        assert_int_equal(strings_add(&ret->rules, "last_man_standing"), 0);
}

static void test_file_says_all(void **state)
{
        _cleanup_(simulate_cluster_done) SimulateCluster k = {}, back = {};
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        make_cluster(&k);
        text = simulate_cluster_format(&k, &size);
        assert_non_null(text);
        assert_int_equal(simulate_cluster_parse(text, size, &back), 0);
        assert_string_equal(back.node, "bcd");
        assert_true(back.in_step);
        assert_int_equal(back.expected_votes, 3);
        assert_int_equal(back.config.quorum, WORLD_QUORUM_DEVICE);
        assert_int_equal(back.config.policy, NO_QUORUM_FREEZE);
        assert_int_equal(back.config.token_usec, 3650 * USEC_PER_MSEC);
        assert_int_equal(back.config.consensus_usec, 4380 * USEC_PER_MSEC);
        assert_int_equal(back.config.isolation_usec, 9 * USEC_PER_SEC);
        assert_true(back.config.sync_timeout_usec == USEC_INFINITY);
        assert_int_equal(back.config.realtime_usec, 1764488000 * USEC_PER_SEC);
        assert_int_equal(back.config.n_sync_mandatory, 2);
        assert_string_equal(back.config.sync_mandatory[1], "bcd");
        assert_int_equal(back.config.n_sync_optional, 1);
        assert_string_equal(back.config.sync_optional[0], "def");
        assert_int_equal(back.rules.n, 1);
        assert_string_equal(back.rules.items[0], "last_man_standing");
        assert_int_equal(back.state_size_bytes, k.state_size_bytes);
        assert_memory_equal(back.state, k.state, k.state_size_bytes);
}

static void test_file_is_refused(void **state)
{
        static const struct {
                const char *find, *put;
                int error;
        } cases[] = {
                { "cluster 1", "cluster 2", -EPROTO },
                { "in-step=yes", "in-step=yup", -EBADMSG },
                { "quorum=device", "quorum=devise", -EBADMSG },
                { "token-usec=3", "token-usec=x", -EBADMSG },
                { "token-usec", "tokem-usec", -EBADMSG },
                { "policy=freeze", "policy=frozen", -EBADMSG },
                { "mandatory=abc bcd", "mandatory=abc  bc", -EBADMSG },
        };
        _cleanup_(simulate_cluster_done) SimulateCluster k = {}, back = {};
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        make_cluster(&k);
        text = simulate_cluster_format(&k, &size);
        assert_non_null(text);
        for (size_t n = 0; n < size; n++)
                assert_true(simulate_cluster_parse(text, n, &back) < 0);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_free_ char *copy = malloc(size + 1);
                char *at;

                assert_non_null(copy);
                memcpy(copy, text, size);
                copy[size] = 0;
                at = strstr(copy, c->find);
                assert_non_null(at);
                memcpy(at, c->put, strlen(c->put));
                assert_int_equal(simulate_cluster_parse(copy, size, &back), c->error);
        }
        /* The bare state, as it was written once. */
        assert_int_equal(simulate_cluster_parse(k.state, k.state_size_bytes, &back), -EPROTO);
}

/* What differs is told, for each application and each node. */
static void test_differences_are_told(void **state)
{
        _cleanup_(simulate_cluster_done) SimulateCluster k = {};
        _cleanup_(strings_done) Strings differences = {};
        _cleanup_(script_freep) Script *s = NULL;
        _cleanup_(world_freep) World *w = NULL;
        const SimulateConfig config = {};
        char why[256];

        make_cluster(&k);
        assert_int_equal(simulate_world_from_state(&config, k.state, k.state_size_bytes, &w), 0);
        assert_int_equal(script_new_for(w, &s), 0);
        assert_int_equal(script_line(s, "wait 1s", why, sizeof(why)), 0);
        assert_int_equal(simulate_compare(w, k.state, k.state_size_bytes, &differences), 0);
        assert_int_equal(differences.n, 1);
        assert_string_equal(
                        differences.items[0], "web: what is left of its FailoverDelaySec= is not the same");
        assert_int_equal(script_line(s, "up abc", why, sizeof(why)), 0);
        assert_int_equal(script_line(s, "wait 20s", why, sizeof(why)), 0);
        strings_done(&differences);
        differences = (Strings){};
        assert_int_equal(simulate_compare(w, k.state, k.state_size_bytes, &differences), 0);
        assert_int_equal(differences.n, 2);
        assert_string_equal(differences.items[0], "node abc: it is offline, and in step in the simulation");
        assert_string_equal(differences.items[1], "web: it is on no node, and on abc in the simulation");
}

/* Whether a worker needs a restart no script can say: the state says it. */
static void test_restart_is_needed(void **state)
{
        _cleanup_(byte_writer_done) ByteWriter data = {};
        _cleanup_(strings_done) Strings differences = {};
        _cleanup_(state_done) State s = {};
        _cleanup_(script_freep) Script *cluster = NULL;
        _cleanup_(world_freep) World *w = NULL;
        static const char *const lines[] = { THREE, "app web Nodes=abc bcd", "app mail Nodes=bcd", "up all",
                "wait 20s" };
        const SimulateConfig config = {};
        char why[256];

        assert_int_equal(script_new(NULL, &cluster), 0);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(script_line(cluster, lines[i], why, sizeof(why)), 0);
        save(script_world(cluster), &data);
        assert_int_equal(state_decode(data.data, data.size_bytes, STATE_FULL, 0, &s), 0);
        state_find_app(&s, "web")->copies[0].restart_needed = true;
        byte_writer_done(&data);
        data = (ByteWriter){};
        state_encode(&s, STATE_FULL, 0, &data);
        assert_int_equal(simulate_world_from_state(&config, data.data, data.size_bytes, &w), 0);
        assert_int_equal(simulate_compare(w, data.data, data.size_bytes, &differences), 0);
        if (differences.n > 0)
                fail_msg("%s", differences.items[0]);
        assert_int_equal(world_run_for(w, 10 * USEC_PER_SEC), 0);
        assert_int_equal(simulate_compare(w, data.data, data.size_bytes, &differences), 0);
        assert_int_equal(differences.n, 0);
}

static void test_no_quorum_is_refused(void **state)
{
        static const char *const lines[] = { THREE, "quorum device", "app web Nodes=abc bcd def", "up all",
                "wait 20s", "down abc bcd", "wait 20s" };
        _cleanup_(script_freep) Script *s = NULL;
        _cleanup_(byte_writer_done) ByteWriter data = {};
        _cleanup_(world_freep) World *w = NULL;
        const SimulateConfig config = {};
        char why[256];

        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(script_line(s, lines[i], why, sizeof(why)), 0);
        save(script_world(s), &data);
        assert_int_equal(simulate_world_from_state(&config, data.data, data.size_bytes, &w), -EHOSTDOWN);
        assert_null(w);
}

/* ---- the corpus ---- */

#define CORPUS "tests/fuzz/corpus/simulate/whole"

/* What the fuzzer begins with, and what its target is replayed on, has to be read: with each change of the state's bytes
 * `make update-corpus` writes it anew. */
static const struct {
        const char *name;
        WorldQuorum quorum;
        const char *lines[LINES_MAX];
} saved[] = {
        { "delay", WORLD_QUORUM_MAJORITY,
                        { THREE, "app web Nodes=abc bcd FailoverDelaySec=60s", "app mail Nodes=def", "up all",
                                        "wait 20s", "down abc", "wait 20s" } },
        { "device", WORLD_QUORUM_DEVICE,
                        { THREE, "app web Nodes=abc bcd", "up all", "wait 20s", "command abc standby abc",
                                        "wait 5s", "command def forbid web def", "wait 5s" } },
        { "gone", WORLD_QUORUM_TWO_NODE,
                        { "nodes abc bcd", "quorum two-node", "app web Nodes=abc bcd", "up all", "wait 20s",
                                        "down abc", "wait 20s" } },
        { "held", WORLD_QUORUM_MAJORITY,
                        { THREE, "app web Nodes=abc bcd def", "up all", "wait 20s",
                                        "command abc takeover web def", "wait 5s",
                                        "command abc maintenance web on", "wait 5s" } },
        { "marks", WORLD_QUORUM_MAJORITY,
                        { THREE, "app web Nodes=abc bcd", "behave abc web start-fails", "up all", "wait 20s",
                                        "file bcd web Nodes=abc bcd ExecStart=2", "wait 5s" } },
};

static char *make_saved(size_t which, size_t *ret_size)
{
        _cleanup_(simulate_cluster_done) SimulateCluster k = {};
        _cleanup_(script_freep) Script *s = NULL;
        ByteWriter data = {};
        char why[256], *text;

        assert_int_equal(script_new(NULL, &s), 0);
        for (size_t i = 0; i < LINES_MAX && saved[which].lines[i]; i++)
                if (script_line(s, saved[which].lines[i], why, sizeof(why)) < 0)
                        fail_msg("%s: %s: %s", saved[which].name, saved[which].lines[i], why);
        save(script_world(s), &data);
        k = (SimulateCluster){ .in_step = true,
                .node = strdup("bcd"),
                .expected_votes = 3,
                .state = (char *) data.data,
                .state_size_bytes = data.size_bytes };
        k.config = (SimulateConfig){ .quorum = saved[which].quorum,
                .policy = NO_QUORUM_STOP,
                .token_usec = USEC_PER_SEC,
                .consensus_usec = 2630 * USEC_PER_MSEC,
                .sync_timeout_usec = 30 * USEC_PER_SEC,
                .realtime_usec = 1764488000 * USEC_PER_SEC };
        assert_int_equal(strings_add(&k.mandatory, "abc"), 0);
        text = simulate_cluster_format(&k, ret_size);
        assert_non_null(text);
        return text;
}

static FILE *open_saved(const char *directory, const char *name, const char *mode)
{
        char path[4096];

        assert_true(snprintf(path, sizeof(path), "%s/%s", directory, name) < (int) sizeof(path));
        return fopen(path, mode);
}

static void test_corpus_is_read(void **state)
{
        const char *top = getenv("top_srcdir");
        char directory[2048];

        (void) state;
        (void) snprintf(directory, sizeof(directory), "%s/%s", top ? top : ".", CORPUS);
        for (size_t i = 0; i < ELEMENTSOF(saved); i++) {
                _cleanup_(simulate_cluster_done) SimulateCluster k = {};
                _cleanup_(world_freep) World *w = NULL;
                _cleanup_free_ char *text = NULL, *is = NULL;
                _cleanup_fclose_ FILE *f = open_saved(directory, saved[i].name, "re");
                size_t size, n;

                if (!f)
                        fail_msg("%s/%s: %s", directory, saved[i].name, strerror(errno));
                text = make_saved(i, &size);
                is = malloc(size + 1);
                assert_non_null(is);
                n = fread(is, 1, size + 1, f);
                if (simulate_cluster_parse(is, n, &k) < 0 ||
                                simulate_world_from_state(&k.config, k.state, k.state_size_bytes, &w) < 0)
                        fail_msg("%s/%s is not read any more: 'make update-corpus'", CORPUS, saved[i].name);
                if (n != size || memcmp(is, text, size) != 0)
                        fail_msg("%s/%s is not as it is written now: 'make update-corpus'", CORPUS,
                                        saved[i].name);
        }
}

static int write_corpus(const char *directory)
{
        for (size_t i = 0; i < ELEMENTSOF(saved); i++) {
                _cleanup_free_ char *text = NULL;
                FILE *f = open_saved(directory, saved[i].name, "we");
                size_t size;

                text = make_saved(i, &size);
                if (!f || fwrite(text, 1, size, f) != size || fclose(f) != 0) {
                        perror(saved[i].name);
                        return EXIT_FAILURE;
                }
        }
        return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_begins_where_the_cluster_is),
                cmocka_unit_test(test_begins_at_any_time),
                cmocka_unit_test(test_file_says_all),
                cmocka_unit_test(test_file_is_refused),
                cmocka_unit_test(test_corpus_is_read),
                cmocka_unit_test(test_differences_are_told),
                cmocka_unit_test(test_restart_is_needed),
                cmocka_unit_test(test_no_quorum_is_refused),
        };

        if (argc == 3 && streq(argv[1], "--write"))
                return write_corpus(argv[2]);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
