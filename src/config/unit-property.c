/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The two things that are done to a value of each kind: it is freed, and it is sealed. */

#include "config/unit-property.h"

static void unit_strings_done(UnitStrings *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->items[i]);
        free(s->items);
        *s = (UnitStrings){ 0 };
}

void unit_property_done(UnitProperty *p)
{
        if (!p)
                return;
        switch (p->kind) {
        case UNIT_PROPERTY_BOOL:
        case UNIT_PROPERTY_I32:
        case UNIT_PROPERTY_U32:
        case UNIT_PROPERTY_U64:
                break;
        case UNIT_PROPERTY_STRING:
                free(p->string);
                break;
        case UNIT_PROPERTY_STRINGS:
        case UNIT_PROPERTY_LINES:
        case UNIT_PROPERTY_BYTE_ARRAYS:
                unit_strings_done(&p->strings);
                break;
        case UNIT_PROPERTY_BYTES:
                free(p->bytes.data);
                break;
        case UNIT_PROPERTY_EXEC:
        case UNIT_PROPERTY_EXEC_EX:
                for (size_t i = 0; i < p->exec.n; i++) {
                        free(p->exec.items[i].path);
                        unit_strings_done(&p->exec.items[i].argv);
                        unit_strings_done(&p->exec.items[i].flags);
                }
                free(p->exec.items);
                break;
        case UNIT_PROPERTY_STRING_BOOLS:
        case UNIT_PROPERTY_STRING_PAIRS:
        case UNIT_PROPERTY_STRING_U64S:
        case UNIT_PROPERTY_STRING_BYTES:
        case UNIT_PROPERTY_BINDS:
        case UNIT_PROPERTY_CONDITIONS:
        case UNIT_PROPERTY_LINKS:
                for (size_t i = 0; i < p->rows.n; i++) {
                        free(p->rows.items[i].first);
                        free(p->rows.items[i].second);
                }
                free(p->rows.items);
                break;
        case UNIT_PROPERTY_ADDRESSES:
                free(p->addresses.items);
                break;
        case UNIT_PROPERTY_SOCKET_BINDS:
                free(p->socket_binds.items);
                break;
        case UNIT_PROPERTY_LABEL:
                free(p->label.name);
                break;
        case UNIT_PROPERTY_SET:
                unit_strings_done(&p->set.strings);
                break;
        case UNIT_PROPERTY_STATUS_SET:
                free(p->status_set.codes);
                free(p->status_set.signals);
                break;
        case _UNIT_PROPERTY_KIND_MAX:
                break;
        }
        free(p->name);
        *p = (UnitProperty){ 0 };
}

static const char *kind_signature(UnitPropertyKind kind)
{
        static const char *const signatures[_UNIT_PROPERTY_KIND_MAX] = {
                [UNIT_PROPERTY_BOOL] = "b",
                [UNIT_PROPERTY_I32] = "i",
                [UNIT_PROPERTY_U32] = "u",
                [UNIT_PROPERTY_U64] = "t",
                [UNIT_PROPERTY_STRING] = "s",
                [UNIT_PROPERTY_STRINGS] = "as",
                [UNIT_PROPERTY_LINES] = "", /* not sent */
                [UNIT_PROPERTY_BYTES] = "ay",
                [UNIT_PROPERTY_EXEC] = "a(sasb)",
                [UNIT_PROPERTY_EXEC_EX] = "a(sasas)",
                [UNIT_PROPERTY_STRING_BOOLS] = "a(sb)",
                [UNIT_PROPERTY_STRING_PAIRS] = "a(ss)",
                [UNIT_PROPERTY_STRING_U64S] = "a(st)",
                [UNIT_PROPERTY_STRING_BYTES] = "a(say)",
                [UNIT_PROPERTY_BINDS] = "a(ssbt)",
                [UNIT_PROPERTY_CONDITIONS] = "a(sbbs)",
                [UNIT_PROPERTY_ADDRESSES] = "a(iayu)",
                [UNIT_PROPERTY_SET] = "(bas)",
                [UNIT_PROPERTY_STATUS_SET] = "(aiai)",
                [UNIT_PROPERTY_LINKS] = "a(sst)",
                [UNIT_PROPERTY_SOCKET_BINDS] = "a(iiqq)",
                [UNIT_PROPERTY_LABEL] = "(bs)",
                [UNIT_PROPERTY_BYTE_ARRAYS] = "aay",
        };

        ASSERT(kind < _UNIT_PROPERTY_KIND_MAX);
        return signatures[kind];
}

static void put_strings(ByteWriter *w, const UnitStrings *s)
{
        put_u32(w, (uint32_t) s->n);
        for (size_t i = 0; i < s->n; i++)
                put_sealed_string(w, s->items[i]);
}

/* Without the final zero. */
static void put_text_bytes(ByteWriter *w, const char *s)
{
        put_blob(w, s, strlen(s));
}

static bool has_flag(const UnitExec *e, const char *flag)
{
        for (size_t i = 0; i < e->flags.n; i++)
                if (streq(e->flags.items[i], flag))
                        return true;
        return false;
}

static void put_execs(ByteWriter *w, const UnitProperty *p)
{
        put_u32(w, (uint32_t) p->exec.n);
        for (size_t i = 0; i < p->exec.n; i++) {
                const UnitExec *e = &p->exec.items[i];

                put_sealed_string(w, e->path);
                put_strings(w, &e->argv);
                if (p->kind == UNIT_PROPERTY_EXEC)
                        put_bool(w, has_flag(e, "ignore-failure"));
                else
                        put_strings(w, &e->flags);
        }
}

static void put_row(ByteWriter *w, UnitPropertyKind kind, const UnitRow *row)
{
        put_sealed_string(w, row->first);
        if (kind == UNIT_PROPERTY_STRING_PAIRS || kind == UNIT_PROPERTY_BINDS || kind == UNIT_PROPERTY_LINKS)
                put_sealed_string(w, row->second);
        else if (kind == UNIT_PROPERTY_STRING_BYTES)
                put_text_bytes(w, row->second);
        if (kind == UNIT_PROPERTY_STRING_BOOLS || kind == UNIT_PROPERTY_BINDS ||
                        kind == UNIT_PROPERTY_CONDITIONS)
                put_bool(w, row->flag);
        if (kind == UNIT_PROPERTY_CONDITIONS) {
                put_bool(w, row->flag2);
                put_sealed_string(w, row->second);
        }
        if (kind == UNIT_PROPERTY_STRING_U64S || kind == UNIT_PROPERTY_BINDS || kind == UNIT_PROPERTY_LINKS)
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
        put_u32(w, (uint32_t) p->rows.n);
        for (size_t i = 0; i < p->rows.n; i++)
                put_row(w, p->kind, sorted[i]);
}

static void put_numbers(ByteWriter *w, const int32_t *numbers, size_t n)
{
        put_u32(w, (uint32_t) n);
        for (size_t i = 0; i < n; i++)
                put_u32(w, (uint32_t) numbers[i]);
}

static void put_addresses(ByteWriter *w, const UnitProperty *p)
{
        put_u32(w, (uint32_t) p->addresses.n);
        for (size_t i = 0; i < p->addresses.n; i++) {
                const UnitAddress *a = &p->addresses.items[i];

                put_u32(w, (uint32_t) a->family);
                put_blob(w, a->bytes, a->n_bytes);
                put_u32(w, a->prefix_length);
        }
}

static void put_socket_binds(ByteWriter *w, const UnitProperty *p)
{
        put_u32(w, (uint32_t) p->socket_binds.n);
        for (size_t i = 0; i < p->socket_binds.n; i++) {
                const UnitSocketBind *b = &p->socket_binds.items[i];

                put_u32(w, (uint32_t) b->family);
                put_u32(w, (uint32_t) b->protocol);
                put_u16(w, b->n_ports);
                put_u16(w, b->port);
        }
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
                put_sealed_string(w, p->string);
                return;
        case UNIT_PROPERTY_STRINGS:
        case UNIT_PROPERTY_LINES:
                put_strings(w, &p->strings);
                return;
        case UNIT_PROPERTY_BYTE_ARRAYS:
                put_u32(w, (uint32_t) p->strings.n);
                for (size_t i = 0; i < p->strings.n; i++)
                        put_text_bytes(w, p->strings.items[i]);
                return;
        case UNIT_PROPERTY_BYTES:
                put_blob(w, p->bytes.data, p->bytes.size_bytes);
                return;
        case UNIT_PROPERTY_EXEC:
        case UNIT_PROPERTY_EXEC_EX:
                put_execs(w, p);
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
                        put_row(w, p->kind, &p->rows.items[i]);
                return;
        case UNIT_PROPERTY_ADDRESSES:
                put_addresses(w, p);
                return;
        case UNIT_PROPERTY_SOCKET_BINDS:
                put_socket_binds(w, p);
                return;
        case UNIT_PROPERTY_LABEL:
                put_bool(w, p->label.flag);
                put_sealed_string(w, p->label.name);
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

static void put_property(ByteWriter *w, const UnitProperty *p)
{
        ByteWriter value = {};

        put_value(&value, p);
        put_sealed_string(w, p->name);
        put_sealed_string(w, kind_signature(p->kind));
        put_blob(w, value.data, value.size_bytes);
        w->error = w->error ? w->error : value.error;
        byte_writer_done(&value);
}

int unit_properties_seal(const UnitProperty *properties, size_t n, SealedProperties *ret)
{
        ByteWriter w = {};

        for (size_t i = 0; i < n; i++)
                put_property(&w, &properties[i]);
        if (w.error) {
                int r = w.error;
                byte_writer_done(&w);
                return r;
        }
        *ret = (SealedProperties){ w.data, w.size_bytes };
        return 0;
}
