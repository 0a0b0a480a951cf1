/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes JSON to a stream. Inside an object every call names its key, inside an array the key is NULL. Text
 * that is not UTF-8 is written with U+FFFD in its place, so that what comes out is always valid. */

#include "base/macros.h"

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,  /* one line */
        JSON_PRETTY, /* indented */
} JsonMode;

#define JSON_DEPTH_MAX 16u

typedef struct Json {
        FILE *file; /* not owned */
        JsonMode mode;
        unsigned depth;
        bool has_members[JSON_DEPTH_MAX];
        bool is_array[JSON_DEPTH_MAX];
} Json;

static inline Json json(FILE *file, JsonMode mode)
{
        return (Json){ .file = file, .mode = mode };
}

void json_object(Json *j, const char *key);
void json_array(Json *j, const char *key);
/* Ends the innermost object or array; the outermost is followed by a newline. */
void json_end(Json *j);
void json_string(Json *j, const char *key, const char *value); /* NULL is null */
void json_text(Json *j, const char *key, const char *value);   /* NULL and "" are null */
void json_u64(Json *j, const char *key, uint64_t value);
void json_i64(Json *j, const char *key, int64_t value);
void json_double(Json *j, const char *key, double value);
void json_bool(Json *j, const char *key, bool value);
void json_null(Json *j, const char *key);
/* USEC_INFINITY is null. */
void json_usec(Json *j, const char *key, uint64_t usec);
void json_strings(Json *j, const char *key, char *const *strings, size_t n);
