/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which node an application belongs on, and which nodes may run it at all. Changes nothing. */

#include "engine/agreed/agreed.h"

typedef enum Eligibility {
        ELIGIBLE,
        NOT_IN_NODES,
        NOT_PERMITTED,
        NODE_IN_STANDBY,
        NODE_IS_LEAVING,
        NODE_NOT_SYNCED,
        NODE_MARKED,
        NODE_IS_LAST, /* eligible where no other node is */
        NODE_DIFFERS,
        NODE_UNGUARDED,
        NODE_UNFUSED,
        NODE_UNWRITABLE,
        NODE_LATE,
} Eligibility;

/* What lies on which node, and the nodes by their names, so that the placement of one application costs no look at all the
 * others. It follows from the state, and says nothing more: no encoding, copy or fingerprint has it. The application that is
 * being looked at, `app`, is not in it.
 *
 * decide_all() has its own, and keeps it up to date while it goes through the applications. An engine has one for those that
 * read (status.c), which they use from one step to the next: engine_step() forgets it. While no application is being looked
 * at, which is so where a message is applied, nothing uses it. */
typedef struct Places {
        const App *app;
        bool known;                /* what `loads` are: they are summed up when they are first compared */
        uint64_t loads[NODES_MAX]; /* by the node's place in the state */
        Node *nodes[NODES_MAX];    /* sorted by name; sorted when one is first looked for */
        size_t n_nodes;
} Places;

/* Whether `n` may run `a`. `takeover`: as the aim of an automatic takeover, for which an expired mark still counts. */
Eligibility place_eligible(const App *a, const Node *n, bool takeover);
bool place_is_permitted(const App *a, const Node *n);
/* All that it says is void: the state is about to change, or has. */
void places_forget(Places *p);
/* `a` is about to be looked at and counts nowhere; it has been, and counts where it is now. */
void places_begin(const Agreed *g, Places *p, const App *a);
void places_end(const Agreed *g, Places *p);
/* The node's tier, or UINT32_MAX where Nodes= does not name it. */
uint32_t place_tier(const App *a, const Node *n);
/* The placement's choice among all eligible nodes but `except`, where there is none among those that come last; NULL: none. */
Node *place_choose(const Agreed *g, const App *a, uint32_t except);
/* An eligible node of a tier better than `tier` that nothing is held against; NULL: none. */
Node *place_better(const Agreed *g, const App *a, uint32_t tier);
/* All those of this tier, as App.better_nodes. */
uint64_t place_better_nodes(const Agreed *g, const App *a, uint32_t tier);
bool app_is_held_against(const App *a, const Node *n);
