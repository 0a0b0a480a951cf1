/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Messages for the tests of src/wire. */

#include "engine/message.h"

/* A stream of numbers that is the same everywhere. */
uint64_t sample_random(uint64_t *seed);

/* One fixed message of each type with no two fields alike; the golden bytes and the corpus are made from
 * these. */
Message *sample_fixed(MessageType type);
/* Drawn from the seed: empty and full lists, empty and long texts, the greatest numbers. */
Message *sample_drawn(MessageType type, uint64_t *seed);

/* Field by field. */
bool sample_equal(const Message *a, const Message *b);
