/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* FailoverDelaySec= of applications of which something outlives a kill, in the files of this node. What is needed for that is
 * this node's own number; the group counts with the greatest of all. Before Corosync has told its times nothing is said. */

#include "daemon/loader.h"
#include "daemon/manager-struct.h"

/* In a new file one that is too short is an error: it goes to the failures, with a message. 0 or -ENOMEM. */
int delays_refuse_short(Manager *m, LoaderResult *result);
/* In one that was there before it is raised, and the journal says so. */
void delays_warn_of_raised(Manager *m);
