/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: what the processes may do of [Unit] and [Service]. */

#include "config/unit-parse.h"

int unit_parse_capabilities(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_namespaces(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_address_families(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_syscalls(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_name_set(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_syscall_errno(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_secure_bits(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_directories(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_binds(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_mount_flags(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_label(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_context(UnitParse *u, const UnitKey *k, const char *value);
int unit_parse_tmpfs(UnitParse *u, const UnitKey *k, const char *value);
