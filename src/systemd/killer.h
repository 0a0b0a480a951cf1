/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kills control groups on a thread of its own, so that the loop goes on whatever the kernel does. Then it stops their
 * units over systemd's own socket: if only the message bus does not work, systemd is well, and would start again by
 * Restart= what has been killed. */

#include "base/macros.h"

typedef struct Killer Killer;

/* `cgroup_root` as in cgroup.h; `address`: of systemd's socket, NULL: it is not spoken to. Both are copied. 0 or -ENOMEM. */
int killer_new(const char *cgroup_root, const char *address, Killer **ret);
/* Waits for nothing: a thread that still works ends by itself. */
Killer *killer_free(Killer *k);
DEFINE_TRIVIAL_CLEANUP(Killer *, killer_free)
/* Takes a copy of the names and kills all of these groups. -EBUSY: the thread is still at the last ones, try again
 * later; -ENOMEM, -EAGAIN: no thread could be made. How it went shows in the groups themselves. */
int killer_submit(Killer *k, const char *const *groups, size_t n_groups);
