/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Carries out what an engine asks for, in order. How it went comes back as a letter. */

#include "world/world-struct.h"

/* ---- the record on the disk ---- */

static void write_begin(World *w, WorldNode *n, uint8_t *data, size_t size_bytes, Revision revision);

static void record_set(WorldNode *n, uint8_t *data, size_t size_bytes, RecordKind kind)
{
        free(n->record);
        n->record = data;
        n->record_size_bytes = size_bytes;
        n->record_kind = kind;
}

static void on_written(World *w, WorldNode *n, const Happening *h)
{
        WorldManager *m = &n->manager;
        Letter l = { .type = EVENT_WRITTEN };

        if (!m->up || m->generation != h->generation || !m->writing)
                return;
        m->writing = false;
        l.revision = m->write_revision;
        if (n->disk_fails) {
                l.error = -EIO;
                world_did(w, DEED_DISK_FAILS);
                free(TAKE_PTR(m->write_data));
        } else {
                record_set(n, TAKE_PTR(m->write_data), m->write_size_bytes, RECORD_VALID);
                n->disk_lost = false;
                world_observe(w, &(Observation){ .type = OBSERVE_DISK_WRITTEN, .node_id = n->id });
        }
        process_post(w, n, INBOX_OTHER, &l, 0);
        if (m->next_write) {
                m->next_write = false;
                write_begin(w, n, TAKE_PTR(m->next_data), m->next_size_bytes, m->next_revision);
        }
        world_moment(w, n, MOMENT_WRITTEN);
}

static void write_begin(World *w, WorldNode *n, uint8_t *data, size_t size_bytes, Revision revision)
{
        WorldManager *m = &n->manager;
        uint64_t delay = world_delay(w, 2 * USEC_PER_MSEC, 300 * USEC_PER_MSEC);

        if (world_has(w, WORLD_SLOW_DISK) && world_chance(w, 10)) {
                delay = world_delay(w, USEC_PER_SEC, 9 * USEC_PER_SEC);
                world_did(w, DEED_DISK_SLOW);
        }
        m->writing = true;
        m->write_data = data;
        m->write_size_bytes = size_bytes;
        m->write_revision = revision;
        world_schedule(w, w->now_usec + delay, on_written, n, m->generation, 0);
}

static void do_write(World *w, WorldNode *n, Effect *f)
{
        WorldManager *m = &n->manager;

        if (!m->writing) {
                write_begin(w, n, TAKE_PTR(f->data), f->data_size_bytes, f->revision);
                world_moment(w, n, MOMENT_WRITE);
                return;
        }
        free(m->next_data);
        m->next_write = true;
        m->next_data = TAKE_PTR(f->data);
        m->next_size_bytes = f->data_size_bytes;
        m->next_revision = f->revision;
}

void disk_power_cut(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;

        if (!m->up || !m->writing || n->disk_fails)
                return;
        if (world_has(w, WORLD_TEAR) && world_chance(w, 15)) {
                trace(w, n, "(its record is damaged)");
                world_did(w, DEED_DISK_TORN);
                record_set(n, NULL, 0, RECORD_DAMAGED);
                n->disk_lost = true;
                world_observe(w, &(Observation){ .type = OBSERVE_DISK_LOST, .node_id = n->id });
        } else if (world_has(w, WORLD_JITTER) && world_chance(w, 30))
                record_set(n, TAKE_PTR(m->write_data), m->write_size_bytes, RECORD_VALID);
        else
                world_did(w, DEED_DISK_LOST_WRITE);
        m->writing = false;
        free(TAKE_PTR(m->write_data));
}

/* ---- the others ---- */

static void do_start(World *w, WorldNode *n, const Effect *f)
{
        WorldManager *m = &n->manager;

        world_observe(w, &(Observation){ .type = OBSERVE_START,
                                         .node_id = n->id,
                                         .app = f->app,
                                         .epoch = f->epoch,
                                         .start_type = f->start_type,
                                         .ring = m->ring,
                                         .ring_nodes = m->ring_nodes,
                                         .n_ring_nodes = m->n_ring_nodes,
                                         .quorate = engine_is_quorate(m->engine),
                                         .engine = m->engine });
        systemd_ask(w, n, f);
        world_moment(w, n, MOMENT_START);
}

static void do_reply(World *w, WorldNode *n, const Effect *f)
{
        Reply *r;

        if (f->token == 0 || f->token > w->n_replies)
                return;
        r = w->replies + f->token - 1;
        if (r->answered)
                trace(w, n, "command %llu is answered twice", (unsigned long long) f->token);
        r->answered = true;
        r->error = f->error;
        free(r->text);
        r->text = f->text ? strdup(f->text) : NULL;
        trace(w, n, "command %llu: %s%s%s", (unsigned long long) f->token,
                        f->error == COMMAND_OK ? "done" : command_error_to_string(f->error),
                        isempty(f->text) ? "" : ": ", strempty(f->text));
        world_observe(w, &(Observation){ .type = OBSERVE_REPLY,
                                         .node_id = n->id,
                                         .token = f->token,
                                         .error = f->error });
}

static void do_note(World *w, WorldNode *n, const Effect *f)
{
        trace_note(w, n, f);
        if (f->note <= NOTE_APP_FINISHED)
                world_observe(w, &(Observation){ .type = OBSERVE_DECISION,
                                                 .node_id = n->id,
                                                 .app = f->app,
                                                 .where = f->node,
                                                 .epoch = f->epoch,
                                                 .note = f->note,
                                                 .quorate = n->manager.was_quorate,
                                                 .engine = n->manager.engine });
}

static void on_power_off(World *w, WorldNode *n, const Happening *h)
{
        if (!n->up || n->generation != h->generation)
                return;
        totem_corosync_stop(w, n);
        n->corosync.left = true;
        world_node_down(w, n->id);
}

static void do_left(World *w, WorldNode *n)
{
        if (n->manager.restarting) {
                world_did(w, DEED_MANAGER_DEAD);
                process_end(w, n, false, true);
                return;
        }
        trace(w, n, "has left");
        fuse_follow(w, n, true);
        process_end(w, n, true, false);
        if (n->shutting_down)
                world_schedule(w, w->now_usec + 50 * USEC_PER_MSEC, on_power_off, n, n->generation, 0);
}

static void do_exit(World *w, WorldNode *n, const Effect *f)
{
        trace(w, n, "manager gives up: %s", strempty(f->text));
        process_end(w, n, false, false);
        n->manager.exited = true;
}

static void carry_out(World *w, WorldNode *n, Effect *f)
{
        switch (f->type) {
        case EFFECT_SEND:
                world_group_send(w, n, TAKE_PTR(f->message));
                break;
        case EFFECT_PROBE:
                world_group_probe(w, n, f->token);
                break;
        case EFFECT_REJOIN:
                world_group_rejoin(w, n);
                break;
        case EFFECT_START:
                do_start(w, n, f);
                break;
        case EFFECT_STOP:
                world_observe(w, &(Observation){ .type = OBSERVE_STOP,
                                                 .node_id = n->id,
                                                 .app = f->app,
                                                 .epoch = f->epoch,
                                                 .quorate = engine_is_quorate(n->manager.engine) &&
                                                            !engine_is_isolated(n->manager.engine) });
                systemd_ask(w, n, f);
                world_moment(w, n, MOMENT_STOP);
                break;
        case EFFECT_KILL:
                world_observe(w, &(Observation){ .type = OBSERVE_KILL,
                                                 .node_id = n->id,
                                                 .app = f->app,
                                                 .epoch = f->epoch });
                systemd_ask(w, n, f);
                break;
        case EFFECT_FORGET:
                unit_model_forget(n, f->app, f->epoch);
                break;
        case EFFECT_WRITE:
                do_write(w, n, f);
                break;
        case EFFECT_REPLY:
                do_reply(w, n, f);
                break;
        case EFFECT_NOTE:
                do_note(w, n, f);
                break;
        case EFFECT_RELOAD:
                process_post_definitions(w, n);
                break;
        case EFFECT_READY:
                n->ready_in_boot = true;
                trace(w, n, "takes part");
                break;
        case EFFECT_SYNCED:
                guard_model_disarm(n);
                break;
        case EFFECT_LEFT:
                do_left(w, n);
                break;
        case EFFECT_EXIT:
                do_exit(w, n, f);
                break;
        case EFFECT_CHANGED: /* no bus is modelled */
        case _EFFECT_TYPE_MAX:
        default:
                break;
        }
}

/* A blow can end the manager between two effects: what is left of them is void then. */
void world_carry_out(World *w, WorldNode *n, EffectList *effects)
{
        uint64_t generation = n->manager.generation;

        for (size_t i = 0; i < effects->n_effects && n->manager.generation == generation && !n->manager.hung;
                        i++)
                carry_out(w, n, effects->effects + i);
}
