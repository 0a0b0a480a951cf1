/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What delivered messages change: forming, reports, ends of workers, commands and their way to the disks. */

#include "engine-cluster.h"

/* ---- forming ---- */

/* A damaged record is not a blank one: the group does not form as if it were its first start. */
static void test_damaged_is_not_blank(void **state)
{
        static const RecordKind kinds[] = { RECORD_BLANK, RECORD_DAMAGED };

        (void) state;
        FOREACH_ARRAY(kind, kinds, ELEMENTSOF(kinds)) {
                const char *names[N_NODES];
                Cluster c = { .now = CLUSTER_START, .ring.seq = 4 };
                bool blank = *kind == RECORD_BLANK;

                for (uint32_t i = 1; i <= N_NODES; i++) {
                        cluster_make_engine(&c, i, NO_QUORUM_STOP, i == DEF ? *kind : RECORD_BLANK);
                        cluster_connect(&c, i);
                }
                cluster_new_ring(&c);
                cluster_quorum(&c, true);
                for (uint32_t i = 1; i <= N_NODES; i++)
                        cluster_at(&c, i, c.now + 2 * USEC_PER_SEC);
                cluster_deliver(&c);
                for (uint32_t i = 1; i <= N_NODES; i++)
                        assert_int_equal(engine_is_formed(c.engine[i]), blank);
                assert_int_equal(engine_waiting_for(c.engine[ABC], names, N_NODES), blank ? 0 : 1);
                if (!blank)
                        assert_string_equal(names[0], "def");
                cluster_end(&c);
        }
}

/* Which records a group forms from: of a majority, where a state that was never confirmed (blank, with a revision) counts
 * beside a record but is none; else of all nodes of the newest recorded view; blank ones if there is nothing else. */
static void test_records_that_form(void **state)
{
        enum { NO, BLANK, UNCONFIRMED, OLD, NEW, DAMAGED };
        static const uint32_t both[] = { ABC, BCD }, alone[] = { DEF };
        static const struct {
                int has[N_NODES]; /* abc, bcd, def; NO: not there */
                bool by_fewer;
                bool forms;
        } cases[] = {
                { { BLANK, BLANK, BLANK }, false, true },
                { { BLANK, BLANK, NO }, false, true },
                { { BLANK, NO, NO }, false, false },
                { { BLANK, BLANK, DAMAGED }, false, false },
                /* What abc began may have come to its end with def, and bcd's disk may be a new one. */
                { { UNCONFIRMED, BLANK, NO }, false, false },
                { { UNCONFIRMED, BLANK, BLANK }, false, true },
                { { UNCONFIRMED, UNCONFIRMED, NO }, false, true },
                { { UNCONFIRMED, NO, NO }, false, false },
                { { OLD, OLD, NO }, false, true },
                { { OLD, NEW, NO }, false, true },
                { { OLD, NO, NO }, false, false },
                { { OLD, BLANK, NO }, false, false },
                { { OLD, BLANK, BLANK }, false, false },
                { { OLD, UNCONFIRMED, NO }, false, true },
                { { OLD, DAMAGED, NO }, false, false },
                /* The last view of OLD was abc and bcd, that of NEW def alone. */
                { { OLD, OLD, NO }, true, true },
                { { OLD, NO, OLD }, true, false },
                { { OLD, OLD, NEW }, true, true },
                { { NO, NO, NEW }, true, true },
                { { OLD, NO, NO }, true, false },
                { { BLANK, NO, NO }, true, false },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                Cluster c;
                Engine *e;
                size_t n = 0;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                c.ring.seq += 100;
                cluster_new_ring(&c);
                e = c.engine[ABC];
                e->by_fewer = k->by_fewer;
                for (uint32_t i = 0; i < N_NODES; i++) {
                        const bool known = k->has[i] == UNCONFIRMED || k->has[i] == OLD || k->has[i] == NEW;
                        const uint32_t *of = k->has[i] == NEW ? alone : both;
                        Peer *peer = &e->peers[n];
                        size_t n_of = k->has[i] == NEW ? ELEMENTSOF(alone) : ELEMENTSOF(both);

                        if (k->has[i] == NO)
                                continue;
                        n++;
                        *peer = (Peer){ .member = { i + 1, i + 1 }, .has_facts = true };
                        peer->facts.record = k->has[i] == OLD || k->has[i] == NEW ? RECORD_VALID
                                             : k->has[i] == DAMAGED               ? RECORD_DAMAGED
                                                                                  : RECORD_BLANK;
                        if (!known)
                                continue;
                        peer->facts.record_revision = (Revision){ .ring_seq = k->has[i] == NEW ? 9 : 8, .count = 1 };
                        peer->facts.record_nodes = calloc(n_of, sizeof(uint32_t));
                        memcpy(peer->facts.record_nodes, of, n_of * sizeof(uint32_t));
                        peer->facts.n_record_nodes = n_of;
                }
                e->n_peers = n;
                assert_int_equal(sync_can_form(e), k->forms);
                cluster_end(&c);
        }
}

/* Forming raises every count by 1024, above what a record shows and above this ring's floor. */
static void test_forming_raises_epochs(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        assert_int_equal(state_find_app(&c.engine[ABC]->state, "distro")->last_epoch,
                (c.ring.seq << EPOCH_RING_SHIFT) + 1024 + 1);
        cluster_end(&c);
}

/* A node that the nodelist does not have any more is forgotten when the group forms, unless something of its is asked for. */
static void test_forming_forgets_nodes(void **state)
{
        enum { NOTHING, OWNER, UNTAMED, IN_THE_RING };

        (void) state;
        for (int needed = NOTHING; needed <= IN_THE_RING; needed++) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        App *a = cluster_distro(&c, i);
                        Copy *copy;

                        assert_non_null(state_add_node(&c.engine[i]->state, 9, "old"));
                        assert_non_null(app_add_mark(a, 9));
                        assert_int_equal(ARRAY_GROW(a->permissions, a->n_permissions, a->n_permissions_allocated), 0);
                        a->permissions[a->n_permissions++] = (Permission){ 9, true };
                        a->held_against = calloc(2, sizeof(uint32_t));
                        assert_non_null(a->held_against);
                        a->held_against[a->n_held_against++] = DEF;
                        a->held_against[a->n_held_against++] = 9;
                        copy = app_add_copy(a, 9, 1);
                        assert_non_null(copy);
                        copy->phase = COPY_LOST;
                        copy->untamed = needed == UNTAMED;
                        if (needed == OWNER)
                                a->owner = 9;
                        a->from_node = a->held_node = 9;
                        if (needed == IN_THE_RING)
                                c.engine[i]->ring_nodes[0] = 9;
                }
                cluster_quorum(&c, false);
                cluster_quorum(&c, true);
                cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        const App *a = cluster_distro(&c, i);

                        assert_true(engine_is_synced(c.engine[i]));
                        assert_int_equal(state_find_node(&c.engine[i]->state, 9) != NULL, needed != NOTHING);
                        assert_int_equal(app_find_mark(a, 9) != NULL, needed != NOTHING);
                        assert_int_equal(app_find_copy(a, 9, 1) != NULL, needed != NOTHING);
                        assert_int_equal(a->n_permissions, needed != NOTHING);
                        for (size_t x = 0; x < a->n_held_against; x++)
                                assert_true(a->held_against[x] != 9 || needed != NOTHING);
                        assert_int_equal(a->from_node, needed == NOTHING ? 0 : 9);
                }
                cluster_end(&c);
        }
}

/* The group formed without def. It may come back with what was decided by others, who did not form: nothing starts that its
 * files name before it has reported, or its grace is over. */
static void test_forming_without_a_node(void **state)
{
        char buffer[200];
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
        cluster_quorum(&c, false);
        c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        assert_true(engine_is_synced(c.engine[ABC]));
        for (uint32_t i = ABC; i <= BCD; i++) {
                App *a = cluster_distro(&c, i);

                /* Nothing of it is left, and nobody wants it back. */
                a->target_up = false;
                while (a->n_copies > 0)
                        app_remove_copy(a, a->copies);
        }
        assert_null(decide_obstacle(c.engine[ABC], cluster_distro(&c, ABC), buffer, sizeof(buffer)));
        cluster_new_ring_of_all(&c, c.ring.seq + 4);
        cluster_quorum(&c, true);
        assert_string_equal(decide_obstacle(c.engine[ABC], cluster_distro(&c, ABC), buffer, sizeof(buffer)),
                "def has not reported what it runs");
        /* It goes again, and is no wiser when it is back. */
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_null(decide_obstacle(c.engine[ABC], cluster_distro(&c, ABC), buffer, sizeof(buffer)));
        assert_true(state_find_node(&c.engine[ABC]->state, DEF)->unknown);
        cluster_end(&c);
}

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

/* Whoever was in a quorate ring that nobody with this state was in, synced there or not, knows that it may be old; and where
 * there may have been such a ring, a majority has to have been in the group since. Else the group forms anew. */
static void test_behind_the_others(void **state)
{
        static const struct {
                bool later;      /* def was in ring 50, which was quorate, and is not synced */
                size_t n_late;   /* so many have joined the group after the last view of this state */
                uint64_t ring;
                bool forms;
        } cases[] = {
                { false, 0, 12, false },
                { false, 0, 100, false },
                { true, 0, 100, true },
                { false, 1, 100, false },
                { false, 2, 100, true },
                { false, 2, 12, false },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                uint64_t epoch;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                epoch = cluster_distro(&c, ABC)->epoch;
                assert_int_equal(c.ring.seq, 8);
                if (k->later) {
                        c.engine[DEF]->ring_quorate_seq = 50;
                        c.engine[DEF]->synced = false;
                }
                for (size_t i = 0; i < k->n_late; i++)
                        c.engine[BCD + i]->since_seq = 50;
                cluster_new_ring_of_all(&c, k->ring);
                cluster_quorum(&c, true);
                cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        assert_true(engine_is_synced(c.engine[i]));
                        assert_int_equal(cluster_distro(&c, i)->epoch >= epoch + FORM_EPOCHS, k->forms);
                }
                cluster_end(&c);
        }
}

/* ---- start types, marks ---- */

/* A manager that comes back adopts its worker: type, from-node and epoch stay. */
static void test_adoption_changes_nothing(void **state)
{
        const State *s;
        AppStatus status, before;
        uint64_t epoch;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        cluster_unit_is(&c, BCD, "distro", UNIT_RUNNING);
        s = engine_state(c.engine[DEF]);
        epoch = state_find_app(s, "distro")->last_epoch;
        engine_app_status(c.engine[DEF], state_find_app(s, "distro"), &before);
        assert_int_equal(before.start_type, START_FAILOVER);

        /* The connection is lost, and the ring is a new one: its engine is told the state and reports what it runs. */
        cluster_step(&c, BCD, &(Event){ .type = EVENT_DISCONNECTED });
        c.member[BCD] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_string_equal(state_find_app(s, "distro")->name, "distro");
        cluster_connect(&c, BCD);
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        s = engine_state(c.engine[DEF]);
        engine_app_status(c.engine[DEF], state_find_app(s, "distro"), &status);
        assert_int_equal(status.state, APP_RUNNING);
        assert_string_equal(status.node, "bcd");
        assert_int_equal(status.start_type, START_FAILOVER);
        assert_string_equal(status.from_node, "abc");
        assert_int_equal(status.epoch, epoch);
        assert_int_equal(state_find_app(s, "distro")->start_type, START_FAILOVER);
        assert_int_equal(state_find_app(s, "distro")->from_node, ABC);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_STOP), 0);
        cluster_end(&c);
}

/* Each further mark lasts twice as long, up to a day; one that is longer by its file stays so. */
static void test_marks_grow(void **state)
{
        static const struct {
                uint64_t timeout_sec;
                uint32_t n;
                uint64_t expected_sec;
        } cases[] = {
                { 600, 1, 600 }, { 600, 2, 1200 }, { 600, 3, 2400 }, { 600, 8, 76800 }, { 600, 9, 86400 },
                { 600, 100, 86400 }, { 86400, 5, 86400 }, { 200000, 3, 200000 },
        };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                App *a = state_find_app(&c.engine[ABC]->state, "distro");
                EffectList effects = {};

                c.engine[ABC]->effects = &effects;
                a->definition.failure_timeout_usec = k->timeout_sec * USEC_PER_SEC;
                for (uint32_t i = 0; i < k->n; i++)
                        app_fail_copy(c.engine[ABC], a, DEF, "exit-code", c.now);
                assert_int_equal(app_find_mark(a, DEF)->duration_usec, k->expected_sec * USEC_PER_SEC);
                assert_int_equal(app_find_mark(a, DEF)->count, k->n);
                app_remove_mark(a, app_find_mark(a, DEF));
                effect_list_done(&effects);
                c.engine[ABC]->effects = NULL;
        }
        cluster_end(&c);
}

/* Stopped from outside twice within FailureTimeoutSec= is a mark; after that time the first is forgotten. */
static void test_stopped_from_outside(void **state)
{
        static const struct {
                uint64_t between_usec;
                bool moves;
        } cases[] = {
                { 599 * USEC_PER_SEC, true },
                { 601 * USEC_PER_SEC, false },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_unit_is(&c, ABC, "distro", UNIT_KILLED);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
                cluster_unit_is(&c, ABC, "distro", UNIT_RUNNING);
                c.now += k->between_usec;
                cluster_unit_is(&c, ABC, "distro", UNIT_KILLED);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_START), k->moves ? 1 : 2);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), k->moves ? 1 : 0);
                cluster_end(&c);
        }
}

/* Start-first: the old copy fails while the new one starts. The new start goes on alone, the old node gets a mark; if
 * the new one fails as well, the placement decides. */
static void test_start_first_old_fails(void **state)
{
        uint64_t old_epoch;
        Cluster c;
        App *a;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 3600 * USEC_PER_SEC);
        for (uint32_t i = 1; i <= N_NODES; i++)
                state_find_app(&c.engine[i]->state, "distro")->definition.takeover_mode = TAKEOVER_START_FIRST;
        a = state_find_app(&c.engine[DEF]->state, "distro");
        old_epoch = a->last_epoch;
        cluster_command(&c, DEF, 1, COMMAND_TAKEOVER, "distro", "bcd");
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        assert_int_equal(app_present_copy(a)->epoch, old_epoch);

        cluster_step(&c, ABC, &(Event){ .type = EVENT_UNIT, .unit.app = "distro", .unit.epoch = old_epoch, .unit.state = UNIT_FAILED });
        cluster_deliver(&c);
        assert_non_null(app_find_mark(a, ABC));
        assert_int_equal(app_present_copy(a)->node_id, BCD);
        assert_int_equal(a->owner, BCD);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_STOP) + cluster_count(&c, DEF, EFFECT_START), 0);
        cluster_unit_is(&c, BCD, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 1);
        cluster_end(&c);
}

/* Start-first, but another copy may run somewhere: never three, so the present one ends first. */
static void test_start_first_is_never_three(void **state)
{
        Cluster c;

        (void) state;
        for (int third = 0; third < 2; third++) {
                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_manager_gone(&c, DEF);
                for (uint32_t i = ABC; i <= BCD; i++) {
                        cluster_distro(&c, i)->definition.takeover_mode = TAKEOVER_START_FIRST;
                        if (third)
                                app_add_copy(cluster_distro(&c, i), DEF, 1)->phase = COPY_LOST;
                }
                cluster_command(&c, ABC, 1, COMMAND_TAKEOVER, "distro", "bcd");
                cluster_deliver(&c);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), third);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), !third);
                cluster_end(&c);
        }
}

/* A worker goes on with the file that it was started from: its own node says that a restart is needed. */
static void test_restart_is_needed(void **state)
{
        static const char *const names[] = { "abc", "bcd", "def" };
        AppStatus status;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_definition_on(&c, ABC, "distro", names, CLUSTER_DELAY);
        cluster_deliver(&c);
        engine_app_status(c.engine[ABC], cluster_distro(&c, ABC), &status);
        assert_false(status.restart_needed);
        cluster_definition_on(&c, ABC, "distro", names, 2 * CLUSTER_DELAY);
        cluster_deliver(&c);
        engine_app_status(c.engine[ABC], cluster_distro(&c, ABC), &status);
        assert_true(status.restart_needed);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        engine_app_status(c.engine[BCD], cluster_distro(&c, BCD), &status);
        assert_false(status.restart_needed);
        cluster_unit_is(&c, ABC, "distro", UNIT_KILLED); /* it is started again in place */
        cluster_unit_is(&c, ABC, "distro", UNIT_RUNNING);
        engine_app_status(c.engine[ABC], cluster_distro(&c, ABC), &status);
        assert_false(status.restart_needed);
        cluster_end(&c);
}

/* ---- commands ---- */

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
        cluster_step(&c, ABC, &(Event){ .type = EVENT_UNIT, .unit.app = "distro",
                .unit.epoch = state_find_app(&c.engine[ABC]->state, "distro")->last_epoch, .unit.state = UNIT_STOPPED });
        event.stop_local.token = 4;
        cluster_step(&c, ABC, &event);
        assert_int_equal(cluster_reply(&c, 4), COMMAND_NOT_RUNNING);
        cluster_end(&c);
}

/* ---- what a node reports ---- */

/* What `node` runs, as a member that asks for the state says it. Only def hears it. */
static void report(Cluster *c, uint32_t node, uint64_t epoch, UnitState state)
{
        CopyFact copy = { .app = (char *) "distro", .epoch = epoch, .state = state };
        FactsMessage facts = { .version_min = 1, .version_max = 1, .node_name = (char *) (node == ABC ? "abc" : "bcd"),
                .grace_usec = CLUSTER_GRACE, .boot_id = node, .record = RECORD_VALID, .can_write = true,
                .realtime_usec = c->now, .copies = &copy, .n_copies = epoch != 0 };
        EffectList effects = {};
        Member sender = { node, node };

        c->engine[DEF]->effects = &effects;
        apply_facts(c->engine[DEF], &sender, &facts, false);
        apply_finish(c->engine[DEF]);
        c->engine[DEF]->effects = NULL;
        effect_list_done(&effects);
}

/* A copy is known by its epoch: what is reported with another one is not the copy that the state has. */
static void test_copy_is_known_by_its_epoch(void **state)
{
        uint64_t epoch;
        Cluster c;
        App *a;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        a = cluster_distro(&c, DEF);
        epoch = a->last_epoch;
        report(&c, ABC, epoch, UNIT_RUNNING);
        assert_non_null(app_find_copy(a, ABC, epoch));
        assert_true(copy_is_live(app_find_copy(a, ABC, epoch)));

        report(&c, ABC, epoch - 1, UNIT_RUNNING);
        assert_null(app_find_copy(a, ABC, epoch));
        assert_true(app_find_copy(a, ABC, epoch - 1)->surplus);
        assert_int_equal(app_find_copy(a, ABC, epoch - 1)->phase, COPY_STOPPING);
        cluster_end(&c);
}

/* Where there is a present copy another one is stopped; where there is none it is adopted if its epoch is the last that
 * was granted, or none that this state knows, and stopped if it is older. */
static void test_copies_that_meet(void **state)
{
        static const struct {
                bool present; /* abc has one */
                bool known;   /* as one that was lost */
                int64_t epoch_offset;
                bool adopted;
        } cases[] = {
                { true, false, 0, false }, { true, false, -1, false }, { true, false, 1, false },
                { true, true, -1, false }, { false, false, 0, true }, { false, false, 1, true },
                { false, false, -1, false }, { false, true, 0, true }, { false, true, -1, false },
        };

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                uint64_t epoch;
                Cluster c;
                Copy *found;
                App *a;

                cluster_begin_running(&c, NO_QUORUM_STOP, USEC_INFINITY);
                a = cluster_distro(&c, DEF);
                if (!k->present) {
                        c.member[ABC] = false;
                        cluster_new_ring(&c);
                        cluster_quorum(&c, true);
                        app_remove_copy(a, &a->copies[0]);
                }
                epoch = (uint64_t) ((int64_t) a->last_epoch + k->epoch_offset);
                if (k->known)
                        app_add_copy(a, BCD, epoch)->phase = COPY_LOST;
                report(&c, BCD, epoch, UNIT_RUNNING);
                found = app_find_copy(a, BCD, epoch);
                assert_non_null(found);
                assert_int_equal(!found->surplus, k->adopted);
                assert_int_equal(found->phase, k->adopted ? COPY_RUNNING : COPY_STOPPING);
                assert_int_equal(app_present_copy(a) == found, k->adopted);
                assert_true(a->epoch >= epoch);
                cluster_end(&c);
        }
}

/* While the group forms all copies are taken; the one with the greatest epoch stays. */
static void test_copies_that_meet_at_forming(void **state)
{
        Cluster c = { .now = CLUSTER_START, .ring.seq = 4 };
        static const char *const names[] = { "abc", "bcd", "def" };

        (void) state;
        for (uint32_t i = 1; i <= N_NODES; i++) {
                Event unit = { .type = EVENT_UNIT, .unit.app = "distro", .unit.state = UNIT_RUNNING };

                cluster_make_engine(&c, i, NO_QUORUM_STOP, RECORD_BLANK);
                unit.unit.epoch = i == BCD ? 30 : 10 + i;
                cluster_step(&c, i, &unit);
                cluster_definition_on(&c, i, "distro", names, CLUSTER_DELAY);
                cluster_connect(&c, i);
        }
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_int_equal(app_present_copy(cluster_distro(&c, ABC))->node_id, BCD);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_STOP), 0);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_STOP), 1);
        cluster_end(&c);
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
                n = state_find_node(&c.engine[DEF]->state, ABC);
                a->copies[0].phase = k->phase;
                a->copies[0].untamed = k->untamed;
                a->copies[0].stuck = k->stuck;
                n->presence = k->presence;
                n->grace_over = k->grace_over;
                n->unknown = k->unknown;
                assert_int_equal(decide_obstacle(c.engine[DEF], a, buffer, sizeof(buffer)) != NULL, k->stands);
                /* Without a copy: only what has not been reported since forming. */
                app_remove_copy(a, &a->copies[0]);
                assert_int_equal(decide_obstacle(c.engine[DEF], a, buffer, sizeof(buffer)) != NULL,
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
                        state_find_node(&c.engine[i]->state, ABC)->grace_usec = *g;
                cluster_manager_gone(&c, ABC);
                n = state_find_node(&c.engine[DEF]->state, ABC);
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
                state_find_node(&c.engine[*node]->state, ABC)->grace.deadline_usec = c.now;
                cluster_quorum(&c, true);
                for (uint32_t i = BCD; i <= DEF; i++) {
                        assert_true(engine_is_synced(c.engine[i]));
                        assert_int_not_equal(cluster_distro(&c, i)->delay.serial, 0);
                        assert_int_equal(cluster_count(&c, i, EFFECT_START), 0);
                }
                assert_int_equal(state_digest(&c.engine[BCD]->state), state_digest(&c.engine[DEF]->state));
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
                serial = state_find_node(&c.engine[DEF]->state, ABC)->grace.serial;
                assert_int_not_equal(serial, 0);
                cluster_all_at(&c, c.now + CLUSTER_GRACE - (k->over ? 0 : USEC_PER_SEC));
                assert_int_equal(state_find_node(&c.engine[DEF]->state, ABC)->grace_over, k->over);
                cluster_new_ring_of_all(&c, c.ring.seq + k->step);
                cluster_quorum(&c, true);
                n = state_find_node(&c.engine[DEF]->state, ABC);
                assert_int_equal(n->presence, PRESENCE_MANAGER_GONE);
                assert_int_equal(n->grace_over, k->over && !k->again);
                assert_int_equal(n->grace.serial != 0 && n->grace.serial != serial, k->again);
                assert_int_equal(decide_obstacle(c.engine[DEF], cluster_distro(&c, DEF), buffer, sizeof(buffer)) != NULL,
                        k->again || !k->over);
                cluster_end(&c);
        }
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
                EffectList effects = {};
                Cluster c;
                Engine *e;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                e = c.engine[DEF];
                e->effects = &effects;
                e->peers = realloc(e->peers, 4 * sizeof(Peer));
                assert_non_null(e->peers);
                e->peers[3] = e->peers[2];
                e->peers[2] = (Peer){ .member = { BCD, 22 } };
                e->n_peers = e->n_peers_allocated = 4;
                e->peers[first ? 1 : 2].won = cases[i / 2].won;
                e->peers[first ? 1 : 2].excluded = cases[i / 2].excluded;
                e->peers[first ? 2 : 1].won = false;
                e->peers[first ? 2 : 1].excluded = cases[i / 2].other_excluded;
                apply_view(e);
                assert_int_equal(state_find_node(&e->state, BCD)->presence, cases[i / 2].presence);
                e->effects = NULL;
                effect_list_done(&effects);
                cluster_end(&c);
        }
}

/* A worker that ends while its host shuts down: handed over at once, before its manager says that it leaves. */
static void test_worker_ends_with_its_host(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(&c, ABC, "distro", UNIT_SHUTDOWN);
        assert_true(state_find_node(&c.engine[DEF]->state, ABC)->leaving);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        assert_int_equal(cluster_distro(&c, DEF)->start_type, START_TAKEOVER);
        assert_int_equal(cluster_distro(&c, DEF)->from_node, ABC);
        assert_null(app_find_mark(cluster_distro(&c, DEF), ABC));
        cluster_end(&c);
}

/* ---- commands and disks ---- */

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
                        assert_int_equal(state_find_node(&c.engine[BCD]->state, i)->late, k->held[i]);
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
        state_find_node(&c.engine[BCD]->state, BCD)->standby = true; /* as if one in between had said so */
        again.message.message = m;
        m->number = view_find_peer(c.engine[BCD], &again.message.sender)->number + 1;
        cluster_step(&c, BCD, &again);
        assert_true(state_find_node(&c.engine[BCD]->state, BCD)->standby);
        m->number++;
        m->command.seq++;
        cluster_step(&c, BCD, &again);
        assert_false(state_find_node(&c.engine[BCD]->state, BCD)->standby);
        message_free(m);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_damaged_is_not_blank),
                cmocka_unit_test(test_records_that_form),
                cmocka_unit_test(test_forming_raises_epochs),
                cmocka_unit_test(test_behind_the_others),
                cmocka_unit_test(test_forming_forgets_nodes),
                cmocka_unit_test(test_forming_without_a_node),
                cmocka_unit_test(test_node_of_another_number),
                cmocka_unit_test(test_adoption_changes_nothing),
                cmocka_unit_test(test_marks_grow),
                cmocka_unit_test(test_stopped_from_outside),
                cmocka_unit_test(test_start_first_old_fails),
                cmocka_unit_test(test_start_first_is_never_three),
                cmocka_unit_test(test_restart_is_needed),
                cmocka_unit_test(test_too_many_commands),
                cmocka_unit_test(test_commands_without_quorum),
                cmocka_unit_test(test_stop_local),
                cmocka_unit_test(test_copy_is_known_by_its_epoch),
                cmocka_unit_test(test_copies_that_meet),
                cmocka_unit_test(test_copies_that_meet_at_forming),
                cmocka_unit_test(test_obstacles),
                cmocka_unit_test(test_grace_of_a_node),
                cmocka_unit_test(test_grace_by_two_clocks),
                cmocka_unit_test(test_grace_after_an_unseen_ring),
                cmocka_unit_test(test_two_members_of_a_node),
                cmocka_unit_test(test_worker_ends_with_its_host),
                cmocka_unit_test(test_command_is_committed),
                cmocka_unit_test(test_commands_wait_in_turn),
                cmocka_unit_test(test_command_is_carried_out_once),
        };

        return cmocka_run_group_tests_name("engine-agreed", tests, NULL, NULL);
}
