/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: the keys of [Application]. */

#include "config/app-parse.h"

/* -ENOENT, and no complaint: the section has no such key. */
int app_key_parse(AppParse *a, ParseState *p, const char *key, const char *value);
const char *app_key_name(size_t i); /* NULL after the last one */
void app_definition_init(Definition *d);
