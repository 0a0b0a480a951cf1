/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-login.h>
#include <time.h>

#include "base/array.h"
#include "base/mount-list.h"
#include "base/text.h"
#include "systemd/units.h"
#include "systemd/part-stages.h"
#include "systemd/part-start.h"
#include "systemd/unit-commands.h"
#include "systemd/unit-facts.h"
#include "systemd/unit-jobs.h"
#include "systemd/unit-run.h"
#include "systemd/unit-take.h"

#define OWN_UNIT_DEFAULT "distro-manager.service"
#define TIMER_ACCURACY_USEC USEC_PER_MSEC

/* What a note says that cannot be read is not known: it may. */
static bool needs_end(const Unit *unit)
{
        return unit && unit->parts && (unit->parts->is_unknown || parts_need_end(&unit->parts->note.parts));
}

static int on_report(sd_event_source *source, void *userdata)
{
        Units *u = userdata;
        UnitReport *reports = TAKE_PTR(u->reports);
        size_t n_reports = u->n_reports;

        u->n_reports = u->n_reports_allocated = 0;
        FOREACH_ARRAY(report, reports, n_reports) {
                char name[WORKER_UNIT_NAME_MAX];

                if (!report->app) {
                        u->callbacks.ready(u->userdata);
                        continue;
                }
                worker_unit_name(report->app, name);
                if (report->said.state == UNIT_NONE) {
                        if (u->callbacks.parts_changed)
                                u->callbacks.parts_changed(report->app, u->userdata);
                        free(report->app);
                        continue;
                }
                u->callbacks.changed(
                                &(UnitInfo){
                                                .app = report->app,
                                                .unit = name,
                                                .epoch = report->said.epoch,
                                                .state = report->said.state,
                                                .reason = report->said.reason[0] ? report->said.reason : NULL,
                                                .invocation_id = report->said.invocation_id,
                                                .unit_digest = report->said.unit_digest,
                                                .needs_end = needs_end(units_lookup(u, report->app)),
                                },
                                u->userdata);
                free(report->app);
        }
        free(reports);
        return 0;
}

/* ---- time ---- */

static int on_pump(sd_event_source *source, void *userdata)
{
        units_pump(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Units *u = userdata;
        uint64_t now = MAX(units_now(u), usec);

        u->timer_usec = USEC_INFINITY;
        if (u->list_usec <= now) {
                u->list_usec = USEC_INFINITY;
                int r = units_subscribe(u);
                if (r >= 0)
                        r = units_relist(u);
                if (r == -ENOMEM)
                        units_failed(u, r);
        }

        units_kill_groups(u, now);
        uint64_t next = u->list_usec;
        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];
                if (unit->check_usec <= now) {
                        unit->check_usec = USEC_INFINITY;
                        unit_queue(unit, QUEUE_READ);
                        if (unit->parts && unit_parts_next(unit->parts))
                                unit_queue(unit, QUEUE_PARTS);
                }
                next = MIN(next, MIN(unit->check_usec, unit->kill_usec));
        }
        units_schedule(u, next);
        return 0;
}

/* ---- what is asked of the units ---- */

static int units_say(Units *u, const char *app, uint64_t epoch, UnitState state, const char *reason)
{
        UnitSaid said = { .epoch = epoch, .state = state };

        snprintf(said.reason, sizeof(said.reason), "%s", strempty(reason));
        units_report(u, app, &said);
        return 0;
}

int units_start(Units *u, const UnitStart *start)
{
        Unit *unit;
        int r;

        if (!app_name_is_valid(start->app) || start->epoch == 0)
                return -EINVAL;
        unit = units_lookup(u, start->app);
        if (!unit) {
                r = units_add(u, start->app, &unit);
                if (r == -ENOBUFS)
                        return units_say(u, start->app, start->epoch, UNIT_REFUSED,
                                        "too many applications on this node");
                if (r < 0)
                        return r;
        }
        unit_take(unit, &(UnitFact){ .type = UNIT_FACT_START_WANTED,
                                        .epoch = start->epoch,
                                        .has_parts = start->parts && start->parts->n_items > 0,
                                        .has_units = part_stages_have_units(start->parts),
                                        .n_stages = part_stages_count(start->parts) });
        if (unit->machine.start.stage == CALL_NONE || unit->request)
                return 0;
        unit_drop_parts(unit);
        r = unit_start_copy(start, &unit->request);
        if (r >= 0)
                r = unit_parts_new(start->app, start->epoch, start->parts, &unit->parts);
        if (r < 0) {
                units_remove(u, unit);
                return r;
        }
        if (unit->machine.start.stage == CALL_UNCERTAIN) { /* are its installed units at work? */
                unit_parts_want(unit->parts);
                unit_queue(unit, QUEUE_PARTS);
        }
        units_pump(u);
        return 0;
}

/* The copy that is meant, with its stop in line or sent; NULL: it has ended or never was here, and that has been
 * reported. */
static Unit *units_want_stop(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_lookup(u, app);

        if (!unit || unit->machine.epoch != epoch) {
                units_say(u, app, epoch, UNIT_STOPPED, NULL);
                return NULL;
        }
        unit_take_plain(unit, UNIT_FACT_STOP_WANTED);
        return unit_state_is_end(unit->machine.state) ? NULL : unit;
}

int units_stop(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_want_stop(u, app, epoch);

        if (unit && unit->machine.stop.stage == CALL_WAITS)
                units_pump(u);
        return 0;
}

/* systemd has a moment to answer, from the first call that it has not answered. If it was asked for an orderly stop
 * before and says nothing since, it has had that moment. */
static uint64_t unit_patience_ends(const Unit *unit)
{
        uint64_t now = units_now(unit->units);

        if (!unit->units->bus)
                return now;
        if (unit->machine.stop.stage == CALL_SENT)
                return MAX(now, usec_add(unit->machine.stop_usec, UNITS_SYSTEMD_ANSWER_USEC));
        return usec_add(now, UNITS_SYSTEMD_ANSWER_USEC);
}

int units_kill(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_want_stop(u, app, epoch);

        if (!unit)
                return 0;
        unit_queue_kill(unit);
        if (unit->kill_usec == USEC_INFINITY) {
                unit->kill_usec = unit_patience_ends(unit);
                units_schedule(u, unit->kill_usec);
        }
        units_pump(u);
        return 0;
}

void units_forget(Units *u, const char *app, uint64_t epoch)
{
        Unit *unit = units_lookup(u, app);
        const UnitProperties *p = unit ? &unit->machine.properties : NULL;

        if (!unit || unit->machine.epoch != epoch || !unit_state_is_end(unit->machine.state))
                return;
        if (p->epoch == epoch && streq(p->active_state, "failed") && p->transient)
                unit_reset_failed(unit);
        if (u->dropin_dir)
                unit_commands_remove(u->dropin_dir, app, epoch);
        if (u->guard_directory)
                unit_run_forget(u->guard_directory, app);
        unit_drop_parts(unit);
        units_remove(u, unit);
}

/* ---- the object ---- */

static int units_make_sources(Units *u)
{
        int r = sd_event_add_defer(u->event, &u->report_source, on_report, u);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(u->report_source, SD_EVENT_OFF);
        if (r < 0)
                return r;

        /* Reads wait until all signals that have arrived are handled, so that many of them make one read. */
        r = sd_event_add_defer(u->event, &u->pump_source, on_pump, u);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(u->pump_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_source_set_priority(u->pump_source, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r < 0)
                return r;

        r = sd_event_add_time(
                        u->event, &u->timer, CLOCK_BOOTTIME, USEC_INFINITY, TIMER_ACCURACY_USEC, on_timer, u);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
}

static char *find_own_unit(const char *given)
{
        char *unit = NULL;

        if (given)
                return strdup(given);
        if (sd_pid_get_unit(0, &unit) >= 0)
                return unit;
        return strdup(OWN_UNIT_DEFAULT);
}

int units_new(const UnitsParameters *parameters, Units **ret)
{
        _cleanup_(units_freep) Units *u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;

        u->event = sd_event_ref(parameters->event);
        u->callbacks = parameters->callbacks;
        u->userdata = parameters->userdata;
        u->timer_usec = u->list_usec = USEC_INFINITY;
        u->list_retry_usec = UNITS_RETRY_MIN_USEC;
        u->own_unit = find_own_unit(parameters->own_unit);
        if (!u->own_unit)
                return -ENOMEM;
        if (parameters->cgroup_root && !(u->cgroup_root = strdup(parameters->cgroup_root)))
                return -ENOMEM;

        if (parameters->guard_directory && !(u->guard_directory = strdup(parameters->guard_directory)))
                return -ENOMEM;
        if (parameters->dropin_dir && !(u->dropin_dir = strdup(parameters->dropin_dir)))
                return -ENOMEM;
        u->helper_dir = strdup(parameters->helper_dir ? parameters->helper_dir : PKGLIBEXECDIR);
        u->maintenance_dir = text_format("%s/" PART_MAINTENANCE, strempty(parameters->guard_directory));
        u->words_dir = text_format("%s/" PART_NOTES, strempty(parameters->guard_directory));
        u->mountinfo = strdup(parameters->mountinfo ? parameters->mountinfo : MOUNTINFO);
        if (!u->helper_dir || !u->maintenance_dir || !u->words_dir || !u->mountinfo)
                return -ENOMEM;

        int r = killer_new(u->cgroup_root, parameters->private_address, &u->killer);
        if (r < 0)
                return r;
        r = units_make_sources(u);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

Units *units_free(Units *u)
{
        if (!u)
                return NULL;
        units_drop_bus(u);
        for (size_t i = 0; i < u->n_units; i++)
                unit_free(u->units[i]);
        free(u->units);
        for (size_t i = 0; i < u->n_reports; i++)
                free(u->reports[i].app);
        free(u->reports);
        sd_event_source_disable_unref(u->report_source);
        sd_event_source_disable_unref(u->pump_source);
        sd_event_source_disable_unref(u->timer);
        killer_free(u->killer);
        free(u->cgroup_root);
        free(u->guard_directory);
        free(u->dropin_dir);
        free(u->helper_dir);
        free(u->maintenance_dir);
        free(u->words_dir);
        free(u->mountinfo);
        free(u->own_unit);
        sd_event_unref(u->event);
        free(u);
        return NULL;
}

int units_attach(Units *u, sd_bus *bus)
{
        return units_take_bus(u, bus);
}

void units_detach(Units *u)
{
        units_drop_bus(u);
}

bool units_is_ready(const Units *u)
{
        return u->ready;
}

const char *units_own_unit(const Units *u)
{
        return u->own_unit;
}

size_t units_count(const Units *u)
{
        return u->n_units;
}

void units_get(const Units *u, size_t i, UnitInfo *ret)
{
        const Unit *unit = u->units[i];

        *ret = (UnitInfo){
                .app = unit->app,
                .unit = unit->name,
                .epoch = unit->machine.epoch,
                .state = unit->machine.state,
                .reason = unit->machine.reason,
                .invocation_id = unit->machine.properties.invocation_id,
                .unit_digest = unit->machine.properties.digest,
                .needs_end = needs_end(unit),
        };
}

bool units_find(const Units *u, const char *app, UnitInfo *ret)
{
        bool found;
        size_t at = units_place(u, app, &found);

        if (found)
                units_get(u, at, ret);
        return found;
}

size_t units_count_parts(const Units *u, const char *app)
{
        const Unit *unit = units_lookup(u, app);

        return unit && unit->parts ? unit->parts->note.parts.n_items : 0;
}

void units_get_part(const Units *u, const char *app, size_t i, UnitPart *ret)
{
        unit_parts_get(units_lookup(u, app)->parts, i, ret);
}

int units_query_own_job(Units *u, OwnJobCallback callback, void *userdata, OwnJobQuery **ret)
{
        if (!u->bus)
                return -ENOTCONN;
        return own_job_query_new(u->bus, u->own_unit, callback, userdata, ret);
}
