/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine.h"
#include "engine/engine-struct.h"
#include "engine/local/cutoff.h"
#include "engine/local/disk.h"
#include "engine/local/expiry.h"
#include "engine/local/own-files.h"
#include "engine/local/guarded.h"
#include "engine/local/leave.h"
#include "engine/local/request.h"
#include "engine/local/runs.h"
#include "engine/local/startup.h"
#include "engine/local/worker.h"
#include "engine/agreed/place.h"
#include "engine/member/deliver.h"
#include "engine/member/form.h"
#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"

/* ---- birth ---- */

static int engine_take_record(Local *here, const EngineConfig *config)
{
        int r;

        here->me.record_kind = config->record_kind;
        if (config->record_kind != RECORD_VALID)
                return 0;
        r = state_decode(config->record, config->record_size_bytes, STATE_LASTING, 0, &here->me.agreed.state);
        if (r < 0)
                return r;
        return 0;
}

static int engine_init(Local *here, const EngineConfig *config)
{
        int r;

        here->me.node_id = config->node_id;
        here->sync_timeout_usec = config->sync_timeout_usec;
        here->no_quorum_policy = config->no_quorum_policy;
        here->me.grace_usec = config->grace_usec;
        here->me.boot_id = config->boot_id;
        here->me.version_min = config->version_min ? config->version_min : PROTOCOL_VERSION_MIN;
        here->me.version_max = config->version_max ? config->version_max : PROTOCOL_VERSION;
        here->takes_part = config->skip_sync_wait;
        here->unguarded = config->unguarded;
        here->unfused = config->unfused;
        here->me.view_serial = here->me.hold_serial = 2; /* no flag that is set, and none that is not */
        here->me.agreed.places = calloc(1, sizeof(Places));
        if (!here->me.agreed.places)
                return -ENOMEM;
        here->self_fence = config->self_fence;
        here->rebooted_itself = config->rebooted_itself;
        r = cutoff_new(config->isolation_timeout_usec,
                        config->self_fence_usec ? config->self_fence_usec : SELF_FENCE_DEFAULT_USEC,
                        &here->cutoff);
        if (r < 0)
                return r;
        r = listed_take(config->nodes, config->n_nodes, here->me.node_id, &here->me.nodelist,
                        &here->me.n_nodelist);
        if (r < 0)
                return r;
        r = startup_take_names(here, config->sync_mandatory, config->n_sync_mandatory, &here->wait_mandatory,
                        &here->n_wait_mandatory);
        if (r < 0)
                return r;
        r = startup_take_names(here, config->sync_optional, config->n_sync_optional, &here->wait_optional,
                        &here->n_wait_optional);
        if (r < 0)
                return r;
        return engine_take_record(here, config);
}

int engine_new(const EngineConfig *config, Engine **ret)
{
        _cleanup_(engine_freep) Engine *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        r = engine_init(&e->here, config);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e);
        return 0;
}

Engine *engine_free(Engine *e)
{
        Local *here;
        Membership *me;

        if (!e)
                return NULL;
        here = &e->here;
        me = &here->me;
        view_done(me);
        listed_free(me->nodelist, me->n_nodelist);
        outlet_done(&me->agreed.out);
        state_done(&me->agreed.state);
        free(me->agreed.places);
        free(here->cutoff);
        free(here->wait_mandatory);
        free(here->wait_optional);
        free(here->expiry_sent);
        files_end(here);
        runs_end(here);
        request_end(here);
        free(e);
        return NULL;
}

/* ---- the step ---- */

static void on_connected(Local *here, const Event *event)
{
        member_connected(&here->me, event->connected.incarnation, event->connected.pid,
                        event->connected.quorum_by_fewer);
        cutoff_times(here, event->connected.token_usec, event->connected.consensus_usec,
                        event->connected.quorum_device);
        cutoff_connected(here);
        if (here->started_usec == 0)
                here->started_usec = here->me.agreed.now_usec;
        request_forget_sent(here);
        member_changed(&here->me);
}

static void on_disconnected(Local *here)
{
        cutoff_corosync_lost(here);
        member_disconnected(&here->me);
        view_lost(&here->me);
        cutoff_outside(here);
        member_changed(&here->me);
}

static void on_quorum(Local *here, const RingId *ring, bool quorate)
{
        if (view_quorum(&here->me, ring, quorate))
                cutoff_quorum(here, quorate);
}

static void on_view(Local *here, const Event *event)
{
        cutoff_corosync_speaks(here);
        if (!view_begin(&here->me, event)) {
                cutoff_outside(here);
                return;
        }
        cutoff_view(here);
        /* Quorum's word may have come before the view that it is about. */
        if (view_has_quorum_word(&here->me))
                on_quorum(here, &event->view.ring, here->me.quorum_value);
        view_evaluate(&here->me);
        member_changed(&here->me);
}

static void on_message(Local *here, const Event *event)
{
        if (!deliver_event(&here->me, event))
                cutoff_outside(here);
}

/* One of our own has been delivered: what it tells need not be told again, and may have changed since it was sent. */
static void own_delivered(Local *here, const Message *m, const Outcome *o)
{
        if (m->type == MESSAGE_DEFINITIONS)
                files_delivered(here, &m->definitions);
        else if (m->type == MESSAGE_TIMING)
                here->timing_sent_in = 0;
        else if (o->command && m->incarnation == here->me.incarnation)
                request_applied(here, m->command.seq, o);
}

/* What this node does on its own follows from what was carried out. */
static void carry_out(Local *here)
{
        CarriedOut done;

        while (hold_next(&here->me, &done)) {
                if (done.own)
                        own_delivered(here, done.own, &done.outcome);
                if (done.outcome.files_dirty)
                        here->definitions_known_in = 0;
                if (done.outcome.room)
                        files_ask_again(here);
                if (done.outcome.reload)
                        here->files_read = false;
        }
}

static void engine_handle(Local *here, const Event *event)
{
        switch (event->type) {
        case EVENT_TIME:
                break;
        case EVENT_CONNECTED:
                on_connected(here, event);
                break;
        case EVENT_DISCONNECTED:
                on_disconnected(here);
                break;
        case EVENT_VIEW:
                on_view(here, event);
                break;
        case EVENT_QUORUM:
                on_quorum(here, &event->quorum.ring, event->quorum.quorate);
                break;
        case EVENT_MESSAGE:
                on_message(here, event);
                break;
        case EVENT_PROBE:
                cutoff_answer(here, event->probe.number);
                break;
        case EVENT_SUSPENDED: /* see engine_step() */
                break;
        case EVENT_UNIT:
                if (epoch_is_possible(event->unit.epoch))
                        worker_is(here, event->unit.app, event->unit.epoch, event->unit.state,
                                        event->unit.unit_digest, event->unit.reason, event->unit.needs_end);
                break;
        case EVENT_DEFINITIONS:
                files_set(here, event->definitions.definitions, event->definitions.unit_digests,
                                event->definitions.n_definitions, event->definitions.errors,
                                event->definitions.n_errors, event->definitions.again);
                break;
        case EVENT_WRITTEN:
                disk_written(here, event);
                break;
        case EVENT_COMMAND:
                request_submit(here, event->command.token, &event->command.command);
                break;
        case EVENT_STOP_LOCAL:
                worker_stop_local(here, event->stop_local.token, event->stop_local.app);
                break;
        case EVENT_TIMING:
                cutoff_times(here, event->timing.token_usec, event->timing.consensus_usec,
                                event->timing.quorum_device);
                member_changed(&here->me);
                break;
        case EVENT_NODELIST:
                listed_set(&here->me, event);
                break;
        case EVENT_GUARD:
                guarded_is(here, event->guard.guarded);
                break;
        case EVENT_FUSE:
                guarded_fuse_is(here, event->fuse.fused);
                break;
        case EVENT_LEAVE:
                leave_begin(here, &event->leave);
                break;
        case EVENT_RESTART:
                restart_begin(here, &event->leave);
                break;
        case _EVENT_TYPE_MAX:
        default:
                break;
        }
}

static void send_facts(Local *here)
{
        Message own = { .type = MESSAGE_FACTS };

        own.facts.timing = cutoff_node_timing(here);
        own.facts.can_write = !here->write_failed;
        own.facts.guarded = !here->unguarded;
        own.facts.fused = !here->unfused;
        own.facts.leaving = here->leaving;
        own.facts.rebooted_itself = here->rebooted_itself;
        if (member_grow(&here->me, worker_facts(here, &own.facts)) == 0)
                sync_send_facts(&here->me, &own.facts);
        message_done(&own);
}

/* A node that leaves forms no group. */
static uint64_t form_deadline(const Local *here)
{
        return here->leaving ? USEC_INFINITY : form_usec(&here->me);
}

static void form(Local *here)
{
        size_t n_own;
        _cleanup_free_ const Definition **own = files_good(here, &n_own);

        if (own)
                form_group(&here->me, own, n_own);
}

static void member_pump(Local *here)
{
        if (here->takes_part && sync_owes_facts(&here->me, cutoff_since(here) != 0))
                send_facts(here);
        listed_tell(&here->me);
        if (sync_ask_again(&here->me))
                cutoff_outside(here);
        sync_pump(&here->me);
        if (here->me.agreed.now_usec >= form_deadline(here))
                form(here);
        if (!member_is_synced(&here->me))
                return;
        cutoff_tell_timing(here);
        /* The last answer to `reload --all` ends it: what follows from the files for what runs here is told before. */
        if (here->definitions_known_in != here->me.view_serial)
                worker_tell_restarts(here);
        if (files_pump(here))
                sync_tell_synced(&here->me);
}

static void local_pump(Local *here)
{
        cutoff_watch_knowledge(here);
        startup_tell_synced(here);
        cutoff_watch_step(here);
        cutoff_watch(here);
        cutoff_watch_loss(here);
        worker_stop_cut_off(here);
        worker_stop_older(here);
        leave_pump(here);
        guarded_tell(here);
        worker_reconcile(here);
        worker_kill_overdue(here);
        cutoff_probe(here);
        disk_write(here);
        disk_acknowledge(here);
        expiry_pump(here);
        cutoff_watch_knowledge(here);
        /* What was reconciled may have been the last thing that a leave waited for. */
        leave_pump(here);
        restart_pump(here);
}

int engine_step(Engine *e, const Event *event, EffectList *effects)
{
        Local *here = &e->here;
        Agreed *g = &here->me.agreed;

        g->out.effects = effects;
        places_forget(g->places);
        if (event->type == EVENT_SUSPENDED)
                cutoff_suspended(here);
        g->now_usec = MAX(g->now_usec, event->now_usec);
        g->realtime_usec = event->realtime_usec;
        cutoff_begin_step(here);
        engine_handle(here, event);
        carry_out(here);
        /* What is due follows from the state alone, so that nothing is forgotten after a new view. */
        if (!g->out.oom) {
                view_pump(&here->me);
                carry_out(here);
                startup_pump(here);
                member_pump(here);
                local_pump(here);
                request_pump(here);
        }
        agreed_end_changed(g);
        g->out.effects = NULL;
        return g->out.oom ? -ENOMEM : 0;
}

uint64_t engine_deadline(const Engine *e)
{
        const Local *here = &e->here;
        uint64_t t = view_deadline(&here->me);

        t = MIN(t, startup_deadline(here));
        t = MIN(t, sync_deadline(&here->me));
        t = MIN(t, form_deadline(here));
        t = MIN(t, cutoff_deadline(here));
        t = MIN(t, worker_deadline(here));
        t = MIN(t, leave_deadline(here));
        t = MIN(t, restart_deadline(here));
        t = MIN(t, disk_deadline(here));
        t = MIN(t, expiry_deadline(here));
        t = MIN(t, request_deadline(here));
        return t;
}

uint64_t engine_fuse_deadline(const Engine *e, const char **ret_app)
{
        return worker_fuse_deadline(&e->here, ret_app);
}

/* ---- reading ---- */

const State *engine_state(const Engine *e)
{
        return &e->here.me.agreed.state;
}

bool engine_is_synced(const Engine *e)
{
        return member_is_synced(&e->here.me);
}

const char *engine_node_name(const Engine *e, uint32_t id)
{
        return member_node_name(&e->here.me, id);
}

const char *engine_nodelist_name(const Engine *e, uint32_t id)
{
        return member_nodelist_name(&e->here.me, id);
}

uint64_t engine_stale_since(const Engine *e)
{
        return cutoff_stale_since(&e->here);
}

bool engine_is_formed(const Engine *e)
{
        return e->here.me.phase == PHASE_DECIDED;
}

bool engine_is_quorate(const Engine *e)
{
        return view_is_quorate(&e->here.me);
}

bool engine_awaits_quorum(const Engine *e)
{
        return e->here.me.phase != PHASE_NONE && !view_has_quorum_word(&e->here.me);
}

bool engine_has_workers(const Engine *e)
{
        return e->here.starts_wait || runs_any_alive(&e->here);
}

bool engine_is_isolated(const Engine *e)
{
        return cutoff_is_isolated(&e->here);
}

ViewId engine_view(const Engine *e)
{
        ViewId v = e->here.me.view;

        if (!e->here.me.n_known)
                v.n = VIEW_N_UNKNOWN;
        return v;
}

uint32_t engine_node_id(const Engine *e)
{
        return e->here.me.node_id;
}

size_t engine_members(const Engine *e, Member *ret, size_t n_max)
{
        for (size_t i = 0; i < e->here.me.n_peers && i < n_max; i++)
                ret[i] = e->here.me.peers[i].member;
        return e->here.me.n_peers;
}
