/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

/* Exit statuses; distro-manager(8) explains them. RestartPreventExitStatus= names all but the first two and
 * MANAGER_EXIT_GAVE_UP. */
enum {
        MANAGER_EXIT_SUCCESS = 0,
        MANAGER_EXIT_FAILURE = 1, /* may have passed by the next start */
        MANAGER_EXIT_USAGE = 2,
        MANAGER_EXIT_GAVE_UP = 69, /* EFFECT_EXIT: others are missing, and may be there at the next try */
        MANAGER_EXIT_NEWER = 76,   /* EFFECT_EXIT that is final, or the record cannot be used */
        MANAGER_EXIT_CONFIG = 78,  /* manager.conf or corosync.conf cannot be used */
};
