/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "base/array.h"
#include "systemd/unit-commands.h"
#include "systemd/unit-jobs.h"
#include "systemd/unit-take.h"

/* The job that an answer names; 0: it is not an answer that systemd gives. Reading shows whether there is a job. */
static uint32_t answered_job(sd_bus_message *m)
{
        const char *path;

        return sd_bus_message_read(m, "o", &path) >= 0 ? job_id_from_path(path) : 0;
}

/* ---- start ---- */

/* systemd reads the commands as they are to be with the unit, so they are there before it. */
static int unit_write_commands(Unit *unit)
{
        if (!unit->units->dropin_dir)
                return 0;
        return unit_commands_write(unit->units->dropin_dir, unit_start_copy_get(unit->request));
}

/* What is not found may be a unit that it requires. Where it is the unit itself, systemd had no room for its file. */
static bool start_lacks_room(const Unit *unit, const sd_bus_error *e)
{
        char itself[sizeof("Unit  not found.") + WORKER_UNIT_NAME_MAX];

        (void) snprintf(itself, sizeof(itself), "Unit %s not found.", unit->name);
        return sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit") &&
               strcmp_ptr(e->message, itself) == 0;
}

static int on_start(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const sd_bus_error *e = sd_bus_message_get_error(m);
        UnitFact f = { .type = UNIT_FACT_START_REFUSED };

        if (!e)
                f = (UnitFact){ .type = UNIT_FACT_START_ANSWERED, .job_id = answered_job(m) };
        else if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitExists"))
                f.type = UNIT_FACT_START_EXISTS;
        else if (bus_error_means_unknown(e))
                f.type = UNIT_FACT_START_UNHEARD;
        else if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.TransactionIsDestructive") ||
                        sd_bus_error_has_name(e, "org.freedesktop.systemd1.ShuttingDown"))
                f.type = UNIT_FACT_START_CONFLICTS;
        if (e)
                f.text = e->message ? e->message : e->name;
        if (e && start_lacks_room(userdata, e))
                f.text = "systemd could not write the unit's file: /run is full or cannot be written";
        unit_take(userdata, &f);
        return 0;
}

static int unit_refuse_start(Unit *unit, const char *reason)
{
        unit_take(unit, &(UnitFact){ .type = UNIT_FACT_START_REFUSED, .text = reason });
        return 1;
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
                return unit_refuse_start(unit, text);
        }
        r = unit_write_commands(unit);
        if (r < 0) {
                snprintf(text, sizeof(text), "its commands cannot be written to /run/systemd/system: %s",
                                strerror(-r));
                return unit_refuse_start(unit, text);
        }
        r = sd_bus_call_async(
                        unit->units->bus, &unit->start_slot, m, on_start, unit, UNITS_CALL_TIMEOUT_USEC);
        if (r < 0)
                return 0;
        unit_take_plain(unit, UNIT_FACT_START_SENT);
        return 1;
}

/* ---- stop and kill ---- */

static int on_stop(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        if (sd_bus_message_is_method_error(m, NULL))
                unit_take_plain(userdata, UNIT_FACT_STOP_FAILED);
        else
                unit_take(userdata,
                                &(UnitFact){ .type = UNIT_FACT_STOP_ANSWERED, .job_id = answered_job(m) });
        return 0;
}

static int unit_send_stop(Unit *unit)
{
        int r = sd_bus_call_method_async(unit->units->bus, &unit->stop_slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "StopUnit", on_stop, unit, "ss", unit->name, "replace");
        if (r < 0)
                return 0;
        unit_take_plain(unit, UNIT_FACT_STOP_SENT);
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

/* Without memory the next round tries again. */
static void unit_guess_group(Unit *unit)
{
        _cleanup_free_ char *group = NULL;

        if (!unit->machine.control_group && cgroup_guess_worker(unit->app, &group) >= 0)
                unit_take(unit, &(UnitFact){ .type = UNIT_FACT_GROUP, .text = group });
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
                unit_guess_group(unit);
                if (unit->machine.control_group &&
                                array_reserve(&groups, &n_allocated, n_groups + 1, sizeof(*groups)) >= 0)
                        groups[n_groups++] = unit->machine.control_group;
        }
        /* A thread that is still at the last round is at the same groups. */
        (void) killer_submit(u->killer, groups, n_groups);
        free(groups);
}

/* ---- reads ---- */

static int on_read(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        Units *u = unit->units;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        UnitProperties p = {};
        UnitFact f = { .type = UNIT_FACT_READ, .properties = e ? NULL : &p, .overlaps = unit->hinted };

        unit->read_slot = sd_bus_slot_unref(unit->read_slot);
        unit->hinted = false;
        u->n_reads--;
        units_pump_later(u);

        if (e ? !bus_error_means_absent(e) : unit_properties_read(m, &p) < 0) {
                unit_check_backoff(unit); /* unknown is not failed */
                return 0;
        }
        unit->retry_usec = UNITS_RETRY_MIN_USEC;
        if (unit->unread) {
                unit->unread = false;
                u->n_unread--;
        }
        unit_take(unit, &f); /* may free it */
        units_check_ready(u);
        return 0;
}

/* 1: sent, or one is in flight; 0: nothing can be sent now. */
static int unit_send_read(Unit *unit)
{
        int r;

        if (unit->read_slot) {
                unit->hinted = true;
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

/* ---- what is sent, and in which order ---- */

static Unit *first_of(const Units *u, UnitQueue queue)
{
        return u->queues[queue].first;
}

/* A kill follows the stop of its unit, or systemd would restart what was killed. If that stop has to wait for its turn,
 * the processes die now, and once more when it is sent. */
static bool pump_stop(Units *u)
{
        Unit *unit = first_of(u, QUEUE_STOP);

        /* A stop ends the start of its own unit, so it takes no more room than that. */
        while (unit && u->n_jobs >= UNITS_JOBS_MAX && !unit_call_is_out(&unit->machine.start))
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
