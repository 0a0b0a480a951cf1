/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Puts a pager behind standard output. */

#include <sys/types.h>

#include "base/macros.h"

typedef struct Pager {
        pid_t pid; /* 0: none */
} Pager;

/* Starts $SYSTEMD_PAGER, $PAGER, pager, less or more, whichever is there first; an empty variable or "cat" is
 * none. Where none can be started, output goes on without. */
void pager_open(Pager *p);
/* Ends the output and waits until the reader has left the pager. */
void pager_close(Pager *p);
