/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: from the keys of [Unit] and [Service] to unit properties.
 *
 * unit-keys.c has the one table; a key is a line in it. The parsers are in unit-values.c (single values and
 * plain lists), unit-exec.c (command lines, environment, standard streams, credentials), unit-resources.c
 * (what the control group gets) and unit-sandbox.c (what the processes may do). Each is called with a value
 * that is not empty, unless the key says KEY_SEES_EMPTY; otherwise an empty value takes the key's properties
 * away. */

#include "config/parse-state.h"
#include "config/specifier.h"
#include "config/unit-property.h"

typedef struct PropertyList {
        UnitProperty *items; /* sorted by name; those of one name in the order of the file */
        size_t n_items, n_allocated;
} PropertyList;

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

/* The key of that name, or NULL; `section` is SECTION_UNIT or SECTION_SERVICE. */
const UnitKey *unit_key_find(unsigned section, const char *key);
/* The key's place in the table; all are below unit_key_count(). */
size_t unit_key_index(const UnitKey *k);
size_t unit_key_count(void);
const UnitKey *unit_key_at(size_t i); /* NULL after the last one */
/* Why systemd's key is not to be used here, or NULL. */
const char *unit_key_refusal(unsigned section, const char *key);
/* Applies one assignment. */
int unit_key_apply(UnitParse *u, const UnitKey *k, const char *value);

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
bool unit_name_valid(const char *name);
bool words_contain(const char *const *words, const char *word);
const NamedNumber *numbers_find(const NamedNumber *numbers, const char *name);
int signal_from_name(const char *name); /* -1: there is none */
/* Decodes base64; -EINVAL, -ENOMEM. */
int base64_decode(const char *s, uint8_t **ret, size_t *ret_size_bytes);

/* unit-values.c */
int unit_parse_bool(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_i32(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_u32(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_span(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_nsec(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_mode(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_word(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_words(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_string(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_path(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_paths(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_colon_paths(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_units(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_documentation(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_condition(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_signal(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_exit_status(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_kill_mode(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_user(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_users(UnitParse *u, const UnitKey *k, const char *value);

/* unit-exec.c */
/* Brings Exec...= into the forms in which it is sent, as unit-property.h tells; the list is not sorted
 * strictly after it. 0 or -ENOMEM. */
int property_list_split_exec(PropertyList *l);
int unit_parse_exec(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_environment(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_environment_names(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_environment_file(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_working_directory(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_output(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_input(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_input_text(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_input_data(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_load_credential(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_set_credential(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_log_extra_fields(UnitParse *u, const UnitKey *k, const char *value);

/* unit-resources.c */
int unit_parse_memory(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_weight(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_cpu_quota(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_share(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_cpu_set(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_size(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_count(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_seconds(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_usec(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_nice(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_allow(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_weight(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_limit(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_latency(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_addresses(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_socket_bind(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_delegate(UnitParse *u, const UnitKey *k, const char *value);

/* unit-sandbox.c */
int unit_parse_capabilities(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_namespaces(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_address_families(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_syscalls(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_name_set(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_syscall_errno(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_secure_bits(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_directories(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_binds(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_mount_flags(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_label(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_context(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_tmpfs(UnitParse *u, const UnitKey *k, const char *value);
