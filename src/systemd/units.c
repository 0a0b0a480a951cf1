/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-login.h>
#include <time.h>

#include "base/array.h"
#include "systemd/units-internal.h"

#define OWN_UNIT_DEFAULT "distro-manager.service"
#define TIMER_ACCURACY_USEC USEC_PER_MSEC

bool unit_state_is_end(UnitState state)
{
        return state != UNIT_NONE && !unit_state_is_alive(state);
}

uint64_t units_now(const Units *u)
{
        uint64_t now;

        /* Fails only after a fork, or before the loop ran for the first time, when it reads the clock itself.
         */
        return sd_event_now(u->event, CLOCK_BOOTTIME, &now) < 0 ? 0 : now;
}

void units_failed(Units *u, int error)
{
        u->callbacks.failed(error, u->userdata);
}

/* ---- the queues: a unit stands at most once in each ---- */

void unit_queue(Unit *unit, UnitQueue queue)
{
        Units *u = unit->units;

        if (unit->links[queue].in)
                return;
        unit->links[queue].in = true;
        unit->links[queue].next = NULL;
        unit->links[queue].prev = u->queues[queue].last;
        if (u->queues[queue].last)
                u->queues[queue].last->links[queue].next = unit;
        else
                u->queues[queue].first = unit;
        u->queues[queue].last = unit;
        units_pump_later(u);
}

void unit_unqueue(Unit *unit, UnitQueue queue)
{
        Units *u = unit->units;
        Unit *prev = unit->links[queue].prev, *next = unit->links[queue].next;

        if (!unit->links[queue].in)
                return;
        *(prev ? &prev->links[queue].next : &u->queues[queue].first) = next;
        *(next ? &next->links[queue].prev : &u->queues[queue].last) = prev;
        unit->links[queue].in = false;
        unit->links[queue].prev = unit->links[queue].next = NULL;
}

/* ---- units ---- */

static size_t units_place(const Units *u, const char *app, bool *ret_found)
{
        size_t low = 0, high = u->n_units;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = strcmp(u->units[middle]->app, app);
                if (c == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_found = false;
        return low;
}

Unit *units_lookup(const Units *u, const char *app)
{
        bool found;
        size_t at = units_place(u, app, &found);

        return found ? u->units[at] : NULL;
}

static Unit *unit_free(Unit *unit)
{
        if (!unit)
                return NULL;
        for (UnitQueue q = 0; q < _QUEUE_MAX; q++)
                unit_unqueue(unit, q);
        sd_bus_slot_unref(unit->start.slot);
        sd_bus_slot_unref(unit->stop.slot);
        sd_bus_slot_unref(unit->read_slot);
        sd_bus_slot_unref(unit->kill_slot);
        sd_bus_slot_unref(unit->foreign_slot);
        unit_start_copy_free(unit->request);
        free(unit->app);
        free(unit->name);
        free(unit->path);
        free(unit->reason);
        free(unit->control_group);
        free(unit->refusal);
        free(unit);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Unit *, unit_free)

int units_add(Units *u, const char *app, uint64_t epoch, Unit **ret)
{
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *path = NULL;
        char name[WORKER_UNIT_NAME_MAX];
        bool found;
        size_t at = units_place(u, app, &found);

        ASSERT(!found);
        if (u->n_units >= UNITS_MAX)
                return -ENOBUFS;
        if (ARRAY_GROW(u->units, u->n_units, u->n_allocated) < 0)
                return -ENOMEM;

        unit = calloc(1, sizeof(*unit));
        if (!unit)
                return -ENOMEM;
        unit->units = u;
        worker_unit_name(app, name);
        unit->app = strdup(app);
        unit->name = strdup(name);
        if (!unit->app || !unit->name ||
                        sd_bus_path_encode("/org/freedesktop/systemd1/unit", name, &path) < 0)
                return -ENOMEM;
        unit->path = strdup(path); /* as long as it is, and no longer */
        if (!unit->path)
                return -ENOMEM;
        unit_reset_copy(unit, epoch);

        ARRAY_OPEN(u->units, u->n_units, at);
        *ret = u->units[at] = TAKE_PTR(unit);
        return 0;
}

void units_remove(Units *u, Unit *unit)
{
        bool found;
        size_t at = units_place(u, unit->app, &found);

        ASSERT(found);
        unit_call_done(unit, &unit->start);
        unit_call_done(unit, &unit->stop);
        if (unit->read_slot)
                u->n_reads--;
        if (unit->kill_slot)
                u->n_kills--;
        if (unit->listed)
                u->n_unread--;
        ARRAY_CLOSE(u->units, u->n_units, at);
        unit_free(unit);
        units_pump_later(u);
}

void unit_set_text(Unit *unit, char **text, const char *value)
{
        char *copy = NULL;

        if (value && *value) {
                copy = strdup(value);
                if (!copy)
                        units_failed(unit->units, -ENOMEM);
        }
        free(*text);
        *text = copy;
}

void unit_reset_copy(Unit *unit, uint64_t epoch)
{
        unit->epoch = epoch;
        memset(unit->run_id, 0, sizeof(unit->run_id));
        unit->state = UNIT_NONE;
        unit_set_text(unit, &unit->reason, NULL);
        unit->properties = (UnitProperties){};
        unit->history = (UnitHistory){};
        unit_set_text(unit, &unit->control_group, NULL);
        unit->n_tries = 0;
        unit_set_text(unit, &unit->refusal, NULL);
        unit->foreign = (ForeignJob){};
        unit->foreign_slot = sd_bus_slot_unref(unit->foreign_slot);
        unit->judging = unit->judged = false;
        unit->ended_usec = unit->stop_usec = 0;
        unit->check_usec = unit->kill_usec = USEC_INFINITY;
        unit->retry_usec = RETRY_MIN_USEC;
}

/* ---- reports ---- */

void units_report(Units *u, const char *app, uint64_t epoch, UnitState state, const char *reason,
                const UnitProperties *properties)
{
        UnitReport report = { .epoch = epoch, .state = state };
        int r;

        if (app && !(report.app = strdup(app))) {
                units_failed(u, -ENOMEM);
                return;
        }
        snprintf(report.reason, sizeof(report.reason), "%s", strempty(reason));
        if (properties) {
                memcpy(report.invocation_id, properties->invocation_id, sizeof(report.invocation_id));
                report.unit_digest = properties->digest;
        }

        r = ARRAY_GROW(u->reports, u->n_reports, u->n_reports_allocated);
        if (r >= 0)
                r = sd_event_source_set_enabled(u->report_source, SD_EVENT_ONESHOT);
        if (r < 0) {
                free(report.app);
                units_failed(u, r);
                return;
        }
        u->reports[u->n_reports++] = report;
}

void unit_report(Unit *unit)
{
        units_report(unit->units, unit->app, unit->epoch, unit->state, unit->reason, &unit->properties);
}

void unit_set_state(Unit *unit, UnitState state, const char *reason)
{
        bool same = unit->state == state && streq(strempty(unit->reason), strempty(reason));

        unit->state = state;
        if (!same) {
                unit_set_text(unit, &unit->reason, reason);
                unit_report(unit);
        }
        if (!unit_state_is_end(state))
                return;

        /* Nothing that was asked of this copy has a meaning any more. */
        unit_unqueue(unit, QUEUE_KILL);
        unit_unqueue(unit, QUEUE_STOP);
        unit->kill_usec = unit->check_usec = USEC_INFINITY;
        unit->judging = unit->judged = false;
        unit->ended_usec = 0;

        /* A failed unit is kept for its result. Of one that was stopped or killed the result is no failure of
         * the worker, and a manager that comes after this one must not take it for one. */
        if (state == UNIT_STOPPED || state == UNIT_KILLED || state == UNIT_SHUTDOWN)
                unit_reset_failed(unit);
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
                u->callbacks.changed(
                                &(UnitInfo){
                                                .app = report->app,
                                                .unit = name,
                                                .epoch = report->epoch,
                                                .state = report->state,
                                                .reason = report->reason[0] ? report->reason : NULL,
                                                .invocation_id = report->invocation_id,
                                                .unit_digest = report->unit_digest,
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

void units_pump_later(Units *u)
{
        /* Cannot fail for a source that exists. */
        (void) sd_event_source_set_enabled(u->pump_source, SD_EVENT_ONESHOT);
}

void units_schedule(Units *u, uint64_t usec)
{
        if (usec >= u->timer_usec)
                return;
        u->timer_usec = usec;
        (void) sd_event_source_set_time(u->timer, usec);
        (void) sd_event_source_set_enabled(u->timer, SD_EVENT_ONESHOT);
}

void unit_check_at(Unit *unit, uint64_t usec)
{
        unit->check_usec = MIN(unit->check_usec, usec);
        units_schedule(unit->units, unit->check_usec);
}

void unit_check_backoff(Unit *unit)
{
        unit_check_at(unit, usec_add(units_now(unit->units), unit->retry_usec));
        unit->retry_usec = MIN(unit->retry_usec * 2, RETRY_MAX_USEC);
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
                }
                next = MIN(next, MIN(unit->check_usec, unit->kill_usec));
        }
        units_schedule(u, next);
        return 0;
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
        u->list_retry_usec = RETRY_MIN_USEC;
        u->own_unit = find_own_unit(parameters->own_unit);
        if (!u->own_unit)
                return -ENOMEM;
        if (parameters->cgroup_root && !(u->cgroup_root = strdup(parameters->cgroup_root)))
                return -ENOMEM;

        if (parameters->guard_directory && !(u->guard_directory = strdup(parameters->guard_directory)))
                return -ENOMEM;
        if (parameters->dropin_dir && !(u->dropin_dir = strdup(parameters->dropin_dir)))
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
        units_detach(u);
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
        free(u->own_unit);
        sd_event_unref(u->event);
        free(u);
        return NULL;
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
                .epoch = unit->epoch,
                .state = unit->state,
                .reason = unit->reason,
                .invocation_id = unit->properties.invocation_id,
                .unit_digest = unit->properties.digest,
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

int units_query_own_job(Units *u, OwnJobCallback callback, void *userdata, OwnJobQuery **ret)
{
        if (!u->bus)
                return -ENOTCONN;
        return own_job_query_new(u->bus, u->own_unit, callback, userdata, ret);
}
