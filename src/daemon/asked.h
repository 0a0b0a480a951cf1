/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The caller of a change, for the journal: a callback of the bus server. */

#include "daemon/manager-struct.h"

/* Writes the line of a change that is about to be carried out, or was refused. */
void asked_note(void *manager, const BusAsked *asked);
