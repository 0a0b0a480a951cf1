/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/doors.h"
#include "engine/agreed/apply.h"
#include "engine/agreed/check.h"
#include "engine/agreed/node.h"
#include "engine/agreed/presence.h"
#include "base/array.h"

static Outcome agreed_end(Agreed *g)
{
        Outcome o;

        apply_finish(g);
        if (!g->out.oom)
                check_assert(check_nodes(&g->state));
        o = g->outcome;
        g->outcome = (Outcome){};
        return o;
}

Outcome agreed_message(Agreed *g, const Member *sender, const Message *m)
{
        apply_message(g, sender, m);
        return agreed_end(g);
}

Outcome agreed_view(Agreed *g, const DecidedView *v)
{
        apply_view(g, v);
        return agreed_end(g);
}

Outcome agreed_revoked(Agreed *g, uint32_t node_id)
{
        Node *n = state_find_node(&g->state, node_id);

        if (!n || n->presence != PRESENCE_SYNCED)
                return (Outcome){};
        n->presence = PRESENCE_SYNCING;
        n->since_usec = g->now_usec;
        node_touched(g, n);
        return agreed_end(g);
}

void agreed_form_facts(Agreed *g, const Member *sender, const FactsMessage *f)
{
        apply_facts(g, sender, f, true);
}

bool agreed_form_synced(Agreed *g, const Member *member)
{
        Node *n = state_find_node(&g->state, member->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return false;
        n->presence = PRESENCE_SYNCED;
        n->pid = member->pid;
        return true;
}

Outcome agreed_formed(Agreed *g)
{
        apply_formed(g);
        return agreed_end(g);
}

void agreed_install(Agreed *g, State *s)
{
        /* What this engine knows of an application besides the agreed state starts anew. */
        state_done(&g->state);
        g->state = *s;
        *s = (State){};
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                n->since_usec = g->now_usec;
}
