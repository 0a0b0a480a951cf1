/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way out: carries out what the engine asks for, in order. effects.c has the table. */

#include "daemon/manager-struct.h"

void effects_carry_out(Manager *m, EffectList *effects);
