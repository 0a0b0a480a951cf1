/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is mounted, as the kernel lists it for a process. */

#include "base/macros.h"

#define MOUNTINFO "/proc/self/mountinfo"

/* Whether something is mounted at `where`, as the file tells, which is in the format of /proc/PID/mountinfo: 1, and what was
 * mounted there last is in *ret_source, to be freed; 0; a negative errno: it is not known. */
int mount_find(const char *mountinfo, const char *where, char **ret_source);
