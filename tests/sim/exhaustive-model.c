/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "base/hash.h"
#include "exhaustive-model.h"

#define TOKEN_USEC (1 * USEC_PER_SEC)
#define CONSENSUS_USEC (2630 * USEC_PER_MSEC)
#define GRACE_USEC (15 * USEC_PER_SEC)
#define RING_STEP 4u
#define QUEUE_MAX 24u
#define STARTS_MAX 24u
#define CALM_USEC (60 * USEC_PER_SEC) /* after so long without anything but probes nothing comes any more */
#define CALM_STEPS 4096u

/* A message under way; shared by the copies of a model, never changed. */
typedef struct Letter {
        unsigned n_refs;
        uint64_t fingerprint;
        Message *message; /* NULL: a probe */
        uint64_t probe;
} Letter;

/* An engine; shared by the copies of a model until one of them steps it. */
typedef struct Brain {
        unsigned n_refs;
        Engine *engine;
        uint64_t fingerprint; /* 0: not known */
} Brain;

typedef struct Unit {
        uint64_t epoch;
        UnitState state; /* NONE; STARTING or STOPPING: something is about to be reported */
        bool gone;       /* no processes any more; its end has yet to be reported */
} Unit;

typedef struct Host {
        bool up;
        Brain *brain; /* NULL: no manager */
        uint32_t pid;
        uint8_t part, ring_mask;
        bool rejoins;
        RingId ring;
        uint64_t history; /* over what was delivered since the ring, in order */
        Letter *queue[QUEUE_MAX];
        size_t n_queue;
        Unit units[MODEL_APPS];
        uint64_t guard_usec; /* when it stops the workers; 0: disarmed */
        uint64_t boot;
        bool writes;
        Revision written;
        Letter *record, *next_record; /* the bytes, as a state message's */
} Host;

typedef enum Wish {
        WISH_UP,
        WISH_DOWN,
        WISH_EITHER, /* asked, not answered */
} Wish;

struct Model {
        const ModelConfig *config;
        uint64_t now_usec, busy_usec;
        unsigned n_faults_left;
        unsigned n_torn; /* messages that may still be ordered in a ring that is breaking */
        uint64_t starts[MODEL_APPS][STARTS_MAX]; /* epochs that were started, in order */
        size_t n_starts[MODEL_APPS];
        Wish wish;       /* of administrators, for the first application */
        uint64_t n_asked; /* commands; the last one's token */
        uint64_t n_open;  /* not answered yet */
        Wish asked;       /* what the last one wants; EITHER: it overlaps with another one */
        unsigned n_failed; /* workers */
        Host hosts[MODEL_NODES];
        char verdict[160];
};

static const char *const names[MODEL_NODES] = { "abc", "bcd", "def" };
static const char *const apps[MODEL_APPS] = { "distro", "web" };
static const struct {
        CommandKind kind;
        const char *node;
        const char *text;
        Wish wish;
} commands[] = {
        { COMMAND_STOP, "", "stop", WISH_DOWN },
        { COMMAND_START, "", "start", WISH_UP },
        { COMMAND_TAKEOVER, "def", "takeover def --force", WISH_EITHER },
        { COMMAND_RESTART, "", "restart", WISH_EITHER },
};

static void wrong(Model *m, const char *format, ...) _printf_(2, 3);

static void wrong(Model *m, const char *format, ...)
{
        va_list ap;

        if (m->verdict[0])
                return;
        va_start(ap, format);
        vsnprintf(m->verdict, sizeof(m->verdict), format, ap);
        va_end(ap);
}

const char *model_verdict(const Model *m)
{
        return m->verdict[0] ? m->verdict : NULL;
}

/* ---- what is shared ---- */

static Letter *letter_new(Message *message, uint64_t probe)
{
        Letter *l = calloc(1, sizeof(*l));

        ASSERT(l);
        *l = (Letter){ .n_refs = 1, .message = message, .probe = probe };
        l->fingerprint = message ? message_fingerprint(message) : probe;
        return l;
}

static Letter *letter_ref(Letter *l)
{
        if (l)
                l->n_refs++;
        return l;
}

static Letter *letter_unref(Letter *l)
{
        if (!l || --l->n_refs > 0)
                return NULL;
        message_free(l->message);
        free(l);
        return NULL;
}

static Brain *brain_new(Engine *e)
{
        Brain *b = calloc(1, sizeof(*b));

        ASSERT(b);
        *b = (Brain){ .n_refs = 1, .engine = e };
        return b;
}

static Brain *brain_unref(Brain *b)
{
        if (!b || --b->n_refs > 0)
                return NULL;
        engine_free(b->engine);
        free(b);
        return NULL;
}

/* The engine, to be stepped. */
static Engine *host_engine(Host *h)
{
        if (h->brain->n_refs > 1) {
                Brain *own = brain_new(engine_copy(h->brain->engine));

                brain_unref(h->brain);
                h->brain = own;
        }
        h->brain->fingerprint = 0;
        return h->brain->engine;
}

static void host_drop_queue(Host *h)
{
        for (size_t i = 0; i < h->n_queue; i++)
                letter_unref(h->queue[i]);
        h->n_queue = 0;
}

static void host_shift_queue(Host *h)
{
        h->n_queue--;
        memmove(h->queue, h->queue + 1, h->n_queue * sizeof(h->queue[0]));
}

static void host_forget_write(Host *h)
{
        h->writes = false;
        h->next_record = letter_unref(h->next_record);
}

/* ---- the engine and what it asks for ---- */

static unsigned host_index(const Model *m, const Host *h)
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

                if (!o->up || !(h->ring_mask & 1u << i) || o->units[app].state == UNIT_NONE || o->units[app].gone)
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

static void host_end_manager(Model *m, Host *h, bool planned)
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

static void host_step(Model *m, Host *h, Event *event)
{
        EffectList effects = {};

        if (!h->brain)
                return;
        event->now_usec = m->now_usec;
        event->realtime_usec = UINT64_C(1750000000) * USEC_PER_SEC + m->now_usec;
        ASSERT(engine_step(host_engine(h), event, &effects) == 0);
        for (size_t i = 0; i < effects.n_effects; i++)
                if (effects.effects[i].type != EFFECT_PROBE && effects.effects[i].type != EFFECT_CHANGED)
                        m->busy_usec = m->now_usec;
        host_carry_out(m, h, &effects);
        effect_list_done(&effects);
}

/* ---- rings and the group ---- */

/* The nodes that this one hears, itself included. */
static uint8_t host_hears(const Model *m, const Host *h)
{
        uint8_t mask = 0;

        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].up && m->hosts[i].part == h->part)
                        mask |= (uint8_t) (1u << i);
        return mask;
}

static bool host_ring_is_whole(const Model *m, const Host *h)
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
        h->history = hash64_add(change == VIEW_RING ? HASH64_INIT ^ h->ring.seq : h->history, members, n * sizeof(Member));
        host_step(m, h, &event);
}

static void host_quorum(Model *m, Host *h)
{
        Event event = { .type = EVENT_QUORUM };

        event.quorum.ring = h->ring;
        event.quorum.quorate = host_has_quorum(h);
        host_step(m, h, &event);
}

static void model_ring(Model *m, uint8_t mask, bool carry)
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

                        if (!a->brain || !b->brain || a->history != b->history || !engine_is_synced(a->brain->engine) ||
                            !engine_is_synced(b->brain->engine))
                                continue;
                        if (state_digest(engine_state(a->brain->engine)) != state_digest(engine_state(b->brain->engine)))
                                wrong(m, "%s and %s have heard the same and hold different states", names[i], names[j]);
                }
}

static void model_order(Model *m, Host *h, unsigned except)
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

static const char *const nodes_of[MODEL_APPS][MODEL_NODES] = { { "abc", "bcd", "def" }, { "bcd", "abc", "def" } };

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

static void model_manager_start(Model *m, Host *h, bool carry)
{
        host_start_manager(m, h);
        model_process(m, h->ring_mask, host_index(m, h) + 1, carry);
}

static void model_kill(Model *m, Host *h, bool carry)
{
        host_end_manager(m, h, false);
        if (host_ring_is_whole(m, h))
                model_process(m, h->ring_mask, 0, carry);
}

static void host_down(Model *m, Host *h)
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
static void host_up(Host *h)
{
        h->up = true;
        h->ring_mask = 0;
        h->part = 0;
}

static void host_rejoin(Model *m, Host *h)
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

static void host_unit(Model *m, Host *h, size_t app, UnitState state)
{
        Event event = { .type = EVENT_UNIT };
        Unit *u = &h->units[app];

        event.unit.app = apps[app];
        event.unit.epoch = u->epoch;
        event.unit.state = state;
        event.unit.reason = state == UNIT_FAILED ? "exit-code" : NULL;
        if (state == UNIT_RUNNING)
                u->state = state;
        else
                *u = (Unit){};
        host_step(m, h, &event);
}

static void host_written(Model *m, Host *h)
{
        Event event = { .type = EVENT_WRITTEN };

        letter_unref(h->record);
        h->record = TAKE_PTR(h->next_record);
        h->writes = false;
        event.written.revision = h->written;
        host_step(m, h, &event);
}

static void host_command(Model *m, Host *h, unsigned which)
{
        Event event = { .type = EVENT_COMMAND };

        event.command.token = ++m->n_asked;
        event.command.command = (Command){
                .kind = commands[which].kind, .app = (char *) apps[0], .node = (char *) commands[which].node, .force = true
        };
        m->asked = m->n_open > 0 ? WISH_EITHER : commands[which].wish;
        if (m->n_open++ > 0)
                m->wish = WISH_EITHER;
        if (m->asked != WISH_EITHER && m->asked != m->wish)
                m->wish = WISH_EITHER;
        host_step(m, h, &event);
}

/* ---- time ---- */

static uint64_t model_next_usec(const Model *m)
{
        uint64_t t = USEC_INFINITY;

        for (size_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                if (h->brain)
                        t = MIN(t, engine_deadline(h->brain->engine));
                if (h->guard_usec != 0)
                        t = MIN(t, h->guard_usec);
        }
        return t == USEC_INFINITY ? t : MAX(t, m->now_usec);
}

static void host_guard(Model *m, Host *h)
{
        h->guard_usec = 0;
        for (size_t i = 0; i < m->config->n_apps; i++)
                if (h->units[i].state != UNIT_NONE) {
                        h->units[i].gone = true;
                        h->units[i].state = UNIT_STOPPING;
                        if (!h->brain)
                                h->units[i] = (Unit){};
                        m->busy_usec = m->now_usec;
                }
}

static void model_pass(Model *m, uint64_t usec)
{
        Event event = { .type = EVENT_TIME };

        m->now_usec = usec;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &m->hosts[i];

                if (h->guard_usec != 0 && h->guard_usec <= usec)
                        host_guard(m, h);
                if (h->brain && engine_deadline(h->brain->engine) <= usec)
                        host_step(m, h, &event);
        }
}

static bool model_is_busy(const Model *m);

/* Until something but a probe goes on. */
static void model_time(Model *m)
{
        for (unsigned n = 0; n < CALM_STEPS; n++) {
                uint64_t next = model_next_usec(m);

                if (next == USEC_INFINITY || next > m->busy_usec + CALM_USEC) {
                        m->busy_usec = 0; /* calm for good */
                        return;
                }
                model_pass(m, next);
                for (size_t i = 0; i < MODEL_NODES; i++) {
                        Host *h = &m->hosts[i];

                        while (h->n_queue > 0 && !h->queue[0]->message && host_ring_is_whole(m, h))
                                model_order(m, h, 0);
                }
                if (model_is_busy(m))
                        return;
        }
        wrong(m, "an engine asks to be woken again and again");
}

/* ---- what can happen ---- */

static bool host_may_order(const Model *m, const Host *h)
{
        return h->n_queue > 0 && h->ring_mask != 0 && (host_ring_is_whole(m, h) || m->n_torn > 0);
}

static bool host_unit_is_due(const Host *h, size_t app)
{
        return h->units[app].state == UNIT_STARTING || h->units[app].state == UNIT_STOPPING;
}

static size_t list_due(const Model *m, Act *ret)
{
        size_t n = 0;

        for (uint8_t i = 0; m->config->fast_disks && i < MODEL_NODES; i++)
                if (m->hosts[i].writes) {
                        ret[0] = (Act){ .type = ACT_WRITTEN, .node = i };
                        return 1;
                }
        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];
                uint8_t hears = host_hears(m, h);
                bool queued = false;

                if (host_may_order(m, h))
                        ret[n++] = (Act){ .type = ACT_ORDER, .node = i };
                for (uint8_t app = 0; app < m->config->n_apps; app++)
                        if (host_unit_is_due(h, app))
                                ret[n++] = (Act){ .type = ACT_UNIT, .node = i, .app = app };
                if (h->writes)
                        ret[n++] = (Act){ .type = ACT_WRITTEN, .node = i };
                if (!h->up || host_ring_is_whole(m, h) || __builtin_ctz(hears) != i)
                        continue;
                for (size_t j = 0; j < MODEL_NODES; j++)
                        queued = queued || (hears & 1u << j && m->hosts[j].n_queue > 0);
                ret[n++] = (Act){ .type = ACT_RING, .node = i, .mask = hears };
                if (queued)
                        ret[n++] = (Act){ .type = ACT_RING, .node = i, .mask = hears, .flag = true };
        }
        return n;
}

static bool model_is_busy(const Model *m)
{
        Act acts[MODEL_ACTS_MAX];

        return list_due(m, acts) > 0;
}

static bool model_any_queue(const Model *m)
{
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].n_queue > 0)
                        return true;
        return false;
}

static size_t list_returns(const Model *m, Act *ret)
{
        size_t n = 0;
        bool cut = false;

        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                cut = cut || (h->up && h->part != 0);
                if (!h->up)
                        ret[n++] = (Act){ .type = ACT_UP, .node = i };
                else if (!h->brain && host_ring_is_whole(m, h)) {
                        ret[n++] = (Act){ .type = ACT_MANAGER_START, .node = i };
                        if (model_any_queue(m))
                                ret[n++] = (Act){ .type = ACT_MANAGER_START, .node = i, .flag = true };
                }
        }
        if (cut)
                ret[n++] = (Act){ .type = ACT_HEAL };
        return n;
}

static size_t list_faults(const Model *m, Act *ret)
{
        size_t n = 0;

        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                if (!h->up)
                        continue;
                ret[n++] = (Act){ .type = ACT_DOWN, .node = i };
                if (h->part == 0)
                        ret[n++] = (Act){ .type = ACT_CUT, .node = i };
                if (!h->brain)
                        continue;
                ret[n++] = (Act){ .type = ACT_KILL, .node = i };
                if (model_any_queue(m))
                        ret[n++] = (Act){ .type = ACT_KILL, .node = i, .flag = true };
                if (i < 2)
                        for (uint8_t k = 0; k < ELEMENTSOF(commands); k++)
                                ret[n++] = (Act){ .type = ACT_COMMAND, .node = i, .other = k };
                for (uint8_t app = 0; app < m->config->n_apps; app++)
                        if (h->units[app].state == UNIT_RUNNING)
                                ret[n++] = (Act){ .type = ACT_FAIL, .node = i, .app = app };
                for (uint8_t j = 0; host_may_order(m, h) && h->queue[0]->message && j < MODEL_NODES; j++)
                        if (j != i && h->ring_mask & 1u << j && m->hosts[j].pid != 0)
                                ret[n++] = (Act){ .type = ACT_LOSE, .node = i, .other = j };
        }
        if (model_is_busy(m) && model_next_usec(m) != USEC_INFINITY)
                ret[n++] = (Act){ .type = ACT_LAG };
        return n;
}

size_t model_list(const Model *m, Act *ret, size_t n_max)
{
        Act all[4 * MODEL_ACTS_MAX];
        size_t n = list_due(m, all), kept = 0, own;

        if (m->verdict[0])
                return 0;
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].rejoins && host_ring_is_whole(m, &m->hosts[i]))
                        all[n++] = (Act){ .type = ACT_MANAGER_START, .node = (uint8_t) i, .flag = true };
        if (n == 0 && m->busy_usec != 0)
                all[n++] = (Act){ .type = ACT_TIME };
        if (!m->config->fast_disks || n != 1 || all[0].type != ACT_WRITTEN)
                n += list_returns(m, all + n);
        own = n;
        if (m->n_faults_left > 0)
                n += list_faults(m, all + n);
        for (size_t i = 0; i < n; i++)
                if (i < own || m->config->kinds & 1u << all[i].type) {
                        ASSERT(kept < n_max);
                        ret[kept++] = all[i];
                }
        return kept;
}

/* All is well and calm: each application is where it belongs. */
static void judge_calm(Model *m)
{
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (!m->hosts[i].up || !m->hosts[i].brain || m->hosts[i].part != 0)
                        return;
        for (size_t app = 0; app < m->config->n_apps; app++) {
                /* One that failed on every node is to run and does not. */
                Wish wish = m->n_failed >= MODEL_NODES ? WISH_EITHER : app == 0 ? m->wish : WISH_UP;
                size_t n = 0;

                for (size_t i = 0; i < MODEL_NODES; i++)
                        n += m->hosts[i].units[app].state == UNIT_RUNNING;
                if (n > 1 || (n == 0 && wish == WISH_UP) || (n == 1 && wish == WISH_DOWN))
                        wrong(m, "all is calm and %s, which is to %s, runs on %zu nodes", apps[app],
                                wish == WISH_UP ? "run" : wish == WISH_DOWN ? "be stopped" : "run or not", n);
        }
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (!engine_is_synced(m->hosts[i].brain->engine))
                        wrong(m, "all is calm and %s is not synced", names[i]);
}

void model_do(Model *m, const Act *a)
{
        Host *h = &m->hosts[a->node];

        if (a->type >= ACT_DOWN)
                m->n_faults_left--;
        m->busy_usec = m->now_usec;
        switch (a->type) {
        case ACT_ORDER:
                model_order(m, h, 0);
                break;
        case ACT_LOSE:
                model_order(m, h, a->other + 1u);
                break;
        case ACT_UNIT:
                host_unit(m, h, a->app, h->units[a->app].state == UNIT_STARTING ? UNIT_RUNNING : UNIT_STOPPED);
                break;
        case ACT_FAIL:
                m->n_failed++;
                host_unit(m, h, a->app, UNIT_FAILED);
                break;
        case ACT_WRITTEN:
                host_written(m, h);
                break;
        case ACT_RING:
                model_ring(m, a->mask, a->flag);
                break;
        case ACT_TIME:
                model_time(m);
                if (m->busy_usec == 0)
                        judge_calm(m);
                break;
        case ACT_LAG:
                model_pass(m, model_next_usec(m));
                break;
        case ACT_UP:
                host_up(h);
                break;
        case ACT_DOWN:
                host_down(m, h);
                break;
        case ACT_CUT:
                h->part = (uint8_t) (a->node + 1);
                m->n_torn = 1;
                break;
        case ACT_HEAL:
                for (size_t i = 0; i < MODEL_NODES; i++)
                        m->hosts[i].part = 0;
                break;
        case ACT_MANAGER_START:
                if (h->rejoins)
                        host_rejoin(m, h);
                else
                        model_manager_start(m, h, a->flag);
                break;
        case ACT_KILL:
                model_kill(m, h, a->flag);
                break;
        case ACT_COMMAND:
                host_command(m, h, a->other);
                break;
        case _ACT_TYPE_MAX:
                break;
        }
}

/* ---- as a whole ---- */

/* Runs what is due, the first of it each time, until nothing is. */
static void model_settle(Model *m)
{
        Act acts[MODEL_ACTS_MAX];

        while (!m->verdict[0] && (list_due(m, acts) > 0 || m->busy_usec != 0)) {
                if (list_due(m, acts) == 0)
                        acts[0] = (Act){ .type = ACT_TIME };
                model_do(m, &acts[0]);
        }
}

Model *model_new(const ModelConfig *config)
{
        Model *m = calloc(1, sizeof(*m));

        ASSERT(m);
        m->config = config;
        m->now_usec = m->busy_usec = 1000 * USEC_PER_SEC;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                m->hosts[i].boot = 100;
                host_up(&m->hosts[i]);
        }
        model_ring(m, (1u << MODEL_NODES) - 1, false);
        for (size_t i = 0; i < MODEL_NODES; i++) {
                model_manager_start(m, &m->hosts[i], true);
                model_settle(m);
        }
        m->n_faults_left = config->n_faults;
        return m;
}

Model *model_copy(const Model *m)
{
        Model *copy = malloc(sizeof(*copy));

        ASSERT(copy);
        *copy = *m;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &copy->hosts[i];

                if (h->brain)
                        h->brain->n_refs++;
                for (size_t j = 0; j < h->n_queue; j++)
                        letter_ref(h->queue[j]);
                letter_ref(h->record);
                letter_ref(h->next_record);
        }
        return copy;
}

Model *model_free(Model *m)
{
        if (!m)
                return NULL;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &m->hosts[i];

                brain_unref(h->brain);
                host_drop_queue(h);
                letter_unref(h->record);
                letter_unref(h->next_record);
        }
        free(m);
        return NULL;
}

static uint64_t add_u64(uint64_t hash, uint64_t v)
{
        return hash64_add(hash, &v, sizeof(v));
}

static uint64_t host_fingerprint(const Host *h, uint64_t f)
{
        if (h->brain && h->brain->fingerprint == 0)
                h->brain->fingerprint = engine_fingerprint(h->brain->engine);
        f = add_u64(f, (uint64_t) h->up | (uint64_t) h->part << 8 | (uint64_t) h->ring_mask << 16 | (uint64_t) h->rejoins << 24);
        f = add_u64(add_u64(f, h->ring.seq), h->ring.node_id);
        f = add_u64(add_u64(f, h->guard_usec), h->boot);
        f = add_u64(add_u64(f, h->pid), h->brain ? h->brain->fingerprint : 0);
        for (size_t i = 0; i < h->n_queue; i++)
                f = add_u64(f, h->queue[i]->fingerprint);
        f = add_u64(f, h->n_queue);
        for (size_t i = 0; i < MODEL_APPS; i++)
                f = add_u64(add_u64(f, h->units[i].epoch), (uint64_t) h->units[i].state | (uint64_t) h->units[i].gone << 8);
        f = add_u64(f, h->record ? h->record->fingerprint : 0);
        return add_u64(f, h->writes ? h->next_record->fingerprint : 0);
}

uint64_t model_fingerprint(const Model *m)
{
        uint64_t f = add_u64(HASH64_INIT, m->now_usec);

        f = add_u64(add_u64(add_u64(f, m->busy_usec), m->n_faults_left), m->n_torn);
        f = add_u64(add_u64(f, (uint64_t) m->wish | (uint64_t) m->asked << 8 | (uint64_t) m->n_failed << 16),
                add_u64(m->n_open, m->n_asked));
        for (size_t i = 0; i < m->config->n_apps; i++) {
                f = hash64_add(f, m->starts[i], m->n_starts[i] * sizeof(m->starts[i][0]));
                f = add_u64(f, m->n_starts[i]);
        }
        for (size_t i = 0; i < MODEL_NODES; i++) {
                f = host_fingerprint(&m->hosts[i], f);
                /* Of what was heard it matters only who has heard the same. */
                for (size_t j = 0; j < i; j++)
                        f = add_u64(f, m->hosts[i].history == m->hosts[j].history);
        }
        return hash64_finish(f);
}

void model_describe(const Model *m, const Act *a, char *ret, size_t size_bytes)
{
        static const char *const types[_ACT_TYPE_MAX] = {
                [ACT_ORDER] = "order",   [ACT_UNIT] = "unit", [ACT_WRITTEN] = "written", [ACT_RING] = "ring",
                [ACT_TIME] = "time",     [ACT_UP] = "up",     [ACT_HEAL] = "heal",       [ACT_MANAGER_START] = "manager-start",
                [ACT_DOWN] = "down",     [ACT_CUT] = "cut",   [ACT_KILL] = "kill",       [ACT_LOSE] = "lose",
                [ACT_LAG] = "lag",       [ACT_FAIL] = "fail", [ACT_COMMAND] = "command",
        };
        const Host *h = &m->hosts[a->node];
        const char *what = "";

        if ((a->type == ACT_ORDER || a->type == ACT_LOSE) && h->n_queue > 0)
                what = h->queue[0]->message ? message_type_to_string(h->queue[0]->message->type) : "probe";
        else if (a->type == ACT_UNIT || a->type == ACT_FAIL)
                what = apps[a->app];
        else if (a->type == ACT_COMMAND)
                what = commands[a->other].text;
        else if (a->type == ACT_LOSE)
                what = names[a->other];
        snprintf(ret, size_bytes, "%8.3f %-13s %s %s%s%s%s", (double) (m->now_usec % (1000 * USEC_PER_SEC)) / 1e6, types[a->type],
                a->type == ACT_TIME || a->type == ACT_LAG || a->type == ACT_HEAL ? "" : names[a->node], what,
                a->type == ACT_LOSE ? " but for " : "", a->type == ACT_LOSE ? names[a->other] : "",
                a->flag ? " (what was not sent comes later)" : "");
}
