/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* systemd's own socket, for when the message bus does not work. These functions wait, though never for long: they are
 * for threads and short-lived processes. */

#include <systemd/sd-bus.h>

#include "base/macros.h"

#define PRIVATE_BUS_ADDRESS "unix:path=/run/systemd/private"
#define BUS_READY_USEC USEC_PER_SEC /* a bus that has not let us in by then is given up */

/* Begins to connect. */
int private_bus_open(const char *address, sd_bus **ret);
/* Waits until any bus, this or the message bus, is ready for calls: 0, -ETIMEDOUT after BUS_READY_USEC, or what sd-bus
 * says. sd-bus by itself would wait for a minute and a half for a bus that takes connections and says nothing. */
int bus_wait_until_ready(sd_bus *bus);
/* Stops the present runs of the units of these control groups (NULL-terminated), one after the other. 0, or the first
 * error. */
int private_bus_stop_units(const char *address, char *const *groups);
