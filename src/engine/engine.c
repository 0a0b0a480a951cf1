/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"
#include "engine/local/cutoff.h"
#include "engine/local/disk.h"
#include "engine/local/expiry.h"
#include "engine/local/files.h"
#include "engine/local/guarded.h"
#include "engine/local/leave.h"
#include "engine/local/request.h"
#include "engine/local/runs.h"
#include "engine/local/startup.h"
#include "engine/local/worker.h"
#include "engine/member/deliver.h"
#include "engine/member/form.h"
#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"
#include "base/array.h"

Effect *engine_note(Engine *e, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
{
        const char *node = node_id != 0 ? engine_node_name(e, node_id) : NULL;
        Effect *f;
        va_list ap;

        va_start(ap, format);
        f = outlet_note(&e->agreed.out, kind, app, node, format, ap);
        va_end(ap);
        return f;
}

void engine_changed_node(Engine *e, uint32_t node_id)
{
        outlet_changed_node(&e->agreed.out, engine_node_name(e, node_id));
}

const char *engine_nodelist_name(const Engine *e, uint32_t id)
{
        for (size_t i = 0; i < e->n_nodelist; i++)
                if (e->nodelist[i].id == id)
                        return e->nodelist[i].name;
        return NULL;
}

const char *engine_node_name(const Engine *e, uint32_t id)
{
        const Node *n = state_find_node(&e->agreed.state, id);
        const char *name = n ? n->name : engine_nodelist_name(e, id);

        return name ? name : "?";
}

Effect *engine_send(Engine *e, Message *m)
{
        Message *copy = malloc(sizeof(*copy));
        Effect *f;

        if (!copy) {
                e->agreed.out.oom = true;
                message_done(m);
                effect_done(&e->agreed.out.nowhere);
                return &e->agreed.out.nowhere;
        }
        /* A member that is not synced does not know the group's version: it uses its oldest. */
        m->version = engine_is_synced(e) ? e->agreed.state.version : e->version_min;
        m->view = e->view;
        m->incarnation = e->incarnation;
        m->number = ++e->in_view.number;
        *copy = *m;
        *m = (Message){};
        f = engine_emit(e, EFFECT_SEND);
        f->message = copy;
        return f;
}

/* ---- birth ---- */

static int engine_take_record(Engine *e, const EngineConfig *config)
{
        int r;

        e->record_kind = config->record_kind;
        if (config->record_kind != RECORD_VALID)
                return 0;
        r = state_decode(config->record, config->record_size_bytes, STATE_LASTING, 0, &e->agreed.state);
        if (r < 0)
                return r;
        return 0;
}

static int engine_init(Engine *e, const EngineConfig *config)
{
        int r;

        e->node_id = config->node_id;
        e->sync_timeout_usec = config->sync_timeout_usec;
        e->no_quorum_policy = config->no_quorum_policy;
        e->grace_usec = config->grace_usec;
        e->boot_id = config->boot_id;
        e->version_min = config->version_min ? config->version_min : PROTOCOL_VERSION_MIN;
        e->version_max = config->version_max ? config->version_max : PROTOCOL_VERSION;
        e->takes_part = config->skip_sync_wait;
        e->unguarded = config->unguarded;
        cutoff_init(e, config);
        e->view_serial = e->hold_serial = 2; /* no flag that is set, and none that is not */
        r = listed_take(config->nodes, config->n_nodes, e->node_id, &e->nodelist, &e->n_nodelist);
        if (r < 0)
                return r;
        r = startup_take_names(e, config->sync_mandatory, config->n_sync_mandatory, &e->wait_mandatory,
                        &e->n_wait_mandatory);
        if (r < 0)
                return r;
        r = startup_take_names(e, config->sync_optional, config->n_sync_optional, &e->wait_optional,
                        &e->n_wait_optional);
        if (r < 0)
                return r;
        return engine_take_record(e, config);
}

int engine_new(const EngineConfig *config, Engine **ret)
{
        _cleanup_(engine_freep) Engine *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        r = engine_init(e, config);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e);
        return 0;
}

Engine *engine_free(Engine *e)
{
        if (!e)
                return NULL;
        view_end(e);
        outlet_done(&e->agreed.out);
        listed_free(e->nodelist, e->n_nodelist);
        free(e->wait_mandatory);
        free(e->wait_optional);
        free(e->peers);
        free(e->ring_nodes);
        free(e->backlog);
        free(e->expiry_sent);
        state_done(&e->agreed.state);
        files_set(e, NULL, NULL, 0, NULL, 0);
        free(e->definitions);
        for (size_t i = 0; i < e->n_units; i++) {
                free(e->units[i].app);
                free(e->units[i].reason);
        }
        free(e->units);
        for (size_t i = 0; i < e->n_commands; i++)
                command_done(&e->commands[i].command);
        free(e->commands);
        free(e);
        return NULL;
}

/* ---- the step ---- */

static void on_connected(Engine *e, const Event *event)
{
        e->connected = true;
        e->incarnation = event->connected.incarnation;
        e->pid = event->connected.pid;
        e->by_fewer = event->connected.quorum_by_fewer;
        e->quorum_known = false;
        cutoff_times(e, event->connected.token_usec, event->connected.consensus_usec,
                        event->connected.quorum_device);
        cutoff_connected(e);
        if (e->started_usec == 0)
                e->started_usec = e->now_usec;
        request_forget_sent(e);
        engine_changed(e);
}

static void on_disconnected(Engine *e)
{
        cutoff_corosync_lost(e);
        e->connected = false;
        e->quorum_known = false;
        view_lost(e);
        cutoff_outside(e);
        engine_changed(e);
}

static void on_quorum(Engine *e, const RingId *ring, bool quorate)
{
        if (view_quorum(e, ring, quorate))
                cutoff_quorum(e, quorate);
}

static void on_view(Engine *e, const Event *event)
{
        cutoff_corosync_speaks(e);
        if (!view_begin(e, event)) {
                cutoff_outside(e);
                return;
        }
        cutoff_view(e);
        /* Quorum's word may have come before the view that it is about. */
        if (view_has_quorum_word(e))
                on_quorum(e, &event->view.ring, e->quorum_value);
        view_evaluate(e);
        engine_changed(e);
}

static void on_message(Engine *e, const Event *event)
{
        if (!deliver_event(e, event))
                cutoff_outside(e);
}

/* One of our own has been delivered: what it tells need not be told again, and may have changed since it was sent. */
static void own_delivered(Engine *e, const Message *m, const Outcome *o)
{
        if (m->type == MESSAGE_DEFINITIONS)
                files_delivered(e, &m->definitions);
        else if (m->type == MESSAGE_TIMING)
                e->timing_sent_in = 0;
        else if (o->command && m->incarnation == e->incarnation)
                request_applied(e, m->command.seq, o);
}

/* What this node does on its own follows from what was carried out. */
static void carry_out(Engine *e)
{
        CarriedOut done;

        while (hold_next(e, &done)) {
                if (done.own)
                        own_delivered(e, done.own, &done.outcome);
                if (done.outcome.files_dirty)
                        e->definitions_known_in = 0;
                if (done.outcome.room)
                        files_ask_again(e);
                if (done.outcome.reload)
                        e->files_read = false;
        }
}

static void engine_handle(Engine *e, const Event *event)
{
        switch (event->type) {
        case EVENT_TIME:
                break;
        case EVENT_CONNECTED:
                on_connected(e, event);
                break;
        case EVENT_DISCONNECTED:
                on_disconnected(e);
                break;
        case EVENT_VIEW:
                on_view(e, event);
                break;
        case EVENT_QUORUM:
                on_quorum(e, &event->quorum.ring, event->quorum.quorate);
                break;
        case EVENT_MESSAGE:
                on_message(e, event);
                break;
        case EVENT_PROBE:
                cutoff_answer(e, event->probe.number);
                break;
        case EVENT_SUSPENDED: /* see engine_step() */
                break;
        case EVENT_UNIT:
                if (epoch_is_possible(event->unit.epoch))
                        worker_is(e, event->unit.app, event->unit.epoch, event->unit.state,
                                        event->unit.unit_digest, event->unit.reason);
                break;
        case EVENT_DEFINITIONS:
                files_set(e, event->definitions.definitions, event->definitions.unit_digests,
                                event->definitions.n_definitions, event->definitions.errors,
                                event->definitions.n_errors);
                break;
        case EVENT_WRITTEN:
                disk_written(e, event);
                break;
        case EVENT_COMMAND:
                request_submit(e, event->command.token, &event->command.command);
                break;
        case EVENT_STOP_LOCAL:
                worker_stop_local(e, event->stop_local.token, event->stop_local.app);
                break;
        case EVENT_TIMING:
                cutoff_times(e, event->timing.token_usec, event->timing.consensus_usec,
                                event->timing.quorum_device);
                engine_changed(e);
                break;
        case EVENT_NODELIST:
                listed_set(e, event);
                break;
        case EVENT_GUARD:
                guarded_is(e, event->guard.guarded);
                break;
        case EVENT_LEAVE:
                leave_begin(e, &event->leave);
                break;
        case EVENT_RESTART:
                restart_begin(e, &event->leave);
                break;
        case _EVENT_TYPE_MAX:
        default:
                break;
        }
}

static void send_facts(Engine *e)
{
        Message own = { .type = MESSAGE_FACTS };

        own.facts.timing = cutoff_node_timing(e);
        own.facts.can_write = !e->write_failed;
        own.facts.guarded = !e->unguarded;
        if (engine_grow(e, worker_facts(e, &own.facts)) == 0)
                sync_send_facts(e, &own.facts);
        message_done(&own);
}

static void form(Engine *e)
{
        size_t n_own;
        _cleanup_free_ const Definition **own = files_good(e, &n_own);

        if (own)
                form_group(e, own, n_own);
}

static void member_pump(Engine *e)
{
        if (sync_owes_facts(e, cutoff_since(e) != 0))
                send_facts(e);
        listed_tell(e);
        if (sync_ask_again(e))
                cutoff_outside(e);
        sync_pump(e);
        if (e->now_usec >= form_usec(e))
                form(e);
        if (!engine_is_synced(e))
                return;
        cutoff_tell_timing(e);
        /* The last answer to `reload --all` ends it: what follows from the files for what runs here is told before. */
        if (e->definitions_known_in != e->view_serial)
                worker_tell_restarts(e);
        if (files_pump(e))
                sync_tell_synced(e);
}

static void local_pump(Engine *e)
{
        cutoff_watch_knowledge(e);
        startup_tell_synced(e);
        cutoff_watch_step(e);
        cutoff_watch(e);
        worker_stop_cut_off(e);
        worker_stop_older(e);
        leave_pump(e);
        guarded_tell(e);
        worker_reconcile(e);
        worker_kill_overdue(e);
        cutoff_probe(e);
        disk_write(e);
        disk_acknowledge(e);
        expiry_pump(e);
        cutoff_watch_knowledge(e);
        /* What was reconciled may have been the last thing that a leave waited for. */
        leave_pump(e);
        restart_pump(e);
}

int engine_step(Engine *e, const Event *event, EffectList *effects)
{
        e->agreed.out.effects = effects;
        if (event->type == EVENT_SUSPENDED)
                cutoff_suspended(e);
        e->now_usec = e->agreed.now_usec = MAX(e->now_usec, event->now_usec);
        e->realtime_usec = e->agreed.realtime_usec = event->realtime_usec;
        cutoff_begin_step(e);
        engine_handle(e, event);
        carry_out(e);
        /* What is due follows from the state alone, so that nothing is forgotten after a new view. */
        if (!e->agreed.out.oom) {
                view_pump(e);
                carry_out(e);
                startup_pump(e);
                member_pump(e);
                local_pump(e);
                request_pump(e);
        }
        agreed_end_changed(&e->agreed);
        e->agreed.out.effects = NULL;
        return e->agreed.out.oom ? -ENOMEM : 0;
}

uint64_t engine_deadline(const Engine *e)
{
        uint64_t t = view_deadline(e);

        t = MIN(t, startup_deadline(e));
        t = MIN(t, sync_deadline(e));
        t = MIN(t, form_usec(e));
        t = MIN(t, cutoff_deadline(e));
        t = MIN(t, worker_deadline(e));
        t = MIN(t, leave_deadline(e));
        t = MIN(t, restart_deadline(e));
        t = MIN(t, disk_deadline(e));
        t = MIN(t, expiry_deadline(e));
        t = MIN(t, request_deadline(e));
        return t;
}

/* ---- reading ---- */

const State *engine_state(const Engine *e)
{
        return &e->agreed.state;
}

bool engine_is_synced(const Engine *e)
{
        return e->synced && e->phase == PHASE_DECIDED;
}

uint64_t engine_stale_since(const Engine *e)
{
        return cutoff_stale_since(e);
}

bool engine_is_formed(const Engine *e)
{
        return e->phase == PHASE_DECIDED;
}

bool engine_is_quorate(const Engine *e)
{
        return view_is_quorate(e);
}

bool engine_has_workers(const Engine *e)
{
        return e->starts_wait || runs_any_alive(e);
}

bool engine_is_isolated(const Engine *e)
{
        return cutoff_is_isolated(e);
}

ViewId engine_view(const Engine *e)
{
        ViewId v = e->view;

        if (!e->n_known)
                v.n = VIEW_N_UNKNOWN;
        return v;
}

uint32_t engine_node_id(const Engine *e)
{
        return e->node_id;
}

size_t engine_members(const Engine *e, Member *ret, size_t n_max)
{
        for (size_t i = 0; i < e->n_peers && i < n_max; i++)
                ret[i] = e->peers[i].member;
        return e->n_peers;
}
