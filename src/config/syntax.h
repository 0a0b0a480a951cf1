/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: a file's text to its lines. */

#include "config/parse-state.h"

/* Is called for each "Key=value" of a known section, with white space at both ends of both cut off. The key
 * is in p->key too. `section` is an index into the list of sections. */
typedef int (*AssignmentHandler)(
                ParseState *p, size_t section, const char *key, const char *value, void *userdata);

/* Splits a file's text. `sections` is NULL-terminated. Returns 0, or -ENOMEM; mistakes are complaints. */
int syntax_parse(ParseState *p, const char *text, size_t size_bytes, const char *const *sections,
                AssignmentHandler handler, void *userdata);
