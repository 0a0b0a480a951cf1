/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sockets of this host, by their path: how they are made, and who is at the other end. No descriptor blocks, and none is
 * inherited. A path that is too long for an address is -ENAMETOOLONG. */

#include <sys/types.h>

#include "base/macros.h"

/* A stream socket, for root and this process's own user: nobody else can connect, from its first moment on. What lay at
 * `path` is of a process before, and is taken away. The descriptor, or negative errno. */
int local_socket_listen(const char *path, int backlog);
/* The next connection, whoever made it shown by the kernel: -EACCES, it is neither of both, or of a process that cannot
 * be seen from here, where `ret_pid` (may be NULL) asks for it; another errno, it has gone. */
int local_socket_accept(int listen_fd, pid_t *ret_pid);
/* `type` is SOCK_STREAM or SOCK_DGRAM. The descriptor, or negative errno. */
int local_socket_connect(const char *path, int type);
