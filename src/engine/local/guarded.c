/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this node has a guard and a fuse. */

#include "engine/local/guarded.h"

void guarded_is(Local *here, bool guarded)
{
        if (here->unguarded == !guarded)
                return;
        here->unguarded = !guarded;
        member_changed(&here->me);
}

void guarded_fuse_is(Local *here, bool fused)
{
        if (here->unfused == !fused)
                return;
        here->unfused = !fused;
        member_changed(&here->me);
}

bool guarded_lacks(const Local *here, const Node *own, const Copy *c)
{
        return (own->unguarded && here->unguarded) || (c->needs_end && own->unfused && here->unfused);
}

void guarded_tell(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        Message m = { .type = MESSAGE_GUARD,
                .guard = { .guarded = !here->unguarded, .fused = !here->unfused } };

        if (!member_is_synced(&here->me) || !own)
                return;
        if (own->unguarded == here->unguarded && own->unfused == here->unfused)
                here->guard_told_in = 0;
        else if (here->guard_told_in != here->me.view_serial) {
                here->guard_told_in = here->me.view_serial;
                member_send(&here->me, &m);
        }
}
