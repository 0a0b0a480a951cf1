/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connections to the system bus: making them, losing them, and what the bus server asks. */

#include "daemon/manager-struct.h"

void bus_link_connect(Manager *m);
void bus_link_drop(Manager *m);
/* From now on systemd is spoken to over its own socket. */
void bus_link_go_direct(Manager *m);
void bus_link_check(Manager *m); /* now and then: whether the bus takes what we send */
int bus_link_serve(Manager *m);  /* from now on there is an engine to show */
