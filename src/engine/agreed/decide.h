/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What happens to an application now. decide.c says what the cases are. */

#include "engine/agreed/agreed.h"

/* Looks at all applications that are dirty. */
void decide_all(Agreed *g);
/* Why nothing can be started anywhere, in words; NULL where nothing is in the way. Points into `buffer`. */
const char *decide_obstacle(const Agreed *g, const App *a, char *buffer, size_t size_bytes);
/* The same without the copy `but`, and, where `given_up`, without what `takeover --force` gives up. */
const char *decide_obstacle_but(const Agreed *g, const App *a, const Copy *but, bool given_up, char *buffer,
                size_t size_bytes);
bool app_failed_everywhere(const Agreed *g, const App *a);
/* Takes the application from `present` to `to`, or, 0, to the placement's choice at that time. */
void app_move(Agreed *g, App *a, Copy *present, StartType type, uint32_t to, const char *why);
