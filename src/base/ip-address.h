/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An address of IPv4 or IPv6 with the length of its prefix, as Address= and distro-address take it. Pure. */

#include <sys/socket.h>

#include "base/macros.h"

#define ADDRESS_BYTES_MAX 16
#define ADDRESS_TEXT_MAX 48 /* what address_format() needs */

typedef struct Address {
        int family;                       /* AF_INET or AF_INET6 */
        uint8_t bytes[ADDRESS_BYTES_MAX]; /* as on the wire; IPv4 has the first four, the rest is 0 */
        uint8_t prefix;                   /* bits of the subnet */
} Address;

/* "192.0.2.10/24", "2001:db8::30/64": an address that a host can have beside those of its own. 0, or -EINVAL with a
 * sentence in *ret_error, which the caller frees, or -ENOMEM. */
int address_parse(const char *s, Address *ret, char **ret_error);

/* An address of any kind without a prefix, which is then 0. False: it is none, as a name of a host. */
bool address_parse_bare(const char *s, Address *ret);

/* That of a socket, with the prefix 0. False: it is of another family. */
bool address_of_socket(const struct sockaddr *s, Address *ret);

/* Without the prefix. Returns `buffer`. */
const char *address_format(char buffer[static ADDRESS_TEXT_MAX], const Address *a);

size_t address_size(const Address *a);                    /* 4 or 16 */
bool address_is_same(const Address *a, const Address *b); /* whatever their prefixes are */
bool address_is_loopback(const Address *a);
bool address_is_link_local(const Address *a); /* of IPv6: each link may have another host of that address */
/* Whether `a` lies in the subnet of the first `prefix` bits of `network`, which is of the same family. */
bool address_is_in(const Address *a, const uint8_t *network, uint8_t prefix);
/* The subnet's last address, of IPv4; false where it has none. */
bool address_broadcast(const Address *a, uint8_t ret[static 4]);
