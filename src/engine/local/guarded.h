/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* A node without a guard gets no starts: it says so, and when it has one again. */
void guarded_is(Engine *e, bool guarded);
void guarded_tell(Engine *e);
