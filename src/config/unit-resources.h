/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: what the control group gets of [Unit] and [Service]. */

#include "config/unit-parse.h"

int unit_parse_memory(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_weight(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_cpu_quota(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_share(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_cpu_set(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_size(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_count(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_seconds(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_usec(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_limit_nice(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_allow(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_weight(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_limit(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_device_latency(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_addresses(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_socket_bind(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_delegate(UnitParse *u, const UnitKey *k, const char *value);
