/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which processes use a block device or the file system on it, as far as /proc tells: by an open file, their working
 * directory, their root, their program, what they have mapped, or because it is mounted in their mount namespace. */

#include "device/block.h"

#define USERS_NAMED_MAX 6u /* more are counted, not named */

/* "used by 1234 (vim), 1240 (bash)", "mounted in the mount namespace of 1240 (bash)", or both; "" if none is seen, as it is where
 * the kernel itself has the device (swap, an NFS server, another device). A new string; NULL: out of memory. */
char *users_to_words(const Block *b);
