/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agreed state's bytes: what goes out comes back, and whatever is not exactly that is refused. */

#include "base/array.h"
#include "base/macros.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW (100 * USEC_PER_SEC)

static Definition sample_definition(const char *name)
{
        Definition d = {
                .name = strdup(name),
                .description = strdup("a sample"),
                .nodes = calloc(3, sizeof(NodePriority)),
                .n_nodes = 3,
                .permitted = calloc(1, sizeof(char *)),
                .n_permitted = 1,
                .failover_delay_usec = 5 * USEC_PER_SEC,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 3,
                .takeover_automatic = true,
                .enabled = true,
                .digest = 42,
        };

        d.nodes[0] = (NodePriority){ .name = strdup("abc"), .tier = 0 };
        d.nodes[1] = (NodePriority){ .name = strdup("bcd"), .tier = 1 };
        d.nodes[2] = (NodePriority){ .name = strdup("def"), .tier = 1 };
        d.permitted[0] = strdup("abc");
        return d;
}

static void sample_app(State *s, const char *name)
{
        App *a = state_add_app(s, name);
        Copy *c;
        Mark *m;
        Definition other;

        a->has_definition = true;
        a->definition = sample_definition(name);
        a->target_up = true;
        a->epoch = (UINT64_C(7) << EPOCH_RING_SHIFT) + 5;
        a->last_epoch = a->epoch - 1;
        a->owner = 2;
        a->start_type = START_FAILOVER;
        a->from_node = 1;
        a->held_node = 2;
        a->held_against = malloc(sizeof(uint32_t));
        a->held_against[0] = 1;
        a->n_held_against = 1;
        a->lost_node = 1;
        a->delay = (Timer){ .serial = 3, .deadline_usec = NOW + 2 * USEC_PER_SEC };
        a->failure = strdup("exit-code");
        c = app_add_copy(a, 2, a->last_epoch);
        c->phase = COPY_RUNNING;
        c->start_type = START_FAILOVER;
        c->from_node = 1;
        c = app_add_copy(a, 1, a->last_epoch - 1);
        c->phase = COPY_LOST;
        m = app_add_mark(a, 3);
        m->count = 2;
        m->set_realtime_usec = 12345;
        m->duration_usec = 1200 * USEC_PER_SEC;
        m->timer = (Timer){ .serial = 9, .deadline_usec = NOW + 77 };
        other = sample_definition(name);
        other.digest = 43;
        assert_true(app_set_variant(a, 3, 43, &other, NULL));
        assert_true(app_set_variant(a, 1, 0, NULL, "distro.app:3: Nodes=: empty"));
        definition_done(&other);
}

static State sample_state(void)
{
        State s = { .formed = true, .ring_seq = 7, .revision = { 7, 12 }, .next_serial = 11 };

        assert_non_null(state_add_node(&s, 3, "def"));
        assert_non_null(state_add_node(&s, 1, "abc"));
        assert_non_null(state_add_node(&s, 2, "bcd"));
        s.nodes[0].standby = true;
        s.nodes[1].presence = PRESENCE_SYNCED;
        s.nodes[1].grace_usec = 15 * USEC_PER_SEC;
        s.nodes[1].acked = (Revision){ 7, 11 };
        s.nodes[2].grace = (Timer){ .serial = 4, .deadline_usec = NOW + 15 * USEC_PER_SEC };
        s.view_nodes = malloc(2 * sizeof(uint32_t));
        s.view_nodes[0] = 1;
        s.view_nodes[1] = 2;
        s.n_view_nodes = 2;
        s.commit = (Timer){ .serial = 10, .deadline_usec = NOW + USEC_PER_SEC };
        sample_app(&s, "web");
        sample_app(&s, "distro");
        return s;
}

static ByteWriter encode(const State *s, StateEncoding encoding, uint64_t now_usec)
{
        ByteWriter w = {};

        state_encode(s, encoding, now_usec, &w);
        assert_int_equal(w.error, 0);
        return w;
}

static void assert_same_bytes(const ByteWriter *a, const ByteWriter *b)
{
        assert_int_equal(a->size_bytes, b->size_bytes);
        assert_memory_equal(a->data, b->data, a->size_bytes);
}

static void test_roundtrip(void **state)
{
        static const StateEncoding encodings[] = { STATE_FULL, STATE_LASTING };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(encodings); i++) {
                State s = sample_state(), back = {};
                ByteWriter w = encode(&s, encodings[i], NOW), again;

                assert_int_equal(state_decode(w.data, w.size_bytes, encodings[i], NOW, &back), 0);
                again = encode(&back, encodings[i], NOW);
                assert_same_bytes(&w, &again);
                assert_string_equal(back.apps[0].name, "distro");
                assert_int_equal(back.nodes[2].id, 3);
                byte_writer_done(&w);
                byte_writer_done(&again);
                state_done(&s);
                state_done(&back);
        }
}

/* A newcomer's clock shows another time; what is left of a timer is what counts. */
static void test_timers_travel_as_time_left(void **state)
{
        State s = sample_state(), back = {};
        ByteWriter w = encode(&s, STATE_FULL, NOW);

        (void) state;
        assert_int_equal(state_decode(w.data, w.size_bytes, STATE_FULL, 5000, &back), 0);
        assert_int_equal(back.apps[0].delay.deadline_usec, 5000 + 2 * USEC_PER_SEC);
        assert_int_equal(back.nodes[2].grace.deadline_usec, 5000 + 15 * USEC_PER_SEC);
        byte_writer_done(&w);
        state_done(&s);
        state_done(&back);
}

/* A record says nothing of the present: what ran may still run, and that is all that is known. */
static void test_record_holds_what_lasts(void **state)
{
        State s = sample_state(), back = {};
        ByteWriter w = encode(&s, STATE_LASTING, NOW);
        const App *a;

        (void) state;
        assert_int_equal(state_decode(w.data, w.size_bytes, STATE_LASTING, NOW, &back), 0);
        a = state_find_app(&back, "distro");
        assert_non_null(a);
        assert_false(back.formed);
        assert_false(a->has_definition);
        assert_int_equal(a->n_copies, 2);
        assert_int_equal(a->copies[0].phase, COPY_LOST);
        assert_int_equal(a->copies[1].phase, COPY_LOST);
        assert_int_equal(a->n_marks, 1);
        assert_int_equal(a->held_node, 2);
        assert_true(back.nodes[0].standby);
        assert_int_equal(back.n_view_nodes, 2);
        byte_writer_done(&w);
        state_done(&s);
        state_done(&back);
}

static void test_digest(void **state)
{
        State a = sample_state(), b = sample_state();

        (void) state;
        assert_int_equal(state_digest(&a), state_digest(&b));

        /* Times left, acknowledgements and presence may differ between synced members. */
        b.apps[0].delay.deadline_usec += 12345;
        b.nodes[1].acked.count++;
        b.nodes[1].presence = PRESENCE_OFFLINE;
        b.apps[0].changed_realtime_usec = 99;
        assert_int_equal(state_digest(&a), state_digest(&b));

        b.apps[0].delay.serial++;
        assert_int_not_equal(state_digest(&a), state_digest(&b));
        b.apps[0].delay.serial--;
        b.apps[1].copies[1].phase = COPY_STOPPING;
        assert_int_not_equal(state_digest(&a), state_digest(&b));
        b.apps[1].copies[1].phase = COPY_RUNNING;
        b.nodes[2].standby = true;
        assert_int_not_equal(state_digest(&a), state_digest(&b));
        state_done(&a);
        state_done(&b);
}

static void test_truncated_is_refused(void **state)
{
        State s = sample_state(), back = {};
        ByteWriter w = encode(&s, STATE_FULL, NOW);

        (void) state;
        for (size_t n = 0; n < w.size_bytes; n++) {
                assert_int_equal(state_decode(w.data, n, STATE_FULL, NOW, &back), -EBADMSG);
                assert_null(back.apps);
        }
        byte_writer_done(&w);
        state_done(&s);
}

/* Any byte changed is either refused or another valid state, which encodes to exactly the changed bytes: nothing is
 * read that is not kept. */
static void test_changed_bytes(void **state)
{
        State s = sample_state();
        ByteWriter w = encode(&s, STATE_FULL, NOW);
        size_t n_refused = 0;

        (void) state;
        for (size_t at = 0; at < w.size_bytes; at++) {
                static const uint8_t masks[] = { 0x01, 0x80, 0xff };

                for (size_t i = 0; i < ELEMENTSOF(masks); i++) {
                        State back = {};
                        int r;

                        w.data[at] ^= masks[i];
                        r = state_decode(w.data, w.size_bytes, STATE_FULL, 0, &back);
                        if (r == 0) {
                                ByteWriter again = encode(&back, STATE_FULL, 0);

                                assert_same_bytes(&w, &again);
                                byte_writer_done(&again);
                                state_done(&back);
                        } else {
                                assert_int_equal(r, -EBADMSG);
                                n_refused++;
                        }
                        w.data[at] ^= masks[i];
                }
        }
        assert_true(n_refused > 100);
        byte_writer_done(&w);
        state_done(&s);
}

static void test_wrong_encoding_is_refused(void **state)
{
        State s = sample_state(), back = {};
        ByteWriter w = encode(&s, STATE_FULL, NOW);

        (void) state;
        assert_int_equal(state_decode(w.data, w.size_bytes, STATE_LASTING, NOW, &back), -EBADMSG);
        assert_int_equal(state_decode(NULL, 0, STATE_LASTING, NOW, &back), -EBADMSG);
        byte_writer_done(&w);
        state_done(&s);
}

static void test_present_copy(void **state)
{
        static const struct {
                CopyPhase old, new;
                bool new_surplus;
                uint64_t expected; /* epoch; 0: none */
        } cases[] = {
                { COPY_RUNNING, COPY_STARTING, false,
                                1 }, /* start-first: the old one until the new one runs */
                { COPY_RUNNING, COPY_RUNNING, false, 2 },
                { COPY_STOPPING, COPY_RUNNING, false, 2 },
                { COPY_LOST, COPY_STARTING, false, 2 },
                { COPY_LOST, COPY_LOST, false, 0 },
                { COPY_RUNNING, COPY_STOPPING, true, 1 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                App a = {};
                Copy *c = app_add_copy(&a, 1, 1);

                c->phase = cases[i].old;
                c = app_add_copy(&a, 2, 2);
                c->phase = cases[i].new;
                c->surplus = cases[i].new_surplus;
                c = app_present_copy(&a);
                assert_int_equal(c ? c->epoch : 0, cases[i].expected);
                free(a.copies);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roundtrip),
                cmocka_unit_test(test_timers_travel_as_time_left),
                cmocka_unit_test(test_record_holds_what_lasts),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_truncated_is_refused),
                cmocka_unit_test(test_changed_bytes),
                cmocka_unit_test(test_wrong_encoding_is_refused),
                cmocka_unit_test(test_present_copy),
        };

        return cmocka_run_group_tests_name("engine-state", tests, NULL, NULL);
}
