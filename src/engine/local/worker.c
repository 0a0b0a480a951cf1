/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This node's workers: what the agreed state asks of them, what holds it back, and what has to be reported.
 *
 * A start is issued if (1) this member is synced in the present view, (2) the view has been decided, and (3) its own quorum
 * notification names the ring. If the node is cut off (loss of quorum, a silent or lost Corosync), it stops its workers
 * without asking the group: each has what is left of its FailoverDelaySec=. */

#include "engine/local/worker.h"
#include "engine/local/cutoff.h"
#include "engine/local/files.h"
#include "engine/local/restarts.h"
#include "engine/local/runs.h"
#include "engine/member/view.h"
#include "engine/agreed/verdict.h"
#include "base/array.h"

/* No other member hears of an end without quorum. The group will say that the copy was lost with its node. */
static void worker_tell_cut_off_end(Engine *e, const LocalUnit *u, UnitState state)
{
        if (!engine_is_stale(e) || !u->stop_issued || !unit_state_is_alive(u->state) ||
                        unit_state_is_alive(state))
                return;
        engine_note(e, NOTE_APP_STOPPED, u->app, e->node_id, "it has ended here: this node is cut off")
                        ->epoch = u->epoch;
}

void worker_is(Engine *e, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason)
{
        LocalUnit *u = runs_find(e, app, epoch);
        App *a = state_find_app(&e->agreed.state, app);

        if (!u) {
                if (state == UNIT_NONE)
                        return;
                u = runs_add(e, app, epoch);
                if (!u)
                        return;
        }
        if (state == UNIT_NONE)
                state = UNIT_STOPPED;
        worker_tell_cut_off_end(e, u, state);
        if (state == UNIT_STUCK && u->state != UNIT_STUCK)
                engine_note(e, NOTE_COPY_STUCK, app, e->node_id, "%s", strempty(reason))->epoch = epoch;
        if (unit_digest != 0)
                u->unit_digest = unit_digest;
        restarts_set_unit(e, u, state, reason);
        /* One unit name holds one copy: whatever was there before is over. */
        FOREACH_ARRAY(old, e->units, e->n_units)
                if (old != u && streq(old->app, app) && unit_state_is_alive(old->state) &&
                                unit_state_is_alive(state))
                        old->state = UNIT_STOPPED;
        if (a)
                engine_changed_app(e, a);
}

/* ---- cut off ---- */

static uint64_t worker_delay(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);
        const LocalDefinition *d = files_find(e, app);

        if (a && a->has_definition)
                return app_least_delay(&e->agreed.state, a);
        if (!d || d->error)
                return 0;
        return d->definition.failover_delay_usec == DELAY_AUTO ? cutoff_needed_usec(e)
                                                               : d->definition.failover_delay_usec;
}

/* The others start their copy when the delay is over, so by then ours must have gone: the kill comes before, by what it
 * takes at most (systemd gets a second to do it), but never before half of the time is over. */
static uint64_t worker_time_to_end(const Engine *e, const char *app)
{
        uint64_t delay = worker_delay(e, app);

        return delay == USEC_INFINITY ? delay : delay - MIN(delay / 2, KILL_TAKES_USEC);
}

/* Where this node is cut off, each worker has what is left of its delay to end; with 0 its time is over at once. */
void worker_stop_cut_off(Engine *e)
{
        if (cutoff_since(e) == 0 || e->no_quorum_policy != NO_QUORUM_STOP)
                return;
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (unit_state_is_alive(u->state) && !runs_left_alone(e, u->app))
                        runs_stop(e, u, usec_add(cutoff_since(e), worker_time_to_end(e, u->app)));
}

void worker_kill_overdue(Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units) {
                Effect *f;

                if (!unit_state_is_alive(u->state) || u->kill_issued || e->now_usec < u->kill_usec)
                        continue;
                u->kill_issued = true;
                f = engine_emit(e, EFFECT_KILL);
                f->app = engine_strdup(e, u->app);
                f->epoch = u->epoch;
        }
}

/* ---- starts ---- */

static bool worker_may_start(const Engine *e)
{
        return view_is_quorate(e) && !cutoff_is_isolated(e) && !cutoff_has_slept(e) &&
               !e->agreed.state.form_pending && cutoff_since(e) == 0 && !e->unguarded;
}

/* What was delivered may be long past: a Corosync that was frozen, or a manager that hung, hands over the last of a ring
 * that the others have left. So a start waits until a probe that was sent after all that allows it has come back, quickly,
 * before any other view: then the ring still turned, and all of its nodes have been told what this node was told. */
static bool worker_is_fresh(Engine *e, App *a, const Copy *c)
{
        if (a->start_epoch != c->epoch)
                a->start_probe_in = 0;
        a->start_epoch = c->epoch;
        if (a->start_probe_in != e->view_serial)
                a->start_probe = cutoff_ask(e);
        a->start_probe_in = e->view_serial;
        if (cutoff_has_answered(e, a->start_probe))
                return true;
        e->starts_wait = true;
        return false;
}

static void worker_start(Engine *e, App *a, const Copy *c)
{
        LocalUnit *u;
        Effect *f;

        if (!worker_may_start(e) || a->maintenance || runs_app_is_alive(e, a->name) ||
                        verdict_holds_start(&e->agreed, a, c)) {
                a->start_probe_in = 0;
                return;
        }
        if (!worker_is_fresh(e, a, c))
                return;
        u = runs_add(e, a->name, c->epoch);
        if (!u)
                return;
        u->state = UNIT_STARTING;
        f = engine_emit(e, EFFECT_START);
        f->app = engine_strdup(e, a->name);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = engine_strdup(e, state_node_name(&e->agreed.state, c->from_node));
}

/* ---- copies that are too many ---- */

/* A node of this view that reports a newer copy of the application; 0: none. */
static uint32_t worker_newer_copy(const Engine *e, const LocalUnit *u)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (!p->has_facts || p->member.node_id == e->node_id)
                        continue;
                for (size_t i = 0; i < p->facts.n_copies; i++) {
                        const CopyFact *f = &p->facts.copies[i];

                        if (f->epoch > u->epoch && unit_state_is_alive(f->state) && streq(f->app, u->app))
                                return p->member.node_id;
                }
        }
        return 0;
}

/* A group that waits to be formed decides nothing, for as long as a record is missing. Of two copies that met in it the newer
 * one is the application's, and will be when it forms; the other one is of the past, and this node need not ask to stop it. */
void worker_stop_older(Engine *e)
{
        if (e->phase != PHASE_FORMING)
                return;
        FOREACH_ARRAY(u, e->units, e->n_units) {
                uint32_t kept = unit_state_is_alive(u->state) && !u->stop_issued &&
                                                                !runs_in_maintenance(e, u->app)
                                                ? worker_newer_copy(e, u)
                                                : 0;
                Effect *f;

                if (kept == 0)
                        continue;
                f = engine_note(e, NOTE_COPY_STOPPED, u->app, e->node_id,
                                "a newer copy was started elsewhere");
                f->epoch = u->epoch;
                f->from_node = engine_strdup(e, engine_node_name(e, kept));
                runs_stop(e, u, USEC_INFINITY);
        }
}

/* ---- reports ---- */

int worker_facts(const Engine *e, FactsMessage *f)
{
        f->copies = calloc(MAX(e->n_units, (size_t) 1), sizeof(CopyFact));
        if (!f->copies)
                return -ENOMEM;
        for (size_t i = 0; i < e->n_units; i++) {
                const LocalUnit *u = &e->units[i];
                char *app = strdup(u->app);

                if (!app)
                        return -ENOMEM;
                f->copies[f->n_copies++] = (CopyFact){
                        .app = app,
                        .epoch = u->epoch,
                        .state = u->stop_issued && unit_state_is_alive(u->state) && u->state != UNIT_STUCK
                                                 ? UNIT_STOPPING
                                                 : u->state,
                };
        }
        return 0;
}

/* Whether the report of a worker that runs, or that systemd restarts, may wait. No member starts or stops anything because
 * of such a report, except for the old copy beside a new one. */
static bool worker_report_may_wait(const Engine *e, const char *app, const ResultMessage *r)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return (r->state == UNIT_RUNNING || (r->state == UNIT_STARTING && r->reason)) &&
               !(a && a->n_copies > 1);
}

/* Each says of a copy that lives whether it needs a restart. */
static void worker_report(Engine *e, const char *app, uint64_t epoch, UnitState state, const char *reason)
{
        LocalUnit *u = runs_find(e, app, epoch);
        Message m = { .type = MESSAGE_RESULT };
        bool may_wait;

        if (u) {
                u->restart_told_in = e->view_serial;
                u->restart_told_needed = m.result.restart_needed = files_unit_differs(e, u);
        }

        m.result.app = engine_strdup(e, app);
        m.result.epoch = epoch;
        m.result.state = state;
        m.result.reason = reason ? strndup(reason, TEXT_MAX) : NULL;
        m.result.realtime_usec = e->realtime_usec;
        may_wait = worker_report_may_wait(e, app, &m.result);
        engine_send(e, &m)->may_wait = may_wait;
}

/* A start that was granted before the group heard that this node has no guard: it is decided again, for another node. A
 * unit without a state stands for the message that is under way. */
static void worker_give_back(Engine *e, App *a, const Copy *c, LocalUnit *u)
{
        if (!u)
                u = runs_add(e, a->name, c->epoch);
        if (!u || (u->reported_in == e->view_serial && u->reported != UNIT_NONE))
                return;
        a->start_probe_in = 0;
        u->reported = UNIT_STOPPED;
        u->reported_in = e->view_serial;
        worker_report(e, a->name, c->epoch, UNIT_NONE, NULL);
}

/* What has to be reported of a copy here; UNIT_NONE: nothing. */
static UnitState worker_news(const Engine *e, const App *a, const Copy *c, LocalUnit *u)
{
        if (!unit_state_is_alive(u->state))
                return u->state;
        if (u->state == UNIT_STUCK && !c->stuck)
                return UNIT_STUCK;
        return restarts_news(e, a, c, u);
}

static bool worker_restart_is_news(const Engine *e, const Copy *c, const LocalUnit *u)
{
        bool needed = files_unit_differs(e, u);

        return needed != c->restart_needed &&
               !(u->restart_told_in == e->view_serial && u->restart_told_needed == needed);
}

/* Of a worker that runs, and of which nothing else is to be told. */
static void worker_tell_restart(Engine *e, const App *a, const Copy *c, const LocalUnit *u)
{
        if (unit_state_is_alive(u->state) && worker_restart_is_news(e, c, u))
                worker_report(e, a->name, c->epoch, UNIT_STARTING, NULL);
}

static void worker_reconcile_copy(Engine *e, const Node *own, App *a, const Copy *c)
{
        LocalUnit *u = runs_find(e, a->name, c->epoch);
        UnitState news;

        if ((!u || u->state == UNIT_NONE) && c->phase == COPY_STARTING) {
                if (u || (own->unguarded && e->unguarded && !a->maintenance))
                        worker_give_back(e, a, c, u);
                else
                        worker_start(e, a, c);
                return;
        }
        if (!u) {
                /* It is to be stopped before it was started, or it has gone without a trace. */
                u = runs_add(e, a->name, c->epoch);
                if (!u)
                        return;
        }
        if (u->state == UNIT_NONE)
                u->state = UNIT_STOPPED;
        if (c->phase == COPY_STOPPING && unit_state_is_alive(u->state) && u->state != UNIT_STUCK &&
                        !a->maintenance)
                runs_stop(e, u, USEC_INFINITY);
        news = worker_news(e, a, c, u);
        if (news == UNIT_NONE || (u->reported_in == e->view_serial && news == u->reported)) {
                worker_tell_restart(e, a, c, u);
                return;
        }
        u->reported = news;
        u->reported_in = e->view_serial;
        if (news == UNIT_STARTING) {
                u->restarts_told_usec = e->now_usec;
                u->restarts_told_in = e->view_serial;
        }
        worker_report(e, a->name, c->epoch, news,
                        news == UNIT_STARTING  ? restarts_text(u)
                        : news == UNIT_RUNNING ? NULL
                                               : u->reason);
}

static void worker_reconcile_owed(Engine *e, App *a)
{
        for (size_t i = 0; i < a->n_owed; i++) {
                if (a->owed[i] != e->node_id)
                        continue;
                if (a->owed_sent_in != e->view_serial)
                        worker_report(e, a->name, a->last_epoch, UNIT_STARTING, NULL);
                a->owed_sent_in = e->view_serial;
                return;
        }
        a->owed_sent_in = 0;
}

void worker_tell_restarts(Engine *e)
{
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies) {
                        LocalUnit *u = c->node_id == e->node_id ? runs_find(e, a->name, c->epoch) : NULL;

                        if (u && u->reported_in == e->view_serial)
                                worker_tell_restart(e, a, c, u);
                }
}

void worker_reconcile(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);

        e->starts_wait = false;
        if (!engine_is_synced(e) || !own)
                return;
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == e->node_id)
                                worker_reconcile_copy(e, own, a, c);
                worker_reconcile_owed(e, a);
        }
        for (size_t i = e->n_units; i > 0; i--) {
                LocalUnit *u = &e->units[i - 1];
                const App *a = state_find_app(&e->agreed.state, u->app);
                Effect *f;

                if (a && app_find_copy(a, e->node_id, u->epoch))
                        continue;
                if (unit_state_is_alive(u->state)) {
                        /* The agreed state does not know it: no other node counts with it, so it must not run. */
                        if (!runs_in_maintenance(e, u->app))
                                runs_stop(e, u, USEC_INFINITY);
                        continue;
                }
                f = engine_emit(e, EFFECT_FORGET);
                f->app = engine_strdup(e, u->app);
                f->epoch = u->epoch;
                runs_remove(e, u);
        }
}

uint64_t worker_deadline(const Engine *e)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(u, e->units, e->n_units) {
                if (unit_state_is_alive(u->state) && !u->kill_issued)
                        t = MIN(t, u->kill_usec);
                t = MIN(t, restarts_deadline(e, u));
        }
        return t;
}

/* ---- `stop --local` ---- */

/* `stop --local`: this node's copy is stopped without asking the group. With quorum the group is to be asked. */
void worker_stop_local(Engine *e, uint64_t token, const char *app)
{
        Effect *f;
        CommandError error = COMMAND_NOT_RUNNING;
        const char *text = "it does not run here";

        if (engine_is_synced(e) && view_is_quorate(e)) {
                error = COMMAND_NOT_ALLOWED;
                text = "this node has quorum: stop it without --local";
        } else
                FOREACH_ARRAY(u, e->units, e->n_units)
                        if (streq(u->app, app) && unit_state_is_alive(u->state)) {
                                runs_stop(e, u, USEC_INFINITY);
                                error = COMMAND_OK;
                                text = "";
                        }
        f = engine_emit(e, EFFECT_REPLY);
        f->token = token;
        f->error = error;
        f->text = engine_strdup(e, text);
}
