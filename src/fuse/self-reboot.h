/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* That a fuse has rebooted its host, and why: a file of one size that it leaves on the disk, for who comes after the boot. */

#include "fuse/deadlines.h"

#define SELF_REBOOT_NAME "rebooted-itself"
#define SELF_REBOOT_BYTES 512u

typedef struct SelfReboot {
        uint64_t realtime_usec; /* when */
        char boot[40];          /* the boot that it ended, as /proc/sys/kernel/random/boot_id has it */
        char reason[DEADLINE_REASON_MAX];
} SelfReboot;

/* The id of this boot. 0 or negative errno. */
int self_reboot_boot(char ret[static 40]);
void self_reboot_format(const SelfReboot *s, char ret[static SELF_REBOOT_BYTES]);
/* -EBADMSG: it is not that, as where there is room for one and none was written. */
int self_reboot_parse(const char *text, size_t size, SelfReboot *ret);
/* -ENOENT, -EBADMSG, another errno. */
int self_reboot_read(const char *directory, SelfReboot *ret);
