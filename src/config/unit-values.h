/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: single values and plain lists of [Unit] and [Service]. */

#include "config/unit-parse.h"

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
