/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: the table of the keys of [Unit] and [Service]. */

#include "config/unit-parse.h"

/* The key of that name, or NULL; `section` is SECTION_UNIT or SECTION_SERVICE. */
const UnitKey *unit_key_find(unsigned section, const char *key);
/* The key's place in the table; all are below unit_key_count(). */
size_t unit_key_index(const UnitKey *k);
size_t unit_key_count(void);
const UnitKey *unit_key_at(size_t i); /* NULL after the last one */
/* Why systemd's key is not to be used here, or NULL. */
const char *unit_key_refusal(unsigned section, const char *key);
/* Applies one assignment. */
int unit_key_apply(UnitParse *u, const UnitKey *k, const char *value);
