/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Characters of UTF-8, in strings that end with a zero byte. */

#include "base/macros.h"

/* The length in bytes of the character at `s`, and the character; 0 where that is not UTF-8 in its shortest form. The zero
 * byte ends every sequence, so that none can lead beyond it. */
size_t utf8_decode(const char *s, uint32_t *ret);
/* What a terminal would obey instead of showing it, the marks that turn the direction of writing included. */
bool utf8_is_control(uint32_t c);
/* 1 to `max_bytes` bytes without blanks and control characters. NULL is none. */
bool utf8_is_word(const char *s, size_t max_bytes);
