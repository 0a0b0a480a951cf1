/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only writer of a Copy. Its life, by what is reported of it or happens to its node:
 *
 *   phase      RUNNING    STARTING, why    STUCK              an end                the node is lost, the grace over
 *   (granted)  -          -                -                  -                     -
 *   STARTING   RUNNING    shown            STOPPING, stuck    gone: what it means   LOST
 *   RUNNING    -, settled shown            STOPPING, stuck    for the application:  LOST
 *   STOPPING   -          -                stuck              app_present_ended()   LOST
 *   LOST       -          -                stuck              gone, told before     -
 *
 * A LOST one is kept until its node reports. Facts bring it back: as the application's (adopted) if none lives and its epoch is
 * the last; else as surplus, which is STOPPING and never the application's. `untamed`: in maintenance when it was lost, so that
 * nothing stops it there. In maintenance no phase is changed by decisions. */

#include "engine/agreed/copy.h"
#include "engine/agreed/app.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/retry.h"
#include "base/array.h"

void app_stop_copy(Agreed *g, App *a, Copy *c, const char *why)
{
        Effect *f;

        if (c->phase == COPY_STOPPING)
                return;
        c->phase = COPY_STOPPING;
        c->stop_why = why;
        f = agreed_note(g, NOTE_APP_STOPPING, a->name, c->node_id, "%s", why);
        f->epoch = c->epoch;
        app_touched(g, a);
}

void copy_ended_note(Agreed *g, const App *a, const Copy *c, const char *why)
{
        agreed_note(g, NOTE_APP_STOPPED, a->name, c->node_id, "%s", why)->epoch = c->epoch;
}

void copy_watched(Copy *c)
{
        if (copy_is_live(c))
                c->untamed = false;
}

/* ---- its loss ---- */

/* A copy went with its node. `delay_usec`: how long its node is waited for from now. */
void copy_lose(Agreed *g, App *a, Copy *c, uint64_t delay_usec, const char *why)
{
        bool live = copy_is_live(c);

        g->lasting_changed = true;
        if (c->surplus || c->phase == COPY_LOST) {
                c->phase = COPY_LOST;
                c->surplus = false;
                return;
        }
        if (a->maintenance)
                c->untamed = true;
        agreed_note(g, NOTE_APP_LOST, a->name, c->node_id, "%s", why)->epoch = c->epoch;
        if (live && !a->maintenance && app_wants_up(a)) {
                /* With start-first the other copy goes on alone, without delay. */
                if (app_count_live(a, c) > 0)
                        a->owner = 0;
                else {
                        app_begin_loss(g, a, c->node_id, delay_usec);
                        if (delay_usec > 0)
                                app_note_waiting(g, a, c->node_id, delay_usec);
                }
        }
        c->phase = COPY_LOST;
        c->stuck = false;
        FOREACH_ARRAY(other, a->copies, a->n_copies)
                if (a->owner == 0 && copy_is_live(other))
                        app_stays_on(g, a, other->node_id);
        app_touched(g, a);
}

/* ---- its end ---- */

/* The application's present copy has ended in `state`, as its node reports. The copy is gone already. */
static void app_present_ended(
                Agreed *g, App *a, const Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Node *n = state_find_node(&g->state, c->node_id);

        switch (state) {
        case UNIT_FAILED:
        case UNIT_REFUSED:
                if (state == UNIT_FAILED && retry_begin(g, a, c, reason)) {
                        app_plan_again(a, c);
                        break;
                }
                app_fail_copy(g, a, c->node_id, reason, realtime);
                app_plan(a, START_FAILOVER, c->node_id, 0);
                app_clear_hold(a); /* a failover ends it */
                break;
        case UNIT_FINISHED:
                a->finished = true;
                a->owner = 0;
                agreed_note(g, NOTE_APP_FINISHED, a->name, c->node_id, NULL);
                break;
        case UNIT_KILLED:
                copy_ended_note(g, a, c, "stopped from outside; it is started again");
                app_stopped_outside(g, a, c->node_id, realtime);
                break;
        case UNIT_SHUTDOWN:
                copy_ended_note(g, a, c, "its host is being shut down");
                node_goes_down(g, n);
                app_plan(a, START_TAKEOVER, c->node_id, 0);
                g->all_dirty = true;
                break;
        case UNIT_NONE:
                if (c->phase == COPY_STARTING) {
                        app_plan_the_same(a, c);
                        break;
                }
                /* It ended while no manager watched it: the owner is back, or comes back, without it. */
                copy_ended_note(g, a, c, "gone");
                app_begin_loss(g, a, c->node_id, app_delay(&g->state, a));
                break;
        case UNIT_STOPPED:
                /* Its node took itself for cut off, and is there. It is waited for as if it were lost, and for as long
                 * as its manager takes to be in step again. */
                copy_ended_note(g, a, c, "stopped on its own node");
                app_begin_loss(g, a, c->node_id, MAX(app_delay(&g->state, a), ANSWER_USEC));
                break;
        case UNIT_STARTING:
        case UNIT_RUNNING:
        case UNIT_STOPPING:
        case UNIT_STUCK:
        case _UNIT_STATE_MAX:
        default:
                copy_ended_note(g, a, c, "stopped on its own node");
                app_clear_next(a);
                break;
        }
        app_await_leaver(g, a, c);
}

/* start-first: one of two copies has ended, and the other one is the application's. A new one that ended by itself, however,
 * leaves a mark, or it would be started again at once; it stops nothing, whatever FailureAction= says. */
static void copy_ended_beside(
                Agreed *g, App *a, const Copy *was, UnitState state, const char *reason, uint64_t realtime)
{
        const Copy *other = app_present_copy(a);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;
        bool ended = failed || state == UNIT_FINISHED || state == UNIT_KILLED || state == UNIT_STOPPED;

        if (was->phase != COPY_STOPPING && state == UNIT_SHUTDOWN)
                node_goes_down(g, state_find_node(&g->state, was->node_id));
        if (was->phase != COPY_STOPPING && ended && was->epoch > other->epoch)
                app_mark_node(g, a, was->node_id, failed ? reason : "it ended beside the other copy",
                                realtime);
        else if (was->phase != COPY_STOPPING && failed)
                app_fail_copy(g, a, was->node_id, reason, realtime);
        else
                copy_ended_note(g, a, was, strempty(was->stop_why));
        app_stays_on(g, a, other->node_id);
}

/* A copy has ended. What comes next is decide.c's to say; here stands what its end means. */
void copy_ended(Agreed *g, App *a, Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Copy was = *c;
        bool ordered = c->phase == COPY_STOPPING, live = copy_is_live(c);

        app_remove_copy(a, c);
        g->lasting_changed = true;
        app_touched(g, a);
        if (was.phase == COPY_LOST)
                return; /* its loss was noted when it happened */
        if (!live || a->maintenance)
                copy_ended_note(g, a, &was, "ended");
        if (was.surplus)
                return;
        if (app_count_live(a, NULL) > 0) {
                copy_ended_beside(g, a, &was, state, reason, realtime);
                return;
        }
        if (ordered || a->maintenance) {
                if (live && !a->maintenance) {
                        copy_ended_note(g, a, &was, strempty(was.stop_why));
                        app_await_leaver(g, a, &was);
                }
                return;
        }
        app_present_ended(g, a, &was, state, reason, realtime);
}

/* ---- what its node reports ---- */

static void copy_runs(Agreed *g, App *a, Copy *c)
{
        Effect *f;

        if (c->phase != COPY_STARTING)
                return;
        c->phase = COPY_RUNNING;
        f = agreed_note(g, NOTE_APP_STARTED, a->name, c->node_id, NULL);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = outlet_strdup(&g->out, state_node_name(&g->state, c->from_node));
        /* start-first: the new one runs, so the old one goes. Its node's file may have changed while the old one counted. */
        FOREACH_ARRAY(old, a->copies, a->n_copies)
                if (old->epoch < c->epoch && copy_is_live(old))
                        app_stop_copy(g, a, old, "the new copy runs");
        app_agree_definition(g, a, c->node_id);
        app_touched(g, a);
}

/* systemd restarts it; without a reason nothing is told of it. How often is no change of what it is. */
static void copy_restarts(Agreed *g, App *a, const Copy *c, const char *reason)
{
        bool known = app_restarts(a, c);

        if (isempty(reason) || (c->phase != COPY_STARTING && c->phase != COPY_RUNNING))
                return;
        app_end_restarts(a);
        a->restarts = outlet_strdup(&g->out, reason);
        a->restarts_epoch = c->epoch;
        if (known) {
                agreed_changed_app(g, a);
                return;
        }
        agreed_note(g, NOTE_APP_RESTARTING, a->name, c->node_id, "%s", reason)->epoch = c->epoch;
        app_touched(g, a);
}

static void copy_settled(Agreed *g, App *a, const Copy *c)
{
        if (!app_restarts(a, c))
                return;
        app_end_restarts(a);
        agreed_note(g, NOTE_APP_SETTLED, a->name, c->node_id, NULL)->epoch = c->epoch;
        app_touched(g, a);
}

/* What does not end keeps the application from going elsewhere, and may take its host with it. */
static void copy_is_stuck(Agreed *g, App *a, Copy *c, uint64_t realtime_usec)
{
        if (!c->stuck && c->needs_end)
                app_mark_last(g, a, c->node_id, "its stop did not end", realtime_usec);
        c->stuck = true;
        app_touched(g, a);
}

void copy_result(Agreed *g, uint32_t node_id, const ResultMessage *m)
{
        App *a = state_find_app(&g->state, m->app);
        Copy *c;

        if (!a)
                return;
        if (a->n_owed > 0) {
                app_owed_said(a, node_id);
                app_touched(g, a);
        }
        c = app_find_copy(a, node_id, m->epoch);
        if (!c)
                return;
        if (unit_state_is_alive(m->state) && c->restart_needed != m->restart_needed) {
                c->restart_needed = m->restart_needed;
                agreed_changed_app(g, a);
        }
        switch (m->state) {
        case UNIT_STARTING:
                copy_restarts(g, a, c, m->reason);
                break;
        case UNIT_STOPPING:
                break;
        case UNIT_RUNNING:
                if (c->phase == COPY_STARTING)
                        copy_runs(g, a, c);
                else
                        copy_settled(g, a, c);
                break;
        case UNIT_STUCK:
                copy_is_stuck(g, a, c, m->realtime_usec);
                snprintf(c->stuck_why, sizeof(c->stuck_why), "%s", strempty(m->reason));
                if (c->phase != COPY_LOST)
                        c->phase = COPY_STOPPING;
                break;
        case UNIT_NONE:
        case UNIT_STOPPED:
        case UNIT_FINISHED:
        case UNIT_FAILED:
        case UNIT_REFUSED:
        case UNIT_KILLED:
        case UNIT_SHUTDOWN:
        case _UNIT_STATE_MAX:
        default:
                copy_ended(g, a, c, m->state, m->reason, m->realtime_usec);
                break;
        }
}

/* ---- what a node reports that was not in step ---- */

void copy_stop_surplus(Agreed *g, App *a, Copy *c)
{
        const Copy *kept = app_present_copy(a);
        Effect *f;

        c->surplus = true;
        c->phase = COPY_STOPPING;
        f = agreed_note(g, NOTE_COPY_STOPPED, a->name, c->node_id,
                        kept && kept != c ? "another copy is the application's"
                                          : "it is not the last that was started");
        f->epoch = c->epoch;
        f->from_node = outlet_strdup(
                        &g->out, kept && kept != c ? state_node_name(&g->state, kept->node_id) : "");
        app_touched(g, a);
}

static void copy_adopt(Agreed *g, App *a, Copy *c, UnitState state)
{
        c->phase = state == UNIT_STARTING ? COPY_STARTING : COPY_RUNNING;
        c->untamed = c->stuck = c->surplus = false;
        app_stays_on(g, a, c->node_id);
        a->last_epoch = MAX(a->last_epoch, c->epoch);
        app_end_loss(a);
        app_clear_next(a);
        agreed_note(g, NOTE_COPY_ADOPTED, a->name, c->node_id, NULL)->epoch = c->epoch;
        g->lasting_changed = true;
        app_touched(g, a);
}

/* (1) A copy that this state knows as the application's present one stays. (2) If there is none, a copy with the last
 * epoch that was granted is adopted. (3) Any other is stopped. While the group forms all are taken first. */
void copy_fact(Agreed *g, uint32_t node_id, const CopyFact *f, uint64_t realtime_usec, bool forming)
{
        App *a = state_find_app(&g->state, f->app);
        Copy *c;

        if (!a && g->state.n_apps >= STATE_APPS_MAX)
                return; /* its node stops what the state does not know */
        if (!a) {
                a = state_add_app(&g->state, f->app);
                if (!a) {
                        g->out.oom = true;
                        return;
                }
                a->target_up = true;
                g->lasting_changed = true;
        }
        c = app_find_copy(a, node_id, f->epoch);
        if (!unit_state_is_alive(f->state)) {
                bool last = c && c->phase == COPY_LOST && c->epoch == a->last_epoch &&
                            app_count_live(a, NULL) == 0;

                if (last && app_wants_up(a))
                        c->phase = COPY_RUNNING; /* it was the application's: its end counts */
                if (c)
                        copy_ended(g, a, c, f->state, NULL, realtime_usec);
                return;
        }
        a->epoch = MAX(a->epoch, f->epoch);
        if (!c) {
                bool newest = f->epoch >= a->last_epoch;

                c = app_add_copy(a, node_id, f->epoch);
                if (!c) {
                        g->out.oom = true;
                        return;
                }
                c->phase = COPY_LOST;
                c->needs_end = f->needs_end;
                c->granted_delay_usec = f->granted_delay_usec;
                g->lasting_changed = true;
                if (!newest && !forming) {
                        copy_stop_surplus(g, a, c);
                        return;
                }
        }
        c->untamed = false;
        if (f->state == UNIT_STUCK) {
                copy_is_stuck(g, a, c, realtime_usec);
                c->phase = COPY_STOPPING;
        } else if (f->state == UNIT_STOPPING) {
                c->phase = COPY_STOPPING;
                app_touched(g, a);
        } else if (c->phase == COPY_LOST) {
                if (forming || (app_count_live(a, c) == 0 && c->epoch >= a->last_epoch))
                        copy_adopt(g, a, c, f->state);
                else
                        copy_stop_surplus(g, a, c);
        } else if (f->state == UNIT_RUNNING)
                copy_runs(g, a, c);
}

void app_keep_newest(Agreed *g, App *a)
{
        Copy *newest = NULL;

        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (copy_is_live(c))
                        newest = c;
        if (!newest)
                return;
        app_stays_on(g, a, newest->node_id);
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c != newest && copy_is_live(c))
                        copy_stop_surplus(g, a, c);
        app_end_loss(a);
}
