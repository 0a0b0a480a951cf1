/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Our objects on one connection: to the system bus, or to a client without a bus in between. */

#include "bus/server-struct.h"

int endpoint_new(const BusOps *ops, void *userdata, BusServer **ret);
BusServer *endpoint_free(BusServer *s);
int endpoint_attach(BusServer *s, sd_bus *bus); /* on failure it is detached */
void endpoint_detach(BusServer *s);
