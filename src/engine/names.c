/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/names.h"
#include "base/array.h"
#include "base/hash.h"
#include "engine/types.h"

/* u32: twice the number, plus the flag. The next number that no name has yet is followed by its name. */

void name_writer_done(NameWriter *t)
{
        free(t->names);
        free(t->slots);
        *t = (NameWriter){};
}

/* The slot that has the name, or the free one where it would go. */
static uint32_t *writer_slot(const NameWriter *t, const char *name)
{
        size_t at = (size_t) hash64(name, strlen(name)) & (t->n_slots - 1);

        while (t->slots[at] != 0 && !streq(t->names[t->slots[at] - 1], name))
                at = (at + 1) & (t->n_slots - 1);
        return &t->slots[at];
}

static int writer_grow(NameWriter *t)
{
        uint32_t *old = t->slots;
        size_t n = t->n_slots > 0 ? t->n_slots * 2 : 256;

        if (t->n_names * 2 < t->n_slots)
                return 0;
        t->slots = calloc(n, sizeof(uint32_t));
        if (!t->slots) {
                t->slots = old;
                return -ENOMEM;
        }
        free(old);
        t->n_slots = n;
        for (size_t i = 0; i < t->n_names; i++)
                *writer_slot(t, t->names[i]) = (uint32_t) i + 1;
        return 0;
}

static int writer_find(NameWriter *t, const char *name, size_t *ret)
{
        uint32_t *slot;
        int r;

        if (t->guess < t->n_names && streq(t->names[t->guess], name)) {
                *ret = t->guess++;
                return 0;
        }
        r = writer_grow(t);
        if (r < 0)
                return r;
        slot = writer_slot(t, name);
        if (*slot == 0) {
                r = ARRAY_GROW(t->names, t->n_names, t->n_allocated);
                if (r < 0)
                        return r;
                t->names[t->n_names++] = name;
                *slot = (uint32_t) t->n_names;
        }
        *ret = *slot - 1;
        t->guess = *slot;
        return 0;
}

void names_put(ByteWriter *w, NameWriter *t, const char *name, bool flag)
{
        size_t n_before = t->n_names, number = 0;
        int r = writer_find(t, name, &number);

        if (r < 0) {
                w->error = w->error ? w->error : r;
                return;
        }
        put_u32(w, (uint32_t) number * 2 + flag);
        if (number == n_before)
                put_string(w, name);
}

void name_reader_done(NameReader *t)
{
        free(t->names);
        free(t->lists);
        *t = (NameReader){};
}

void names_begin(NameReader *t)
{
        t->list++;
}

static char *reader_new(ByteReader *r, NameReader *t)
{
        char *name;

        if (array_reserve(&t->lists, &t->n_lists_allocated, t->n_names + 1, sizeof(uint32_t)) < 0 ||
                        ARRAY_GROW(t->names, t->n_names, t->n_allocated) < 0) {
                r->error = -ENOMEM;
                return NULL;
        }
        name = get_string(r, NODE_NAME_MAX);
        if (!name)
                return NULL;
        t->lists[t->n_names] = t->list;
        t->names[t->n_names++] = name;
        return name;
}

char *names_get(ByteReader *r, NameReader *t, bool *ret_flag)
{
        uint32_t v = get_u32(r), number = v / 2;
        char *name;

        *ret_flag = v & 1;
        if (r->error)
                return NULL;
        if (number == t->n_names)
                return reader_new(r, t);
        if (number > t->n_names || t->lists[number] == t->list) {
                r->error = -EBADMSG;
                return NULL;
        }
        t->lists[number] = t->list;
        name = strdup(t->names[number]);
        if (!name)
                r->error = -ENOMEM;
        return name;
}
