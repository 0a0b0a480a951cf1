/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The exit statuses of distro-address. */
typedef enum KeeperExit {
        KEEPER_ENDED = 0,       /* by a signal; it is removed. Of `del`: ours is not there any more */
        KEEPER_WENT_AWAY = 1,   /* after it had been there. Of `del`: it could not be removed */
        KEEPER_NOT_STARTED = 2, /* it has not been added */
        KEEPER_INVALID = 6,     /* the arguments; no later try would do better */
} KeeperExit;
