/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What distro-address reads and writes: its arguments, frames byte by byte, messages of the kernel, and the choice of an
 * interface. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address/address-lock.h"
#include "address/arguments.h"
#include "address/frame.h"
#include "address/network.h"
#include "base/array.h"

#include <linux/if.h>

static const Mac own = { { 2, 0, 0, 0, 0, 1 } }, other = { { 0x3a, 0x2e, 0xe5, 0x92, 0x13, 0x13 } };

static Address address_of(const char *s)
{
        _cleanup_free_ char *error = NULL;
        Address a;

        assert_int_equal(address_parse(s, &a, &error), 0);
        return a;
}

static void test_addresses(void **state)
{
        static const char *const good[] = { "192.0.2.10/24", "10.0.0.0/31", "10.0.0.1/31", "192.0.2.0/32",
                "192.0.2.255/16", "2001:db8::30/64", "fe80::1/64", "2001:db8::/128", "2001:db8::/127",
                "169.254.1.1/16" };
        static const struct {
                const char *text, *error;
        } bad[] = {
                { "192.0.2.10", "192.0.2.10 has no prefix length, as in 192.0.2.10/24" },
                { "2001:db8::30", "2001:db8::30 has no prefix length, as in 2001:db8::30/64" },
                { "192.0.2.10/33", "/33 is not a length of IPv4, expected 1 to 32" },
                { "192.0.2.10/0", "/0 is not a length of IPv4, expected 1 to 32" },
                { "192.0.2.10/", "/ is not a length of IPv4, expected 1 to 32" },
                { "192.0.2.10/+4", "/+4 is not a length of IPv4, expected 1 to 32" },
                { "192.0.2.10/24/24", "/24/24 is not a length of IPv4, expected 1 to 32" },
                { "192.0.2.10/0024", "/0024 is not a length of IPv4, expected 1 to 32" },
                { "2001:db8::30/129", "/129 is not a length of IPv6, expected 1 to 128" },
                { "224.0.0.1/24", "224.0.0.1 is a multicast address, expected one that one host can have" },
                { "239.255.255.255/32",
                                "239.255.255.255 is a multicast address, expected one that one host can have" },
                { "ff02::1/64", "ff02::1 is a multicast address, expected one that one host can have" },
                { "127.0.0.1/8", "127.0.0.1 is this host's loopback, expected one that one host can have" },
                { "127.9.9.9/32", "127.9.9.9 is this host's loopback, expected one that one host can have" },
                { "::1/128", "::1 is this host's loopback, expected one that one host can have" },
                { "0.0.0.0/24", "0.0.0.0 is no address of a host, expected one that one host can have" },
                { "::/64", ":: is no address of a host, expected one that one host can have" },
                { "255.255.255.255/32",
                                "255.255.255.255 is the address of all hosts, expected one that one host can have" },
                { "192.0.2.0/24",
                                "192.0.2.0 is the address of the whole subnet, expected one that one host can have" },
                { "192.0.2.255/24",
                                "192.0.2.255 is the address of all hosts of the subnet, expected one that one host can have" },
                { "2001:db8::/64",
                                "2001:db8:: is the address of all routers of the subnet, expected one that one host can have" },
                { "::ffff:192.0.2.1/128",
                                "::ffff:192.0.2.1 is an address of IPv4 in the form of IPv6, expected one that one host can have" },
                { "web", "web is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { "", " is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { "192.0.2.010/24",
                                "192.0.2.010/24 is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222/64",
                                "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222/64 is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                Address a = address_of(good[i]);
                char text[ADDRESS_TEXT_MAX], whole[ADDRESS_TEXT_MAX + 8];

                snprintf(whole, sizeof(whole), "%s/%u", address_format(text, &a), a.prefix);
                assert_string_equal(whole, good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_free_ char *error = NULL;
                Address a;

                assert_int_equal(address_parse(bad[i].text, &a, &error), -EINVAL);
                assert_string_equal(error, bad[i].error);
        }
}

static void test_subnets(void **state)
{
        static const struct {
                const char *address, *network;
                bool is_in;
        } cases[] = {
                { "192.0.2.10/24", "192.0.2.1/24", true },
                { "192.0.3.10/24", "192.0.2.1/24", false },
                { "192.0.3.10/32", "192.0.2.1/23", true },
                { "192.0.4.10/32", "192.0.2.1/23", false },
                { "192.0.2.10/24", "192.0.2.11/32", false },
                { "192.0.2.10/24", "192.0.2.10/32", true },
                { "192.0.2.127/24", "192.0.2.1/25", true },
                { "192.0.2.129/24", "192.0.2.1/25", false },
                { "2001:db8::30/64", "2001:db8::1/64", true },
                { "2001:db8:0:1::30/64", "2001:db8::1/64", false },
        };
        uint8_t broadcast[4];
        Address a = address_of("192.0.2.10/23");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Address b = address_of(cases[i].network);

                a = address_of(cases[i].address);
                assert_int_equal(address_is_in(&a, b.bytes, b.prefix), cases[i].is_in);
        }
        a = address_of("192.0.2.10/23");
        assert_true(address_broadcast(&a, broadcast));
        assert_memory_equal(broadcast, "\xc0\x00\x03\xff", 4);
        a = address_of("192.0.2.10/31");
        assert_false(address_broadcast(&a, broadcast));
        a = address_of("fe80::1/64");
        assert_true(address_is_link_local(&a));
        a = address_of("fec0::1/64");
        assert_false(address_is_link_local(&a));
}

#define WORDS(...)                      \
        (const char *const[])           \
        {                               \
                __VA_ARGS__, NULL, NULL \
        }

static size_t count(const char *const *words)
{
        size_t n = 0;

        while (words[n])
                n++;
        return n;
}

static void test_arguments(void **state)
{
        const char *const *all = WORDS("run", "192.0.2.10/24", "check=no", "eth0", "announce=no",
                        "label=eth0:web", "--timeout=2s", "--maintenance=/run/x");
        _cleanup_free_ char *error = NULL;
        Arguments a;

        assert_int_equal(arguments_parse(WORDS("run", "192.0.2.10/24"), 2, &a, &error), 0);
        assert_true(!a.is_del && a.spec.check && a.spec.announce && a.timeout_usec == 10 * USEC_PER_SEC &&
                        !a.maintenance);
        assert_string_equal(a.spec.interface, "");
        assert_string_equal(a.spec.label, "");
        assert_int_equal(arguments_parse(all, count(all), &a, &error), 0);
        assert_true(!a.spec.check && !a.spec.announce && a.timeout_usec == 2 * USEC_PER_SEC);
        assert_string_equal(a.spec.interface, "eth0");
        assert_string_equal(a.spec.label, "eth0:web");
        assert_string_equal(a.maintenance, "/run/x");
        assert_int_equal(arguments_parse(WORDS("del", "2001:db8::30/64", "eth0"), 3, &a, &error), 0);
        assert_true(a.is_del && a.spec.address.family == AF_INET6);
}

#define NAME_EXPECTED "expected 1 to 15 visible characters of ASCII without / and %"
#define NO_NAME(name) "\"" name "\" is no name of an interface, " NAME_EXPECTED

static void test_bad_arguments(void **state)
{
        static const struct {
                const char *words[6];
                const char *error;
        } cases[] = {
                { { NULL }, "run or del and an address are needed, as in: run 192.0.2.10/24 eth0" },
                { { "run" }, "run or del and an address are needed, as in: run 192.0.2.10/24 eth0" },
                { { "add", "192.0.2.10/24" },
                                "run or del and an address are needed, as in: run 192.0.2.10/24 eth0" },
                { { "run", "192.0.2.10" }, "192.0.2.10 has no prefix length, as in 192.0.2.10/24" },
                { { "run", "192.0.2.10/24", "eth0", "eth1" },
                                "\"eth1\" is a second interface beside eth0, expected one" },
                { { "run", "192.0.2.10/24", "eth0123456789012" }, NO_NAME("eth0123456789012") },
                { { "run", "192.0.2.10/24", "a/b" }, NO_NAME("a/b") },
                { { "run", "192.0.2.10/24", ".." }, NO_NAME("..") },
                { { "run", "192.0.2.10/24", "" }, NO_NAME("") },
                { { "run", "192.0.2.10/24", "check=maybe" }, "check=maybe is not valid, expected yes or no" },
                { { "run", "192.0.2.10/24", "announce=" }, "announce= is not valid, expected yes or no" },
                { { "run", "192.0.2.10/24", "label=" }, "label= is not valid, " NAME_EXPECTED },
                { { "run", "192.0.2.10/24", "label=0123456789012345" },
                                "label=0123456789012345 is not valid, " NAME_EXPECTED },
                { { "run", "2001:db8::30/64", "label=eth0:1" },
                                "label= does not go with an address of IPv6, expected it with IPv4 only" },
                { { "run", "192.0.2.10/24", "eth0", "192.0.2.11/24" },
                                "\"192.0.2.11/24\" is a second address, expected one" },
                { { "run", "192.0.2.10/24", "check=no", "check=no" },
                                "check= is given twice, expected it once" },
                { { "run", "192.0.2.10/24", "label=eth0:1" },
                                "label=eth0:1 begins with the name of the interface, expected the interface too" },
                { { "run", "192.0.2.10/24", "label=eth1:1", "eth0" },
                                "label=eth1:1 does not begin with the interface, expected eth0:TEXT" },
                { { "run", "192.0.2.10/24", "mtu=1500" },
                                "mtu=1500: there is no such option (check=, announce=, label=)" },
                { { "run", "192.0.2.10/24", "--maintenance=x" },
                                "--maintenance=x: there is no such option (check=, announce=, label=)" },
                { { "run", "192.0.2.10/24", "-v" },
                                "-v: there is no such option (check=, announce=, label=)" },
                { { "run", "192.0.2.10/24", "--timeout=infinity" },
                                "--timeout=infinity is not a time of at most an hour" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                Arguments a;

                assert_int_equal(arguments_parse(cases[i].words, count(cases[i].words), &a, &error), -EINVAL);
                assert_string_equal(error, cases[i].error);
        }
}

static void check_frame(const Frame *f, const char *bytes, size_t n)
{
        assert_int_equal(f->size_bytes, n);
        assert_memory_equal(f->data, bytes, n);
}
#define CHECK_FRAME(f, bytes) check_frame(f, bytes, sizeof(bytes) - 1)

static void test_arp(void **state)
{
        Address a = address_of("192.0.2.10/24");
        Frame f;

        frame_probe(&a, &own, &f);
        CHECK_FRAME(&f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06"
                        "\x00\x01\x08\x00\x06\x04\x00\x01"
                        "\x02\x00\x00\x00\x00\x01\x00\x00\x00\x00"
                        "\x00\x00\x00\x00\x00\x00\xc0\x00\x02\x0a");
        assert_true(frame_announce(&a, &own, 0, true, &f));
        CHECK_FRAME(&f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06"
                        "\x00\x01\x08\x00\x06\x04\x00\x01"
                        "\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x0a"
                        "\x00\x00\x00\x00\x00\x00\xc0\x00\x02\x0a");
        assert_true(frame_announce(&a, &own, 1, true, &f));
        CHECK_FRAME(&f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06"
                        "\x00\x01\x08\x00\x06\x04\x00\x02"
                        "\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x0a"
                        "\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x0a");
        assert_false(frame_announce(&a, &own, 2, true, &f));
}

static void test_discovery(void **state)
{
        Address a = address_of("2001:db8::1234:5678/64");
        Frame f;

        /* The sums were counted by another program. */
        frame_probe(&a, &own, &f);
        CHECK_FRAME(&f, "\x33\x33\xff\x34\x56\x78\x02\x00\x00\x00\x00\x01\x86\xdd"
                        "\x60\x00\x00\x00\x00\x18\x3a\xff"
                        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                        "\xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\x34\x56\x78"
                        "\x87\x00\x8d\x96\x00\x00\x00\x00"
                        "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78");
        assert_true(frame_announce(&a, &own, 0, false, &f));
        CHECK_FRAME(&f, "\x33\x33\x00\x00\x00\x01\x02\x00\x00\x00\x00\x01\x86\xdd"
                        "\x60\x00\x00\x00\x00\x20\x3a\xff"
                        "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78"
                        "\xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
                        "\x88\x00\x27\xd4\x20\x00\x00\x00"
                        "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78"
                        "\x02\x01\x02\x00\x00\x00\x00\x01");
        assert_true(frame_announce(&a, &own, 0, true, &f));
        assert_int_equal(f.data[58], 0xa0);
        assert_false(frame_announce(&a, &own, 1, false, &f));
}

static void test_claims(void **state)
{
        static const char *const addresses[] = { "192.0.2.10/24", "2001:db8::30/64" };

        for (size_t i = 0; i < ELEMENTSOF(addresses); i++) {
                Address a = address_of(addresses[i]),
                        stranger = address_of(i == 0 ? "192.0.2.11/24" : "2001:db8::31/64");
                Frame probe, announcement, own_probe;
                Mac mac = {};

                frame_probe(&a, &other, &probe);
                frame_probe(&a, &own, &own_probe);
                assert_true(frame_announce(&a, &other, 0, false, &announcement));
                assert_true(frame_is_claim(announcement.data, announcement.size_bytes, &a, &own, &mac));
                assert_memory_equal(&mac, &other, sizeof(mac));
                mac = (Mac){};
                assert_true(frame_is_claim(probe.data, probe.size_bytes, &a, &own, &mac));
                assert_memory_equal(&mac, &other, sizeof(mac));
                assert_false(frame_is_claim(own_probe.data, own_probe.size_bytes, &a, &own, &mac));
                assert_false(frame_is_claim(announcement.data, announcement.size_bytes, &a, &other, &mac));
                assert_false(frame_is_claim(
                                announcement.data, announcement.size_bytes, &stranger, &own, &mac));
                assert_false(frame_is_claim(probe.data, probe.size_bytes, &stranger, &own, &mac));
                for (size_t n = 0; n < announcement.size_bytes; n++)
                        assert_false(frame_is_claim(announcement.data, n, &a, &own, &mac));
        }
}

/* Each byte that has one right value: with another one it is no claim. */
static void test_no_claims(void **state)
{
        static const size_t arp_bytes[] = { 12, 13, 14, 15, 16, 17, 18, 19, 20, 28, 31 };
        static const size_t discovery_bytes[] = { 12, 13, 14, 18, 20, 21, 54, 55, 56, 62, 77 };
        Address v4 = address_of("192.0.2.10/24"), v6 = address_of("2001:db8::30/64");
        Frame f;
        Mac mac;

        assert_true(frame_announce(&v4, &other, 1, false, &f));
        for (size_t i = 0; i < ELEMENTSOF(arp_bytes); i++) {
                f.data[arp_bytes[i]] ^= 0x10;
                assert_false(frame_is_claim(f.data, f.size_bytes, &v4, &own, &mac));
                f.data[arp_bytes[i]] ^= 0x10;
        }
        assert_true(frame_announce(&v6, &other, 0, false, &f));
        for (size_t i = 0; i < ELEMENTSOF(discovery_bytes); i++) {
                f.data[discovery_bytes[i]] ^= 0x10;
                assert_false(frame_is_claim(f.data, f.size_bytes, &v6, &own, &mac));
                f.data[discovery_bytes[i]] ^= 0x10;
        }
        /* Somebody who looks for the address in order to talk to it has an address. */
        frame_probe(&v4, &other, &f);
        memcpy(f.data + 28, "\xc0\x00\x02\x01", 4);
        assert_false(frame_is_claim(f.data, f.size_bytes, &v4, &own, &mac));
}

/* A message of the kernel as bytes. */
typedef struct Bytes {
        uint8_t data[1024];
        size_t size;
} Bytes;

static void add_message(Bytes *b, unsigned type, unsigned flags, const void *body, size_t size)
{
        struct nlmsghdr head = { .nlmsg_type = (uint16_t) type,
                .nlmsg_flags = (uint16_t) flags,
                .nlmsg_seq = 7,
                .nlmsg_len = (uint32_t) NLMSG_LENGTH(size) };

        memcpy(b->data + b->size, &head, sizeof(head));
        memcpy(b->data + b->size + NLMSG_HDRLEN, body, size);
        b->size += NLMSG_SPACE(size);
}

/* To the last message, which begins at `at`. */
static void add_attribute(Bytes *b, size_t at, unsigned type, const void *data, size_t size)
{
        struct rtattr head = { .rta_type = (uint16_t) type, .rta_len = (uint16_t) RTA_LENGTH(size) };
        uint32_t length;

        memcpy(b->data + b->size, &head, sizeof(head));
        memcpy(b->data + b->size + RTA_LENGTH(0), data, size);
        b->size += RTA_SPACE(size);
        length = (uint32_t) (b->size - at);
        memcpy(b->data + at, &length, sizeof(length));
}

static void add_interface(Bytes *b, int index, const char *name, unsigned flags, const Mac *mac)
{
        struct ifinfomsg body = { .ifi_type = ARPHRD_ETHER, .ifi_index = index, .ifi_flags = flags };
        size_t at = b->size;

        add_message(b, RTM_NEWLINK, 0, &body, sizeof(body));
        add_attribute(b, at, IFLA_IFNAME, name, strlen(name) + 1);
        if (mac)
                add_attribute(b, at, IFLA_ADDRESS, mac, sizeof(*mac));
}

static void add_address(Bytes *b, unsigned index, const char *text, unsigned flags, uint8_t protocol)
{
        Address a = address_of(text);
        struct ifaddrmsg body = {
                .ifa_family = (uint8_t) a.family, .ifa_prefixlen = a.prefix, .ifa_index = index
        };
        uint32_t all = flags;
        size_t at = b->size;

        add_message(b, RTM_NEWADDR, 0, &body, sizeof(body));
        add_attribute(b, at, IFA_ADDRESS, a.bytes, address_size(&a));
        if (a.family == AF_INET)
                add_attribute(b, at, IFA_LOCAL, a.bytes, address_size(&a));
        add_attribute(b, at, IFA_FLAGS, &all, sizeof(all));
        if (protocol)
                add_attribute(b, at, IFA_PROTO, &protocol, 1);
}

static void test_messages(void **state)
{
        int error = -EEXIST, wrong = 1;
        Address a = address_of("2001:db8::30/64");
        RtnlMessage m;
        Bytes b = {};
        size_t at = 0;

        add_interface(&b, 3, "eth\t0", IFF_UP | IFF_LOWER_UP, &other);
        add_interface(&b, 4, "tun0", IFF_UP | IFF_NOARP, &other);
        add_interface(&b, 5, "odd", IFF_UP, NULL);
        add_address(&b, 3, "2001:db8::30/64", IFA_F_NODAD | IFA_F_NOPREFIXROUTE, RTNL_PROTOCOL_OURS);
        add_address(&b, 3, "192.0.2.10/24", IFA_F_SECONDARY, 0);
        add_message(&b, NLMSG_ERROR, 0, &error, sizeof(error));
        add_message(&b, NLMSG_DONE, NLM_F_DUMP_INTR, &(int){ 0 }, 4);
        add_message(&b, NLMSG_ERROR, 0, &wrong, sizeof(wrong));

        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_int_equal(m.kind, RTNL_INTERFACE);
        assert_int_equal(m.sequence, 7);
        assert_string_equal(m.interface.name, "eth?0");
        assert_true(m.interface.is_ethernet && m.interface.index == 3 &&
                        m.interface.flags == (IFF_UP | IFF_LOWER_UP));
        assert_memory_equal(&m.interface.mac, &other, sizeof(other));
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_false(m.interface.is_ethernet);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_false(m.interface.is_ethernet);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_int_equal(m.kind, RTNL_ADDRESS);
        assert_true(m.address.is_ours && m.address.flags == (IFA_F_NODAD | IFA_F_NOPREFIXROUTE) &&
                        m.address.index == 3);
        assert_true(address_is_same(&m.address.address, &a) && m.address.address.prefix == 64);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_false(m.address.is_ours);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_true(m.kind == RTNL_ANSWER && m.error == -EEXIST && !m.is_torn);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_true(m.kind == RTNL_DONE && m.error == 0 && m.is_torn);
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 1);
        assert_true(m.kind == RTNL_ANSWER && m.error == -EBADMSG); /* the kernel has no such error */
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), 0);
}

/* Cut anywhere, and with each length wrong: refused, or read as far as it goes. */
static void test_bad_messages(void **state)
{
        Bytes b = {};
        size_t at;
        RtnlMessage m;

        add_address(&b, 3, "192.0.2.10/24", 0, RTNL_PROTOCOL_OURS);
        for (size_t n = 1; n < b.size; n++) {
                at = 0;
                assert_int_equal(rtnl_next(b.data, n, &at, &m), -EBADMSG);
                assert_int_equal(at, 0);
        }
        for (unsigned length = 0; length < 4; length++) { /* of the first attribute */
                Bytes c = b;

                c.data[NLMSG_HDRLEN + sizeof(struct ifaddrmsg)] = (uint8_t) length;
                at = 0;
                assert_int_equal(rtnl_next(c.data, c.size, &at, &m), -EBADMSG);
        }
        for (uint32_t n = 1; n < 4; n++) { /* the only attribute is longer than what is left of its message */
                uint32_t length;
                Bytes c = {};

                add_message(&c, RTM_NEWADDR, 0, &(struct ifaddrmsg){ .ifa_family = AF_INET },
                                sizeof(struct ifaddrmsg));
                add_attribute(&c, 0, IFA_LOCAL, "\xc0\x00\x02\x0a", 4);
                length = (uint32_t) c.size - n;
                memcpy(c.data, &length, sizeof(length));
                at = 0;
                assert_int_equal(rtnl_next(c.data, c.size, &at, &m), -EBADMSG);
        }
        b.data[NLMSG_HDRLEN + 1] = 33; /* the prefix */
        at = 0;
        assert_int_equal(rtnl_next(b.data, b.size, &at, &m), -EBADMSG);
}

/* Our own request, read as the kernel's message. */
static void test_requests(void **state)
{
        const char *const *words = WORDS("run", "192.0.2.10/24", "eth0", "label=eth0:web");
        _cleanup_free_ char *error = NULL;
        static const uint8_t broadcast[] = { 8, 0, IFA_BROADCAST, 0, 192, 0, 2, 255 };
        RtnlMessage m;
        RtnlRequest q;
        Arguments a;
        size_t at = 0;

        assert_int_equal(arguments_parse(words, count(words), &a, &error), 0);
        rtnl_add(&a.spec, 3, 9, &q);
        assert_int_equal(rtnl_next(q.data, q.size_bytes, &at, &m), 1);
        assert_int_equal(at, q.size_bytes);
        assert_true(m.kind == RTNL_ADDRESS && m.sequence == 9 && m.address.index == 3 && m.address.is_ours);
        assert_true(address_is_same(&m.address.address, &a.spec.address) && m.address.address.prefix == 24);
        assert_true(memmem(q.data, q.size_bytes, broadcast, sizeof(broadcast)));
        assert_true(memmem(q.data, q.size_bytes,
                        "\x0d\x00\x03\x00"
                        "eth0:web",
                        13));
        assert_int_equal(*(uint16_t *) (void *) (q.data + 6),
                        NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);

        a.spec.address = address_of("2001:db8::30/64");
        a.spec.label[0] = '\0';
        rtnl_add(&a.spec, 3, 9, &q);
        at = 0;
        assert_int_equal(rtnl_next(q.data, q.size_bytes, &at, &m), 1);
        assert_true(m.address.is_ours && m.address.flags == IFA_F_NODAD);
        rtnl_remove(&a.spec.address, 3, 9, &q);
        at = 0;
        assert_int_equal(rtnl_next(q.data, q.size_bytes, &at, &m), 1);
        assert_true(m.kind == RTNL_ADDRESS_GONE && address_is_same(&m.address.address, &a.spec.address));

        rtnl_keep_secondaries(3, 9, &q);
        assert_int_equal(q.size_bytes, NLMSG_HDRLEN + 16 + 4 + 4 + 4 + 8);
        assert_memory_equal(q.data + NLMSG_HDRLEN + 16,
                        "\x14\x00\x1a\x80\x10\x00\x02\x80\x0c\x00\x01\x80\x08\x00\x14\x00\x01\x00\x00\x00",
                        20);
}

static Network network_of(Bytes *b)
{
        Network n = {};
        RtnlMessage m;
        size_t at = 0;

        while (rtnl_next(b->data, b->size, &at, &m) > 0)
                assert_int_equal(network_take(&n, &m), 0);
        return n;
}

static void test_choice(void **state)
{
        static const struct {
                const char *address, *interface, *chosen, *error;
        } cases[] = {
                { "192.0.2.10/24", NULL, "eth0", NULL },
                { "192.0.2.10/32", NULL, "eth0", NULL },
                { "192.0.2.10/24", "eth1", "eth1", NULL },
                { "192.0.2.10/24", "eth9", NULL, "there is no interface eth9 on this node" },
                { "198.51.100.7/24", NULL, NULL,
                                "198.51.100.7: no interface has an address of its subnet: name one" },
                { "10.1.2.3/16", NULL, NULL,
                                "10.1.2.3: eth1 and eth2 have addresses of its subnet: name one" },
                { "2001:db8::30/64", NULL, NULL,
                                "2001:db8::30: no interface has an address of its subnet: name one" },
                { "203.0.113.9/24", NULL, NULL,
                                "203.0.113.9: no interface has an address of its subnet: name one" },
        };
        Bytes b = {};
        Network n;

        add_interface(&b, 1, "eth0", 0, &own);
        add_interface(&b, 2, "eth1", 0, &own);
        add_interface(&b, 3, "eth2", 0, &own);
        add_address(&b, 1, "192.0.2.1/24", 0, 0);
        add_address(&b, 2, "10.1.0.1/16", 0, 0);
        add_address(&b, 3, "10.1.0.2/8", 0, 0);
        add_address(&b, 3, "203.0.113.8/24", 0, RTNL_PROTOCOL_OURS); /* where ours is follows from others */
        n = network_of(&b);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                AddressSpec a = { .address = address_of(cases[i].address) };
                const Interface *chosen = NULL;

                if (cases[i].interface)
                        strcpy(a.interface, cases[i].interface);
                assert_int_equal(network_choose(&n, &a, &chosen, &error), cases[i].error ? -ENODEV : 0);
                if (cases[i].error)
                        assert_string_equal(error, cases[i].error);
                else
                        assert_string_equal(chosen->name, cases[i].chosen);
        }
        network_done(&n);
}

static void test_found(void **state)
{
        Address a = address_of("192.0.2.10/24");
        const InterfaceAddress *found;
        Bytes b = {};
        Network n;

        add_address(&b, 1, "192.0.2.1/24", 0, 0);
        add_address(&b, 1, "192.0.2.10/32", 0, 0);
        add_address(&b, 2, "192.0.2.10/24", 0, RTNL_PROTOCOL_OURS);
        add_address(&b, 1, "192.0.2.11/24", IFA_F_SECONDARY, 0);
        add_address(&b, 1, "198.51.100.1/24", 0, 0);
        n = network_of(&b);
        found = network_find(&n, &a, 0);
        assert_true(found && found->index == 2 && found->is_ours);
        found = network_find(&n, &a, 1);
        assert_true(found && !found->is_ours && found->address.prefix == 32);
        assert_null(network_find(&n, &a, 3));
        assert_true(network_has_secondaries(&n, &n.addresses[0]));
        assert_false(network_has_secondaries(&n, &n.addresses[1])); /* another length */
        assert_false(network_has_secondaries(&n, &n.addresses[2])); /* another interface */
        assert_false(network_has_secondaries(&n, &n.addresses[3])); /* is one itself */
        assert_false(network_has_secondaries(&n, &n.addresses[4])); /* another subnet */
        network_done(&n);
}

/* ---- who has an address ---- */

static char lock_directory[32];

static int begin_locks(void **state)
{
        char path[64];

        (void) state;
        strcpy(lock_directory, "/tmp/test-address.XXXXXX");
        if (!mkdtemp(lock_directory))
                return -1;
        snprintf(path, sizeof(path), "%s/locks", lock_directory);
        return setenv(ADDRESS_LOCK_VARIABLE, path, true);
}

static int end_locks(void **state)
{
        char words[64];

        (void) state;
        snprintf(words, sizeof(words), "rm -r %s", lock_directory);
        return system(words); /* NOLINT(cert-env33-c): of this test's own words */
}

static void test_locks(void **state)
{
        Address shop = address_of("192.0.2.10/24"), mail = address_of("192.0.2.11/24"),
                on_link = address_of("fe80::10/64");
        int fd, other_fd, third_fd;

        (void) state;
        assert_int_equal(address_lock_take(&shop, 0, &fd), 0);
        assert_int_equal(address_lock_take(&shop, 0, &other_fd), -EADDRINUSE);
        assert_int_equal(address_lock_take_to_remove(&shop, 0, &other_fd), -EADDRINUSE);
        assert_int_equal(address_lock_take(&mail, 0, &other_fd), 0);
        close(other_fd);
        close(fd);
        assert_int_equal(address_lock_take_to_remove(&shop, 0, &fd), 0);
        close(fd);
        assert_int_equal(address_lock_take(&shop, 0, &fd), 0);
        close(fd);

        /* On each interface another one may have it. */
        assert_int_equal(address_lock_take(&on_link, 2, &fd), 0);
        assert_int_equal(address_lock_take(&on_link, 3, &other_fd), 0);
        assert_int_equal(address_lock_take(&on_link, 3, &third_fd), -EADDRINUSE);
        close(other_fd);
        assert_int_equal(address_lock_take_to_remove(&on_link, 2, &other_fd), -EADDRINUSE);
        assert_int_equal(address_lock_take_to_remove(&on_link, 0, &other_fd), -EADDRINUSE);
        assert_int_equal(address_lock_take_to_remove(&on_link, 3, &other_fd), 0);
        close(other_fd);
        close(fd);
}

/* A start that meets a removal waits for it, and is not refused. */
static void test_lock_waits(void **state)
{
        Address a = address_of("2001:db8::30/64");
        int fd, pipes[2], status;
        struct pollfd pfd;
        pid_t pid;

        (void) state;
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(address_lock_take_to_remove(&a, 0, &fd), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) close(fd); /* else the child would have the removal's lock too */
                _exit(address_lock_take(&a, 0, &fd) < 0 || write(pipes[1], "x", 1) != 1);
        }
        close(pipes[1]);
        pfd = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
        assert_int_equal(poll(&pfd, 1, 100), 0); /* it has neither it nor ended */
        close(fd);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        close(pipes[0]);
}

/* Whoever can open the file could keep an address off this host. */
static void test_lock_is_private(void **state)
{
        Address a = address_of("192.0.2.12/24");
        char path[64];
        struct stat st;
        int fd;

        (void) state;
        assert_int_equal(address_lock_take(&a, 0, &fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        close(fd);
        snprintf(path, sizeof(path), "%s/locks", lock_directory);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 022, 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_subnets),
                cmocka_unit_test(test_arguments),
                cmocka_unit_test(test_bad_arguments),
                cmocka_unit_test(test_arp),
                cmocka_unit_test(test_discovery),
                cmocka_unit_test(test_claims),
                cmocka_unit_test(test_no_claims),
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_bad_messages),
                cmocka_unit_test(test_requests),
                cmocka_unit_test(test_choice),
                cmocka_unit_test(test_found),
                cmocka_unit_test_setup_teardown(test_locks, begin_locks, end_locks),
                cmocka_unit_test_setup_teardown(test_lock_waits, begin_locks, end_locks),
                cmocka_unit_test_setup_teardown(test_lock_is_private, begin_locks, end_locks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
