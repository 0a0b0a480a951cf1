/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loop.h"

#include "base/clock.h"

uint64_t boottime_usec(void)
{
        return clock_usec(CLOCK_BOOTTIME);
}

uint64_t monotonic_usec(void)
{
        return clock_usec(CLOCK_MONOTONIC);
}

uint64_t realtime_usec(void)
{
        return clock_usec(CLOCK_REALTIME);
}

void loop_exit(Manager *m, int status)
{
        if (m->exiting)
                return;
        m->exiting = true;
        m->exit_status = status;
        (void) sd_event_exit(m->event, status); /* the loop asks `exiting` as well */
}

void loop_fail(Manager *m, int error, const char *what)
{
        journal_text(m->journal, JOURNAL_FAILED, "%s failed: %s", what, strerror(-error));
        notify_errno(m->notify, -error);
        loop_exit(m, MANAGER_EXIT_FAILURE);
}

int loop_arm(Manager *m, sd_event_source **source, uint64_t delay_usec, sd_event_time_handler_t handler)
{
        uint64_t usec = usec_add(boottime_usec(), delay_usec);
        int r;

        if (!*source)
                return sd_event_add_time(m->event, source, CLOCK_BOOTTIME, usec, 1, handler, m);
        r = sd_event_source_set_time(*source, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

void loop_disarm(sd_event_source *source)
{
        if (source)
                (void) sd_event_source_set_enabled(
                                source, SD_EVENT_OFF); /* fails for a loop that has ended only */
}
