/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The end of this host: said in the kernel's log and on the console, and done without asking anybody. What that takes is opened beforehand. */

#include "fuse/deadlines.h"

#define LAST_RESORT_SAY_USEC (100 * USEC_PER_MSEC) /* for all of what is said */

typedef struct LastResort {
        int kmsg_fd, console_fd;           /* -1: there is none */
        int sysrq_fd;                      /* -1: in a container, or there is none */
        int (*end)(DeadlineAction action); /* reboot(2); a test has another one */
} LastResort;

/* Opens what is there. `root` comes before each path (a test's; NULL: none). In a container sysrq is another host's. */
void last_resort_open(const char *root, LastResort *ret);
/* Says REASON, and ends this host: by sysrq, and by reboot(2) where that did not. Returns only where neither did. */
void last_resort_take(const LastResort *l, const Deadline *d);
