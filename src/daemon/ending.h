/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signals, and the end. */

#include "daemon/manager-struct.h"

int ending_block_signals(void); /* first of all: one that is told to end while it begins ends in order */
int ending_watch_signals(Manager *m);
void ending_go_on(Manager *m);      /* the engine has said that it may */
void ending_begin_anew(Manager *m); /* ends, so that systemd starts it again */
void ending_is_over(void *manager); /* the group is left: its callback */
