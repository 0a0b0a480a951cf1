/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/part.h"

static const char *const kind_names[_PART_KIND_MAX] = {
        [PART_ADDRESS] = "address",
        [PART_DEVICE] = "device",
        [PART_MOUNT] = "mount",
        [PART_UNIT] = "unit",
};

const char *part_kind_to_string(PartKind k)
{
        ASSERT(k < _PART_KIND_MAX);
        return kind_names[k];
}

PartKind part_kind_from_string(const char *s)
{
        PartKind k = 0;

        while (k < _PART_KIND_MAX && !streq(kind_names[k], s))
                k++;
        return k;
}

const char *part_kind_key(PartKind k)
{
        static const char *const keys[_PART_KIND_MAX] = {
                [PART_ADDRESS] = "Address",
                [PART_DEVICE] = "Mount",
                [PART_MOUNT] = "Mount",
                [PART_UNIT] = "Unit",
        };

        ASSERT(k < _PART_KIND_MAX);
        return keys[k];
}

void part_done(Part *p)
{
        strings_free(p->arguments);
        free(p->id);
        free(p->name);
        free(p->file);
        *p = (Part){};
}

void parts_done(Parts *p)
{
        for (size_t i = 0; i < p->n_items; i++)
                part_done(p->items + i);
        free(p->items);
        *p = (Parts){};
}

static int part_copy(const Part *p, Part *ret)
{
        Part copy = *p;
        int r = string_copy(p->file, &copy.file);

        copy.id = strdup(p->id);
        copy.name = strdup(p->name);
        copy.arguments = calloc(1, sizeof(char *));
        if (!copy.id || !copy.name || !copy.arguments)
                r = -ENOMEM;
        for (char **word = p->arguments; *word && r >= 0; word++)
                r = strings_append(&copy.arguments, *word);
        if (r < 0)
                part_done(&copy);
        else
                *ret = copy;
        return r;
}

int parts_copy(const Parts *p, Parts *ret)
{
        Parts copy = {};
        int r = 0;

        copy.items = p->n_items > 0 ? calloc(p->n_items, sizeof(Part)) : NULL;
        if (p->n_items > 0 && !copy.items)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < p->n_items; i++) {
                r = part_copy(p->items + i, copy.items + i);
                copy.n_items += r >= 0;
        }
        if (r < 0)
                parts_done(&copy);
        else
                *ret = copy;
        return r;
}

const char *part_claim(const Part *p)
{
        return p->kind == PART_DEVICE ? p->name : p->id;
}

const Part *parts_find(const Parts *p, const char *id)
{
        for (size_t i = 0; i < p->n_items; i++)
                if (streq(p->items[i].id, id))
                        return p->items + i;
        return NULL;
}

const Part *parts_first_to_end(const Parts *p)
{
        for (size_t i = 0; i < p->n_items; i++)
                if (p->items[i].kind != PART_ADDRESS)
                        return p->items + i;
        return NULL;
}

bool parts_need_end(const Parts *p)
{
        return parts_first_to_end(p) != NULL;
}
