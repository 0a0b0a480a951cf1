/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/unit-property.h"

const char *unit_property_kind_signature(UnitPropertyKind kind)
{
        static const char *const signatures[_UNIT_PROPERTY_KIND_MAX] = {
                [UNIT_PROPERTY_BOOL] = "b",
                [UNIT_PROPERTY_I32] = "i",
                [UNIT_PROPERTY_U32] = "u",
                [UNIT_PROPERTY_U64] = "t",
                [UNIT_PROPERTY_STRING] = "s",
                [UNIT_PROPERTY_STRINGS] = "as",
                [UNIT_PROPERTY_LINES] = "as", /* the shape; it is not sent */
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

UnitProperty *unit_properties_free(UnitProperty *properties, size_t n)
{
        for (size_t i = 0; i < n; i++)
                unit_property_done(properties + i);
        free(properties);
        return NULL;
}

const UnitProperty *unit_properties_find(const UnitProperty *properties, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(properties[i].name, name))
                        return properties + i;
        return NULL;
}

/* The copies below leave what they made in *ret also on failure, so that unit_property_done() frees it. */

static int copy_array(const void *data, size_t n, size_t size, void *ret)
{
        void *copy = n > 0 ? calloc(n, size) : NULL;
        if (n > 0 && !copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, data, n * size);
        *(void **) ret = copy;
        return 0;
}

static int copy_strings(const UnitStrings *s, UnitStrings *ret)
{
        ret->items = s->n > 0 ? calloc(s->n, sizeof(char *)) : NULL;
        if (s->n > 0 && !ret->items)
                return -ENOMEM;
        for (; ret->n < s->n; ret->n++) {
                ret->items[ret->n] = strdup(s->items[ret->n]);
                if (!ret->items[ret->n])
                        return -ENOMEM;
        }
        return 0;
}

static int copy_exec(const UnitProperty *p, UnitProperty *ret)
{
        ret->exec.items = p->exec.n > 0 ? calloc(p->exec.n, sizeof(UnitExec)) : NULL;
        if (p->exec.n > 0 && !ret->exec.items)
                return -ENOMEM;
        for (size_t i = 0; i < p->exec.n; i++) {
                UnitExec *e = ret->exec.items + i;
                ret->exec.n = i + 1;
                e->path = strdup(p->exec.items[i].path);
                if (!e->path || copy_strings(&p->exec.items[i].argv, &e->argv) < 0 ||
                                copy_strings(&p->exec.items[i].flags, &e->flags) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int copy_rows(const UnitProperty *p, UnitProperty *ret)
{
        ret->rows.items = p->rows.n > 0 ? calloc(p->rows.n, sizeof(UnitRow)) : NULL;
        if (p->rows.n > 0 && !ret->rows.items)
                return -ENOMEM;
        for (size_t i = 0; i < p->rows.n; i++) {
                const UnitRow *from = p->rows.items + i;
                ret->rows.n = i + 1;
                ret->rows.items[i] = (UnitRow){
                        .first = strdup(from->first),
                        .second = strdup(from->second),
                        .flag = from->flag,
                        .flag2 = from->flag2,
                        .number = from->number,
                };
                if (!ret->rows.items[i].first || !ret->rows.items[i].second)
                        return -ENOMEM;
        }
        return 0;
}

static int copy_value(const UnitProperty *p, UnitProperty *ret)
{
        int r;

        switch (p->kind) {
        case UNIT_PROPERTY_BOOL:
                ret->boolean = p->boolean;
                return 0;
        case UNIT_PROPERTY_I32:
                ret->i32 = p->i32;
                return 0;
        case UNIT_PROPERTY_U32:
                ret->u32 = p->u32;
                return 0;
        case UNIT_PROPERTY_U64:
                ret->u64 = p->u64;
                return 0;
        case UNIT_PROPERTY_STRING:
                ret->string = strdup(p->string);
                return ret->string ? 0 : -ENOMEM;
        case UNIT_PROPERTY_STRINGS:
        case UNIT_PROPERTY_LINES:
        case UNIT_PROPERTY_BYTE_ARRAYS:
                return copy_strings(&p->strings, &ret->strings);
        case UNIT_PROPERTY_BYTES:
                ret->bytes.size_bytes = p->bytes.size_bytes;
                return copy_array(p->bytes.data, p->bytes.size_bytes, 1, &ret->bytes.data);
        case UNIT_PROPERTY_EXEC:
        case UNIT_PROPERTY_EXEC_EX:
                return copy_exec(p, ret);
        case UNIT_PROPERTY_STRING_BOOLS:
        case UNIT_PROPERTY_STRING_PAIRS:
        case UNIT_PROPERTY_STRING_U64S:
        case UNIT_PROPERTY_STRING_BYTES:
        case UNIT_PROPERTY_BINDS:
        case UNIT_PROPERTY_CONDITIONS:
        case UNIT_PROPERTY_LINKS:
                return copy_rows(p, ret);
        case UNIT_PROPERTY_ADDRESSES:
                ret->addresses.n = p->addresses.n;
                return copy_array(p->addresses.items, p->addresses.n, sizeof(UnitAddress),
                                &ret->addresses.items);
        case UNIT_PROPERTY_SOCKET_BINDS:
                ret->socket_binds.n = p->socket_binds.n;
                return copy_array(p->socket_binds.items, p->socket_binds.n, sizeof(UnitSocketBind),
                                &ret->socket_binds.items);
        case UNIT_PROPERTY_LABEL:
                ret->label.flag = p->label.flag;
                ret->label.name = strdup(p->label.name);
                return ret->label.name ? 0 : -ENOMEM;
        case UNIT_PROPERTY_SET:
                ret->set.flag = p->set.flag;
                return copy_strings(&p->set.strings, &ret->set.strings);
        case UNIT_PROPERTY_STATUS_SET:
                ret->status_set.n_codes = p->status_set.n_codes;
                ret->status_set.n_signals = p->status_set.n_signals;
                r = copy_array(p->status_set.codes, p->status_set.n_codes, sizeof(int32_t),
                                &ret->status_set.codes);
                if (r < 0)
                        return r;
                return copy_array(p->status_set.signals, p->status_set.n_signals, sizeof(int32_t),
                                &ret->status_set.signals);
        case _UNIT_PROPERTY_KIND_MAX:
                break;
        }
        ASSERT(p->kind < _UNIT_PROPERTY_KIND_MAX);
        return -EINVAL;
}

int unit_property_copy(const UnitProperty *p, UnitProperty *ret)
{
        UnitProperty copy = { .name = strdup(p->name), .kind = p->kind };
        int r = copy.name ? copy_value(p, &copy) : -ENOMEM;
        if (r < 0) {
                unit_property_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}
