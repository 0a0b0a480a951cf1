/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a clock of this host shows. The engine has none: it is told the time. */

#include <time.h>

#include "base/macros.h"

/* In microseconds; 0: this kernel does not have it. */
uint64_t clock_usec(clockid_t clock);
