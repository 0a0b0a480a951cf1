/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

uint64_t clock_usec(clockid_t clock)
{
        struct timespec t;

        return clock_gettime(clock, &t) < 0
                               ? 0
                               : (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}
