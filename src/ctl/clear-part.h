/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `clear --part`: the way out where a copy is stuck since nothing can show any more that a part has gone, as its helper is not
 * installed any more, or the note of the parts cannot be read. Root says so, on that node, after a question. What the host
 * does show goes before that: a unit that is at work, a process in a control group, a mount, a device that is in use, an
 * address on an interface. */

#include "ctl/ctl.h"

/* What stands for the note, in place of a part's id. */
#define CLEAR_PART_NOTE "note"

/* Returns an exit status, after it has printed what it did, or why not. */
int clear_part(Ctl *c, const char *app, const char *id);
