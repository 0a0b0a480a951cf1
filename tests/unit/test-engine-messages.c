/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages that no Corosync in good order would deliver, and members that differ: what is refused, who is believed. */

#include "engine/member/view.h"
#include "engine/member/form.h"
#include "engine/member/sync.h"
#include "engine-cluster.h"

/* A message as `from` would send it next, for the engine of `to`. The caller fills in the rest. */
static Message next_message(const Cluster *c, uint32_t from, uint32_t to, MessageType type)
{
        Member m = { from, from };
        const Peer *p = view_find_peer(&c->engine[to]->here.me, &m);

        assert_non_null(p);
        return (Message){ .type = type,
                .version = PROTOCOL_VERSION,
                .view = engine_view(c->engine[to]),
                .incarnation = 100 + from,
                .number = p->number + 1 };
}

static void hear(Cluster *c, uint32_t from, uint32_t to, const Message *m)
{
        Event event = { .type = EVENT_MESSAGE };

        event.message.sender = (Member){ from, from };
        event.message.message = m;
        cluster_step(c, to, &event);
}

static const Node *node_at(const Cluster *c, uint32_t node, uint32_t of)
{
        const Node *n = state_find_node(&c->engine[node]->here.me.agreed.state, of);

        assert_non_null(n);
        return n;
}

/* ---- numbers ---- */

static void test_gap_makes_unsynced(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        c.member[ABC] = false; /* hears nothing for a moment, in the same view */
        cluster_command(&c, BCD, 1, COMMAND_STANDBY, "", "def");
        cluster_deliver(&c);
        c.member[ABC] = true;
        assert_true(engine_is_synced(c.engine[ABC]));
        c.hold_writes[ABC] = true;
        cluster_command(&c, BCD, 2, COMMAND_CLEAR, "distro", "");
        assert_true(c.n_queue > 0);
        hear(&c, BCD, ABC, c.queue[0].message);
        assert_false(engine_is_synced(c.engine[ABC]));
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);

        /* The others have heard all: one of them sends the state, and it is synced again. */
        cluster_deliver(&c);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        assert_true(engine_is_synced(c.engine[ABC]));
        assert_int_equal(state_digest(&c.engine[ABC]->here.me.agreed.state),
                        state_digest(&c.engine[DEF]->here.me.agreed.state));
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_end(&c);
}

static void test_repeated_message_is_no_news(void **state)
{
        Message facts, synced;
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        facts = next_message(&c, BCD, ABC, MESSAGE_FACTS);
        facts.facts = (FactsMessage){ .version_min = 1,
                .version_max = 1,
                .node_name = (char *) "bcd",
                .boot_id = BCD,
                .grace_usec = CLUSTER_GRACE,
                .can_write = true,
                .guarded = true,
                .fused = true };
        hear(&c, BCD, ABC, &facts);
        assert_int_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_REPORTED);
        synced = next_message(&c, BCD, ABC, MESSAGE_SYNCED);
        hear(&c, BCD, ABC, &synced);
        assert_int_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_SYNCED);

        hear(&c, BCD, ABC, &facts);
        assert_int_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_SYNCED);
        assert_true(engine_is_synced(c.engine[ABC]));
        cluster_end(&c);
}

static void test_other_incarnation_is_refused(void **state)
{
        Cluster c;
        Message m;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        m = next_message(&c, BCD, ABC, MESSAGE_LEAVE);
        m.incarnation++;
        hear(&c, BCD, ABC, &m);
        assert_false(node_at(&c, ABC, BCD)->leaving);
        assert_true(engine_is_synced(c.engine[ABC]));

        m.incarnation--;
        hear(&c, BCD, ABC, &m);
        assert_true(node_at(&c, ABC, BCD)->leaving);
        cluster_end(&c);
}

static void test_earlier_view_is_refused(void **state)
{
        Cluster c;
        Message m;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        m = next_message(&c, BCD, ABC, MESSAGE_LEAVE);
        m.view.ring.seq -= 4;
        hear(&c, BCD, ABC, &m);
        assert_false(node_at(&c, ABC, BCD)->leaving);
        m.view.ring.seq += 4;
        m.view.n++;
        hear(&c, BCD, ABC, &m);
        assert_false(node_at(&c, ABC, BCD)->leaving);
        assert_true(engine_is_synced(c.engine[ABC]));
        cluster_end(&c);
}

/* ---- what a message names ---- */

/* A result names a copy. One of a copy that is over, or of another node's, changes nothing. */
static void test_result_names_its_copy(void **state)
{
        static const struct {
                uint32_t from;
                int epoch;
        } strangers[] = { { ABC, -1 }, { ABC, 1 }, { BCD, 0 } };
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++) {
                Message m = next_message(&c, strangers[i].from, DEF, MESSAGE_RESULT);

                m.result = (ResultMessage){ .app = (char *) "distro",
                        .state = UNIT_FAILED,
                        .epoch = cluster_distro(&c, DEF)->last_epoch + (uint64_t) strangers[i].epoch };
                hear(&c, strangers[i].from, DEF, &m);
                assert_int_equal(cluster_distro(&c, DEF)->n_copies, 1);
                assert_int_equal(cluster_distro(&c, DEF)->copies[0].phase, COPY_RUNNING);
                assert_int_equal(cluster_distro(&c, DEF)->n_marks, 0);
        }
        cluster_end(&c);
}

/* An expiry names a timer by its serial: that of an earlier delay does not end the present one. */
static void test_expiry_names_its_timer(void **state)
{
        TimerRef timer = { .kind = TIMER_FAILOVER };
        Cluster c;
        Message m;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.member[ABC] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        timer.serial = cluster_distro(&c, BCD)->delay.serial;
        assert_true(timer.serial > 1);

        timer.serial--;
        m = next_message(&c, DEF, BCD, MESSAGE_EXPIRY);
        m.expiry = (ExpiryMessage){ .timers = &timer, .n_timers = 1 };
        hear(&c, DEF, BCD, &m);
        assert_int_equal(cluster_distro(&c, BCD)->delay.serial, timer.serial + 1);
        assert_int_equal(cluster_distro(&c, BCD)->lost_node, ABC);

        timer.serial++;
        m = next_message(&c, DEF, BCD, MESSAGE_EXPIRY);
        m.expiry = (ExpiryMessage){ .timers = &timer, .n_timers = 1 };
        hear(&c, DEF, BCD, &m);
        assert_int_equal(cluster_distro(&c, BCD)->delay.serial, 0);
        assert_int_equal(cluster_distro(&c, BCD)->owner, BCD);
        cluster_end(&c);
}

/* ---- what a view swallowed ---- */

/* All that was queued when a view begins is dropped. Who sent it sends it again, as far as it still matters. */
static void test_command_is_sent_again(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_command(&c, BCD, 1, COMMAND_STOP, "distro", NULL);
        assert_true(c.n_queue > 0);
        cluster_new_ring(&c);
        assert_true(cluster_distro(&c, ABC)->target_up);
        cluster_quorum(&c, true);
        assert_false(cluster_distro(&c, ABC)->target_up);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_OK);
        cluster_end(&c);
}

static void test_result_is_sent_again(void **state)
{
        Event ended = { .type = EVENT_UNIT };
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        ended.unit.app = "distro";
        ended.unit.epoch = cluster_distro(&c, ABC)->last_epoch;
        ended.unit.state = UNIT_FAILED;
        cluster_step(&c, ABC, &ended);
        assert_true(c.n_queue > 0);
        cluster_new_ring(&c);
        assert_int_equal(cluster_distro(&c, BCD)->owner, ABC);
        cluster_quorum(&c, true);
        assert_int_equal(cluster_distro(&c, BCD)->owner, BCD);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

static void test_expiry_is_sent_again(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        c.member[ABC] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        cluster_at(&c, BCD, c.now + CLUSTER_DELAY + USEC_PER_SEC);
        cluster_at(&c, DEF, c.now);
        assert_true(c.n_queue > 0);
        cluster_new_ring(&c);
        assert_int_equal(cluster_distro(&c, BCD)->owner, ABC);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + USEC_PER_SEC);
        assert_int_equal(cluster_distro(&c, BCD)->owner, BCD);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        cluster_end(&c);
}

/* Every state in the queue is too large: what goes round in its place. Returns how many there were. */
static size_t unsend_states(Cluster *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n_queue; i++) {
                Message *m = c->queue[i].message;

                if (!m || m->type != MESSAGE_STATE)
                        continue;
                free(m->state.numbers);
                free(m->state.state);
                m->state = (StateMessage){};
                m->type = MESSAGE_UNSENT;
                m->unsent.type = MESSAGE_STATE;
                n++;
        }
        return n;
}

/* A state that is too large is tried by each member once in a view. Nobody takes it for lost, and nobody leaves the group. */
static void test_unsent_is_no_gap(void **state)
{
        size_t n_unsent = 0;
        Message m;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        m = next_message(&c, ABC, DEF, MESSAGE_LEAVE);
        m.number++;
        hear(&c, ABC, DEF, &m);
        assert_false(engine_is_synced(c.engine[DEF]));
        c.n_log = 0;
        for (int seconds = 0; seconds < 600; seconds++) {
                for (uint32_t i = ABC; i <= DEF; i++)
                        cluster_step(&c, i, &(Event){ .type = EVENT_TIME });
                while (c.n_queue > 0) {
                        n_unsent += unsend_states(&c);
                        cluster_deliver_one(&c);
                }
                c.now += USEC_PER_SEC;
        }
        assert_int_equal(n_unsent, 2);
        for (uint32_t i = ABC; i <= DEF; i++) {
                assert_int_equal(engine_is_synced(c.engine[i]), i != DEF);
                assert_int_equal(cluster_count(&c, i, EFFECT_REJOIN), 0);
        }
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_true(engine_is_synced(c.engine[DEF]));
        cluster_end(&c);
}

/* All of them miss a message: nobody holds the state in this view any more. One after another they join anew, so that a
 * new view finds out what is known. */
static void test_nobody_has_the_state(void **state)
{
        static const uint32_t speakers[] = { [ABC] = BCD, [BCD] = ABC, [DEF] = ABC };
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        for (uint32_t node = ABC; node <= DEF; node++) {
                Message m = next_message(&c, speakers[node], node, MESSAGE_LEAVE);

                m.number++;
                hear(&c, speakers[node], node, &m);
                assert_false(engine_is_synced(c.engine[node]));
        }
        for (uint32_t node = ABC; node <= DEF; node++)
                for (size_t i = 0; i < c.n_queue; i++)
                        if (c.queue[i].message && c.queue[i].message->type == MESSAGE_FACTS) {
                                Message m = next_message(&c, c.queue[i].sender.node_id, node, MESSAGE_FACTS);

                                m.facts = c.queue[i].message->facts;
                                hear(&c, c.queue[i].sender.node_id, node, &m);
                        }
        cluster_at(&c, ABC, c.now + UNANSWERED_USEC - 1);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_REJOIN), 0);
        cluster_at(&c, ABC, c.now + 1);
        cluster_at(&c, BCD, c.now);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_REJOIN), 1);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_REJOIN), 0);
        cluster_at(&c, BCD, c.now + USEC_PER_SEC);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_REJOIN), 1);
        cluster_end(&c);
}

/* ---- states that cannot be used ---- */

/* A newcomer is sent bytes that are no state, then a state of a protocol that it does not know. */
static void test_states_that_cannot_be_used(void **state)
{
        uint8_t bytes[] = { 1, 2, 3 };
        ByteWriter w = {};
        Cluster c;
        Message m;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        m = next_message(&c, ABC, DEF, MESSAGE_LEAVE);
        m.number++;
        hear(&c, ABC, DEF, &m); /* a gap: it asks */
        for (size_t i = 0; i < c.n_queue; i++)
                if (c.queue[i].message && c.queue[i].message->type == MESSAGE_FACTS)
                        hear(&c, DEF, DEF, c.queue[i].message);

        m = next_message(&c, BCD, DEF, MESSAGE_STATE);
        m.state = (StateMessage){ .numbers = &(struct StateNumber){ .member = { DEF, DEF }, .number = 1000 },
                .n_numbers = 1,
                .state = bytes,
                .state_size_bytes = sizeof(bytes) };
        hear(&c, BCD, DEF, &m);
        assert_false(engine_is_synced(c.engine[DEF]));
        assert_int_equal(cluster_count(&c, DEF, EFFECT_EXIT), 0);

        c.engine[BCD]->here.me.agreed.state.version = PROTOCOL_VERSION + 1;
        state_encode(&c.engine[BCD]->here.me.agreed.state, STATE_FULL, c.now, &w);
        assert_int_equal(w.error, 0);
        m.number++;
        m.state.state = w.data;
        m.state.state_size_bytes = w.size_bytes;
        hear(&c, BCD, DEF, &m);
        assert_false(engine_is_synced(c.engine[DEF]));
        assert_int_equal(cluster_count(&c, DEF, EFFECT_EXIT), 1);
        for (size_t i = 0; i < c.n_log; i++)
                assert_true(c.log[i].final == (c.log[i].type == EFFECT_EXIT));
        byte_writer_done(&w);
        cluster_end(&c);
}

/* ---- votes ---- */

/* Revisions are equal: what most hold is believed, of two the lower node. That it was stopped from outside is agreed, but not
 * on the record. */
static void test_commonest_digest_is_believed(void **state)
{
        static const struct {
                bool member[N_NODES + 1];
                uint32_t differs, kept;
        } cases[] = {
                { { [ABC] = true, [BCD] = true, [DEF] = true }, ABC, 0 },
                { { [ABC] = true, [BCD] = true, [DEF] = true }, DEF, 0 },
                { { [BCD] = true, [DEF] = true }, BCD, 1 },
                { { [BCD] = true, [DEF] = true }, DEF, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cluster_distro(&c, cases[i].differs)->outside =
                                (Timer){ .serial = 1, .deadline_usec = USEC_INFINITY };
                memcpy(c.member, cases[i].member, sizeof(c.member));
                cluster_new_ring(&c);
                cluster_quorum(&c, true);
                cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
                for (uint32_t node = ABC; node <= DEF; node++) {
                        if (!c.member[node])
                                continue;
                        assert_true(engine_is_synced(c.engine[node]));
                        assert_int_equal(cluster_distro(&c, node)->outside.serial, cases[i].kept);
                }
                cluster_end(&c);
        }
}

/* A member whose quorum goes after the view was decided does not count as synced any more; when it comes back in the same
 * ring it asks for the state. */
static void test_quorum_goes_in_a_decided_view(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        cluster_quorum_on(&c, BCD, c.ring, false);
        cluster_deliver(&c);
        assert_false(engine_is_synced(c.engine[BCD]));
        assert_true(engine_is_synced(c.engine[ABC]));
        assert_int_not_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_SYNCED);
        assert_int_equal(node_at(&c, ABC, DEF)->presence, PRESENCE_SYNCED);

        cluster_quorum_on(&c, BCD, c.ring, true);
        cluster_deliver(&c);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        assert_true(engine_is_synced(c.engine[BCD]));
        assert_int_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_SYNCED);
        cluster_end(&c);
}

/* All of them lose it: nobody holds the agreed state in this view any more, and the group forms again. */
static void test_quorum_goes_everywhere(void **state)
{
        uint64_t epoch;
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
        epoch = cluster_distro(&c, ABC)->epoch;
        cluster_quorum(&c, false);
        for (uint32_t node = ABC; node <= DEF; node++)
                assert_false(engine_is_formed(c.engine[node]));
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        for (uint32_t node = ABC; node <= DEF; node++)
                assert_true(engine_is_synced(c.engine[node]));
        assert_true(cluster_distro(&c, DEF)->epoch >= epoch + FORM_EPOCHS);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        cluster_end(&c);
}

/* abc asks for the state; bcd, which has lost quorum, keeps its facts for later, def carries them out. Then all lose quorum, and
 * abc's worker ends. The group forms from what is reported after that, and all hold the same. */
static void test_forming_after_facts(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_FREEZE, CLUSTER_DELAY);
        cluster_quorum_on(&c, ABC, c.ring, false);
        cluster_deliver(&c);
        cluster_quorum_on(&c, BCD, c.ring, false);
        cluster_quorum_on(&c, ABC, c.ring, true);
        cluster_deliver(&c);
        assert_true(engine_is_synced(c.engine[ABC]));
        cluster_quorum(&c, false);
        /* One who reads late may report only after somebody has formed; so nobody may have kept what others have not. */
        for (uint32_t node = ABC; node <= DEF; node++) {
                assert_int_equal(c.engine[node]->here.me.n_backlog, 0);
                for (size_t i = 0; i < c.engine[node]->here.me.n_peers; i++)
                        assert_false(c.engine[node]->here.me.peers[i].has_facts);
        }
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        cluster_quorum(&c, true);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        for (uint32_t node = ABC; node <= DEF; node++) {
                assert_true(engine_is_synced(c.engine[node]));
                assert_int_equal(state_digest(&c.engine[node]->here.me.agreed.state),
                                state_digest(&c.engine[ABC]->here.me.agreed.state));
        }
        cluster_end(&c);
}

/* Forming waits for a record that does not come. abc hears that bcd runs a newer copy and stops its own; one that is older, that
 * has ended, or is in maintenance is no reason. */
static void test_older_copy_while_forming_waits(void **state)
{
        static const struct {
                int epochs; /* bcd's copy is so much newer */
                UnitState is;
                bool maintenance, stops;
        } cases[] = {
                { 1, UNIT_RUNNING, false, true },
                { 1, UNIT_STARTING, false, true },
                { -1, UNIT_RUNNING, false, false },
                { 1, UNIT_FAILED, false, false },
                { 1, UNIT_RUNNING, true, false },
        };

        FOREACH_ARRAY(k, cases, ELEMENTSOF(cases)) {
                Event event = { .type = EVENT_UNIT };
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
                cluster_quorum(&c, false);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        c.engine[i]->here.me.by_fewer = true;
                        assert_int_equal(c.engine[i]->here.me.agreed.state.n_view_nodes, 3);
                        c.engine[i]->here.me.agreed.state.view_nodes[2] = 9; /* nobody knows it */
                        cluster_distro(&c, i)->maintenance = k->maintenance;
                }
                event.unit.app = "distro";
                event.unit.epoch = cluster_distro(&c, BCD)->last_epoch + (uint64_t) (int64_t) k->epochs;
                event.unit.state = k->is;
                cluster_step(&c, BCD, &event);
                cluster_quorum(&c, true);
                assert_false(engine_is_formed(c.engine[ABC]));
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), k->stops);
                assert_int_equal(cluster_count(&c, BCD, EFFECT_STOP), k->epochs < 0 && !k->maintenance);
                cluster_end(&c);
        }
}

/* ---- the state for those who ask ---- */

/* The lowest synced member sends it. When it says nothing the next one does, but not before a
 * state that is under way could have come: each further one makes all of them slower. */
static void test_next_member_sends_the_state(void **state)
{
        Cluster c;
        Message m;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        m = next_message(&c, ABC, DEF, MESSAGE_LEAVE);
        m.number++;
        hear(&c, ABC, DEF, &m);
        assert_false(engine_is_synced(c.engine[DEF]));
        c.member[ABC] = false; /* hears nothing, and the others don't know */
        cluster_deliver(&c);
        assert_false(engine_is_synced(c.engine[DEF]));
        cluster_at(&c, BCD, c.now + STATE_USEC - 1);
        cluster_deliver(&c);
        assert_false(engine_is_synced(c.engine[DEF]));
        cluster_at(&c, BCD, c.now + 1);
        cluster_deliver(&c);
        assert_true(engine_is_synced(c.engine[DEF]));
        c.member[ABC] = true;
        cluster_end(&c);
}

/* A second member sends the state as well, and it comes late: def has been synced since, has carried out more, and has lost
 * the state again by a silent quorum. What it is past by now does not make it synced. */
/* `last`: those facts were the last that def sent before it lost quorum. */
static void take_no_late_state(bool last)
{
        ByteWriter w = {};
        Cluster c;
        Message late;

        cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
        cluster_quorum_on(&c, DEF, c.ring, false);
        cluster_quorum_on(&c, DEF, c.ring, true);
        cluster_deliver(&c);
        assert_true(engine_is_synced(c.engine[DEF]));
        state_encode(&c.engine[BCD]->here.me.agreed.state, STATE_FULL, c.now, &w);
        assert_int_equal(w.error, 0);
        cluster_command(&c, BCD, 1, COMMAND_STOP, "distro", "");
        cluster_deliver(&c);
        assert_false(cluster_distro(&c, DEF)->target_up);

        cluster_quorum_on(&c, DEF, c.ring, false);
        cluster_deliver(&c);
        c.member[ABC] = c.member[BCD] = false; /* hear of its return a little later */
        cluster_quorum_on(&c, DEF, c.ring, true);
        late = next_message(&c, BCD, DEF, MESSAGE_STATE);
        late.state = (StateMessage){
                .numbers = &(struct StateNumber){ .member = { DEF, DEF },
                                .number = c.engine[DEF]->here.me.peers[DEF - 1].facts_number },
                .n_numbers = 1,
                .state = w.data,
                .state_size_bytes = w.size_bytes
        };
        if (last)
                c.engine[DEF]->here.me.in_view.facts_floor =
                                c.engine[DEF]->here.me.peers[DEF - 1].facts_number;
        hear(&c, BCD, DEF, &late);
        assert_false(engine_is_synced(c.engine[DEF]));

        c.engine[BCD]->here.me.in_view.number++; /* it was its own message */
        c.engine[ABC]->here.me.peers[BCD - 1].number++;
        c.engine[BCD]->here.me.peers[BCD - 1].number++;
        c.member[ABC] = c.member[BCD] = true;
        cluster_deliver(&c);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        assert_true(engine_is_synced(c.engine[DEF]));
        assert_false(cluster_distro(&c, DEF)->target_up);
        assert_int_equal(state_digest(&c.engine[DEF]->here.me.agreed.state),
                        state_digest(&c.engine[ABC]->here.me.agreed.state));
        byte_writer_done(&w);
        cluster_end(&c);
}

static void test_late_state_is_not_taken(void **state)
{
        take_no_late_state(false);
        take_no_late_state(true);
}

/* The group knows as many nodes as it can, some that were removed among them, and a state does not hold the newcomer's: it says
 * so and ends, instead of taking itself for synced with a state that stops its workers. */
static void test_no_room_for_a_node(void **state)
{
        (void) state;
        for (int room = 0; room < 2; room++) {
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
                for (uint32_t i = ABC; i <= BCD; i++) {
                        State *s = &c.engine[i]->here.me.agreed.state;

                        state_remove_node(s, state_find_node(s, DEF));
                        for (uint32_t id = 100; s->n_nodes < NODES_MAX - (size_t) room; id++)
                                assert_non_null(state_add_node(s, id, "old"));
                }
                cluster_quorum_on(&c, DEF, c.ring, false);
                cluster_deliver(&c);
                cluster_quorum_on(&c, DEF, c.ring, true);
                cluster_deliver(&c);
                assert_int_equal(engine_is_synced(c.engine[DEF]), room);
                assert_int_equal(cluster_count(&c, DEF, EFFECT_EXIT), !room);
                assert_true(engine_is_synced(c.engine[ABC]) && engine_is_synced(c.engine[BCD]));
                cluster_end(&c);
        }
}

/* bcd loses quorum after abc has sent the state that def waits for, and before it is delivered: def knows of it all the same. */
static void test_quorum_goes_before_the_state_comes(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
        cluster_quorum_on(&c, DEF, c.ring, false);
        cluster_deliver(&c);
        cluster_quorum_on(&c, DEF, c.ring, true);
        cluster_quorum_on(&c, BCD, c.ring, false);
        cluster_deliver(&c);
        assert_true(engine_is_synced(c.engine[DEF]));
        assert_int_equal(node_at(&c, ABC, BCD)->presence, PRESENCE_SYNCING);
        assert_int_equal(node_at(&c, DEF, BCD)->presence, PRESENCE_SYNCING);
        cluster_end(&c);
}

/* def has the state, and where its file differs is under way when abc is lost: nothing is placed on it before that is known. */
static void test_files_are_known_before_a_start(void **state)
{
        static const char *const names[] = { "abc", "bcd", "def", NULL };
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        cluster_definition_on(&c, DEF, "distro", names, USEC_PER_SEC);
        cluster_deliver(&c);
        for (uint32_t i = ABC; i <= DEF; i++) {
                App *a = cluster_distro(&c, i);

                app_remove_variant(a, app_find_variant(a, DEF));
                state_find_node(&c.engine[i]->here.me.agreed.state, DEF)->presence = PRESENCE_REPORTED;
                state_find_node(&c.engine[i]->here.me.agreed.state, BCD)->standby = true;
        }
        c.member[ABC] = false;
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_int_equal(node_at(&c, BCD, DEF)->presence, PRESENCE_SYNCED);
        assert_non_null(app_find_variant(cluster_distro(&c, BCD), DEF));
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 0);
        cluster_end(&c);
}

/* ---- maintenance ---- */

static void maintenance(Cluster *c, uint64_t token, bool on)
{
        Event event = { .type = EVENT_COMMAND, .command.token = token };

        event.command.command =
                        (Command){ .kind = COMMAND_MAINTENANCE, .app = (char *) "distro", .flag = on };
        cluster_step(c, BCD, &event);
        cluster_deliver(c);
}

/* After maintenance nothing is decided before every member has said what it runs. */
static void test_all_report_after_maintenance(void **state)
{
        Cluster c;

        cluster_begin_running(&c, NO_QUORUM_STOP, 0);
        maintenance(&c, 1, true);
        cluster_unit_is(&c, ABC, "distro", UNIT_STOPPED);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 0);

        c.member[DEF] = false; /* what it says comes late */
        maintenance(&c, 2, false);
        assert_int_equal(cluster_distro(&c, BCD)->n_owed, 1);
        assert_int_equal(cluster_distro(&c, BCD)->owed[0], DEF);
        assert_int_equal(cluster_distro(&c, BCD)->owner, ABC);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 0);
        for (uint32_t node = ABC; node <= BCD; node++) {
                Message m = next_message(&c, DEF, node, MESSAGE_RESULT);

                m.result = (ResultMessage){ .app = (char *) "distro", .state = UNIT_STARTING, .epoch = 1 };
                hear(&c, DEF, node, &m);
        }
        cluster_deliver(&c);
        assert_int_equal(cluster_distro(&c, BCD)->n_owed, 0);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
        c.member[DEF] = true;
        cluster_end(&c);
}

/* A leave where there is no quorum stops the worker here, but not one in maintenance. */
static void test_leave_alone_in_maintenance(void **state)
{
        for (int on = 0; on <= 1; on++) {
                Event leave = { .type = EVENT_LEAVE,
                        .leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false) };
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_FREEZE, 0);
                maintenance(&c, 1, on);
                c.member[BCD] = c.member[DEF] = false;
                cluster_new_ring(&c);
                cluster_quorum(&c, false);
                cluster_step(&c, ABC, &leave);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), on ? 0 : 1);
                assert_int_equal(cluster_count(&c, ABC, EFFECT_LEFT), on ? 1 : 0);
                cluster_end(&c);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_gap_makes_unsynced),
                cmocka_unit_test(test_repeated_message_is_no_news),
                cmocka_unit_test(test_other_incarnation_is_refused),
                cmocka_unit_test(test_earlier_view_is_refused),
                cmocka_unit_test(test_result_names_its_copy),
                cmocka_unit_test(test_expiry_names_its_timer),
                cmocka_unit_test(test_command_is_sent_again),
                cmocka_unit_test(test_result_is_sent_again),
                cmocka_unit_test(test_expiry_is_sent_again),
                cmocka_unit_test(test_unsent_is_no_gap),
                cmocka_unit_test(test_nobody_has_the_state),
                cmocka_unit_test(test_states_that_cannot_be_used),
                cmocka_unit_test(test_commonest_digest_is_believed),
                cmocka_unit_test(test_quorum_goes_in_a_decided_view),
                cmocka_unit_test(test_quorum_goes_everywhere),
                cmocka_unit_test(test_forming_after_facts),
                cmocka_unit_test(test_older_copy_while_forming_waits),
                cmocka_unit_test(test_next_member_sends_the_state),
                cmocka_unit_test(test_late_state_is_not_taken),
                cmocka_unit_test(test_no_room_for_a_node),
                cmocka_unit_test(test_quorum_goes_before_the_state_comes),
                cmocka_unit_test(test_files_are_known_before_a_start),
                cmocka_unit_test(test_all_report_after_maintenance),
                cmocka_unit_test(test_leave_alone_in_maintenance),
        };

        return cmocka_run_group_tests_name("engine: messages", tests, NULL, NULL);
}
