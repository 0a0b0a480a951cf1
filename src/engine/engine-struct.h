/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole engine, for the files of the roof and for tests; no wing includes this. Each wing is the first thing in the
 * one above it, so a rule reaches what stands below it. An engine's `here` is this node, its `me` is the member, and
 * that one's `agreed` is what all members hold alike. */

#include "engine/local/local.h"

struct Engine {
        Local here;
};
