/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* STATUS=: the engine's line, once there is an engine. */

#include "daemon/manager-struct.h"

/* What is shown may have changed. systemd tells the whole bus of each STATUS=, which takes it and the bus as long as a
 * part of a start; so a change waits until what it goes with, the starts of a failover above all, has been sent. */
void status_line_later(Manager *m);
