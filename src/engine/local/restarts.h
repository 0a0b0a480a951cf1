/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* A local unit's state, and its reason unless that is NULL, as systemd says now. */
void restarts_set_unit(Engine *e, LocalUnit *u, UnitState state, const char *reason);
/* What the group has to hear of the run of a copy here that has not ended. UNIT_STARTING: systemd restarts it, and
 * restarts_text() says how; UNIT_RUNNING: it runs; UNIT_NONE: neither is news. */
UnitState restarts_news(const Engine *e, const App *a, const Copy *c, LocalUnit *u);
const char *restarts_text(const LocalUnit *u);
/* When there may be news without an event. */
uint64_t restarts_deadline(const Engine *e, const LocalUnit *u);
