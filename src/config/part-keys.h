/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: the keys of [Parts]. */

#include "base/bytes.h"
#include "config/app-parse.h"

#define PARTS_MAX 64 /* of one application */

/* One line, as it is here and with neutral specifiers. An empty value of any key takes all parts away. -ENOENT, and
 * no complaint: the section has no such key. */
int part_key_parse(AppParse *a, ParseState *p, const char *key, const char *value);
const char *part_key_name(size_t i); /* NULL after the last one */
bool part_key_is_known(const char *key);
/* What the whole file says against its parts. */
int parts_check(AppParse *a);
/* What all nodes have to have alike of the parts; nothing where there are none. */
void put_parts(ByteWriter *w, const Parts *parts);
