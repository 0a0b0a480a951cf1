/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit-road.h"

void unit_road_read(UnitMachine *m, UnitTodo *t)
{
        m->road.reading = t->read_parts = true;
        m->road.again = false;
}

/* A worker that was stopped, or killed, with the part that it is bound to has that part's end as its reason. */
static UnitState cause_of_end(UnitMachine *m, const PartsSeen *s, bool alive, char *reason)
{
        UnitProperties p = m->properties;
        UnitState state = UNIT_NONE;

        reason[0] = '\0';
        p.job_id = 0; /* a job that waits changes nothing any more: the slice is stopped, whatever it would do */
        if (!alive)
                state = unit_state_from_properties(&p, &m->history, reason);
        if (m->history.stop_asked)
                return UNIT_STOPPED;
        if (m->history.by_guard)
                return m->history.going_down ? UNIT_SHUTDOWN : UNIT_STOPPED;
        if (s->ended[0] && (s->has_failed || !s->slice_stops) && !(m->is_noted && !s->has_failed)) {
                snprintf(reason, UNIT_REASON_MAX, "%s", s->ended);
                return s->was_there ? UNIT_FAILED : UNIT_REFUSED;
        }
        if (state == UNIT_REFUSED && s->retried[0] && streq(m->history.job_result, "dependency")) {
                snprintf(reason, UNIT_REASON_MAX, "%s", s->retried);
                return state;
        }
        /* The note says that it was begun, and nothing says how it went on. */
        if (m->is_noted && !unit_properties_exist(&m->properties))
                return UNIT_STOPPED;
        return state == UNIT_NONE ? UNIT_KILLED : state;
}

/* False: it is not known yet. */
static bool find_cause(UnitMachine *m, const UnitFact *f, bool alive, UnitTodo *t)
{
        char reason[UNIT_REASON_MAX];
        UnitState state;

        m->history.left_over = false;
        m->history.by_guard = f->parts->by_guard || (!alive && f->by_guard);
        state = cause_of_end(m, f->parts, alive, reason);
        if (state == UNIT_KILLED && !unit_is_judged(m, t))
                return false;
        if (m->history.going_down && state == UNIT_KILLED)
                state = UNIT_SHUTDOWN;
        m->road.cause = state;
        unit_set_text(&m->road.reason, reason, t);
        return true;
}

static void stop_slice(UnitMachine *m)
{
        m->road.stage = ROAD_STOP;
        if (m->stop.stage == CALL_NONE)
                m->stop.stage = CALL_WAITS;
}

/* What is left of the copy, in words; "": nothing. */
static void words_of_left(UnitMachine *m, const UnitFact *f, bool alive, char *ret)
{
        snprintf(ret, UNIT_REASON_MAX, "%s", f->parts->left);
        /* What a job waits for is not looked for in its control group. */
        if (alive || unit_properties_are_pending(&m->properties))
                snprintf(ret, UNIT_REASON_MAX, "its worker has not ended");
        else if (m->control_group && f->left)
                snprintf(ret, UNIT_REASON_MAX, "processes are left after its end");
}

/* The removal can have been hit by a kill of all of it, or have failed for a reason that has gone. */
static void remove_again(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        uint64_t next_usec = usec_add(m->road.removal_usec, UNIT_STUCK_LOOK_USEC);

        if (f->parts->unremoved == 0 || f->parts->slice_job != 0 ||
                        (m->road.removal_usec != 0 && f->now_usec < next_usec))
                return;
        m->road.removal_usec = MAX(f->now_usec, (uint64_t) 1);
        t->remove_part = f->parts->unremoved;
}

/* When a stop that did not end all is due again. */
static uint64_t next_stop_usec(const UnitMachine *m, const UnitFact *f)
{
        return usec_add(m->stop_usec, f->parts->stands ? UNIT_UNMOUNT_REPEAT_USEC : UNIT_STOP_REPEAT_USEC);
}

/* umount(8) may have failed, and the slice's job goes on without it: the helper that stands behind the mount waits for the
 * device. */
static void wait_for_stop(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        uint64_t due = usec_add(m->stop_usec, UNIT_STUCK_AFTER_USEC);

        if (!f->parts->has_mount)
                return;
        if (m->stop.stage != CALL_AT_WORK)
                due = f->now_usec + UNIT_STUCK_AFTER_USEC;
        if (f->now_usec < due) {
                unit_read_at(t, due);
                return;
        }
        if (m->road.read_usec + UNIT_STUCK_LOOK_USEC <= f->now_usec || m->road.read_usec < due) {
                unit_road_read(m, t);
                return;
        }
        unit_read_at(t, m->road.read_usec + UNIT_STUCK_LOOK_USEC);
        if (!f->parts->stands)
                return;
        unit_set_state(m, UNIT_STUCK, f->parts->left, t);
        if (f->now_usec >= next_stop_usec(m, f))
                m->stop.stage = CALL_WAITS;
}

static void check_end(UnitMachine *m, const UnitFact *f, bool alive, UnitTodo *t)
{
        char left[UNIT_REASON_MAX];
        UnitState cause = m->road.cause;
        char *reason;

        words_of_left(m, f, alive, left);
        if (!left[0] && f->parts->slice_job == 0) { /* else the next start would find the job in its way */
                reason = TAKE_PTR(m->road.reason);
                unit_set_state(m, cause, reason, t);
                free(reason);
                return;
        }
        if (m->left_usec == 0 || f->parts->slice_job != 0) /* a job of it is at work, whose ever it is */
                m->left_usec = MAX(f->now_usec, (uint64_t) 1);
        m->road.again = true;
        remove_again(m, f, t);
        if (f->now_usec - MIN(f->now_usec, m->left_usec) < UNIT_STUCK_AFTER_USEC) {
                unit_read_at(t, f->now_usec + UNIT_LEFT_LOOK_USEC);
                return;
        }
        unit_set_state(m, UNIT_STUCK, left, t);
        unit_read_at(t, f->now_usec + UNIT_STUCK_LOOK_USEC);
        if ((alive || f->parts->is_alive) && f->now_usec >= next_stop_usec(m, f))
                stop_slice(m);
}

/* systemd stops the worker as soon as its part is not active any more, and the part has ended only when what it leaves has been
 * taken away: until then its end has no reason. */
static bool wait_for_parts(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (!f->parts->is_ending || m->history.stop_asked)
                return false;
        if (m->road.again) /* signals of it tell; this is for one that is lost */
                unit_road_read(m, t);
        else
                m->road.again = true;
        unit_read_at(t, f->now_usec + UNIT_STUCK_LOOK_USEC);
        return true;
}

/* A copy that goes on, or is asked to stop and has not ended. */
static bool is_on_road(const UnitMachine *m, const UnitFact *f, bool over)
{
        return m->road.stage != ROAD_NONE || over || (f->parts->ended[0] && !m->history.stop_asked);
}

/* What ends in maintenance ends, and nothing follows: the other parts stay. True: so it is. */
static bool is_left_alone(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (!f->in_maintenance || m->history.stop_asked || m->road.stage > ROAD_CAUSE)
                return false;
        m->road.stage = ROAD_NONE;
        unit_read_at(t, f->now_usec + UNIT_STUCK_LOOK_USEC);
        return true;
}

/* True: what is to be said and done of it is. */
bool unit_walk(UnitMachine *m, const UnitFact *f, bool alive, UnitTodo *t)
{
        bool over = !alive && m->properties.job_id == 0;

        if (!f->parts) { /* their reading brings us here again */
                t->read_parts = true;
                return true;
        }
        if (m->road.stage == ROAD_NONE &&
                        m->road.reading) /* what was read of them may be of before its start */
                return true;
        if (!is_on_road(m, f, over))
                return false;
        if (is_left_alone(m, f, t)) {
                if (over)
                        unit_set_state(m, UNIT_STOPPING, NULL, t);
                return over;
        }
        if (m->road.stage == ROAD_NONE) {
                m->road.stage = ROAD_CAUSE;
                unit_set_state(m, UNIT_STOPPING, NULL, t);
                if (over && !m->history.stop_asked)
                        unit_road_read(m, t);
        }
        if (m->road.reading)
                return true;
        if (m->road.stage == ROAD_CAUSE) {
                if (wait_for_parts(m, f, t) || !find_cause(m, f, alive, t))
                        return true;
                m->road.stage = ROAD_STOP;
                if (m->stop_usec == 0)
                        stop_slice(m);
        }
        if (m->road.stage == ROAD_STOP) {
                if (m->stop.stage != CALL_NONE) {
                        wait_for_stop(m, f, t);
                        return true;
                }
                m->road.stage = ROAD_CHECK;
                m->road.again = true;
        }
        if (m->road.again)
                unit_road_read(m, t);
        else
                check_end(m, f, alive, t);
        return true;
}
