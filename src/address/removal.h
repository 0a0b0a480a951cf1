/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Taking away what a keeper has added, and nothing else. */

#include "address/arguments.h"
#include "address/keeper-exit.h"
#include "address/kernel.h"

/* Removes the address where it is ours, on interface `index`, or with 0 on any. Returns 0; 1 where it is there by somebody
 * else too, with the interface's name in ret_where; or an error. */
int removal_of_ours(Kernel *kernel, const Address *a, uint32_t index, char ret_where[static IFNAMSIZ]);

/* `del`: on whatever interface it is, or for one that is valid on its link only on the one that is named. What another keeper has is left there, which is said, and is no failure. */
KeeperExit removal_run(const Arguments *a);
