/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of an application's file, and what is said of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

/* The nodes abc, bcd and def, on a host without files. */
extern const ConfigContext three_nodes;

/* All that was said at that level is `expected`; `text` is what it was said of. */
void assert_messages(const ConfigMessages *m, ConfigLevel level, const char *expected, const char *text);
/* Of "x.app", without an error. */
AppConfig parse_good(const ConfigContext *c, const char *text);
/* It is refused with these errors, and nothing is left of it. */
void check_bad(const ConfigContext *c, const char *text, const char *expected);
