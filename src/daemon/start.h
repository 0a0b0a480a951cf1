/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From nothing to a running engine: configuration, record, cluster, files and units of this host, bus, group. Each step
 * begins when the one before has ended, and all of them wait in the loop, so that signals and the watchdog work from the
 * beginning. */

#include "daemon/manager-struct.h"

int start_begin(Manager *m);
void start_go_on(Manager *m); /* something that a step waits for has come */
