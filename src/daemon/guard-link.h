/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to the guard: whether there is one, what it has to know, and calling it off. */

#include "daemon/manager-struct.h"

int guard_link_begin(Manager *m);
void guard_link_drop(Manager *m);
void guard_link_update(Manager *m); /* tells it what has changed, if `m->guard.dirty` */
void guard_link_tell(Manager *m);   /* what it knows may be old: tells it */
