/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What clients have been told. */

#include "bus/server-struct.h"

void shown_list_done(ShownList *l);
/* Takes what the engine shows now as told, and sends nothing. */
int shown_reset(BusServer *s);
/* Sends InterfacesAdded, InterfacesRemoved and PropertiesChanged. 0, or the first error. */
int shown_flush(BusServer *s);
