/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/frame.h"

#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>

/* Where things stand behind the Ethernet header of 14 bytes. */
enum {
        ARP_AT = 14,
        ARP_BYTES = 28,
        ARP_SENDER_MAC_AT = ARP_AT + 8,
        ARP_SENDER_AT = ARP_AT + 14,
        ARP_TARGET_MAC_AT = ARP_AT + 18,
        ARP_TARGET_AT = ARP_AT + 24,
        IP6_AT = 14,
        IP6_SOURCE_AT = IP6_AT + 8,
        IP6_DESTINATION_AT = IP6_AT + 24,
        ICMP6_AT = IP6_AT + 40,
        ICMP6_TARGET_AT = ICMP6_AT + 8,
        ICMP6_BYTES = 24,
        ICMP6_OPTIONS_AT = ICMP6_AT + ICMP6_BYTES,
        OPTION_BYTES = 8,
};

static const Mac broadcast_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static void put_be16(uint8_t *at, unsigned v)
{
        at[0] = (uint8_t) (v >> 8);
        at[1] = (uint8_t) v;
}

static unsigned get_be16(const uint8_t *at)
{
        return (unsigned) at[0] << 8 | at[1];
}

static bool is_zero(const uint8_t *data, size_t n)
{
        uint8_t all = 0;

        for (size_t i = 0; i < n; i++)
                all |= data[i];
        return all == 0;
}

static void put_ethernet(Frame *f, const Mac *to, const Mac *from, unsigned type)
{
        *f = (Frame){};
        memcpy(f->data, to->bytes, MAC_BYTES);
        memcpy(f->data + MAC_BYTES, from->bytes, MAC_BYTES);
        put_be16(f->data + 12, type);
}

static void put_arp(Frame *f, unsigned operation, const Address *sender, const Address *target,
                const Mac *own, const Mac *target_mac)
{
        put_ethernet(f, &broadcast_mac, own, ETHERTYPE_ARP);
        put_be16(f->data + ARP_AT, ARPHRD_ETHER);
        put_be16(f->data + ARP_AT + 2, ETHERTYPE_IP);
        f->data[ARP_AT + 4] = MAC_BYTES;
        f->data[ARP_AT + 5] = 4;
        put_be16(f->data + ARP_AT + 6, operation);
        memcpy(f->data + ARP_SENDER_MAC_AT, own->bytes, MAC_BYTES);
        if (sender)
                memcpy(f->data + ARP_SENDER_AT, sender->bytes, 4);
        if (target_mac)
                memcpy(f->data + ARP_TARGET_MAC_AT, target_mac->bytes, MAC_BYTES);
        memcpy(f->data + ARP_TARGET_AT, target->bytes, 4);
        f->size_bytes = ARP_AT + ARP_BYTES;
}

/* The sum of ICMPv6 with its pseudo header; over a message that carries its own it is 0. */
static unsigned icmp6_sum(const uint8_t *frame, size_t n_icmp)
{
        uint32_t sum = (uint32_t) n_icmp + IPPROTO_ICMPV6;

        for (size_t i = 0; i < 32; i += 2)
                sum += get_be16(frame + IP6_SOURCE_AT + i);
        for (size_t i = 0; i < n_icmp; i++)
                sum += (uint32_t) frame[ICMP6_AT + i] << (i % 2 == 0 ? 8 : 0);
        while (sum > 0xffff)
                sum = (sum & 0xffff) + (sum >> 16);
        return ~sum & 0xffff;
}

/* The header of IPv6 and the beginning of ICMPv6. The source, options and the sum are still missing. */
static void put_icmp6(Frame *f, uint8_t type, const uint8_t destination[static 16], const Address *target,
                size_t n_icmp)
{
        f->data[IP6_AT] = 0x60;
        put_be16(f->data + IP6_AT + 4, (unsigned) n_icmp);
        f->data[IP6_AT + 6] = IPPROTO_ICMPV6;
        f->data[IP6_AT + 7] = 255; /* nobody beyond this link can have sent it */
        memcpy(f->data + IP6_DESTINATION_AT, destination, 16);
        f->data[ICMP6_AT] = type;
        memcpy(f->data + ICMP6_TARGET_AT, target->bytes, 16);
        f->size_bytes = ICMP6_AT + n_icmp;
}

void frame_solicited_mac(const Address *a, Mac *ret)
{
        *ret = (Mac){ { 0x33, 0x33, 0xff, a->bytes[13], a->bytes[14], a->bytes[15] } };
}

void frame_probe(const Address *a, const Mac *own, Frame *ret)
{
        uint8_t group[16] = { 0xff, 0x02, [11] = 1, [12] = 0xff };
        Mac to;

        if (a->family == AF_INET) {
                put_arp(ret, ARPOP_REQUEST, NULL, a, own, NULL);
                return;
        }
        memcpy(group + 13, a->bytes + 13, 3);
        frame_solicited_mac(a, &to);
        put_ethernet(ret, &to, own, ETHERTYPE_IPV6);
        put_icmp6(ret, ND_NEIGHBOR_SOLICIT, group, a, ICMP6_BYTES);
        put_be16(ret->data + ICMP6_AT + 2, icmp6_sum(ret->data, ICMP6_BYTES));
}

bool frame_announce(const Address *a, const Mac *own, unsigned form, bool is_router, Frame *ret)
{
        static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
        static const Mac all_nodes_mac = { { 0x33, 0x33, 0, 0, 0, 1 } };

        if (form > 1 || (form == 1 && a->family != AF_INET))
                return false;
        if (a->family == AF_INET) {
                /* In the reply our MAC is the target's too: by that Linux knows that it is unasked for. */
                put_arp(ret, form == 0 ? ARPOP_REQUEST : ARPOP_REPLY, a, a, own, form == 0 ? NULL : own);
                return true;
        }
        put_ethernet(ret, &all_nodes_mac, own, ETHERTYPE_IPV6);
        put_icmp6(ret, ND_NEIGHBOR_ADVERT, all_nodes, a, ICMP6_BYTES + OPTION_BYTES);
        memcpy(ret->data + IP6_SOURCE_AT, a->bytes, 16);
        ret->data[ICMP6_AT + 4] = 0x20 | (is_router ? 0x80 : 0); /* override what you know */
        ret->data[ICMP6_OPTIONS_AT] = ND_OPT_TARGET_LINKADDR;
        ret->data[ICMP6_OPTIONS_AT + 1] = 1;
        memcpy(ret->data + ICMP6_OPTIONS_AT + 2, own->bytes, MAC_BYTES);
        put_be16(ret->data + ICMP6_AT + 2, icmp6_sum(ret->data, ICMP6_BYTES + OPTION_BYTES));
        return true;
}

static bool arp_is_claim(
                const uint8_t *frame, size_t size_bytes, const Address *a, const Mac *own, Mac *ret_mac)
{
        static const uint8_t head[] = { 0, ARPHRD_ETHER, 8, 0, MAC_BYTES, 4 };
        unsigned operation;
        bool asks;

        if (size_bytes < ARP_AT + ARP_BYTES || memcmp(frame + ARP_AT, head, sizeof(head)) != 0)
                return false;
        operation = get_be16(frame + ARP_AT + 6);
        if ((operation != ARPOP_REQUEST && operation != ARPOP_REPLY) ||
                        memcmp(frame + ARP_SENDER_MAC_AT, own->bytes, MAC_BYTES) == 0)
                return false;
        asks = operation == ARPOP_REQUEST && is_zero(frame + ARP_SENDER_AT, 4) &&
               memcmp(frame + ARP_TARGET_AT, a->bytes, 4) == 0;
        if (!asks && memcmp(frame + ARP_SENDER_AT, a->bytes, 4) != 0)
                return false;
        memcpy(ret_mac->bytes, frame + ARP_SENDER_MAC_AT, MAC_BYTES);
        return true;
}

/* The MAC in an advertisement's option, or else that of the frame. False: the options are malformed. */
static bool advertised_mac(const uint8_t *frame, size_t end, Mac *ret_mac)
{
        memcpy(ret_mac->bytes, frame + MAC_BYTES, MAC_BYTES);
        for (size_t at = ICMP6_OPTIONS_AT; at < end;) {
                size_t n = end - at >= 2 ? 8 * (size_t) frame[at + 1] : 0;

                if (n == 0 || n > end - at)
                        return false;
                if (frame[at] == ND_OPT_TARGET_LINKADDR)
                        memcpy(ret_mac->bytes, frame + at + 2, MAC_BYTES);
                at += n;
        }
        return true;
}

static bool icmp6_is_claim(
                const uint8_t *frame, size_t size_bytes, const Address *a, const Mac *own, Mac *ret_mac)
{
        size_t n_icmp;
        Mac mac;

        if (size_bytes < ICMP6_OPTIONS_AT || frame[IP6_AT] >> 4 != 6 || frame[IP6_AT + 6] != IPPROTO_ICMPV6 ||
                        frame[IP6_AT + 7] != 255)
                return false;
        n_icmp = get_be16(frame + IP6_AT + 4);
        if (n_icmp < ICMP6_BYTES || n_icmp > size_bytes - ICMP6_AT || frame[ICMP6_AT + 1] != 0 ||
                        memcmp(frame + ICMP6_TARGET_AT, a->bytes, 16) != 0 || icmp6_sum(frame, n_icmp) != 0)
                return false;
        if (!advertised_mac(frame, ICMP6_AT + n_icmp, &mac))
                return false;
        if (frame[ICMP6_AT] == ND_NEIGHBOR_SOLICIT && is_zero(frame + IP6_SOURCE_AT, 16))
                memcpy(mac.bytes, frame + MAC_BYTES, MAC_BYTES); /* whoever asks as we do has no option */
        else if (frame[ICMP6_AT] != ND_NEIGHBOR_ADVERT)
                return false;
        if (memcmp(mac.bytes, own->bytes, MAC_BYTES) == 0)
                return false;
        *ret_mac = mac;
        return true;
}

bool frame_is_claim(const void *data, size_t size_bytes, const Address *a, const Mac *own, Mac *ret_mac)
{
        const uint8_t *frame = data;

        if (size_bytes < ARP_AT)
                return false;
        if (a->family == AF_INET)
                return get_be16(frame + 12) == ETHERTYPE_ARP &&
                       arp_is_claim(frame, size_bytes, a, own, ret_mac);
        return get_be16(frame + 12) == ETHERTYPE_IPV6 && icmp6_is_claim(frame, size_bytes, a, own, ret_mac);
}
