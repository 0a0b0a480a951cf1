/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one road of each end of a copy with parts; its table is in unit-machine.h. */

#include "systemd/unit-machine.h"

/* All parts are wanted anew, and nothing follows before that. */
void unit_road_read(UnitMachine *m, UnitTodo *t);
/* After LOOKED, `alive`: the worker is at work. True: the copy is on the road, or it is not known that it is not; what is to
 * be said and done of it is in the todo. */
bool unit_walk(UnitMachine *m, const UnitFact *f, bool alive, UnitTodo *t);
