/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Parts]. */

#include "base/array.h"
#include "base/ip-address.h"
#include "base/text.h"
#include "config/part-keys.h"

#define ADDRESS_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)

/* Appends a word to those of the helper. */
static int add_argument(Part *part, const char *word)
{
        size_t n = 0;
        char **grown, *copy = strdup(word);

        while (part->arguments && part->arguments[n])
                n++;
        grown = copy ? realloc(part->arguments, (n + 2) * sizeof(char *)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        part->arguments = grown;
        return 0;
}

/* The first word of Address=. */
static int begin_address(ParseState *p, const char *word, Part *part)
{
        _cleanup_free_ char *error = NULL;
        char text[ADDRESS_TEXT_MAX];
        Address address;
        int r = address_parse(word, &address, &error);

        if (r < 0)
                return error ? parse_error(p, "%s", error) : r;
        part->id = text_format("ip-%s", address_format(text, &address));
        part->name = text_format("%s/%u", text, address.prefix);
        return part->id && part->name ? add_argument(part, part->name) : -ENOMEM;
}

static int parse_address(UnitParse *u, const char *value, Part *part)
{
        _cleanup_free_ char *first = NULL;
        int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &first);

        part->kind = PART_ADDRESS;
        part->start_timeout_usec = part->stop_timeout_usec = ADDRESS_TIMEOUT_DEFAULT_USEC;
        if (r > 0)
                r = begin_address(u->p, first, part);
        while (r >= 0) {
                _cleanup_free_ char *word = NULL;
                r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &word);
                if (r == 0)
                        return 0;
                if (r > 0)
                        r = add_argument(part, word);
        }
        return r;
}

static const struct {
        const char *key;
        int (*parse)(UnitParse *u, const char *value, Part *part);
} part_keys[] = {
        { "Address", parse_address },
};

static int add_part(Parts *parts, Part *part)
{
        Part *grown = realloc(parts->items, (parts->n_items + 1) * sizeof(Part));

        if (!grown)
                return -ENOMEM;
        parts->items = grown;
        grown[parts->n_items++] = *part;
        *part = (Part){};
        return 0;
}

/* Where the value cannot be read with neutral specifiers, it stands for itself. */
static int add_raw(Parts *parts, const char *value)
{
        _cleanup_(part_done) Part raw = { .id = strdup(""), .name = strdup("") };

        if (!raw.id || !raw.name || add_argument(&raw, value) < 0)
                return -ENOMEM;
        return add_part(parts, &raw);
}

int part_key_parse(AppParse *a, ParseState *p, const char *key, const char *value)
{
        ParseState quiet = *p;
        UnitParse u = { .p = p, .specifiers = &a->specifiers },
                  neutral = { .p = &quiet, .specifiers = &a->neutral };
        size_t i = 0;
        int r;

        while (i < ELEMENTSOF(part_keys) && !streq(part_keys[i].key, key))
                i++;
        if (i == ELEMENTSOF(part_keys))
                return parse_error(p, "unknown key in section [Parts]");
        if (!*value) {
                parts_done(&a->parts);
                parts_done(&a->neutral_parts);
                return 0;
        }
        if (a->parts.n_items >= PARTS_MAX)
                return parse_error(p, "too many parts, expected at most %u", PARTS_MAX);

        _cleanup_(part_done) Part part = {}, neutral_part = {};
        r = part_keys[i].parse(&u, value, &part);
        if (r >= 0)
                r = add_part(&a->parts, &part);
        if (r < 0)
                return r;
        quiet.quiet = true;
        r = part_keys[i].parse(&neutral, value, &neutral_part);
        if (r == -EINVAL)
                return add_raw(&a->neutral_parts, value);
        return r < 0 ? r : add_part(&a->neutral_parts, &neutral_part);
}

static void put_part(ByteWriter *w, const Part *part)
{
        put_u8(w, (uint8_t) part->kind);
        put_string(w, part->id);
        put_string(w, part->name);
        for (char *const *word = part->arguments; *word; word++) {
                put_bool(w, true);
                put_string(w, *word);
        }
        put_bool(w, false);
        put_u64(w, part->start_timeout_usec);
        put_u64(w, part->stop_timeout_usec);
}

void put_parts(ByteWriter *w, const Parts *parts)
{
        if (parts->n_items > 0)
                put_u32(w, (uint32_t) parts->n_items);
        FOREACH_ARRAY(part, parts->items, parts->n_items)
                put_part(w, part);
}
