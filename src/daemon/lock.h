/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One manager a host: a second one, started by hand, would be another member of the group with the same node, and both
 * would write the same record. The lock is a record lock on a file in the runtime directory, which no disk can hold up;
 * the kernel gives it back when the process has ended, however it ends. */

#include <sys/types.h>

#include "base/macros.h"

#define LOCK_NAME "lock"

/* Takes the lock; `*ret_fd` holds it until it is closed, and nothing else in this process may open the file. -EBUSY:
 * the process `*ret_owner` has it. Another negative errno: there can be no lock in this directory.
 *
 * A process that was killed and cannot end, since a thread of it is stuck in a disk, keeps its lock but does nothing
 * any more: it is no owner, and the call succeeds without the lock; *ret_fd is -1 then. */
int lock_take(const char *directory, int *ret_fd, pid_t *ret_owner);

/* The process that has the lock; 0: none has, or it is not known. Not for a process that has it itself. */
pid_t lock_owner(const char *directory);
