/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/runs.h"

#define RESTART_LASTS_USEC (1 * USEC_PER_SEC) /* a restart by systemd that takes so long is told */
#define RESTART_SETTLED_USEC \
        (10 * USEC_PER_SEC)                   /* after one a worker runs again when it has run for so long */
#define RESTART_TELL_USEC (10 * USEC_PER_SEC) /* between two tellings of how often it was restarted */

/* A local unit's state, and its reason unless that is NULL, as systemd says now. */
void restarts_set_unit(Local *here, LocalUnit *u, UnitState state, const char *reason);
/* What the group has to hear of the run of a copy here that has not ended. UNIT_STARTING: systemd restarts it, and
 * restarts_text() says how; UNIT_RUNNING: it runs; UNIT_NONE: neither is news. */
UnitState restarts_news(const Local *here, const App *a, const Copy *c, LocalUnit *u);
const char *restarts_text(const LocalUnit *u);
/* When there may be news without an event. */
uint64_t restarts_deadline(const Local *here, const LocalUnit *u);
