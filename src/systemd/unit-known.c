/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "systemd/unit-known.h"

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

size_t units_place(const Units *u, const char *app, bool *ret_found)
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

Unit *unit_free(Unit *unit)
{
        if (!unit)
                return NULL;
        for (UnitQueue q = 0; q < _QUEUE_MAX; q++)
                unit_unqueue(unit, q);
        sd_bus_slot_unref(unit->start_slot);
        sd_bus_slot_unref(unit->stop_slot);
        sd_bus_slot_unref(unit->read_slot);
        sd_bus_slot_unref(unit->kill_slot);
        sd_bus_slot_unref(unit->job_slot);
        sd_bus_slot_unref(unit->part_slot);
        unit_start_copy_free(unit->request);
        unit_parts_free(unit->parts);
        unit_machine_done(&unit->machine);
        free(unit->app);
        free(unit->name);
        free(unit->path);
        free(unit);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Unit *, unit_free)

int units_add(Units *u, const char *app, Unit **ret)
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
        unit_machine_init(&unit->machine, unit->name, 0);
        unit->check_usec = unit->kill_usec = USEC_INFINITY;
        unit->retry_usec = UNITS_RETRY_MIN_USEC;

        ARRAY_OPEN(u->units, u->n_units, at);
        *ret = u->units[at] = TAKE_PTR(unit);
        return 0;
}

void units_remove(Units *u, Unit *unit)
{
        bool found;
        size_t at = units_place(u, unit->app, &found);

        ASSERT(found);
        u->n_start_jobs -= unit_call_is_out(&unit->machine.start);
        u->n_jobs -= (size_t) unit_call_is_out(&unit->machine.start) + unit_call_is_out(&unit->machine.stop);
        u->n_reads -= (size_t) !!unit->read_slot + (size_t) !!unit->part_slot;
        if (unit->kill_slot)
                u->n_kills--;
        u->n_unread -= (size_t) unit->unread + (size_t) (unit->parts && unit->parts->is_unread);
        ARRAY_CLOSE(u->units, u->n_units, at);
        unit_free(unit);
        units_pump_later(u);
}

/* ---- reports ---- */

void units_report(Units *u, const char *app, const UnitSaid *said)
{
        UnitReport report = { .said = *said };
        int r;

        if (app && !(report.app = strdup(app))) {
                units_failed(u, -ENOMEM);
                return;
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

void unit_report_parts(Unit *unit)
{
        Units *u = unit->units;
        const UnitReport *last = u->n_reports > 0 ? &u->reports[u->n_reports - 1] : NULL;

        if (last && strcmp_ptr(last->app, unit->app) == 0 && last->said.state == UNIT_NONE)
                return;
        units_report(u, unit->app, &(UnitSaid){});
}

void units_check_ready(Units *u)
{
        if (u->ready || !u->listed || u->n_unread > 0)
                return;
        u->ready = true;
        units_report(u, NULL, &(UnitSaid){});
}

/* ---- time ---- */

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
        unit->retry_usec = MIN(unit->retry_usec * 2, UNITS_RETRY_MAX_USEC);
}
