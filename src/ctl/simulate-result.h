/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a simulation has ended, as a table or as JSON. */

#include "ctl/model.h"
#include "world/script.h"

typedef struct SimulationEnd {
        const World *world; /* NULL: no step needed one */
        const Script *script;
        const Strings *trace;
        uint64_t time_usec;
} SimulationEnd;

/* 0 or -ENOMEM. */
int simulate_show_end(const Ctl *c, const SimulationEnd *end);
