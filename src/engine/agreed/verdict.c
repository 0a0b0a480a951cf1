/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/verdict.h"
#include "engine/agreed/app.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/place.h"

/* The owner was lost: wait for it as long as the delay runs. True where the start has to wait. */
static bool verdict_waits(const Agreed *g, const App *a)
{
        const Node *lost = state_find_node(&g->state, a->lost_node);

        if (a->lost_node == 0 || a->delay.serial == 0)
                return false;
        return !lost || lost->presence != PRESENCE_SYNCED || app_awaits_leaver(a, lost);
}

/* The owner is back before anything started: it goes before a better node that may not take it over either. */
static Node *verdict_returned(const Agreed *g, const App *a, Node *choice)
{
        Node *owner = state_find_node(&g->state, a->lost_node);

        if (!choice || !owner || place_eligible(a, owner, false) != ELIGIBLE)
                return choice;
        /* It was waited for because the application belongs there, so an equal one does not get it. */
        if (a->lost_in_order && place_tier(a, owner) <= place_tier(a, choice))
                return owner;
        return !a->definition.takeover_automatic || app_is_held_against(a, choice) ? owner : choice;
}

/* Where an administrator wants it; else the placement's choice, or the owner that is back. */
static Node *verdict_node(const Agreed *g, const App *a)
{
        Node *wanted = a->next_node != 0 ? state_find_node(&g->state, a->next_node) : NULL;

        if (wanted && place_eligible(a, wanted, false) == ELIGIBLE)
                return wanted;
        return verdict_returned(g, a, place_choose(g, a, 0));
}

/* The owner is back, or a move goes back to where it came from: that is a normal start. */
static StartType verdict_type(const App *a, const Node *node)
{
        StartType type = a->next_type == START_NONE ? START_NORMAL : a->next_type;

        if (node->id == a->next_from && (a->lost_node == node->id || type == START_TAKEOVER))
                return START_NORMAL;
        return type;
}

AppVerdict app_verdict(const Agreed *g, const App *a)
{
        AppVerdict v = {};

        if (g->state.form_pending)
                v.what = APP_VERDICT_FORMING;
        else if (verdict_waits(g, a))
                v.what = APP_VERDICT_DELAY;
        else if (definitions_hold_up(g, a))
                v.what = APP_VERDICT_READING;
        else if (decide_obstacle(g, a, v.why, sizeof(v.why)))
                v.what = APP_VERDICT_BLOCKED;
        else if ((v.node = verdict_node(g, a))) {
                v.what = APP_VERDICT_START;
                v.type = verdict_type(a, v.node);
        } else if (app_failed_everywhere(g, a)) {
                v.what = APP_VERDICT_FAILED;
                snprintf(v.why, sizeof(v.why), "failed on every node that may run it");
        } else {
                v.what = APP_VERDICT_NOWHERE;
                snprintf(v.why, sizeof(v.why), "no node that may run it is there");
        }
        return v;
}
