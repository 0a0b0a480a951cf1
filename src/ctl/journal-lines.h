/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The last journal lines of this host that are about an application: what its unit printed, what systemd said
 * about the unit, and what the manager decided. */

#include "ctl/format.h"

/* Prints at most `n_lines`, oldest first, after an empty line. Returns how many there were, or a negative
 * errno: the journal may be missing, or not readable for this user. */
int journal_print(
                FILE *f, const Style *style, const char *app, const char *unit, unsigned n_lines, bool full);
