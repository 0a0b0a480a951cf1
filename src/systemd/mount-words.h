/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What mount(8) and umount(8) have said of a mount: systemd keeps no more than their exit status. */

#include "base/macros.h"

/* The first line of what mount(8) or umount(8) has said, as it is kept in DIRECTORY/UNIT, without what it begins with ("mount:
 * /srv: "). "" where it said nothing, or that cannot be read. */
void mount_words_read(
                const char *directory, const char *unit, const char *where, char *ret, size_t size_bytes);
/* They are of no use any more. */
void mount_words_remove(const char *directory, const char *unit);
