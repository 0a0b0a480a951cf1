/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The fuse of this host: a process that reboots it past a deadline, and does nothing else. Once it runs it asks nobody for
 * anything: it is locked in memory, allocates nothing, never forks, and needs no room on a disk. That it went off a thread writes
 * down, which may hang with its disk.
 *
 *     DIRECTORY/fuse             a datagram socket for root: the orders of deadlines.h; the answer goes to the sender's address
 *     DIRECTORY/fuse.deadlines   the table, of one size for ever. A fuse that begins takes it as it stands: a deadline that
 *                                passed while there was none is past
 *
 * Time is CLOCK_BOOTTIME: a host that slept past a deadline goes down when it wakes, since others did not wait for it. */

#include "fuse/last-resort.h"

typedef struct FuseParameters {
        const char *directory;
        const char *state_directory; /* for SELF_REBOOT_NAME; NULL: nothing is left behind */
        LastResort last_resort;
} FuseParameters;

/* Runs until SIGTERM (0), or until something that it cannot do without fails: negative errno. A deadline stays in the table
 * when it ends. */
int fuse_run(const FuseParameters *p);
