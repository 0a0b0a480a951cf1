/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is agreed, without an engine around it: this links the agreed wing and its ground alone, so a rule that reaches above
 * it does not link. Two members that are told the same hold the same, whatever their clocks say. */

#include "base/array.h"
#include "engine/agreed/doors.h"
#include "engine/agreed/check.h"
#include "engine/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ABC = 1, BCD };

/* Messages own their texts, so they are not const. */
static char abc_name[] = "abc", bcd_name[] = "bcd", web[] = "web", nix[] = "nix", none[] = "";

typedef struct Pair {
        Agreed member[2];
        EffectList effects[2];
} Pair;

static void pair_begin(Pair *p)
{
        static const char *const names[] = { "", "abc", "bcd" };

        *p = (Pair){};
        for (size_t i = 0; i < 2; i++) {
                Agreed *g = &p->member[i];

                g->out.effects = &p->effects[i];
                g->now_usec = i * 1000 * USEC_PER_SEC + 5;
                g->realtime_usec = i * 7 * USEC_PER_SEC;
                g->state.version = 1;
                g->state.formed = true;
                g->state.ring_seq = g->state.revision.ring_seq = 4;
                g->state.revision.count = 1;
                for (uint32_t id = ABC; id <= BCD; id++) {
                        Node *n = state_add_node(&g->state, id, names[id]);

                        assert_non_null(n);
                        n->presence = PRESENCE_SYNCED;
                        n->pid = id;
                        n->version_max = 1;
                        n->grace_usec = 15 * USEC_PER_SEC;
                        n->nodelist = calloc(2, sizeof(uint32_t));
                        assert_non_null(n->nodelist);
                        n->nodelist[n->n_nodelist++] = ABC;
                        n->nodelist[n->n_nodelist++] = BCD;
                }
        }
}

static void pair_end(Pair *p)
{
        for (size_t i = 0; i < 2; i++) {
                state_done(&p->member[i].state);
                outlet_done(&p->member[i].out);
                effect_list_done(&p->effects[i]);
        }
}

static void pair_same(Pair *p)
{
        for (size_t i = 0; i < 2; i++)
                assert_false(p->member[i].out.oom);
        assert_int_equal(state_digest(&p->member[0].state), state_digest(&p->member[1].state));
}

static Outcome pair_message(Pair *p, uint32_t sender, const Message *m)
{
        const Member from = { sender, sender };
        Outcome o[2];

        for (size_t i = 0; i < 2; i++) {
                p->member[i].now_usec += USEC_PER_SEC + i;
                o[i] = agreed_message(&p->member[i], &from, m);
        }
        pair_same(p);
        assert_int_equal(o[0].error, o[1].error);
        assert_int_equal(o[0].revision.count, o[1].revision.count);
        return o[0];
}

static void pair_view(Pair *p, uint64_t ring_seq, bool abc, bool bcd)
{
        uint32_t ring[2];
        ViewProcess processes[2];
        DecidedView v = { .ring_seq = ring_seq, .ring_nodes = ring, .processes = processes };

        for (uint32_t id = ABC; id <= BCD; id++)
                if (id == ABC ? abc : bcd) {
                        ring[v.n_ring_nodes++] = id;
                        processes[v.n_processes++] = (ViewProcess){ .member = { id, id }, .synced = true };
                }
        for (size_t i = 0; i < 2; i++)
                (void) agreed_view(&p->member[i], &v);
        pair_same(p);
}

static void pair_files(Pair *p)
{
        NodePriority nodes[] = { { abc_name, 0 }, { bcd_name, 1 } };
        DefinitionEntry entry = { .app = web,
                .digest = 7,
                .definition = { .name = web,
                                .nodes = nodes,
                                .n_nodes = 2,
                                .weight = 1,
                                .enabled = true,
                                .digest = 7 } };
        Message m = { .type = MESSAGE_DEFINITIONS, .definitions = { .entries = &entry, .n_entries = 1 } };

        /* Where their files are known at once, the first one to tell is not the only candidate. */
        assert_true(pair_message(p, ABC, &m).files_dirty);
        assert_true(pair_message(p, BCD, &m).files_dirty);
}

static Copy pair_copy(const Pair *p)
{
        const App *a = state_find_app(&p->member[0].state, "web");
        const Copy *c = a ? app_present_copy(a) : NULL;

        return c ? *c : (Copy){};
}

static void pair_result(Pair *p, UnitState state)
{
        const Copy c = pair_copy(p);
        Message m = { .type = MESSAGE_RESULT, .result = { .app = web, .epoch = c.epoch, .state = state } };

        (void) pair_message(p, c.node_id, &m);
}

static void test_life(void **state)
{
        Pair p;

        (void) state;
        pair_begin(&p);
        pair_files(&p);
        assert_int_equal(pair_copy(&p).node_id, ABC);
        pair_result(&p, UNIT_RUNNING);
        assert_int_equal(pair_copy(&p).phase, COPY_RUNNING);
        /* Its node is lost, and there is no delay. */
        pair_view(&p, 8, false, true);
        assert_int_equal(pair_copy(&p).node_id, BCD);
        assert_int_equal(pair_copy(&p).start_type, START_FAILOVER);
        pair_result(&p, UNIT_FAILED);
        assert_int_equal(pair_copy(&p).node_id, 0);
        pair_end(&p);
}

/* What a command came to is returned to all; who asked is for others to know. */
static void test_outcome(void **state)
{
        Message m = { .type = MESSAGE_COMMAND, .incarnation = 3 };
        Pair p;
        Outcome o;

        (void) state;
        pair_begin(&p);
        pair_files(&p);
        m.command = (CommandMessage){ .seq = 1,
                .command = { .kind = COMMAND_STOP, .app = web, .node = none } };
        o = pair_message(&p, BCD, &m);
        assert_true(o.command);
        assert_int_equal(o.error, COMMAND_OK);
        assert_int_equal(o.revision.count, p.member[0].state.revision.count);
        assert_int_equal(pair_copy(&p).phase, COPY_STOPPING);
        m.command = (CommandMessage){ .seq = 2,
                .command = { .kind = COMMAND_STOP, .app = nix, .node = none } };
        o = pair_message(&p, BCD, &m);
        assert_true(o.command);
        assert_int_equal(o.error, COMMAND_NO_SUCH_APPLICATION);
        /* Sent again: it has been carried out before. */
        assert_false(pair_message(&p, BCD, &m).command);
        m.command = (CommandMessage){ .seq = 3,
                .command = { .kind = COMMAND_RELOAD, .app = none, .node = none } };
        assert_true(pair_message(&p, ABC, &m).reload);
        pair_end(&p);
}

/* A member that has lost quorum is not synced any more, and what it ran is left as it is. */
static void test_revoked(void **state)
{
        Pair p;

        (void) state;
        pair_begin(&p);
        pair_files(&p);
        pair_result(&p, UNIT_RUNNING);
        for (size_t i = 0; i < 2; i++)
                (void) agreed_revoked(&p.member[i], ABC);
        pair_same(&p);
        assert_int_equal(state_find_node(&p.member[1].state, ABC)->presence, PRESENCE_SYNCING);
        assert_int_equal(pair_copy(&p).node_id, ABC);
        pair_end(&p);
}

/* Each of the invariants, broken: `change` breaks the one whose number it says, which is the first that is found. */
typedef struct Breach {
        const char *number;
        void (*change)(State *s, App *a, Copy *c, Node *n);
} Breach;

#define BREACH(name, ...)                                             \
        static void breach_##name(State *s, App *a, Copy *c, Node *n) \
        {                                                             \
                (void) s;                                             \
                (void) a;                                             \
                (void) c;                                             \
                (void) n;                                             \
                __VA_ARGS__;                                          \
        }
BREACH(a2, a->last_epoch = a->epoch + 1)
BREACH(a3, a->next_type = START_NONE)
BREACH(a4, a->lost_in_order = true)
BREACH(a5, a->better.serial = 1)
BREACH(a6, a->outside.serial = s->next_serial + 1)
BREACH(a7, a->maintenance = true; a->owed = calloc(1, sizeof(uint32_t)); a->n_owed = 1)
BREACH(a9, a->next_retry = true)
BREACH(a8, a->has_definition = false)
BREACH(c1, c->epoch++; a->epoch++; assert_non_null(app_add_copy(a, BCD, c->epoch)); a->copies[0].epoch++;
                a->epoch++)
BREACH(c2, a->epoch = a->last_epoch = 0)
BREACH(c3, c->surplus = true)
BREACH(c4, c->stuck = true)
BREACH(c5, for (int i = 0; i < 2; i++) assert_non_null(app_add_copy(a, BCD, a->epoch)))
BREACH(c6, a->restarts = strdup("exit-code"); a->restarts_epoch = c->epoch + 1)
BREACH(f2, Variant *v = app_add_variant(a, BCD); v->digest = 9)
BREACH(m3, Mark *m = app_add_mark(a, BCD); m->expired = true; m->timer.serial = s->next_serial = 1)
BREACH(m8, Retry *r = app_add_retry(a, BCD); r->count = 1)
BREACH(n2, n->presence = PRESENCE_MANAGER_GONE; n->grace.serial = s->next_serial + 1)
BREACH(n3, n->presence = PRESENCE_MANAGER_GONE; n->grace.serial = s->next_serial = 1; n->grace_over = true)
BREACH(n4, n->grace.serial = s->next_serial = 1)
BREACH(n5, n->grace_over = true)
BREACH(n6, n->shutdown.serial = s->next_serial = 1)
BREACH(n7, n->reading = true)
BREACH(s2, s->committed.ring_seq = s->revision.ring_seq + 1)
BREACH(s3, s->formed = false; s->form_pending = true)

static void test_check(void **state)
{
        static const Breach breaches[] = {
                { "A2", breach_a2 },
                { "A3", breach_a3 },
                { "A4", breach_a4 },
                { "A5", breach_a5 },
                { "A6", breach_a6 },
                { "A7", breach_a7 },
                { "A8", breach_a8 },
                { "A9", breach_a9 },
                { "C1", breach_c1 },
                { "C2", breach_c2 },
                { "C3", breach_c3 },
                { "C4", breach_c4 },
                { "C5", breach_c5 },
                { "C6", breach_c6 },
                { "F2", breach_f2 },
                { "M3", breach_m3 },
                { "M8", breach_m8 },
                { "N2", breach_n2 },
                { "N3", breach_n3 },
                { "N4", breach_n4 },
                { "N5", breach_n5 },
                { "N6", breach_n6 },
                { "N7", breach_n7 },
                { "S2", breach_s2 },
                { "S3", breach_s3 },
        };

        (void) state;
        FOREACH_ARRAY(b, breaches, ELEMENTSOF(breaches)) {
                const char *broken;
                State *s;
                App *a;
                Pair p;

                pair_begin(&p);
                pair_files(&p);
                pair_result(&p, UNIT_RUNNING);
                s = &p.member[0].state;
                a = state_find_app(s, "web");
                assert_null(check_state(s));
                b->change(s, a, app_present_copy(a), state_find_node(s, BCD));
                broken = check_state(s);
                assert_non_null(broken);
                assert_memory_equal(broken, b->number, 2);
                pair_end(&p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_life),
                cmocka_unit_test(test_outcome),
                cmocka_unit_test(test_revoked),
                cmocka_unit_test(test_check),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
