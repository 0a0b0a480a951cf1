/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "systemd/unit-road.h"
#include "systemd/unit-stages.h"
#include "systemd/unit-step.h"

#define OTHER_COPY "another copy of it is at work on this node"

/* ---- calls ---- */

static void refuse(UnitMachine *m, const char *reason, UnitTodo *t)
{
        unit_call_done(m, &m->start);
        m->is_begun = false;
        t->remove_commands = m->epoch;
        unit_set_state(m, UNIT_REFUSED, reason, t);
}

static void start_uncertain(UnitMachine *m)
{
        unit_call_done(m, &m->start);
        m->start.stage = CALL_UNCERTAIN;
}

static void call_ended(UnitMachine *m, UnitCall *call, const char *result, UnitTodo *t)
{
        unit_call_done(m, call);
        if (call == &m->start) {
                snprintf(m->history.job_result, sizeof(m->history.job_result), "%s", result);
                if (streq(result, "done") && !unit_is_early(m))
                        m->history.ran = true;
                m->history.blind = false;
                m->is_stale = true;
                if (m->has_units)
                        unit_road_read(m, t);
        }
        t->read = true;
}

/* systemd named the job. Its end may have been seen already. */
static void call_answered(UnitMachine *m, UnitCall *call, uint32_t id, UnitTodo *t)
{
        if (id == 0) {
                unit_call_done(m, call);
                if (call == &m->start)
                        start_uncertain(m);
                t->read_later = true;
                return;
        }

        *call = (UnitCall){ CALL_AT_WORK, id };
        if (m->foreign.id == id)
                m->foreign = (ForeignJob){};
        for (size_t i = 0; i < m->n_jobs_seen; i++)
                if (m->jobs_seen[i].id == id) {
                        char result[sizeof(m->jobs_seen[i].result)];
                        memcpy(result, m->jobs_seen[i].result, sizeof(result));
                        call_ended(m, call, result, t);
                        return;
                }
}

static void want_start(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->epoch == f->epoch) {
                unit_say(m, t);
                return;
        }
        if (m->start.stage != CALL_NONE || unit_state_is_alive(m->state)) {
                unit_say(m, t);
                *unit_next_said(t) = (UnitSaid){ f->epoch, UNIT_REFUSED, OTHER_COPY, {}, 0 };
                return;
        }
        /* The rest of an older copy; a stop job of it that has not been seen to end says nothing about this. */
        unit_machine_done(m);
        unit_machine_init(m, m->unit, f->epoch);
        unit_forget_wishes(m, t);
        t->renewed = true;
        m->has_parts = f->has_parts;
        m->has_units = f->has_units;
        m->n_stages = f->n_stages;
        m->start.stage = m->has_units ? CALL_UNCERTAIN
                                      : CALL_WAITS; /* one that is at work already is not ours */
        t->read = m->has_units;
}

/* What an earlier manager left. If it ended, no manager saw how. */
static void noted(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->epoch == 0)
                m->epoch = f->epoch;
        m->has_parts = m->is_begun = m->is_noted = true;
        m->history.ran = m->history.blind = true;
}

static void start_sent(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->start.stage = CALL_SENT;
        m->stop_usec = 0; /* that was of what was in its way */
        m->is_begun = true;
}

static void start_answered(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        call_answered(m, &m->start, f->job_id, t);
        if (m->start.stage == CALL_AT_WORK)
                unit_set_state(m, m->history.stop_asked ? UNIT_STOPPING : UNIT_STARTING, NULL, t);
}

static void start_exists(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        start_uncertain(m);
        m->in_the_way = t->read_parts = m->has_parts;
        m->is_begun = m->is_begun && (m->stage > 0 || !m->has_units); /* the call did nothing */
        t->read = true;
}

static void start_unheard(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        start_uncertain(m);
        t->read_later = true;
}

static void start_conflicts(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        unit_call_done(m, &m->start);
        m->is_begun = m->stage > 0;
        unit_set_text(&m->refusal, f->text, t);
        t->look = true;
}

static void start_refused(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->stage == 0)
                refuse(m, f->text, t);
        else
                unit_end_start(m, UNIT_REFUSED, f->text, t);
}

/* Something that the parts were to be is there and does not end. Where another node started the application it would be there
 * twice, so this is refused, or stopped, only once its end has been seen, as on the road of a copy. */
static void await_rest(UnitMachine *m, UnitState cause, const char *reason, UnitTodo *t)
{
        unit_call_done(m, &m->start);
        m->is_begun = true;
        m->road.stage = ROAD_CHECK;
        m->road.cause = cause;
        m->road.again = true;
        unit_set_text(&m->road.reason, reason, t);
        unit_set_state(m, UNIT_STOPPING, NULL, t);
        t->read = true;
}

static void want_stop(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (unit_state_is_end(m->state)) {
                unit_say(m, t);
                return;
        }
        m->history.stop_asked = true;
        if (m->start.stage == CALL_WAITS || (m->start.stage == CALL_UNCERTAIN && !m->is_begun)) {
                /* Of one with installed units the first time in line is not after a call. */
                if (m->has_parts && m->stage == 0 &&
                                m->n_tries > (m->has_units && m->start.stage == CALL_WAITS ? 1u : 0u)) {
                        await_rest(m, UNIT_STOPPED, NULL, t);
                        return;
                }
                m->start.stage = CALL_NONE;
                if (m->stage == 0) {
                        unit_set_state(m, UNIT_STOPPED, NULL, t);
                        return;
                }
        }
        if (!unit_call_is_out(&m->stop))
                m->stop.stage = CALL_WAITS;
}

static void stop_sent(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->stop.stage = CALL_SENT;
        m->stop_usec = f->now_usec;
}

static void stop_answered(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->road.is_fresh = false; /* what was read of the slice before shows no job of this stop */
        call_answered(m, &m->stop, f->job_id, t);
}

static void stop_failed(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        unit_call_done(m, &m->stop);
        t->read = true;
}

/* ---- jobs ---- */

/* A job that may not be ours. */
static void note_foreign(UnitMachine *m, uint32_t id, UnitTodo *t)
{
        if (id == 0 || id == m->foreign.id || id == m->start.job_id || id == m->stop.job_id)
                return;
        /* Our own call is on its way, and this is most likely its job. */
        if (m->start.stage == CALL_SENT || m->stop.stage == CALL_SENT)
                return;
        /* What stops the slice stops what is in it. */
        if (m->has_parts && (m->stop.stage == CALL_AT_WORK || m->road.stage >= ROAD_STOP))
                return;
        m->foreign = (ForeignJob){ .id = id, .type = FOREIGN_ASKED };
        memcpy(m->foreign.invocation_id, m->properties.invocation_id, sizeof(m->foreign.invocation_id));
        t->ask_job = id;
}

static void job_seen(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (!unit_state_is_end(m->state))
                note_foreign(m, f->job_id, t);
}

static void job_ended(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        FOREACH_ARRAY(call, ((UnitCall *const[]){ &m->start, &m->stop }), 2)
                if ((*call)->stage == CALL_AT_WORK && (*call)->job_id == f->job_id) {
                        call_ended(m, *call, f->text, t);
                        return;
                }
        if (f->job_id == m->foreign.id)
                m->foreign.done = streq(f->text, "done");
        if (m->start.stage == CALL_SENT || m->stop.stage == CALL_SENT) {
                if (m->n_jobs_seen == UNIT_JOBS_SEEN_MAX)
                        memmove(m->jobs_seen, m->jobs_seen + 1, --m->n_jobs_seen * sizeof(m->jobs_seen[0]));
                m->jobs_seen[m->n_jobs_seen].id = f->job_id;
                snprintf(m->jobs_seen[m->n_jobs_seen].result, sizeof(m->jobs_seen[0].result), "%s", f->text);
                m->n_jobs_seen++;
        }
        t->read = true;
}

static void job_type(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->foreign.type = f->job_type;
        if (f->job_type == FOREIGN_STOP)
                m->history.outside_stop = true;
        t->read = true;
}

/* A job may be gone before its type could be asked. If it was carried out, and the unit has ended after it without
 * having been started again, it was a stop: no other job ends a run. (That of systemd's own last restart, which the
 * start limit forbids, is not carried out.) */
static void judge_foreign(UnitMachine *m, bool alive)
{
        const ForeignJob *f = &m->foreign;

        if (alive && m->properties.job_id == 0 && f->type != FOREIGN_ASKED) {
                m->foreign = (ForeignJob){};
                m->history.outside_stop = false;
        }
        if (!alive && f->id != 0 && f->type == FOREIGN_UNKNOWN && f->done &&
                        memcmp(f->invocation_id, m->properties.invocation_id, sizeof(f->invocation_id)) == 0)
                m->history.outside_stop = true;
        m->history.restart_job = f->type == FOREIGN_RESTART && f->id == m->properties.job_id;
}

/* ---- the unit as it was read ---- */

/* In the fields that a change shows in. */
static bool same_properties(const UnitProperties *a, const UnitProperties *b)
{
        return streq(a->active_state, b->active_state) && streq(a->sub_state, b->sub_state) &&
               streq(a->result, b->result) && a->job_id == b->job_id &&
               a->exec_main_code == b->exec_main_code && a->exec_main_status == b->exec_main_status &&
               memcmp(a->invocation_id, b->invocation_id, sizeof(a->invocation_id)) == 0;
}

static bool has_run(const uint8_t id[static 16])
{
        static const uint8_t none[16];

        return memcmp(id, none, sizeof(none)) != 0;
}

static bool is_last_run(const UnitMachine *m, const UnitProperties *p)
{
        return has_run(p->invocation_id) && memcmp(p->invocation_id, m->run_id, sizeof(m->run_id)) == 0;
}

/* The unit's file was taken away while it runs: systemd knows nothing of the unit any more, but has the run, and stops it. */
static bool unit_has_lost_file(const UnitMachine *m, const UnitProperties *p)
{
        return streq(p->load_state, "not-found") && !streq(p->active_state, "inactive") &&
               !streq(p->active_state, "failed") && is_last_run(m, p);
}

/* systemd has forgotten the unit. What it and its signals said before is all there is. */
static void mark_gone(UnitProperties *p)
{
        strcpy(p->load_state, "not-found");
        strcpy(p->active_state, "inactive");
        strcpy(p->sub_state, "dead");
        p->job_id = 0;
}

static void take_reading(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        const UnitProperties *p = f->properties;
        bool lost_file = p && unit_has_lost_file(m, p);

        m->is_stale = false;
        if (!p || (streq(p->load_state, "not-found") && !lost_file))
                mark_gone(&m->properties);
        else {
                t->read = f->overlaps && !same_properties(p, &m->properties);
                m->properties = *p;
                if (lost_file)
                        strcpy(m->properties.load_state, "loaded");
        }
        t->look = true;
}

/* A hint that says what is known already needs no reading; nor does a unit on its way up, where the end of our job will
 * tell. */
static void take_hint(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        bool same = same_properties(&m->properties, f->properties);

        m->properties = *f->properties;
        t->read = !unit_call_is_out(&m->start) && (f->overlaps || !same);
}

/* ---- a start whose effect is not known ---- */

static void retry_start(UnitMachine *m, UnitTodo *t)
{
        if (++m->n_tries <= UNIT_START_TRIES_MAX)
                m->start.stage = CALL_WAITS;
        else if (m->has_parts)
                await_rest(m, UNIT_REFUSED,
                                "parts of an earlier run are still there, and systemd does not let go of them",
                                t);
        else
                refuse(m, "systemd keeps an old unit of that name and does not let go of it", t);
}

/* The unit is another copy's; calls that are out stay what they are. */
static void become(UnitMachine *m, uint64_t epoch, UnitTodo *t)
{
        UnitMachine old = *m;

        unit_machine_done(m);
        unit_machine_init(m, m->unit, epoch);
        m->properties = old.properties;
        m->start = old.start;
        m->stop = old.stop;
        m->has_parts = old.has_parts;
        m->is_begun = old.is_begun;
        memcpy(m->jobs_seen, old.jobs_seen, sizeof(m->jobs_seen));
        m->n_jobs_seen = old.n_jobs_seen;
        unit_forget_wishes(m, t);
        t->renewed = true;
}

static void refuse_for_file(UnitMachine *m, UnitTodo *t)
{
        char text[UNIT_REASON_MAX];

        if (streq(m->properties.load_state, "masked"))
                snprintf(text, sizeof(text), "%s is masked", m->unit);
        else
                snprintf(text, sizeof(text), "there is a unit file of that name: %s",
                                m->properties.fragment_path);
        refuse(m, text, t);
}

/* Something of that name is there. True: it is this copy, or one that has taken its place. */
static bool verify_existing(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        const UnitProperties *p = &m->properties;
        bool alive = unit_properties_are_alive(p) || unit_properties_are_pending(p);

        if (!p->transient) {
                refuse_for_file(m, t);
                return false;
        }
        if ((alive || f->left || streq(p->active_state, "failed")) && p->epoch == m->epoch) {
                unit_call_done(m, &m->start);
                m->history.blind = m->history.blind || !alive; /* systemd keeps what processes are left of */
                return true;
        }
        if (alive) {
                refuse(m, p->epoch == 0 ? "a unit of that name is at work that is none of ours" : OTHER_COPY,
                                t);
                m->has_parts = false; /* those were to be of the other copy */
                if (p->epoch != 0)
                        become(m, p->epoch, t);
                return p->epoch != 0;
        }
        unit_reset_rest(m, t);
        if (m->n_tries == 0 || ++m->n_tries > UNIT_START_TRIES_MAX) {
                if (unit_may_begin(m, f, t))
                        retry_start(m, t);
        } else
                t->read_later = true; /* systemd collects it in a moment */
        return false;
}

/* No worker is there, and still systemd has something of one of our names: the slice, or a part. It is the rest of a run that
 * this manager does not know; the start waits until it is stopped. False: nothing is in the way any more. */
static bool clear_the_way(UnitMachine *m, UnitTodo *t)
{
        if (!m->has_parts)
                return false;
        if (m->in_the_way && m->stop.stage == CALL_NONE)
                m->stop.stage = CALL_WAITS;
        t->reset_parts = true;
        m->in_the_way = false;
        return m->stop.stage != CALL_NONE;
}

/* True: reading goes on with this copy. */
static bool verify(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        bool exists = unit_properties_exist(&m->properties);

        /* The calls before it have begun what is stopped now; whose that is has to be known first, as below. */
        if (m->in_the_way && m->stage > 0) {
                const char *foreign = f->parts ? f->parts->foreign : NULL;

                if (foreign && m->history.stop_asked)
                        unit_end_start(m, UNIT_STOPPED, NULL, t);
                else if (foreign)
                        unit_end_start(m, UNIT_REFUSED,
                                        foreign[0] ? foreign : "parts of an earlier run are still there", t);
                return false;
        }
        if (m->history.stop_asked && (!exists || m->properties.epoch != m->epoch)) {
                unit_call_done(m, &m->start);
                if (!exists && m->has_parts) /* of which there may be some */
                        return true;
                unit_set_state(m, UNIT_STOPPED, NULL, t);
                return false;
        }
        /* What it has begun is not done again beside itself. */
        if (!exists && m->has_units && m->is_begun) {
                unit_end_start(m, UNIT_STOPPED, NULL, t);
                return false;
        }
        if (!exists && m->in_the_way &&
                        !f->parts) /* whose it is has to be known first; their reading brings us here again */
                return false;
        if (!exists && m->in_the_way && f->parts->foreign[0]) {
                await_rest(m, UNIT_REFUSED, f->parts->foreign, t);
                return false;
        }
        if (!exists) {
                if (!clear_the_way(m, t) && unit_may_begin(m, f, t))
                        retry_start(m, t);
                return false;
        }
        return verify_existing(m, f, t);
}

/* Jobs whose end was not heard: systemd shows another one, or none. False: a start is at work and decides. */
static bool settle_calls(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        uint32_t job = m->properties.job_id;

        if (m->start.stage == CALL_AT_WORK && unit_is_early(m)) {
                /* Its job is not the worker's; where all that it starts is at work, or has ended, so has the job. */
                if (!f->parts || m->road.reading || !(f->parts->is_up || f->parts->ended[0])) {
                        unit_await_stage(m, f, t);
                        return false;
                }
                unit_call_done(m, &m->start);
        }
        if (m->stop.stage == CALL_AT_WORK && m->stop.job_id != job && !m->has_parts)
                unit_call_done(m, &m->stop);
        if (m->start.stage == CALL_AT_WORK && m->start.job_id != job) {
                unit_call_done(m, &m->start);
                m->history.ran = m->history.blind = true;
        }
        if (m->start.stage == CALL_UNCERTAIN)
                return verify(m, f, t);
        return m->start.stage == CALL_NONE;
}

/* ---- whose unit it is ---- */

/* What an administrator's drop-in does to the properties ends no run. The same invocation is the same copy, whatever it
 * says; and while this copy has not ended, a unit that says nothing has not been replaced by another one of ours. */
static bool unit_is_known_run(const UnitMachine *m)
{
        const UnitProperties *p = &m->properties;

        return is_last_run(m, p) || (p->transient && p->epoch == 0 && !unit_state_is_end(m->state) &&
                                                    (m->state != UNIT_NONE || m->history.ran));
}

/* The unit may run another copy than the one that is known. False: there is nothing to go on with. */
static bool unit_identify(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        UnitProperties *p = &m->properties;
        bool pending = unit_properties_are_pending(p),
             has_left = f->left && (m->epoch == 0 || p->epoch == m->epoch);
        bool there = unit_properties_are_alive(p) || pending ||
                     (unit_properties_exist(p) && (has_left || streq(p->active_state, "failed")));

        if (m->epoch == 0) {
                if ((!there || p->epoch == 0) && !m->is_noted) { /* no copy of ours */
                        t->remove = true;
                        return false;
                }
                m->epoch = there && p->epoch != 0 ? p->epoch : UNIT_EPOCH_UNKNOWN;
        } else if (there && p->epoch != m->epoch && unit_is_known_run(m))
                p->epoch = m->epoch;
        else if (there && p->epoch != m->epoch) {
                if (!unit_state_is_end(m->state) && m->state != UNIT_NONE)
                        unit_set_state(m, m->history.stop_asked ? UNIT_STOPPED : UNIT_KILLED, NULL, t);
                if (p->epoch == 0)
                        return false;
                become(m, p->epoch, t);
        }
        /* The manager that asked for a start that still waits is gone, and no one is told how its job ends. If there is
         * no worker then, it counts as stopped from outside. */
        if ((pending || has_left) && !m->history.ran)
                m->history.blind = true;
        if (there) {
                m->history.ran = true;
                /* A manager, or a guard, that begins later knows the run by this, whatever its properties say then. */
                t->keep_run = has_run(p->invocation_id) && !is_last_run(m, p);
                memcpy(m->run_id, p->invocation_id, sizeof(m->run_id));
        }
        return true;
}

/* ---- what follows from a reading ---- */

/* True: processes were left a moment ago, and it is too early to call that stuck. */
static bool wait_for_left(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->history.left_over = false;
        if (!m->control_group || !f->left) {
                m->left_usec = 0;
                return false;
        }
        if (m->left_usec == 0)
                m->left_usec = MAX(f->now_usec, (uint64_t) 1);
        if (f->now_usec - MIN(f->now_usec, m->left_usec) < UNIT_STUCK_AFTER_USEC) {
                unit_read_at(t, f->now_usec + UNIT_LEFT_LOOK_USEC);
                unit_set_state(m, UNIT_STOPPING, NULL, t);
                return true;
        }
        m->history.left_over = true;
        unit_read_at(t, f->now_usec + UNIT_STUCK_LOOK_USEC);
        return false;
}

/* A stop that was asked for is asked for again while the unit lives and nothing is at work to end it. */
static void pursue_stop(UnitMachine *m, uint64_t now, UnitTodo *t)
{
        uint64_t due = usec_add(m->stop_usec, UNIT_STOP_REPEAT_USEC);

        if (!m->history.stop_asked || m->stop.stage != CALL_NONE)
                return;
        if (m->stop_usec != 0 && now < due)
                unit_read_at(t, due);
        else
                m->stop.stage = CALL_WAITS;
}

/* False: it has ended before, and nothing has changed that. */
static bool note_alive(UnitMachine *m, bool alive, UnitTodo *t)
{
        const UnitProperties *p = &m->properties;

        if (unit_state_is_end(m->state)) {
                if (!alive)
                        return false;
                /* The rest of it was started again from outside. */
                m->history = (UnitHistory){ .ran = true };
                m->foreign = (ForeignJob){};
                m->is_begun = m->has_parts;
                m->stop_usec = 0;
        }
        if (alive && m->road.stage == ROAD_NONE) { /* on the road it is what is left, and why is asked once */
                m->history.blind = m->is_noted = false;
                m->judgement = JUDGE_NOT;
                m->left_usec = 0;
        }
        if (alive && p->control_group[0] && strcmp_ptr(m->control_group, p->control_group) != 0)
                unit_set_text(&m->control_group, p->control_group, t);
        return true;
}

static void conclude(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        char reason[UNIT_REASON_MAX];
        UnitState state = unit_state_from_properties(&m->properties, &m->history, reason);

        /* That a start was in the way of another job is worth a word, unless the host goes down. */
        if (m->refusal && state == UNIT_NONE)
                state = UNIT_KILLED;
        if (state == UNIT_RUNNING && f->parts && f->parts->restarts[0]) {
                state = UNIT_STARTING;
                snprintf(reason, sizeof(reason), "%s", f->parts->restarts);
        }
        if (state == UNIT_KILLED && !unit_is_judged(m, t))
                return;
        if (m->history.going_down && state == UNIT_KILLED)
                state = UNIT_SHUTDOWN;
        if (m->refusal && state == UNIT_KILLED)
                unit_set_state(m, UNIT_REFUSED, m->refusal, t);
        else if (state != UNIT_NONE)
                unit_set_state(m, state, reason, t);
        if (unit_state_is_alive(state) && state != UNIT_STUCK) /* of that systemd has nothing left to stop */
                pursue_stop(m, f->now_usec, t);
}

/* Of a start whose effect is not known the worker's own reading tells; but the slice's shows that a stop of what was in its way
 * is over. */
static void parts_read(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->road.reading = m->road.again = false;
        m->road.is_fresh = f->slice_read;
        if (f->slice_read)
                m->road.read_usec = f->now_usec;
        t->look = m->epoch != 0 && !m->is_stale &&
                  (m->start.stage == CALL_NONE || (m->start.stage == CALL_AT_WORK && unit_is_early(m)));
        t->read = m->is_stale ||
                  (m->start.stage == CALL_UNCERTAIN &&
                                  (m->stop.stage == CALL_AT_WORK || m->in_the_way || m->has_units));
}

/* A stop whose end was not heard: the slice, which has been read, has another job, or none. */
static void settle_slice(UnitMachine *m, const UnitFact *f)
{
        if (m->road.is_fresh && f->parts && m->stop.stage == CALL_AT_WORK &&
                        f->parts->slice_job != m->stop.job_id)
                unit_call_done(m, &m->stop);
        m->road.is_fresh = false;
}

static void take_look(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        UnitProperties *p = &m->properties;
        bool alive;

        if (p->epoch == 0)
                p->epoch = f->epoch;
        settle_slice(m, f);
        if (!settle_calls(m, f, t) || !unit_identify(m, f, t))
                return;
        alive = unit_properties_are_alive(p);
        if (!note_alive(m, alive, t))
                return;

        note_foreign(m, p->job_id, t);
        judge_foreign(m, alive);
        if (!alive && p->job_id == 0) {
                if (m->foreign.type == FOREIGN_ASKED) /* its answer brings us here again */
                        return;
        }
        if (unit_is_early(m) && m->is_begun && unit_walk_stages(m, f, t))
                return;
        if (m->has_parts && m->is_begun && unit_walk(m, f, alive, t))
                return;
        if (!alive && p->job_id == 0 && wait_for_left(m, f, t))
                return;
        if (!alive && unit_properties_exist(p))
                m->history.by_guard = f->by_guard;
        conclude(m, f, t);
}

/* ---- what comes ---- */

static void judge_sent(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->judgement == JUDGE_WAITS)
                m->judgement = JUDGE_ASKED;
}

static void judged(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (m->judgement != JUDGE_ASKED)
                return;
        m->judgement = JUDGE_ANSWERED;
        m->history.going_down = f->leaves;
        t->look = true;
}

static void judge_failed(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->judgement = JUDGE_NOT;
        t->read_later = true;
}

static void take_group(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        unit_set_text(&m->control_group, f->text, t);
}

static void deaf(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        m->history.blind = true;
}

/* Nothing can be heard any more. A start that was sent, answered or not, is looked for when it can. */
static void detached(UnitMachine *m, const UnitFact *f, UnitTodo *t)
{
        if (unit_call_is_out(&m->start))
                start_uncertain(m);
        if (m->stop.stage == CALL_SENT) /* systemd may not have heard it: nothing was tried yet */
                m->stop_usec = 0;
        if (unit_call_is_out(&m->stop))
                unit_call_done(m, &m->stop);
        if (m->foreign.type == FOREIGN_ASKED)
                m->foreign.type = FOREIGN_UNKNOWN;
        m->judgement = JUDGE_NOT;
        m->history.blind = true;
}

void unit_step(UnitMachine *m, const UnitFact *f, UnitTodo *ret)
{
        static void (*const steps[])(UnitMachine *, const UnitFact *, UnitTodo *) = {
                [UNIT_FACT_NOTED] = noted,
                [UNIT_FACT_START_WANTED] = want_start,
                [UNIT_FACT_START_SENT] = start_sent,
                [UNIT_FACT_START_ANSWERED] = start_answered,
                [UNIT_FACT_START_EXISTS] = start_exists,
                [UNIT_FACT_START_UNHEARD] = start_unheard,
                [UNIT_FACT_START_CONFLICTS] = start_conflicts,
                [UNIT_FACT_START_REFUSED] = start_refused,
                [UNIT_FACT_STOP_WANTED] = want_stop,
                [UNIT_FACT_STOP_SENT] = stop_sent,
                [UNIT_FACT_STOP_ANSWERED] = stop_answered,
                [UNIT_FACT_STOP_FAILED] = stop_failed,
                [UNIT_FACT_JOB_SEEN] = job_seen,
                [UNIT_FACT_JOB_ENDED] = job_ended,
                [UNIT_FACT_JOB_TYPE] = job_type,
                [UNIT_FACT_HINT] = take_hint,
                [UNIT_FACT_READ] = take_reading,
                [UNIT_FACT_LOOKED] = take_look,
                [UNIT_FACT_PARTS_READ] = parts_read,
                [UNIT_FACT_GROUP] = take_group,
                [UNIT_FACT_JUDGE_SENT] = judge_sent,
                [UNIT_FACT_JUDGED] = judged,
                [UNIT_FACT_JUDGE_FAILED] = judge_failed,
                [UNIT_FACT_DEAF] = deaf,
                [UNIT_FACT_DETACHED] = detached,
        };

        ASSERT(f->type < ELEMENTSOF(steps));
        *ret = (UnitTodo){ .read_usec = USEC_INFINITY };
        steps[f->type](m, f, ret);
}
