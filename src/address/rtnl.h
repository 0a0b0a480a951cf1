/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Messages to and from the kernel about interfaces and their addresses (rtnetlink(7)): bytes and what they say. Pure. */

#include "address/mac.h"
#include "base/address-spec.h"

/* What distro-address adds carries this number as the address's protocol (IFA_PROTO), by which its own addresses are
 * known, by another process too. It needs Linux 5.18. */
#define RTNL_PROTOCOL_OURS 209

typedef struct Interface {
        uint32_t index;
        char name[IFNAMSIZ]; /* what can't be shown stands there as "?" */
        uint32_t flags;      /* IFF_UP, IFF_LOWER_UP, IFF_NOARP ... */
        bool is_ethernet;    /* `mac` is its address, and it knows ARP and neighbour discovery */
        Mac mac;
} Interface;

typedef struct InterfaceAddress {
        uint32_t index;
        Address address;                   /* the host's own, with the length of the subnet */
        uint8_t subnet[ADDRESS_BYTES_MAX]; /* an address of the subnet: the same, or at a point-to-point link the peer's */
        uint32_t flags;                    /* IFA_F_SECONDARY, IFA_F_DADFAILED ... */
        bool is_ours;
} InterfaceAddress;

typedef enum RtnlKind {
        RTNL_OTHER,
        RTNL_DONE,   /* the end of a list, or `error` */
        RTNL_ANSWER, /* to a request: `error` is 0 or a negative errno */
        RTNL_INTERFACE,
        RTNL_INTERFACE_GONE,
        RTNL_ADDRESS,
        RTNL_ADDRESS_GONE,
} RtnlKind;

typedef struct RtnlMessage {
        RtnlKind kind;
        uint32_t sequence;
        bool is_torn; /* the list changed while it was made: it has to be asked for again */
        int error;
        union {
                Interface interface;
                InterfaceAddress address;
        };
} RtnlMessage;

/* Reads the message at *at, and moves on. 1; 0 at the end; -EBADMSG: these are no messages of the kernel, and nothing has
 * changed. */
int rtnl_next(const void *data, size_t size_bytes, size_t *at, RtnlMessage *ret);

#define RTNL_REQUEST_BYTES_MAX 256
typedef struct RtnlRequest {
        _Alignas(8) uint8_t data[RTNL_REQUEST_BYTES_MAX];
        size_t size_bytes;
} RtnlRequest;

void rtnl_list_interfaces(uint32_t sequence, RtnlRequest *ret);
void rtnl_list_addresses(int family, uint32_t sequence, RtnlRequest *ret);
/* Adds the address to interface `index`, as ours; refused with -EEXIST where it is there. The kernel does not look for
 * duplicates of IPv6: it would take two seconds, and leave an address that is of no use where it finds one. */
void rtnl_add(const AddressSpec *a, uint32_t index, uint32_t sequence, RtnlRequest *ret);
/* -EADDRNOTAVAIL where it is not there. */
void rtnl_remove(const Address *a, uint32_t index, uint32_t sequence, RtnlRequest *ret);
/* From now on the other addresses of a subnet stay when the first one of it is removed from this interface. */
void rtnl_keep_secondaries(uint32_t index, uint32_t sequence, RtnlRequest *ret);
