/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is always true of the agreed state between two messages, numbered. It is asserted after each message, in release too, for
 * what the message touched; a simulation asks for the whole after each step. Only a fault of this program breaks one: what comes
 * from a disk or from the group is refused before. */

#include "engine/state.h"

/* NULL: all hold. Else the first that does not, its number and its words. */
const char *check_app(const State *s, const App *a);
const char *check_nodes(const State *s);
const char *check_state(const State *s); /* all of it */
/* Ends the program where one does not hold. */
void check_assert(const char *broken);
