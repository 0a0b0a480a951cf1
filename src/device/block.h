/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel says of a block device: whether it is there, and whether anything on this host uses it. */

#include <sys/types.h>

#include "base/macros.h"

typedef enum BlockState {
        BLOCK_FREE,
        BLOCK_MOUNTED, /* in this mount namespace; `where` */
        BLOCK_IN_USE, /* not mounted here, and not free: another mount namespace, a mount that was detached while files were
                       * open (umount -l), swap, a part of another device */
        BLOCK_ABSENT,     /* no such path, or no medium behind it */
        BLOCK_NO_DEVICE,  /* the path is something else */
        BLOCK_UNREADABLE, /* it cannot be opened; `error` */
        _BLOCK_STATE_MAX,
} BlockState;

typedef struct Block {
        BlockState state;
        dev_t number; /* of the device; 0: there is none */
        dev_t file_system; /* st_dev of the files on it: `number`, or one of its own where MOUNTED shows one (btrfs) */
        char *where; /* of MOUNTED: the mount point that was mounted last; else NULL */
        int error;   /* of UNREADABLE: errno */
} Block;

void block_done(Block *b);

/* Looks at the device of that number, whatever names it, or with 0 at the one that the path names now; and where it is not
 * free, at the mounts of this process. It opens the device for reading and for itself alone (O_EXCL), and closes it at once:
 * the kernel refuses that with EBUSY while a file system, swap or another device has it, in whichever mount namespace. One
 * that the kernel has, and nothing below /dev names, is UNREADABLE. 0, -ENOMEM, or what reading the mounts said. */
int block_examine(const char *path, dev_t number, Block *ret);

/* "/dev/sdb1 is mounted at /srv", "/dev/sdb1 is in use", "/dev/sdb1 is not there" ... A new string; NULL: out of memory. */
char *block_to_words(const char *path, const Block *b);

/* "UUID=…", or "" where there is no file system that has one, or it cannot be read. A new string; NULL: out of memory. */
char *block_identity(const char *path);
