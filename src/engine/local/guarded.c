/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this node has a guard. */

#include "engine/local/guarded.h"

void guarded_is(Local *here, bool guarded)
{
        if (here->unguarded == !guarded)
                return;
        here->unguarded = !guarded;
        member_changed(&here->me);
}

void guarded_tell(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        Message m = { .type = MESSAGE_GUARD, .guard = { .guarded = !here->unguarded } };

        if (!member_is_synced(&here->me) || !own)
                return;
        if (own->unguarded == here->unguarded)
                here->guard_told_in = 0;
        else if (here->guard_told_in != here->me.view_serial) {
                here->guard_told_in = here->me.view_serial;
                member_send(&here->me, &m);
        }
}
