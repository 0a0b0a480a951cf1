/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A copied engine is another one that does the same; what differs has another fingerprint. And a copied message is
 * the same message, whatever its type. */

#include "engine-cluster.h"
#include "engine/duplicate.h"
#include "engine/local/own-files.h"
#include "engine/local/request.h"
#include "engine/member/peer.h"
#include "wire-samples.h"

/* An engine with everything in it that one can own: peers with facts, a backlog, units, commands, files, expiries. */
static void begin_full(Cluster *c)
{
        Event timeless = { .type = EVENT_TIME };

        cluster_begin_running(c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(c, BCD, EFFECT_START), 1);
        c->hold_writes[ABC] = true;
        cluster_command(c, ABC, 1, COMMAND_STANDBY, "", "def");
        cluster_deliver(c);
        cluster_command(c, ABC, 2, COMMAND_TAKEOVER, "distro", "bcd");
        c->member[DEF] = false;
        cluster_new_ring(c);
        cluster_step(c, ABC, &timeless);
}

static void test_copies_do_the_same(void **state)
{
        Cluster c;

        (void) state;
        begin_full(&c);
        for (uint32_t node = ABC; node <= DEF; node++) {
                uint64_t before = engine_fingerprint(c.engine[node]);
                Engine *copy = engine_copy(c.engine[node]);
                Event quorum = { .type = EVENT_QUORUM,
                        .now_usec = c.now + 1,
                        .quorum.ring = c.ring,
                        .quorum.quorate = true };
                EffectList a = {}, b = {};

                assert_int_equal(engine_fingerprint(copy), before);
                assert_int_equal(engine_step(copy, &quorum, &a), 0);
                assert_int_not_equal(engine_fingerprint(copy), before);
                assert_int_equal(engine_fingerprint(c.engine[node]), before);
                assert_int_equal(engine_step(c.engine[node], &quorum, &b), 0);
                assert_int_equal(engine_fingerprint(c.engine[node]), engine_fingerprint(copy));
                assert_int_equal(a.n_effects, b.n_effects);
                for (size_t i = 0; i < a.n_effects; i++) {
                        assert_int_equal(a.effects[i].type, b.effects[i].type);
                        if (a.effects[i].message)
                                assert_int_equal(message_fingerprint(a.effects[i].message),
                                                message_fingerprint(b.effects[i].message));
                }
                effect_list_done(&a);
                effect_list_done(&b);
                engine_free(copy);
        }
        cluster_end(&c);
}

/* One thing changed, however deep, is another fingerprint. */
static void test_differences_are_seen(void **state)
{
        Engine *copy;
        Cluster c;

        (void) state;
        begin_full(&c);
#define DIFFERS(node, change)                                                                       \
        do {                                                                                        \
                copy = engine_copy(c.engine[node]);                                                 \
                change;                                                                             \
                assert_int_not_equal(engine_fingerprint(copy), engine_fingerprint(c.engine[node])); \
                engine_free(copy);                                                                  \
        } while (0)
        DIFFERS(ABC, copy->here.me.agreed.now_usec++);
        DIFFERS(ABC, copy->here.me.synced = !copy->here.me.synced);
        DIFFERS(ABC, copy->here.me.agreed.state.apps[0].epoch++);
        DIFFERS(ABC, copy->here.me.agreed.state.apps[0].marks[0].timer.deadline_usec++);
        DIFFERS(ABC, copy->here.me.agreed.state.apps[0].definition.nodes[2].tier++);
        DIFFERS(ABC, copy->here.me.agreed.state.apps[0].definition.nodes[2].name[0]++);
        DIFFERS(ABC, copy->here.me.agreed.state.nodes[1].name[0]++);
        DIFFERS(ABC, copy->here.me.agreed.state.nodes[2].acked.count++);
        DIFFERS(BCD, copy->here.units[0].epoch++);
        DIFFERS(BCD, copy->here.units[0].app[0]++);
        DIFFERS(ABC, copy->here.definitions[0].definition.digest++);
        DIFFERS(ABC, copy->here.commands[0].command.node[0]++);
        DIFFERS(ABC, copy->here.me.peers[1].revision.count++);
        DIFFERS(ABC, copy->here.n_commands--;
                        command_done(&copy->here.commands[copy->here.n_commands].command));
#undef DIFFERS
        cluster_end(&c);
}

static void test_messages_are_copied(void **state)
{
        uint64_t seed = 1;

        (void) state;
        for (unsigned i = 0; i < 200; i++)
                for (MessageType t = MESSAGE_VIEW; t < _MESSAGE_TYPE_MAX; t++) {
                        Message *m = i == 0 ? sample_fixed(t) : sample_drawn(t, &seed), *copy = NULL;

                        assert_int_equal(message_copy(m, &copy), 0);
                        assert_true(sample_equal(m, copy));
                        assert_int_equal(copy->version, m->version);
                        copy->number++;
                        assert_int_not_equal(message_fingerprint(m), message_fingerprint(copy));
                        message_free(m);
                        message_free(copy);
                }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copies_do_the_same),
                cmocka_unit_test(test_differences_are_seen),
                cmocka_unit_test(test_messages_are_copied),
        };

        return cmocka_run_group_tests_name("engine: copies", tests, NULL, NULL);
}
