/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one way into a unit's machine: unit_step() is told what came, and what follows is carried out. Questions to systemd
 * are sent at once; calls, reads and kills stand in line for unit-jobs.h. */

#include "systemd/unit-known.h"

/* May free the unit, where it turns out to be no copy of ours. `fact` needs no time. */
void unit_take(Unit *unit, const UnitFact *fact);

static inline void unit_take_plain(Unit *unit, UnitFactType type)
{
        unit_take(unit, &(UnitFact){ .type = type });
}

/* Where systemd keeps it as failed. */
void unit_reset_failed(const Unit *unit);
void unit_reset_parts(const Unit *unit);
/* What it left has been taken away once more: systemd need not keep the failure of the first time. The id is that of the part. */
void unit_part_removed(Unit *unit, const char *id, size_t id_length);
/* All that is known of the parts of a copy whose end was told, here and on disk. */
void unit_drop_parts(Unit *unit);
