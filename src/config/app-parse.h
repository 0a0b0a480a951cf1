/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: an application while its lines are read. The parsers of single keys see this, and
 * application.h, which calls them, includes it. */

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
        bool has_service;                /* there is a key of [Service] */
        size_t n_part_lines;             /* since the last empty value, also of those that were wrong */
        ParsePlace nodes, permitted, takeover_mode, dependencies;
        ParsePlace *unit_places; /* where each key of the table was given last */
        const char *closed_file; /* the last one of which was said that it hides nothing; NULL: none */
} AppParse;

/* Where a key of [Service] was given last. */
ParseState app_parse_at_key(AppParse *a, const char *key);
/* The property of that name where it is a string and was given. */
const char *app_parse_string(AppParse *a, const char *name, const char *fallback);
