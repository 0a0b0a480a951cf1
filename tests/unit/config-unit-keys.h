/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What keys of [Unit] and [Service] become: the sealed properties of a file that has some lines more than it needs, written
 * out as text, and the words for what is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

typedef struct UnitKeysCase {
        const char *lines, *expected;
} UnitKeysCase;

/* The lines, in the section of an application "my-app" that has ExecStart=/frame. Returns what app_config_parse() returns. */
int unit_keys_parse(const char *section, const char *lines, ConfigMessages *m, AppConfig *ret);
/* All properties but the plain ExecStart of the frame are `expected`: "NAME SIGNATURE VALUE", each on a line. */
void unit_keys_good(const char *section, const UnitKeysCase *cases, size_t n);
/* They are refused; `expected` is what follows "x:6: Key=: " for the one key of `lines`. */
void unit_keys_bad(const char *section, const UnitKeysCase *cases, size_t n);
