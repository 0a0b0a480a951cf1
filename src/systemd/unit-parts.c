/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-bus.h>

#include "base/array.h"
#include "base/mount-list.h"
#include "base/text.h"
#include "systemd/cgroup.h"
#include "systemd/guard-file.h"
#include "config/unit-names.h"
#include "systemd/unit-parts.h"

static int part_unit_make(PartUnit *unit, const char *name)
{
        unit->unit = strdup(name);
        if (!unit->unit || sd_bus_path_encode("/org/freedesktop/systemd1/unit", name, &unit->path) < 0)
                return -ENOMEM;
        return 0;
}

/* For what the note has. */
static int make_units(UnitParts *p)
{
        char name[MAX(PART_UNIT_NAME_MAX, APP_SLICE_NAME_MAX)];
        int r = 0;

        p->items = calloc(p->note.parts.n_items + 1, sizeof(*p->items));
        if (!p->items)
                return -ENOMEM;
        FOREACH_ARRAY(part, p->note.parts.items, p->note.parts.n_items) {
                if (!part_unit(p->app, part, name))
                        return -EINVAL;
                r = part_unit_make(&p->items[p->n_items++], name);
                if (r < 0)
                        return r;
        }
        app_slice_name(p->app, name);
        return part_unit_make(&p->items[p->n_items++], name);
}

int unit_parts_new(const char *app, uint64_t epoch, const Parts *parts, UnitParts **ret)
{
        _cleanup_(unit_parts_freep) UnitParts *p = NULL;
        int r;

        if (parts && parts->n_items > 0) {
                p = calloc(1, sizeof(*p));
                if (!p || !(p->app = strdup(app)) || parts_copy(parts, &p->note.parts) < 0)
                        return -ENOMEM;
                p->note.epoch = epoch;
                r = make_units(p);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(p);
        return 0;
}

int unit_parts_from_note(const char *directory, const char *app, UnitParts **ret)
{
        _cleanup_(unit_parts_freep) UnitParts *p = calloc(1, sizeof(*p));
        int r = p && (p->app = strdup(app)) ? part_note_read(directory, app, &p->note) : -ENOMEM;

        if (r == -ENOMEM || r == -ENOENT)
                return r;
        p->is_unknown = r < 0;
        r = make_units(p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

/* ---- what is in no note ---- */

static UnitParts *new_without_note(const char *app)
{
        UnitParts *p = calloc(1, sizeof(*p));

        if (p && (p->app = strdup(app)) && make_units(p) >= 0)
                return p;
        unit_parts_free(p);
        return NULL;
}

/* What it is shows in its id. */
static int make_found(const char *unit, Part *ret)
{
        const char *id = strchr(unit, ':') + 1;
        Part part = { .kind = startswith(id, "device-") ? PART_DEVICE : PART_ADDRESS };

        part.id = strndup(id, strlen(id) - strlen(WORKER_UNIT_SUFFIX));
        part.name = part.id ? strdup(part.id) : NULL;
        part.arguments = calloc(1, sizeof(char *));
        if (!part.id || !part.name || !part.arguments) {
                part_done(&part);
                return -ENOMEM;
        }
        *ret = part;
        return 0;
}

int unit_parts_add_found(const char *app, const char *unit, UnitParts **p)
{
        UnitParts *all = *p ? *p : new_without_note(app);
        size_t n = all ? all->n_items - 1 : 0, n_parts_allocated = n, n_allocated = n + 1;
        PartUnit found = {};

        if (!all)
                return -ENOMEM;
        *p = all;
        if (unit_parts_find(all, unit))
                return 0;
        if (ARRAY_GROW(all->note.parts.items, n, n_parts_allocated) < 0 ||
                        ARRAY_GROW(all->items, all->n_items, n_allocated) < 0 ||
                        part_unit_make(&found, unit) < 0 || make_found(unit, &all->note.parts.items[n]) < 0) {
                free(found.unit);
                free(found.path);
                return -ENOMEM;
        }
        all->note.parts.n_items++;
        ARRAY_OPEN(all->items, all->n_items, n);
        all->items[n] = found;
        return 0;
}

UnitParts *unit_parts_free(UnitParts *p)
{
        if (!p)
                return NULL;
        FOREACH_ARRAY(unit, p->items, p->n_items) {
                free(unit->unit);
                free(unit->path);
                free(unit->text_before);
        }
        free(p->items);
        part_note_done(&p->note);
        free(p->slice_group);
        free(p->app);
        free(p);
        return NULL;
}

const char *unit_parts_slice(const UnitParts *p)
{
        return p->items[p->n_items - 1].unit;
}

PartUnit *unit_parts_find(UnitParts *p, const char *unit)
{
        FOREACH_ARRAY(item, p->items, p->n_items)
                if (streq(item->unit, unit))
                        return item;
        return NULL;
}

bool unit_parts_made(UnitParts *p, const char *unit)
{
        const PartUnit *item = unit_parts_find(p, unit);
        size_t i = item ? (size_t) (item - p->items) : 0;

        return item && (i == p->n_items - 1 || p->note.parts.items[i].kind != PART_UNIT);
}

void unit_parts_begin(UnitParts *p)
{
        FOREACH_ARRAY(item, p->items, p->n_items)
                item->is_read = false;
}

void unit_parts_want(UnitParts *p)
{
        FOREACH_ARRAY(item, p->items, p->n_items)
                item->is_wanted = true;
}

PartUnit *unit_parts_next(UnitParts *p)
{
        FOREACH_ARRAY(item, p->items, p->n_items)
                if (item->is_wanted)
                        return item;
        return NULL;
}

/* ---- what was read ---- */

static bool shows_the_same(const PartProperties *a, const PartProperties *b)
{
        return streq(a->unit.active_state, b->unit.active_state) && a->since_usec == b->since_usec &&
               streq(a->text, b->text) && streq(a->unit.result, b->unit.result);
}

int part_unit_take(PartUnit *unit, const PartProperties *p)
{
        bool changed = !unit->is_read || !shows_the_same(&unit->properties, p);
        PartProperties old = unit->properties;

        /* Only the first one: a helper says why it ends before it does. */
        if (streq(p->unit.active_state, "active") && !unit->text_before &&
                        !(unit->text_before = strdup(p->text)))
                return -ENOMEM;
        unit->properties = *p;
        /* systemd forgets it at the end, and processes may be left. */
        if (!p->unit.control_group[0])
                strcpy(unit->properties.unit.control_group, old.unit.control_group);
        unit->is_read = true;
        return changed;
}

void unit_parts_get(const UnitParts *p, size_t i, UnitPart *ret)
{
        const Part *part = &p->note.parts.items[i];
        const PartProperties *properties = &p->items[i].properties;
        bool failed = streq(properties->unit.active_state, "failed");

        *ret = (UnitPart){
                .kind = part_kind_to_string(part->kind),
                .id = part->id,
                .name = part->name,
                .state = p->items[i].is_read ? properties->unit.active_state : "unknown",
                .since_usec = properties->since_usec,
                .text = properties->text,
        };
        if (failed && !streq(properties->unit.result, "exit-code"))
                ret->text = properties->unit.result; /* its helper could say nothing any more */
}

/* ---- what it means ---- */

int unit_parts_group(UnitParts *p, const char *worker_group)
{
        const char *slash = worker_group ? strrchr(worker_group, '/') : NULL, *slice = unit_parts_slice(p);
        size_t n = slash ? (size_t) (slash - worker_group) : 0, length = strlen(slice);

        if (p->slice_group)
                return 0;
        /* A worker that lies elsewhere lies among those of other applications. */
        if (n <= length || strncmp(slash - length, slice, length) != 0 ||
                        slash[-1 - (ptrdiff_t) length] != '/')
                return cgroup_guess_unit(WORKER_SLICE, slice, &p->slice_group);
        p->slice_group = strndup(worker_group, (size_t) (slash - worker_group));
        return p->slice_group ? 0 : -ENOMEM;
}

bool unit_parts_lies_within(const UnitParts *p, const UnitProperties *properties)
{
        return streq(properties->slice, unit_parts_slice(p));
}

int unit_parts_group_of(const UnitParts *p, const char *unit, const UnitProperties *properties, char **ret)
{
        bool within = isempty(properties->slice) || unit_parts_lies_within(p, properties);

        if (properties->control_group[0])
                *ret = strdup(properties->control_group);
        else if (within && p->slice_group)
                *ret = text_format("%s/%s", p->slice_group, unit);
        else
                return cgroup_guess_unit(within ? unit_parts_slice(p) : properties->slice, unit, ret);
        return *ret ? 0 : -ENOMEM;
}

static bool part_has_processes(const UnitParts *p, const PartUnit *unit, const char *cgroup_root)
{
        _cleanup_free_ char *group = NULL;

        return !part_is_over(&unit->properties) ||
               (unit_parts_group_of(p, unit->unit, &unit->properties.unit, &group) >= 0 &&
                               cgroup_is_populated(cgroup_root, group) > 0);
}

/* Until an administrator has looked, and removed the file. */
static void see_note(UnitParts *p, const char *directory)
{
        if (!p->is_unknown)
                return;
        p->is_unknown = part_note_exists(directory, p->app);
        if (p->is_unknown)
                snprintf(p->seen.left, sizeof(p->seen.left),
                                "its note %s/" PART_NOTES
                                "/%s cannot be read, so its parts are not known: see that none is left here, then: "
                                "distroctl clear --part %s note",
                                directory, p->app, p->app);
}

static bool all_are_read(const UnitParts *p)
{
        FOREACH_ARRAY(item, p->items, p->n_items)
                if (!item->is_read)
                        return false;
        return true;
}

const Part *unit_parts_part(const UnitParts *p, const PartUnit *unit)
{
        size_t i = (size_t) (unit - p->items);

        return i + 1 < p->n_items ? p->note.parts.items + i : NULL;
}

/* `mounted`: what is mounted where the part would be; NULL: nothing. */
static PartView part_view(const UnitParts *p, size_t i, const PartHost *host, const char *mounted)
{
        const PartUnit *unit = &p->items[i];

        return (PartView){
                .part = &p->note.parts.items[i],
                .unit = unit->unit,
                .properties = &unit->properties,
                .text_before = unit->text_before,
                .by_guard = part_is_over(&unit->properties) &&
                            guard_stamp_covers(host->directory, unit->properties.unit.ended_usec),
                .has_processes = part_has_processes(p, unit, host->cgroup_root),
                .begun_usec = p->note.begun_usec,
                .is_mounted = mounted != NULL,
                .mounted = mounted,
        };
}

/* NULL: nothing is mounted there, or it is no mount. What is not known may be. To be freed. */
static char *find_mounted(const Part *part, const char *mountinfo, int *error)
{
        char *source = NULL;
        int r = part->kind == PART_MOUNT ? mount_find(mountinfo, part->name, &source) : 0;

        if (r < 0 && !(source = strdup("")))
                *error = -ENOMEM;
        return source;
}

const PartsSeen *unit_parts_see(UnitParts *p, size_t n_due, const PartHost *host)
{
        size_t n = p->n_items - 1;
        _cleanup_free_ PartView *views = NULL;
        _cleanup_free_ char **mounted = NULL;
        int r = 0;

        if (!all_are_read(p))
                return NULL;
        views = calloc(n + 1, sizeof(*views));
        mounted = calloc(n + 1, sizeof(*mounted));
        if (!views || !mounted)
                return NULL; /* the next look tells */
        for (size_t i = 0; i < n; i++) {
                mounted[i] = find_mounted(p->note.parts.items + i, host->mountinfo, &r);
                views[i] = part_view(p, i, host, mounted[i]);
                views[i].is_due = i < n_due;
        }
        parts_see(views, n, &p->items[n].properties.unit, &p->seen);
        see_note(p, host->directory);
        FOREACH_ARRAY(m, mounted, n)
                free(*m);
        return r < 0 ? NULL : &p->seen;
}
