/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a single node does with quorum's word and with what holds a start back, to the microsecond. */

#include "engine-cluster.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/cutoff.h"

/* ---- quorum ---- */

/* From a view on there is no quorum until its ring's own word: workers run on, but no longer than IsolationTimeoutSec=
 * from the first view since the last quorate one. */
static void test_quorum_that_does_not_come(void **state)
{
        uint64_t t = CLUSTER_START + 10 * USEC_PER_SEC;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 60 * USEC_PER_SEC);
        c.now = t;
        cluster_new_ring(&c);
        cluster_deliver(&c);
        cluster_at(&c, ABC, t + cluster_isolation_usec() / 2);
        cluster_new_ring(&c);
        cluster_deliver(&c);
        cluster_at(&c, ABC, t + cluster_isolation_usec() - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
        /* Its time, a minute but for the second of the kill, began with that first view. */
        cluster_at(&c, ABC, t + 59 * USEC_PER_SEC - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
        cluster_at(&c, ABC, t + 59 * USEC_PER_SEC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
        cluster_end(&c);
}

/* A start that was decided is not issued in a ring whose quorum has not spoken here, whatever an earlier one said. */
static void test_nothing_starts_before_quorum(void **state)
{
        RingId old;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(&c, ABC, "distro", UNIT_KILLED); /* it is started again in place */
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
        cluster_unit_is(&c, ABC, "distro", UNIT_RUNNING);
        c.n_log = 0;
        c.hold_probes = true;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        c.hold_probes = false;
        old = c.ring;
        cluster_new_ring(&c);
        cluster_quorum_on(&c, BCD, old, true);
        cluster_deliver(&c);
        cluster_at(&c, BCD, c.now + 500 * USEC_PER_MSEC);
        cluster_deliver(&c);
        assert_false(engine_is_quorate(c.engine[BCD]));
        assert_true(engine_awaits_quorum(c.engine[BCD]));
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        /* The others have it, bcd has not: the view waits for its word. */
        cluster_quorum_on(&c, ABC, c.ring, true);
        cluster_quorum_on(&c, DEF, c.ring, true);
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_quorum_on(&c, BCD, c.ring, true);
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* Loss of quorum: the stop in the same step; then the worker has what is left of the delay, counted from the view, but for
 * the second that the kill may take: when the delay is over the others start theirs. */
static AppState shown_on(const Cluster *c, uint32_t node, const char *on)
{
        AppStatus s;

        engine_app_status(c->engine[node], cluster_distro(c, node), &s);
        assert_string_equal(s.node, on);
        return s.state;
}

static NodeState node_shown(const Cluster *c, uint32_t node, uint32_t about)
{
        return engine_node_state(
                        c->engine[node], state_find_node(&c->engine[node]->here.me.agreed.state, about));
}

/* What a node that is cut off shows is what it knows for certain: its own units. A new ring alone is no reason. */
static void test_without_quorum_only_own_units_are_shown(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        assert_int_equal(shown_on(&c, ABC, "abc"), APP_RUNNING);
        assert_int_equal(shown_on(&c, DEF, "abc"), APP_RUNNING);
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        assert_int_equal(shown_on(&c, ABC, "abc"), APP_RUNNING);
        assert_false(engine_is_stale(c.engine[ABC]));
        cluster_quorum_on(&c, ABC, c.ring, false);
        assert_true(engine_is_stale(c.engine[ABC]));
        assert_int_equal(shown_on(&c, ABC, "abc"), APP_STOPPING);
        assert_int_equal(node_shown(&c, ABC, BCD), NODE_UNKNOWN);
        assert_int_equal(node_shown(&c, ABC, ABC), NODE_SYNCING);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        assert_int_equal(shown_on(&c, ABC, ""), APP_UNKNOWN);
        cluster_end(&c);
}

/* The dates of engine-cluster.c. */
static uint64_t stale_since(const Cluster *c)
{
        uint64_t t = engine_stale_since(c->engine[ABC]);

        return t == 0 || t == USEC_INFINITY ? t : t - 77;
}

/* What is known is as old as the moment at which this node was in step last, however late it found out. */
static void test_how_old_it_is(void **state)
{
        Event lost = { .type = EVENT_DISCONNECTED }, slept = { .type = EVENT_SUSPENDED };
        uint64_t t = CLUSTER_START + 10 * USEC_PER_SEC, later = t + 7 * USEC_PER_SEC;
        Cluster c;

        (void) state;
        cluster_begin(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        assert_int_equal(stale_since(&c), 0);
        cluster_end(&c);

        /* Without a group there is only the record. */
        c = (Cluster){ .now = t };
        for (uint32_t i = 1; i <= N_NODES; i++)
                cluster_make_engine(&c, i, NO_QUORUM_STOP, RECORD_BLANK);
        assert_int_equal(stale_since(&c), USEC_INFINITY);
        cluster_connect(&c, ABC);
        cluster_new_ring(&c);
        cluster_quorum_on(&c, ABC, c.ring, false);
        assert_int_equal(stale_since(&c), USEC_INFINITY);
        cluster_end(&c);

        /* The ring comes first, and its quorum's word much later; what follows does not make it younger. */
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.now = t;
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_at(&c, ABC, t + USEC_PER_SEC);
        assert_int_equal(stale_since(&c), 0);
        cluster_quorum_on(&c, ABC, c.ring, false);
        assert_int_equal(stale_since(&c), t);
        c.now = later;
        cluster_step(&c, ABC, &lost);
        assert_int_equal(stale_since(&c), t);
        cluster_connect(&c, ABC);
        c.member[BCD] = c.member[DEF] = true;
        cluster_new_ring(&c);
        assert_int_equal(stale_since(&c), t);
        cluster_quorum(&c, true);
        assert_true(engine_is_synced(c.engine[ABC]));
        assert_int_equal(stale_since(&c), 0);
        cluster_step(&c, ABC, &lost);
        assert_int_equal(stale_since(&c), c.now);
        cluster_end(&c);

        /* A silence is noticed when it has lasted. */
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_probes = true;
        cluster_at(&c, ABC, t);
        assert_int_equal(stale_since(&c), 0);
        cluster_at(&c, ABC, t + cluster_isolation_usec());
        assert_int_equal(stale_since(&c), t);
        cluster_end(&c);

        /* Of what happened while the host slept nothing is known. */
        cluster_begin(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_unit_is(&c, ABC, "distro", UNIT_RUNNING);
        cluster_at(&c, ABC, t);
        c.hold_probes = true;
        c.now = t + 3600 * USEC_PER_SEC;
        cluster_step(&c, ABC, &slept);
        cluster_step(&c, ABC, &lost);
        assert_int_equal(stale_since(&c), t);
        cluster_end(&c);
}

static void test_quorum_is_lost(void **state)
{
        static const struct {
                uint64_t delay_usec, word_usec;
                bool killed_at_once;
        } cases[] = {
                { 0, 0, true },
                { CLUSTER_DELAY, 0, false },
                { CLUSTER_DELAY, 2 * USEC_PER_SEC, false },
                { CLUSTER_DELAY, CLUSTER_DELAY, true },
                { USEC_PER_SEC, 0, false },
                { USEC_INFINITY, 0, false },
        };
        uint64_t t = CLUSTER_START + 10 * USEC_PER_SEC;

        (void) state;
        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                uint64_t to_end = k->delay_usec - MIN(k->delay_usec / 2, USEC_PER_SEC);
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, k->delay_usec);
                c.now = t;
                c.member[BCD] = c.member[DEF] = false;
                cluster_new_ring(&c);
                cluster_at(&c, ABC, t + k->word_usec);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                cluster_quorum_on(&c, ABC, c.ring, false);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), k->killed_at_once);
                if (!k->killed_at_once && k->delay_usec != USEC_INFINITY) {
                        cluster_at(&c, ABC, t + to_end - 1);
                        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 0);
                        assert_true(engine_deadline(c.engine[ABC]) <= t + to_end);
                        cluster_at(&c, ABC, t + to_end);
                        assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), 1);
                }
                cluster_at(&c, ABC, t + 10 * 3600 * USEC_PER_SEC);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_KILL), k->delay_usec != USEC_INFINITY);
                cluster_end(&c);
        }
}

/* With freeze neither the loss of quorum nor its silence stops anything, and nothing starts. */
static void test_freeze(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
        c.member[BCD] = c.member[DEF] = false;
        cluster_new_ring(&c);
        cluster_at(&c, ABC, c.now + 2 * cluster_isolation_usec());
        cluster_quorum_on(&c, ABC, c.ring, false);
        cluster_at(&c, ABC, c.now + 3600 * USEC_PER_SEC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP) + cluster_count(&c, ABC, EFFECT_KILL) +
                                         cluster_count(&c, ABC, EFFECT_START),
                        0);
        cluster_end(&c);
}

/* A lost Corosync: within IsolationTimeoutSec= from the loss, no longer than half of the grace. */
static void test_corosync_is_lost(void **state)
{
        uint64_t t = CLUSTER_START + 10 * USEC_PER_SEC;
        Event lost = { .type = EVENT_DISCONNECTED };
        Cluster c;

        (void) state;
        for (int brief = 0; brief < 2; brief++) {
                uint64_t end_usec = brief ? 2 * USEC_PER_SEC : cluster_isolation_usec();

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                c.engine[ABC]->here.me.grace_usec = brief ? 4 * USEC_PER_SEC : CLUSTER_GRACE;
                c.now = t;
                cluster_step(&c, ABC, &lost);
                cluster_at(&c, ABC, t + end_usec - 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                assert_true(engine_deadline(c.engine[ABC]) <= t + end_usec);
                cluster_at(&c, ABC, t + end_usec);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                cluster_end(&c);
        }
}

/* Put out of the group and not let in again: the peers count the grace from then, and no guard is armed. */
static void test_put_out_of_the_group(void **state)
{
        uint64_t t = CLUSTER_START + 10 * USEC_PER_SEC;
        Member others[] = { { BCD, BCD }, { DEF, DEF } };
        uint32_t nodes[] = { ABC, BCD, DEF };
        Cluster c;

        (void) state;
        for (int brief = 0; brief < 2; brief++) {
                uint64_t end_usec = brief ? 2 * USEC_PER_SEC : cluster_isolation_usec();
                Event out = { .type = EVENT_VIEW };

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                c.engine[ABC]->here.me.grace_usec = brief ? 4 * USEC_PER_SEC : CLUSTER_GRACE;
                out.view.change = VIEW_PROCESS;
                out.view.ring = c.ring;
                out.view.members = others;
                out.view.n_members = ELEMENTSOF(others);
                out.view.ring_nodes = nodes;
                out.view.n_ring_nodes = ELEMENTSOF(nodes);
                c.now = t;
                cluster_step(&c, ABC, &out);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_REJOIN), 1);
                cluster_at(&c, ABC, t + end_usec - 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                assert_true(engine_deadline(c.engine[ABC]) <= t + end_usec);
                cluster_at(&c, ABC, t + end_usec);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
                cluster_end(&c);
        }
}

/* The peers count a change of this ring that this member was not told of: it can be told in a new view only. A peer that
 * has counted less has sent this before the change, and the member is told so much by its own Corosync. */
static void test_counted_otherwise(void **state)
{
        ViewMember all[] = { { .member = { ABC, ABC } }, { .member = { BCD, BCD } },
                { .member = { DEF, DEF } } };
        Cluster c;

        (void) state;
        for (int ahead = 0; ahead < 2; ahead++) {
                Message vote = { .type = MESSAGE_VIEW };
                Event event = {
                        .type = EVENT_MESSAGE, .message.sender = { BCD, BCD }, .message.message = &vote
                };

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_new_ring(&c);
                vote.view = c.engine[ABC]->here.me.view;
                vote.view.n += ahead;
                vote.incarnation = 7;
                vote.number = 1;
                vote.view_vote.quorate = true;
                vote.view_vote.members = all;
                vote.view_vote.n_members = ELEMENTSOF(all);
                cluster_step(&c, ABC, &event);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_REJOIN), ahead);
                assert_int_equal(c.engine[ABC]->here.me.phase == PHASE_NONE, ahead);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                cluster_end(&c);
        }
}

/* Corosync loses this member on another node only: here nothing is missing, but that one's `view` shows it. */
static void test_put_out_elsewhere(void **state)
{
        ViewMember others[] = { { .member = { BCD, BCD } }, { .member = { DEF, DEF } } };
        Cluster c;

        (void) state;
        for (int there = 0; there < 3; there++) {
                Message vote = { .type = MESSAGE_VIEW };
                Event event = {
                        .type = EVENT_MESSAGE, .message.sender = { BCD, BCD }, .message.message = &vote
                };
                ViewMember all[] = { { .member = { ABC, ABC } }, others[0], others[1] };

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_new_ring(&c);
                c.engine[ABC]->here.me.view.n++; /* there was an earlier view of this ring */
                vote.view = c.engine[ABC]->here.me.view;
                vote.incarnation = 7;
                vote.number = 1;
                vote.view_vote.quorate = true;
                vote.view_vote.members = there == 1 ? all : others;
                vote.view_vote.n_members = there == 1 ? ELEMENTSOF(all) : ELEMENTSOF(others);
                /* In that one the sender did not know of us, and that is as it should be. */
                if (there == 2)
                        vote.view.n--;
                cluster_step(&c, ABC, &event);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_REJOIN), there == 0);
                assert_int_equal(engine_is_synced(c.engine[ABC]), false); /* the view is not decided */
                assert_int_equal(c.engine[ABC]->here.me.phase == PHASE_NONE, there == 0);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
                cluster_end(&c);
        }
}

/* ---- what holds back a start ---- */

/* A host that slept starts nothing until a probe sent after that is back. */
static void test_suspended(void **state)
{
        Event suspended = { .type = EVENT_SUSPENDED };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_probes = true;
        cluster_step(&c, BCD, &suspended);
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        assert_true(cluster_count(&c, BCD, EFFECT_PROBE) >= 1);
        c.hold_probes = false;
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        cluster_deliver(&c);
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* A start waits for a probe that was sent after it was decided; a view in between begins that anew. */
static void test_start_waits_for_a_probe(void **state)
{
        Event back = { .type = EVENT_PROBE };
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_probes = true;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_PROBE), 1);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        back.probe.number = c.engine[BCD]->here.cutoff->n_probes_sent;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_step(&c, BCD, &back); /* of before the view */
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        back.probe.number = c.engine[BCD]->here.cutoff->n_probes_sent;
        cluster_step(&c, BCD, &back);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* A Corosync that froze while it had the probe hands it over late: that proves nothing, and the next one is waited for. */
static void test_start_waits_for_a_quick_probe(void **state)
{
        Event back = { .type = EVENT_PROBE };
        uint64_t sent, t;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.hold_probes = true;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_PROBE), 1);
        sent = c.engine[BCD]->here.cutoff->n_probes_sent;
        t = c.engine[BCD]->here.cutoff->probe_times[sent] + c.engine[BCD]->here.cutoff->token_usec / 2 + 1;
        cluster_at(&c, BCD, t);
        assert_true(c.engine[BCD]->here.cutoff->n_probes_sent > sent);
        back.probe.number = sent;
        cluster_step(&c, BCD, &back);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        assert_int_equal(engine_deadline(c.engine[BCD]), t + PROBE_RETRY_USEC);
        back.probe.number = c.engine[BCD]->here.cutoff->n_probes_sent;
        cluster_step(&c, BCD, &back);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* Grants bcd the application while its probe is away: what happens then holds the start back. */
static void grant_to_bcd(Cluster *c)
{
        cluster_begin_running(c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c->hold_probes = true;
        cluster_unit_is(c, ABC, "distro", UNIT_FAILED);
        assert_int_equal(cluster_count(c, BCD, EFFECT_START), 0);
}

static void probe_back_on_bcd(Cluster *c)
{
        Event back = { .type = EVENT_PROBE };

        back.probe.number = c->engine[BCD]->here.cutoff->n_probes_sent;
        cluster_step(c, BCD, &back);
}

static void test_start_is_held_back(void **state)
{
        Event early = { .type = EVENT_PROBE };
        Event alive = {
                .type = EVENT_UNIT, .unit.app = "distro", .unit.epoch = 1, .unit.state = UNIT_RUNNING
        };
        Cluster c;
        App *a;

        (void) state;
        grant_to_bcd(&c);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);

        /* The host slept since that probe was sent: it takes one from after that. */
        grant_to_bcd(&c);
        early.probe.number = c.engine[BCD]->here.cutoff->n_probes_sent;
        cluster_step(&c, BCD, &(Event){ .type = EVENT_SUSPENDED });
        cluster_step(&c, BCD, &early);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        probe_back_on_bcd(&c); /* ends the hold; the start waits for one of its own */
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);

        /* Another worker of that name is alive here. */
        grant_to_bcd(&c);
        cluster_step(&c, BCD, &alive);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_end(&c);

        /* Maintenance has begun. */
        grant_to_bcd(&c);
        state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro")->maintenance = true;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_end(&c);

        /* It is over: the probe from before it proves nothing any more. */
        grant_to_bcd(&c);
        early.probe.number = c.engine[BCD]->here.cutoff->n_probes_sent;
        state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro")->maintenance = true;
        cluster_at(&c, BCD, c.now + USEC_PER_MSEC);
        state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro")->maintenance = false;
        cluster_step(&c, BCD, &early);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);

        /* This node is cut off, though nobody else has noticed. */
        grant_to_bcd(&c);
        c.engine[BCD]->here.cutoff->cut_off_usec = c.now;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_end(&c);

        /* The formed state is not on the disks. */
        grant_to_bcd(&c);
        c.engine[BCD]->here.me.agreed.state.form_pending = true;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        cluster_end(&c);

        /* A node is back that has a copy which has not been reported ended. */
        grant_to_bcd(&c);
        a = state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro");
        app_add_copy(a, DEF, 1)->phase = COPY_LOST;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        state_find_node(&c.engine[BCD]->here.me.agreed.state, DEF)->presence = PRESENCE_OFFLINE;
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);

        /* One is back of which those who formed the group knew nothing. */
        grant_to_bcd(&c);
        state_find_node(&c.engine[BCD]->here.me.agreed.state, DEF)->unknown = true;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        state_find_node(&c.engine[BCD]->here.me.agreed.state, DEF)->unknown = false;
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* A start that was granted has the same in its way as one that is to be granted: here after a maintenance. */
static void test_start_waits_after_maintenance(void **state)
{
        Cluster c;
        App *a;

        (void) state;
        /* A node has yet to say what it runs. */
        grant_to_bcd(&c);
        a = state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro");
        a->owed = calloc(1, sizeof(uint32_t));
        assert_non_null(a->owed);
        a->owed[a->n_owed++] = DEF;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        a->n_owed = 0;
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);

        /* A node was lost in it, and no manager stops its copy there. */
        grant_to_bcd(&c);
        a = state_find_app(&c.engine[BCD]->here.me.agreed.state, "distro");
        app_add_copy(a, DEF, 1)->phase = COPY_LOST;
        state_find_node(&c.engine[BCD]->here.me.agreed.state, DEF)->presence = PRESENCE_OFFLINE;
        app_find_copy(a, DEF, 1)->untamed = true;
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);
        app_find_copy(a, DEF, 1)->untamed = false;
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        probe_back_on_bcd(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

static void unit_is(Cluster *c, uint64_t epoch, UnitState state)
{
        Event event = { .type = EVENT_UNIT };

        event.unit.app = "distro";
        event.unit.epoch = epoch;
        event.unit.state = state;
        cluster_step(c, ABC, &event);
        cluster_deliver(c);
}

/* A worker that nobody knows is stopped, and while it lives its unit's name is taken. */
static void test_strange_worker_is_in_the_way(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        cluster_command(&c, ABC, 1, COMMAND_STOP, "distro", NULL);
        cluster_deliver(&c);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        c.n_log = 0;
        unit_is(&c, 7, UNIT_RUNNING);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);

        cluster_command(&c, ABC, 2, COMMAND_START, "distro", NULL);
        cluster_deliver(&c);
        assert_int_equal(cluster_distro(&c, BCD)->owner, ABC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 0);
        unit_is(&c, 7, UNIT_STOPPED);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
        cluster_end(&c);
}

static uint64_t last_probe(const Cluster *c, uint32_t node)
{
        uint64_t token = 0;

        FOREACH_ARRAY(l, c->log, c->n_log)
                if (l->node == node && l->type == EFFECT_PROBE)
                        token = l->token;
        return token;
}

/* The probe for which a start waits was sent before the host slept: it proves nothing of the time since. */
static void test_probe_from_before_a_sleep(void **state)
{
        Event suspended = { .type = EVENT_SUSPENDED }, back = { .type = EVENT_PROBE };
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        c.hold_probes = true;
        cluster_unit_is(&c, ABC, "distro", UNIT_FAILED);
        back.probe.number = last_probe(&c, BCD);
        assert_true(back.probe.number > 0);
        cluster_step(&c, BCD, &suspended);
        cluster_step(&c, BCD, &back);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 0);

        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        assert_true(last_probe(&c, BCD) > back.probe.number);
        back.probe.number = last_probe(&c, BCD);
        c.hold_probes = false;
        cluster_step(&c, BCD, &back);
        cluster_deliver(&c);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* A restart that waits for a probe, and then a leave that waits for its worker: the bound of the restart is nothing that is due. */
static void test_leave_ends_a_restart(void **state)
{
        Event restart = { .type = EVENT_RESTART, .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) };
        Event leave = { .type = EVENT_LEAVE, .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) };
        uint64_t restart_end;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
        c.hold_probes = true;
        cluster_step(&c, ABC, &restart);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_LEFT), 0);
        restart_end = c.now + restart.leave.group_usec + cluster_isolation_usec();
        cluster_step(&c, ABC, &leave);
        cluster_at(&c, ABC, restart_end);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_LEFT), 0);
        assert_true(engine_deadline(c.engine[ABC]) > restart_end);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_quorum_that_does_not_come),
                cmocka_unit_test(test_nothing_starts_before_quorum),
                cmocka_unit_test(test_without_quorum_only_own_units_are_shown),
                cmocka_unit_test(test_how_old_it_is),
                cmocka_unit_test(test_quorum_is_lost),
                cmocka_unit_test(test_freeze),
                cmocka_unit_test(test_corosync_is_lost),
                cmocka_unit_test(test_put_out_of_the_group),
                cmocka_unit_test(test_counted_otherwise),
                cmocka_unit_test(test_put_out_elsewhere),
                cmocka_unit_test(test_suspended),
                cmocka_unit_test(test_start_waits_for_a_probe),
                cmocka_unit_test(test_start_waits_for_a_quick_probe),
                cmocka_unit_test(test_start_is_held_back),
                cmocka_unit_test(test_start_waits_after_maintenance),
                cmocka_unit_test(test_strange_worker_is_in_the_way),
                cmocka_unit_test(test_probe_from_before_a_sleep),
                cmocka_unit_test(test_leave_ends_a_restart),
        };

        return cmocka_run_group_tests_name("engine-step", tests, NULL, NULL);
}
