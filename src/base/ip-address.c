/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ip-address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/parse.h"
#include "base/text.h"

size_t address_size(const Address *a)
{
        return a->family == AF_INET ? 4 : 16;
}

bool address_is_same(const Address *a, const Address *b)
{
        return a->family == b->family && memcmp(a->bytes, b->bytes, address_size(a)) == 0;
}

bool address_is_loopback(const Address *a)
{
        static const uint8_t ipv6[16] = { [15] = 1 };

        return a->family == AF_INET ? a->bytes[0] == 127 : memcmp(a->bytes, ipv6, sizeof(ipv6)) == 0;
}

bool address_is_link_local(const Address *a)
{
        return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool address_is_in(const Address *a, const uint8_t *network, uint8_t prefix)
{
        size_t whole = MIN(prefix, 8 * address_size(a)) / 8, rest = prefix % 8;

        if (memcmp(a->bytes, network, whole) != 0)
                return false;
        return whole == address_size(a) || rest == 0 ||
               ((a->bytes[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

/* All bits behind the prefix are `bit`. */
static bool host_part_is(const Address *a, bool bit)
{
        for (size_t i = a->prefix; i < 8 * address_size(a); i++)
                if (((a->bytes[i / 8] >> (7 - i % 8)) & 1) != bit)
                        return false;
        return true;
}

bool address_broadcast(const Address *a, uint8_t ret[static 4])
{
        if (a->family != AF_INET || a->prefix > 30)
                return false;
        memcpy(ret, a->bytes, 4);
        for (size_t i = a->prefix; i < 32; i++)
                ret[i / 8] |= (uint8_t) (1 << (7 - i % 8));
        return true;
}

/* What no host can have beside its own, NULL where there is nothing against it. */
static const char *refusal_of_ipv4(const Address *a)
{
        if (a->bytes[0] == 0)
                return "is no address of a host";
        if (address_is_loopback(a))
                return "is this host's loopback";
        if (a->bytes[0] >= 224 && a->bytes[0] < 240)
                return "is a multicast address";
        if (memcmp(a->bytes, "\xff\xff\xff\xff", 4) == 0)
                return "is the address of all hosts";
        if (a->prefix < 31 && host_part_is(a, false))
                return "is the address of the whole subnet";
        if (a->prefix < 31 && host_part_is(a, true))
                return "is the address of all hosts of the subnet";
        return NULL;
}

static const char *refusal_of_ipv6(const Address *a)
{
        static const uint8_t zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };

        if (memcmp(a->bytes, zero, 16) == 0)
                return "is no address of a host";
        if (address_is_loopback(a))
                return "is this host's loopback";
        if (a->bytes[0] == 0xff)
                return "is a multicast address";
        if (memcmp(a->bytes, mapped, 12) == 0)
                return "is an address of IPv4 in the form of IPv6";
        if (a->prefix < 127 && host_part_is(a, false))
                return "is the address of all routers of the subnet";
        return NULL;
}

static int parse_prefix(const char *s, Address *a, char **ret_error)
{
        const char *family = a->family == AF_INET ? "IPv4" : "IPv6";
        uint32_t prefix;

        if (strlen(s) > 3 || parse_u32(s, &prefix) < 0 || prefix == 0 || prefix > 8 * address_size(a))
                return text_refuse(-EINVAL, ret_error, "/%s is not a length of %s, expected 1 to %zu", s,
                                family, 8 * address_size(a));
        a->prefix = (uint8_t) prefix;
        return 0;
}

bool address_of_socket(const struct sockaddr *s, Address *ret)
{
        Address a = { .family = s->sa_family };

        if (a.family == AF_INET)
                memcpy(a.bytes, &((const struct sockaddr_in *) (const void *) s)->sin_addr, 4);
        else if (a.family == AF_INET6)
                memcpy(a.bytes, &((const struct sockaddr_in6 *) (const void *) s)->sin6_addr, 16);
        else
                return false;
        *ret = a;
        return true;
}

bool address_parse_bare(const char *s, Address *ret)
{
        Address a = {};

        if (inet_pton(AF_INET, s, a.bytes) == 1)
                a.family = AF_INET;
        else if (inet_pton(AF_INET6, s, a.bytes) == 1)
                a.family = AF_INET6;
        else
                return false;
        *ret = a;
        return true;
}

int address_parse(const char *s, Address *ret, char **ret_error)
{
        Address a = {};
        char text[INET6_ADDRSTRLEN + 1];
        const char *slash = strchr(s, '/'), *refusal;
        size_t n = slash ? (size_t) (slash - s) : strlen(s);
        int r;

        *ret_error = NULL;
        if (n >= sizeof(text))
                return text_refuse(-EINVAL, ret_error,
                                "%s is not an address, as in 192.0.2.10/24 or 2001:db8::30/64", s);
        memcpy(text, s, n);
        text[n] = '\0';
        if (!address_parse_bare(text, &a))
                return text_refuse(-EINVAL, ret_error,
                                "%s is not an address, as in 192.0.2.10/24 or 2001:db8::30/64", s);
        if (!slash)
                return text_refuse(-EINVAL, ret_error, "%s has no prefix length, as in %s/%s", s, s,
                                a.family == AF_INET ? "24" : "64");
        r = parse_prefix(slash + 1, &a, ret_error);
        if (r < 0)
                return r;
        refusal = a.family == AF_INET ? refusal_of_ipv4(&a) : refusal_of_ipv6(&a);
        if (refusal)
                return text_refuse(-EINVAL, ret_error, "%s %s, expected one that one host can have", text,
                                refusal);
        *ret = a;
        return 0;
}

const char *address_format(char buffer[static ADDRESS_TEXT_MAX], const Address *a)
{
        if (!inet_ntop(a->family, a->bytes, buffer, ADDRESS_TEXT_MAX))
                strcpy(buffer, "?"); /* only another family can have no text */
        return buffer;
}
