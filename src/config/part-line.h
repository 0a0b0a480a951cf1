/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: what the lines of [Parts] have in common, and the parsers of single keys. */

#include "config/part.h"
#include "config/unit-parse.h"

#define PART_TIMEOUT_MIN_USEC USEC_PER_SEC
#define PART_TIMEOUT_MAX_USEC (3600 * USEC_PER_SEC) /* also distro-address's bound */

/* The words of one line, one after the other. */
typedef struct PartLine {
        UnitParse *u;
        const char *rest;
        size_t place;     /* among the lines of [Parts], from 1 */
        size_t bytes_max; /* of one word */
        bool has_start_timeout, has_stop_timeout;
        bool is_after_timeout; /* the last word was one */
} PartLine;

/* A word, with nothing in it that would be filled in later: 1, 0 at the end, -EINVAL with a complaint, -ENOMEM. */
int part_line_next(PartLine *l, char **ret);
/* TimeoutStartSec= and TimeoutStopSec=, which may stand behind any part: 1; 0 for another word. */
int part_line_timeout(PartLine *l, const char *word, Part *part);
/* The parts are added at the end; what is there already stays. */
int parts_add(Parts *parts, Part *part); /* takes it where it succeeds; 0 or -ENOMEM */

/* Each adds what its line makes: 0, -EINVAL with a complaint, -ENOMEM. */
int parse_mount(PartLine *l, Parts *parts);

/* A mount before another one that hides it. */
int mounts_check(const Parts *parts, ParseState *p);
