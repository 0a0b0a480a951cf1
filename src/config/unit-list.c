/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list of properties that parsing builds up. */

#include "base/array.h"
#include "config/unit-list.h"
#include "config/words.h"

void property_list_done(PropertyList *l)
{
        for (size_t i = 0; i < l->n_items; i++)
                unit_property_done(&l->items[i]);
        free(l->items);
        *l = (PropertyList){ 0 };
}

/* The place behind all properties whose name is not greater. */
static size_t upper_bound(const PropertyList *l, const char *name)
{
        size_t from = 0, to = l->n_items;
        while (from < to) {
                size_t middle = from + (to - from) / 2;
                if (strcmp(l->items[middle].name, name) <= 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from;
}

UnitProperty *property_list_get(PropertyList *l, const char *name)
{
        size_t at = upper_bound(l, name);
        return at > 0 && streq(l->items[at - 1].name, name) ? l->items + at - 1 : NULL;
}

void property_list_remove(PropertyList *l, const char *name)
{
        UnitProperty *p;
        while ((p = property_list_get(l, name))) {
                size_t at = (size_t) (p - l->items);
                unit_property_done(p);
                ARRAY_CLOSE(l->items, l->n_items, at);
        }
}

UnitProperty *property_list_append(PropertyList *l, const char *name, UnitPropertyKind kind)
{
        char *copy = strdup(name);
        if (!copy || ARRAY_GROW(l->items, l->n_items, l->n_allocated) < 0) {
                free(copy);
                return NULL;
        }
        size_t at = upper_bound(l, name);
        ARRAY_OPEN(l->items, l->n_items, at);
        l->items[at].name = copy;
        l->items[at].kind = kind;
        return l->items + at;
}

UnitProperty *property_list_replace(PropertyList *l, const char *name, UnitPropertyKind kind)
{
        property_list_remove(l, name);
        return property_list_append(l, name, kind);
}

UnitProperty *property_list_extend(PropertyList *l, const char *name, UnitPropertyKind kind)
{
        UnitProperty *p = property_list_get(l, name);
        if (!p)
                return property_list_append(l, name, kind);
        ASSERT(p->kind == kind);
        return p;
}

int unit_strings_add(UnitStrings *s, const char *string)
{
        return names_append(&s->items, &s->n, string);
}

int unit_rows_add(UnitProperty *p, const char *first, const char *second, bool flag, bool flag2,
                uint64_t number)
{
        UnitRow row = { strdup(strempty(first)), strdup(strempty(second)), flag, flag2, number };
        UnitRow *grown = row.first && row.second ? realloc(p->rows.items, (p->rows.n + 1) * sizeof(UnitRow))
                                                 : NULL;
        if (!grown) {
                free(row.first);
                free(row.second);
                return -ENOMEM;
        }
        p->rows.items = grown;
        grown[p->rows.n++] = row;
        return 0;
}
