/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "base/dbus.h"
#include "config/unit-names.h"
#include "systemd/unit-facts.h"
#include "systemd/unit-take.h"

/* ---- whose word it is ----
 *
 * Every process of the host may send us a signal by our own name on the bus. A match by a well-known name as sender
 * lets the signals of all unique names through. So systemd's are known by the sender of its answers, which the bus lets
 * no other process give. Those that come before the answer to Subscribe() are no loss: all is read after it. */

static int units_know_systemd(Units *u, sd_bus_message *answer)
{
        const char *sender = sd_bus_message_get_sender(answer);
        char *copy;

        if (streq(strempty(sender), DBUS_NAME)) /* the bus itself says that there is no answer */
                return 0;
        copy = strdup(strempty(sender)); /* "": a connection without a bus in between */
        if (!copy)
                return -ENOMEM;
        free(u->systemd);
        u->systemd = copy;
        return 0;
}

static bool is_from_systemd(const Units *u, sd_bus_message *signal)
{
        return u->systemd && streq(strempty(sd_bus_message_get_sender(signal)), u->systemd);
}

/* ---- signals ---- */

/* What it says is read, with all else of the part. */
static void units_part_signal(Units *u, const char *path)
{
        _cleanup_free_ char *name = NULL;
        char app[APP_NAME_MAX + 1];
        PartUnit *part;
        Unit *unit;

        if (sd_bus_path_decode(path, SYSTEMD_UNIT_PATH, &name) <= 0 || !part_unit_parse(name, app) ||
                        !(unit = units_lookup(u, app)) || !unit->parts ||
                        !(part = unit_parts_find(unit->parts, name)))
                return;
        part->is_wanted = true;
        unit_queue(unit, QUEUE_PARTS);
}

/* The same of a part whose unit has a name of its own, as a mount has. */
static void units_own_name_signal(Units *u, const char *path)
{
        FOREACH_ARRAY(unit, u->units, u->n_units) {
                UnitParts *p = (*unit)->parts;

                for (size_t i = 0; p && i + 1 < p->n_items; i++)
                        if (streq(p->items[i].path, path)) {
                                p->items[i].is_wanted = true;
                                unit_queue(*unit, QUEUE_PARTS);
                        }
        }
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Units *u = userdata;
        char app[APP_NAME_MAX + 1];
        UnitProperties p;
        const char *path = sd_bus_message_get_path(m);
        Unit *unit;

        if (!path || !is_from_systemd(u, m))
                return 0;
        if (!is_worker_path(path)) {
                units_own_name_signal(u, path);
                return 0;
        }
        if (!worker_path_parse(path, app)) {
                units_part_signal(u, path);
                return 0;
        }
        unit = units_lookup(u, app);
        if (!unit)
                return 0;
        p = unit->machine.properties;
        if (sd_bus_message_skip(m, "s") < 0 || unit_properties_read(m, &p) < 0) {
                unit_queue(unit, QUEUE_READ);
                return 0;
        }
        unit_take(unit, &(UnitFact){ .type = UNIT_FACT_HINT, .properties = &p, .overlaps = unit->read_slot });
        return 0;
}

/* The job of what takes away once more what a part has left; where that failed, the next look tries again. */
static void removal_ended(Units *u, const char *name, const char *result)
{
        char app[APP_NAME_MAX + 1];
        size_t id_length;
        const char *id;
        Unit *unit;

        if (!streq(result, "done") || !removal_unit_parse(name, app, &id, &id_length))
                return;
        unit = units_lookup(u, app);
        if (unit && unit->parts)
                unit_part_removed(unit, id, id_length);
}

/* JobNew and JobRemoved; the result of the former is NULL. */
static void units_job_signal(Units *u, sd_bus_message *m, bool removed)
{
        char app[APP_NAME_MAX + 1];
        const char *name, *result = NULL;
        Unit *unit;
        uint32_t id;
        int r;

        if (removed)
                r = sd_bus_message_read(m, "uoss", &id, NULL, &name, &result);
        else
                r = sd_bus_message_read(m, "uos", &id, NULL, &name);
        if (r < 0)
                return;
        if (removed)
                removal_ended(u, name, result);
        /* Of a slice only the job that we asked for counts. */
        if (!worker_unit_parse(name, app) &&
                        (!removed || (!app_slice_parse(name, app) && !gate_slice_parse(name, app))))
                return;
        unit = units_lookup(u, app);
        if (!unit || (streq(name, unit->name) ? false : !unit->parts))
                return;
        unit_take(unit, &(UnitFact){ .type = removed ? UNIT_FACT_JOB_ENDED : UNIT_FACT_JOB_SEEN,
                                        .job_id = id,
                                        .text = result });
}

static int on_manager_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Units *u = userdata;
        int active;

        if (!is_from_systemd(u, m))
                return 0;
        if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobNew"))
                units_job_signal(u, m, false);
        else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobRemoved"))
                units_job_signal(u, m, true);
        else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "Reloading")) {
                if (sd_bus_message_read(m, "b", &active) >= 0 && !active) {
                        int r = units_subscribe(u);
                        if (r >= 0)
                                r = units_relist(u);
                        if (r == -ENOMEM)
                                units_failed(u, r);
                }
        }
        return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Units *u = userdata;
        const char *owner;
        int r = 0;

        if (!streq(strempty(sd_bus_message_get_sender(m)), DBUS_NAME) ||
                        sd_bus_message_read(m, "sss", NULL, NULL, &owner) < 0)
                return 0;
        free(u->systemd);
        u->systemd = NULL;
        if (owner[0]) {
                r = units_subscribe(u);
                if (r >= 0)
                        r = units_relist(u);
        } else
                for (size_t i = 0; i < u->n_units; i++)
                        unit_take_plain(u->units[i], UNIT_FACT_DEAF);
        if (r == -ENOMEM)
                units_failed(u, r);
        return 0;
}

/* ---- the listing ---- */

static void units_list_later(Units *u)
{
        u->list_usec = usec_add(units_now(u), u->list_retry_usec);
        u->list_retry_usec = MIN(u->list_retry_usec * 2, UNITS_RETRY_MAX_USEC);
        units_schedule(u, u->list_usec);
}

static int on_subscribed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Units *u = userdata;

        u->subscribe_slot = sd_bus_slot_unref(u->subscribe_slot);
        if (units_know_systemd(u, m) < 0) {
                units_failed(u, -ENOMEM);
                return 0;
        }
        /* Being subscribed already is as good. After anything else the listing, repeated later, subscribes
         * again. */
        if (sd_bus_message_is_method_error(m, NULL) &&
                        !sd_bus_message_is_method_error(m, "org.freedesktop.systemd1.AlreadySubscribed"))
                units_list_later(u);
        return 0;
}

int units_subscribe(Units *u)
{
        u->subscribe_slot = sd_bus_slot_unref(u->subscribe_slot);
        return sd_bus_call_method_async(u->bus, &u->subscribe_slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "Subscribe", on_subscribed, u, NULL);
}

static int units_take_rows(Units *u, sd_bus_message *m)
{
        char app[APP_NAME_MAX + 1];
        const char *name;
        Unit *unit;
        int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                NULL, NULL)) > 0) {
                bool is_part = part_unit_parse(name, app);
                int k = 0;

                if (!is_part && !worker_unit_parse(name, app))
                        continue;
                unit = units_lookup(u, app);
                if (!unit)
                        k = units_add(u, app, &unit);
                if (k >= 0 && is_part && unit->machine.epoch == 0 && !unit->machine.is_noted)
                        k = unit_parts_add_found(app, name, &unit->parts);
                if (k == -ENOMEM)
                        return k;
        }
        return r;
}

/* What an earlier manager began, whether or not its worker is there. */
static int units_take_note(Units *u, const char *app)
{
        Unit *unit = units_lookup(u, app);
        UnitParts *noted = NULL;
        int r = 0;

        if (!unit)
                r = units_add(u, app, &unit);
        /* What an earlier listing found is being read. */
        if (r < 0 || unit->machine.epoch != 0 || unit->machine.is_noted)
                return r;
        r = unit_parts_from_note(u->guard_directory, app, &noted);
        if (r < 0)
                return r;
        /* And what is there beside it. */
        for (size_t i = 0; unit->parts && r >= 0 && i + 1 < unit->parts->n_items; i++)
                r = unit_parts_add_found(app, unit->parts->items[i].unit, &noted);
        unit_parts_free(unit->parts);
        unit->parts = noted;
        return r;
}

/* Those of which there is a note, or a part. */
static void units_tell_noted(Units *u)
{
        for (size_t i = 0; i < u->n_units; i++)
                if (u->units[i]->parts && u->units[i]->machine.epoch == 0 && !u->units[i]->machine.is_noted)
                        unit_take(u->units[i], &(UnitFact){ .type = UNIT_FACT_NOTED,
                                                               .epoch = u->units[i]->parts->note.epoch });
}

static int units_take_notes(Units *u)
{
        _cleanup_(strings_freep) char **names = NULL;
        int r;

        if (!u->guard_directory)
                return 0;
        r = part_note_list(u->guard_directory, &names);
        if (r < 0)
                return r;
        for (char **app = names; *app; app++) {
                int k = units_take_note(u, *app);

                if (k == -ENOMEM)
                        r = k;
        }
        return r;
}

static void unit_reread_parts(Unit *unit)
{
        if (!unit->parts)
                return;
        if (!unit->parts->is_unread) {
                unit->parts->is_unread = true;
                unit->units->n_unread++;
        }
        unit_parts_want(unit->parts);
        unit_queue(unit, QUEUE_PARTS);
}

static int on_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Units *u = userdata;
        int r;

        u->list_slot = sd_bus_slot_unref(u->list_slot);
        if (units_know_systemd(u, m) < 0) {
                units_failed(u, -ENOMEM);
                return 0;
        }
        if (sd_bus_message_is_method_error(m, NULL)) {
                units_list_later(u);
                return 0;
        }
        r = units_take_rows(u, m);
        if (r >= 0)
                r = units_take_notes(u);
        if (r >= 0)
                units_tell_noted(u);
        if (r == -ENOMEM) {
                units_failed(u, r);
                return 0;
        }
        if (r < 0) {
                units_list_later(u);
                return 0;
        }

        /* All that is known is read, listed or not. */
        u->list_retry_usec = UNITS_RETRY_MIN_USEC;
        u->listed = true;
        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];

                if (!unit->unread) {
                        unit->unread = true;
                        u->n_unread++;
                }
                unit_queue(unit, QUEUE_READ);
                unit_reread_parts(unit);
        }
        units_check_ready(u);
        return 0;
}

int units_relist(Units *u)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (!u->bus)
                return 0;
        u->list_slot = sd_bus_slot_unref(u->list_slot);
        r = sd_bus_message_new_method_call(
                        u->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(m, "asas", 0, 1, WORKER_UNIT_PATTERN);
        if (r >= 0)
                r = sd_bus_call_async(u->bus, &u->list_slot, m, on_list, u, UNITS_CALL_TIMEOUT_USEC);
        return r;
}

/* ---- coming and going of the bus ---- */

static int units_add_matches(Units *u)
{
#define SENDER "sender='" SYSTEMD_NAME "',"
        static const char properties[] =
                        SENDER "type='signal',interface='" DBUS_PROPERTIES
                               "',member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit'";
        static const char manager[] =
                        SENDER "type='signal',interface='" SYSTEMD_MANAGER "',path='" SYSTEMD_PATH "'";
        static const char owner[] =
                        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                        "member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'";

        /* On a connection to systemd itself the messages do not say their sender. */
        size_t skip = sd_bus_is_bus_client(u->bus) > 0 ? 0 : strlen(SENDER);
        int r = sd_bus_add_match_async(
                        u->bus, &u->match_properties, properties + skip, on_properties_changed, NULL, u);
        if (r >= 0)
                r = sd_bus_add_match_async(
                                u->bus, &u->match_manager, manager + skip, on_manager_signal, NULL, u);
        if (r >= 0)
                r = sd_bus_add_match_async(u->bus, &u->match_owner, owner, on_owner_changed, NULL, u);
        return r;
}

int units_take_bus(Units *u, sd_bus *bus)
{
        int r;

        units_drop_bus(u);
        u->bus = sd_bus_ref(bus);
        r = units_add_matches(u);
        if (r >= 0)
                r = units_subscribe(u);
        if (r >= 0)
                r = units_relist(u);
        if (r < 0) {
                units_drop_bus(u);
                return r;
        }
        units_pump_later(u);
        return 0;
}

static void unit_detach(Unit *unit)
{
        Units *u = unit->units;

        unit_take_plain(unit, UNIT_FACT_DETACHED);
        unit->read_slot = sd_bus_slot_unref(unit->read_slot);
        unit->part_slot = sd_bus_slot_unref(unit->part_slot);
        unit->part_read = NULL;
        if (unit->parts)
                unit->parts->is_unread = false;
        unit->kill_slot = sd_bus_slot_unref(unit->kill_slot);
        unit->hinted = unit->unread = false;
        if (unit->kill_usec != USEC_INFINITY) {
                unit->kill_usec = units_now(u);
                units_schedule(u, unit->kill_usec);
        }
}

void units_drop_bus(Units *u)
{
        for (size_t i = 0; i < u->n_units; i++)
                unit_detach(u->units[i]);
        u->n_reads = u->n_kills = u->n_unread = 0;
        u->listed = false;
        u->list_usec = USEC_INFINITY;
        u->judge = own_job_query_free(u->judge);
        u->match_properties = sd_bus_slot_unref(u->match_properties);
        u->match_manager = sd_bus_slot_unref(u->match_manager);
        u->match_owner = sd_bus_slot_unref(u->match_owner);
        u->subscribe_slot = sd_bus_slot_unref(u->subscribe_slot);
        u->list_slot = sd_bus_slot_unref(u->list_slot);
        free(u->systemd);
        u->systemd = NULL;
        u->bus = sd_bus_unref(u->bus);
}
