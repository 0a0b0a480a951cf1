/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit-run.h"
#include "systemd/guard.h"
#include "systemd/units-internal.h"

/* ---- the unit as it was read ---- */

bool unit_same_state(const UnitProperties *a, const UnitProperties *b)
{
        return streq(a->active_state, b->active_state) && streq(a->sub_state, b->sub_state) &&
               streq(a->result, b->result) && a->job_id == b->job_id &&
               a->exec_main_code == b->exec_main_code && a->exec_main_status == b->exec_main_status &&
               memcmp(a->invocation_id, b->invocation_id, sizeof(a->invocation_id)) == 0;
}

/* systemd has forgotten the unit. What it and its signals said before is all there is. */
static void mark_gone(UnitProperties *p)
{
        strcpy(p->load_state, "not-found");
        strcpy(p->active_state, "inactive");
        strcpy(p->sub_state, "dead");
        p->job_id = 0;
}

/* The unit's file was taken away while it runs: systemd knows nothing of the unit any more, but has the run, and stops it. */
static bool unit_has_lost_file(const Unit *unit, const UnitProperties *p)
{
        static const uint8_t none[sizeof(unit->run_id)];

        return streq(p->load_state, "not-found") && !streq(p->active_state, "inactive") &&
               !streq(p->active_state, "failed") && memcmp(unit->run_id, none, sizeof(none)) != 0 &&
               memcmp(p->invocation_id, unit->run_id, sizeof(unit->run_id)) == 0;
}

void units_check_ready(Units *u)
{
        if (u->ready || !u->listed || u->n_unread > 0)
                return;
        u->ready = true;
        units_report(u, NULL, 0, UNIT_NONE, NULL, NULL);
}

static int on_read(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        Units *u = unit->units;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        UnitProperties fresh = {};
        bool hinted = unit->read_again;

        unit->read_slot = sd_bus_slot_unref(unit->read_slot);
        unit->read_again = false;
        u->n_reads--;
        units_pump_later(u);

        if (e ? !bus_error_means_absent(e) : unit_properties_read(m, &fresh) < 0) {
                unit_check_backoff(unit); /* unknown is not failed */
                return 0;
        }
        if (!e && unit_has_lost_file(unit, &fresh))
                strcpy(fresh.load_state, "loaded");
        if (e || streq(fresh.load_state, "not-found")) {
                fresh = unit->properties;
                mark_gone(&fresh);
        } else if (hinted && !unit_same_state(&fresh, &unit->properties))
                unit_queue(unit, QUEUE_READ);

        unit->properties = fresh;
        unit->retry_usec = RETRY_MIN_USEC;
        if (unit->listed) {
                unit->listed = false;
                u->n_unread--;
        }
        unit_evaluate(unit); /* may free it */
        units_check_ready(u);
        return 0;
}

/* 1: sent, or one is in flight; 0: nothing can be sent now. */
int unit_send_read(Unit *unit)
{
        int r;

        if (unit->read_slot) {
                unit->read_again = true;
                unit_unqueue(unit, QUEUE_READ);
                return 1;
        }
        /* An empty interface: all of the object's, in one answer, so that they belong together. */
        r = sd_bus_call_method_async(unit->units->bus, &unit->read_slot, SYSTEMD_NAME, unit->path,
                        DBUS_PROPERTIES, "GetAll", on_read, unit, "s", "");
        if (r < 0)
                return 0;
        unit_unqueue(unit, QUEUE_READ);
        unit->units->n_reads++;
        return 1;
}

/* ---- jobs of others ---- */

static int on_foreign_type(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        const char *type;

        unit->foreign_slot = sd_bus_slot_unref(unit->foreign_slot);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "v", "s", &type) >= 0) {
                if (streq(type, "stop"))
                        unit->foreign.type = FOREIGN_STOP;
                else if (streq(type, "restart") || streq(type, "try-restart"))
                        unit->foreign.type = FOREIGN_RESTART;
                else
                        unit->foreign.type = FOREIGN_OTHER;
        }
        if (unit->foreign.type == FOREIGN_STOP)
                unit->history.outside_stop = true;
        unit_queue(unit, QUEUE_READ);
        return 0;
}

void unit_note_foreign(Unit *unit, uint32_t id)
{
        char path[sizeof(SYSTEMD_JOB_PREFIX) + 10];

        if (id == 0 || id == unit->foreign.id || id == unit->start.job_id || id == unit->stop.job_id)
                return;
        /* Our own call is on its way, and this is most likely its job. */
        if ((unit->start.active && unit->start.job_id == 0) || (unit->stop.active && unit->stop.job_id == 0))
                return;

        unit->foreign = (ForeignJob){ .id = id };
        memcpy(unit->foreign.invocation_id, unit->properties.invocation_id,
                        sizeof(unit->foreign.invocation_id));
        unit->foreign_slot = sd_bus_slot_unref(unit->foreign_slot);
        snprintf(path, sizeof(path), SYSTEMD_JOB_PREFIX "%u", id);
        if (unit->units->bus)
                /* If it cannot be asked, the type stays unknown, as for a job that is gone already. */
                (void) sd_bus_call_method_async(unit->units->bus, &unit->foreign_slot, SYSTEMD_NAME, path,
                                DBUS_PROPERTIES, "Get", on_foreign_type, unit, "ss",
                                "org.freedesktop.systemd1.Job", "JobType");
}

/* A job that was gone before its type could be asked, that was carried out, and after which the unit has
 * ended without having been started again, was a stop: no other job ends a run. (That of systemd's own last
 * restart, which the start limit forbids, is not carried out.) */
static void unit_judge_foreign(Unit *unit, bool alive)
{
        const ForeignJob *f = &unit->foreign;

        if (alive && unit->properties.job_id == 0 && !unit->foreign_slot) {
                unit->foreign = (ForeignJob){};
                unit->history.outside_stop = false;
        }
        if (!alive && f->id != 0 && f->type == FOREIGN_UNKNOWN && f->done &&
                        memcmp(f->invocation_id, unit->properties.invocation_id, sizeof(f->invocation_id)) ==
                                        0)
                unit->history.outside_stop = true;
        unit->history.restart_job = f->type == FOREIGN_RESTART && f->id == unit->properties.job_id;
}

/* ---- what ends by somebody else's hand: is it the host's, or our manager's, end as well? ---- */

static int units_ask_judge(Units *u);

static void on_judge(const OwnJobAnswer *answer, void *userdata)
{
        Units *u = userdata;
        bool more = false;

        u->judge = own_job_query_free(u->judge);
        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];

                if (!unit->judging)
                        continue;
                if (!unit->judged) { /* ended after the question was sent */
                        more = true;
                        continue;
                }
                unit->judging = false;
                if (answer->error < 0) {
                        unit->judged = false;
                        unit_check_backoff(unit);
                        continue;
                }
                unit->history.going_down = own_job_is_leave(answer);
                unit_evaluate(unit);
        }
        if (more)
                (void) units_ask_judge(u); /* where it cannot be sent, the next reading asks */
}

static int units_ask_judge(Units *u)
{
        if (u->judge || !u->bus)
                return 0;

        int r = units_query_own_job(u, on_judge, u, &u->judge);
        if (r < 0)
                return r;
        for (size_t i = 0; i < u->n_units; i++)
                if (u->units[i]->judging)
                        u->units[i]->judged = true;
        return 0;
}

/* True if the answer is there. */
static bool unit_is_judged(Unit *unit)
{
        if (unit->judged && !unit->judging)
                return true;
        if (!unit->judging) {
                unit->judging = true;
                unit->judged = false;
        }
        unit_set_state(unit, UNIT_STOPPING, NULL);
        if (units_ask_judge(unit->units) < 0)
                unit_check_backoff(unit);
        return false;
}

/* ---- a start whose effect is not known ---- */

static void unit_retry_start(Unit *unit)
{
        if (++unit->n_tries > START_TRIES_MAX) {
                unit_refuse(unit, "systemd keeps an old unit of that name and does not let go of it");
                return;
        }
        unit->verify = false;
        unit_queue(unit, QUEUE_START);
}

/* A drop-in may have taken away what the properties said of the copy. */
static void unit_remember_run(Unit *unit)
{
        UnitProperties *p = &unit->properties;

        if (p->epoch == 0 && p->transient && unit->units->guard_directory)
                p->epoch = unit_run_epoch(unit->units->guard_directory, unit->app, p->invocation_id);
}

/* Something of that name is there. True: it is this copy. */
static bool unit_verify_existing(Unit *unit)
{
        UnitProperties p = unit->properties;
        bool alive = unit_properties_are_alive(&p) || unit_properties_are_pending(&p);
        bool failed = streq(p.active_state, "failed");
        char text[UNIT_REASON_MAX + sizeof(p.fragment_path)];

        if (!p.transient) {
                if (streq(p.load_state, "masked"))
                        snprintf(text, sizeof(text), "%s is masked", unit->name);
                else
                        snprintf(text, sizeof(text), "there is a unit file of that name: %s",
                                        p.fragment_path);
                unit_refuse(unit, text);
                return false;
        }
        if ((alive || failed) && p.epoch == unit->epoch) {
                unit_drop_request(unit);
                return true;
        }
        if (alive) {
                unit_refuse(unit, p.epoch == 0 ? "a unit of that name is at work that is none of ours"
                                               : "another copy of it is at work on this node");
                if (p.epoch == 0)
                        return false;
                unit_reset_copy(unit, p.epoch);
                unit->properties = p;
                return true;
        }
        unit_reset_failed(unit);
        if (unit->n_tries == 0)
                unit_retry_start(unit);
        else if (++unit->n_tries > START_TRIES_MAX)
                unit_retry_start(unit);
        else
                unit_check_backoff(unit); /* systemd collects it in a moment */
        return false;
}

/* True: reading goes on with this copy. */
static bool unit_verify(Unit *unit)
{
        const UnitProperties *p = &unit->properties;
        bool exists = unit_properties_exist(p);

        if (unit->history.stop_asked && (!exists || p->epoch != unit->epoch)) {
                unit_drop_request(unit);
                unit_set_state(unit, UNIT_STOPPED, NULL);
                return false;
        }
        if (!exists) {
                unit_retry_start(unit);
                return false;
        }
        return unit_verify_existing(unit);
}

/* ---- what follows from a reading ---- */

/* What an administrator's drop-in does to the properties ends no run: the same invocation is the same copy, whatever it
 * says, and a unit that says nothing has not been replaced by another copy of ours while this one has not ended. */
static bool unit_is_known_run(const Unit *unit)
{
        static const uint8_t none[sizeof(unit->run_id)];
        const UnitProperties *p = &unit->properties;

        if (memcmp(p->invocation_id, none, sizeof(none)) != 0 &&
                        memcmp(p->invocation_id, unit->run_id, sizeof(unit->run_id)) == 0)
                return true;
        return p->transient && p->epoch == 0 && !unit_state_is_end(unit->state) &&
               (unit->state != UNIT_NONE || unit->history.ran);
}

static bool has_run(const uint8_t id[static 16])
{
        static const uint8_t none[16];

        return memcmp(id, none, sizeof(none)) != 0;
}

/* A manager, or a guard, that begins later knows the run by this, whatever its properties say then. */
static void unit_keep_run(const Unit *unit)
{
        const uint8_t *id = unit->properties.invocation_id;

        if (unit->units->guard_directory && has_run(id) &&
                        memcmp(id, unit->run_id, sizeof(unit->run_id)) != 0)
                (void) unit_run_keep(
                                unit->units->guard_directory, unit->app, id, unit->epoch); /* a full /run */
}

/* The unit may run another copy than the one that is known. False: there is nothing to go on with; it may be
 * freed. */
static bool unit_identify(Unit *unit)
{
        UnitProperties p = unit->properties;
        bool pending = unit_properties_are_pending(&p);
        bool there = unit_properties_are_alive(&p) || pending ||
                     (unit_properties_exist(&p) && streq(p.active_state, "failed"));

        if (unit->epoch == 0) {
                if (!there || p.epoch == 0) { /* no copy of ours */
                        units_remove(unit->units, unit);
                        return false;
                }
                unit->epoch = p.epoch;
        } else if (there && p.epoch != unit->epoch && unit_is_known_run(unit))
                unit->properties.epoch = unit->epoch;
        else if (there && p.epoch != unit->epoch) {
                if (!unit_state_is_end(unit->state) && unit->state != UNIT_NONE)
                        unit_set_state(unit, unit->history.stop_asked ? UNIT_STOPPED : UNIT_KILLED, NULL);
                if (p.epoch == 0)
                        return false;
                unit_reset_copy(unit, p.epoch);
                unit->properties = p;
        }
        /* Whoever asked for a start that still waits is gone, and how its job ends is told to nobody: if there is no
         * worker then, it counts as stopped from outside. */
        if (pending && !unit->history.ran)
                unit->history.blind = true;
        if (there) {
                unit->history.ran = true;
                unit_keep_run(unit);
                memcpy(unit->run_id, p.invocation_id, sizeof(unit->run_id));
        }
        return true;
}

/* True: processes were left a moment ago, and it is too early to call that stuck. */
static bool unit_wait_left_over(Unit *unit)
{
        uint64_t now = units_now(unit->units);

        unit->history.left_over = false;
        if (!unit->control_group || cgroup_is_populated(unit->units->cgroup_root, unit->control_group) <= 0) {
                unit->ended_usec = 0;
                return false;
        }
        if (unit->ended_usec == 0)
                unit->ended_usec = MAX(now, (uint64_t) 1);
        if (now - MIN(now, unit->ended_usec) < STUCK_AFTER_USEC) {
                unit_check_at(unit, now + 50 * USEC_PER_MSEC);
                unit_set_state(unit, UNIT_STOPPING, NULL);
                return true;
        }
        unit->history.left_over = true;
        unit_check_at(unit, now + USEC_PER_SEC);
        return false;
}

/* A stop that was asked for is asked for again while the unit lives and nothing is at work to end it. */
static void unit_pursue_stop(Unit *unit)
{
        uint64_t now = units_now(unit->units), due = usec_add(unit->stop_usec, STOP_REPEAT_USEC);

        if (!unit->history.stop_asked || unit->stop.active || unit->links[QUEUE_STOP].in)
                return;
        if (unit->stop_usec != 0 && now < due)
                unit_check_at(unit, due);
        else
                unit_queue(unit, QUEUE_STOP);
}

/* Jobs whose end was not heard: systemd shows another one, or none. False: a start is at work and decides. */
static bool unit_settle_calls(Unit *unit)
{
        uint32_t job = unit->properties.job_id;

        if (unit->stop.active && unit->stop.job_id != 0 && unit->stop.job_id != job)
                unit_call_done(unit, &unit->stop);
        if (unit->start.active) {
                if (unit->start.job_id == 0 || unit->start.job_id == job)
                        return false;
                unit_call_done(unit, &unit->start);
                unit_drop_request(unit);
                unit->history.ran = unit->history.blind = true;
        }
        if (unit->verify)
                return unit_verify(unit);
        return !unit->request;
}

void unit_evaluate(Unit *unit)
{
        const UnitProperties *p = &unit->properties;
        char reason[UNIT_REASON_MAX];
        UnitState state;
        bool alive;

        unit_remember_run(unit);
        if (!unit_settle_calls(unit) || !unit_identify(unit))
                return;

        alive = unit_properties_are_alive(p);
        if (unit_state_is_end(unit->state)) {
                if (!alive)
                        return;
                /* Somebody started the rest of it again. */
                unit->history = (UnitHistory){ .ran = true };
                unit->foreign = (ForeignJob){};
        }
        if (alive) {
                unit->history.blind = false;
                unit->judging = unit->judged = false;
                unit->ended_usec = 0;
                if (p->control_group[0] && strcmp_ptr(unit->control_group, p->control_group) != 0)
                        unit_set_text(unit, &unit->control_group, p->control_group);
        }

        unit_note_foreign(unit, p->job_id);
        unit_judge_foreign(unit, alive);
        if (!alive && p->job_id == 0) {
                if (unit->foreign_slot) /* its answer brings us here again */
                        return;
                if (unit->history.ran && unit_wait_left_over(unit))
                        return;
        }

        if (!alive && unit_properties_exist(p))
                unit->history.by_guard = guard_stamp_covers(unit->units->guard_directory, p->ended_usec);
        state = unit_state_from_properties(p, &unit->history, reason);
        if (unit->refusal && state == UNIT_NONE)
                state = UNIT_KILLED;
        if (state == UNIT_KILLED && !unit_is_judged(unit))
                return;
        if (unit->history.going_down && state == UNIT_KILLED)
                state = UNIT_SHUTDOWN;
        if (unit->refusal && state == UNIT_KILLED)
                unit_set_state(unit, UNIT_REFUSED, unit->refusal);
        else if (state != UNIT_NONE)
                unit_set_state(unit, state, reason);
        if (unit_state_is_alive(state) && state != UNIT_STUCK) /* of that systemd has nothing left to stop */
                unit_pursue_stop(unit);
}
