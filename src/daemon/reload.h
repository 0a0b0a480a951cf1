/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The applications' files: reading them, and what stays in force of those that became wrong. */

#include "daemon/manager-struct.h"

#define RELOADS_MAX BUS_CALLS_MAX /* reloads that wait for their answer */

int reload_begin(Manager *m);
/* The files are judged by the nodelist of m->cluster from the next reading on. */
void reload_take_nodelist(Manager *m);
/* Reads the files again; `token` 0: no client waits for an answer. */
int reload_request(Manager *m, uint64_t token);
