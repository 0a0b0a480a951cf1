/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a group forms: from which records, what of them counts, and when it forms anew. */

#include "engine/member/form.h"
#include "engine/member/view.h"
#include "engine/agreed/verdict.h"
#include "engine/agreed/commit.h"
#include "engine-cluster.h"

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
        static const uint32_t both[] = { ABC, BCD }, alone[] = { DEF }, all[] = { 1, 2, 3 };
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
                { { OLD, NO, NEW }, true, true },
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
                for (uint32_t i = 0; i < N_NODES; i++) {
                        const bool known = k->has[i] == UNCONFIRMED || k->has[i] == OLD || k->has[i] == NEW;
                        const uint32_t *of = k->has[i] == NEW ? alone : both;
                        Peer *peer = &e->here.me.peers[n];
                        size_t n_of = k->has[i] == NEW ? ELEMENTSOF(alone) : ELEMENTSOF(both);

                        if (k->has[i] == NO)
                                continue;
                        n++;
                        *peer = (Peer){ .member = { i + 1, i + 1 }, .has_facts = true };
                        peer_tell_nodelist(peer, all, N_NODES, k->by_fewer);
                        peer->facts.record = k->has[i] == OLD || k->has[i] == NEW ? RECORD_VALID
                                             : k->has[i] == DAMAGED               ? RECORD_DAMAGED
                                                                                  : RECORD_BLANK;
                        if (!known)
                                continue;
                        peer->facts.record_revision =
                                        (Revision){ .ring_seq = k->has[i] == NEW ? 9 : 8, .count = 1 };
                        peer->facts.record_nodes = calloc(n_of, sizeof(uint32_t));
                        memcpy(peer->facts.record_nodes, of, n_of * sizeof(uint32_t));
                        peer->facts.n_record_nodes = n_of;
                }
                e->here.me.n_peers = n;
                assert_int_equal(form_is_possible(&e->here.me), k->forms);
                cluster_end(&c);
        }
}

/* Forming raises every count by 1024, above what a record shows and above this ring's floor. */
static void test_forming_raises_epochs(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        assert_int_equal(state_find_app(&c.engine[ABC]->here.me.agreed.state, "distro")->last_epoch,
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

                        assert_non_null(state_add_node(&c.engine[i]->here.me.agreed.state, 9, "old"));
                        assert_non_null(app_add_mark(a, 9));
                        assert_int_equal(ARRAY_GROW(a->permissions, a->n_permissions,
                                                         a->n_permissions_allocated),
                                        0);
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
                                c.engine[i]->here.me.ring_nodes[0] = 9;
                }
                cluster_quorum(&c, false);
                cluster_quorum(&c, true);
                cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        const App *a = cluster_distro(&c, i);

                        assert_true(engine_is_synced(c.engine[i]));
                        assert_int_equal(state_find_node(&c.engine[i]->here.me.agreed.state, 9) != NULL,
                                        needed != NOTHING);
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
        assert_null(verdict_obstacle(&c.engine[ABC]->here.me.agreed, cluster_distro(&c, ABC), NULL, false,
                        buffer, sizeof(buffer)));
        cluster_new_ring_of_all(&c, c.ring.seq + 4);
        cluster_quorum(&c, true);
        assert_string_equal(verdict_obstacle(&c.engine[ABC]->here.me.agreed, cluster_distro(&c, ABC), NULL,
                                            false, buffer, sizeof(buffer)),
                        "def has not reported what it runs");
        /* It goes again, and is no wiser when it is back. */
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_null(verdict_obstacle(&c.engine[ABC]->here.me.agreed, cluster_distro(&c, ABC), NULL, false,
                        buffer, sizeof(buffer)));
        assert_true(state_find_node(&c.engine[ABC]->here.me.agreed.state, DEF)->unknown);
        cluster_end(&c);
}

/* Whoever was in a quorate ring that nobody with this state was in, synced there or not, knows that it may be old; and where
 * there may have been such a ring, a majority has to have been in the group since. Else the group forms anew. */
static void test_behind_the_others(void **state)
{
        static const struct {
                bool later;    /* def was in ring 50, which was quorate, and is not synced */
                size_t n_late; /* so many have joined the group after the last view of this state */
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
                        c.engine[DEF]->here.me.ring_quorate_seq = 50;
                        c.engine[DEF]->here.me.synced = false;
                }
                for (size_t i = 0; i < k->n_late; i++)
                        c.engine[BCD + i]->here.me.since_seq = 50;
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

/* Fewer than a majority can have quorum, and there may have been a ring that nobody here saw. If all nodes are there and none
 * was in it the state is the group's; def, with a new disk, cannot say that it was not. */
static void test_new_disk_is_no_witness(void **state)
{
        static const char *const names[] = { "abc", "bcd", "def" };

        (void) state;
        for (int blank = 0; blank <= 1; blank++) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                if (blank) {
                        engine_free(c.engine[DEF]);
                        cluster_make_engine(&c, DEF, NO_QUORUM_STOP, RECORD_BLANK);
                        cluster_definition_on(&c, DEF, "distro", names, CLUSTER_DELAY);
                        cluster_connect(&c, DEF);
                }
                for (uint32_t i = ABC; i <= DEF; i++)
                        c.engine[i]->here.me.by_fewer = true;
                cluster_new_ring_of_all(&c, 100);
                cluster_quorum(&c, true);
                cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
                for (uint32_t i = ABC; i <= DEF; i++)
                        assert_int_equal(engine_is_synced(c.engine[i]), !blank);
                cluster_end(&c);
        }
}

/* ---- nodelists ---- */

static void reads_nodelist(Cluster *c, uint32_t node, size_t n_nodes, bool by_fewer)
{
        static const EngineNode nodes[] = { { 4, "xyz" }, { ABC, "abc" }, { BCD, "bcd" }, { DEF, "def" } };
        Event event = {
                .type = EVENT_NODELIST,
                .nodelist = { .nodes = nodes + 4 - n_nodes, .n_nodes = n_nodes, .quorum_by_fewer = by_fewer }
        };

        cluster_step(c, node, &event);
}

static void all_hold_the_same(const Cluster *c, bool by_fewer)
{
        for (uint32_t i = ABC; i <= DEF; i++) {
                assert_true(engine_is_synced(c->engine[i]));
                assert_int_equal(c->engine[i]->here.me.agreed.state.by_fewer, by_fewer);
                assert_int_equal(state_digest(&c->engine[i]->here.me.agreed.state),
                                state_digest(&c->engine[ABC]->here.me.agreed.state));
        }
}

/* What a node reads counts when the others have been told, and for all of them in the same message. */
static void test_nodelist_is_told(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        reads_nodelist(&c, BCD, 4, false);
        assert_null(state_find_node(&c.engine[BCD]->here.me.agreed.state, 4));
        cluster_deliver(&c);
        all_hold_the_same(&c, false);
        assert_string_equal(state_node_name(&c.engine[DEF]->here.me.agreed.state, 4), "xyz");
        assert_int_equal(state_find_node(&c.engine[ABC]->here.me.agreed.state, BCD)->n_nodelist, 4);
        assert_int_equal(state_find_node(&c.engine[ABC]->here.me.agreed.state, ABC)->n_nodelist, 3);

        reads_nodelist(&c, DEF, 3, true);
        assert_false(c.engine[DEF]->here.me.agreed.state.by_fewer);
        cluster_deliver(&c);
        all_hold_the_same(&c, true);
        reads_nodelist(&c, ABC, 3, true);
        reads_nodelist(&c, DEF, 3, false);
        cluster_deliver(&c);
        all_hold_the_same(&c, true);
        reads_nodelist(&c, ABC, 3, false);
        cluster_deliver(&c);
        all_hold_the_same(&c, false);

        /* One that cannot be is not taken. */
        cluster_step(&c, ABC, &(Event){ .type = EVENT_NODELIST });
        assert_int_equal(c.engine[ABC]->here.me.n_nodelist, 3);
        cluster_end(&c);
}

/* While the nodes have different nodelists, each that is there has to be content. */
static void test_strictest_nodelist(void **state)
{
        static const uint32_t four[] = { 1, 2, 3, 4 };
        Cluster c;
        Engine *e;
        Node *n;

        (void) state;
        for (uint32_t longer = ABC; longer <= BCD; longer++) {
                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                reads_nodelist(&c, longer, 4, false);
                cluster_deliver(&c);
                e = c.engine[ABC];
                assert_true(nodelist_acked_by_majorities(
                                &e->here.me.agreed, &e->here.me.agreed.state.revision));
                n = state_find_node(&e->here.me.agreed.state, DEF);
                n->acked = (Revision){};
                assert_false(nodelist_acked_by_majorities(
                                &e->here.me.agreed, &e->here.me.agreed.state.revision));
                state_find_node(&e->here.me.agreed.state, longer)->by_fewer = true;
                assert_true(nodelist_acked_by_majorities(
                                &e->here.me.agreed, &e->here.me.agreed.state.revision));

                e->here.me.n_peers = 2;
                for (uint32_t i = ABC; i <= BCD; i++) {
                        Peer *p = &e->here.me.peers[i - 1];

                        p->has_facts = true;
                        p->facts.record = RECORD_VALID;
                        p->facts.record_revision = (Revision){ 8, 1 };
                        peer_tell_nodelist(p, four, 3, false);
                }
                assert_true(form_is_possible(&e->here.me));
                peer_tell_nodelist(&e->here.me.peers[longer - 1], four, 4, false);
                assert_false(form_is_possible(&e->here.me));
                e->here.me.n_peers = 3;
                cluster_end(&c);
        }
}

/* All lose quorum in a view and have it back in the same one: no record says who leaves, so the one that does says it anew. */
static void test_leave_is_told_a_group_that_forms_anew(void **state)
{
        Event leave = { .type = EVENT_LEAVE, .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) };
        const Node *abc;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, 30 * USEC_PER_SEC);
        cluster_step(&c, ABC, &leave);
        cluster_deliver(&c);
        abc = state_find_node(engine_state(c.engine[BCD]), ABC);
        assert_true(abc->leaving);
        cluster_quorum(&c, false);
        assert_false(engine_is_synced(c.engine[BCD]));
        cluster_quorum(&c, true);
        for (int i = 0; i < 20 && !engine_is_synced(c.engine[ABC]); i++)
                cluster_all_at(&c, c.now + USEC_PER_SEC);
        assert_true(engine_is_synced(c.engine[ABC]));
        abc = state_find_node(engine_state(c.engine[BCD]), ABC);
        assert_int_equal(abc->presence, PRESENCE_SYNCED);
        assert_true(abc->leaving);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_LEFT), 1);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_damaged_is_not_blank),
                cmocka_unit_test(test_records_that_form),
                cmocka_unit_test(test_forming_raises_epochs),
                cmocka_unit_test(test_forming_forgets_nodes),
                cmocka_unit_test(test_forming_without_a_node),
                cmocka_unit_test(test_behind_the_others),
                cmocka_unit_test(test_new_disk_is_no_witness),
                cmocka_unit_test(test_nodelist_is_told),
                cmocka_unit_test(test_strictest_nodelist),
                cmocka_unit_test(test_leave_is_told_a_group_that_forms_anew),
        };

        return cmocka_run_group_tests_name("engine-forming", tests, NULL, NULL);
}
