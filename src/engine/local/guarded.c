/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this node has a guard. */

#include "engine/local/guarded.h"

void guarded_is(Engine *e, bool guarded)
{
        if (e->unguarded == !guarded)
                return;
        e->unguarded = !guarded;
        engine_changed(e);
}

void guarded_tell(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_GUARD, .guard = { .guarded = !e->unguarded } };

        if (!engine_is_synced(e) || !own)
                return;
        if (own->unguarded == e->unguarded)
                e->guard_told_in = 0;
        else if (e->guard_told_in != e->view_serial) {
                e->guard_told_in = e->view_serial;
                engine_send(e, &m);
        }
}
