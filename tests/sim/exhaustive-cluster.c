/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The three nodes: what an engine asks for, rings and the order of messages, managers, units, disks. */

#include "digest.h"
#include "exhaustive-internal.h"
#include "engine/agreed/node.h"

/* ---- the engine and what it asks for ---- */

unsigned host_index(const Model *m, const Host *h)
{
        return (unsigned) (h - m->hosts);
}

static size_t app_index(const char *name)
{
        return streq(name, apps[0]) ? 0 : 1;
}

/* A start is right where no other copy lives in the ring, and the epoch is new. start-first finds one at most. */
static void judge_start(Model *m, const Host *h, const Effect *f)
{
        size_t app = app_index(f->app), n = 0;

        for (size_t i = 0; i < MODEL_NODES; i++) {
                const Host *o = &m->hosts[i];

                if (!o->up || !(h->ring_mask & 1u << i) || o->units[app].state == UNIT_NONE ||
                                o->units[app].gone)
                        continue;
                n++;
                if (o == h)
                        wrong(m, "%s is started on %s, where it is at work", f->app, names[i]);
                else if (!m->config->start_first || f->start_type != START_TAKEOVER || n > 1)
                        wrong(m, "%s is started on %s while %s of the same ring runs it", f->app,
                                        names[host_index(m, h)], names[i]);
        }
        if (!engine_is_quorate(h->brain->engine))
                wrong(m, "%s is started on %s without quorum", f->app, names[host_index(m, h)]);
        for (size_t i = 0; i < m->n_starts[app]; i++)
                if (m->starts[app][i] == f->epoch)
                        wrong(m, "epoch %llx of %s is started twice", (unsigned long long) f->epoch, f->app);
        ASSERT(m->n_starts[app] < STARTS_MAX);
        m->starts[app][m->n_starts[app]++] = f->epoch;
}

static void host_unit_stop(Host *h, const Effect *f, bool kill)
{
        Unit *u = &h->units[app_index(f->app)];

        if (u->state == UNIT_NONE || u->epoch != f->epoch)
                return;
        u->state = UNIT_STOPPING;
        u->gone = u->gone || kill;
}

static void host_write(Host *h, Effect *f)
{
        Message *bytes = calloc(1, sizeof(*bytes));

        ASSERT(bytes);
        bytes->type = MESSAGE_STATE;
        bytes->state.state = TAKE_PTR(f->data);
        bytes->state.state_size_bytes = f->data_size_bytes;
        letter_unref(h->next_record);
        h->next_record = letter_new(bytes, 0);
        h->written = f->revision;
        h->writes = true;
}

static void host_queue(Host *h, Letter *l)
{
        ASSERT(h->n_queue < QUEUE_MAX);
        h->queue[h->n_queue++] = l;
}

void host_end_manager(Model *m, Host *h, bool planned)
{
        if (!h->brain)
                return;
        h->brain = brain_unref(h->brain);
        host_drop_queue(h);
        host_forget_write(h);
        h->pid = 0;
        h->rejoins = false;
        if (!planned && h->guard_usec == 0)
                h->guard_usec = m->now_usec + GRACE_USEC / 2;
}

/* Of several that are under way any may be carried out first. */
static void model_answer(Model *m, const Effect *f)
{
        m->n_open--;
        if (f->error == COMMAND_OK && f->token == m->n_asked && m->asked != WISH_EITHER)
                m->wish = m->asked;
}

static void host_carry_out(Model *m, Host *h, EffectList *l)
{
        bool ends = false;

        for (size_t i = 0; i < l->n_effects; i++) {
                Effect *f = &l->effects[i];

                if (f->type == EFFECT_SEND)
                        host_queue(h, letter_new(TAKE_PTR(f->message), 0));
                else if (f->type == EFFECT_PROBE)
                        host_queue(h, letter_new(NULL, f->token));
                else if (f->type == EFFECT_REJOIN)
                        h->rejoins = true;
                else if (f->type == EFFECT_START) {
                        judge_start(m, h, f);
                        h->units[app_index(f->app)] = (Unit){ .epoch = f->epoch, .state = UNIT_STARTING };
                } else if (f->type == EFFECT_STOP || f->type == EFFECT_KILL)
                        host_unit_stop(h, f, f->type == EFFECT_KILL);
                else if (f->type == EFFECT_WRITE)
                        host_write(h, f);
                else if (f->type == EFFECT_SYNCED)
                        h->guard_usec = 0;
                else if (f->type == EFFECT_REPLY)
                        model_answer(m, f);
                else if (f->type == EFFECT_LEFT || f->type == EFFECT_EXIT)
                        ends = true;
        }
        if (ends)
                host_end_manager(m, h, true);
}

void host_step(Model *m, Host *h, Event *event)
{
        EffectList effects = {};

        if (!h->brain)
                return;
        event->now_usec = m->now_usec;
        event->realtime_usec = UINT64_C(1750000000) * USEC_PER_SEC + m->now_usec;
        ASSERT(engine_step(host_engine(h), event, &effects) == 0);
        if (m->config->digest)
                digest_effects(m->config->digest, m->now_usec, host_index(m, h) + 1, &effects);
        for (size_t i = 0; i < effects.n_effects; i++)
                if (effects.effects[i].type != EFFECT_PROBE && effects.effects[i].type != EFFECT_CHANGED)
                        m->busy_usec = m->now_usec;
        host_carry_out(m, h, &effects);
        effect_list_done(&effects);
}

/* ---- rings and the group ---- */

/* The nodes that this one hears, itself included. */
uint8_t host_hears(const Model *m, const Host *h)
{
        uint8_t mask = 0;

        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].up && m->hosts[i].part == h->part)
                        mask |= (uint8_t) (1u << i);
        return mask;
}

bool host_ring_is_whole(const Model *m, const Host *h)
{
        if (!h->up || h->ring_mask != host_hears(m, h))
                return false;
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (h->ring_mask & 1u << i && ring_compare(&m->hosts[i].ring, &h->ring) != 0)
                        return false;
        return true;
}

static bool host_has_quorum(const Host *h)
{
        return (size_t) __builtin_popcount(h->ring_mask) * 2 > MODEL_NODES;
}

static void host_view(Model *m, Host *h, ViewChange change, uint32_t joined_node)
{
        Member members[MODEL_NODES], joined = {};
        uint32_t nodes[MODEL_NODES];
        Event event = { .type = EVENT_VIEW };
        size_t n = 0, n_nodes = 0;

        for (size_t i = 0; i < MODEL_NODES; i++) {
                const Host *o = &m->hosts[i];

                if (!(h->ring_mask & 1u << i))
                        continue;
                nodes[n_nodes++] = (uint32_t) i + 1;
                if (o->brain && o->pid != 0)
                        members[n++] = (Member){ .node_id = (uint32_t) i + 1, .pid = o->pid };
                if (i + 1 == joined_node)
                        joined = (Member){ .node_id = joined_node, .pid = o->pid };
        }
        event.view.change = change;
        event.view.ring = h->ring;
        event.view.members = members;
        event.view.n_members = n;
        event.view.joined = &joined;
        event.view.n_joined = joined_node != 0;
        event.view.ring_nodes = nodes;
        event.view.n_ring_nodes = n_nodes;
        h->history = hash64_add(change == VIEW_RING ? HASH64_INIT ^ h->ring.seq : h->history, members,
                        n * sizeof(Member));
        host_step(m, h, &event);
}

static void host_quorum(Model *m, Host *h)
{
        Event event = { .type = EVENT_QUORUM };

        event.quorum.ring = h->ring;
        event.quorum.quorate = host_has_quorum(h);
        host_step(m, h, &event);
}

void model_ring(Model *m, uint8_t mask, bool carry)
{
        uint64_t seq = 0;
        RingId ring;

        for (size_t i = 0; i < MODEL_NODES; i++)
                if (mask & 1u << i)
                        seq = MAX(seq, m->hosts[i].ring.seq);
        ring = (RingId){ .node_id = (uint32_t) __builtin_ctz(mask) + 1, .seq = seq + RING_STEP };
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (mask & 1u << i) {
                        m->hosts[i].ring = ring;
                        m->hosts[i].ring_mask = mask;
                        if (!carry)
                                host_drop_queue(&m->hosts[i]);
                }
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (mask & 1u << i && m->hosts[i].pid != 0) {
                        host_view(m, &m->hosts[i], VIEW_RING, 0);
                        host_quorum(m, &m->hosts[i]);
                }
        m->n_torn = 0;
}

/* A process has joined or left, in a ring that is whole. */
static void model_process(Model *m, uint8_t mask, uint32_t joined_node, bool carry)
{
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &m->hosts[i];

                if (!(mask & 1u << i) || h->pid == 0)
                        continue;
                if (!carry)
                        host_drop_queue(h);
                if (i + 1 == joined_node)
                        h->history = HASH64_INIT ^ h->ring.seq;
                host_view(m, h, VIEW_PROCESS, joined_node);
                if (i + 1 == joined_node)
                        host_quorum(m, h);
        }
}

/* Members that agree on what was delivered, from the same view on, hold the same. */
static void judge_states(Model *m)
{
        for (size_t i = 0; i < MODEL_NODES; i++)
                for (size_t j = i + 1; j < MODEL_NODES; j++) {
                        const Host *a = &m->hosts[i], *b = &m->hosts[j];

                        if (!a->brain || !b->brain || a->history != b->history ||
                                        !engine_is_synced(a->brain->engine) ||
                                        !engine_is_synced(b->brain->engine))
                                continue;
                        if (state_digest(engine_state(a->brain->engine)) !=
                                        state_digest(engine_state(b->brain->engine)))
                                wrong(m, "%s and %s have heard the same and hold different states", names[i],
                                                names[j]);
                }
}

void model_order(Model *m, Host *h, unsigned except)
{
        Letter *l = h->queue[0];
        Event event = { .type = EVENT_PROBE };
        uint8_t reach = host_ring_is_whole(m, h) ? h->ring_mask : (uint8_t) (h->ring_mask & host_hears(m, h));
        uint32_t from = host_index(m, h) + 1, pid = h->pid;

        host_shift_queue(h);
        if (!host_ring_is_whole(m, h))
                m->n_torn--;
        if (!l->message) {
                event.probe.number = l->probe;
                host_step(m, h, &event);
                letter_unref(l);
                return;
        }
        event.type = EVENT_MESSAGE;
        event.message.sender = (Member){ .node_id = from, .pid = pid };
        event.message.message = l->message;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *o = &m->hosts[i];

                if (!(reach & 1u << i) || o->pid == 0 || i + 1 == except)
                        continue;
                o->history = hash64_add(o->history, &l->fingerprint, sizeof(l->fingerprint));
                host_step(m, o, &event);
        }
        letter_unref(l);
        judge_states(m);
}

/* ---- nodes and managers ---- */

static const char *const nodes_of[MODEL_APPS][MODEL_NODES] = { { "abc", "bcd", "def" },
        { "bcd", "abc", "def" } };

static void host_definitions(Model *m, Host *h)
{
        NodePriority nodes[MODEL_APPS][MODEL_NODES];
        Definition d[MODEL_APPS];
        Event event = { .type = EVENT_DEFINITIONS };

        for (size_t i = 0; i < m->config->n_apps; i++) {
                for (size_t j = 0; j < MODEL_NODES; j++)
                        nodes[i][j] = (NodePriority){ .name = (char *) nodes_of[i][j], .tier = (uint32_t) j };
                d[i] = (Definition){
                        .name = (char *) apps[i],
                        .nodes = nodes[i],
                        .n_nodes = MODEL_NODES,
                        .failover_delay_usec = m->config->delay_usec,
                        .failure_timeout_usec = 600 * USEC_PER_SEC,
                        .weight = 1,
                        .takeover_mode = m->config->start_first ? TAKEOVER_START_FIRST : TAKEOVER_STOP_FIRST,
                        .takeover_automatic = true,
                        .enabled = true,
                        .digest = i + 1,
                };
        }
        event.definitions.definitions = d;
        event.definitions.n_definitions = m->config->n_apps;
        host_step(m, h, &event);
}

static void host_connected(Model *m, Host *h)
{
        Event event = { .type = EVENT_CONNECTED };

        h->pid = 100 + (uint32_t) (m->now_usec / USEC_PER_MSEC % 10000) * 10 + ++h->boot % 10;
        event.connected.incarnation = h->boot * 100 + host_index(m, h) + 1;
        event.connected.pid = h->pid;
        event.connected.token_usec = TOKEN_USEC;
        event.connected.consensus_usec = CONSENSUS_USEC;
        host_step(m, h, &event);
}

static void host_start_manager(Model *m, Host *h)
{
        EngineNode nodes[MODEL_NODES];
        EngineConfig config = {
                .node_id = host_index(m, h) + 1,
                .nodes = nodes,
                .n_nodes = MODEL_NODES,
                .sync_timeout_usec = 30 * USEC_PER_SEC,
                .skip_sync_wait = true,
                .no_quorum_policy = NO_QUORUM_STOP,
                .grace_usec = GRACE_USEC,
                .boot_id = 1 + h->boot / 100,
                .record_kind = h->record ? RECORD_VALID : RECORD_BLANK,
                .record = h->record ? h->record->message->state.state : NULL,
                .record_size_bytes = h->record ? h->record->message->state.state_size_bytes : 0,
        };
        Engine *e;

        for (size_t i = 0; i < MODEL_NODES; i++)
                nodes[i] = (EngineNode){ .id = (uint32_t) i + 1, .name = names[i] };
        ASSERT(engine_new(&config, &e) == 0);
        h->brain = brain_new(e);
        for (size_t i = 0; i < m->config->n_apps; i++) {
                Event event = { .type = EVENT_UNIT };
                Unit *u = &h->units[i];

                if (u->gone)
                        *u = (Unit){};
                if (u->state == UNIT_NONE)
                        continue;
                event.unit.app = apps[i];
                event.unit.epoch = u->epoch;
                event.unit.state = u->state;
                host_step(m, h, &event);
        }
        host_definitions(m, h);
        host_connected(m, h);
}

void model_manager_start(Model *m, Host *h, bool carry)
{
        host_start_manager(m, h);
        model_process(m, h->ring_mask, host_index(m, h) + 1, carry);
}

void model_kill(Model *m, Host *h, bool carry)
{
        host_end_manager(m, h, false);
        if (host_ring_is_whole(m, h))
                model_process(m, h->ring_mask, 0, carry);
}

void host_down(Model *m, Host *h)
{
        host_end_manager(m, h, true);
        memset(h->units, 0, sizeof(h->units));
        h->guard_usec = 0;
        h->up = false;
        h->ring_mask = 0;
        h->boot = (h->boot / 100 + 1) * 100;
        m->n_torn = 1;
}

/* Nobody hears the new Corosync until the ring has formed with it; its number lies on the disk. */
void host_up(Host *h)
{
        h->up = true;
        h->ring_mask = 0;
        h->part = 0;
}

void host_rejoin(Model *m, Host *h)
{
        uint8_t mask = h->ring_mask;

        h->rejoins = false;
        host_drop_queue(h);
        h->pid = 0;
        model_process(m, mask, 0, true);
        host_connected(m, h);
        model_process(m, mask, host_index(m, h) + 1, true);
}

/* ---- units, disks, commands ---- */

void host_unit(Model *m, Host *h, size_t app, UnitState state)
{
        Event event = { .type = EVENT_UNIT };
        Unit *u = &h->units[app];

        event.unit.app = apps[app];
        event.unit.epoch = u->epoch;
        event.unit.state = state;
        event.unit.reason = state == UNIT_FAILED ? "exit-code" : NULL;
        if (m->config->digest && state != UNIT_RUNNING)
                digest_words(m->config->digest, "%u end %s %llx", host_index(m, h) + 1, apps[app],
                                (unsigned long long) u->epoch);
        if (state == UNIT_RUNNING)
                u->state = state;
        else
                *u = (Unit){};
        host_step(m, h, &event);
}

void host_written(Model *m, Host *h)
{
        Event event = { .type = EVENT_WRITTEN };

        letter_unref(h->record);
        h->record = TAKE_PTR(h->next_record);
        h->writes = false;
        event.written.revision = h->written;
        host_step(m, h, &event);
}

void host_command(Model *m, Host *h, unsigned which)
{
        Event event = { .type = EVENT_COMMAND };

        event.command.token = ++m->n_asked;
        event.command.command = (Command){ .kind = commands[which].kind,
                .app = (char *) apps[0],
                .node = (char *) commands[which].node,
                .force = true };
        m->asked = m->n_open > 0 ? WISH_EITHER : commands[which].wish;
        if (m->n_open++ > 0)
                m->wish = WISH_EITHER;
        if (m->asked != WISH_EITHER && m->asked != m->wish)
                m->wish = WISH_EITHER;
        host_step(m, h, &event);
}
