/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* A node without a guard gets no starts: it says so, and when it has one again. */
void guarded_is(Local *here, bool guarded);
void guarded_tell(Local *here);
