/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ethernet frames about who has an address: ARP for IPv4 (RFC 826, RFC 5227), neighbour discovery for IPv6 (RFC 4861,
 * RFC 4862). Pure. */

#include "address/mac.h"
#include "base/ip-address.h"

#define FRAME_BYTES_MAX 86 /* an advertisement with its option */

typedef struct Frame {
        uint8_t data[FRAME_BYTES_MAX];
        size_t size_bytes;
} Frame;

/* Asks whether somebody has `a`, without saying that we do: an ARP probe, a solicitation from the unspecified address. */
void frame_probe(const Address *a, const Mac *own, Frame *ret);

/* Says that we have `a`. Of IPv4 there are two forms, as some hosts heed the one and some the other: a request
 * (`form` 0) and a reply (`form` 1). Of IPv6 there is one; `is_router` is what it says of us. Returns false where there is no
 * such form. */
bool frame_announce(const Address *a, const Mac *own, unsigned form, bool is_router, Frame *ret);

/* Whether a frame that arrived says that another host has `a`, or is about to take it: it comes from another interface
 * than ours and names `a` as its own, or asks for it as we do. *ret_mac is that host's. */
bool frame_is_claim(const void *data, size_t size_bytes, const Address *a, const Mac *own, Mac *ret_mac);

/* The group that hears solicitations for `a`, of IPv6. */
void frame_solicited_mac(const Address *a, Mac *ret);
