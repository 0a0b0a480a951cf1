/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "base/array.h"
#include "systemd/unit-commands.h"
#include "systemd/units-internal.h"

/* ---- a start or a stop: from its call to the end of its job ---- */

static void unit_call_begin(Unit *unit, UnitCall *call)
{
        call->active = true;
        call->job_id = 0;
        unit->units->n_jobs++;
        if (call == &unit->start)
                unit->units->n_start_jobs++;
}

void unit_call_done(Unit *unit, UnitCall *call)
{
        call->slot = sd_bus_slot_unref(call->slot);
        if (!call->active)
                return;
        call->active = false;
        call->job_id = 0;
        unit->units->n_jobs--;
        if (call == &unit->start)
                unit->units->n_start_jobs--;
        if (!unit->start.active && !unit->stop.active)
                unit->n_jobs_seen = 0;
        units_pump_later(unit->units);
}

void unit_drop_request(Unit *unit)
{
        unit->request = unit_start_copy_free(unit->request);
        unit->verify = false;
        unit_unqueue(unit, QUEUE_START);
}

void unit_refuse(Unit *unit, const char *reason)
{
        if (unit->request && unit->units->dropin_dir)
                unit_commands_remove(unit->units->dropin_dir, unit->app, unit->epoch);
        unit_drop_request(unit);
        unit_call_done(unit, &unit->start);
        unit_set_state(unit, UNIT_REFUSED, reason);
}

void unit_finish_job(Unit *unit, UnitCall *call, const char *result)
{
        bool is_start = call == &unit->start;

        unit_call_done(unit, call);
        if (is_start) {
                snprintf(unit->history.job_result, sizeof(unit->history.job_result), "%s", result);
                if (streq(result, "done"))
                        unit->history.ran = true;
                unit->history.blind = false;
                unit_drop_request(unit);
        }
        unit_queue(unit, QUEUE_READ);
}

/* systemd named the job. Its end may have been seen already. */
static void unit_call_answered(Unit *unit, UnitCall *call, sd_bus_message *m)
{
        const char *path;
        uint32_t id = 0;

        call->slot = sd_bus_slot_unref(call->slot);
        if (sd_bus_message_read(m, "o", &path) >= 0)
                id = job_id_from_path(path);
        if (id == 0) {
                /* Not an answer that systemd gives. Reading shows whether there is a job. */
                unit_call_done(unit, call);
                unit->verify = unit->request && call == &unit->start;
                unit_check_backoff(unit);
                return;
        }

        call->job_id = id;
        if (unit->foreign.id == id)
                unit->foreign = (ForeignJob){};
        for (size_t i = 0; i < unit->n_jobs_seen; i++)
                if (unit->jobs_seen[i].id == id) {
                        char result[sizeof(unit->jobs_seen[i].result)];
                        memcpy(result, unit->jobs_seen[i].result, sizeof(result));
                        unit_finish_job(unit, call, result);
                        return;
                }
}

/* ---- start ---- */

/* systemd reads the commands as they are to be with the unit, so they are there before it. */
static int unit_write_commands(Unit *unit)
{
        if (!unit->units->dropin_dir)
                return 0;
        return unit_commands_write(unit->units->dropin_dir, unit_start_copy_get(unit->request));
}

static int on_start(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (!e) {
                unit_call_answered(unit, &unit->start, m);
                if (unit->start.active)
                        unit_set_state(unit, unit->history.stop_asked ? UNIT_STOPPING : UNIT_STARTING, NULL);
                return 0;
        }

        unit_call_done(unit, &unit->start);
        if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitExists")) {
                unit->verify = true;
                unit_queue(unit, QUEUE_READ);
        } else if (bus_error_means_unknown(e)) {
                unit->verify = true;
                unit_check_backoff(unit);
        } else if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.TransactionIsDestructive") ||
                        sd_bus_error_has_name(e, "org.freedesktop.systemd1.ShuttingDown")) {
                /* Either another job is in the way, or the host goes down. */
                unit_set_text(unit, &unit->refusal, e->message ? e->message : e->name);
                unit_drop_request(unit);
                unit_evaluate(unit);
        } else
                unit_refuse(unit, e->message ? e->message : e->name);
        return 0;
}

/* 1: sent or settled; 0: nothing can be sent now. */
static int unit_send_start(Unit *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const UnitStart *start = unit_start_copy_get(unit->request);
        char text[UNIT_REASON_MAX];
        int r;

        r = unit_start_message(unit->units->bus, start, &m);
        if (r == -ENOTCONN || r == -ECONNRESET)
                return 0;
        if (r < 0) {
                snprintf(text, sizeof(text), "its properties make no bus message: %s", strerror(-r));
                unit_refuse(unit, text);
                return 1;
        }
        r = unit_write_commands(unit);
        if (r < 0) {
                snprintf(text, sizeof(text), "its commands cannot be written to /run/systemd/system: %s",
                                strerror(-r));
                unit_refuse(unit, text);
                return 1;
        }
        r = sd_bus_call_async(unit->units->bus, &unit->start.slot, m, on_start, unit, CALL_TIMEOUT_USEC);
        if (r < 0)
                return 0;

        unit_unqueue(unit, QUEUE_START);
        unit_call_begin(unit, &unit->start);
        return 1;
}

int units_start(Units *u, const UnitStart *start)
{
        Unit *unit;
        int r;

        if (!app_name_is_valid(start->app) || start->epoch == 0)
                return -EINVAL;

        unit = units_lookup(u, start->app);
        if (unit && unit->epoch == start->epoch) {
                if (unit->state != UNIT_NONE)
                        unit_report(unit);
                return 0;
        }
        if (unit && (unit->request || unit->start.active || unit_state_is_alive(unit->state))) {
                if (unit->state != UNIT_NONE)
                        unit_report(unit);
                units_report(u, start->app, start->epoch, UNIT_REFUSED,
                                "another copy of it is at work on this node", NULL);
                return 0;
        }
        if (!unit) {
                r = units_add(u, start->app, start->epoch, &unit);
                if (r == -ENOBUFS) {
                        units_report(u, start->app, start->epoch, UNIT_REFUSED,
                                        "too many applications on this node", NULL);
                        return 0;
                }
                if (r < 0)
                        return r;
        } else {
                /* The rest of an older copy; a stop job of it that has not been seen to end says nothing
                 * about this. */
                unit_call_done(unit, &unit->stop);
                unit_reset_copy(unit, start->epoch);
        }

        r = unit_start_copy(start, &unit->request);
        if (r < 0) {
                units_remove(u, unit);
                return r;
        }
        unit_queue(unit, QUEUE_START);
        units_pump(u);
        return 0;
}

/* ---- stop and kill ---- */

static int on_stop(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;

        if (!sd_bus_message_is_method_error(m, NULL)) {
                unit_call_answered(unit, &unit->stop, m);
                return 0;
        }
        /* Whatever the error: the unit has ended, or it is asked again while it lives. */
        unit_call_done(unit, &unit->stop);
        unit_queue(unit, QUEUE_READ);
        return 0;
}

static int unit_send_stop(Unit *unit)
{
        int r = sd_bus_call_method_async(unit->units->bus, &unit->stop.slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "StopUnit", on_stop, unit, "ss", unit->name, "replace");
        if (r < 0)
                return 0;
        unit_unqueue(unit, QUEUE_STOP);
        unit_call_begin(unit, &unit->stop);
        unit->stop_usec = units_now(unit->units);
        return 1;
}

static int on_kill(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;

        /* An error is no news: the control group is next, if the unit still lives. */
        unit->kill_slot = sd_bus_slot_unref(unit->kill_slot);
        unit->units->n_kills--;
        unit_queue(unit, QUEUE_READ);
        return 0;
}

static int unit_send_kill(Unit *unit)
{
        int r = sd_bus_call_method_async(unit->units->bus, &unit->kill_slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "KillUnit", on_kill, unit, "ssi", unit->name, "all",
                        (int32_t) SIGKILL);
        if (r < 0)
                return 0;
        unit_unqueue(unit, QUEUE_KILL);
        unit->units->n_kills++;
        return 1;
}

void unit_reset_failed(Unit *unit)
{
        const UnitProperties *p = &unit->properties;

        if (!unit->units->bus || !streq(p->active_state, "failed") || !p->transient)
                return;
        /* No answer is waited for: if the unit stays, the next start of that name finds it and resets it
         * again. */
        (void) sd_bus_call_method_async(unit->units->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "ResetFailedUnit", NULL, NULL, "s", unit->name);
}

/* The copy that is meant, ready to be stopped; NULL: it has ended or never was here, and that has been
 * reported. */
static Unit *units_prepare_stop(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_lookup(u, app);

        if (!unit || unit->epoch != epoch) {
                units_report(u, app, epoch, UNIT_STOPPED, NULL, NULL);
                return NULL;
        }
        if (unit_state_is_end(unit->state)) {
                unit_report(unit);
                return NULL;
        }

        unit->history.stop_asked = true;
        if (unit->links[QUEUE_START].in) { /* systemd has not heard of it */
                unit_drop_request(unit);
                unit_set_state(unit, UNIT_STOPPED, NULL);
                return NULL;
        }
        return unit;
}

int units_stop(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_prepare_stop(u, app, epoch);

        if (unit && !unit->stop.active) {
                unit_queue(unit, QUEUE_STOP);
                units_pump(u);
        }
        return 0;
}

/* systemd has a moment to answer, from the first call that it has not answered: one that was asked for an orderly stop
 * before and says nothing since has had it. */
static uint64_t unit_patience_ends(const Unit *unit)
{
        uint64_t now = units_now(unit->units);

        if (!unit->units->bus)
                return now;
        if (unit->stop.active && unit->stop.job_id == 0)
                return MAX(now, usec_add(unit->stop_usec, UNITS_SYSTEMD_ANSWER_USEC));
        return usec_add(now, UNITS_SYSTEMD_ANSWER_USEC);
}

int units_kill(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_prepare_stop(u, app, epoch);

        if (!unit)
                return 0;
        if (!unit->stop.active)
                unit_queue(unit, QUEUE_STOP);
        if (!unit->kill_slot)
                unit_queue(unit, QUEUE_KILL);
        if (unit->kill_usec == USEC_INFINITY) {
                unit->kill_usec = unit_patience_ends(unit);
                units_schedule(u, unit->kill_usec);
        }
        units_pump(u);
        return 0;
}

/* The copies whose time is over and that systemd has not ended. */
void units_kill_groups(Units *u, uint64_t now_usec)
{
        const char **groups = NULL;
        size_t n_groups = 0, n_allocated = 0;

        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];

                if (unit->kill_usec > now_usec)
                        continue;
                unit->kill_usec = usec_add(now_usec, UNITS_KILL_REPEAT_USEC);
                /* Without memory the next round tries again. */
                if (!unit->control_group)
                        (void) cgroup_guess_worker(unit->app, &unit->control_group);
                if (unit->control_group &&
                                array_reserve(&groups, &n_allocated, n_groups + 1, sizeof(*groups)) >= 0)
                        groups[n_groups++] = unit->control_group;
        }
        /* A thread that is still at the last round is at the same groups. */
        (void) killer_submit(u->killer, groups, n_groups);
        free(groups);
}

/* ---- what is sent, and in which order ---- */

static Unit *first_of(const Units *u, UnitQueue queue)
{
        return u->queues[queue].first;
}

/* A kill follows the stop of its unit, or systemd would restart what was killed; if that has to wait for its
 * turn, the processes die now, and once more when it is sent. */
static bool pump_stop(Units *u)
{
        Unit *unit = first_of(u, QUEUE_STOP);

        /* A stop ends the start of its own unit, so it takes no more room than that. */
        while (unit && u->n_jobs >= UNITS_JOBS_MAX && !unit->start.active)
                unit = unit->links[QUEUE_STOP].next;
        if (!unit || !unit_send_stop(unit))
                return false;
        if (unit->kill_usec != USEC_INFINITY && !unit->kill_slot)
                unit_queue(unit, QUEUE_KILL);
        return true;
}

void units_pump(Units *u)
{
        Unit *unit;

        if (!u->bus)
                return;
        while (pump_stop(u))
                ;
        while (u->n_kills < UNITS_KILLS_MAX && (unit = first_of(u, QUEUE_KILL)) && unit_send_kill(unit))
                ;
        while (u->n_jobs < UNITS_JOBS_MAX && u->n_start_jobs < UNITS_START_JOBS_MAX &&
                        (unit = first_of(u, QUEUE_START)) && unit_send_start(unit))
                ;
        while (u->n_reads < UNITS_READS_MAX && (unit = first_of(u, QUEUE_READ)) && unit_send_read(unit) > 0)
                ;
}
