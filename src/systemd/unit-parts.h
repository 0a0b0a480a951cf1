/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts beside a worker and their slice, as they are known here: what was started, by its note, and what systemd said of
 * each when it was read last. Nothing here sends anything or knows a bus. */

#include "systemd/part-note.h"
#include "systemd/part-state.h"
#include "systemd/unit-info.h"

/* A part's unit, or the slice. */
typedef struct PartUnit {
        char *unit, *path;
        PartProperties properties;
        char *text_before; /* its helper's word when it was seen to be active first; NULL: it was not */
        bool is_read;      /* ever */
        bool is_wanted;    /* to be read, anew where that is under way */
} PartUnit;

/* Of one application; NULL where it has none. */
typedef struct UnitParts {
        char *app;
        PartNote note;
        PartUnit *items; /* those of the note, in its order, then the slice */
        size_t n_items;
        char *slice_group; /* the slice's control group; NULL: not known */
        bool is_unknown;   /* the note cannot be read: there may be parts beside those that are known */
        bool is_unread;    /* counts in Units.n_unread */
        bool slice_read;   /* since PARTS_READ was told last */
        PartsSeen seen;    /* as unit_parts_see() made it last */
} UnitParts;

/* Where what the host shows of them lies. */
typedef struct PartHost {
        const char *directory; /* the guard's and the notes' */
        const char *cgroup_root, *mountinfo;
} PartHost;

/* Of what is to be started; NULL for none. 0 or -ENOMEM, -EINVAL: a part that no unit can be called by. */
int unit_parts_new(const char *app, uint64_t epoch, const Parts *parts, UnitParts **ret);
/* What an earlier manager's note in `directory` says. 0, or -ENOENT, -ENOMEM. */
int unit_parts_from_note(const char *directory, const char *app, UnitParts **ret);
/* A unit of a part that is there and in no note: what is known is its name. Made where there is none yet. 0 or -ENOMEM. */
int unit_parts_add_found(const char *app, const char *unit, UnitParts **p);
UnitParts *unit_parts_free(UnitParts *p);
DEFINE_TRIVIAL_CLEANUP(UnitParts *, unit_parts_free)

void unit_parts_get(const UnitParts *p, size_t i, UnitPart *ret);
const char *unit_parts_slice(const UnitParts *p);
/* It is called so, and is made by a start: an installed unit is not. */
bool unit_parts_made(UnitParts *p, const char *unit);
/* NULL: none of its units is called so. */
PartUnit *unit_parts_find(UnitParts *p, const char *unit);
/* Its start was sent: what was read before it, as at a listing while it stood in line, is not how they are. */
void unit_parts_begin(UnitParts *p);
void unit_parts_want(UnitParts *p);
/* The next one that is to be read; NULL: none. */
PartUnit *unit_parts_next(UnitParts *p);
/* What was read of one. True: what units_get_part() says has changed. -ENOMEM. */
int part_unit_take(PartUnit *unit, const PartProperties *properties);
/* The control group of all of it, learned from the worker's or guessed. 0 or -ENOMEM. */
int unit_parts_group(UnitParts *p, const char *worker_group);
/* True: it is known to lie in the slice, so that what is done to the slice reaches it. A drop-in may have placed it elsewhere. */
bool unit_parts_lies_within(const UnitParts *p, const UnitProperties *properties);
/* The control group of one of its units, as it was read, or is to be. The caller frees. 0, -EINVAL or -ENOMEM. */
int unit_parts_group_of(const UnitParts *p, const char *unit, const UnitProperties *properties, char **ret);
/* The part that it is the unit of; NULL: it is the slice. */
const Part *unit_parts_part(const UnitParts *p, const PartUnit *unit);
/* What the host shows of them; NULL: not all of them were read. `n_due`: of so many the start was asked for. */
const PartsSeen *unit_parts_see(UnitParts *p, size_t n_due, const PartHost *host);
