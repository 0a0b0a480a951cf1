/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What outlives a kill: how long its node and its peers give it, when its processes are killed, and when its host has to be
 * down. */

#include "engine/local/cutoff.h"
#include "engine/agreed/app.h"
#include "engine/agreed/place.h"
#include "engine/local/cutoff-struct.h"
#include "engine-cluster.h"

#define DETECTION (CLUSTER_TOKEN + CLUSTER_CONSENSUS)
#define PROBE (DETECTION / TIMING_PROBES_PER_DETECTION)
#define NEEDS_END (CLUSTER_GRACE + CLUSTER_GRACE / 8 + 2 * USEC_PER_SEC - DETECTION)
#define AGAIN (DETECTION - PROBE - USEC_PER_SEC)

static const char *const names[] = { "abc", "bcd", "def" };

static uint64_t fuse(const Cluster *c)
{
        const char *app;
        uint64_t t = engine_fuse_deadline(c->engine[ABC], &app);

        if (t == 0)
                assert_null(app);
        else
                assert_string_equal(app, "distro");
        return t;
}

/* A probe is sent, and comes back so much later. */
static uint64_t probe(Cluster *c, uint64_t takes_usec)
{
        uint64_t sent = MAX(c->now, c->engine[ABC]->here.cutoff->probe_next_usec);

        cluster_at(c, ABC, sent);
        c->now = sent + takes_usec;
        cluster_deliver(c);
        return sent;
}

/* The last one does, and nothing else. */
static void comes_back(Cluster *c)
{
        Event event = { .type = EVENT_PROBE, .probe.number = c->engine[ABC]->here.cutoff->n_probes_sent };

        cluster_step(c, ABC, &event);
}

static void is_cut(Cluster *c)
{
        c->member[BCD] = c->member[DEF] = false;
        cluster_new_ring(c);
        cluster_quorum(c, false);
}

static void test_stands(void **state)
{
        Cluster c;
        uint64_t sent;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        assert_int_equal(fuse(&c), CLUSTER_START + DETECTION + NEEDS_END - USEC_PER_SEC);
        for (int i = 0; i < 3; i++) {
                sent = probe(&c, CLUSTER_TOKEN / 4);
                assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);
        }
        /* One that is late proves nothing, and the next that is not does. */
        c.hold_probes = true;
        c.now = c.engine[ABC]->here.cutoff->probe_next_usec;
        cluster_at(&c, ABC, c.now);
        c.now += CLUSTER_TOKEN / 2 + 1;
        comes_back(&c);
        c.hold_probes = false;
        assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);
        sent = probe(&c, 0);
        assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);

        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPING);
        assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);
        cluster_unit_is(&c, ABC, "distro", UNIT_STUCK);
        assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);
        cluster_step(&c, ABC,
                        &(Event){ .type = EVENT_UNIT,
                                        .unit = { .app = "distro",
                                                        .epoch = cluster_distro(&c, ABC)->last_epoch,
                                                        .state = UNIT_STOPPED } });
        assert_int_equal(fuse(&c), 0);
        cluster_end(&c);
}

static void test_of_what_is_a_process_alone(void **state)
{
        const char *app;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 60 * USEC_PER_SEC);
        assert_int_equal(fuse(&c), 0);
        c.engine[ABC]->here.self_fence = SELF_FENCE_YES;
        assert_int_equal(fuse(&c), CLUSTER_START + DETECTION + 59 * USEC_PER_SEC);
        assert_int_equal(engine_fuse_deadline(c.engine[BCD], &app), 0);
        cluster_end(&c);

        /* With a delay that is short it has no less than SelfFenceSec= all the same. */
        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        c.engine[ABC]->here.self_fence = SELF_FENCE_YES;
        assert_int_equal(fuse(&c), CLUSTER_START + DETECTION + SELF_FENCE_DEFAULT_USEC - USEC_PER_SEC);
        cluster_end(&c);
}

static void test_nobody_waits_for_it(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        c.engine[ABC]->here.self_fence = SELF_FENCE_NO;
        assert_int_equal(fuse(&c), 0);
        c.engine[ABC]->here.self_fence = SELF_FENCE_AUTO;
        assert_int_not_equal(fuse(&c), 0);
        cluster_distro(&c, ABC)->maintenance = true;
        assert_int_equal(fuse(&c), 0);
        cluster_end(&c);
        cluster_begin_storage(&c, NO_QUORUM_FREEZE, DELAY_AUTO);
        assert_int_equal(fuse(&c), 0);
        cluster_end(&c);
        cluster_begin_storage(&c, NO_QUORUM_STOP, USEC_INFINITY);
        assert_int_equal(fuse(&c), 0);
        cluster_end(&c);
}

/* Its peers cannot have noticed sooner than one detection time after the last probe that came back. */
static void test_cut_off(void **state)
{
        uint64_t sent, end, left;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        sent = probe(&c, 0);
        end = sent + DETECTION + NEEDS_END - USEC_PER_SEC;
        c.hold_probes = true;
        c.now = sent + DETECTION + PROBE / 2;
        is_cut(&c);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(fuse(&c), end);
        /* The probes of a ring without quorum are of no use. */
        c.hold_probes = false;
        (void) probe(&c, 0);
        assert_int_equal(fuse(&c), end);
        left = end - (sent + DETECTION + PROBE / 2);
        cluster_at(&c, ABC, sent + DETECTION + PROBE / 2 + left / 2 - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
        cluster_at(&c, ABC, sent + DETECTION + PROBE / 2 + left / 2);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
        assert_int_equal(fuse(&c), end);
        c.now = end - 1;
        (void) probe(&c, 0);
        assert_int_equal(fuse(&c), end);
        cluster_end(&c);

        /* They have left in order, and know it at once. */
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        sent = probe(&c, 0);
        c.now = sent + 1;
        is_cut(&c);
        assert_int_equal(fuse(&c), sent + 1 + NEEDS_END - USEC_PER_SEC);
        cluster_end(&c);
}

static void test_silent(void **state)
{
        uint64_t sent, end;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        sent = probe(&c, 0);
        end = sent + DETECTION + NEEDS_END - USEC_PER_SEC;
        c.hold_probes = true;
        cluster_at(&c, ABC, sent + PROBE);
        cluster_at(&c, ABC, sent + PROBE + cluster_isolation_usec());
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(fuse(&c), end);
        cluster_at(&c, ABC, (sent + PROBE + cluster_isolation_usec() + end) / 2);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
        assert_int_equal(fuse(&c), end);
        cluster_end(&c);
}

/* Quorum comes and goes for a minute, and the host is in step between: it has its whole time each time. */
static void test_flaps(void **state)
{
        uint64_t sent;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        for (int i = 0; i < 600; i++) {
                c.n_log = 0;
                cluster_new_ring(&c);
                cluster_quorum(&c, false);
                c.now += 5 * USEC_PER_MSEC;
                assert_true(fuse(&c) > c.now + NEEDS_END / 2);
                cluster_new_ring(&c);
                cluster_quorum(&c, true);
                c.now += 95 * USEC_PER_MSEC;
                sent = probe(&c, 0);
                assert_int_equal(fuse(&c), sent + DETECTION + NEEDS_END - USEC_PER_SEC);
        }
        cluster_end(&c);
}

/* A device takes its vote away, or the nodelist grows: the ring is the same, and has been for long. */
static void test_quorum_goes_in_an_old_view(void **state)
{
        uint64_t lost;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        while (c.now < CLUSTER_START + 2 * NEEDS_END)
                (void) probe(&c, 0);
        lost = c.now;
        cluster_quorum(&c, false);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(fuse(&c), lost + NEEDS_END - USEC_PER_SEC);
        cluster_end(&c);
}

/* Back in a quorate ring, and not in step yet: its peers count from the first loss, should it be lost again; while it is
 * there they start nothing. */
static void test_back_and_not_in_step(void **state)
{
        uint64_t first, sent;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        first = c.now;
        is_cut(&c);
        first += NEEDS_END - USEC_PER_SEC;
        assert_int_equal(fuse(&c), first);
        c.now = first - USEC_PER_SEC;
        c.member[BCD] = true; /* it says nothing: nothing is delivered */
        cluster_new_ring(&c);
        cluster_quorum_on(&c, ABC, c.ring, true);
        assert_int_equal(fuse(&c), first);
        for (int i = 0; i < 10; i++) {
                c.now += PROBE;
                sent = c.now;
                cluster_at(&c, ABC, sent);
                comes_back(&c);
                assert_int_equal(fuse(&c), MAX(first, sent + AGAIN));
        }
        /* And lost again after it: what is left is what they need to notice. */
        c.member[BCD] = false;
        c.now += 1;
        cluster_new_ring(&c);
        cluster_quorum_on(&c, ABC, c.ring, false);
        assert_int_equal(fuse(&c), sent + AGAIN);
        cluster_end(&c);
}

/* What starts where a loss is known would have the deadline of that loss. */
static void test_start_in_step(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        c.engine[BCD]->here.cutoff->away_usec = c.now;
        c.engine[BCD]->here.cutoff->step_probe = UINT64_MAX;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        c.engine[BCD]->here.cutoff->step_probe = 1;
        c.now += PROBE;
        cluster_at(&c, BCD, c.now);
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* What an earlier manager said stands until the first view: it knew more. */
static void test_manager_restarted(void **state)
{
        Event found = { .type = EVENT_UNIT };
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        found.unit.app = "distro";
        found.unit.epoch = cluster_distro(&c, ABC)->last_epoch;
        found.unit.state = UNIT_RUNNING;
        found.unit.needs_end = true;
        cluster_manager_gone(&c, ABC);
        c.engine[ABC] = engine_free(c.engine[ABC]);
        cluster_make_engine(&c, ABC, NO_QUORUM_STOP, RECORD_BLANK);
        cluster_step(&c, ABC, &found);
        assert_int_equal(fuse(&c), USEC_INFINITY);
        cluster_connect(&c, ABC);
        assert_int_equal(fuse(&c), USEC_INFINITY);
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, false);
        assert_int_equal(fuse(&c), USEC_INFINITY);
        /* Back in a quorate ring that answers it has a word of its own. */
        c.member[BCD] = c.member[DEF] = true;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_int_not_equal(probe(&c, 0), 0);
        assert_true(fuse(&c) > c.now && fuse(&c) < USEC_INFINITY);
        cluster_end(&c);
}

/* ---- what was granted holds ---- */

static void waits(const Cluster *c, uint64_t peers_usec, uint64_t own_usec)
{
        const App *a = cluster_distro(c, ABC);

        for (uint32_t i = 1; i <= N_NODES; i++)
                assert_int_equal(app_delay(&c->engine[i]->here.me.agreed.state, cluster_distro(c, i)),
                                peers_usec);
        assert_int_equal(app_least_delay(&c->engine[ABC]->here.me.agreed.state, a, app_present_copy(a)),
                        own_usec);
}

static void files_become(Cluster *c, bool needs_end, uint64_t delay_usec)
{
        c->needs_end = needs_end;
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_definition_on(c, i, "distro", names, delay_usec);
        cluster_deliver(c);
        cluster_all_at(c, c->now + USEC_PER_SEC);
        assert_int_equal(cluster_distro(c, BCD)->unsure.since.count, 0);
        assert_int_equal(cluster_distro(c, BCD)->definition.failover_delay_usec, delay_usec);
}

static void test_what_was_granted_holds(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        waits(&c, NEEDS_END, NEEDS_END);
        files_become(&c, false, 0);
        waits(&c, NEEDS_END, NEEDS_END);
        assert_int_not_equal(fuse(&c), 0);
        files_become(&c, true, 100 * USEC_PER_SEC);
        waits(&c, 100 * USEC_PER_SEC, NEEDS_END);
        files_become(&c, false, DELAY_AUTO);
        waits(&c, NEEDS_END, NEEDS_END);
        cluster_end(&c);

        cluster_begin_storage(&c, NO_QUORUM_STOP, 100 * USEC_PER_SEC);
        waits(&c, 100 * USEC_PER_SEC, 100 * USEC_PER_SEC);
        files_become(&c, true, 80 * USEC_PER_SEC);
        waits(&c, 100 * USEC_PER_SEC, 80 * USEC_PER_SEC);
        files_become(&c, false, 0);
        waits(&c, 100 * USEC_PER_SEC, NEEDS_END);
        /* It has ended: what is written counts. */
        cluster_command(&c, ABC, 1, COMMAND_STOP, "distro", NULL);
        cluster_deliver(&c);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        waits(&c, 0, 0);
        cluster_end(&c);
}

/* A delay that is too short for it is raised, and one of what is a process alone is not. */
static void test_a_short_delay_is_raised(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, USEC_PER_SEC);
        waits(&c, NEEDS_END, NEEDS_END);
        cluster_end(&c);
        cluster_begin_running(&c, NO_QUORUM_STOP, USEC_PER_SEC);
        waits(&c, USEC_PER_SEC, USEC_PER_SEC);
        /* What will be started from the next file on is no part of what runs. */
        files_become(&c, true, USEC_PER_SEC);
        waits(&c, NEEDS_END, USEC_PER_SEC);
        assert_int_equal(fuse(&c), 0);
        cluster_end(&c);
}

/* ---- no loops ---- */

static void reports(Cluster *c, uint64_t boot_id, bool rebooted_itself, uint64_t realtime_usec)
{
        FactsMessage facts = { .version_min = 1,
                .version_max = 1,
                .node_name = (char *) "abc",
                .grace_usec = CLUSTER_GRACE,
                .boot_id = boot_id,
                .record = RECORD_VALID,
                .can_write = true,
                .guarded = true,
                .fused = true,
                .rebooted_itself = rebooted_itself,
                .realtime_usec = realtime_usec };
        EffectList effects = {};
        Agreed *g = &c->engine[DEF]->here.me.agreed;

        g->out.effects = &effects;
        apply_facts(g, &(Member){ ABC, ABC }, &facts, false);
        apply_finish(g);
        g->out.effects = NULL;
        effect_list_done(&effects);
}

/* A boot that the host did by itself counts once, whatever its managers say how often; a second one within an hour is one
 * too many. */
static void test_host_rebooted_itself(void **state)
{
        const uint64_t hour = 3600 * USEC_PER_SEC;
        const Mark *m;
        const Node *n;
        Cluster c;

        (void) state;
        for (int again = 0; again < 2; again++) {
                cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
                n = state_find_node(&c.engine[DEF]->here.me.agreed.state, ABC);
                reports(&c, 7, true, 100 * hour);
                m = app_find_mark(cluster_distro(&c, DEF), ABC);
                assert_non_null(m);
                assert_true(m->is_last && m->stays);
                reports(&c, 7, true, 100 * hour + 1);
                assert_int_equal(m->count, 1);
                assert_false(n->standby);
                reports(&c, 8, false, 100 * hour + 2);
                assert_false(n->standby);
                reports(&c, 9, true, 101 * hour - (again ? 1 : 0));
                assert_int_equal(n->standby, again);
                cluster_end(&c);
        }

        /* What is a process alone was ended long before. */
        cluster_begin_running(&c, NO_QUORUM_STOP, DELAY_AUTO);
        reports(&c, 7, true, 100 * hour);
        assert_null(app_find_mark(cluster_distro(&c, DEF), ABC));
        cluster_end(&c);
}

/* Its mark outlives boots, and expires for starts, not for takeovers; a failure there makes it a mark like any. */
static void test_mark_that_stays(void **state)
{
        EffectList effects = {};
        Agreed *g;
        Node *n;
        Mark *m;
        App *a;
        Cluster c;

        (void) state;
        cluster_begin_storage(&c, NO_QUORUM_STOP, DELAY_AUTO);
        g = &c.engine[DEF]->here.me.agreed;
        a = cluster_distro(&c, DEF);
        n = state_find_node(&g->state, ABC);
        g->out.effects = &effects;
        app_mark_last(g, a, ABC, "its stop did not end", c.now);
        m = app_find_mark(a, ABC);
        assert_int_equal(place_eligible(a, n, false), NODE_IS_LAST);
        assert_int_equal(place_eligible(a, n, true), NODE_MARKED);
        assert_ptr_equal(place_choose(g, a, 0), state_find_node(&g->state, BCD));
        state_find_node(&g->state, BCD)->standby = state_find_node(&g->state, DEF)->standby = true;
        assert_ptr_equal(place_choose(g, a, 0), n);
        app_mark_expired(g, a, m);
        assert_int_equal(place_eligible(a, n, false), ELIGIBLE);
        assert_int_equal(place_eligible(a, n, true), NODE_MARKED);
        g->out.effects = NULL;
        reports(&c, 7, false, c.now);
        g->out.effects = &effects;
        assert_ptr_equal(app_find_mark(a, ABC), m);
        app_mark_node(g, a, ABC, "failed", c.now);
        n->presence = PRESENCE_SYNCED;
        assert_int_equal(place_eligible(a, n, false), NODE_MARKED);
        app_mark_last(g, a, ABC, "its stop did not end", c.now);
        assert_int_equal(place_eligible(a, n, false), NODE_MARKED);
        assert_true(m->stays);
        app_forget_failures(a, NULL);
        assert_int_equal(place_eligible(a, n, true), ELIGIBLE);
        g->out.effects = NULL;
        effect_list_done(&effects);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stands),
                cmocka_unit_test(test_of_what_is_a_process_alone),
                cmocka_unit_test(test_nobody_waits_for_it),
                cmocka_unit_test(test_cut_off),
                cmocka_unit_test(test_silent),
                cmocka_unit_test(test_flaps),
                cmocka_unit_test(test_quorum_goes_in_an_old_view),
                cmocka_unit_test(test_back_and_not_in_step),
                cmocka_unit_test(test_start_in_step),
                cmocka_unit_test(test_manager_restarted),
                cmocka_unit_test(test_what_was_granted_holds),
                cmocka_unit_test(test_a_short_delay_is_raised),
                cmocka_unit_test(test_host_rebooted_itself),
                cmocka_unit_test(test_mark_that_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
