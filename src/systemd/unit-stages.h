/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A start in several calls; its table is in unit-machine.h. */

#include "systemd/unit-machine.h"

/* Before the first call. `f` is LOOKED, and no worker is there. True: the call may be sent. */
bool unit_may_begin(UnitMachine *m, const UnitFact *f, UnitTodo *t);
/* After LOOKED, between two calls. True: what is to be said and done is in the todo; false: the start has ended, and the road
 * tells how. */
bool unit_walk_stages(UnitMachine *m, const UnitFact *f, UnitTodo *t);
/* What a call has begun is on its way. Signals tell of it, and of its job; this is for those that are lost. */
void unit_await_stage(UnitMachine *m, const UnitFact *f, UnitTodo *t);
/* A start of which something may be there ends: all of it is stopped, and that is said once it is seen to have ended. */
void unit_end_start(UnitMachine *m, UnitState cause, const char *reason, UnitTodo *t);
