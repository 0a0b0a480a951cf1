/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who has an address on this host: one distro-address for an address, or for one that is valid on its link only, one on
 * each interface. The locks are on files that only root can open, in ADDRESS_LOCK_DIRECTORY, one for an address in a
 * network namespace, since addresses belong to that. The files stay; the kernel gives the locks back when the descriptor
 * is closed or the process has ended, however it ends. */

#include "base/ip-address.h"

#define ADDRESS_LOCK_DIRECTORY "/run/distro-manager/addresses"
#define ADDRESS_LOCK_VARIABLE \
        "DISTRO_ADDRESS_LOCKS" /* of the environment: another directory; it and its parent are made */

/* The lock of a keeper. `index`: of the interface; 0: on any. A removal that is at work is waited for. Closing *ret_fd ends
 * it. -EADDRINUSE: another keeper has it. */
int address_lock_take(const Address *a, uint32_t index, int *ret_fd);

/* The lock of a removal: no keeper begins until *ret_fd is closed, and none has the address on that interface, or with 0 on
 * any. Another removal is waited for. -EADDRINUSE: a keeper has it. */
int address_lock_take_to_remove(const Address *a, uint32_t index, int *ret_fd);
