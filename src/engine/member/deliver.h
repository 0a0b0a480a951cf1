/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* EVENT_MESSAGE. */
void deliver_event(Engine *e, const Event *event);
