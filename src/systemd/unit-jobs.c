/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/mount-words.h"
#include "systemd/start-message.h"
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

/* What is there of a copy, whatever becomes of this manager: before there is any of it. */
static int unit_write_note(const Unit *unit)
{
        const Units *u = unit->units;

        if (!unit->parts)
                return 0;
        unit->parts->note.begun_usec = clock_usec(CLOCK_MONOTONIC);
        return u->guard_directory ? part_note_write(u->guard_directory, unit->app, &unit->parts->note)
                                  : -ENOTDIR;
}

/* What is not found may be a unit that it requires. Where it is one of the units of the call, systemd had no room for its
 * file. */
static bool start_lacks_room(const Unit *unit, const sd_bus_error *e)
{
        const char *rest = startswith(strempty(e->message), "Unit ");
        char name[PART_UNIT_NAME_MAX], app[APP_NAME_MAX + 1];
        size_t n = rest ? strcspn(rest, " ") : 0;

        if (!sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit") || !rest || n >= sizeof(name) ||
                        !streq(rest + n, " not found."))
                return false;
        memcpy(name, rest, n);
        name[n] = '\0';
        return streq(name, unit->name) || gate_slice_parse(name, app) ||
               (unit->parts && unit_parts_made(unit->parts, name));
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

/* Also what is being read is of before it. */
static void unit_begin_parts(Unit *unit)
{
        if (!unit->parts)
                return;
        unit_parts_begin(unit->parts);
        if (!unit->part_slot)
                return;
        unit->part_slot = sd_bus_slot_unref(unit->part_slot);
        unit->part_read->is_wanted = true;
        unit->part_read = NULL;
        unit->units->n_reads--;
        unit_queue(unit, QUEUE_PARTS);
}

/* 1: sent or settled; 0: nothing can be sent now. */
static int unit_send_start(Unit *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const UnitStart *start = unit_start_copy_get(unit->request);
        const Units *u = unit->units;
        char text[UNIT_REASON_MAX];
        int r;

        r = unit_start_message(unit->units->bus, start, unit->machine.stage,
                        &(PartPlace){ u->helper_dir, u->maintenance_dir, u->words_dir }, &m);
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
        r = unit->machine.stage > 0 ? 0 : unit_write_note(unit);
        if (r < 0) {
                snprintf(text, sizeof(text), "its note cannot be written to %s/" PART_NOTES ": %s",
                                strempty(u->guard_directory), strerror(-r));
                return unit_refuse_start(unit, text);
        }
        r = sd_bus_call_async(
                        unit->units->bus, &unit->start_slot, m, on_start, unit, UNITS_CALL_TIMEOUT_USEC);
        if (r < 0)
                return 0;
        unit_begin_parts(unit);
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

/* What is stopped and killed: with parts, the slice with all that is in it. */
static const char *unit_handle(const Unit *unit)
{
        return unit->parts && unit->machine.has_parts ? unit_parts_slice(unit->parts) : unit->name;
}

typedef void (*UnitCallNamed)(const Unit *unit, const char *name);

/* Those that are not known to lie in the slice: an installed unit, or what a drop-in has placed elsewhere; and a start that systemd is at, or
 * whose note cannot be read, shows nothing of it. No answer is waited for: reading tells. */
static void unit_call_beside(const Unit *unit, UnitCallNamed call)
{
        const UnitParts *parts = unit->machine.has_parts ? unit->parts : NULL;
        const UnitProperties *p = &unit->machine.properties;

        if (!parts)
                return;
        if (!unit_parts_lies_within(parts, p) && !streq(p->load_state, "not-found"))
                call(unit, unit->name);
        for (size_t i = 0; i < parts->n_items - 1; i++) {
                const PartUnit *part = &parts->items[i];
                PartKind kind = parts->note.parts.items[i].kind;

                if (kind == PART_UNIT ||
                                (kind == PART_ADDRESS && part->properties.unit.slice[0] &&
                                                !unit_parts_lies_within(parts, &part->properties.unit)))
                        call(unit, part->unit);
        }
}

static void stop_named(const Unit *unit, const char *name)
{
        (void) sd_bus_call_method_async(unit->units->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "StopUnit", NULL, NULL, "ss", name, "replace");
}

static void kill_named(const Unit *unit, const char *name)
{
        (void) sd_bus_call_method_async(unit->units->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "KillUnit", NULL, NULL, "ssi", name, "all", (int32_t) SIGKILL);
}

static int unit_send_stop(Unit *unit)
{
        int r;

        unit_call_beside(unit, stop_named);
        r = sd_bus_call_method_async(unit->units->bus, &unit->stop_slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "StopUnit", on_stop, unit, "ss", unit_handle(unit), "replace");
        if (r < 0)
                return 0;
        unit_take_plain(unit, UNIT_FACT_STOP_SENT);
        return 1;
}

/* systemd works, and what it runs after a kill takes away what parts have left: it gets that time before the next one. */
static bool removal_has_time(const Unit *unit)
{
        return unit->machine.has_parts && unit->killed_usec != 0;
}

static void unit_leave_time(Unit *unit)
{
        if (removal_has_time(unit) && unit->kill_usec != USEC_INFINITY)
                unit->kill_usec = MAX(
                                unit->kill_usec, usec_add(units_now(unit->units), UNITS_SYSTEMD_ANSWER_USEC));
}

void unit_queue_kill(Unit *unit)
{
        if (unit->kill_slot ||
                        (removal_has_time(unit) &&
                                        units_now(unit->units) < usec_add(unit->killed_usec,
                                                                                 UNITS_SYSTEMD_ANSWER_USEC)))
                return;
        unit_queue(unit, QUEUE_KILL);
}

static int on_kill(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;

        /* An error is no news: the control group is next, if the unit still lives. */
        unit->kill_slot = sd_bus_slot_unref(unit->kill_slot);
        unit->units->n_kills--;
        unit_queue(unit, QUEUE_READ);
        if (unit->kill_usec != USEC_INFINITY) /* not what came after the end */
                unit->killed_usec = MAX(units_now(unit->units), (uint64_t) 1);
        unit_leave_time(unit);
        return 0;
}

/* What a mount has processes for, as one in user space, is not in the slice. Another's mount is not touched. */
static void unit_kill_mounts(const Unit *unit)
{
        const UnitParts *parts = unit->machine.has_parts ? unit->parts : NULL;

        FOREACH_ARRAY(part, parts ? parts->items : NULL, parts ? parts->n_items - 1 : 0)
                if (unit_parts_part(parts, part)->kind == PART_MOUNT && part->properties.unit.epoch != 0)
                        kill_named(unit, part->unit);
}

static int unit_send_kill(Unit *unit)
{
        int r;

        unit_call_beside(unit, kill_named);
        r = sd_bus_call_method_async(unit->units->bus, &unit->kill_slot, SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "KillUnit", on_kill, unit, "ssi", unit_handle(unit), "all",
                        (int32_t) SIGKILL);
        if (r < 0)
                return 0;
        unit_kill_mounts(unit);
        unit_unqueue(unit, QUEUE_KILL);
        unit_leave_time(unit);
        unit->units->n_kills++;
        return 1;
}

/* The control groups that are killed; without memory the next round tries again. */
typedef struct KillGroups {
        char **items;
        size_t n, n_allocated;
} KillGroups;

static void kill_groups_add(KillGroups *g, const char *group)
{
        char *copy;

        if (isempty(group) || ARRAY_GROW(g->items, g->n, g->n_allocated) < 0 || !(copy = strdup(group)))
                return;
        g->items[g->n++] = copy;
}

static void kill_groups_done(KillGroups *g)
{
        FOREACH_ARRAY(item, g->items, g->n)
                free(*item);
        free(g->items);
}

/* Of a start that systemd is still at it was not read. */
static void kill_groups_add_worker(KillGroups *g, Unit *unit, const char *outer)
{
        _cleanup_free_ char *group = NULL;

        if (!unit->machine.control_group &&
                        cgroup_find_unit(unit->units->cgroup_root, unit->name, &group) >= 0)
                unit_take(unit, &(UnitFact){ .type = UNIT_FACT_GROUP, .text = group });
        if (unit->machine.control_group && !(outer && cgroup_is_below(unit->machine.control_group, outer)))
                kill_groups_add(g, unit->machine.control_group);
}

/* That of the worker; or the slice's, and those of what a drop-in has placed beside it. */
static void kill_groups_add_unit(KillGroups *g, Unit *unit)
{
        const UnitParts *parts = unit->machine.has_parts ? unit->parts : NULL;

        if (parts && unit_parts_group(unit->parts, unit->machine.control_group) < 0)
                return;
        if (parts)
                kill_groups_add(g, parts->slice_group);
        FOREACH_ARRAY(part, parts ? parts->items : NULL, parts ? parts->n_items - 1 : 0)
                if (unit_parts_part(parts, part)->kind == PART_ADDRESS &&
                                !cgroup_is_below(part->properties.unit.control_group, parts->slice_group))
                        kill_groups_add(g, part->properties.unit.control_group);
        kill_groups_add_worker(g, unit, parts ? parts->slice_group : NULL);
}

/* The copies whose time is over and that systemd has not ended. */
void units_kill_groups(Units *u, uint64_t now_usec)
{
        KillGroups groups = {};

        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];

                if (unit->kill_usec > now_usec)
                        continue;
                unit->kill_usec = usec_add(now_usec,
                                removal_has_time(unit) ? UNITS_SYSTEMD_ANSWER_USEC : UNITS_KILL_REPEAT_USEC);
                kill_groups_add_unit(&groups, unit);
        }
        /* A thread that is still at the last round is at the same groups. */
        (void) killer_submit(u->killer, (const char *const *) groups.items, groups.n);
        kill_groups_done(&groups);
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

/* ---- reads of parts: one after the other for each application ---- */

static void parts_were_read(Unit *unit)
{
        Units *u = unit->units;
        UnitFact f = { .type = UNIT_FACT_PARTS_READ, .slice_read = unit->parts->slice_read };

        if (unit->parts->is_unread) {
                unit->parts->is_unread = false;
                u->n_unread--;
        }
        unit->parts->slice_read = false;
        unit_take(unit, &f); /* may free it */
        units_check_ready(u);
}

/* systemd keeps no more of mount(8) and umount(8) than their exit status. */
static void read_mount_words(const Unit *unit, const PartUnit *of, PartProperties *p)
{
        const Part *part = unit_parts_part(unit->parts, of);

        if (part && part->kind == PART_MOUNT && p->unit.epoch != 0 && streq(p->unit.result, "exit-code"))
                mount_words_read(unit->units->words_dir, of->unit, part->name, p->text, sizeof(p->text));
}

static int on_read_part(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        Units *u = unit->units;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        PartUnit *part = TAKE_PTR(unit->part_read);
        PartProperties p = { .unit = { .load_state = "not-found", .active_state = "inactive" } };
        int r;

        unit->part_slot = sd_bus_slot_unref(unit->part_slot);
        u->n_reads--;
        units_pump_later(u);
        if (e ? !bus_error_means_absent(e) : part_properties_read(m, &p) < 0) {
                part->is_wanted = true;
                unit_check_backoff(unit); /* as above */
                return 0;
        }
        unit->retry_usec = UNITS_RETRY_MIN_USEC;
        read_mount_words(unit, part, &p);
        unit->parts->slice_read = unit->parts->slice_read || !unit_parts_part(unit->parts, part);
        r = part_unit_take(part, &p);
        if (r < 0)
                units_failed(u, r);
        else if (r > 0)
                unit_report_parts(unit);
        if (unit_parts_next(unit->parts))
                unit_queue(unit, QUEUE_PARTS);
        else
                parts_were_read(unit);
        return 0;
}

/* 1: sent, or one is in flight, or there is none; 0: nothing can be sent now. */
static int unit_send_part_read(Unit *unit)
{
        PartUnit *part = unit_parts_next(unit->parts);
        int r;

        if (unit->part_slot || !part) {
                unit_unqueue(unit, QUEUE_PARTS);
                return 1;
        }
        r = sd_bus_call_method_async(unit->units->bus, &unit->part_slot, SYSTEMD_NAME, part->path,
                        DBUS_PROPERTIES, "GetAll", on_read_part, unit, "s", "");
        if (r < 0)
                return 0;
        part->is_wanted = false;
        unit->part_read = part;
        unit_unqueue(unit, QUEUE_PARTS);
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
        if (unit->kill_usec != USEC_INFINITY)
                unit_queue_kill(unit);
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
        while (u->n_reads < UNITS_READS_MAX && (unit = first_of(u, QUEUE_PARTS)) &&
                        unit_send_part_read(unit) > 0)
                ;
}
