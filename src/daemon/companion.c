/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/companion.h"

#include "daemon/loop.h"

void companion_heard(Manager *m, Companion *c, bool there, void (*tell)(Manager *m, bool there))
{
        if (c->heard && c->was_there == there)
                return;
        c->was_there = there;
        c->heard = true;
        tell(m, there);
}

void companion_lost(Manager *m, Companion *c, sd_event_time_handler_t on_timer,
                void (*tell)(Manager *m, bool there))
{
        int r;

        c->was_lost = true;
        c->delay_usec = c->delay_usec == 0 ? RECONNECT_MIN_USEC : MIN(c->delay_usec * 2, USEC_PER_SEC);
        r = loop_arm(m, &c->timer, c->delay_usec, on_timer);
        if (r < 0)
                return loop_fail(m, r, "arming a timer");
        companion_heard(m, c, false, tell);
}

bool companion_is_back(Companion *c)
{
        bool was_lost = c->was_lost;

        c->was_lost = false;
        c->delay_usec = 0;
        return was_lost;
}
