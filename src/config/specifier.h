/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Specifiers of [Unit] and [Service]: %n and its kind, expanded as systemd does it for a unit file of that
 * name. */

#include "config/parse-state.h"

typedef struct Specifiers {
        const ConfigContext *context;
        const char *application;
        /* Specifiers that stand for something else on each node (%H, %l, %m, %b, %v) become a fixed word, the
         * same on all nodes: for the digest. */
        bool neutral;
} Specifiers;

/* Returns 0 and a new string; -EINVAL after a complaint about a specifier that is not known or can't be told
 * here; -ENOMEM. */
int specifier_expand(ParseState *p, const Specifiers *s, const char *text, char **ret);
