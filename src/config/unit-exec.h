/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: command lines of [Unit] and [Service]. */

#include "config/unit-parse.h"

/* Brings Exec...= into the forms in which it is sent, as unit-property.h tells; the list is not sorted
 * strictly after it. 0 or -ENOMEM. */
int property_list_split_exec(PropertyList *l);
int unit_parse_exec(UnitParse *u, const UnitKey *k, const char *value);
