/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The journal lines of a host that are about an application: what its worker and the helpers of its parts printed, what
 * systemd said about their units, and what the manager decided. */

#include "config/part.h"
#include "ctl/model.h"

/* What picks them out, as journalctl takes it: words FIELD=VALUE, of which all have to be so, and "+" before each further way
 * for a line to be about it. Of parts, those count that are shown in `a`, and those of `more` (NULL: none), as of others
 * systemd's words cannot be told. 0 or -ENOMEM. */
int journal_matches(const AppInfo *a, const Parts *more, Strings *ret);
/* Prints at most `n_lines` of this host, the last ones, oldest first, after an empty line. Returns how many there were, or a
 * negative errno: the journal may be missing, or not readable for this user. */
int journal_print(FILE *f, const Style *style, const AppInfo *a, unsigned n_lines, bool full);
