/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the host shows of a mount beside what systemd says. */

#include "base/macros.h"

#define MOUNTINFO "/proc/self/mountinfo"

/* Whether something is mounted at `where`, as the file tells, which is in the format of /proc/PID/mountinfo: 1, and what was
 * mounted there last is in *ret_source, to be freed; 0; a negative errno: it is not known. */
int mount_find(const char *mountinfo, const char *where, char **ret_source);

/* The first line of what mount(8) or umount(8) has said, as it is kept in DIRECTORY/UNIT, without what it begins with ("mount:
 * /srv: "). "" where it said nothing, or that cannot be read. */
void mount_words_read(
                const char *directory, const char *unit, const char *where, char *ret, size_t size_bytes);
/* They are of no use any more. */
void mount_words_remove(const char *directory, const char *unit);
