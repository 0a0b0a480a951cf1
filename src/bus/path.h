/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The paths of our objects, and the names of units: from an application or a node, and back. */

#include "engine/state.h"

/* New strings; NULL without memory. */
char *application_path(const char *name);
char *application_unit(const char *name);
char *node_path(const char *name);

/* The name at the end of a path below `prefix`, newly allocated. 0 if it is no such path, or not written as we write it;
 * 1 if it is; -ENOMEM. */
int bus_path_name(const char *path, const char *prefix, char **ret);

/* The paths of n objects, as sd-bus's enumerators give them: 0 or -ENOMEM. */
int bus_paths(const State *state, size_t n, char *(*path_at)(const State *state, size_t i), char ***ret);
