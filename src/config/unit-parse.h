/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: from the keys of [Unit] and [Service] to unit properties.
 *
 * unit-keys.c has the one table; a key is a line in it. The parsers are in unit-values.h (single values and
 * plain lists), unit-exec.h (command lines), unit-environment.h (environment, standard streams, credentials),
 * unit-resources.h (what the control group gets) and unit-sandbox.h (what the processes may do). Each is called with a value
 * that is not empty, unless the key says KEY_SEES_EMPTY; otherwise an empty value takes the key's properties
 * away. Here is what they have in common. */

#include "config/specifier.h"
#include "config/unit-list.h"
#include "config/words.h"

typedef struct UnitParse {
        ParseState *p;
        const Specifiers *specifiers;
        PropertyList *properties;
} UnitParse;

typedef struct UnitKey UnitKey;
typedef int (*UnitKeyParser)(UnitParse *u, const UnitKey *k, const char *value);

enum {
        SECTION_UNIT = 1 << 0,
        SECTION_SERVICE = 1 << 1,
};

typedef enum UnitKeyFlags {
        KEY_SEES_EMPTY = 1 << 0,
        KEY_ZERO_IS_INFINITY = 1 << 1, /* time spans */
        KEY_MAY_BE_INFINITE = 1 << 2,
        KEY_PREFIXES = 1 << 3,        /* paths that may begin with "-", "+" or both */
        KEY_RELATIVE_TO_RUN = 1 << 4, /* a path that is not absolute lies in /run */
        KEY_PERCENT = 1 << 5,         /* sizes that may be a share of what the host has */
        KEY_SYMLINK = 1 << 6,         /* directories that may be followed by ":LINK" */
} UnitKeyFlags;

/* One line of a table of names for numbers. */
typedef struct NamedNumber {
        const char *name;
        int64_t number;
} NamedNumber;

struct UnitKey {
        const char *key;
        unsigned sections;
        UnitKeyParser parse;
        const char *property;       /* NULL: the key is the property's name too */
        const char *also;           /* a second property that the key may set */
        int64_t min, max;           /* of numbers */
        const char *const *words;   /* what is allowed, NULL-terminated */
        const NamedNumber *numbers; /* names for numbers, ended by one without a name */
        UnitKeyFlags flags;
};

static inline const char *unit_key_property(const UnitKey *k)
{
        return k->property ? k->property : k->key;
}

/* Adds one to a property that is a list of strings. */
int unit_extend_strings(UnitParse *u, const char *property, const char *string);
int unit_set_string(UnitParse *u, const char *property, const char *value);
int unit_set_bool(UnitParse *u, const char *property, bool value);
int unit_set_i32(UnitParse *u, const char *property, int64_t value);
int unit_set_u32(UnitParse *u, const char *property, uint64_t value);
int unit_set_u64(UnitParse *u, const char *property, uint64_t value);

/* word_next() with specifiers expanded and complaints made: 1, 0 at the end, -EINVAL, -ENOMEM. */
int unit_word_next(UnitParse *u, const char **s, WordFlags flags, char **ret);
/* Expands a whole value. */
int unit_expand(UnitParse *u, const char *value, char **ret);
/* An absolute path without "..", tidied up in place (no double slashes, "/./" or slash at the end), or a
 * complaint. */
int unit_check_path(UnitParse *u, char *path);
bool path_tidy(char *path); /* the same without complaint: false if it is not such a path */
int unit_wrong(UnitParse *u, const char *value, const char *expected);
bool words_contain(const char *const *words, const char *word);
const NamedNumber *numbers_find(const NamedNumber *numbers, const char *name);
