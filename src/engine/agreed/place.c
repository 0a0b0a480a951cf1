/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which node an application belongs on. The first tier in Nodes= that has an eligible node wins. Within a tier: (1) an
 * owner that is in it stays; (2) the least sum of Weight= placed there; (3) list order. */

#include "engine/agreed/place.h"
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

/* Of a node that Nodes= names. */
static Eligibility place_eligible_named(const App *a, const Node *n, bool takeover)
{
        const Mark *mark;

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
        if (mark && (takeover || (!mark->expired && !mark->is_last)))
                return NODE_MARKED;
        if (app_find_variant(a, n->id))
                return NODE_DIFFERS;
        if (n->unguarded)
                return NODE_UNGUARDED;
        if (n->unfused && a->has_definition && a->definition.needs_end)
                return NODE_UNFUSED;
        if (n->unwritable)
                return NODE_UNWRITABLE;
        if (n->late)
                return NODE_LATE;
        return mark && !mark->expired ? NODE_IS_LAST : ELIGIBLE;
}

/* Eligible: a synced member that is permitted, not in standby, not leaving, not marked for this application, has the
 * agreed definition and a guard, and a fuse where something of it outlives a kill, and can write its record. */
Eligibility place_eligible(const App *a, const Node *n, bool takeover)
{
        return place_tier(a, n) == UINT32_MAX ? NOT_IN_NODES : place_eligible_named(a, n, takeover);
}

/* ---- what lies where ---- */

static void places_add_node(const Agreed *g, Places *p, uint32_t node_id, uint64_t weight)
{
        const Node *n = state_find_node(&g->state, node_id);
        size_t at = n ? (size_t) (n - g->state.nodes) : NODES_MAX;

        if (at < NODES_MAX)
                p->loads[at] += weight;
}

static bool copy_weighs(const Copy *c)
{
        return c->phase == COPY_STARTING || c->phase == COPY_RUNNING;
}

/* It counts once where it is or on its way to: one that is being stopped for a move counts where it is to start.
 * `sign`: 1 adds, UINT64_MAX, which is -1, takes away. */
static void places_add(const Agreed *g, Places *p, const App *a, uint64_t sign)
{
        uint64_t weight = sign * (a->has_definition ? a->definition.weight : 1);
        uint32_t next = a->target_up ? a->next_node : 0;

        if (next != 0)
                places_add_node(g, p, next, weight);
        for (size_t i = 0; i < a->n_copies; i++) {
                const Copy *c = &a->copies[i];
                bool counted = c->node_id == next;

                for (size_t k = 0; k < i; k++)
                        counted = counted ||
                                  (a->copies[k].node_id == c->node_id && copy_weighs(&a->copies[k]));
                if (copy_weighs(c) && !counted)
                        places_add_node(g, p, c->node_id, weight);
        }
}

static int compare_nodes(const void *a, const void *b)
{
        const Node *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

static void places_learn_loads(const Agreed *g, Places *p)
{
        p->known = true;
        memset(p->loads, 0, sizeof(p->loads));
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                if (a != p->app)
                        places_add(g, p, a, 1);
}

static void places_learn_nodes(const Agreed *g, Places *p)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                /* Of two with one name the one that counts. */
                if (p->n_nodes < NODES_MAX && state_find_node_name(&g->state, n->name) == n)
                        p->nodes[p->n_nodes++] = n;
        qsort(p->nodes, p->n_nodes, sizeof(p->nodes[0]), compare_nodes);
}

static Node *places_find(const Places *p, const char *name)
{
        const Node key = { .name = (char *) name }, *k = &key;
        Node *const *found = bsearch(&k, p->nodes, p->n_nodes, sizeof(p->nodes[0]), compare_nodes);

        return found ? *found : NULL;
}

void places_forget(Places *p)
{
        p->app = NULL;
        p->known = false;
        p->n_nodes = 0;
}

void places_begin(const Agreed *g, Places *p, const App *a)
{
        if (p->known)
                places_add(g, p, a, UINT64_MAX);
        p->app = a;
}

void places_end(const Agreed *g, Places *p)
{
        if (p->known)
                places_add(g, p, p->app, 1);
        p->app = NULL;
}

/* The sum of Weight= of the others that are on a node or on their way to it. */
static uint64_t places_load(const Agreed *g, Places *p, const Node *n)
{
        size_t at = (size_t) (n - g->state.nodes);

        if (!p->known)
                places_learn_loads(g, p);
        return at < NODES_MAX ? p->loads[at] : 0;
}

/* ---- the choice ---- */

typedef bool (*PlaceFilter)(const Agreed *g, const App *a, const Node *n, uint32_t argument);

static Node *place_in_order(
                const Agreed *g, const App *a, uint32_t tier_end, PlaceFilter filter, uint32_t argument)
{
        const Definition *d = &a->definition;
        Places own = { .app = a }, *p = g->places && g->places->app == a ? g->places : &own;
        Node *best = NULL;
        uint64_t best_load = 0;
        uint32_t best_tier = 0;

        /* What runs in the first tier has none that is better, and status asks for that of all applications. */
        if (!a->has_definition || d->n_nodes == 0 || d->nodes[0].tier >= tier_end)
                return NULL;
        if (p->n_nodes == 0)
                places_learn_nodes(g, p);
        for (size_t i = 0; i < d->n_nodes; i++) {
                Node *n = places_find(p, d->nodes[i].name);
                uint64_t load = 0;

                if (d->nodes[i].tier >= tier_end || (best && d->nodes[i].tier != best_tier))
                        break;
                if (!n || !filter(g, a, n, argument))
                        continue;
                if (n->id == a->owner)
                        return n;
                /* A node that is alone in its tier is not compared. */
                if (best || (i + 1 < d->n_nodes && d->nodes[i + 1].tier == d->nodes[i].tier))
                        load = places_load(g, p, n);
                if (!best || load < best_load) {
                        best = n;
                        best_load = load;
                        best_tier = d->nodes[i].tier;
                }
        }
        return best;
}

static bool filter_eligible(const Agreed *g, const App *a, const Node *n, uint32_t except)
{
        (void) g;
        return n->id != except && place_eligible_named(a, n, false) == ELIGIBLE;
}

static bool filter_last(const Agreed *g, const App *a, const Node *n, uint32_t except)
{
        (void) g;
        return n->id != except && place_eligible_named(a, n, false) == NODE_IS_LAST;
}

Node *place_choose(const Agreed *g, const App *a, uint32_t except)
{
        Node *n = place_in_order(g, a, UINT32_MAX, filter_eligible, except);

        return n || a->n_marks == 0 ? n : place_in_order(g, a, UINT32_MAX, filter_last, except);
}

bool app_is_held_against(const App *a, const Node *n)
{
        for (size_t i = 0; i < a->n_held_against; i++)
                if (a->held_against[i] == n->id)
                        return true;
        return false;
}

static bool filter_better(const Agreed *g, const App *a, const Node *n, uint32_t argument)
{
        (void) g;
        (void) argument;
        return !app_is_held_against(a, n) && place_eligible_named(a, n, true) == ELIGIBLE;
}

Node *place_better(const Agreed *g, const App *a, uint32_t tier)
{
        return place_in_order(g, a, tier, filter_better, 0);
}

static uint64_t node_bit(const App *a, const Node *n)
{
        int at = definition_find_node(&a->definition, n->name);

        return at < 0 || at >= (int) NODES_MAX ? 0 : UINT64_C(1) << at;
}

uint64_t place_better_nodes(const Agreed *g, const App *a, uint32_t tier)
{
        uint64_t nodes = 0;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (place_tier(a, n) == tier && state_find_node_name(&g->state, n->name) == n &&
                                filter_better(g, a, n, 0))
                        nodes |= node_bit(a, n);
        return nodes;
}
