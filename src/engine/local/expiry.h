/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

void expiry_pump(Local *here);               /* sends the message for the timers that are over */
uint64_t expiry_deadline(const Local *here); /* of the first; never where this member is not synced */
