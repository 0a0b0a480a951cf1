/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stands beside the mount of a block device for as long as that may be mounted here, and ends when the device is free.
 *
 *     begins    the device is refused where it is missing, mounted or in use; else READY=1, and STATUS= has its identity
 *     there     until SIGTERM, which systemd sends when the mount is gone, as the mount is ordered after this
 *     ending    asked again each DEVICE_AGAIN_USEC until nothing uses the device, or the timeout is over. Meanwhile, each
 *               DEVICE_USERS_USEC, and at the end, STATUS= names who uses it. It is the device that the path named at the
 *               beginning, though the path may have gone
 *
 * `check` is the ending alone, for where the resident was killed: of the device that the path names. A device that has gone away is
 * used by nobody. */

#include "base/macros.h"

#define DEVICE_AGAIN_USEC (100 * USEC_PER_MSEC)
#define DEVICE_USERS_USEC USEC_PER_SEC
#define DEVICE_TIMEOUT_DEFAULT_USEC (90 * USEC_PER_SEC)

/* The exit statuses of distro-device. */
typedef enum DeviceExit {
        DEVICE_FREE = 0,
        DEVICE_IN_USE = 1,  /* at the beginning, or still at the end */
        DEVICE_ABSENT = 2,  /* at the beginning; also: it is no block device, or cannot be opened */
        DEVICE_MOUNTED = 3, /* at the beginning */
        DEVICE_INVALID = 6, /* the arguments; no later try would do better */
} DeviceExit;

DeviceExit device_hold(const char *path, uint64_t timeout_usec);
DeviceExit device_check(const char *path, uint64_t timeout_usec);
