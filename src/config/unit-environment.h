/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: environment, standard streams, credentials of [Unit] and [Service]. */

#include "config/unit-parse.h"

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
