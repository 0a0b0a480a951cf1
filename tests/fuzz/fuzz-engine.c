/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Event streams into one engine of three: what the group, the disk, systemd and an administrator may say in whatever
 * order, and messages that no honest peer would send. The engine must neither break nor go round and round, and must
 * not start anything without quorum.
 *
 * Every byte of the input decides something; where it ends, zeroes follow and the stream ends with them. */

#include "base/array.h"
#include "base/bytes.h"
#include "engine/engine.h"

#define EVENTS_MAX 2000u
#define STEPS_AT_ONCE_MAX 1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

typedef struct Fuzz {
        ByteReader in;
        Engine *engine;
        uint64_t now_usec;
        RingId ring;
        uint64_t numbers[4]; /* of the last message of each node in this view */
        Message *sent[64];   /* what the engine has sent and nobody has delivered yet */
        size_t n_sent;
        Revision written; /* the last record that it asked for */
        uint64_t token;
} Fuzz;

static const EngineNode nodes[] = { { 1, "abc" }, { 2, "bcd" }, { 3, "def" } };
static const char *const apps[] = { "distro", "mail", "shop", "web" };

static uint64_t draw(Fuzz *f, uint64_t n)
{
        return bytes_left(&f->in) > 0 ? get_u8(&f->in) % n : 0;
}

static uint64_t draw_wide(Fuzz *f)
{
        uint64_t v = draw(f, 256);

        return v | draw(f, 256) << 8 | draw(f, 4) << (draw(f, 8) * 8);
}

static char *draw_app(Fuzz *f)
{
        return strdup(apps[draw(f, ELEMENTSOF(apps))]);
}

static uint64_t draw_epoch(Fuzz *f)
{
        return (f->ring.seq << EPOCH_RING_SHIFT) + draw(f, 8) + (draw(f, 4) == 0 ? 1024 : 0);
}

static Definition make_definition(Fuzz *f, const char *name)
{
        Definition d = { .name = strdup(name),
                .failure_timeout_usec = USEC_PER_SEC * draw(f, 100),
                .weight = 1 + (uint32_t) draw(f, 3),
                .takeover_automatic = draw(f, 2),
                .enabled = draw(f, 4) != 0,
                .needs_end = draw(f, 4) == 0,
                .digest = 1 + draw(f, 3) };

        d.failover_delay_usec = draw(f, 8) == 7 ? USEC_INFINITY : USEC_PER_SEC * draw(f, 8);
        d.takeover_delay_usec = USEC_PER_SEC * draw(f, 4);
        d.takeover_mode = draw(f, 2) ? TAKEOVER_START_FIRST : TAKEOVER_STOP_FIRST;
        d.failure_action = draw(f, 2) ? FAILURE_STOP : FAILURE_FAILOVER;
        d.nodes = calloc(3, sizeof(*d.nodes));
        if (!d.name || !d.nodes)
                abort();
        for (size_t i = 0; i < 3; i++)
                d.nodes[d.n_nodes++] = (NodePriority){ .name = strdup(nodes[i].name),
                        .tier = (uint32_t) (i > draw(f, 3)) };
        return d;
}

/* ---- one step, and what follows from it ---- */

static void keep_sent(Fuzz *f, Effect *x)
{
        if (f->n_sent < ELEMENTSOF(f->sent))
                f->sent[f->n_sent++] = TAKE_PTR(x->message);
}

static void step(Fuzz *f, Event *event)
{
        EffectList effects = {};

        event->now_usec = f->now_usec;
        event->realtime_usec = UINT64_C(1750000000) * USEC_PER_SEC + f->now_usec;
        if (engine_step(f->engine, event, &effects) < 0)
                abort();
        FOREACH_ARRAY(x, effects.effects, effects.n_effects) {
                if (x->type == EFFECT_START)
                        ASSERT(engine_is_quorate(f->engine) && engine_is_synced(f->engine));
                if (x->type == EFFECT_SEND)
                        keep_sent(f, x);
                if (x->type == EFFECT_WRITE)
                        f->written = x->revision;
                if (x->type == EFFECT_REPLY)
                        ASSERT(x->token != 0 && x->token <= f->token);
        }
        effect_list_done(&effects);
}

/* Time passes, and the engine is woken whenever it asked for it. */
static void pass(Fuzz *f, uint64_t usec)
{
        uint64_t until = f->now_usec + usec;
        size_t n = 0;

        for (;;) {
                uint64_t deadline = engine_deadline(f->engine);
                Event event = { .type = EVENT_TIME };

                if (deadline > until)
                        break;
                n = deadline <= f->now_usec ? n + 1 : 0;
                ASSERT(n < STEPS_AT_ONCE_MAX);
                f->now_usec = MAX(f->now_usec, deadline);
                step(f, &event);
        }
        f->now_usec = until;
}

/* ---- the group ---- */

static Member member_of(uint32_t node)
{
        return (Member){ node, 100 * node };
}

static void do_view(Fuzz *f)
{
        bool ring = draw(f, 2);
        uint64_t mask = 1 + 2 * draw(f, 4), joined = draw(f, 8);
        Member members[3], newcomers[3];
        uint32_t ring_nodes[3];
        Event e = { .type = EVENT_VIEW };

        if (ring)
                f->ring = (RingId){ 1, f->ring.seq + 4 * draw(f, 3) };
        e.view.change = ring ? VIEW_RING : VIEW_PROCESS;
        e.view.ring = f->ring;
        e.view.members = members;
        e.view.joined = newcomers;
        e.view.ring_nodes = ring_nodes;
        if (draw(f, 16) == 15)
                mask &= ~UINT64_C(1); /* put out of the group */
        for (uint32_t i = 1; i <= 3; i++) {
                if (mask >> (i - 1) & 1)
                        members[e.view.n_members++] = member_of(i);
                if (!ring && (mask & joined) >> (i - 1) & 1)
                        newcomers[e.view.n_joined++] = member_of(i);
                if ((mask >> (i - 1) & 1) || draw(f, 2))
                        ring_nodes[e.view.n_ring_nodes++] = i;
        }
        for (; f->n_sent > 0; f->n_sent--)
                message_free(f->sent[f->n_sent - 1]);
        memset(f->numbers, 0, sizeof(f->numbers));
        step(f, &e);
}

static void deliver(Fuzz *f, uint32_t node, Message *m)
{
        Event e = { .type = EVENT_MESSAGE, .message = { .sender = member_of(node), .message = m } };

        f->numbers[node] = m->number;
        step(f, &e);
}

/* The engine's own messages come back; each may come from a peer as well, in the peer's name. */
static void do_deliver_own(Fuzz *f)
{
        uint64_t peers = draw(f, 4);

        while (f->n_sent > 0) {
                Message *m = f->sent[0];

                ARRAY_CLOSE(f->sent, f->n_sent, 0);
                deliver(f, 1, m);
                for (uint32_t i = 2; i <= 3; i++) {
                        if (!(peers >> (i - 2) & 1))
                                continue;
                        m->incarnation = 1000 + i;
                        m->number = f->numbers[i] + 1;
                        deliver(f, i, m);
                }
                message_free(m);
                if (draw(f, 4) == 3)
                        break;
        }
}

static void fill_facts(Fuzz *f, FactsMessage *m)
{
        m->version_min = (uint8_t) draw(f, 3);
        m->version_max = (uint8_t) draw(f, 3);
        m->node_name = strdup(nodes[draw(f, 3)].name);
        m->grace_usec = USEC_PER_SEC * draw(f, 30);
        m->boot_id = 1 + draw(f, 3);
        m->record = (RecordKind) draw(f, 3);
        m->record_revision = (Revision){ f->ring.seq, draw(f, 4) };
        m->can_write = draw(f, 4) != 0;
        m->guarded = draw(f, 4) != 0;
        m->fused = draw(f, 4) != 0;
        m->rebooted_itself = draw(f, 4) == 0;
        m->leaving = draw(f, 8) == 0;
        m->copies = calloc(3, sizeof(*m->copies));
        for (uint64_t n = draw(f, 4); m->n_copies < n; m->n_copies++)
                m->copies[m->n_copies] = (CopyFact){ draw_app(f), draw_epoch(f),
                        (UnitState) draw(f, _UNIT_STATE_MAX), draw(f, 2) == 1, USEC_PER_SEC * draw(f, 8) };
}

/* The engine's own state with a byte changed, or nothing like a state. */
static void fill_state(Fuzz *f, StateMessage *m)
{
        ByteWriter w = {};

        state_encode(engine_state(f->engine), STATE_FULL, f->now_usec, &w);
        if (w.error)
                abort();
        if (draw(f, 2) && w.size_bytes > 0)
                w.data[draw_wide(f) % w.size_bytes] = (uint8_t) draw(f, 256);
        m->state = w.data;
        m->state_size_bytes = draw(f, 4) == 3 ? draw_wide(f) % (w.size_bytes + 1) : w.size_bytes;
        m->forms = draw(f, 2);
        m->numbers = calloc(3, sizeof(*m->numbers));
        for (uint64_t n = draw(f, 4); m->n_numbers < n; m->n_numbers++) {
                m->numbers[m->n_numbers].member = member_of((uint32_t) m->n_numbers + 1);
                m->numbers[m->n_numbers].number = f->numbers[m->n_numbers + 1];
        }
}

static void fill_vote(Fuzz *f, ViewMessage *m)
{
        m->quorate = draw(f, 4) != 0;
        m->synced = draw(f, 2);
        m->revision = (Revision){ f->ring.seq, draw(f, 4) };
        m->digest = draw(f, 3) ? state_digest(engine_state(f->engine)) : draw_wide(f);
        m->members = calloc(3, sizeof(*m->members));
        for (uint64_t n = draw(f, 4); m->n_members < n; m->n_members++)
                m->members[m->n_members] =
                                (ViewMember){ member_of((uint32_t) m->n_members + 1), (uint32_t) draw(f, 4) };
}

static void fill_nodelist(Fuzz *f, NodelistMessage *m)
{
        uint32_t id = 0;

        m->by_fewer = draw(f, 2);
        m->nodes = calloc(3, sizeof(*m->nodes));
        for (uint64_t n = draw(f, 4); m->n_nodes < n; m->n_nodes++)
                m->nodes[m->n_nodes] = (ListedNode){ id += 1 + (uint32_t) draw(f, 2),
                        strdup(nodes[m->n_nodes].name) };
}

static void fill_definitions(Fuzz *f, DefinitionsMessage *m)
{
        (void) draw(f, 2); /* the streams of the corpus have a number there that a message had once */
        m->entries = calloc(2, sizeof(*m->entries));
        for (uint64_t n = draw(f, 3); m->n_entries < n; m->n_entries++) {
                DefinitionEntry *e = m->entries + m->n_entries;

                e->app = strdup(apps[m->n_entries]);
                e->digest = draw(f, 3);
                if (e->digest != 0)
                        e->definition = make_definition(f, e->app);
                else if (draw(f, 2))
                        e->error = strdup("wrong");
        }
}

static void fill_message(Fuzz *f, Message *m)
{
        switch (m->type) {
        case MESSAGE_VIEW:
                fill_vote(f, &m->view_vote);
                break;
        case MESSAGE_EXCLUDE:
                m->exclude.members = calloc(3, sizeof(Member));
                for (uint64_t n = draw(f, 4); m->exclude.n_members < n; m->exclude.n_members++)
                        m->exclude.members[m->exclude.n_members] = member_of(1 + (uint32_t) draw(f, 3));
                break;
        case MESSAGE_FACTS:
                fill_facts(f, &m->facts);
                break;
        case MESSAGE_STATE:
                fill_state(f, &m->state);
                break;
        case MESSAGE_DEFINITIONS:
                fill_definitions(f, &m->definitions);
                break;
        case MESSAGE_RESULT:
                m->result = (ResultMessage){ .app = draw_app(f),
                        .epoch = draw_epoch(f),
                        .state = (UnitState) draw(f, _UNIT_STATE_MAX),
                        .realtime_usec = draw_wide(f) };
                break;
        case MESSAGE_EXPIRY:
                m->expiry.timers = calloc(3, sizeof(TimerRef));
                for (uint64_t n = draw(f, 4); m->expiry.n_timers < n; m->expiry.n_timers++)
                        m->expiry.timers[m->expiry.n_timers] =
                                        (TimerRef){ (TimerKind) draw(f, _TIMER_KIND_MAX), draw(f, 16) };
                break;
        case MESSAGE_COMMAND:
                m->command.seq = draw(f, 8);
                m->command.command = (Command){ .kind = (CommandKind) draw(f, _COMMAND_KIND_MAX),
                        .app = draw_app(f),
                        .node = strdup(draw(f, 2) ? nodes[draw(f, 3)].name : ""),
                        .flag = draw(f, 2),
                        .force = draw(f, 2) };
                break;
        case MESSAGE_ACK:
                m->ack = (AckMessage){ { f->ring.seq, draw(f, 16) }, draw(f, 4) != 0 };
                break;
        case MESSAGE_GUARD:
                m->guard = (GuardMessage){ draw(f, 2), draw(f, 2) };
                break;
        case MESSAGE_TIMING:
                m->timing = (NodeTiming){ draw_wide(f), draw_wide(f), draw_wide(f), draw_wide(f) };
                break;
        case MESSAGE_NODELIST:
                fill_nodelist(f, &m->nodelist);
                break;
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
        case MESSAGE_UNSENT:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
}

/* A message that a peer made up. */
static void do_message(Fuzz *f)
{
        Message *m = calloc(1, sizeof(*m));
        uint32_t node = 1 + (uint32_t) draw(f, 3);

        if (!m)
                abort();
        m->type = (MessageType) (1 + draw(f, MESSAGE_GUARD));
        m->view = engine_view(f->engine);
        if (draw(f, 8) == 7)
                m->view.n = (uint32_t) draw(f, 4);
        m->incarnation = node == 1 ? 1 : 1000 + node;
        m->number = f->numbers[node] + (draw(f, 8) == 7 ? draw(f, 4) : 1);
        fill_message(f, m);
        deliver(f, node, m);
        message_free(m);
}

/* ---- the others ---- */

static void do_unit(Fuzz *f)
{
        char *app = draw_app(f);
        Event e = { .type = EVENT_UNIT,
                .unit = { .app = app,
                                .epoch = draw_epoch(f),
                                .state = (UnitState) draw(f, _UNIT_STATE_MAX),
                                .reason = draw(f, 2) ? "exit-code" : NULL } };
        const App *a = state_find_app(engine_state(f->engine), app);

        /* Of a copy that it knows, if there is one. */
        if (a && a->n_copies > 0 && draw(f, 4) != 0)
                e.unit.epoch = a->copies[draw(f, a->n_copies)].epoch;
        step(f, &e);
        free(app);
}

static void do_definitions(Fuzz *f)
{
        struct DefinitionError error = { "mail", "line 3: wrong" };
        Definition d[2];
        size_t n = 0;
        bool wrong = draw(f, 4) == 3;
        Event e = { .type = EVENT_DEFINITIONS };

        d[n++] = make_definition(f, "distro");
        if (draw(f, 2))
                d[n++] = make_definition(f, "shop");
        e.definitions.definitions = d;
        e.definitions.n_definitions = n;
        e.definitions.errors = &error;
        e.definitions.n_errors = wrong;
        step(f, &e);
        for (size_t i = 0; i < n; i++)
                definition_done(d + i);
}

static void do_command(Fuzz *f)
{
        char *app = draw_app(f);
        Event e = { .type = EVENT_COMMAND };

        e.command.token = ++f->token;
        e.command.command = (Command){ .kind = (CommandKind) draw(f, _COMMAND_KIND_MAX),
                .app = draw(f, 8) ? app : (char *) "",
                .node = (char *) (draw(f, 2) ? nodes[draw(f, 3)].name : ""),
                .flag = draw(f, 2),
                .force = draw(f, 2) };
        step(f, &e);
        free(app);
}

static void do_event(Fuzz *f)
{
        Event e = {};

        switch (draw(f, 16)) {
        case 0:
                e = (Event){ .type = EVENT_CONNECTED,
                        .connected = { .incarnation = 1,
                                        .pid = 100,
                                        .token_usec = USEC_PER_SEC,
                                        .consensus_usec = 2 * USEC_PER_SEC,
                                        .quorum_by_fewer = draw(f, 4) == 3 } };
                step(f, &e);
                break;
        case 1:
        case 2:
                do_view(f);
                break;
        case 3:
                e = (Event){ .type = EVENT_QUORUM, .quorum = { f->ring, draw(f, 4) != 0 } };
                step(f, &e);
                break;
        case 4:
        case 5:
                do_deliver_own(f);
                break;
        case 6:
        case 7:
                do_message(f);
                break;
        case 8:
                do_unit(f);
                break;
        case 9:
                do_definitions(f);
                break;
        case 10:
                e = (Event){ .type = EVENT_WRITTEN, .written = { f->written, draw(f, 4) == 3 ? -5 : 0 } };
                step(f, &e);
                break;
        case 11:
                do_command(f);
                break;
        case 12:
                e.type = (EventType[]){ EVENT_PROBE, EVENT_SUSPENDED, EVENT_DISCONNECTED,
                        EVENT_PROBE }[draw(f, 4)];
                step(f, &e);
                break;
        case 13:
                e = (Event){ .type = EVENT_STOP_LOCAL, .stop_local = { ++f->token, "distro" } };
                step(f, &e);
                break;
        case 14:
                e.type = draw(f, 8) == 7 ? EVENT_LEAVE : EVENT_PROBE;
                if (e.type == EVENT_LEAVE)
                        e.leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, false);
                step(f, &e);
                break;
        default:
                pass(f, draw(f, 2) ? 10 * USEC_PER_MSEC * draw(f, 256) : USEC_PER_SEC * draw(f, 256));
                break;
        }
        pass(f, 0);
}

static void look(const Fuzz *f)
{
        const State *s = engine_state(f->engine);
        char why[256];
        AppStatus status;

        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                engine_app_status(f->engine, a, &status);
                FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                        (void) engine_explain(f->engine, a, n, why, sizeof(why));
        }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                (void) engine_node_state(f->engine, n);
        free(engine_status_text(f->engine, f->now_usec));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        EngineConfig config = { .node_id = 1,
                .nodes = nodes,
                .n_nodes = 3,
                .sync_timeout_usec = 30 * USEC_PER_SEC,
                .boot_id = 1,
                .grace_usec = 15 * USEC_PER_SEC };
        Fuzz f = { .in = byte_reader(data, size_bytes), .now_usec = USEC_PER_SEC, .ring = { 1, 4 } };

        if (engine_new(&config, &f.engine) < 0)
                abort();
        for (size_t i = 0; i < EVENTS_MAX && bytes_left(&f.in) > 0; i++)
                do_event(&f);
        look(&f);
        for (; f.n_sent > 0; f.n_sent--)
                message_free(f.sent[f.n_sent - 1]);
        engine_free(f.engine);
        return 0;
}
