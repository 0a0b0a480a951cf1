/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-cluster.h"

static const EngineNode nodes[] = { { ABC, "abc" }, { BCD, "bcd" }, { DEF, "def" } };

static void enqueue(Cluster *c, Sent s)
{
        assert_true(c->n_queue < ELEMENTSOF(c->queue));
        c->queue[c->n_queue++] = s;
}

static void carry_out(Cluster *c, uint32_t node, Effect *f)
{
        Logged *l = &c->log[c->n_log];
        Event back = {};

        if (f->type == EFFECT_SEND) {
                c->n_sent[node]++;
                c->may_wait[node] = f->may_wait;
                enqueue(c, (Sent){ .sender = { node, node }, .message = TAKE_PTR(f->message) });
                return;
        }
        if (f->type == EFFECT_CHANGED || f->type == EFFECT_NOTE)
                return;
        assert_true(c->n_log < LOG_MAX);
        *l = (Logged){ .node = node,
                .type = f->type,
                .epoch = f->epoch,
                .token = f->token,
                .start_type = f->start_type,
                .error = f->error,
                .final = f->final };
        c->n_log++;
        if (f->type == EFFECT_PROBE && !c->hold_probes) {
                back.type = EVENT_PROBE;
                back.probe.number = f->token;
                enqueue(c, (Sent){ .back_to = node, .back = back });
        } else if (f->type == EFFECT_WRITE && !c->hold_writes[node]) {
                back.type = EVENT_WRITTEN;
                back.written.revision = f->revision;
                enqueue(c, (Sent){ .back_to = node, .back = back });
        }
}

void cluster_step(Cluster *c, uint32_t node, Event *event)
{
        EffectList effects = {};

        event->now_usec = c->now;
        event->realtime_usec = c->now + 77;
        assert_int_equal(engine_step(c->engine[node], event, &effects), 0);
        for (size_t i = 0; i < effects.n_effects; i++)
                carry_out(c, node, &effects.effects[i]);
        effect_list_done(&effects);
}

void cluster_deliver_one(Cluster *c)
{
        Sent s = c->queue[0];
        Event event = { .type = EVENT_MESSAGE };

        ARRAY_CLOSE(c->queue, c->n_queue, 0);
        if (s.back_to != 0) {
                cluster_step(c, s.back_to, &s.back);
                return;
        }
        event.message.sender = s.sender;
        event.message.message = s.message;
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        cluster_step(c, i, &event);
        message_free(s.message);
}

void cluster_deliver(Cluster *c)
{
        while (c->n_queue > 0)
                cluster_deliver_one(c);
}

/* What was not sent yet is dropped with a view; disks go on. */
static void drop(Cluster *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n_queue; i++)
                if (c->queue[i].back.type == EVENT_WRITTEN)
                        c->queue[n++] = c->queue[i];
                else
                        message_free(c->queue[i].message);
        c->n_queue = n;
}

void cluster_at(Cluster *c, uint32_t node, uint64_t usec)
{
        Event event = { .type = EVENT_TIME };

        c->now = MAX(c->now, usec);
        cluster_step(c, node, &event);
}

static void tell_view(Cluster *c, ViewChange change, const uint32_t *ids, size_t n_ids)
{
        Member members[N_NODES];
        Event event = { .type = EVENT_VIEW };
        size_t n = 0;

        drop(c);
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        members[n++] = (Member){ i, i };
        event.view.change = change;
        event.view.ring = c->ring;
        event.view.members = members;
        event.view.n_members = n;
        event.view.ring_nodes = ids;
        event.view.n_ring_nodes = n_ids;
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        cluster_step(c, i, &event);
}

void cluster_new_ring(Cluster *c)
{
        uint32_t ids[N_NODES];
        size_t n = 0;

        c->ring = (RingId){ .node_id = ABC, .seq = c->ring.seq + 4 };
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        ids[n++] = i;
        tell_view(c, VIEW_RING, ids, n);
}

void cluster_new_ring_of_all(Cluster *c, uint64_t seq)
{
        static const uint32_t ids[] = { ABC, BCD, DEF };

        c->ring = (RingId){ .node_id = ABC, .seq = seq };
        tell_view(c, VIEW_RING, ids, ELEMENTSOF(ids));
}

void cluster_manager_gone(Cluster *c, uint32_t node)
{
        static const uint32_t ids[] = { ABC, BCD, DEF };

        c->member[node] = false;
        tell_view(c, VIEW_PROCESS, ids, ELEMENTSOF(ids));
        cluster_deliver(c);
}

void cluster_all_at(Cluster *c, uint64_t usec)
{
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        cluster_at(c, i, usec);
        cluster_deliver(c);
}

void cluster_quorum_on(Cluster *c, uint32_t node, RingId ring, bool quorate)
{
        Event event = { .type = EVENT_QUORUM, .quorum.ring = ring, .quorum.quorate = quorate };

        cluster_step(c, node, &event);
}

void cluster_quorum(Cluster *c, bool quorate)
{
        for (uint32_t i = 1; i <= N_NODES; i++)
                if (c->member[i])
                        cluster_quorum_on(c, i, c->ring, quorate);
        cluster_deliver(c);
}

void cluster_connect(Cluster *c, uint32_t node)
{
        Event event = { .type = EVENT_CONNECTED };

        event.connected.incarnation = 100 + node;
        event.connected.pid = node;
        event.connected.token_usec = CLUSTER_TOKEN;
        event.connected.consensus_usec = CLUSTER_CONSENSUS;
        cluster_step(c, node, &event);
        c->member[node] = true;
}

void cluster_report(Cluster *c, uint32_t node, uint64_t epoch, UnitState state)
{
        CopyFact copy = { .app = (char *) "distro", .epoch = epoch, .state = state };
        FactsMessage facts = { .version_min = 1,
                .version_max = 1,
                .node_name = (char *) (node == ABC ? "abc" : "bcd"),
                .grace_usec = CLUSTER_GRACE,
                .boot_id = node,
                .record = RECORD_VALID,
                .can_write = true,
                .guarded = true,
                .fused = true,
                .realtime_usec = c->now,
                .copies = &copy,
                .n_copies = epoch != 0 };
        EffectList effects = {};
        Member sender = { node, node };

        c->engine[DEF]->here.me.agreed.out.effects = &effects;
        apply_facts(&c->engine[DEF]->here.me.agreed, &sender, &facts, false);
        apply_finish(&c->engine[DEF]->here.me.agreed);
        c->engine[DEF]->here.me.agreed.out.effects = NULL;
        effect_list_done(&effects);
}

void cluster_unit_is(Cluster *c, uint32_t node, const char *app, UnitState state)
{
        Event event = { .type = EVENT_UNIT };

        event.unit.app = app;
        event.unit.epoch = state_find_app(&c->engine[node]->here.me.agreed.state, app)->last_epoch;
        event.unit.state = state;
        cluster_step(c, node, &event);
        cluster_deliver(c);
}

void cluster_definition_on(
                Cluster *c, uint32_t node, const char *app, const char *const *names, uint64_t delay_usec)
{
        NodePriority list[N_NODES] = {};
        Definition d = { .name = (char *) app,
                .nodes = list,
                .failover_delay_usec = delay_usec,
                .weight = 1,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .takeover_automatic = true,
                .enabled = true,
                .needs_end = c->needs_end,
                .digest = 5 + delay_usec / USEC_PER_MSEC + (c->needs_end ? UINT64_C(1) << 60 : 0) };
        Event event = { .type = EVENT_DEFINITIONS };

        for (size_t i = 0; i < N_NODES && names[i]; i++)
                list[d.n_nodes++] = (NodePriority){ .name = (char *) names[i], .tier = (uint32_t) i };
        event.definitions.definitions = &d;
        event.definitions.n_definitions = 1;
        cluster_step(c, node, &event);
}

void cluster_make_engine(Cluster *c, uint32_t node, NoQuorumPolicy policy, RecordKind kind)
{
        EngineConfig config = { .node_id = node,
                .nodes = nodes,
                .n_nodes = N_NODES,
                .grace_usec = CLUSTER_GRACE,
                .boot_id = node,
                .sync_timeout_usec = USEC_PER_SEC,
                .no_quorum_policy = policy,
                .record_kind = kind };

        assert_int_equal(engine_new(&config, &c->engine[node]), 0);
}

static void begin(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec, bool needs_end)
{
        static const char *const names[] = { "abc", "bcd", "def" };

        *c = (Cluster){ .now = CLUSTER_START, .ring.seq = 4, .needs_end = needs_end };
        for (uint32_t i = 1; i <= N_NODES; i++) {
                cluster_make_engine(c, i, policy, RECORD_BLANK);
                cluster_definition_on(c, i, "distro", names, delay_usec);
                cluster_connect(c, i);
        }
        cluster_new_ring(c);
        cluster_quorum(c, true);
}

void cluster_begin(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec)
{
        begin(c, policy, delay_usec, false);
}

void cluster_end(Cluster *c)
{
        drop(c);
        for (uint32_t i = 1; i <= N_NODES; i++)
                engine_free(c->engine[i]);
}

size_t cluster_count(const Cluster *c, uint32_t node, EffectType type)
{
        size_t n = 0;

        FOREACH_ARRAY(l, c->log, c->n_log)
                n += l->node == node && l->type == type;
        return n;
}

static void begin_running(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec, bool needs_end)
{
        begin(c, policy, delay_usec, needs_end);
        assert_int_equal(cluster_count(c, ABC, EFFECT_START), 1);
        assert_int_equal(cluster_count(c, BCD, EFFECT_START) + cluster_count(c, DEF, EFFECT_START), 0);
        cluster_unit_is(c, ABC, "distro", UNIT_RUNNING);
        c->n_log = 0;
}

void cluster_begin_running(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec)
{
        begin_running(c, policy, delay_usec, false);
}

void cluster_begin_storage(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec)
{
        begin_running(c, policy, delay_usec, true);
}

uint64_t cluster_isolation_usec(void)
{
        return timing_of(CLUSTER_TOKEN, CLUSTER_CONSENSUS, 0, false).isolation_usec;
}

App *cluster_distro(const Cluster *c, uint32_t node)
{
        App *a = state_find_app(&c->engine[node]->here.me.agreed.state, "distro");

        assert_non_null(a);
        return a;
}

void cluster_command(
                Cluster *c, uint32_t node, uint64_t token, CommandKind kind, const char *app, const char *to)
{
        Event event = { .type = EVENT_COMMAND, .command.token = token };

        event.command.command = (Command){ .kind = kind, .app = (char *) app, .node = (char *) to };
        cluster_step(c, node, &event);
}

CommandError cluster_reply(const Cluster *c, uint64_t token)
{
        FOREACH_ARRAY(l, c->log, c->n_log)
                if (l->type == EFFECT_REPLY && l->token == token)
                        return l->error;
        return _COMMAND_ERROR_MAX;
}
