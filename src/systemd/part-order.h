/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Among the units of a copy: what requires what, and what comes before what.
 *
 *     the slice         PropagatesStopTo= and Before= each installed unit: these have a slice of their own, and are stopped with it
 *     a transient part  BindsTo= and After= the part before it, Requires= where that is installed; Before= each installed unit after it
 *     a gate            the slice without a process that a call before the worker's ends in: as the worker, for the parts until then,
 *                       and Before= each installed unit after it
 *     the worker        BindsTo= each transient part, Requires= each installed unit, After= all
 *
 * An installed unit is not bound: when systemd starts it again by its Restart=, what is bound to it is stopped and stays so, and
 * it runs alone. What requires it is restarted with it. */

#include "systemd/unit-start.h"

/* Appends (sv)s to the properties of the unit in question; nothing where there are no parts. What sd-bus says, -EINVAL: a part
 * has no name that a unit can have. */
int part_order_append_slice(sd_bus_message *m, const UnitStart *s);
/* `also_after`: NULL-terminated. */
int part_order_append_part(sd_bus_message *m, const UnitStart *s, size_t i, const char *const *also_after);
int part_order_append_gate(sd_bus_message *m, const UnitStart *s, size_t stage);
int part_order_append_worker(sd_bus_message *m, const UnitStart *s);
