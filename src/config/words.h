/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: what a value is made of, and values that our own keys take. */

#include "config/parse-state.h"

#define WORD_WHITE " \t\n\r" /* what words are separated by */

/* Takes the next word from *s and moves *s behind it and the white space that follows.
 * Returns 1 and sets *ret; 0 at the end; -EINVAL for quotes that are not closed or a wrong escape; -ENOMEM.
 */
typedef enum WordFlags {
        WORD_UNQUOTE = 1 << 0,  /* "..." and '...' hold white space and are taken off */
        WORD_UNESCAPE = 1 << 1, /* C escapes are resolved */
        WORD_COLON = 1 << 2, /* words are separated by colons instead of white space; empty ones are kept */
        WORD_KEEP_ESCAPE = 1 << 3, /* a backslash is an ordinary character */
} WordFlags;
int word_next(const char **s, WordFlags flags, char **ret);

/* Resolves the escapes of a whole string: 0, -EINVAL, -ENOMEM. */
int text_unescape(const char *s, char **ret);

/* A list of names without quotes; appends to the array. Each name must be valid for `is_valid` (`expected`
 * says what is), and none may occur twice. */
int parse_name_list(ParseState *p, const char *value, bool (*is_valid)(const char *name),
                const char *expected, char ***list, size_t *n);
char **names_free(char **list, size_t n); /* returns NULL */
int names_append(char ***list, size_t *n, const char *name);
bool names_contain(char *const *list, size_t n, const char *name);
bool node_name_is_valid(const char *name);
#define NODE_NAME_EXPECTED "a node name of letters, digits and \"-_.:\""
/* True if the nodelist is not known, or has the name. */
bool context_has_node(const ConfigContext *context, const char *name);

/* Time spans of our own keys. */
typedef enum SpanFlags {
        SPAN_NOT_ZERO = 1 << 0,
        SPAN_NOT_INFINITE = 1 << 1,
} SpanFlags;
int parse_span(ParseState *p, const char *value, SpanFlags flags, uint64_t *ret_usec);
/* One of some words; sets its index. */
int parse_choice(ParseState *p, const char *value, const char *const *words, size_t n_words, unsigned *ret);
