/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/step.h"

#include "daemon/effects.h"
#include "daemon/fuse-link.h"
#include "daemon/guard-link.h"
#include "daemon/late.h"
#include "daemon/loop.h"
#include "daemon/pulse.h"
#include "daemon/status-line.h"

static void step_once(Manager *m, Event *event)
{
        EffectList effects = {};
        int r;

        if (m->exiting || m->leave == LEAVE_GOING)
                return;
        m->now_usec = MAX(m->now_usec, boottime_usec());
        event->now_usec = m->now_usec;
        event->realtime_usec = realtime_usec();
        r = engine_step(m->engine, event, &effects);
        if (r < 0)
                loop_fail(m, r, "the engine");
        else {
                pulse_leave_idle(m);
                fuse_link_arm(m);
                effects_carry_out(m, &effects);
        }
        effect_list_done(&effects);
}

/* Probes that are still on their way prove nothing any more. */
static void step_suspended(Manager *m)
{
        if (m->group)
                group_forget_probes(m->group);
        step_once(m, &(Event){ .type = EVENT_SUSPENDED });
}

static void step_late(Manager *m)
{
        for (LateEvent *l; (l = late_take(m)); late_free(l))
                step_once(m, late_event(l));
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        step_event(userdata, &(Event){ .type = EVENT_TIME });
        return 0;
}

static void rearm_timer(Manager *m)
{
        uint64_t deadline = engine_deadline(m->engine), now = boottime_usec();
        int r;

        if (deadline == USEC_INFINITY) {
                loop_disarm(m->timer);
                return;
        }
        r = loop_arm(m, &m->timer, deadline > now ? deadline - now : 0, on_timer);
        if (r < 0)
                loop_fail(m, r, "arming the engine's timer");
}

static void finish_step(Manager *m)
{
        guard_link_update(m);
        fuse_link_update(m);
        (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
        rearm_timer(m);
        status_line_later(m);
}

void step_event(Manager *m, Event *event)
{
        if (!m->engine || m->exiting || m->leave == LEAVE_GOING)
                return;
        ASSERT(!m->stepping);
        m->stepping = true;
        if (pulse_was_late(m))
                step_suspended(m);
        step_once(m, event);
        step_late(m);
        m->stepping = false;
        if (!m->exiting)
                finish_step(m);
}

void step_look_at_clocks(Manager *m)
{
        if (!m->engine || m->exiting || m->leave == LEAVE_GOING || !pulse_was_late(m))
                return;
        m->stepping = true;
        step_suspended(m);
        step_late(m);
        m->stepping = false;
        if (!m->exiting)
                finish_step(m);
}
