/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "systemd/unit-machine.h"

/* Takes what came and says what follows from it. */
void unit_step(UnitMachine *m, const UnitFact *fact, UnitTodo *ret);
