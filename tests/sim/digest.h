/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One number over what engines did, so that two builds can be compared: what they start, stop, answer and note, each in
 * words, in order. No encoded byte goes in, nor a state's digest: a change of the wire format or of the record leaves it. */

#include "engine/engine.h"

void digest_words(uint64_t *digest, const char *format, ...) _printf_(2, 3);
void digest_effects(uint64_t *digest, uint64_t at_usec, uint32_t node, const EffectList *effects);
