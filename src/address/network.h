/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host's interfaces and addresses at one moment, and what follows from them. Pure. */

#include "address/rtnl.h"

#define NETWORK_INTERFACES_MAX 65536
#define NETWORK_ADDRESSES_MAX 262144

typedef struct Network {
        Interface *interfaces;
        size_t n_interfaces, n_interfaces_allocated;
        InterfaceAddress *addresses; /* of one family */
        size_t n_addresses, n_addresses_allocated;
} Network;

void network_done(Network *n);
/* Takes what a list of the kernel holds; other messages are nothing to it. 0, -ENOMEM, or -E2BIG. */
int network_take(Network *n, const RtnlMessage *m);

const Interface *network_interface(const Network *n, uint32_t index); /* NULL: not there */
/* Where `a` is; on interface `index`, or on any with 0. Ours before others, NULL: nowhere. */
const InterfaceAddress *network_find(const Network *n, const Address *a, uint32_t index);

/* The interface for the address: the one that is named, else the only one that has an address of its subnet, where what
 * distro-address added itself does not count. 0; -ENODEV with a sentence in *ret_error, which the caller frees; -ENOMEM. */
int network_choose(const Network *n, const AddressSpec *a, const Interface **ret, char **ret_error);

/* Whether the kernel would remove other addresses together with this one, unless it is told to keep them. */
bool network_has_secondaries(const Network *n, const InterfaceAddress *a);
