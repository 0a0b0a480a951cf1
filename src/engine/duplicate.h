/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For tests that try out what would happen: an engine can be copied between two steps, and compared by a number. The
 * daemon links none of it. Without memory the program ends: a test has no caller to tell. */

#include "engine/engine.h"

/* Another engine that will do the same from here on; engine_free() ends it. */
Engine *engine_copy(const Engine *e);
/* Over everything that the engine knows, times and what only it knows included. Equal numbers: the two will do the same
 * (but for one chance in 2^64). Different numbers say little: what lies between the fields of a structure is in it. */
uint64_t engine_fingerprint(const Engine *e);
uint64_t message_fingerprint(const Message *m);
