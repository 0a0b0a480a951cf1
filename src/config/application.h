/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: one application's file, from its lines to an AppConfig. */

#include "config/part.h"
#include "config/unit-parse.h"

/* What is known of an application while its lines are read. */
typedef struct AppParse {
        ParseState state;
        size_t n_errors_before; /* of earlier applications */
        Definition definition;
        uint32_t next_tier; /* of the next name in Nodes= */
        Specifiers specifiers, neutral;
        PropertyList properties;         /* as they will be sent */
        PropertyList neutral_properties; /* the same with neutral specifiers; for the digest alone */
        Parts parts, neutral_parts;      /* likewise */
        size_t n_part_lines;             /* since the last empty value, also of those that were wrong */
        ParsePlace nodes, permitted, takeover_mode, dependencies;
        ParsePlace *unit_places; /* where each key of the table was given last */
        const char *closed_file; /* the last one of which was said that it hides nothing; NULL: none */
} AppParse;

extern const char *const app_sections[];

/* The context, the messages and the name have to outlive the parser. 0 or -ENOMEM. */
int app_parse_init(AppParse *a, const ConfigContext *context, ConfigMessages *messages, const char *name,
                const char *file);
void app_parse_done(AppParse *a);
/* The handler for syntax_parse() and config_files_parse(); userdata is the AppParse. */
int app_parse_assignment(ParseState *p, size_t section, const char *key, const char *value, void *userdata);
/* Checks what only the whole can show, makes the digests and hands the result over: 0, -EINVAL, -ENOMEM. */
int app_parse_finish(AppParse *a, AppConfig *ret);

/* Where a key of [Service] was given last. */
ParseState app_parse_at_key(AppParse *a, const char *key);
/* The property of that name where it is a string and was given. */
const char *app_parse_string(AppParse *a, const char *name, const char *fallback);
