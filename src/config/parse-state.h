/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: where a parser stands, and how it complains.
 *
 * A parser of one value returns 0, -EINVAL after it has complained, or -ENOMEM. After -EINVAL reading goes on
 * with the next line, so that all mistakes of a file are told at once. */

#include "config/config.h"

typedef struct ParseState {
        const ConfigContext *context;
        ConfigMessages *messages;
        const char *application; /* NULL: manager.conf */
        const char *file;
        unsigned line;   /* 0: the file as a whole */
        const char *key; /* NULL: not about a key */
        bool quiet;      /* complaints are only counted by their return value */
        bool closed;     /* others may not read the file */
} ParseState;

/* Adds "file:line: Key=: TEXT" and returns -EINVAL, or -ENOMEM. */
int parse_error(ParseState *p, const char *format, ...) _printf_(2, 3);
/* Adds a warning; returns 0, or -ENOMEM. */
int parse_warning(ParseState *p, const char *format, ...) _printf_(2, 3);

/* That application is a failure, with the errors that `messages` have about it. 0 or -ENOMEM. */
int app_configs_move_to_failures(AppConfigs *c, size_t at, const ConfigMessages *messages);

/* Moves all messages to the end of others; 0 or -ENOMEM. */
int config_messages_move(ConfigMessages *from, ConfigMessages *to);

/* Moves an error that belongs to an earlier line there: file, line and key of `at` are used for one
 * complaint. */
typedef struct ParsePlace {
        const char *file; /* NULL: nowhere yet */
        unsigned line;
} ParsePlace;

static inline ParseState parse_state_at(const ParseState *p, const ParsePlace *place, const char *key)
{
        ParseState s = *p;
        if (place->file) {
                s.file = place->file;
                s.line = place->line;
        } else
                s.line = 0;
        s.key = key;
        return s;
}

/* The same for the line of a part. */
static inline ParseState parse_state_at_part(const ParseState *p, const Part *part)
{
        ParseState s = *p;
        s.file = strempty(part->file);
        s.line = part->line;
        s.key = part_kind_key(part->kind);
        return s;
}
