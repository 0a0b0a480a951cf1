/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What happens to an application now. decide.c says what the cases are. */

#include "engine/agreed/agreed.h"

/* Looks at all applications that are dirty. */
void decide_all(Agreed *g);
/* Takes the application from `present` to `to`, or, 0, to the placement's choice at that time. */
void app_move(Agreed *g, App *a, Copy *present, StartType type, uint32_t to, const char *why);
