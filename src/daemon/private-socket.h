/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A socket for root alone, beside the system bus. */

#include "daemon/manager-struct.h"

#define PRIVATE_SOCKET_NAME "private"

void private_socket_open(Manager *m); /* once there is a server */
