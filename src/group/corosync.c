/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <corosync/corotypes.h>

#include "base/macros.h"
#include "group/corosync.h"

const char *corosync_error_to_string(int error)
{
        static const char *const table[] = {
                [CS_OK] = "no error",
                [CS_ERR_LIBRARY] = "not running, or the connection was lost",
                [CS_ERR_VERSION] = "the version does not fit",
                [CS_ERR_INIT] = "not initialized",
                [CS_ERR_TIMEOUT] = "no answer in time",
                [CS_ERR_TRY_AGAIN] = "busy",
                [CS_ERR_INVALID_PARAM] = "wrong argument",
                [CS_ERR_NO_MEMORY] = "no memory",
                [CS_ERR_BAD_HANDLE] = "the connection is closed",
                [CS_ERR_BUSY] = "busy",
                [CS_ERR_ACCESS] = ("access refused: only root, or who has a uidgid entry in corosync.conf, "
                                   "may connect"),
                [CS_ERR_NOT_EXIST] = "does not exist",
                [CS_ERR_NAME_TOO_LONG] = "the name is too long",
                [CS_ERR_EXIST] = "exists already",
                [CS_ERR_NO_SPACE] = "no space left",
                [CS_ERR_INTERRUPT] = "interrupted",
                [CS_ERR_NO_RESOURCES] = "no resources left",
                [CS_ERR_NOT_SUPPORTED] = "not supported",
                [CS_ERR_BAD_OPERATION] = "not possible now",
                [CS_ERR_FAILED_OPERATION] = "failed",
                [CS_ERR_QUEUE_FULL] = "the queue is full",
                [CS_ERR_TOO_BIG] = "too big",
        };

        if (error < 0 || (size_t) error >= ELEMENTSOF(table) || !table[error])
                return error == CS_ERR_SECURITY ? "refused for reasons of security" : "unknown error";
        return table[error];
}
