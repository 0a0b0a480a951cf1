/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd says by itself: its signals, and the listing of all units; and the coming and going of its bus, which is
 * units_attach() and units_detach() of units.h. */

#include "systemd/unit-known.h"

/* systemd sends signals to the clients that have asked for them, and forgets that when it is executed anew. */
int units_subscribe(Units *u);
/* All units are read again. */
int units_relist(Units *u);
/* 0 or what sd-bus says; then it is as if the bus were away. */
int units_take_bus(Units *u, sd_bus *bus);
void units_drop_bus(Units *u);
