/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of a node: who speaks for it, its grace, and what of it stands against a start elsewhere. */

#include "engine/agreed/verdict.h"
#include "engine-cluster.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/doors.h"

/* A node with another number than before: what its name stands for is the one that is there. */
static void test_node_of_another_number(void **state)
{
        State s = {};
        Node *n;

        (void) state;
        assert_non_null(state_add_node(&s, 1, "abc"));
        assert_int_equal(state_find_node_name(&s, "abc")->id, 1);
        n = state_add_node(&s, 7, "abc");
        assert_non_null(n);
        n->presence = PRESENCE_SYNCED;
        assert_int_equal(state_find_node_name(&s, "abc")->id, 7);
        state_find_node(&s, 1)->presence = PRESENCE_SYNCED;
        assert_int_equal(state_find_node_name(&s, "abc")->id, 1);
        assert_null(state_find_node_name(&s, "def"));
        state_done(&s);
}

static void call_it(Engine *e, uint32_t node, const char *name)
{
        for (size_t i = 0; i < e->here.me.n_nodelist; i++)
                if (e->here.me.nodelist[i].id == node) {
                        free(e->here.me.nodelist[i].name);
                        e->here.me.nodelist[i].name = strdup(name);
                        assert_non_null(e->here.me.nodelist[i].name);
                }
}

/* A number that was given to a node of another name: its next manager says so, and an application that names it may run
 * there. */
static void test_node_of_another_name(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.member[BCD] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        c.engine[BCD] = engine_free(c.engine[BCD]);
        cluster_make_engine(&c, BCD, NO_QUORUM_STOP, RECORD_BLANK);
        call_it(c.engine[BCD], BCD, "xyz");
        cluster_connect(&c, BCD);
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        for (uint32_t i = ABC; i <= DEF; i++) {
                assert_true(engine_is_synced(c.engine[i]));
                assert_null(state_find_node_name(&c.engine[i]->here.me.agreed.state, "bcd"));
                assert_int_equal(state_find_node_name(&c.engine[i]->here.me.agreed.state, "xyz")->id, BCD);
                assert_int_equal(state_digest(&c.engine[i]->here.me.agreed.state),
                                state_digest(&c.engine[ABC]->here.me.agreed.state));
        }
        cluster_end(&c);
}

/* The same while nothing runs: the group that forms has the names of the nodelist, also of who is away. */
static void test_forming_with_other_names(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
        for (uint32_t i = ABC; i <= DEF; i++) {
                call_it(c.engine[i], BCD, "xyz");
                call_it(c.engine[i], DEF, "uvw");
        }
        c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, false);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 2 * USEC_PER_SEC);
        for (uint32_t i = ABC; i <= BCD; i++) {
                assert_true(engine_is_synced(c.engine[i]));
                assert_int_equal(state_find_node_name(&c.engine[i]->here.me.agreed.state, "xyz")->id, BCD);
                assert_int_equal(state_find_node_name(&c.engine[i]->here.me.agreed.state, "uvw")->id, DEF);
                assert_null(state_find_node_name(&c.engine[i]->here.me.agreed.state, "bcd"));
        }
        cluster_end(&c);
}

/* Of two members of one node, a dead one that is still listed and its successor, the one that answers counts. */
static void test_two_members_of_a_node(void **state)
{
        static const struct {
                bool won, excluded, other_excluded;
                Presence presence;
        } cases[] = {
                { true, false, true, PRESENCE_SYNCED },
                { false, false, true, PRESENCE_SYNCING },
                { false, true, true, PRESENCE_SILENT },
                { true, false, false, PRESENCE_SYNCED },
        };

        (void) state;
        for (size_t i = 0; i < 2 * ELEMENTSOF(cases); i++) {
                const bool first = i % 2 == 0;
                const uint32_t ring[] = { ABC, BCD, DEF };
                ViewProcess processes[4];
                DecidedView view = {
                        .ring_nodes = ring, .n_ring_nodes = 3, .processes = processes, .n_processes = 4
                };
                EffectList effects = {};
                Cluster c;
                Engine *e;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                e = c.engine[DEF];
                view.ring_seq = e->here.me.view.ring.seq;
                e->here.me.agreed.out.effects = &effects;
                for (uint32_t k = 0; k < 4; k++) {
                        const uint32_t nodes[] = { ABC, BCD, BCD, DEF };
                        Member m = { nodes[k],
                                k == 2 ? 22 : state_find_node(&e->here.me.agreed.state, nodes[k])->pid };

                        processes[k] = (ViewProcess){ .member = m, .synced = nodes[k] != BCD };
                }
                processes[first ? 1 : 2].synced = cases[i / 2].won;
                processes[first ? 1 : 2].excluded = cases[i / 2].excluded;
                processes[first ? 2 : 1].excluded = cases[i / 2].other_excluded;
                (void) agreed_view(&e->here.me.agreed, &view);
                assert_int_equal(state_find_node(&e->here.me.agreed.state, BCD)->presence,
                                cases[i / 2].presence);
                e->here.me.agreed.out.effects = NULL;
                effect_list_done(&effects);
                cluster_end(&c);
        }
}

/* What stands against a start: a copy that may run. */
static void test_obstacles(void **state)
{
        static const struct {
                CopyPhase phase;
                bool untamed, stuck;
                Presence presence;
                bool grace_over;
                bool unknown;
                bool stands;
        } cases[] = {
                { COPY_RUNNING, false, false, PRESENCE_SYNCED, false, false, true },
                { COPY_STOPPING, false, true, PRESENCE_SYNCED, false, false, true },
                { COPY_LOST, false, false, PRESENCE_OFFLINE, false, false, false },
                { COPY_LOST, true, false, PRESENCE_OFFLINE, false, false, true },
                { COPY_LOST, true, false, PRESENCE_MANAGER_GONE, true, false, true },
                { COPY_LOST, false, false, PRESENCE_MANAGER_GONE, true, false, false },
                { COPY_LOST, false, false, PRESENCE_MANAGER_GONE, false, false, true },
                { COPY_LOST, false, false, PRESENCE_SILENT, false, false, true },
                { COPY_LOST, false, false, PRESENCE_SYNCING, false, false, true },
                /* A manager that is back after its grace may have disarmed the guard in a ring that nobody here saw. */
                { COPY_LOST, false, false, PRESENCE_SYNCING, true, false, true },
                { COPY_LOST, false, false, PRESENCE_SILENT, true, false, true },
                { COPY_LOST, false, false, PRESENCE_OFFLINE, false, true, false },
                { COPY_LOST, false, false, PRESENCE_MANAGER_GONE, true, true, false },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                char buffer[200];
                Cluster c;
                Node *n;
                App *a;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                a = cluster_distro(&c, DEF);
                n = state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC);
                a->copies[0].phase = k->phase;
                a->copies[0].untamed = k->untamed;
                a->copies[0].stuck = k->stuck;
                n->presence = k->presence;
                n->grace_over = k->grace_over;
                n->unknown = k->unknown;
                assert_int_equal(verdict_obstacle(&c.engine[DEF]->here.me.agreed, a, NULL, false, buffer,
                                                 sizeof(buffer)) != NULL,
                                k->stands);
                /* Without a copy: only what has not been reported since forming. */
                app_remove_copy(a, &a->copies[0]);
                assert_int_equal(verdict_obstacle(&c.engine[DEF]->here.me.agreed, a, NULL, false, buffer,
                                                 sizeof(buffer)) != NULL,
                                k->unknown && k->presence != PRESENCE_OFFLINE && !k->grace_over);
                cluster_end(&c);
        }
}

/* Each node's own grace counts for it; where it is not known, the longest that is. */
static void test_grace_of_a_node(void **state)
{
        static const uint64_t grace[] = { 10 * USEC_PER_SEC, 0 };

        (void) state;
        FOREACH_ARRAY(g, grace, ELEMENTSOF(grace)) {
                Cluster c;
                Node *n;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                for (uint32_t i = 1; i <= N_NODES; i++)
                        state_find_node(&c.engine[i]->here.me.agreed.state, ABC)->grace_usec = *g;
                cluster_manager_gone(&c, ABC);
                n = state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC);
                assert_int_equal(n->presence, PRESENCE_MANAGER_GONE);
                assert_int_equal(n->grace.deadline_usec, c.now + (*g ? *g : CLUSTER_GRACE));
                cluster_end(&c);
        }
}

/* The node is lost when its grace is over by def's clock and not yet by bcd's: nobody has said so by a message, and both
 * hold the same. */
static void test_grace_by_two_clocks(void **state)
{
        static const uint32_t others[] = { BCD, DEF };

        (void) state;
        FOREACH_ARRAY(node, others, ELEMENTSOF(others)) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, 0);
                cluster_manager_gone(&c, ABC);
                cluster_new_ring(&c);
                state_find_node(&c.engine[*node]->here.me.agreed.state, ABC)->grace.deadline_usec = c.now;
                cluster_quorum(&c, true);
                for (uint32_t i = BCD; i <= DEF; i++) {
                        assert_true(engine_is_synced(c.engine[i]));
                        assert_int_not_equal(cluster_distro(&c, i)->delay.serial, 0);
                        assert_int_equal(cluster_count(&c, i, EFFECT_START), 0);
                }
                assert_int_equal(state_digest(&c.engine[BCD]->here.me.agreed.state),
                                state_digest(&c.engine[DEF]->here.me.agreed.state));
                cluster_end(&c);
        }
}

/* A ring that nobody here saw: a manager may have come back to abc in it, disarmed the guard, and died again. So what was
 * known of the grace counts no more, and what was lost there stands against a start again. */
static void test_grace_after_an_unseen_ring(void **state)
{
        static const struct {
                uint64_t step;
                bool over, again;
        } cases[] = {
                { 4, true, false },
                { 4, false, false },
                { 8, true, true },
                { 8, false, true },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                char buffer[200];
                uint64_t serial;
                Cluster c;
                Node *n;

                cluster_begin_running(&c, NO_QUORUM_STOP, USEC_INFINITY);
                cluster_manager_gone(&c, ABC);
                cluster_quorum(&c, true);
                serial = state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC)->grace.serial;
                assert_int_not_equal(serial, 0);
                cluster_all_at(&c, c.now + CLUSTER_GRACE - (k->over ? 0 : USEC_PER_SEC));
                assert_int_equal(state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC)->grace_over,
                                k->over);
                cluster_new_ring_of_all(&c, c.ring.seq + k->step);
                cluster_quorum(&c, true);
                n = state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC);
                assert_int_equal(n->presence, PRESENCE_MANAGER_GONE);
                assert_int_equal(n->grace_over, k->over && !k->again);
                assert_int_equal(n->grace.serial != 0 && n->grace.serial != serial, k->again);
                assert_int_equal(verdict_obstacle(&c.engine[DEF]->here.me.agreed, cluster_distro(&c, DEF),
                                                 NULL, false, buffer, sizeof(buffer)) != NULL,
                                k->again || !k->over);
                cluster_end(&c);
        }
}

/* The next manager of abc has reported its worker, but where its files differ is still under way, when the grace runs out
 * that began with the last one: abc is waited for a little longer, and what it runs is not given up. */
static void test_grace_ends_after_the_report(void **state)
{
        static const Presence presences[] = { PRESENCE_SYNCING, PRESENCE_REPORTED, PRESENCE_MANAGER_GONE };

        (void) state;
        FOREACH_ARRAY(p, presences, ELEMENTSOF(presences)) {
                bool gone = *p == PRESENCE_MANAGER_GONE;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_manager_gone(&c, ABC);
                cluster_quorum(&c, true);
                for (uint32_t i = BCD; i <= DEF; i++) {
                        assert_int_not_equal(state_find_node(&c.engine[i]->here.me.agreed.state, ABC)
                                                             ->grace.serial,
                                        0);
                        state_find_node(&c.engine[i]->here.me.agreed.state, ABC)->presence = *p;
                }
                cluster_all_at(&c, c.now + CLUSTER_GRACE);
                for (uint32_t i = BCD; i <= DEF; i++) {
                        const Node *n = state_find_node(&c.engine[i]->here.me.agreed.state, ABC);

                        assert_int_equal(n->grace_over, gone);
                        assert_int_equal(n->grace.serial != 0, !gone);
                        assert_int_equal(app_find_copy(cluster_distro(&c, i), ABC,
                                                         cluster_distro(&c, ABC)->epoch)
                                                         ->phase,
                                        gone ? COPY_LOST : COPY_RUNNING);
                }
                cluster_end(&c);
        }
}

/* The owner's file gives its worker less time, or more, or ends or begins its maintenance. Before all have that on their
 * disks the owner may be lost as one that never heard of it, or as the only one that has. */
static void test_what_holds_a_stop_is_committed(void **state)
{
        static const struct {
                bool committed;
                uint64_t before, after, least, longest;
        } cases[] = {
                { false, 60, 5, 5, 60 },
                { false, 5, 60, 5, 60 },
                { true, 60, 5, 5, 5 },
                { true, 5, 60, 60, 60 },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                const char *names[] = { "abc", "bcd", "def" };
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, k->before * USEC_PER_SEC);
                c.hold_writes[ABC] = c.hold_writes[BCD] = c.hold_writes[DEF] = !k->committed;
                cluster_definition_on(&c, ABC, "distro", names, k->after * USEC_PER_SEC);
                cluster_deliver(&c);
                assert_int_equal(cluster_distro(&c, BCD)->definition.failover_delay_usec,
                                k->after * USEC_PER_SEC);
                c.member[ABC] = false;
                cluster_new_ring(&c);
                cluster_quorum(&c, true);
                assert_int_equal(cluster_distro(&c, BCD)->delay.deadline_usec,
                                c.now + k->longest * USEC_PER_SEC);
                cluster_quorum_on(&c, ABC, c.ring, false);
                c.member[ABC] = true;
                c.member[BCD] = c.member[DEF] = false;
                cluster_new_ring(&c);
                cluster_quorum_on(&c, ABC, c.ring, false);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                cluster_at(&c, ABC, c.now + (k->least - 1) * USEC_PER_SEC - 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
                cluster_at(&c, ABC, c.now + 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
                cluster_end(&c);
        }
}

static void test_maintenance_is_committed(void **state)
{
        (void) state;
        for (int committed = 0; committed < 2; committed++) {
                Command on = { .kind = COMMAND_MAINTENANCE,
                        .app = (char *) "distro",
                        .node = (char *) "",
                        .flag = true };
                Event event = { .type = EVENT_COMMAND, .command = { .token = 1, .command = on } };
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                c.hold_writes[ABC] = c.hold_writes[BCD] = c.hold_writes[DEF] = !committed;
                cluster_step(&c, BCD, &event);
                cluster_deliver(&c);
                assert_true(cluster_distro(&c, ABC)->maintenance);
                c.member[BCD] = c.member[DEF] = false;
                cluster_new_ring(&c);
                cluster_quorum_on(&c, ABC, c.ring, false);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), !committed);
                cluster_end(&c);
        }
}

/* Whoever is answered that a worker is in maintenance relies on its guard, wherever it is. */
static void test_maintenance_is_answered_after_the_guards(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_step(&c, BCD,
                        &(Event){ .type = EVENT_COMMAND,
                                        .command = { .token = 2,
                                                        .command = { .kind = COMMAND_MAINTENANCE,
                                                                        .app = (char *) "distro",
                                                                        .node = (char *) "",
                                                                        .flag = true } } });
        for (bool told = false; c.n_queue > 0;) {
                /* What its guard was told it was told before its answer came. */
                bool before = told;

                told = true;
                for (uint32_t i = 1; i <= N_NODES; i++)
                        told = told && app_is_left_alone(cluster_distro(&c, i));
                cluster_deliver_one(&c);
                if (cluster_reply(&c, 2) != _COMMAND_ERROR_MAX) {
                        assert_true(before);
                        break;
                }
        }
        assert_int_equal(cluster_reply(&c, 2), COMMAND_OK);
        cluster_deliver(&c);

        /* Asked for again there is nothing to wait for. */
        cluster_step(&c, ABC,
                        &(Event){ .type = EVENT_COMMAND,
                                        .command = { .token = 3,
                                                        .command = { .kind = COMMAND_MAINTENANCE,
                                                                        .app = (char *) "distro",
                                                                        .node = (char *) "",
                                                                        .flag = true } } });
        cluster_deliver_one(&c);
        assert_int_equal(cluster_reply(&c, 3), COMMAND_OK);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_node_of_another_number),
                cmocka_unit_test(test_node_of_another_name),
                cmocka_unit_test(test_forming_with_other_names),
                cmocka_unit_test(test_two_members_of_a_node),
                cmocka_unit_test(test_obstacles),
                cmocka_unit_test(test_grace_of_a_node),
                cmocka_unit_test(test_grace_by_two_clocks),
                cmocka_unit_test(test_grace_after_an_unseen_ring),
                cmocka_unit_test(test_grace_ends_after_the_report),
                cmocka_unit_test(test_what_holds_a_stop_is_committed),
                cmocka_unit_test(test_maintenance_is_committed),
                cmocka_unit_test(test_maintenance_is_answered_after_the_guards),
        };

        return cmocka_run_group_tests_name("engine-nodes", tests, NULL, NULL);
}
