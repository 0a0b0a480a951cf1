/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole engine, for the files of the roof and for tests; no wing includes this. A wing is the first thing in the one above it,
 * so what a rule can reach stands below it: an engine's `here` is this node, whose `me` is its member, whose `agreed` is what all
 * members hold alike. */

#include "engine/local/local.h"

struct Engine {
        Local here;
};
