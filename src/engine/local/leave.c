/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This manager ends: for good, and its workers with it, or to be started again. */

#include "engine/local/leave.h"
#include "engine/local/cutoff.h"
#include "engine/local/runs.h"
#include "engine/member/view.h"
#include "base/array.h"
#include "base/text.h"

/* ---- leaving ---- */

void leave_begin(Local *here, const LeaveTiming *timing)
{
        if (here->leaving)
                return;
        here->leaving = true;
        here->restarting = false; /* what a restart waits for is waited for no longer */
        here->leave = *timing;
        here->leave_usec = here->me.agreed.now_usec;
        member_note(&here->me, NOTE_LEAVING, NULL, here->me.node_id, "handing over what runs here");
        member_changed(&here->me);
}

static bool leave_has_copies(const Local *here)
{
        FOREACH_ARRAY(a, here->me.agreed.state.apps, here->me.agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == here->me.node_id && !a->maintenance)
                                return true;
        return false;
}

/* Also for what is in a maintenance of which no other member may have heard. */
bool leave_waits_for(const Local *here, const LocalUnit *u)
{
        return unit_state_is_alive(u->state) && !runs_left_alone(here, u->app);
}

static bool leave_has_workers(const Local *here)
{
        FOREACH_ARRAY(u, here->units, here->n_units)
                if (leave_waits_for(here, u))
                        return true;
        return false;
}

/* Workers run here, and a stop of each has left processes. */
static bool leave_is_stuck(const Local *here)
{
        FOREACH_ARRAY(u, here->units, here->n_units)
                if (leave_waits_for(here, u) && u->state != UNIT_STUCK)
                        return false;
        return leave_has_workers(here);
}

/* When the workers are stopped without the group's decision, when they are killed, and when what is left is left alone. */
static uint64_t leave_stop_usec(const Local *here)
{
        return usec_add(here->leave_usec, here->leave.group_usec);
}

static uint64_t leave_kill_usec(const Local *here)
{
        return usec_add(leave_stop_usec(here), here->leave.stop_usec);
}

static uint64_t leave_end_usec(const Local *here)
{
        uint64_t t = usec_add(leave_kill_usec(here), here->leave.rest_usec);

        return here->leave_stuck_usec != 0 ? MIN(t, usec_add(here->leave_stuck_usec, here->leave.rest_usec))
                                           : t;
}

uint64_t leave_deadline(const Local *here)
{
        if (!here->leaving || here->left)
                return USEC_INFINITY;
        return here->me.agreed.now_usec < leave_stop_usec(here)
                               ? MIN(leave_stop_usec(here), leave_end_usec(here))
                               : leave_end_usec(here);
}

/* Nothing is left to be handed over or stopped. Only a member that is in step asks the group, and waits for it. */
static bool leave_is_done(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        Message m = { .type = MESSAGE_LEAVE };

        if (here->me.synced && here->me.phase == PHASE_VOTING)
                return false;
        if (!member_is_synced(&here->me) || !view_is_quorate(&here->me))
                return !leave_has_workers(here);
        if (own && (!own->leaving || own->shutdown.serial != 0) &&
                        here->leave_sent_in != here->me.view_serial) {
                member_send(&here->me, &m);
                here->leave_sent_in = here->me.view_serial;
        }
        return own && own->leaving && !leave_has_copies(here) && !leave_has_workers(here);
}

static void leave_anyway(Local *here)
{
        Effect *f = member_emit(&here->me, EFFECT_LEFT);
        Text text = {};

        FOREACH_ARRAY(u, here->units, here->n_units)
                if (leave_waits_for(here, u))
                        text_printf(&text, "%s%s", text.length > 0 ? " " : "", u->app);
        f->text = text_take(&text);
        if (!f->text)
                here->me.agreed.out.oom = true;
}

/* What a stop has left, and a kill may end, in the time that is left from the moment on when nothing else is waited for. */
static void leave_stuck(Local *here)
{
        if (!leave_is_stuck(here)) {
                here->leave_stuck_usec = 0;
                return;
        }
        if (here->leave_stuck_usec == 0)
                here->leave_stuck_usec = MAX(here->me.agreed.now_usec, (uint64_t) 1);
        FOREACH_ARRAY(u, here->units, here->n_units)
                if (leave_waits_for(here, u))
                        runs_stop(here, u, usec_add(here->leave_stuck_usec, here->leave.rest_usec / 2));
}

/* A planned leave hands over. If there is no node to hand over to, or no group that decides, the workers are stopped all the
 * same. It ends in the time that it was given, even if a worker does not end or a member does not answer. */
void leave_pump(Local *here)
{
        bool asks = (here->me.synced && here->me.phase == PHASE_VOTING) ||
                    (member_is_synced(&here->me) && view_is_quorate(&here->me));

        if (!here->leaving || here->left)
                return;
        if (!asks || here->me.agreed.now_usec >= leave_stop_usec(here))
                FOREACH_ARRAY(u, here->units, here->n_units)
                        if (leave_waits_for(here, u))
                                runs_stop(here, u, leave_kill_usec(here));
        leave_stuck(here);
        if (leave_is_done(here))
                member_emit(&here->me, EFFECT_LEFT);
        else if (here->me.agreed.now_usec >= leave_end_usec(here))
                leave_anyway(here);
        else
                return;
        here->left = true;
}

/* ---- restarting ---- */

void restart_begin(Local *here, const LeaveTiming *timing)
{
        if (here->restarting || here->leaving)
                return;
        here->restarting = true;
        here->leave = *timing;
        here->leave_usec = here->me.agreed.now_usec;
}

/* What Corosync says of its ring may be long past: a node that has just died is in it still. So a restart waits, like a
 * start, for a probe that was sent after all that it goes by. */
static bool restart_is_fresh(Local *here)
{
        if (here->restart_probe == 0)
                here->restart_probe = cutoff_ask(here);
        return cutoff_has_answered(here, here->restart_probe);
}

/* The last member in step takes the agreed state along when it ends. Its record may name nodes that are lost and without
 * which the group cannot form again. So it may restart if another member is in step, or if there is no other member and the
 * record holds the state of this ring. */
static bool restart_may_go(Local *here)
{
        bool others = false;

        if (here->me.synced && here->me.phase == PHASE_VOTING)
                return false;
        if (!member_is_synced(&here->me))
                return true;
        if (!restart_is_fresh(here))
                return false;
        FOREACH_ARRAY(n, here->me.agreed.state.nodes, here->me.agreed.state.n_nodes)
                if (n->id != here->me.node_id && n->presence == PRESENCE_SYNCED)
                        return true;
        FOREACH_ARRAY(p, here->me.peers, here->me.n_peers)
                others = others || p->member.node_id != here->me.node_id;
        return !others && revision_compare(&here->write_done, &here->me.agreed.state.revision) == 0;
}

/* The ring may have lost a node, and no member may have noticed yet. */
static uint64_t restart_end_usec(const Local *here)
{
        return usec_add(usec_add(here->leave_usec, here->leave.group_usec), cutoff_isolation_usec(here));
}

void restart_pump(Local *here)
{
        if (!here->restarting || here->leaving || here->left)
                return;
        if (!restart_may_go(here) && here->me.agreed.now_usec < restart_end_usec(here))
                return;
        here->left = true;
        member_emit(&here->me, EFFECT_LEFT);
}

uint64_t restart_deadline(const Local *here)
{
        return here->restarting && !here->left ? restart_end_usec(here) : USEC_INFINITY;
}
