/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: one application's file, from its lines to an AppConfig. */

#include "config/app-parse.h"

extern const char *const app_sections[];

/* The context, the messages and the name have to outlive the parser. 0 or -ENOMEM. */
int app_parse_init(AppParse *a, const ConfigContext *context, ConfigMessages *messages, const char *name,
                const char *file);
void app_parse_done(AppParse *a);
/* The handler for syntax_parse() and config_files_parse(); userdata is the AppParse. */
int app_parse_assignment(ParseState *p, size_t section, const char *key, const char *value, void *userdata);
/* Checks what only the whole can show, makes the digests and hands the result over: 0, -EINVAL, -ENOMEM. */
int app_parse_finish(AppParse *a, AppConfig *ret);
