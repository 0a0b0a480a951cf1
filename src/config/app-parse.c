/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/app-parse.h"
#include "config/unit-keys.h"

ParseState app_parse_at_key(AppParse *a, const char *key)
{
        const UnitKey *k = unit_key_find(SECTION_SERVICE, key);
        ASSERT(k);
        return parse_state_at(&a->state, &a->unit_places[unit_key_index(k)], key);
}

const char *app_parse_string(AppParse *a, const char *name, const char *fallback)
{
        const UnitProperty *p = property_list_get(&a->properties, name);
        return p && p->kind == UNIT_PROPERTY_STRING ? p->string : fallback;
}
