/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This node's workers: what the agreed state asks of them, what holds it back, and what has to be reported.
 *
 * A start is issued if (1) this member is synced in the present view, (2) the view has been decided, and (3) its own quorum
 * notification names the ring. If the node is cut off (loss of quorum, a silent or lost Corosync), it stops its workers
 * without asking the group: each has what is left of its FailoverDelaySec=. */

#include "engine/local/worker.h"
#include "engine/local/cutoff.h"
#include "engine/local/guarded.h"
#include "engine/local/own-files.h"
#include "engine/local/restarts.h"
#include "engine/local/runs.h"
#include "engine/member/view.h"
#include "engine/agreed/verdict.h"
#include "engine/agreed/app.h"
#include "base/array.h"

/* No other member hears of an end without quorum. The group will say that the copy was lost with its node. */
static void worker_tell_cut_off_end(Local *here, const LocalUnit *u, UnitState state)
{
        if (!cutoff_is_stale(here) || !u->stop_issued || !unit_state_is_alive(u->state) ||
                        unit_state_is_alive(state))
                return;
        member_note(&here->me, NOTE_APP_STOPPED, u->app, here->me.node_id,
                        "it has ended here: this node is cut off")
                        ->epoch = u->epoch;
}

void worker_is(Local *here, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason, bool needs_end)
{
        LocalUnit *u = runs_find(here, app, epoch);
        App *a = state_find_app(&here->me.agreed.state, app);

        if (!u) {
                if (state == UNIT_NONE)
                        return;
                u = runs_add(here, app, epoch);
                if (!u)
                        return;
        }
        if (state == UNIT_NONE)
                state = UNIT_STOPPED;
        worker_tell_cut_off_end(here, u, state);
        if (state == UNIT_STUCK && u->state != UNIT_STUCK)
                member_note(&here->me, NOTE_COPY_STUCK, app, here->me.node_id, "%s", strempty(reason))
                                ->epoch = epoch;
        if (unit_digest != 0)
                u->unit_digest = unit_digest;
        u->needs_end = u->needs_end || needs_end;
        restarts_set_unit(here, u, state, reason);
        /* One unit name holds one copy: whatever was there before is over. */
        FOREACH_ARRAY(old, here->units, here->n_units)
                if (old != u && streq(old->app, app) && unit_state_is_alive(old->state) &&
                                unit_state_is_alive(state))
                        old->state = UNIT_STOPPED;
        if (a)
                agreed_changed_app(&here->me.agreed, a);
}

/* ---- cut off ---- */

static Copy *worker_copy(const Local *here, const LocalUnit *u)
{
        const App *a = state_find_app(&here->me.agreed.state, u->app);

        return a ? app_find_copy(a, here->me.node_id, u->epoch) : NULL;
}

static bool worker_needs_end(const Local *here, const LocalUnit *u)
{
        const Copy *c = worker_copy(here, u);

        return u->needs_end || (c && c->needs_end);
}

/* What the peers wait for at least. A record has no definitions: before this member is in step its own files are all that
 * it knows. */
static uint64_t worker_delay(const Local *here, const LocalUnit *u)
{
        const App *a = state_find_app(&here->me.agreed.state, u->app);
        const LocalDefinition *d = files_find(here, u->app);
        uint64_t delay = 0;

        if (a && a->has_definition)
                delay = app_least_delay(&here->me.agreed.state, a, worker_copy(here, u));
        else if (d && !d->error)
                delay = d->definition.failover_delay_usec == DELAY_AUTO ? cutoff_needed_usec(here)
                                                                        : d->definition.failover_delay_usec;
        return worker_needs_end(here, u) ? MAX(delay, cutoff_needs_end_usec(here)) : delay;
}

/* The others start their copy when the delay is over, so by then ours must have gone. The kill comes before, by what it
 * takes at most (systemd gets a second to do it), but never before half of the time is over. */
static uint64_t worker_time_to_end(const Local *here, const LocalUnit *u)
{
        uint64_t delay = worker_delay(here, u);

        return delay == USEC_INFINITY ? delay : delay - MIN(delay / 2, KILL_TAKES_USEC);
}

/* What outlives a kill has the second half of the time that is left, the processes have the first. */
static uint64_t worker_kill_usec(const Local *here, const LocalUnit *u)
{
        uint64_t now = here->me.agreed.now_usec, end;

        if (!worker_needs_end(here, u))
                return usec_add(cutoff_since(here), worker_time_to_end(here, u));
        end = cutoff_end_usec(here, worker_delay(here, u));
        return end == USEC_INFINITY ? end : now + usec_left(end, now) / 2;
}

/* Where this node is cut off, each worker has what is left of its delay to end; with 0 its time is over at once. */
void worker_stop_cut_off(Local *here)
{
        if (cutoff_since(here) == 0 || here->no_quorum_policy != NO_QUORUM_STOP)
                return;
        FOREACH_ARRAY(u, here->units, here->n_units)
                if (unit_state_is_alive(u->state) && !runs_left_alone(here, u->app))
                        runs_stop(here, u, worker_kill_usec(here, u));
}

/* With NoQuorumPolicy=freeze nothing is ended here, and in maintenance neither. */
static bool worker_has_fuse(const Local *here, const LocalUnit *u)
{
        if (here->self_fence == SELF_FENCE_NO || here->no_quorum_policy != NO_QUORUM_STOP ||
                        !unit_state_is_alive(u->state) || runs_left_alone(here, u->app))
                return false;
        return here->self_fence == SELF_FENCE_YES || worker_needs_end(here, u);
}

uint64_t worker_fuse_deadline(const Local *here, const char **ret_app)
{
        const LocalUnit *first = NULL;
        uint64_t deadline = 0;

        FOREACH_ARRAY(u, here->units, here->n_units) {
                uint64_t delay, t;

                if (!worker_has_fuse(here, u))
                        continue;
                delay = worker_delay(here, u);
                t = delay == USEC_INFINITY ? 0
                                           : cutoff_end_usec(here, MAX(delay, cutoff_self_fence_usec(here)));
                if (t == 0 || (deadline != 0 && t >= deadline))
                        continue;
                first = u;
                deadline = t;
        }
        *ret_app = first ? first->app : NULL;
        return deadline;
}

void worker_kill_overdue(Local *here)
{
        FOREACH_ARRAY(u, here->units, here->n_units) {
                Effect *f;

                if (!unit_state_is_alive(u->state) || u->kill_issued ||
                                here->me.agreed.now_usec < u->kill_usec)
                        continue;
                u->kill_issued = true;
                f = member_emit(&here->me, EFFECT_KILL);
                f->app = member_strdup(&here->me, u->app);
                f->epoch = u->epoch;
        }
}

/* ---- starts ---- */

static bool worker_may_start(const Local *here)
{
        return view_is_quorate(&here->me) && !cutoff_is_isolated(here) && !cutoff_has_slept(here) &&
               !here->me.agreed.state.form_pending && cutoff_since(here) == 0 && !here->unguarded;
}

/* What was delivered may be long past: a Corosync that was frozen, or a manager that hung, hands over the last of a
 * ring that the others have left. So a start waits for a probe that was sent after all that allows it. The probe must
 * come back quickly, before any other view: then the ring still turned, and all of its nodes have been told what this
 * node was told. */
static bool worker_is_fresh(Local *here, App *a, const Copy *c)
{
        if (a->start_epoch != c->epoch)
                a->start_probe_in = 0;
        a->start_epoch = c->epoch;
        if (a->start_probe_in != here->me.view_serial)
                a->start_probe = cutoff_ask(here);
        a->start_probe_in = here->me.view_serial;
        if (cutoff_has_answered(here, a->start_probe))
                return true;
        here->starts_wait = true;
        return false;
}

static void worker_start(Local *here, App *a, const Copy *c)
{
        LocalUnit *u;
        Effect *f;

        if (!worker_may_start(here) || (c->needs_end && here->unfused) || a->maintenance ||
                        runs_app_is_alive(here, a->name) || verdict_holds_start(&here->me.agreed, a, c)) {
                a->start_probe_in = 0;
                return;
        }
        if (!worker_is_fresh(here, a, c))
                return;
        /* The deadline of what outlives a kill would be that of a loss before its start. */
        if (c->needs_end && !cutoff_is_in_step(here)) {
                here->starts_wait = true;
                return;
        }
        u = runs_add(here, a->name, c->epoch);
        if (!u)
                return;
        u->state = UNIT_STARTING;
        u->needs_end = c->needs_end;
        cutoff_take_answer(here);
        f = member_emit(&here->me, EFFECT_START);
        f->app = member_strdup(&here->me, a->name);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = member_strdup(&here->me, state_node_name(&here->me.agreed.state, c->from_node));
}

/* ---- copies that are too many ---- */

/* A node of this view that reports a newer copy of the application; 0: none. */
static uint32_t worker_newer_copy(const Local *here, const LocalUnit *u)
{
        FOREACH_ARRAY(p, here->me.peers, here->me.n_peers) {
                if (!p->has_facts || p->member.node_id == here->me.node_id)
                        continue;
                for (size_t i = 0; i < p->facts.n_copies; i++) {
                        const CopyFact *f = &p->facts.copies[i];

                        if (f->epoch > u->epoch && unit_state_is_alive(f->state) && streq(f->app, u->app))
                                return p->member.node_id;
                }
        }
        return 0;
}

/* A group that waits to be formed decides nothing, for as long as a record is missing. Of two copies that met in it the
 * newer one is the application's, and will be when it forms. The other one is of the past, and this node need not ask
 * to stop it. */
void worker_stop_older(Local *here)
{
        if (here->me.phase != PHASE_FORMING)
                return;
        FOREACH_ARRAY(u, here->units, here->n_units) {
                uint32_t kept = unit_state_is_alive(u->state) && !u->stop_issued &&
                                                                !runs_in_maintenance(here, u->app)
                                                ? worker_newer_copy(here, u)
                                                : 0;
                Effect *f;

                if (kept == 0)
                        continue;
                f = member_note(&here->me, NOTE_COPY_STOPPED, u->app, here->me.node_id,
                                "a newer copy was started elsewhere");
                f->epoch = u->epoch;
                f->from_node = member_strdup(&here->me, member_node_name(&here->me, kept));
                runs_stop(here, u, USEC_INFINITY);
        }
}

/* ---- reports ---- */

int worker_facts(const Local *here, FactsMessage *f)
{
        f->copies = calloc(MAX(here->n_units, (size_t) 1), sizeof(CopyFact));
        if (!f->copies)
                return -ENOMEM;
        for (size_t i = 0; i < here->n_units; i++) {
                const LocalUnit *u = &here->units[i];
                const Copy *c = worker_copy(here, u);
                char *app = strdup(u->app);

                if (!app)
                        return -ENOMEM;
                f->copies[f->n_copies++] = (CopyFact){
                        .app = app,
                        .epoch = u->epoch,
                        .needs_end = worker_needs_end(here, u),
                        .granted_delay_usec = c && c->needs_end ? c->granted_delay_usec
                                              : u->needs_end    ? DELAY_AUTO
                                                                : 0,
                        .state = u->stop_issued && unit_state_is_alive(u->state) && u->state != UNIT_STUCK
                                                 ? UNIT_STOPPING
                                                 : u->state,
                };
        }
        return 0;
}

/* Whether the report of a worker that runs, or that systemd restarts, may wait. No member starts or stops anything because
 * of such a report, except for the old copy beside a new one. */
static bool worker_report_may_wait(const Local *here, const char *app, const ResultMessage *r)
{
        const App *a = state_find_app(&here->me.agreed.state, app);

        return (r->state == UNIT_RUNNING || (r->state == UNIT_STARTING && r->reason)) &&
               !(a && a->n_copies > 1);
}

/* Each says of a copy that lives whether it needs a restart. */
static void worker_report(Local *here, const char *app, uint64_t epoch, UnitState state, const char *reason)
{
        LocalUnit *u = runs_find(here, app, epoch);
        Message m = { .type = MESSAGE_RESULT };
        bool may_wait;

        if (u) {
                u->restart_told_in = here->me.view_serial;
                u->restart_told_needed = m.result.restart_needed = files_unit_differs(here, u);
        }

        m.result.app = member_strdup(&here->me, app);
        m.result.epoch = epoch;
        m.result.state = state;
        m.result.reason = reason ? strndup(reason, TEXT_MAX) : NULL;
        m.result.realtime_usec = here->me.agreed.realtime_usec;
        may_wait = worker_report_may_wait(here, app, &m.result);
        member_send(&here->me, &m)->may_wait = may_wait;
}

/* A start that was granted before the group heard that this node has no guard, or no fuse: it is decided again, for another node. A
 * unit without a state stands for the message that is under way. */
static void worker_give_back(Local *here, App *a, const Copy *c, LocalUnit *u)
{
        if (!u)
                u = runs_add(here, a->name, c->epoch);
        if (!u || (u->reported_in == here->me.view_serial && u->reported != UNIT_NONE))
                return;
        a->start_probe_in = 0;
        u->reported = UNIT_STOPPED;
        u->reported_in = here->me.view_serial;
        worker_report(here, a->name, c->epoch, UNIT_NONE, NULL);
}

/* What has to be reported of a copy here; UNIT_NONE: nothing. */
static UnitState worker_news(const Local *here, const App *a, const Copy *c, LocalUnit *u)
{
        if (!unit_state_is_alive(u->state))
                return u->state;
        if (u->state == UNIT_STUCK && !c->stuck)
                return UNIT_STUCK;
        return restarts_news(here, a, c, u);
}

static bool worker_restart_is_news(const Local *here, const Copy *c, const LocalUnit *u)
{
        bool needed = files_unit_differs(here, u);

        return needed != c->restart_needed &&
               !(u->restart_told_in == here->me.view_serial && u->restart_told_needed == needed);
}

/* Of a worker that runs, and of which nothing else is to be told. */
static void worker_tell_restart(Local *here, const App *a, const Copy *c, const LocalUnit *u)
{
        if (unit_state_is_alive(u->state) && worker_restart_is_news(here, c, u))
                worker_report(here, a->name, c->epoch, UNIT_STARTING, NULL);
}

static void worker_reconcile_copy(Local *here, const Node *own, App *a, const Copy *c)
{
        LocalUnit *u = runs_find(here, a->name, c->epoch);
        UnitState news;

        if ((!u || u->state == UNIT_NONE) && c->phase == COPY_STARTING) {
                if (u || (guarded_lacks(here, own, c) && !a->maintenance))
                        worker_give_back(here, a, c, u);
                else
                        worker_start(here, a, c);
                return;
        }
        if (!u) {
                /* It is to be stopped before it was started, or it has gone without a trace. */
                u = runs_add(here, a->name, c->epoch);
                if (!u)
                        return;
        }
        if (u->state == UNIT_NONE)
                u->state = UNIT_STOPPED;
        if (c->phase == COPY_STOPPING && unit_state_is_alive(u->state) && u->state != UNIT_STUCK &&
                        !a->maintenance)
                runs_stop(here, u, USEC_INFINITY);
        news = worker_news(here, a, c, u);
        if (news == UNIT_NONE || (u->reported_in == here->me.view_serial && news == u->reported)) {
                worker_tell_restart(here, a, c, u);
                return;
        }
        u->reported = news;
        u->reported_in = here->me.view_serial;
        if (news == UNIT_STARTING) {
                u->restarts_told_usec = here->me.agreed.now_usec;
                u->restarts_told_in = here->me.view_serial;
        }
        worker_report(here, a->name, c->epoch, news,
                        news == UNIT_STARTING  ? restarts_text(u)
                        : news == UNIT_RUNNING ? NULL
                                               : u->reason);
}

static void worker_reconcile_owed(Local *here, App *a)
{
        for (size_t i = 0; i < a->n_owed; i++) {
                if (a->owed[i] != here->me.node_id)
                        continue;
                if (a->owed_sent_in != here->me.view_serial)
                        worker_report(here, a->name, a->last_epoch, UNIT_STARTING, NULL);
                a->owed_sent_in = here->me.view_serial;
                return;
        }
        a->owed_sent_in = 0;
}

void worker_tell_restarts(Local *here)
{
        FOREACH_ARRAY(a, here->me.agreed.state.apps, here->me.agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies) {
                        LocalUnit *u = c->node_id == here->me.node_id ? runs_find(here, a->name, c->epoch)
                                                                      : NULL;

                        if (u && u->reported_in == here->me.view_serial)
                                worker_tell_restart(here, a, c, u);
                }
}

void worker_reconcile(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);

        here->starts_wait = false;
        if (!member_is_synced(&here->me) || !own)
                return;
        FOREACH_ARRAY(a, here->me.agreed.state.apps, here->me.agreed.state.n_apps) {
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == here->me.node_id)
                                worker_reconcile_copy(here, own, a, c);
                worker_reconcile_owed(here, a);
        }
        for (size_t i = here->n_units; i > 0; i--) {
                LocalUnit *u = &here->units[i - 1];
                const App *a = state_find_app(&here->me.agreed.state, u->app);
                Effect *f;

                if (a && app_find_copy(a, here->me.node_id, u->epoch))
                        continue;
                if (unit_state_is_alive(u->state)) {
                        /* The agreed state does not know it: no other node counts with it, so it must not run. */
                        if (!runs_in_maintenance(here, u->app))
                                runs_stop(here, u, USEC_INFINITY);
                        continue;
                }
                f = member_emit(&here->me, EFFECT_FORGET);
                f->app = member_strdup(&here->me, u->app);
                f->epoch = u->epoch;
                runs_remove(here, u);
        }
}

uint64_t worker_deadline(const Local *here)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(u, here->units, here->n_units) {
                if (unit_state_is_alive(u->state) && !u->kill_issued)
                        t = MIN(t, u->kill_usec);
                t = MIN(t, restarts_deadline(here, u));
        }
        return t;
}

/* ---- `stop --local` ---- */

/* `stop --local`: this node's copy is stopped without asking the group. With quorum the group is to be asked. */
void worker_stop_local(Local *here, uint64_t token, const char *app)
{
        Effect *f;
        CommandError error = COMMAND_NOT_RUNNING;
        const char *text = "it does not run here";

        if (member_is_synced(&here->me) && view_is_quorate(&here->me)) {
                error = COMMAND_NOT_ALLOWED;
                text = "this node has quorum: stop it without --local";
        } else
                FOREACH_ARRAY(u, here->units, here->n_units)
                        if (streq(u->app, app) && unit_state_is_alive(u->state)) {
                                runs_stop(here, u, USEC_INFINITY);
                                error = COMMAND_OK;
                                text = "";
                        }
        f = member_emit(&here->me, EFFECT_REPLY);
        f->token = token;
        f->error = error;
        f->text = member_strdup(&here->me, text);
}
