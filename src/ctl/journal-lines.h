/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The last journal lines of this host that are about an application: what its worker and the helpers of its parts printed, what
 * systemd said about their units, and what the manager decided. Of parts that are not shown any more systemd's words are left
 * out. */

#include "ctl/model.h"

/* Prints at most `n_lines`, oldest first, after an empty line. Returns how many there were, or a negative
 * errno: the journal may be missing, or not readable for this user. */
int journal_print(FILE *f, const Style *style, const AppInfo *a, unsigned n_lines, bool full);
