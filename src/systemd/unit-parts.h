/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts beside a worker, as they are known here. */

#include "config/part.h"
#include "systemd/unit-info.h"

/* Of one application; NULL where it has none. */
typedef struct UnitParts {
        Parts parts;
} UnitParts;

/* A copy of what is to be started; NULL for none. 0 or -ENOMEM. */
int unit_parts_new(const Parts *parts, UnitParts **ret);
UnitParts *unit_parts_free(UnitParts *p);
DEFINE_TRIVIAL_CLEANUP(UnitParts *, unit_parts_free)

void unit_parts_get(const UnitParts *p, size_t i, UnitPart *ret);
