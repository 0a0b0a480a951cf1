/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Allocations that fail when a test wants them to. The program is linked with failing_memory_link (engine.mk), which
 * leads what allocates in our own code here; libc's own allocations never fail. */

#include "base/macros.h"

/* The `count`-th allocation from now on fails, and all after it; 0: none ever does. */
void memory_fail_at(size_t count);
/* True if one has failed since. */
bool memory_has_failed(void);
