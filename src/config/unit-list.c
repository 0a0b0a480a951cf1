/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list of properties that parsing builds up, and its canonical bytes. */

#include "base/array.h"
#include "config/unit-parse.h"

void unit_properties_done(UnitProperties *l)
{
        unit_properties_free(l->items, l->n_items);
        *l = (UnitProperties){ 0 };
}

/* The place behind all properties whose name is not greater. */
static size_t upper_bound(const UnitProperties *l, const char *name)
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

UnitProperty *unit_properties_get(UnitProperties *l, const char *name)
{
        size_t at = upper_bound(l, name);
        return at > 0 && streq(l->items[at - 1].name, name) ? l->items + at - 1 : NULL;
}

void unit_properties_remove(UnitProperties *l, const char *name)
{
        UnitProperty *p;
        while ((p = unit_properties_get(l, name))) {
                size_t at = (size_t) (p - l->items);
                unit_property_done(p);
                ARRAY_CLOSE(l->items, l->n_items, at);
        }
}

UnitProperty *unit_properties_append(UnitProperties *l, const char *name, UnitPropertyKind kind)
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

UnitProperty *unit_properties_replace(UnitProperties *l, const char *name, UnitPropertyKind kind)
{
        unit_properties_remove(l, name);
        return unit_properties_append(l, name, kind);
}

UnitProperty *unit_properties_extend(UnitProperties *l, const char *name, UnitPropertyKind kind)
{
        UnitProperty *p = unit_properties_get(l, name);
        if (!p)
                return unit_properties_append(l, name, kind);
        ASSERT(p->kind == kind);
        return p;
}

int unit_strings_add(UnitStrings *s, const char *string)
{
        return names_append(&s->items, &s->n, string);
}

int unit_extend_strings(UnitParse *u, const char *property, const char *string)
{
        UnitProperty *p = unit_properties_extend(u->properties, property, UNIT_PROPERTY_STRINGS);

        return p ? unit_strings_add(&p->strings, string) : -ENOMEM;
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

static UnitProperty *replace(UnitParse *u, const char *property, UnitPropertyKind kind)
{
        return unit_properties_replace(u->properties, property, kind);
}

int unit_set_string(UnitParse *u, const char *property, const char *value)
{
        char *copy = strdup(value);
        UnitProperty *p = copy ? replace(u, property, UNIT_PROPERTY_STRING) : NULL;
        if (!p) {
                free(copy);
                return -ENOMEM;
        }
        p->string = copy;
        return 0;
}

int unit_set_bool(UnitParse *u, const char *property, bool value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_BOOL);
        if (!p)
                return -ENOMEM;
        p->boolean = value;
        return 0;
}

int unit_set_i32(UnitParse *u, const char *property, int64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_I32);
        if (!p)
                return -ENOMEM;
        p->i32 = (int32_t) value;
        return 0;
}

int unit_set_u32(UnitParse *u, const char *property, uint64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_U32);
        if (!p)
                return -ENOMEM;
        p->u32 = (uint32_t) value;
        return 0;
}

int unit_set_u64(UnitParse *u, const char *property, uint64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_U64);
        if (!p)
                return -ENOMEM;
        p->u64 = value;
        return 0;
}

static void put_strings(ByteWriter *w, const UnitStrings *s)
{
        put_u32(w, (uint32_t) s->n);
        for (size_t i = 0; i < s->n; i++)
                put_blob(w, s->items[i], strlen(s->items[i]));
}

static void put_row(ByteWriter *w, const UnitRow *row)
{
        put_blob(w, row->first, strlen(row->first));
        put_blob(w, row->second, strlen(row->second));
        put_bool(w, row->flag);
        put_bool(w, row->flag2);
        put_u64(w, row->number);
}

static int compare_rows(const void *a, const void *b)
{
        const UnitRow *x = *(const UnitRow *const *) a, *y = *(const UnitRow *const *) b;
        int c = strcmp(x->first, y->first);
        if (c == 0)
                c = strcmp(x->second, y->second);
        if (c == 0)
                c = CMP(x->flag, y->flag);
        return c != 0 ? c : CMP(x->flag2, y->flag2);
}

/* Conditions come from many keys but are one property; their order says nothing, so that of the keys must
 * not. */
static void put_conditions(ByteWriter *w, const UnitProperty *p)
{
        _cleanup_free_ const UnitRow **sorted = calloc(MAX(p->rows.n, (size_t) 1), sizeof(*sorted));
        if (!sorted) {
                w->error = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < p->rows.n; i++)
                sorted[i] = p->rows.items + i;
        qsort(sorted, p->rows.n, sizeof(*sorted), compare_rows);
        for (size_t i = 0; i < p->rows.n; i++)
                put_row(w, sorted[i]);
}

static void put_numbers(ByteWriter *w, const int32_t *numbers, size_t n)
{
        put_u32(w, (uint32_t) n);
        for (size_t i = 0; i < n; i++)
                put_u32(w, (uint32_t) numbers[i]);
}

static void put_value(ByteWriter *w, const UnitProperty *p)
{
        switch (p->kind) {
        case UNIT_PROPERTY_BOOL:
                put_bool(w, p->boolean);
                return;
        case UNIT_PROPERTY_I32:
                put_u32(w, (uint32_t) p->i32);
                return;
        case UNIT_PROPERTY_U32:
                put_u32(w, p->u32);
                return;
        case UNIT_PROPERTY_U64:
                put_u64(w, p->u64);
                return;
        case UNIT_PROPERTY_STRING:
                put_blob(w, p->string, strlen(p->string));
                return;
        case UNIT_PROPERTY_STRINGS:
        case UNIT_PROPERTY_LINES:
        case UNIT_PROPERTY_BYTE_ARRAYS:
                put_strings(w, &p->strings);
                return;
        case UNIT_PROPERTY_BYTES:
                put_blob(w, p->bytes.data, p->bytes.size_bytes);
                return;
        case UNIT_PROPERTY_EXEC:
        case UNIT_PROPERTY_EXEC_EX:
                put_u32(w, (uint32_t) p->exec.n);
                for (size_t i = 0; i < p->exec.n; i++) {
                        put_blob(w, p->exec.items[i].path, strlen(p->exec.items[i].path));
                        put_strings(w, &p->exec.items[i].argv);
                        put_strings(w, &p->exec.items[i].flags);
                }
                return;
        case UNIT_PROPERTY_CONDITIONS:
                put_conditions(w, p);
                return;
        case UNIT_PROPERTY_STRING_BOOLS:
        case UNIT_PROPERTY_STRING_PAIRS:
        case UNIT_PROPERTY_STRING_U64S:
        case UNIT_PROPERTY_STRING_BYTES:
        case UNIT_PROPERTY_BINDS:
        case UNIT_PROPERTY_LINKS:
                put_u32(w, (uint32_t) p->rows.n);
                for (size_t i = 0; i < p->rows.n; i++)
                        put_row(w, p->rows.items + i);
                return;
        case UNIT_PROPERTY_ADDRESSES:
                put_u32(w, (uint32_t) p->addresses.n);
                for (size_t i = 0; i < p->addresses.n; i++) {
                        put_u32(w, (uint32_t) p->addresses.items[i].family);
                        put_blob(w, p->addresses.items[i].bytes, p->addresses.items[i].n_bytes);
                        put_u32(w, p->addresses.items[i].prefix_length);
                }
                return;
        case UNIT_PROPERTY_SOCKET_BINDS:
                put_u32(w, (uint32_t) p->socket_binds.n);
                for (size_t i = 0; i < p->socket_binds.n; i++) {
                        put_u32(w, (uint32_t) p->socket_binds.items[i].family);
                        put_u32(w, (uint32_t) p->socket_binds.items[i].protocol);
                        put_u16(w, p->socket_binds.items[i].n_ports);
                        put_u16(w, p->socket_binds.items[i].port);
                }
                return;
        case UNIT_PROPERTY_LABEL:
                put_bool(w, p->label.flag);
                put_blob(w, p->label.name, strlen(p->label.name));
                return;
        case UNIT_PROPERTY_SET:
                put_bool(w, p->set.flag);
                put_strings(w, &p->set.strings);
                return;
        case UNIT_PROPERTY_STATUS_SET:
                put_numbers(w, p->status_set.codes, p->status_set.n_codes);
                put_numbers(w, p->status_set.signals, p->status_set.n_signals);
                return;
        case _UNIT_PROPERTY_KIND_MAX:
                return;
        }
}

void unit_properties_encode(const UnitProperties *l, ByteWriter *w)
{
        put_u32(w, (uint32_t) l->n_items);
        for (size_t i = 0; i < l->n_items; i++) {
                put_string(w, l->items[i].name);
                put_u8(w, (uint8_t) l->items[i].kind);
                put_value(w, l->items + i);
        }
}
