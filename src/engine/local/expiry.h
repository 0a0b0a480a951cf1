/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

void expiry_pump(Engine *e);               /* sends the message for the timers that are over */
uint64_t expiry_deadline(const Engine *e); /* of the first; never where this member is not synced */
