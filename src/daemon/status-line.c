/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status-line.h"

#include "daemon/loop.h"

#define STATUS_DELAY_USEC (100 * USEC_PER_MSEC)

static bool shows_engine_status(const Manager *m)
{
        return m->leave == LEAVE_NO || m->leave == LEAVE_HANDING_OVER;
}

/* The engine's line; while Corosync is waited for also why. */
static char *status_text(const Manager *m)
{
        char *text = engine_status_text(m->engine, m->now_usec), *longer;

        if (!text || !m->trouble || m->leave != LEAVE_NO)
                return text;
        if (asprintf(&longer, "%s: %s", text, m->trouble) < 0)
                return text;
        free(text);
        return longer;
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        _cleanup_free_ char *text = NULL;

        m->status_pending = false;
        if (!m->engine || m->exiting || !shows_engine_status(m))
                return 0;
        text = status_text(m);
        if (text)
                notify_status(m->notify, "%s", text);
        return 0;
}

void status_line_later(Manager *m)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (!m->engine || m->exiting || m->status_pending || !shows_engine_status(m))
                return;
        text = status_text(m);
        if (!text || notify_status_is(m->notify, text))
                return;
        r = loop_arm(m, &m->status_timer, STATUS_DELAY_USEC, on_status_timer);
        if (r < 0)
                return loop_fail(m, r, "arming the timer of the status");
        m->status_pending = true;
}
