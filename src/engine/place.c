/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which node an application belongs on. The first tier in Nodes= that has an eligible node wins; in a tier an owner
 * that is one of them stays, else the least sum of Weight= placed there, then list order. */

#include "engine/internal.h"
#include "base/array.h"

bool place_is_permitted(const App *a, const Node *n)
{
        const Definition *d = &a->definition;

        for (size_t i = 0; i < a->n_permissions; i++)
                if (a->permissions[i].node_id == n->id)
                        return a->permissions[i].allowed;
        if (d->n_permitted == 0)
                return true;
        for (size_t i = 0; i < d->n_permitted; i++)
                if (streq(d->permitted[i], n->name))
                        return true;
        return false;
}

uint32_t place_tier(const App *a, const Node *n)
{
        int at = a->has_definition ? definition_find_node(&a->definition, n->name) : -1;

        return at < 0 ? UINT32_MAX : a->definition.nodes[at].tier;
}

/* Eligible: a synced member that is permitted, not in standby, not leaving, not marked for this application, has the
 * agreed definition and can write its record. */
Eligibility place_eligible(const App *a, const Node *n, bool takeover)
{
        const Mark *mark;

        if (place_tier(a, n) == UINT32_MAX)
                return NOT_IN_NODES;
        if (!place_is_permitted(a, n))
                return NOT_PERMITTED;
        if (n->standby)
                return NODE_IN_STANDBY;
        if (n->leaving)
                return NODE_IS_LEAVING;
        if (n->presence != PRESENCE_SYNCED)
                return NODE_NOT_SYNCED;
        /* An expired mark makes a node eligible for the next start, not for an automatic takeover. */
        mark = app_find_mark(a, n->id);
        if (mark && (!mark->expired || takeover))
                return NODE_MARKED;
        if (app_find_variant(a, n->id))
                return NODE_DIFFERS;
        if (n->unwritable)
                return NODE_UNWRITABLE;
        if (n->late)
                return NODE_LATE;
        return ELIGIBLE;
}

/* Whether it is on a node or on its way to it: one that is being stopped for a move counts where it is to start. */
static bool app_weighs_on(const App *a, uint32_t node_id)
{
        if (a->target_up && a->next_node == node_id)
                return true;
        for (size_t i = 0; i < a->n_copies; i++)
                if (a->copies[i].node_id == node_id &&
                                (a->copies[i].phase == COPY_STARTING || a->copies[i].phase == COPY_RUNNING))
                        return true;
        return false;
}

/* The sum of Weight= of the others that are on a node or on their way to it. */
static uint64_t place_load(const Engine *e, const App *app, uint32_t node_id)
{
        uint64_t load = 0;

        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                if (a != app && app_weighs_on(a, node_id))
                        load += a->has_definition ? a->definition.weight : 1;
        return load;
}

typedef bool (*PlaceFilter)(const Engine *e, const App *a, const Node *n, uint32_t argument);

static Node *place_in_order(
                const Engine *e, const App *a, uint32_t tier_end, PlaceFilter filter, uint32_t argument)
{
        const Definition *d = &a->definition;
        Node *best = NULL;
        uint64_t best_load = 0;
        uint32_t best_tier = 0;

        if (!a->has_definition)
                return NULL;
        for (size_t i = 0; i < d->n_nodes; i++) {
                Node *n = state_find_node_name(&e->state, d->nodes[i].name);
                uint64_t load = 0;

                if (d->nodes[i].tier >= tier_end || (best && d->nodes[i].tier != best_tier))
                        break;
                if (!n || !filter(e, a, n, argument))
                        continue;
                if (n->id == a->owner)
                        return n;
                /* Alone in its tier nobody compares. */
                if (best || (i + 1 < d->n_nodes && d->nodes[i + 1].tier == d->nodes[i].tier))
                        load = place_load(e, a, n->id);
                if (!best || load < best_load) {
                        best = n;
                        best_load = load;
                        best_tier = d->nodes[i].tier;
                }
        }
        return best;
}

static bool filter_eligible(const Engine *e, const App *a, const Node *n, uint32_t except)
{
        (void) e;
        return n->id != except && place_eligible(a, n, false) == ELIGIBLE;
}

Node *place_choose(const Engine *e, const App *a, uint32_t except)
{
        return place_in_order(e, a, UINT32_MAX, filter_eligible, except);
}

bool app_is_held_against(const App *a, const Node *n)
{
        for (size_t i = 0; i < a->n_held_against; i++)
                if (a->held_against[i] == n->id)
                        return true;
        return false;
}

static bool filter_better(const Engine *e, const App *a, const Node *n, uint32_t argument)
{
        (void) e;
        (void) argument;
        return !app_is_held_against(a, n) && place_eligible(a, n, true) == ELIGIBLE;
}

Node *place_better(const Engine *e, const App *a, uint32_t tier)
{
        return place_in_order(e, a, tier, filter_better, 0);
}
