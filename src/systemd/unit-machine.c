/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit-machine.h"

bool unit_state_is_end(UnitState state)
{
        return state != UNIT_NONE && !unit_state_is_alive(state);
}

UnitPhase unit_machine_phase(const UnitMachine *m)
{
        static const UnitPhase phases[_UNIT_STATE_MAX] = {
                [UNIT_NONE] = UNIT_PHASE_ASKED,
                [UNIT_STARTING] = UNIT_PHASE_STARTING,
                [UNIT_RUNNING] = UNIT_PHASE_UP,
                [UNIT_STOPPING] = UNIT_PHASE_STOPPING,
                [UNIT_STUCK] = UNIT_PHASE_STOPPING,
        };

        if (unit_state_is_end(m->state))
                return UNIT_PHASE_ENDED;
        if (m->epoch == 0)
                return UNIT_PHASE_ABSENT;
        if (m->state == UNIT_STOPPING && (m->judgement == JUDGE_WAITS || m->judgement == JUDGE_ASKED))
                return UNIT_PHASE_JUDGING;
        return phases[m->state];
}

/* ---- what is said ---- */

void unit_set_text(char **text, const char *value, UnitTodo *t)
{
        char *copy = NULL;

        if (!isempty(value) && !(copy = strdup(value)))
                t->error = -ENOMEM;
        free(*text);
        *text = copy;
}

UnitSaid *unit_next_said(UnitTodo *t)
{
        ASSERT(t->n_said < ELEMENTSOF(t->said));
        return &t->said[t->n_said++];
}

void unit_say(const UnitMachine *m, UnitTodo *t)
{
        UnitSaid *said;

        if (m->state == UNIT_NONE)
                return;
        said = unit_next_said(t);
        *said = (UnitSaid){ .epoch = m->epoch, .state = m->state, .unit_digest = m->properties.digest };
        snprintf(said->reason, sizeof(said->reason), "%s", strempty(m->reason));
        memcpy(said->invocation_id, m->properties.invocation_id, sizeof(said->invocation_id));
}

/* systemd keeps a failed unit for its result; the next start of that name would find it. */
void unit_reset_rest(const UnitMachine *m, UnitTodo *t)
{
        t->reset_failed = t->reset_failed ||
                          (streq(m->properties.active_state, "failed") && m->properties.transient);
}

static void leave_road(UnitMachine *m)
{
        free(m->road.reason);
        m->road = (UnitRoad){};
}

/* Whatever was wished of a copy that has ended. */
void unit_forget_wishes(UnitMachine *m, UnitTodo *t)
{
        if (m->stop.stage == CALL_WAITS)
                m->stop.stage = CALL_NONE;
        m->judgement = JUDGE_NOT;
        m->left_usec = 0;
        leave_road(m);
        t->ended = true;
        t->read_later = false;
        t->read_usec = USEC_INFINITY;
}

void unit_set_state(UnitMachine *m, UnitState state, const char *reason, UnitTodo *t)
{
        bool same = m->state == state && streq(strempty(m->reason), strempty(reason));

        m->state = state;
        if (!same) {
                unit_set_text(&m->reason, reason, t);
                unit_say(m, t);
        }
        if (!unit_state_is_end(state))
                return;
        unit_forget_wishes(m, t);
        m->stage = m->n_stages = 0;
        t->forget_parts = m->has_parts && !(m->is_begun && (state == UNIT_FAILED || state == UNIT_REFUSED));
        /* A failed unit is kept for its result. Of one that was stopped or killed the result is no failure of
         * the worker, and a manager that comes after this one must not take it for one. */
        if (state == UNIT_STOPPED || state == UNIT_KILLED || state == UNIT_SHUTDOWN)
                unit_reset_rest(m, t);
}

void unit_read_at(UnitTodo *t, uint64_t usec)
{
        t->read_usec = MIN(t->read_usec, usec);
}

void unit_call_done(UnitMachine *m, UnitCall *call)
{
        *call = (UnitCall){};
        if (!unit_call_is_out(&m->start) && !unit_call_is_out(&m->stop))
                m->n_jobs_seen = 0;
}

/* True if the answer is there. */
bool unit_is_judged(UnitMachine *m, UnitTodo *t)
{
        if (m->judgement == JUDGE_ANSWERED)
                return true;
        if (m->judgement == JUDGE_NOT)
                m->judgement = JUDGE_WAITS;
        unit_set_state(m, UNIT_STOPPING, NULL, t);
        t->ask_judge = true;
        return false;
}

bool unit_is_early(const UnitMachine *m)
{
        return m->stage + 1 < m->n_stages;
}

void unit_machine_init(UnitMachine *m, const char *unit, uint64_t epoch)
{
        *m = (UnitMachine){ .unit = unit, .epoch = epoch };
}

void unit_machine_done(UnitMachine *m)
{
        free(m->reason);
        free(m->control_group);
        free(m->refusal);
        m->reason = m->control_group = m->refusal = NULL;
        leave_road(m);
}
