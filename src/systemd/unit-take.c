/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/guard-file.h"
#include "systemd/mount-words.h"
#include "systemd/part-stages.h"
#include "systemd/part-start.h"
#include "systemd/unit-commands.h"
#include "systemd/unit-run.h"
#include "systemd/unit-step.h"
#include "systemd/unit-take.h"

/* ---- what a job does that is not ours ---- */

static int on_job_type(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Unit *unit = userdata;
        ForeignType type = FOREIGN_UNKNOWN;
        const char *text;

        unit->job_slot = sd_bus_slot_unref(unit->job_slot);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "v", "s", &text) >= 0) {
                if (streq(text, "stop"))
                        type = FOREIGN_STOP;
                else if (streq(text, "restart") || streq(text, "try-restart"))
                        type = FOREIGN_RESTART;
                else
                        type = FOREIGN_OTHER;
        }
        unit_take(unit, &(UnitFact){ .type = UNIT_FACT_JOB_TYPE, .job_type = type });
        return 0;
}

static void unit_ask_job(Unit *unit, uint32_t id)
{
        char path[sizeof(SYSTEMD_JOB_PREFIX) + 10];
        int r = -ENOTCONN;

        unit->job_slot = sd_bus_slot_unref(unit->job_slot);
        snprintf(path, sizeof(path), SYSTEMD_JOB_PREFIX "%u", id);
        if (unit->units->bus)
                r = sd_bus_call_method_async(unit->units->bus, &unit->job_slot, SYSTEMD_NAME, path,
                                DBUS_PROPERTIES, "Get", on_job_type, unit, "ss",
                                "org.freedesktop.systemd1.Job", "JobType");
        if (r < 0) /* as for a job that is gone already */
                unit_take(unit, &(UnitFact){ .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_UNKNOWN });
}

/* ---- what ends by another hand: is it the host's, or our manager's, end as well? ---- */

static int units_ask_judge(Units *u);

static void on_judge(const OwnJobAnswer *answer, void *userdata)
{
        Units *u = userdata;
        bool more = false;

        u->judge = own_job_query_free(u->judge);
        for (size_t i = 0; i < u->n_units; i++) {
                Unit *unit = u->units[i];

                if (unit->machine.judgement == JUDGE_WAITS) /* ended after the question was sent */
                        more = true;
                else if (unit->machine.judgement == JUDGE_ASKED && answer->error < 0)
                        unit_take_plain(unit, UNIT_FACT_JUDGE_FAILED);
                else if (unit->machine.judgement == JUDGE_ASKED)
                        unit_take(unit, &(UnitFact){ .type = UNIT_FACT_JUDGED,
                                                        .leaves = own_job_is_leave(answer) });
        }
        if (more)
                (void) units_ask_judge(u); /* where it cannot be sent, the next reading asks */
}

static int units_ask_judge(Units *u)
{
        if (u->judge || !u->bus)
                return 0;

        int r = own_job_query_new(u->bus, u->own_unit, on_judge, u, &u->judge);
        if (r < 0)
                return r;
        for (size_t i = 0; i < u->n_units; i++)
                unit_take_plain(u->units[i], UNIT_FACT_JUDGE_SENT);
        return 0;
}

/* ---- what follows ---- */

/* No answer is waited for: if the unit stays, the next start of that name finds it and resets it again. */
static void reset_named(const Unit *unit, const char *name)
{
        if (unit->units->bus)
                (void) sd_bus_call_method_async(unit->units->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH,
                                SYSTEMD_MANAGER, "ResetFailedUnit", NULL, NULL, "s", name);
}

void unit_reset_failed(const Unit *unit)
{
        reset_named(unit, unit->name);
}

void unit_reset_parts(const Unit *unit)
{
        FOREACH_ARRAY(part, unit->parts->items, unit->parts->n_items)
                reset_named(unit, part->unit);
}

/* No answer is waited for: where it was not heard, or one is under way, the next look asks again, and the end of its job
 * tells. The part comes after its removal, so systemd keeps one that failed, and does not make it once more: it is started as
 * it is. */
static void unit_remove_part(const Unit *unit, const Part *part)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const Units *u = unit->units;
        char name[PART_UNIT_NAME_MAX];

        if (!u->bus || !removal_unit(unit->app, part, name) ||
                        part_removal_message(u->bus, unit->app, part,
                                        &(PartPlace){ u->helper_dir, u->maintenance_dir, u->words_dir },
                                        &m) < 0)
                return;
        (void) sd_bus_send(u->bus, m, NULL);
        (void) sd_bus_call_method_async(u->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "StartUnit", NULL, NULL, "ss", name, "fail");
}

void unit_part_removed(Unit *unit, const char *id, size_t id_length)
{
        for (size_t i = 0; i < unit->parts->note.parts.n_items; i++) {
                const char *own = unit->parts->note.parts.items[i].id;

                if (strlen(own) == id_length && memcmp(own, id, id_length) == 0)
                        reset_named(unit, unit->parts->items[i].unit);
        }
        unit_parts_want(unit->parts);
        unit_queue(unit, QUEUE_PARTS);
}

/* And what else is kept until then. */
static void unit_remove_note(const Unit *unit)
{
        const Units *u = unit->units;

        if (!u->guard_directory)
                return;
        FOREACH_ARRAY(item, unit->parts->items, unit->parts->n_items) {
                const Part *part = unit_parts_part(unit->parts, item);

                if (part && part->kind == PART_MOUNT)
                        mount_words_remove(u->words_dir, item->unit);
        }
        part_note_remove(u->guard_directory, unit->app);
}

void unit_drop_parts(Unit *unit)
{
        Units *u = unit->units;

        if (!unit->parts)
                return;
        unit_reset_parts(unit);
        unit_remove_note(unit);
        u->n_reads -= unit->part_slot ? 1 : 0;
        unit->part_slot = sd_bus_slot_unref(unit->part_slot);
        unit_unqueue(unit, QUEUE_PARTS);
        u->n_unread -= unit->parts->is_unread ? 1 : 0;
        unit->parts = unit_parts_free(unit->parts);
}

static void follow_call(Unit *unit, const UnitCall *call, sd_bus_slot **slot, UnitQueue queue)
{
        if (call->stage != CALL_SENT)
                *slot = sd_bus_slot_unref(*slot);
        if (call->stage == CALL_WAITS)
                unit_queue(unit, queue);
        else
                unit_unqueue(unit, queue);
}

/* Lines, slots and counts are what the calls' stages say; `start` and `stop`: they were out before. */
static void follow_calls(Unit *unit, bool start, bool stop)
{
        const UnitMachine *m = &unit->machine;
        bool starts = unit_call_is_out(&m->start), stops = unit_call_is_out(&m->stop);
        Units *u = unit->units;

        follow_call(unit, &m->start, &unit->start_slot, QUEUE_START);
        follow_call(unit, &m->stop, &unit->stop_slot, QUEUE_STOP);
        /* The calls of one start have it in common. */
        if (m->start.stage == CALL_NONE && !unit_is_early(m))
                unit->request = unit_start_copy_free(unit->request);
        u->n_start_jobs += (size_t) starts - (size_t) start;
        u->n_jobs += (size_t) starts + (size_t) stops - (size_t) start - (size_t) stop;
        if (starts < start || stops < stop) /* there is room for others */
                units_pump_later(u);
}

static void follow_time(Unit *unit, const UnitTodo *t)
{
        if (t->ended) {
                unit_unqueue(unit, QUEUE_KILL);
                unit->kill_usec = unit->check_usec = USEC_INFINITY;
                unit->killed_usec = 0;
        }
        if (t->renewed)
                unit->retry_usec = UNITS_RETRY_MIN_USEC;
        if (t->read)
                unit_queue(unit, QUEUE_READ);
        if (t->read_usec != USEC_INFINITY)
                unit_check_at(unit, t->read_usec);
        if (t->read_later)
                unit_check_backoff(unit);
}

static void keep_on_disk(const Unit *unit, const UnitTodo *t)
{
        const Units *u = unit->units;
        const UnitMachine *m = &unit->machine;

        if (t->remove_commands != 0 && u->dropin_dir)
                unit_commands_remove(u->dropin_dir, unit->app, t->remove_commands);
        if (t->keep_run && u->guard_directory)
                (void) unit_run_keep(u->guard_directory, unit->app, m->properties.invocation_id,
                                m->epoch); /* a full /run */
}

static void follow_parts(Unit *unit, const UnitTodo *t)
{
        if (!unit->parts)
                return;
        if (t->reset_parts || t->forget_parts)
                unit_reset_parts(unit);
        if (t->forget_parts)
                unit_remove_note(unit);
        if (t->remove_part != 0)
                unit_remove_part(unit, &unit->parts->note.parts.items[t->remove_part - 1]);
        if (t->read_parts) {
                unit_parts_want(unit->parts);
                unit_queue(unit, QUEUE_PARTS);
        }
}

/* Where systemd has put the worker, or would put it. */
static int unit_guess_group(const Unit *unit, char **ret)
{
        const UnitProperties *p = &unit->machine.properties;

        if (unit->parts && unit->machine.has_parts)
                return unit_parts_group_of(unit->parts, unit->name, p, ret);
        return cgroup_guess_unit(p->slice[0] ? p->slice : WORKER_SLICE, unit->name, ret);
}

/* systemd forgets the group at the end. Of a worker that was never read while it ran, as one whose start failed or that an
 * earlier manager knew, it is the one that workers have; if nothing is in that, there is nothing to learn. */
static void unit_learn_group(Unit *unit)
{
        _cleanup_free_ char *group = NULL;

        if (!unit->machine.control_group &&
                        unit_guess_group(unit, &group) >= 0 && /* else the next look tries again */
                        cgroup_is_populated(unit->units->cgroup_root, group) > 0)
                unit_take(unit, &(UnitFact){ .type = UNIT_FACT_GROUP, .text = group });
}

/* As its parts' helpers see it. */
static bool unit_is_in_maintenance(const Unit *unit)
{
        _cleanup_free_ char *path = text_format("%s/%s", unit->units->maintenance_dir, unit->app);

        return path && access(path, F_OK) == 0;
}

/* A note that could not be read may be readable by now: its file was mended, or could only not be opened. */
static void unit_read_note_again(Unit *unit)
{
        UnitParts *noted = NULL, *old = unit->parts;
        int r;

        if (!old || !old->is_unknown || unit->part_slot || !unit->units->guard_directory)
                return;
        r = unit_parts_from_note(unit->units->guard_directory, unit->app, &noted);
        for (size_t i = 0; r >= 0 && !noted->is_unknown && i + 1 < old->n_items; i++)
                r = unit_parts_add_found(unit->app, old->items[i].unit, &noted);
        if (r < 0 || noted->is_unknown) {
                unit_parts_free(noted);
                return;
        }
        noted->is_unread = old->is_unread;
        unit->parts = noted;
        unit_parts_free(old);
}

/* Parts of which the start was asked for. An earlier manager's note does not say how far it came. */
static size_t unit_count_due(const Unit *unit)
{
        const UnitMachine *m = &unit->machine;

        return m->n_stages > 0 ? part_stages_get(&unit->parts->note.parts, m->stage).end
                               : unit->parts->note.parts.n_items;
}

/* What the host shows beside the unit's properties. */
static UnitFact unit_look(Unit *unit)
{
        const Units *u = unit->units;
        const UnitMachine *m = &unit->machine;
        const UnitProperties *p = &m->properties;
        UnitFact f = { .type = UNIT_FACT_LOOKED };

        /* A drop-in may have taken away what the properties said of the copy. */
        if (p->epoch == 0 && p->transient && u->guard_directory)
                f.epoch = unit_run_epoch(u->guard_directory, unit->app, p->invocation_id);
        unit_read_note_again(unit);
        /* Without memory no group is looked at, and the next look comes. */
        if (unit->parts && m->has_parts && unit_parts_group(unit->parts, m->control_group) >= 0)
                f.parts = unit_parts_see(unit->parts, unit_count_due(unit),
                                &(PartHost){ u->guard_directory, u->cgroup_root, u->mountinfo });
        f.in_maintenance = f.parts && unit_is_in_maintenance(unit);
        if (unit_properties_are_alive(p))
                return f;
        if (p->job_id == 0)
                unit_learn_group(unit);
        f.by_guard = unit_properties_exist(p) && guard_stamp_covers(u->guard_directory, p->ended_usec);
        f.left = p->job_id == 0 && m->control_group &&
                 cgroup_is_populated(u->cgroup_root, m->control_group) > 0;
        return f;
}

void unit_take(Unit *unit, const UnitFact *fact)
{
        Units *u = unit->units;
        UnitMachine *m = &unit->machine;
        bool start = unit_call_is_out(&m->start), stop = unit_call_is_out(&m->stop);
        UnitFact f = *fact;
        UnitTodo t;

        f.now_usec = units_now(u);
        unit_step(m, &f, &t);
        if (t.error < 0)
                units_failed(u, t.error);
        follow_calls(unit, start, stop);
        follow_time(unit, &t);
        if (m->foreign.type != FOREIGN_ASKED)
                unit->job_slot = sd_bus_slot_unref(unit->job_slot);
        for (size_t i = 0; i < t.n_said; i++)
                units_report(u, unit->app, &t.said[i]);
        keep_on_disk(unit, &t);
        follow_parts(unit, &t);
        if (t.reset_failed)
                unit_reset_failed(unit);
        if (t.ask_job != 0)
                unit_ask_job(unit, t.ask_job);
        if (t.ask_judge && units_ask_judge(u) < 0)
                unit_check_backoff(unit);
        if (t.look) {
                f = unit_look(unit);
                unit_take(unit, &f);
        } else if (t.remove)
                units_remove(u, unit);
}
