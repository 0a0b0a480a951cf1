/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes on the disk that this host goes down, and why. A disk may hang: so a thread does it, which was there before, and nobody
 * waits for it for longer than SCRIBE_USEC. It makes room when the first deadline is set, and opens nothing in between, since
 * an open file would keep the host's end from detaching a file system. */

#include <pthread.h>

#include "fuse/self-reboot.h"

#define SCRIBE_USEC (250 * USEC_PER_MSEC)

typedef struct Scribe {
        const char *directory;
        int ask_fd, done_fd; /* eventfd(2): what it is asked for, and that it has written */
        SelfReboot what;     /* set before it is asked, and then not any more */
        bool works;
} Scribe;

/* `directory` has to last; NULL: nothing is ever written. What fails here, and later, only leaves nothing behind. */
void scribe_begin(Scribe *s, const char *directory);
void scribe_make_room(Scribe *s);
void scribe_write(Scribe *s, const Deadline *d);
