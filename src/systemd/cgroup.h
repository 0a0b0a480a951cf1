/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The last resort: control groups by hand, for when systemd does not answer. Control groups are named as systemd does
 * it ("/distro.slice/distro-app-NAME.service"); `root` is where the hierarchies are mounted (NULL: /sys/fs/cgroup).
 * A unified hierarchy, the unified part of a hybrid one, and systemd's own v1 hierarchy are tried in that order. */

#include "base/strings.h"

/* Kills every process in the group and below it: by cgroup.kill where the kernel has it, else process by process, in
 * a bounded number of rounds. May block for as long as the kernel does. Returns 0, -ENOENT if there is no such group,
 * -EBUSY if processes kept appearing, another errno where the group could not be reached. */
int cgroup_kill(const char *root, const char *group);

/* 1: processes are in there; 0: none, or no such group; negative errno: could not be read. */
int cgroup_is_populated(const char *root, const char *group);

/* The groups of all workers and parts that exist in slices, found without systemd: in their own, and where a drop-in with Slice=
 * has placed them. Sorted, NULL-terminated, to be freed with strings_free(). An empty list is no error. */
int cgroup_list_workers(const char *root, char ***ret);
/* That of any unit, as an installed one; where there is more than one, the last. -ENOENT: there is none. The caller frees. */
int cgroup_find_unit(const char *root, const char *unit, char **ret);

/* The group in which systemd would put a unit of this slice, found from where this process is: below the same root as our own.
 * The caller frees. 0, -EINVAL (no slice) or -ENOMEM. */
int cgroup_guess_unit(const char *slice, const char *unit, char **ret);
/* True: the one lies in the other. */
bool cgroup_is_below(const char *group, const char *outer);
