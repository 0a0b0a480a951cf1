/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a step costs with many applications. The same is done with N and with 4 N of them; what grows with their number
 * takes 4 times as long then, what grows with its square 16 times. The best of some rounds of processor time counts, so
 * that what else the machine does says nothing. */

#include "engine/engine.h"
#include "engine/engine-struct.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/expiry.h"
#include "engine/local/own-files.h"
#include "base/array.h"
#include "engine/agreed/apply.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

enum { N_NODES = 64, N_APPS = 1000, ROUNDS = 6, TIMES_MAX = 11 };

static size_t n_sorts;

/* What is sorted is counted: the linker puts these in the place of the library's. */
typedef int (*Compare)(const void *a, const void *b);
void __real_qsort(void *base, size_t n, size_t size_bytes, Compare compare);
void __wrap_qsort(void *base, size_t n, size_t size_bytes, Compare compare);

void __wrap_qsort(void *base, size_t n, size_t size_bytes, Compare compare)
{
        n_sorts++;
        __real_qsort(base, n, size_bytes, compare);
}

static uint64_t processor_nsec(void)
{
        struct timespec t;

        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
        return (uint64_t) t.tv_sec * UINT64_C(1000000000) + (uint64_t) t.tv_nsec;
}

static Engine *new_engine(EffectList *effects)
{
        EngineNode nodes[N_NODES];
        char names[N_NODES][32];
        EngineConfig config = {
                .node_id = 1, .nodes = nodes, .n_nodes = N_NODES, .grace_usec = 1, .boot_id = 1
        };
        Engine *e = NULL;

        for (uint32_t i = 0; i < N_NODES; i++) {
                snprintf(names[i], sizeof(names[i]), "node%02u.example", i + 1);
                nodes[i] = (EngineNode){ i + 1, names[i] };
        }
        assert_int_equal(engine_new(&config, &e), 0);
        for (uint32_t i = 0; i < N_NODES; i++)
                state_add_node(&e->here.me.agreed.state, i + 1, names[i])->presence = PRESENCE_SYNCED;
        e->here.me.agreed.out.effects = effects;
        e->here.me.agreed.now_usec = USEC_PER_SEC;
        return e;
}

static void app_name(size_t i, char name[32])
{
        snprintf(name, 32, "app-%05zu", i);
}

/* Definitions of one tier of all nodes; the caller frees them one by one. */
static Definition *new_definitions(const Engine *e, size_t n)
{
        Definition *d = calloc(n, sizeof(*d));

        assert_non_null(d);
        for (size_t i = 0; i < n; i++) {
                char name[32];

                app_name(i, name);
                d[i] = (Definition){ .name = strdup(name), .weight = 1, .digest = i + 1, .enabled = true };
                d[i].nodes = calloc(N_NODES, sizeof(d[i].nodes[0]));
                assert_non_null(d[i].nodes);
                FOREACH_ARRAY(node, e->here.me.agreed.state.nodes, e->here.me.agreed.state.n_nodes)
                        d[i].nodes[d[i].n_nodes++] = (NodePriority){ .name = strdup(node->name) };
        }
        return d;
}

static void give_definitions(Engine *e, Definition *d, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                App *a = state_add_app(&e->here.me.agreed.state, d[i].name);

                assert_non_null(a);
                a->definition = d[i];
                a->has_definition = a->target_up = true;
        }
        free(d);
}

/* ---- what is measured ---- */

static uint64_t first_placement(size_t n)
{
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        uint64_t t;
        size_t on_node[N_NODES + 1] = {};

        give_definitions(e, new_definitions(e, n), n);
        e->here.me.agreed.all_dirty = true;
        n_sorts = 0;
        t = processor_nsec();
        decide_all(&e->here.me.agreed);
        t = processor_nsec() - t;
        /* What lies where is made out once for all of them. */
        assert_int_equal(n_sorts, 1);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps) {
                assert_int_equal(a->n_copies, 1);
                on_node[a->copies[0].node_id]++;
        }
        for (size_t i = 1; i <= N_NODES; i++)
                assert_in_range(on_node[i], n / N_NODES, n / N_NODES + 1);
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

static uint64_t all_delays_over(size_t n)
{
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        Message m = { .type = MESSAGE_EXPIRY };
        const Member sender = { .node_id = 1 };
        uint64_t t;

        give_definitions(e, new_definitions(e, n), n);
        m.expiry.timers = calloc(n, sizeof(m.expiry.timers[0]));
        assert_non_null(m.expiry.timers);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps) {
                a->delay = agreed_timer(&e->here.me.agreed, 1);
                m.expiry.timers[m.expiry.n_timers++] =
                                (TimerRef){ .kind = TIMER_FAILOVER, .serial = a->delay.serial };
        }
        t = processor_nsec();
        apply_message(&e->here.me.agreed, &sender, &m);
        t = processor_nsec() - t;
        assert_int_equal(effects.n_effects, n);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                assert_int_equal(a->delay.serial, 0);
        message_done(&m);
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

static uint64_t all_timers_sent(size_t n)
{
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        uint64_t t;

        give_definitions(e, new_definitions(e, n), n);
        e->here.me.synced = true;
        e->here.me.phase = PHASE_DECIDED;
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                a->delay = agreed_timer(&e->here.me.agreed, 0);
        t = processor_nsec();
        expiry_pump(&e->here);
        for (size_t i = 0; i < 5; i++)
                assert_true(expiry_deadline(&e->here) == USEC_INFINITY);
        t = processor_nsec() - t;
        assert_int_equal(effects.n_effects, 1);
        assert_int_equal(effects.effects[0].message->expiry.n_timers, n);
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

static uint64_t files_read(size_t n)
{
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        Definition *d = new_definitions(e, n);
        uint64_t t = processor_nsec(), begin;
        const char *kept;

        n_sorts = 0;
        files_set(&e->here, d, NULL, n, NULL, 0, false);
        kept = e->here.definitions[n / 2].definition.nodes[0].name;
        files_set(&e->here, d, NULL, n, NULL, 0, false);
        t = processor_nsec() - t;
        /* They come in order, and what has not changed is not copied again. */
        assert_int_equal(n_sorts, 0);
        assert_ptr_equal(e->here.definitions[n / 2].definition.nodes[0].name, kept);
        give_definitions(e, d, n);
        begin = processor_nsec();
        for (size_t i = 0; i < 5; i++)
                assert_false(files_differ(&e->here));
        t += processor_nsec() - begin;
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

static uint64_t facts_of_all(size_t n)
{
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        FactsMessage f = { .node_name = strdup("node02.example"),
                .grace_usec = 1,
                .can_write = true,
                .guarded = true,
                .fused = true };
        const Member sender = { .node_id = 2 };
        Message m = { .type = MESSAGE_FACTS };
        uint64_t t;

        give_definitions(e, new_definitions(e, n), n);
        f.copies = calloc(n, sizeof(f.copies[0]));
        assert_non_null(f.copies);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                f.copies[f.n_copies++] =
                                (CopyFact){ .app = strdup(a->name), .epoch = 9, .state = UNIT_RUNNING };
        t = processor_nsec();
        apply_facts(&e->here.me.agreed, &sender, &f, false);
        t = processor_nsec() - t;
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                assert_int_equal(a->copies[0].phase, COPY_RUNNING);
        m.facts = f;
        message_done(&m);
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

/* ---- what readers cost ---- */

/* All run in the worse of two tiers of `n_tier` nodes each, and TakeoverDelaySec= runs for the better one. */
static Engine *new_waiting(size_t n, uint32_t n_tier, EffectList *effects)
{
        Engine *e = new_engine(effects);
        Definition *d = new_definitions(e, n);

        for (size_t i = 0; i < n; i++) {
                d[i].takeover_automatic = true;
                for (uint32_t node = 0; node < N_NODES; node++)
                        d[i].nodes[node].tier = node / n_tier;
        }
        give_definitions(e, d, n);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps) {
                Copy *c = app_add_copy(a, n_tier + 1, 1);

                assert_non_null(c);
                c->phase = COPY_RUNNING;
                a->owner = c->node_id;
                a->better_nodes = 1;
                a->better = agreed_timer(&e->here.me.agreed, USEC_PER_SEC);
        }
        return e;
}

static void assert_takes_over(const Engine *e, const App *a, const char *name)
{
        AppStatus s;
        char reason[64];

        e->here.cutoff->stale_since_usec = 0; /* this node knows it */
        engine_app_status(e, a, &s);
        snprintf(reason, sizeof(reason), "%s takes it over after TakeoverDelaySec=", name);
        assert_string_equal(s.reason, reason);
}

static uint64_t all_shown(size_t n, uint32_t n_tier)
{
        EffectList effects = {};
        Engine *e = new_waiting(n, n_tier, &effects);
        uint64_t t;

        n_sorts = 0;
        t = processor_nsec();
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                assert_takes_over(e, a, "node01.example");
        t = processor_nsec() - t;
        assert_int_equal(n_sorts, 1);
        effect_list_done(&effects);
        engine_free(e);
        return t;
}

static uint64_t all_shown_in_pairs(size_t n)
{
        return all_shown(n, 2);
}

/* What is compared within a tier is made out once for all that are shown: a tier of two nodes costs what a tier of one does. */
static void test_shown_in_pairs(void **state)
{
        enum { N_ALL = 10000, N_TIMES = 4 };
        uint64_t one = UINT64_MAX, two = UINT64_MAX;

        (void) state;
        for (size_t i = 0; i < 3; i++) {
                one = MIN(one, all_shown(N_ALL, 1));
                two = MIN(two, all_shown(N_ALL, 2));
        }
        print_message("%u shown in tiers of one: %llu us, of two: %llu us\n", N_ALL,
                        (unsigned long long) one / 1000, (unsigned long long) two / 1000);
        assert_in_range(two, 0, one * N_TIMES);
}

/* It serves until the next step, which may change it. */
static void test_shown_after_a_step(void **state)
{
        EffectList effects = {};
        const Event time = { .type = EVENT_TIME, .now_usec = 1 };
        Engine *e = new_waiting(2, 2, &effects);
        App *apps = e->here.me.agreed.state.apps;

        (void) state;
        assert_takes_over(e, &apps[1], "node01.example");
        apps[0].copies[0].node_id = apps[0].owner = 1;
        assert_int_equal(engine_step(e, &time, &effects), 0);
        assert_takes_over(e, &apps[1], "node02.example");
        effect_list_done(&effects);
        engine_free(e);
}

/* ---- how large the state is ---- */

/* A change of all files that has come to half of the nodes. */
static void test_state_halfway(void **state)
{
        enum { N_ALL = 10000 };
        EffectList effects = {};
        Engine *e = new_engine(&effects);
        Definition *d = new_definitions(e, N_ALL);
        ByteWriter w = {};
        State back;

        (void) state;
        give_definitions(e, d, N_ALL);
        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps)
                for (uint32_t node = 1; node <= N_NODES / 2; node++) {
                        Definition other = a->definition;

                        other.digest = N_ALL + 1;
                        assert_true(app_set_variant(a, node, other.digest, &other, NULL));
                }
        state_encode(&e->here.me.agreed.state, STATE_FULL, 0, &w);
        assert_int_equal(w.error, 0);
        assert_int_equal(w.size_bytes, state_size_bytes(&e->here.me.agreed.state));
        print_message("%u applications on %u nodes, files changed on half of them: %zu bytes\n", N_ALL,
                        N_NODES, w.size_bytes);
        assert_in_range(w.size_bytes, 0, STATE_ROOM_BYTES);
        assert_int_equal(state_decode(w.data, w.size_bytes, STATE_FULL, 0, &back), 0);
        assert_int_equal(state_digest(&back), state_digest(&e->here.me.agreed.state));
        assert_int_equal(back.apps[7].n_files, 1);
        assert_string_equal(back.apps[7].files[0].definition.nodes[63].name, "node64.example");
        state_done(&back);
        byte_writer_done(&w);
        effect_list_done(&effects);
        engine_free(e);
}

/* Lists of 64 names of 200 bytes each. */
static void test_state_of_long_names(void **state)
{
        enum { N_ALL = 10000 };
        EffectList effects = {};
        Engine *e = new_engine(&effects);

        (void) state;
        FOREACH_ARRAY(n, e->here.me.agreed.state.nodes, e->here.me.agreed.state.n_nodes) {
                free(n->name);
                assert_true(asprintf(&n->name, "node%02u-%0193d", n->id, 0) > 0);
        }
        give_definitions(e, new_definitions(e, N_ALL), N_ALL);
        print_message("%u applications with 64 names of 200 bytes: %zu bytes\n", N_ALL,
                        state_size_bytes(&e->here.me.agreed.state));
        assert_in_range(state_size_bytes(&e->here.me.agreed.state), 0, STATE_ROOM_BYTES);
        effect_list_done(&effects);
        engine_free(e);
}

/* ---- */

static void check(uint64_t (*what)(size_t n))
{
        uint64_t few = UINT64_MAX, many = UINT64_MAX;

        for (size_t i = 0; i < ROUNDS; i++) {
                few = MIN(few, what(N_APPS));
                many = MIN(many, what(4 * N_APPS));
        }
        print_message("%u: %llu us, %u: %llu us\n", N_APPS, (unsigned long long) few / 1000, 4 * N_APPS,
                        (unsigned long long) many / 1000);
        assert_in_range(many, 0, few * TIMES_MAX);
}

static void test_first_placement(void **state)
{
        (void) state;
        check(first_placement);
}

static void test_all_delays_over(void **state)
{
        (void) state;
        check(all_delays_over);
}

static void test_all_timers_sent(void **state)
{
        (void) state;
        check(all_timers_sent);
}

static void test_files_read(void **state)
{
        (void) state;
        check(files_read);
}

static void test_facts_of_all(void **state)
{
        (void) state;
        check(facts_of_all);
}

static void test_all_shown(void **state)
{
        (void) state;
        check(all_shown_in_pairs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_first_placement),
                cmocka_unit_test(test_all_delays_over),
                cmocka_unit_test(test_all_timers_sent),
                cmocka_unit_test(test_files_read),
                cmocka_unit_test(test_facts_of_all),
                cmocka_unit_test(test_all_shown),
                cmocka_unit_test(test_shown_in_pairs),
                cmocka_unit_test(test_shown_after_a_step),
                cmocka_unit_test(test_state_halfway),
                cmocka_unit_test(test_state_of_long_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
