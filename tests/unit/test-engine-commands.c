/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands, and their way to the disks. */

#include "engine/member/view.h"
#include "engine-cluster.h"

/* A command is answered when every synced member's disk has it. One that is late is not waited for after 2 s if a
 * majority has it, and gets nothing new until it has it too; else it is not committed. */
static void test_command_is_committed(void **state)
{
        static const struct {
                bool held[N_NODES + 1];
                CommandError at_once, after_2s;
        } cases[] = {
                { { false }, COMMAND_OK, COMMAND_OK },
                { { [DEF] = true }, _COMMAND_ERROR_MAX, COMMAND_OK },
                { { [ABC] = true }, _COMMAND_ERROR_MAX, COMMAND_OK },
                { { [BCD] = true, [DEF] = true }, _COMMAND_ERROR_MAX, COMMAND_NOT_COMMITTED },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                uint64_t t;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                memcpy(c.hold_writes, k->held, sizeof(c.hold_writes));
                t = c.now;
                cluster_command(&c, ABC, 1, COMMAND_STANDBY, "", "bcd");
                cluster_deliver(&c);
                assert_int_equal(cluster_reply(&c, 1), k->at_once);
                cluster_all_at(&c, t + 2 * USEC_PER_SEC - 1);
                assert_int_equal(cluster_reply(&c, 1), k->at_once);
                cluster_all_at(&c, t + 2100 * USEC_PER_MSEC);
                assert_int_equal(cluster_reply(&c, 1), k->after_2s);
                for (uint32_t i = 1; i <= N_NODES; i++)
                        assert_int_equal(state_find_node(&c.engine[BCD]->here.me.agreed.state, i)->late,
                                        k->held[i]);
                cluster_end(&c);
        }
}

/* One wait for acknowledgements at a time: a command inside of another one's waits for both. */
static void test_commands_wait_in_turn(void **state)
{
        uint64_t t;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_writes[BCD] = c.hold_writes[DEF] = true;
        t = c.now;
        cluster_command(&c, ABC, 1, COMMAND_STOP, "distro", "");
        cluster_deliver(&c);
        cluster_all_at(&c, t + USEC_PER_SEC);
        cluster_command(&c, ABC, 2, COMMAND_START, "distro", "");
        cluster_deliver(&c);
        cluster_all_at(&c, t + 2100 * USEC_PER_MSEC);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_NOT_COMMITTED);
        assert_int_equal(cluster_reply(&c, 2), _COMMAND_ERROR_MAX);
        cluster_all_at(&c, t + 4300 * USEC_PER_MSEC);
        assert_int_equal(cluster_reply(&c, 2), COMMAND_NOT_COMMITTED);
        cluster_end(&c);
}

static const Node *node_on_abc(const Cluster *c, uint32_t id)
{
        return state_find_node(&c->engine[ABC]->here.me.agreed.state, id);
}

/* bcd's manager comes anew. Its `synced` is kept back, and all else is delivered; what its disk says is held. */
static Sent come_back(Cluster *c)
{
        Sent kept;

        engine_free(c->engine[BCD]);
        cluster_make_engine(c, BCD, NO_QUORUM_STOP, RECORD_BLANK);
        cluster_connect(c, BCD);
        c->hold_writes[BCD] = true;
        cluster_new_ring(c);
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_quorum_on(c, i, c->ring, true);
        while (!c->queue[0].message || c->queue[0].sender.node_id != BCD ||
                        c->queue[0].message->type != MESSAGE_SYNCED)
                cluster_deliver_one(c);
        kept = c->queue[0];
        ARRAY_CLOSE(c->queue, c->n_queue, 0);
        cluster_deliver(c);
        return kept;
}

static void disk_writes(Cluster *c, uint32_t node)
{
        Event event = { .type = EVENT_WRITTEN, .written.revision = c->engine[node]->here.write_issued };

        cluster_step(c, node, &event);
        cluster_deliver(c);
}

/* A member that comes into step while acknowledgements are waited for has as long as any: it is not late with those that were
 * before, and a command waits for it. */
static void test_newcomer_is_not_late(void **state)
{
        static const struct {
                bool writes;
                CommandError reply;
        } cases[] = {
                { true, COMMAND_OK },
                { false, COMMAND_NOT_COMMITTED },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                uint64_t t;
                Sent synced;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                synced = come_back(&c);
                c.hold_writes[DEF] = true;
                t = c.now;
                cluster_command(&c, ABC, 1, COMMAND_STANDBY, "", "def");
                cluster_deliver(&c);
                cluster_all_at(&c, t + 1900 * USEC_PER_MSEC);
                c.queue[c.n_queue++] = synced;
                cluster_deliver(&c);
                cluster_all_at(&c, t + 2100 * USEC_PER_MSEC);
                assert_true(node_on_abc(&c, DEF)->late);
                assert_int_equal(node_on_abc(&c, BCD)->presence, PRESENCE_SYNCED);
                assert_false(node_on_abc(&c, BCD)->late);
                assert_int_equal(cluster_reply(&c, 1), _COMMAND_ERROR_MAX);
                if (k->writes)
                        disk_writes(&c, BCD);
                else
                        cluster_all_at(&c, t + 4200 * USEC_PER_MSEC);
                assert_int_equal(node_on_abc(&c, BCD)->late, !k->writes);
                assert_int_equal(cluster_reply(&c, 1), k->reply);
                cluster_end(&c);
        }
}

/* A view takes all acknowledgements back, and each member gives its own again: nobody is late with that. */
static void test_view_begins_the_wait(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_writes[DEF] = true;
        cluster_command(&c, ABC, 1, COMMAND_STANDBY, "", "def");
        cluster_deliver(&c);
        c.now += 2 * USEC_PER_SEC;
        cluster_new_ring(&c);
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_quorum_on(&c, i, c.ring, true);
        while (c.n_queue > 0) {
                cluster_deliver_one(&c);
                assert_false(node_on_abc(&c, BCD)->late);
                assert_false(node_on_abc(&c, DEF)->late);
        }
        cluster_all_at(&c, c.now + 2100 * USEC_PER_MSEC);
        assert_false(node_on_abc(&c, BCD)->late);
        assert_true(node_on_abc(&c, DEF)->late);
        cluster_end(&c);
}

/* A takeover that was given while a view was being decided finds its node lost in it: it would start a second copy now. */
static void test_takeover_waits_for_the_view(void **state)
{
        Cluster c;

        (void) state;
        for (int forced = 0; forced < 2; forced++) {
                Event event = { .type = EVENT_COMMAND, .command.token = 7 };

                cluster_begin_running(&c, NO_QUORUM_STOP, 60 * USEC_PER_SEC);
                c.member[ABC] = false;
                cluster_new_ring(&c);
                event.command.command = (Command){ .kind = COMMAND_TAKEOVER,
                        .app = (char *) "distro",
                        .node = (char *) "def",
                        .force = forced };
                cluster_step(&c, BCD, &event);
                cluster_deliver(&c);
                assert_int_equal(cluster_reply(&c, 7), _COMMAND_ERROR_MAX);
                cluster_quorum(&c, true);
                assert_int_equal(cluster_reply(&c, 7), forced ? COMMAND_OK : COMMAND_STILL_RUNNING);
                assert_int_equal(cluster_count(&c, DEF, EFFECT_START), forced);
                cluster_end(&c);
        }
}

/* A member that holds an old state does not know who is lost. */
static void test_takeover_waits_for_the_state(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.engine[BCD]->here.me.synced = false;
        cluster_command(&c, BCD, 7, COMMAND_TAKEOVER, "distro", "def");
        for (size_t i = 0; i < c.n_queue; i++)
                assert_true(!c.queue[i].message || c.queue[i].message->type != MESSAGE_COMMAND);
        c.engine[BCD]->here.me.synced = true;
        cluster_at(&c, BCD, c.now + 1);
        cluster_deliver(&c);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 1);
        cluster_end(&c);
}

/* A command that comes twice is carried out once. */
static void test_command_is_carried_out_once(void **state)
{
        Event again = { .type = EVENT_MESSAGE, .message.sender = { DEF, DEF } };
        Message *m = NULL;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_command(&c, DEF, 1, COMMAND_STANDBY, "", "bcd"); /* off */
        for (size_t i = 0; i < c.n_queue; i++)
                if (c.queue[i].message && c.queue[i].message->type == MESSAGE_COMMAND)
                        assert_int_equal(message_copy(c.queue[i].message, &m), 0);
        assert_non_null(m);
        cluster_deliver(&c);
        state_find_node(&c.engine[BCD]->here.me.agreed.state, BCD)->standby =
                        true; /* as if one in between had said so */
        again.message.message = m;
        m->number = view_find_peer(&c.engine[BCD]->here.me, &again.message.sender)->number + 1;
        cluster_step(&c, BCD, &again);
        assert_true(state_find_node(&c.engine[BCD]->here.me.agreed.state, BCD)->standby);
        m->number++;
        m->command.seq++;
        cluster_step(&c, BCD, &again);
        assert_false(state_find_node(&c.engine[BCD]->here.me.agreed.state, BCD)->standby);
        message_free(m);
        cluster_end(&c);
}

/* 128 commands of a node may be under way, the next one is refused; room comes back with the answers. */
static void test_too_many_commands(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        for (uint64_t i = 1; i <= 128; i++)
                cluster_command(&c, DEF, i, COMMAND_START, "distro", "");
        assert_int_equal(cluster_count(&c, DEF, EFFECT_REPLY), 0);
        cluster_command(&c, DEF, 129, COMMAND_START, "distro", "");
        assert_int_equal(cluster_reply(&c, 129), COMMAND_TOO_MANY);
        c.n_log = 0;
        cluster_deliver(&c);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_OK);
        assert_int_equal(cluster_reply(&c, 128), COMMAND_OK);
        cluster_command(&c, DEF, 130, COMMAND_START, "distro", "");
        cluster_deliver(&c);
        assert_int_equal(cluster_reply(&c, 130), COMMAND_OK);
        cluster_end(&c);
}

static void test_commands_without_quorum(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        /* Sent, and quorum is gone before it came back: nobody knows. */
        cluster_command(&c, ABC, 1, COMMAND_STOP, "distro", "");
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, false);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_NOT_COMMITTED);
        cluster_command(&c, ABC, 2, COMMAND_STOP, "distro", "");
        assert_int_equal(cluster_reply(&c, 2), COMMAND_NO_QUORUM);
        cluster_end(&c);
}

/* `stop --local`: refused with quorum, and where it does not run; else the stop goes out at once. */
static void test_stop_local(void **state)
{
        Event event = { .type = EVENT_STOP_LOCAL, .stop_local.app = "distro" };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
        event.stop_local.token = 1;
        cluster_step(&c, ABC, &event);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_NOT_ALLOWED);
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, false);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        event.stop_local.token = 2;
        cluster_step(&c, ABC, &event);
        assert_int_equal(cluster_reply(&c, 2), COMMAND_OK);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        event.stop_local.token = 3;
        cluster_step(&c, BCD, &event);
        assert_int_equal(cluster_reply(&c, 3), COMMAND_NOT_ALLOWED); /* bcd has not heard of the loss */
        c.n_log = 0;
        cluster_step(&c, ABC,
                        &(Event){ .type = EVENT_UNIT,
                                        .unit.app = "distro",
                                        .unit.epoch = state_find_app(
                                                        &c.engine[ABC]->here.me.agreed.state, "distro")
                                                                      ->last_epoch,
                                        .unit.state = UNIT_STOPPED });
        event.stop_local.token = 4;
        cluster_step(&c, ABC, &event);
        assert_int_equal(cluster_reply(&c, 4), COMMAND_NOT_RUNNING);
        cluster_end(&c);
}

static uint64_t since(const Cluster *c, uint32_t node)
{
        return cluster_distro(c, node)->changed_realtime_usec;
}

/* What leaves the state as it is leaves the time as it is since when it is so. */
static void test_since(void **state)
{
        static const struct {
                CommandKind kind;
                const char *app, *node;
                bool changes;
        } commands[] = {
                { COMMAND_CLEAR, "", "", false },
                { COMMAND_PERMIT, "distro", "def", false },
                { COMMAND_START, "distro", "", false },
                { COMMAND_TAKEOVER, "distro", "abc", false },
                { COMMAND_MAINTENANCE, "distro", "", false },
                { COMMAND_STOP, "distro", "", true },
                { COMMAND_STOP, "distro", "", false },
                { COMMAND_CLEAR, "distro", "", false },
                { COMMAND_START, "distro", "", true },
        };
        uint64_t t;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        t = since(&c, BCD);
        assert_true(t > 0);
        FOREACH_ARRAY(k, commands, ELEMENTSOF(commands)) {
                c.now += USEC_PER_SEC;
                cluster_command(&c, BCD, (uint64_t) (k - commands) + 1, k->kind, k->app, k->node);
                cluster_deliver(&c);
                assert_int_equal(cluster_reply(&c, (uint64_t) (k - commands) + 1), COMMAND_OK);
                assert_int_equal(since(&c, BCD) != t, k->changes);
                assert_int_equal(since(&c, BCD), since(&c, ABC));
                if (k->kind == COMMAND_STOP && k->changes)
                        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
                t = since(&c, BCD);
        }
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_command_is_committed),
                cmocka_unit_test(test_commands_wait_in_turn),
                cmocka_unit_test(test_newcomer_is_not_late),
                cmocka_unit_test(test_view_begins_the_wait),
                cmocka_unit_test(test_takeover_waits_for_the_view),
                cmocka_unit_test(test_takeover_waits_for_the_state),
                cmocka_unit_test(test_command_is_carried_out_once),
                cmocka_unit_test(test_too_many_commands),
                cmocka_unit_test(test_commands_without_quorum),
                cmocka_unit_test(test_stop_local),
                cmocka_unit_test(test_since),
        };

        return cmocka_run_group_tests_name("engine-commands", tests, NULL, NULL);
}
