/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit-road.h"
#include "systemd/unit-stages.h"

bool unit_may_begin(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (!m->has_units)
                return true;
        if (!f->parts) { /* their reading brings us here again */
                t->read_parts = true;
                return false;
        }
        if (!f->parts->refusal[0])
                return true;
        unit_call_done(m, &m->start);
        unit_set_state(m, UNIT_REFUSED, f->parts->refusal, t);
        return false;
}

/* Neither done, nor lost with what was to be heard of it. */
static bool call_has_failed(const UnitMachine *m)
{
        return m->history.job_result[0] && !streq(m->history.job_result, "done");
}

void unit_await_stage(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->road.reading)
                return;
        if (m->road.again)
                unit_road_read(m, t);
        else
                m->road.again = true;
        unit_read_at(t, f->now_usec + UNIT_STUCK_LOOK_USEC);
}

bool unit_walk_stages(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->road.stage != ROAD_NONE || m->history.stop_asked || m->refusal || call_has_failed(m))
                return false;
        if (m->road.reading)
                return true;
        if (!f->parts) {
                t->read_parts = true;
                return true;
        }
        if (f->parts->ended[0])
                return false;
        if (!f->parts->is_up) {
                unit_await_stage(m, f, t);
                return true;
        }
        m->stage++;
        m->road.again = false;
        m->history.job_result[0] = '\0';
        m->start.stage = CALL_WAITS;
        return true;
}

void unit_end_start(UnitMachine *m, UnitState cause, const char *reason, UnitTodo *t)
{
        unit_call_done(m, &m->start);
        m->is_begun = true;
        m->road.stage = ROAD_STOP;
        m->road.cause = cause;
        unit_set_text(&m->road.reason, reason, t);
        if (m->stop.stage == CALL_NONE)
                m->stop.stage = CALL_WAITS;
        unit_set_state(m, UNIT_STOPPING, NULL, t);
}
