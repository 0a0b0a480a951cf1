/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: the properties that the lines of a file have made so far. */

#include "config/unit-property.h"

typedef struct PropertyList {
        UnitProperty *items; /* sorted by name; those of one name in the order of the file */
        size_t n_items, n_allocated;
} PropertyList;

void property_list_done(PropertyList *l);
UnitProperty *property_list_get(PropertyList *l, const char *name); /* NULL: there is none */
void property_list_remove(PropertyList *l, const char *name);       /* all of that name */
/* A new property behind those of the same name; NULL: out of memory. The pointer is good until the next
 * change. */
UnitProperty *property_list_append(PropertyList *l, const char *name, UnitPropertyKind kind);
/* The only one of that name, emptied; and the last one of that name with what it has, or a new one. */
UnitProperty *property_list_replace(PropertyList *l, const char *name, UnitPropertyKind kind);
UnitProperty *property_list_extend(PropertyList *l, const char *name, UnitPropertyKind kind);

int unit_strings_add(UnitStrings *s, const char *string);
/* NULL strings are written as "". */
int unit_rows_add(UnitProperty *p, const char *first, const char *second, bool flag, bool flag2,
                uint64_t number);
