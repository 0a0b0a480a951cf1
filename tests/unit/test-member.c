/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a process is a member, without an engine around it: this links the wings of the member and of what is agreed alone, so a
 * rule that reaches above them does not link. Two members, whose messages are delivered to both in the order in which they were
 * sent; what an engine would do for them here the test does. */

#include "base/array.h"
#include "engine/encode.h"
#include "engine/member/deliver.h"
#include "engine/member/form.h"
#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ABC = 1, BCD };

typedef struct Group {
        Membership member[2];
        EffectList effects[2];
        size_t n_taken[2]; /* of the effects */
        size_t n_own[2];   /* messages of its own that were carried out */
        uint64_t now_usec;
} Group;

static void group_begin(Group *g)
{
        static const EngineNode nodes[] = { { ABC, "abc" }, { BCD, "bcd" } };

        *g = (Group){ .now_usec = USEC_PER_SEC };
        for (size_t i = 0; i < 2; i++) {
                Membership *me = &g->member[i];

                me->agreed.out.effects = &g->effects[i];
                me->agreed.now_usec = g->now_usec;
                me->node_id = (uint32_t) i + 1;
                me->version_min = me->version_max = 1;
                me->grace_usec = 60 * USEC_PER_SEC;
                me->boot_id = 7 + i;
                me->record_kind = RECORD_BLANK;
                me->view_serial = me->hold_serial = 2;
                assert_int_equal(listed_take(nodes, 2, me->node_id, &me->nodelist, &me->n_nodelist), 0);
                member_connected(me, 100 + i, 10 + me->node_id, false);
        }
}

static void group_end(Group *g)
{
        for (size_t i = 0; i < 2; i++) {
                Membership *me = &g->member[i];

                assert_false(me->agreed.out.oom);
                view_done(me);
                listed_free(me->nodelist, me->n_nodelist);
                state_done(&me->agreed.state);
                outlet_done(&me->agreed.out);
                effect_list_done(&g->effects[i]);
        }
}

static Member group_member(const Group *g, size_t i)
{
        return (Member){ g->member[i].node_id, g->member[i].pid };
}

static void carry_out(Group *g, size_t i)
{
        CarriedOut done;

        while (hold_next(&g->member[i], &done))
                g->n_own[i] += done.own != NULL;
}

/* What an engine's pumps do for its member. */
static void group_pump(Group *g, size_t i)
{
        Membership *me = &g->member[i];

        view_pump(me);
        carry_out(g, i);
        if (sync_owes_facts(me, false)) {
                FactsMessage own = { .can_write = true, .guarded = true, .fused = true };

                sync_send_facts(me, &own);
        }
        sync_pump(me);
        if (me->agreed.now_usec >= form_usec(me))
                form_group(me, NULL, 0);
        if (member_is_synced(me))
                sync_tell_synced(me);
}

static void group_deliver_one(Group *g, size_t from, const Message *m)
{
        const Event event = { .type = EVENT_MESSAGE,
                .message = { .sender = group_member(g, from), .message = m } };

        for (size_t to = 0; to < 2; to++) {
                assert_true(deliver_event(&g->member[to], &event));
                carry_out(g, to);
        }
}

/* What member `i` has sent so far; false: nothing. */
static bool group_deliver(Group *g, size_t i)
{
        bool any = false;

        for (; g->n_taken[i] < g->effects[i].n_effects; g->n_taken[i]++) {
                Message *m = g->effects[i].effects[g->n_taken[i]].message;

                if (g->effects[i].effects[g->n_taken[i]].type != EFFECT_SEND)
                        continue;
                g->effects[i].effects[g->n_taken[i]].message = NULL;
                group_deliver_one(g, i, m);
                message_free(m);
                any = true;
        }
        return any;
}

/* Until neither has anything to say. */
static void group_settle(Group *g)
{
        bool more;

        do {
                more = false;
                for (size_t i = 0; i < 2; i++)
                        group_pump(g, i);
                for (size_t i = 0; i < 2; i++)
                        more = group_deliver(g, i) || more;
        } while (more);
}

static void group_view(Group *g, uint64_t ring_seq, bool quorate)
{
        static const uint32_t ring_nodes[] = { ABC, BCD };
        const Member members[] = { group_member(g, 0), group_member(g, 1) };
        const Event event = { .type = EVENT_VIEW,
                .view = { .change = VIEW_RING,
                                .ring = { .node_id = ABC, .seq = ring_seq },
                                .members = members,
                                .n_members = 2,
                                .ring_nodes = ring_nodes,
                                .n_ring_nodes = 2 } };

        for (size_t i = 0; i < 2; i++) {
                assert_true(view_begin(&g->member[i], &event));
                assert_true(view_quorum(&g->member[i], &event.view.ring, quorate));
                view_evaluate(&g->member[i]);
        }
        group_settle(g);
}

static void group_is_in_step(Group *g)
{
        for (size_t i = 0; i < 2; i++) {
                assert_true(member_is_synced(&g->member[i]));
                FOREACH_ARRAY(n, g->member[i].agreed.state.nodes, g->member[i].agreed.state.n_nodes)
                        assert_int_equal(n->presence, PRESENCE_SYNCED);
        }
        assert_int_equal(state_digest(&g->member[0].agreed.state), state_digest(&g->member[1].agreed.state));
}

static void test_two_blank_members_form(void **state)
{
        Group g;

        (void) state;
        group_begin(&g);
        group_view(&g, 4, false);
        assert_int_equal(g.member[0].phase, PHASE_INQUORATE);
        group_view(&g, 8, true);
        group_is_in_step(&g);
        assert_int_equal(g.member[0].agreed.state.n_nodes, 2);
        group_end(&g);
}

/* A member that has lost track keeps what is delivered after its state was sent, and carries it out on that state. */
static void test_lost_track(void **state)
{
        Message kept = { .type = MESSAGE_GUARD, .guard.guarded = false };
        Group g;

        (void) state;
        group_begin(&g);
        group_view(&g, 4, true);
        group_is_in_step(&g);
        hold_lose_track(&g.member[1], "of a test");
        assert_false(member_is_synced(&g.member[1]));
        group_pump(&g, 1);
        assert_true(group_deliver(&g, 1)); /* its facts */
        group_pump(&g, 0);                 /* the state for them is under way */
        g.n_own[1] = 0;
        (void) member_send(&g.member[1], &kept);
        assert_true(group_deliver(&g, 1));
        assert_int_equal(g.n_own[1], 0);
        assert_true(state_find_node(&g.member[0].agreed.state, BCD)->unguarded);
        assert_false(state_find_node(&g.member[1].agreed.state, BCD)->unguarded);
        assert_true(group_deliver(&g, 0));
        assert_int_equal(g.n_own[1], 1);
        assert_true(member_is_synced(&g.member[1]));
        assert_true(state_find_node(&g.member[1].agreed.state, BCD)->unguarded);
        group_settle(&g);
        group_is_in_step(&g);
        group_end(&g);
}

/* A view without quorum ends it, and the next quorate one brings both back into step. */
static void test_quorum_is_lost(void **state)
{
        Group g;

        (void) state;
        group_begin(&g);
        group_view(&g, 4, true);
        group_is_in_step(&g);
        group_view(&g, 8, false);
        for (size_t i = 0; i < 2; i++)
                assert_false(member_is_synced(&g.member[i]));
        group_view(&g, 12, true);
        group_is_in_step(&g);
        group_end(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_two_blank_members_form),
                cmocka_unit_test(test_lost_track),
                cmocka_unit_test(test_quorum_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
