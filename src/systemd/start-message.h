/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus message that a start becomes. */

#include "systemd/part-start.h"

/* Makes the call of StartTransientUnit(), mode "fail". That of the last stage is for the worker's unit: IgnoreOnIsolate, the given properties,
 * then Slice, CollectMode, what there is more where it has parts (part-start.h), the DISTRO_... variables of the environment
 * and fields of the worker's journal entries; and the parts. One before it is for its gate. -ENOMEM, -EINVAL: of a part no unit can be made, and what sd-bus
 * says. The caller sends and frees. */
int unit_start_message(sd_bus *bus, const UnitStart *start, size_t stage, const PartPlace *place,
                sd_bus_message **ret);
