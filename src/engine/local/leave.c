/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This manager ends: for good, and its workers with it, or to be started again. */

#include "engine/local/leave.h"
#include "engine/local/cutoff.h"
#include "engine/local/runs.h"
#include "engine/member/view.h"
#include "base/array.h"
#include "base/text.h"

/* ---- leaving ---- */

void leave_begin(Engine *e, const LeaveTiming *timing)
{
        if (e->leaving)
                return;
        e->leaving = true;
        e->leave = *timing;
        e->leave_usec = e->now_usec;
        engine_note(e, NOTE_LEAVING, NULL, e->node_id, "handing over what runs here");
        engine_changed(e);
}

static bool leave_has_copies(const Engine *e)
{
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == e->node_id && !a->maintenance)
                                return true;
        return false;
}

bool leave_waits_for(const Engine *e, const LocalUnit *u)
{
        return unit_state_is_alive(u->state) && !runs_in_maintenance(e, u->app);
}

static bool leave_has_workers(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (leave_waits_for(e, u))
                        return true;
        return false;
}

/* Workers run here, and a stop of each has left processes. */
static bool leave_is_stuck(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (leave_waits_for(e, u) && u->state != UNIT_STUCK)
                        return false;
        return leave_has_workers(e);
}

/* When the workers are stopped without the group's decision, when they are killed, and when what is left is left alone. */
static uint64_t leave_stop_usec(const Engine *e)
{
        return usec_add(e->leave_usec, e->leave.group_usec);
}

static uint64_t leave_kill_usec(const Engine *e)
{
        return usec_add(leave_stop_usec(e), e->leave.stop_usec);
}

static uint64_t leave_end_usec(const Engine *e)
{
        uint64_t t = usec_add(leave_kill_usec(e), e->leave.rest_usec);

        return e->leave_stuck_usec != 0 ? MIN(t, usec_add(e->leave_stuck_usec, e->leave.rest_usec)) : t;
}

uint64_t leave_deadline(const Engine *e)
{
        if (!e->leaving || e->left)
                return USEC_INFINITY;
        return e->now_usec < leave_stop_usec(e) ? MIN(leave_stop_usec(e), leave_end_usec(e))
                                                : leave_end_usec(e);
}

/* Nothing is left to be handed over or stopped. Only a member that is in step asks the group, and waits for it. */
static bool leave_is_done(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_LEAVE };

        if (e->synced && e->phase == PHASE_VOTING)
                return false;
        if (!engine_is_synced(e) || !view_is_quorate(e))
                return !leave_has_workers(e);
        if (own && (!own->leaving || own->shutdown.serial != 0) && e->leave_sent_in != e->view_serial) {
                engine_send(e, &m);
                e->leave_sent_in = e->view_serial;
        }
        return own && own->leaving && !leave_has_copies(e) && !leave_has_workers(e);
}

static void leave_anyway(Engine *e)
{
        Effect *f = engine_emit(e, EFFECT_LEFT);
        Text text = {};

        FOREACH_ARRAY(u, e->units, e->n_units)
                if (leave_waits_for(e, u))
                        text_printf(&text, "%s%s", text.length > 0 ? " " : "", u->app);
        f->text = text_take(&text);
        if (!f->text)
                e->agreed.out.oom = true;
}

/* What a stop has left, and a kill may end, in the time that is left from the moment on when nothing else is waited for. */
static void leave_stuck(Engine *e)
{
        if (!leave_is_stuck(e)) {
                e->leave_stuck_usec = 0;
                return;
        }
        if (e->leave_stuck_usec == 0)
                e->leave_stuck_usec = MAX(e->now_usec, (uint64_t) 1);
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (leave_waits_for(e, u))
                        runs_stop(e, u, usec_add(e->leave_stuck_usec, e->leave.rest_usec / 2));
}

/* A planned leave hands over. If there is no node to hand over to, or no group that decides, the workers are stopped all the
 * same. It ends in the time that it was given, even if a worker does not end or a member does not answer. */
void leave_pump(Engine *e)
{
        bool asks = (e->synced && e->phase == PHASE_VOTING) || (engine_is_synced(e) && view_is_quorate(e));

        if (!e->leaving || e->left)
                return;
        if (!asks || e->now_usec >= leave_stop_usec(e))
                FOREACH_ARRAY(u, e->units, e->n_units)
                        if (leave_waits_for(e, u))
                                runs_stop(e, u, leave_kill_usec(e));
        leave_stuck(e);
        if (leave_is_done(e))
                engine_emit(e, EFFECT_LEFT);
        else if (e->now_usec >= leave_end_usec(e))
                leave_anyway(e);
        else
                return;
        e->left = true;
}

/* ---- restarting ---- */

void restart_begin(Engine *e, const LeaveTiming *timing)
{
        if (e->restarting || e->leaving)
                return;
        e->restarting = true;
        e->leave = *timing;
        e->leave_usec = e->now_usec;
}

/* What Corosync says of its ring may be long past: a node that has just died is in it still. So a restart waits, like a
 * start, for a probe that was sent after all that it goes by. */
static bool restart_is_fresh(Engine *e)
{
        if (e->restart_probe == 0)
                e->restart_probe = cutoff_ask(e);
        return cutoff_has_answered(e, e->restart_probe);
}

/* The last member in step takes the agreed state along when it ends. Its record may name nodes that are lost and without
 * which the group cannot form again. So it may restart if another member is in step, or if there is no other member and the
 * record holds the state of this ring. */
static bool restart_may_go(Engine *e)
{
        bool others = false;

        if (e->synced && e->phase == PHASE_VOTING)
                return false;
        if (!engine_is_synced(e))
                return true;
        if (!restart_is_fresh(e))
                return false;
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->id != e->node_id && n->presence == PRESENCE_SYNCED)
                        return true;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                others = others || p->member.node_id != e->node_id;
        return !others && revision_compare(&e->write_done, &e->agreed.state.revision) == 0;
}

/* The ring may have lost a node, and no member may have noticed yet. */
static uint64_t restart_end_usec(const Engine *e)
{
        return usec_add(usec_add(e->leave_usec, e->leave.group_usec), cutoff_isolation_usec(e));
}

void restart_pump(Engine *e)
{
        if (!e->restarting || e->leaving || e->left)
                return;
        if (!restart_may_go(e) && e->now_usec < restart_end_usec(e))
                return;
        e->left = true;
        engine_emit(e, EFFECT_LEFT);
}

uint64_t restart_deadline(const Engine *e)
{
        return e->restarting && !e->left ? restart_end_usec(e) : USEC_INFINITY;
}
