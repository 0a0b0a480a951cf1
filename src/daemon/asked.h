/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who asked for a change: the callback of the bus server. */

#include "daemon/manager-struct.h"

/* Writes down who asked for a change, and that it was refused. */
void asked_note(void *manager, const BusAsked *asked);
