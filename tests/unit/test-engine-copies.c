/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Copies of an application: what is reported, adopted or stopped, and what an end of one leads to. */

#include "engine/local/runs.h"
#include "engine/agreed/app.h"
#include "engine/agreed/node.h"
#include "engine/agreed/presence.h"
#include "engine-cluster.h"

/* ---- what a node reports ---- */

/* A message as def's engine alone is delivered it, from bcd. */
static void tell(Cluster *c, const Message *m)
{
        EffectList effects = {};
        Member sender = { BCD, BCD };

        c->engine[DEF]->here.me.agreed.out.effects = &effects;
        apply_message(&c->engine[DEF]->here.me.agreed, &sender, m);
        c->engine[DEF]->here.me.agreed.out.effects = NULL;
        effect_list_done(&effects);
}

/* What a node's earlier manager said, or was held against it, is over when the next one reports. */
static void test_report_begins_anew(void **state)
{
        Message ack = { .type = MESSAGE_ACK, .ack = { { 3, 4 }, true } };
        Node *bcd;
        App *a;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        bcd = state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD);
        a = cluster_distro(&c, DEF);
        tell(&c, &ack);
        bcd->acked = (Revision){ 9, 9 };
        tell(&c, &ack);
        assert_int_equal(bcd->acked.count, 9); /* an older one takes nothing back */
        bcd->late = bcd->leaving = true;
        assert_true(app_set_variant(a, BCD, 0, NULL, NULL));
        cluster_report(&c, BCD, 0, UNIT_NONE);
        assert_int_equal(bcd->acked.count, 0);
        assert_false(bcd->late);
        assert_false(bcd->leaving);
        assert_null(app_find_variant(a, BCD));
        cluster_end(&c);
}

/* A lost copy that is found running is the application's, and nothing of its loss is left; one that does not end stays lost. */
static void test_lost_copy_is_found(void **state)
{
        ResultMessage stuck = { .app = (char *) "distro", .state = UNIT_STUCK };
        Message m = { .type = MESSAGE_RESULT };
        Copy *copy;
        App *a;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        a = cluster_distro(&c, DEF);
        app_remove_copy(a, app_present_copy(a));
        stuck.epoch = ++a->last_epoch;
        a->epoch = a->last_epoch;
        copy = app_add_copy(a, BCD, a->last_epoch);
        copy->phase = COPY_LOST;
        m.result = stuck;
        tell(&c, &m);
        assert_int_equal(app_find_copy(a, BCD, stuck.epoch)->phase, COPY_LOST);

        copy = app_find_copy(a, BCD, stuck.epoch);
        copy->surplus = true;
        a->lost_node = BCD;
        a->delay = (Timer){ .serial = 77, .deadline_usec = c.now + USEC_PER_SEC };
        cluster_report(&c, BCD, stuck.epoch, UNIT_RUNNING);
        copy = app_find_copy(a, BCD, stuck.epoch);
        assert_int_equal(copy->phase, COPY_RUNNING);
        assert_false(copy->surplus);
        assert_false(copy->stuck);
        assert_int_equal(a->lost_node, 0);
        assert_int_equal(a->delay.serial, 0);
        cluster_end(&c);
}

/* Nor is anything left of it when a group forms with the copy; and the first part of a node's files is not all of them. */
static void test_forming_ends_a_loss(void **state)
{
        Message part = { .type = MESSAGE_DEFINITIONS, .definitions.more = true };
        EffectList effects = {};
        Cluster c;
        App *a;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        a = cluster_distro(&c, DEF);
        a->lost_node = BCD;
        c.engine[DEF]->here.me.agreed.out.effects = &effects;
        apply_formed(&c.engine[DEF]->here.me.agreed);
        c.engine[DEF]->here.me.agreed.out.effects = NULL;
        effect_list_done(&effects);
        assert_int_equal(a->lost_node, 0);

        state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->reading = true;
        tell(&c, &part);
        assert_true(state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->reading);
        part.definitions.more = false;
        tell(&c, &part);
        assert_false(state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->reading);
        cluster_end(&c);
}

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
        cluster_report(&c, ABC, epoch, UNIT_RUNNING);
        assert_non_null(app_find_copy(a, ABC, epoch));
        assert_true(copy_is_live(app_find_copy(a, ABC, epoch)));

        cluster_report(&c, ABC, epoch - 1, UNIT_RUNNING);
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
                { true, false, 0, false },
                { true, false, -1, false },
                { true, false, 1, false },
                { true, true, -1, false },
                { false, false, 0, true },
                { false, false, 1, true },
                { false, false, -1, false },
                { false, true, 0, true },
                { false, true, -1, false },
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
                cluster_report(&c, BCD, epoch, UNIT_RUNNING);
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

/* ---- ends ---- */

/* Each further mark lasts twice as long, up to a day; one that is longer by its file stays so. */
static void test_marks_grow(void **state)
{
        static const struct {
                uint64_t timeout_sec;
                uint32_t n;
                uint64_t expected_sec;
        } cases[] = {
                { 600, 1, 600 },
                { 600, 2, 1200 },
                { 600, 3, 2400 },
                { 600, 8, 76800 },
                { 600, 9, 86400 },
                { 600, 100, 86400 },
                { 86400, 5, 86400 },
                { 200000, 3, 200000 },
        };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                App *a = state_find_app(&c.engine[ABC]->here.me.agreed.state, "distro");
                EffectList effects = {};

                c.engine[ABC]->here.me.agreed.out.effects = &effects;
                a->definition.failure_timeout_usec = k->timeout_sec * USEC_PER_SEC;
                for (uint32_t i = 0; i < k->n; i++)
                        app_fail_copy(&c.engine[ABC]->here.me.agreed, a, DEF, "exit-code", c.now);
                assert_int_equal(app_find_mark(a, DEF)->duration_usec, k->expected_sec * USEC_PER_SEC);
                assert_int_equal(app_find_mark(a, DEF)->count, k->n);
                app_remove_mark(a, app_find_mark(a, DEF));
                effect_list_done(&effects);
                c.engine[ABC]->here.me.agreed.out.effects = NULL;
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
                cluster_all_at(&c, c.now + k->between_usec);
                cluster_unit_is(&c, ABC, "distro", UNIT_KILLED);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_START), k->moves ? 1 : 2);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), k->moves ? 1 : 0);
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
        assert_true(state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC)->leaving);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        assert_int_equal(cluster_distro(&c, DEF)->start_type, START_TAKEOVER);
        assert_int_equal(cluster_distro(&c, DEF)->from_node, ABC);
        assert_null(app_find_mark(cluster_distro(&c, DEF), ABC));
        cluster_end(&c);
}

/* A shutdown that is called off: the node does not leave for ever because of a worker that had ended by then. Where its manager
 * says that it leaves, that counts. */
static void test_shutdown_is_called_off(void **state)
{
        (void) state;
        for (int leaves = 0; leaves < 2; leaves++) {
                Message leave = { .type = MESSAGE_LEAVE };
                Member abc = { .node_id = ABC };
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_unit_is(&c, ABC, "distro", UNIT_SHUTDOWN);
                cluster_unit_is(&c, BCD, "distro", UNIT_RUNNING);
                for (uint32_t i = ABC; leaves && i <= DEF; i++) {
                        EffectList effects = {};

                        c.engine[i]->here.me.agreed.out.effects = &effects;
                        apply_message(&c.engine[i]->here.me.agreed, &abc, &leave);
                        c.engine[i]->here.me.agreed.out.effects = NULL;
                        effect_list_done(&effects);
                }
                cluster_all_at(&c, c.now + SHUTDOWN_USEC - 1);
                assert_true(state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC)->leaving);
                cluster_all_at(&c, c.now + USEC_PER_SEC);
                assert_int_equal(state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC)->leaving, leaves);
                cluster_end(&c);
        }
}

/* HandOver=no: a shutdown ends the worker before the manager says that it leaves. The node is waited for, and where the shutdown
 * is called off the application starts in place. */
static void test_shutdown_is_waited_out(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        for (uint32_t i = ABC; i <= DEF; i++) {
                cluster_distro(&c, i)->definition.awaits_leaver = true;
                cluster_distro(&c, i)->definition.failover_delay_usec = USEC_INFINITY;
        }
        cluster_unit_is(&c, ABC, "distro", UNIT_SHUTDOWN);
        assert_int_equal(cluster_distro(&c, BCD)->n_copies, 0);
        assert_int_equal(cluster_distro(&c, BCD)->lost_node, ABC);
        assert_true(cluster_distro(&c, BCD)->lost_in_order);
        cluster_all_at(&c, c.now + SHUTDOWN_USEC - 1);
        assert_int_equal(cluster_distro(&c, BCD)->n_copies, 0);
        cluster_all_at(&c, c.now + USEC_PER_SEC);
        assert_int_equal(cluster_distro(&c, BCD)->n_copies, 1);
        assert_int_equal(cluster_distro(&c, BCD)->copies[0].node_id, ABC);
        assert_int_equal(cluster_distro(&c, BCD)->copies[0].start_type, START_NORMAL);
        assert_false(cluster_distro(&c, BCD)->lost_in_order);
        cluster_end(&c);
}

/* A new copy beside the old one that its own node ended, or a shutdown: it is not granted again at once. */
static void test_start_first_new_copy_is_ended(void **state)
{
        static const UnitState ends[] = { UNIT_STOPPED, UNIT_SHUTDOWN };

        (void) state;
        FOREACH_ARRAY(end, ends, ELEMENTSOF(ends)) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                for (uint32_t i = ABC; i <= DEF; i++)
                        cluster_distro(&c, i)->definition.takeover_mode = TAKEOVER_START_FIRST;
                cluster_command(&c, ABC, 1, COMMAND_TAKEOVER, "distro", "bcd");
                cluster_deliver(&c);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
                cluster_unit_is(&c, BCD, "distro", *end);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                assert_int_equal(app_find_mark(cluster_distro(&c, DEF), BCD) != NULL, *end == UNIT_STOPPED);
                assert_int_equal(state_find_node(&c.engine[DEF]->here.me.agreed.state, BCD)->leaving,
                                *end == UNIT_SHUTDOWN);
                cluster_end(&c);
        }
}

/* Epochs that nobody granted, whoever tells of them, and more applications than a state may hold. */
static void test_what_is_found_has_bounds(void **state)
{
        Event unit = { .type = EVENT_UNIT,
                .unit = { .app = "distro", .epoch = UINT64_MAX, .state = UNIT_RUNNING } };
        Member sender = { .node_id = DEF };
        char name[20];
        CopyFact fact = { .app = name, .epoch = EPOCH_MAX, .state = UNIT_RUNNING };
        FactsMessage facts = { .node_name = (char *) "def",
                .version_min = 1,
                .version_max = 1,
                .copies = &fact,
                .n_copies = 1 };
        EffectList effects = {};
        ByteWriter w = {};
        State back = {};
        Cluster c;
        Engine *e;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        e = c.engine[ABC];
        cluster_step(&c, ABC, &unit);
        assert_null(runs_find(&e->here, "distro", UINT64_MAX));
        /* One above the greatest that is believed is granted all the same, and can be read. */
        cluster_distro(&c, ABC)->epoch = EPOCH_MAX;
        cluster_unit_is(&c, ABC, "distro", UNIT_KILLED);
        assert_int_equal(cluster_distro(&c, ABC)->epoch, EPOCH_MAX + 1);

        while (e->here.me.agreed.state.n_apps < STATE_APPS_MAX) {
                snprintf(name, sizeof(name), "x%05zu", e->here.me.agreed.state.n_apps);
                assert_non_null(state_add_app(&e->here.me.agreed.state, name));
        }
        snprintf(name, sizeof(name), "y");
        e->here.me.agreed.out.effects = &effects;
        apply_facts(&e->here.me.agreed, &sender, &facts, false);
        e->here.me.agreed.out.effects = NULL;
        effect_list_done(&effects);
        assert_int_equal(e->here.me.agreed.state.n_apps, STATE_APPS_MAX);
        state_encode(&e->here.me.agreed.state, STATE_LASTING, c.now, &w);
        assert_int_equal(w.error, 0);
        assert_int_equal(state_decode(w.data, w.size_bytes, STATE_LASTING, c.now, &back), 0);
        byte_writer_done(&w);
        state_done(&back);
        cluster_end(&c);
}

/* ---- start-first ---- */

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
                state_find_app(&c.engine[i]->here.me.agreed.state, "distro")->definition.takeover_mode =
                                TAKEOVER_START_FIRST;
        a = state_find_app(&c.engine[DEF]->here.me.agreed.state, "distro");
        old_epoch = a->last_epoch;
        cluster_command(&c, DEF, 1, COMMAND_TAKEOVER, "distro", "bcd");
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        assert_int_equal(app_present_copy(a)->epoch, old_epoch);

        cluster_step(&c, ABC,
                        &(Event){ .type = EVENT_UNIT,
                                        .unit.app = "distro",
                                        .unit.epoch = old_epoch,
                                        .unit.state = UNIT_FAILED });
        cluster_deliver(&c);
        assert_non_null(app_find_mark(a, ABC));
        assert_int_equal(app_present_copy(a)->node_id, BCD);
        assert_int_equal(a->owner, BCD);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_STOP) + cluster_count(&c, DEF, EFFECT_START), 0);
        cluster_unit_is(&c, BCD, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 1);
        cluster_end(&c);
}

/* The worker of the last epoch stands so on this node: whether what the node says of it may wait. */
static bool report_may_wait(Cluster *c, uint32_t node, UnitState state)
{
        size_t n_sent = c->n_sent[node];
        Event event = { .type = EVENT_UNIT,
                .unit.app = "distro",
                .unit.epoch = cluster_distro(c, node)->last_epoch,
                .unit.state = state };
        bool may_wait;

        cluster_step(c, node, &event);
        assert_int_equal(c->n_sent[node], n_sent + 1);
        may_wait = c->may_wait[node];
        cluster_deliver(c);
        return may_wait;
}

/* That a worker runs can wait for others that say so; its end is what a start elsewhere waits for, and that the new copy of
 * a start-first takeover runs what the old one's stop waits for. */
static void test_which_reports_may_wait(void **state)
{
        static const UnitState ends[] = { UNIT_STOPPED, UNIT_FAILED, UNIT_STUCK };
        Cluster c;

        (void) state;
        FOREACH_ARRAY(end, ends, ELEMENTSOF(ends)) {
                cluster_begin(&c, NO_QUORUM_STOP, 0);
                assert_true(report_may_wait(&c, ABC, UNIT_RUNNING));
                assert_false(report_may_wait(&c, ABC, *end));
                cluster_end(&c);
        }
        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_distro(&c, i)->definition.takeover_mode = TAKEOVER_START_FIRST;
        cluster_command(&c, DEF, 1, COMMAND_TAKEOVER, "distro", "bcd");
        cluster_deliver(&c);
        assert_false(report_may_wait(&c, BCD, UNIT_RUNNING));
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
                assert_int_equal(cluster_reply(&c, 1) == COMMAND_STILL_RUNNING, third);
                cluster_command(&c, ABC, 2, COMMAND_PERMIT, "distro", "abc"); /* forbids it */
                cluster_deliver(&c);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), third);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_START), !third);
                cluster_end(&c);
        }
}

/* One turn of a crash loop: it ends, and some time later it runs for a moment. */
static void crash(Cluster *c, unsigned times, uint64_t usec)
{
        char reason[64];
        Event event = { .type = EVENT_UNIT, .unit.app = "distro", .unit.state = UNIT_STARTING };

        (void) snprintf(reason, sizeof(reason), "restarted by systemd, %u times; exit-code", times);
        event.unit.epoch = cluster_distro(c, ABC)->last_epoch;
        event.unit.reason = reason;
        cluster_step(c, ABC, &event);
        cluster_deliver(c);
        c->now += usec;
        cluster_unit_is(c, ABC, "distro", UNIT_RUNNING);
}

static void status_is(const Cluster *c, uint32_t node, AppState state, const char *reason)
{
        AppStatus status;

        engine_app_status(c->engine[node], cluster_distro(c, node), &status);
        assert_int_equal(status.state, state);
        assert_string_equal(status.reason, reason);
        assert_string_equal(status.node, "abc");
}

/* Time passes on abc, to its engine's deadlines and no further. */
static void pass(Cluster *c, uint64_t usec)
{
        uint64_t until = c->now + usec, next;

        while ((next = engine_deadline(c->engine[ABC])) <= until) {
                assert_true(next > c->now); /* or it would never rest */
                cluster_all_at(c, next);
        }
        cluster_all_at(c, until);
}

/* What systemd restarts does not run, and all say so; but a fast loop does not flood the group. */
static void test_restarts_are_told(void **state)
{
        size_t before;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        crash(&c, 1, 100 * USEC_PER_MSEC);
        status_is(&c, BCD, APP_RUNNING, ""); /* it is over at once */
        pass(&c, 5 * USEC_PER_SEC);
        status_is(&c, BCD, APP_RUNNING, "");
        crash(&c, 2, 100 * USEC_PER_MSEC);
        for (uint32_t i = 1; i <= N_NODES; i++)
                status_is(&c, i, APP_STARTING, "restarted by systemd, 2 times; exit-code");

        before = c.n_sent[ABC];
        for (unsigned i = 0; i < 100; i++)
                crash(&c, 3 + i, 200 * USEC_PER_MSEC);
        assert_in_range(c.n_sent[ABC] - before, 1, 2);
        status_is(&c, DEF, APP_STARTING, "restarted by systemd, 102 times; exit-code");

        /* It runs, and when it has run for a while that is told. */
        pass(&c, 9 * USEC_PER_SEC);
        status_is(&c, DEF, APP_STARTING, "restarted by systemd, 102 times; exit-code");
        pass(&c, USEC_PER_SEC);
        status_is(&c, DEF, APP_RUNNING, "");
        pass(&c, 60 * USEC_PER_SEC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        status_is(&c, ABC, APP_RUNNING, "");
        cluster_end(&c);
}

/* One that takes long is told while it lasts, and a member that comes later is told too. */
static void test_restart_takes_long(void **state)
{
        Event event = { .type = EVENT_UNIT, .unit.app = "distro", .unit.state = UNIT_STARTING };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        event.unit.epoch = cluster_distro(&c, ABC)->last_epoch;
        event.unit.reason = "to be restarted by systemd; timeout";
        cluster_step(&c, ABC, &event);
        pass(&c, USEC_PER_SEC - 1);
        status_is(&c, DEF, APP_RUNNING, "");
        pass(&c, 1);
        status_is(&c, DEF, APP_STARTING, "to be restarted by systemd; timeout");

        cluster_step(&c, BCD, &(Event){ .type = EVENT_DISCONNECTED });
        c.member[BCD] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_connect(&c, BCD);
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        status_is(&c, BCD, APP_STARTING, "to be restarted by systemd; timeout");

        /* It fails in the end, and the next copy has nothing to do with that. */
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_null(cluster_distro(&c, DEF)->restarts);
        cluster_end(&c);
}

/* A copy that was restarted before it ever ran has not started before it has run for a second. */
static void test_restarted_before_it_ran(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        crash(&c, 1, 100 * USEC_PER_MSEC);
        status_is(&c, DEF, APP_STARTING, "");
        assert_int_equal(cluster_distro(&c, DEF)->copies[0].phase, COPY_STARTING);
        pass(&c, USEC_PER_SEC);
        assert_int_equal(cluster_distro(&c, DEF)->copies[0].phase, COPY_RUNNING);
        status_is(&c, DEF, APP_RUNNING, "");
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_adoption_changes_nothing),
                cmocka_unit_test(test_report_begins_anew),
                cmocka_unit_test(test_lost_copy_is_found),
                cmocka_unit_test(test_forming_ends_a_loss),
                cmocka_unit_test(test_copy_is_known_by_its_epoch),
                cmocka_unit_test(test_copies_that_meet),
                cmocka_unit_test(test_copies_that_meet_at_forming),
                cmocka_unit_test(test_marks_grow),
                cmocka_unit_test(test_restarts_are_told),
                cmocka_unit_test(test_restart_takes_long),
                cmocka_unit_test(test_restarted_before_it_ran),
                cmocka_unit_test(test_stopped_from_outside),
                cmocka_unit_test(test_worker_ends_with_its_host),
                cmocka_unit_test(test_what_is_found_has_bounds),
                cmocka_unit_test(test_shutdown_is_called_off),
                cmocka_unit_test(test_shutdown_is_waited_out),
                cmocka_unit_test(test_start_first_new_copy_is_ended),
                cmocka_unit_test(test_start_first_old_fails),
                cmocka_unit_test(test_start_first_is_never_three),
                cmocka_unit_test(test_which_reports_may_wait),
        };

        return cmocka_run_group_tests_name("engine-copies", tests, NULL, NULL);
}
