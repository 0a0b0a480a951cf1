/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without memory a step fails as a whole, and the engine can still be freed: before each step of some histories a copy of
 * the engine takes it once for each of its allocations, which then fails. */

#include "engine-cluster.h"
#include "engine/duplicate.h"
#include "failing-memory.h"
#include "wire-samples.h"

#define TRIES_MAX 100000u

static size_t n_failures;

int __real_engine_step(Engine *e, const Event *event, EffectList *effects);
int __wrap_engine_step(Engine *e, const Event *event, EffectList *effects);

int __wrap_engine_step(Engine *e, const Event *event, EffectList *effects)
{
        for (size_t count = 1; count < TRIES_MAX; count++) {
                Engine *copy = engine_copy(e);
                EffectList none = {};
                bool failed;
                int r;

                memory_fail_at(count);
                r = __real_engine_step(copy, event, &none);
                failed = memory_has_failed();
                memory_fail_at(0);
                effect_list_done(&none);
                engine_free(copy);
                assert_int_equal(r, failed ? -ENOMEM : 0);
                if (!failed)
                        break;
                n_failures++;
        }
        return __real_engine_step(e, event, effects);
}

/* A life with most of what can happen: forming, failures, marks, commands, a lost node, its return, newcomers. */
static void test_steps(void **state)
{
        Cluster c;

        (void) state;
        n_failures = 0;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_command(&c, ABC, 1, COMMAND_PERMIT, "distro", "def");
        cluster_command(&c, ABC, 2, COMMAND_TAKEOVER, "distro", "bcd");
        cluster_deliver(&c);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        cluster_unit_is(&c, BCD, "distro", UNIT_RUNNING);
        cluster_command(&c, ABC, 3, COMMAND_STANDBY, "", "xyz");
        cluster_command(&c, ABC, 4, COMMAND_MAINTENANCE, "", "");
        cluster_command(&c, ABC, 5, COMMAND_CLEAR, "", "");
        cluster_deliver(&c);
        cluster_unit_is(&c, BCD, "distro", UNIT_FAILED);
        cluster_all_at(&c, c.now + 3 * USEC_PER_SEC);

        c.member[BCD] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 20 * USEC_PER_SEC);
        cluster_quorum(&c, false);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 5 * USEC_PER_SEC);
        assert_true(n_failures > 1000);
        cluster_end(&c);
}

static void definition(Cluster *c, uint32_t node, const char *name, uint64_t digest, const char *error)
{
        NodePriority list[] = { { (char *) "bcd", 0 }, { (char *) "abc", 1 } };
        char *permitted[] = { (char *) "abc" };
        Definition d = { .name = (char *) name,
                .description = (char *) "a worker",
                .nodes = list,
                .n_nodes = 2,
                .permitted = permitted,
                .n_permitted = 1,
                .weight = 1,
                .enabled = true,
                .takeover_automatic = true,
                .digest = digest };
        struct DefinitionError wrong = { .app = "wrong", .text = error };
        Event event = { .type = EVENT_DEFINITIONS };

        event.definitions.definitions = &d;
        event.definitions.n_definitions = 1;
        event.definitions.errors = &wrong;
        event.definitions.n_errors = error ? 1 : 0;
        cluster_step(c, node, &event);
        cluster_deliver(c);
}

/* Files that differ, that are wrong, that go. */
static void test_definitions(void **state)
{
        Cluster c;

        (void) state;
        n_failures = 0;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        definition(&c, BCD, "web", 8, "web.app:3: Nodes=: empty");
        definition(&c, ABC, "web", 9, NULL);
        definition(&c, ABC, "distro", 10, "web.app:3: Nodes=: empty");
        definition(&c, DEF, "other", 11, NULL);
        assert_true(n_failures > 300);
        cluster_end(&c);
}

/* A member that lost track, one that does not answer, one that leaves, one that is cut off from its Corosync. */
static void test_members(void **state)
{
        Event leave = { .type = EVENT_LEAVE, .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) },
              gone = { .type = EVENT_DISCONNECTED };
        Cluster c;

        (void) state;
        n_failures = 0;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.member[DEF] = false;
        cluster_command(&c, BCD, 1, COMMAND_STANDBY, "", "def");
        cluster_deliver(&c);
        c.member[DEF] = true;
        cluster_command(&c, BCD, 2, COMMAND_CLEAR, "distro", "");
        cluster_deliver(&c);
        cluster_all_at(&c, c.now + USEC_PER_SEC);
        cluster_new_ring(&c);
        c.member[DEF] = false; /* silent */
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 2 * USEC_PER_SEC);
        cluster_step(&c, BCD, &leave);
        cluster_deliver(&c);
        cluster_step(&c, ABC, &gone);
        cluster_at(&c, ABC, c.now + 60 * USEC_PER_SEC);
        assert_true(n_failures > 300);
        cluster_end(&c);
}

/* ---- outside of a step ---- */

static void test_birth(void **state)
{
        static const EngineNode nodes[] = { { 1, "abc" }, { 2, "bcd" } };
        static const char *const names[] = { "bcd" };
        ByteWriter w = {};
        Cluster c;
        int r = -ENOMEM;
        EngineConfig config = { .node_id = 1,
                .nodes = nodes,
                .n_nodes = 2,
                .sync_mandatory = names,
                .n_sync_mandatory = 1,
                .sync_optional = names,
                .n_sync_optional = 1,
                .record_kind = RECORD_VALID,
                .boot_id = 1 };

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        state_encode(&c.engine[ABC]->here.me.agreed.state, STATE_LASTING, c.now, &w);
        assert_int_equal(w.error, 0);
        config.record = w.data;
        config.record_size_bytes = w.size_bytes;
        for (size_t count = 1; r < 0; count++) {
                Engine *e = NULL;

                memory_fail_at(count);
                r = engine_new(&config, &e);
                assert_int_equal(r, memory_has_failed() ? -ENOMEM : 0);
                memory_fail_at(0);
                assert_true((r == 0) == (e != NULL));
                engine_free(e);
        }
        byte_writer_done(&w);
        cluster_end(&c);
}

static void test_message_copy(void **state)
{
        (void) state;
        for (MessageType t = MESSAGE_VIEW; t < _MESSAGE_TYPE_MAX; t++) {
                Message *m = sample_fixed(t);
                int r = -ENOMEM;

                for (size_t count = 1; r < 0; count++) {
                        Message *copy = NULL;

                        memory_fail_at(count);
                        r = message_copy(m, &copy);
                        assert_int_equal(r, memory_has_failed() ? -ENOMEM : 0);
                        memory_fail_at(0);
                        assert_true((r == 0) == (copy != NULL));
                        message_free(copy);
                }
                message_free(m);
        }
}

static void test_state_bytes(void **state)
{
        ByteWriter w = {};
        Cluster c;
        int r = -ENOMEM;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        for (size_t count = 1; r < 0; count++) {
                memory_fail_at(count);
                byte_writer_done(&w);
                w = (ByteWriter){};
                state_encode(&c.engine[ABC]->here.me.agreed.state, STATE_FULL, c.now, &w);
                r = w.error;
                assert_int_equal(r, memory_has_failed() ? -ENOMEM : 0);
                memory_fail_at(0);
        }
        r = -ENOMEM;
        for (size_t count = 1; r < 0; count++) {
                State s = {};

                memory_fail_at(count);
                r = state_decode(w.data, w.size_bytes, STATE_FULL, c.now, &s);
                assert_int_equal(r, memory_has_failed() ? -ENOMEM : 0);
                memory_fail_at(0);
                state_done(&s);
        }
        byte_writer_done(&w);
        cluster_end(&c);
}

/* A test that failed in the middle leaves the next ones their memory. */
static int memory_back(void **state)
{
        (void) state;
        memory_fail_at(0);
        return 0;
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_steps, memory_back),
                cmocka_unit_test_setup(test_definitions, memory_back),
                cmocka_unit_test_setup(test_members, memory_back),
                cmocka_unit_test_setup(test_birth, memory_back),
                cmocka_unit_test_setup(test_message_copy, memory_back),
                cmocka_unit_test_setup(test_state_bytes, memory_back),
        };

        return cmocka_run_group_tests_name("engine: no memory", tests, NULL, NULL);
}
