/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to an application now. Each application that a message may concern is looked at after that message; what
 * follows is a change of the agreed state, which each node carries out where it concerns that node. verdict.c tells which of
 * these cases it is, and why:
 *
 *   no copy, target up ............ start: normal, or failover once the delay of a loss is over
 *   no copy, owner back ........... start at once: normal where it is the placement's choice, or where that one may not take
 *                                   it over; else failover
 *   copy where it may not be ...... takeover, no delay (forbid, standby, leave)
 *   its node leaves, HandOver=no .. stop; then it waits for that node as after a loss
 *   copy, better node eligible .... takeover after TakeoverDelaySec=
 *   copy, target down ............. stop
 *   in maintenance ................ nothing
 *
 * A move is two steps: the stop names the copy; once its end is reported the start gets the next epoch. With
 * TakeoverMode=start-first the start comes first, and the old copy is stopped when the new one runs. */

#include "engine/agreed/decide.h"
#include "engine/agreed/app.h"
#include "engine/agreed/check.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/place.h"
#include "engine/agreed/verdict.h"
#include "base/array.h"

/* Takes the application from `present` to `to`, or to the placement's choice at that time. */
void app_move(Agreed *g, App *a, Copy *present, StartType type, uint32_t to, const char *why)
{
        uint32_t from = present->node_id;
        char buffer[200];

        app_clear_better(a);
        /* Two copies at most: where a third may run, the present one ends first. */
        if (a->definition.takeover_mode == TAKEOVER_START_FIRST && to != 0 &&
                        present->phase == COPY_RUNNING &&
                        !verdict_obstacle(g, a, present, false, buffer, sizeof(buffer))) {
                (void) app_grant(g, a, to, type, from);
                return;
        }
        app_plan(a, type, from, to);
        app_stop_copy(g, a, present, why);
}

/* ---- the cases ---- */

static void decide_down(Agreed *g, App *a)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (copy_is_live(c))
                        app_stop_copy(g, a, c, a->target_up ? "it has finished" : "by command");
        /* A lost node may be cut off, not dead: its delay goes on, should a start be commanded meanwhile. */
        if ((a->lost_node != 0 && a->delay.serial == 0) || a->owner != 0) {
                if (a->delay.serial == 0)
                        app_end_loss(a);
                if (app_count_live(a, NULL) == 0 && a->owner != 0)
                        app_disown(g, a);
                app_touched(g, a);
        }
        app_clear_next(a);
        app_clear_better(a);
        app_clear_hold(a);
}

static void decide_start(Agreed *g, App *a, AppVerdict v)
{
        /* The nodes that had the agreed file may be lost: the files of the nodes that are here say what it is now. */
        if ((v.what == APP_VERDICT_NOWHERE || v.what == APP_VERDICT_FAILED) && a->n_variants > 0) {
                app_agree_definition(g, a, 0);
                v = app_verdict(g, a);
                if (verdict_is_down(&v)) {
                        decide_down(g, a);
                        return;
                }
        }
        if (v.what == APP_VERDICT_START) {
                (void) app_grant(g, a, v.node->id, v.type, a->next_from);
                return;
        }
        if (v.why[0])
                app_blocked(g, a, v.why);
        if (v.what != APP_VERDICT_NOWHERE && v.what != APP_VERDICT_FAILED)
                return;
        app_plan(a, a->next_type, a->next_from, 0);
        /* What starts after that is a first start again, but for a loss: that stays one. */
        if (a->lost_node == 0 && a->next_type != START_NORMAL) {
                app_clear_next(a);
                app_disown(g, a);
        }
}

static void decide_prune_hold(Agreed *g, App *a)
{
        for (size_t i = a->n_held_against; i > 0; i--) {
                const Node *n = state_find_node(&g->state, a->held_against[i - 1]);
                Eligibility x = n ? place_eligible(a, n, false) : NOT_IN_NODES;

                /* A restart of its manager, guard or fuse alone does not count, nor does a file that is behind. */
                if (x == ELIGIBLE || (x == NODE_NOT_SYNCED && n->presence != PRESENCE_OFFLINE) ||
                                x == NODE_UNGUARDED || x == NODE_UNFUSED || x == NODE_LATE ||
                                x == NODE_DIFFERS)
                        continue;
                ARRAY_CLOSE(a->held_against, a->n_held_against, i - 1);
                g->lasting_changed = true;
                agreed_changed_app(g, a);
        }
}

/* It stays. A move to a better node would end its hold. So while a node that it is held against is there, it is held
 * also against the worse ones that come, or come back, meanwhile. */
static void decide_stays(Agreed *g, App *a, const Copy *present)
{
        const Node *at = state_find_node(&g->state, present->node_id);
        Node *better;

        app_clear_better(a);
        if (!a->definition.takeover_automatic || present->phase != COPY_RUNNING || a->n_held_against == 0)
                return;
        while ((better = place_better(g, a, place_tier(a, at)))) {
                if (!app_add_held_against(a, better->id)) {
                        g->out.oom = true;
                        return;
                }
                g->lasting_changed = true;
        }
}

static void decide_better(Agreed *g, App *a, const AppVerdict *v)
{
        app_await_better(g, a, place_better_nodes(g, a, place_tier(a, v->node)));
        if (a->better.serial == 0 && !v->why[0])
                app_move(g, a, v->at, START_TAKEOVER, v->node->id, "a better node has become eligible");
}

/* Without a file anywhere nothing is started or moved. A node that leaves has no node to hand it over to. */
static void decide_orphan(Agreed *g, App *a)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies) {
                const Node *n = state_find_node(&g->state, c->node_id);

                if (copy_is_live(c) && n && n->leaving)
                        app_stop_copy(g, a, c, "its node is leaving");
        }
}

static void decide_app(Agreed *g, App *a)
{
        AppVerdict v;

        if (a->n_held_against > 0)
                decide_prune_hold(g, a);
        v = app_verdict(g, a);
        if (v.left_alone)
                return;
        switch (v.what) {
        case APP_VERDICT_FINISHED:
        case APP_VERDICT_HALTED:
        case APP_VERDICT_STOPPED:
                return decide_down(g, a);
        case APP_VERDICT_NO_FILE:
        case APP_VERDICT_ORPHAN:
                return decide_orphan(g, a);
        case APP_VERDICT_BLOCKED:
        case APP_VERDICT_FAILED:
        case APP_VERDICT_NOWHERE:
        case APP_VERDICT_START:
                return decide_start(g, a, v);
        case APP_VERDICT_MOVE:
                return app_move(g, a, v.at, START_TAKEOVER, v.node ? v.node->id : 0, v.move);
        case APP_VERDICT_BETTER:
                return decide_better(g, a, &v);
        case APP_VERDICT_STAYS:
                return decide_stays(g, a, v.at);
        case APP_VERDICT_MAINTENANCE:
        case APP_VERDICT_OWED:
        case APP_VERDICT_FORMING:
        case APP_VERDICT_DELAY:
        case APP_VERDICT_READING:
        case APP_VERDICT_TWO:
        case APP_VERDICT_SILENT:
        case APP_VERDICT_ENDING:
        default:
                return;
        }
}

/* An application that no node has a file for, that runs nowhere, and of which no disk tells anything, is forgotten. */
static void decide_forget(Agreed *g)
{
        State *s = &g->state;
        size_t n_kept = s->n_apps;

        for (size_t i = s->n_apps; i > 0; i--) {
                App *a = &s->apps[i - 1];

                if (!a->dirty || a->n_copies > 0 || a->maintenance || !definitions_gone(g, a))
                        continue;
                agreed_changed_app(g, a);
                state_forget_app(s, a);
                n_kept--;
                g->outcome.files_dirty = true;
                g->lasting_changed = true;
        }
        if (n_kept == s->n_apps)
                return;
        state_close_gaps(s);
        s->room_bytes = 0; /* there is more now */
        g->outcome.room = true;
}

/* Before the formed state is written nothing starts, nor is stopped for a start elsewhere, or forgotten. All other stops are
 * decided: disks that take no writes keep no node from leaving. */
void decide_all(Agreed *g)
{
        struct Places *shown = g->places; /* its readers' */
        Places places = {};
        bool any = false;

        if (g->all_dirty)
                FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                        a->dirty = true;
        g->all_dirty = false;
        g->places = &places; /* cppcheck-suppress autoVariables ; taken back below */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                if (!a->dirty)
                        continue;
                any = true;
                places_begin(g, &places, a);
                decide_app(g, a);
                places_end(g, &places);
        }
        g->places = shown;
        if (!any)
                return; /* most messages concern none: an acknowledgement does not go through them all again */
        if (!g->state.form_pending)
                decide_forget(g);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                if (a->dirty && !g->out.oom)
                        check_assert(check_app(&g->state, a));
                a->dirty = false;
        }
}
