/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's process: an engine, what waits to be read by it, its timer, its start and its end. */

#include "engine/agreed/check.h"
#include "world/world-struct.h"

#include "base/clock.h"

uint64_t process_clock(const World *w, const WorldNode *n)
{
        uint64_t drift = w->now_usec / 1000 * (uint64_t) abs(n->clock_ppm) / 1000;

        return w->now_usec + n->clock_offset_usec + (n->clock_ppm < 0 ? -drift : drift);
}

uint64_t process_wait(const WorldNode *n, uint64_t usec)
{
        /* A clock that is behind asks again. */
        return n->clock_ppm == 0 ? usec : usec - usec / 1000 * (uint64_t) abs(n->clock_ppm) / 1000 + 1;
}

uint64_t process_realtime(const World *w, const WorldNode *n)
{
        return w->config.realtime_usec + w->now_usec + n->realtime_offset_usec;
}

uint64_t process_grace(const World *w, const WorldNode *n)
{
        return n->grace_usec > 0 ? n->grace_usec : w->config.grace_usec;
}

void letter_done(Letter *l)
{
        free(l->members);
        free(l->joined);
        free(l->nodes);
        free(l->app);
        free(l->reason);
        command_done(&l->command);
        packet_unref(l->packet);
        *l = (Letter){};
}

/* ---- one step of the engine ---- */

static void observe_quorum(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        bool quorate = m->engine && engine_is_quorate(m->engine);

        if (quorate == m->was_quorate)
                return;
        m->was_quorate = quorate;
        world_observe(w, &(Observation){ .type = OBSERVE_QUORUM, .node_id = n->id, .quorate = quorate });
}

static void observe_state(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        const State *s = engine_state(m->engine);

        if (!w->config.observer || !engine_is_synced(m->engine))
                return;
        check_assert(check_state(s));
        world_observe(w, &(Observation){ .type = OBSERVE_STATE,
                                         .node_id = n->id,
                                         .ring = m->ring,
                                         .history = m->history,
                                         .digest = state_digest(s),
                                         .revision = s->revision,
                                         .version = s->version,
                                         .flag = revision_compare(&s->committed, &s->revision) >= 0,
                                         .quorate = engine_is_quorate(m->engine) });
}

void process_step(World *w, WorldNode *n, Event *event)
{
        WorldManager *m = &n->manager;
        uint64_t generation = m->generation;
        EffectList effects = {};
        uint64_t begin, took;
        int r;

        if (!m->up || w->error < 0)
                return;
        m->n_steps_at_once = m->stepped_usec == w->now_usec ? m->n_steps_at_once + 1 : 0;
        m->stepped_usec = w->now_usec;
        if (m->n_steps_at_once > EVENTS_AT_ONCE_MAX / 50) {
                trace(w, n, "the engine goes round and round: %s", event_type_to_string(event->type));
                world_fail(w, -ELOOP);
                return;
        }
        event->now_usec = process_clock(w, n);
        event->realtime_usec = process_realtime(w, n);
        w->n_steps++;
        begin = w->config.charge_percent > 0 ? clock_usec(CLOCK_THREAD_CPUTIME_ID) : 0;
        r = engine_step(m->engine, event, &effects);
        took = w->config.charge_percent > 0 ? clock_usec(CLOCK_THREAD_CPUTIME_ID) - begin : 0;
        if (r < 0) {
                world_fail(w, r);
                effect_list_done(&effects);
                return;
        }
        observe_quorum(w, n);
        world_observe(w, &(Observation){ .type = OBSERVE_STEP,
                                         .node_id = n->id,
                                         .engine = m->engine,
                                         .event = event,
                                         .effects = &effects,
                                         .quorate = m->was_quorate });
        if (event->type == EVENT_MESSAGE)
                observe_state(w, n);
        fuse_follow(w, n, false);
        world_carry_out(w, n, &effects);
        effect_list_done(&effects);
        if (m->up && m->generation == generation) {
                fuse_follow(w, n, true);
                process_schedule(w, n);
        }
        if (took == 0)
                return;
        w->traffic.longest_usec[event->type] = MAX(w->traffic.longest_usec[event->type], took);
        w->traffic.total_usec += took;
        if (m->generation == generation)
                process_be_busy(w, n, took * w->config.charge_percent / 100);
}

/* ---- time ---- */

static void on_timer(World *w, WorldNode *n, const Happening *h)
{
        WorldManager *m = &n->manager;
        Event event = { .type = EVENT_TIME };

        if (!m->up || m->generation != h->generation || m->timer_serial != h->value)
                return;
        m->timer_usec = USEC_INFINITY;
        if (m->hung) {
                m->timer_due = true;
                return;
        }
        process_step(w, n, &event);
}

void process_schedule(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        uint64_t deadline = engine_deadline(m->engine), now = process_clock(w, n), at;

        if (deadline == USEC_INFINITY) {
                m->timer_usec = USEC_INFINITY;
                m->timer_serial = ++w->next_serial;
                return;
        }
        at = w->now_usec + (deadline > now ? process_wait(n, deadline - now) : 0);
        if (at == m->timer_usec)
                return;
        m->timer_usec = at;
        m->timer_serial = ++w->next_serial;
        world_schedule(w, at + world_delay(w, 0, 2 * USEC_PER_MSEC), on_timer, n, m->generation,
                        m->timer_serial);
}

/* ---- letters ---- */

static const uint64_t *process_unit_digests(const WorldNode *n)
{
        return n->n_unit_digests == n->n_definitions ? n->unit_digests : NULL;
}

static Event letter_event(const WorldNode *n, const World *w, const Letter *l)
{
        Event e = { .type = l->type };

        switch (l->type) {
        case EVENT_CONNECTED:
                e.connected.incarnation = n->manager.incarnation;
                e.connected.pid = n->manager.pid;
                e.connected.token_usec = n->token_usec;
                e.connected.consensus_usec = n->consensus_usec;
                e.connected.quorum_device = w->config.quorum == WORLD_QUORUM_DEVICE;
                e.connected.quorum_by_fewer = nodelist_by_fewer(w);
                break;
        case EVENT_VIEW:
                e.view.change = l->change;
                e.view.ring = l->ring;
                e.view.members = l->members;
                e.view.n_members = l->n_members;
                e.view.joined = l->joined;
                e.view.n_joined = l->n_joined;
                e.view.ring_nodes = l->nodes;
                e.view.n_ring_nodes = l->n_nodes;
                break;
        case EVENT_QUORUM:
                e.quorum.ring = l->ring;
                e.quorum.quorate = l->quorate;
                break;
        case EVENT_MESSAGE:
                e.message.sender = l->packet->sender;
                e.message.message = l->packet->message;
                break;
        case EVENT_UNIT:
                e.unit.app = l->app;
                e.unit.epoch = l->epoch;
                e.unit.state = l->state;
                e.unit.reason = l->reason;
                e.unit.unit_digest = l->unit_digest;
                e.unit.needs_end = l->needs_end;
                break;
        case EVENT_WRITTEN:
                e.written.revision = l->revision;
                e.written.error = l->error;
                break;
        case EVENT_COMMAND:
                e.command.token = l->token;
                e.command.command = l->command;
                break;
        case EVENT_STOP_LOCAL:
                e.stop_local.token = l->token;
                e.stop_local.app = l->app;
                break;
        case EVENT_DEFINITIONS:
                e.definitions.definitions = n->definitions;
                e.definitions.n_definitions = n->n_definitions;
                e.definitions.unit_digests = process_unit_digests(n);
                e.definitions.errors = n->wrong_files;
                e.definitions.n_errors = n->n_wrong_files;
                break;
        case EVENT_PROBE:
                e.probe.number = l->number;
                break;
        case EVENT_GUARD:
                e.guard.guarded = l->guarded;
                break;
        case EVENT_FUSE:
                e.fuse.fused = l->guarded;
                break;
        case EVENT_LEAVE:
        case EVENT_RESTART:
                e.leave = leave_timing_of(LEAVE_STOP_DEFAULT_USEC, n->shutting_down);
                break;
        case EVENT_TIMING:
                e.timing.token_usec = n->token_usec;
                e.timing.consensus_usec = n->consensus_usec;
                e.timing.quorum_device = w->config.quorum == WORLD_QUORUM_DEVICE;
                break;
        case EVENT_NODELIST:
        case EVENT_TIME:
        case EVENT_DISCONNECTED:
        case EVENT_SUSPENDED:
        case _EVENT_TYPE_MAX:
        default:
                break;
        }
        return e;
}

static void read_letter(World *w, WorldNode *n, Letter *l)
{
        EngineNode nodes[NODES_MAX];
        WorldManager *m = &n->manager;
        Event event;

        if (l->type == EVENT_MESSAGE && bytes_are_on(w) && !bytes_read(w, n, l)) {
                m->history = l->history;
                return;
        }
        event = letter_event(n, w, l);
        if (l->type == EVENT_NODELIST) {
                event.nodelist.n_nodes = nodelist_read(w, n, nodes);
                event.nodelist.nodes = nodes;
                event.nodelist.quorum_by_fewer = nodelist_by_fewer(w);
                trace(w, n, "reads a new nodelist");
                world_did(w, DEED_NODELIST_TAKEN);
        }
        if (l->type == EVENT_DEFINITIONS) {
                event.definitions.again = --m->n_readings > 0;
                if (event.definitions.again)
                        world_did(w, DEED_FILES_READ_AGAIN);
        }
        if (l->type == EVENT_QUORUM && ring_compare(&l->ring, &m->ring) != 0)
                world_did(w, DEED_QUORUM_FIRST);
        if (l->type == EVENT_VIEW) {
                world_group_drop_outbox(n);
                bytes_new_view(n);
                m->ring = l->ring;
                m->n_ring_nodes = l->n_nodes;
                memcpy(m->ring_nodes, l->nodes, l->n_nodes * sizeof(*l->nodes));
                trace_view(w, n, l);
        }
        if (l->type == EVENT_MESSAGE)
                trace_message(w, n, l->packet);
        if (l->type == EVENT_VIEW || l->type == EVENT_MESSAGE)
                m->history = l->history;
        process_step(w, n, &event);
        trace_state(w, n);
        if (l->type == EVENT_CONNECTED)
                world_group_told(w, n);
}

static void on_read(World *w, WorldNode *n, const Happening *h)
{
        WorldManager *m = &n->manager;
        Inbox *b = m->inbox + h->value;
        Letter l;

        if (!m->up || m->generation != h->generation || b->n_letters == 0)
                return;
        if (m->hung) {
                b->n_due++;
                return;
        }
        l = b->letters[0];
        ARRAY_CLOSE(b->letters, b->n_letters, 0);
        read_letter(w, n, &l);
        letter_done(&l);
}

/* How long a letter lies before it is read: with jitter, sources overtake each other. */
static uint64_t reading_delay(World *w, InboxSource source)
{
        if (!world_has(w, WORLD_JITTER))
                return 0;
        if (source == INBOX_SYSTEMD && world_has(w, WORLD_SLOW_SYSTEMD) && world_chance(w, 5)) {
                uint64_t delay = world_random(w, 3 * USEC_PER_SEC);

                if (delay > USEC_PER_SEC)
                        world_did(w, DEED_UNIT_LATE);
                return delay;
        }
        return world_chance(w, 1) ? world_random(w, 300 * USEC_PER_MSEC)
                                  : world_delay(w, 0, 3 * USEC_PER_MSEC);
}

void process_post(World *w, WorldNode *n, InboxSource source, Letter *letter, uint64_t delay_usec)
{
        WorldManager *m = &n->manager;
        Inbox *b = m->inbox + source;

        if (!m->up || ARRAY_GROW(b->letters, b->n_letters, b->n_allocated) < 0) {
                if (m->up)
                        world_fail(w, -ENOMEM);
                letter_done(letter);
                return;
        }
        b->last_usec = MAX(b->last_usec, w->now_usec + delay_usec + reading_delay(w, source));
        b->letters[b->n_letters++] = *letter;
        *letter = (Letter){};
        world_schedule(w, b->last_usec, on_read, n, m->generation, source);
}

void process_post_definitions(World *w, WorldNode *n)
{
        Letter l = { .type = EVENT_DEFINITIONS };

        if (n->manager.up)
                n->manager.n_readings++;
        process_post(w, n, INBOX_OTHER, &l, 5 * USEC_PER_MSEC);
}

void process_unhang(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;

        if (!m->up || !m->hung)
                return;
        m->hung = false;
        for (size_t s = 0; s < _INBOX_SOURCE_MAX; s++)
                for (; m->inbox[s].n_due > 0; m->inbox[s].n_due--)
                        world_schedule(w, w->now_usec, on_read, n, m->generation, s);
        if (m->timer_due)
                world_schedule(w, w->now_usec, on_timer, n, m->generation, m->timer_serial);
        m->timer_due = false;
        world_group_flush(w, n);
}

/* ---- start and end ---- */

static int make_engine(World *w, WorldNode *n)
{
        EngineNode nodes[NODES_MAX];
        EngineConfig config = {
                .node_id = n->id,
                .nodes = nodes,
                .sync_mandatory = w->config.sync_mandatory,
                .n_sync_mandatory = w->config.n_sync_mandatory,
                .sync_optional = w->config.sync_optional,
                .n_sync_optional = w->config.n_sync_optional,
                .sync_timeout_usec = w->config.sync_timeout_usec,
                .skip_sync_wait = n->ready_in_boot,
                .unguarded = n->guard.away,
                .unfused = n->fuse_away,
                .no_quorum_policy = n->policy,
                .isolation_timeout_usec = n->isolation_usec,
                .grace_usec = process_grace(w, n),
                .self_fence_usec = n->self_fence_usec,
                .boot_id = n->boot_id,
                .version_max = n->version_max,
                .record_kind = n->record_kind,
                .record = n->record,
                .record_size_bytes = n->record_size_bytes,
        };

        config.n_nodes = nodelist_read(w, n, nodes);
        if (n->version_max != 0 && n->version_max != n->manager_version_max)
                world_did(w, DEED_VERSION);
        n->manager_version_max = n->version_max;
        if (n->policy != w->config.policy)
                world_did(w, DEED_POLICY);
        n->manager.version_max = n->version_max;
        return engine_new(&config, &n->manager.engine);
}

/* What the daemon tells its engine before it joins: what runs here, and its files. */
static void tell_what_is_here(World *w, WorldNode *n)
{
        uint64_t generation = n->manager.generation;
        Event definitions = { .type = EVENT_DEFINITIONS };

        for (size_t i = 0; i < n->n_units; i++) {
                WorldUnit *u = n->units + i;
                Event event = { .type = EVENT_UNIT };
                UnitState state = u->n_parts > 0 ? parts_found(w, n, u) : u->state;

                if (!unit_state_is_alive(state) && state != UNIT_FAILED)
                        continue;
                event.unit.app = u->app;
                event.unit.epoch = u->epoch;
                event.unit.state = state;
                event.unit.unit_digest = u->unit_digest;
                event.unit.needs_end = fuse_needs_end(u);
                event.unit.reason = state == UNIT_FAILED ? "exit-code" : NULL;
                process_step(w, n, &event);
                if (n->manager.generation != generation)
                        return;
        }
        definitions.definitions.definitions = n->definitions;
        definitions.definitions.n_definitions = n->n_definitions;
        definitions.definitions.unit_digests = process_unit_digests(n);
        definitions.definitions.errors = n->wrong_files;
        definitions.definitions.n_errors = n->n_wrong_files;
        process_step(w, n, &definitions);
}

static void on_restart(World *w, WorldNode *n, const Happening *h)
{
        if (n->up && n->generation == h->generation && !n->manager.exited)
                process_start(w, n);
}

void process_start(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        int r;

        if (!n->up || m->up || n->shutting_down)
                return;
        if (n->suspended || systemd_lateness(w, n) > 0 || bus_lateness(w, n) > 0) {
                world_schedule(w,
                                w->now_usec + (n->suspended ? USEC_PER_SEC
                                                            : MAX(systemd_lateness(w, n),
                                                                              bus_lateness(w, n))),
                                on_restart, n, n->generation, 0);
                return;
        }
        r = make_engine(w, n);
        if (r == -EBADMSG) {
                trace(w, n, "the record cannot be used");
                n->record_kind = RECORD_DAMAGED;
                r = make_engine(w, n);
        }
        if (r < 0) {
                world_fail(w, r);
                return;
        }
        m->up = true;
        m->generation = ++w->next_serial;
        m->pid = world_has(w, WORLD_CLOCKS) ? 100 * n->id + (uint32_t) world_random(w, 3) : ++n->next_pid;
        if (m->pid == n->last_pid)
                world_did(w, DEED_PID_AGAIN);
        n->last_pid = m->pid;
        m->timer_usec = USEC_INFINITY;
        trace(w, n, "manager starts");
        world_observe(w, &(Observation){ .type = OBSERVE_MANAGER_BEGIN, .node_id = n->id });
        fuse_manager_begins(n);
        tell_what_is_here(w, n);
        world_group_connect(w, n);
}

/* A write that was under way when its process died is either in place or not. */
static void abandon_write(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;

        if (m->writing && world_has(w, WORLD_JITTER) && !n->disk_fails && world_chance(w, 50)) {
                free(n->record);
                n->record = TAKE_PTR(m->write_data);
                n->record_size_bytes = m->write_size_bytes;
                n->record_kind = RECORD_VALID;
        }
        free(m->write_data);
        free(m->next_data);
}

void process_release(WorldNode *n)
{
        WorldManager *m = &n->manager;

        engine_free(m->engine);
        wire_reader_free(m->reader);
        for (size_t s = 0; s < _INBOX_SOURCE_MAX; s++) {
                FOREACH_ARRAY(l, m->inbox[s].letters, m->inbox[s].n_letters)
                        letter_done(l);
                free(m->inbox[s].letters);
        }
        world_group_drop_outbox(n);
        free(m->outbox);
}

void process_end(World *w, WorldNode *n, bool planned, bool restart)
{
        WorldManager *m = &n->manager, fresh = {};

        if (!m->up)
                return;
        if (n->up)
                world_group_leave(w, n, planned);
        if (n->up)
                systemd_manager_ended(w, n);
        if (n->up) /* whatever ended it */
                guard_model_arm(w, n);
        abandon_write(w, n);
        process_release(n);
        fresh.generation = ++w->next_serial;
        *m = fresh;
        world_observe(w, &(Observation){ .type = OBSERVE_MANAGER_END, .node_id = n->id, .flag = planned });
        if (restart)
                world_schedule(w, w->now_usec + world_delay(w, MANAGER_RESTART_USEC, 5 * USEC_PER_SEC),
                                on_restart, n, n->generation, 0);
}
