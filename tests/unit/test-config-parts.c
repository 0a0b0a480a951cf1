/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Parts]: what is accepted, the exact words for what is not, and what the digests depend on. */

#include "config-harness.h"
#include "base/array.h"
#include "config/unit-names.h"

/* The lines of [Parts] begin in the fifth. */
#define HEAD "[Application]\nNodes=abc\n[Service]\nExecStart=/bin/true\n"
#define PARTS HEAD "[Parts]\n"

/* "ID NAME: WORD WORD 10000000 10000000", one a line. */
static void assert_parts(const Parts *parts, const char *expected, const char *text)
{
        char all[4096] = "";
        size_t n = 0;

        for (size_t i = 0; i < parts->n_items; i++) {
                const Part *p = parts->items + i;

                if (p->kind != PART_ADDRESS)
                        n += (size_t) snprintf(all + n, sizeof(all) - n, "%s ", part_kind_to_string(p->kind));
                n += (size_t) snprintf(all + n, sizeof(all) - n, "%s %s:", p->id, p->name);
                for (char *const *word = p->arguments; *word; word++)
                        n += (size_t) snprintf(all + n, sizeof(all) - n, " %s", *word);
                n += (size_t) snprintf(all + n, sizeof(all) - n, " %llu %llu\n",
                                (unsigned long long) p->start_timeout_usec,
                                (unsigned long long) p->stop_timeout_usec);
                assert_true(n < sizeof(all));
        }
        if (strcmp(all, expected) != 0)
                fail_msg("of\n%s\nthe parts are\n%s\nnot\n%s", text, all, expected);
}

static void test_good(void **state)
{
        static const struct {
                const char *text, *expected;
        } good[] = {
                { HEAD, "" },
                { PARTS, "" },
                { PARTS "Unit=nginx.service\nUnit=srv-%j.mount\nUnit=\"pg@15-main.service\"\n",
                                "unit nginx.service nginx.service: 90000000 90000000\n"
                                "unit srv-x.mount srv-x.mount: 90000000 90000000\n"
                                "unit pg@15-main.service pg@15-main.service: 90000000 90000000\n" },
                { PARTS "Address=192.0.2.20/24\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 10000000 10000000\n" },
                { PARTS "Address=192.0.2.20/24 eth0 check=no\nAddress=2001:DB8:0::30/64\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 eth0 check=no 10000000 10000000\n"
                                "ip-2001:db8::30 2001:db8::30/64: 2001:db8::30/64 10000000 10000000\n" },
                { PARTS "Address=192.0.2.20/24\nAddress=192.0.2.21/24\nAddress=\nAddress=192.0.2.22/24\n",
                                "ip-192.0.2.22 192.0.2.22/24: 192.0.2.22/24 10000000 10000000\n" },
                { PARTS "Address=192.0.2.20/24 TimeoutStopSec=5 check=no eth0.7 \"TimeoutStartSec=1min 30s\" announce=0\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 eth0.7 check=no announce=no 90000000 "
                                "5000000\n" },
                { PARTS "Address=192.0.2.20/24 check=yes announce=true label=eth0:web eth0 TimeoutStopSec=1h\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 eth0 label=eth0:web 10000000 "
                                "3600000000\n" },
                { PARTS "Address=\"192.0.2.20/24\" 'eth0' \\\n  label=%l:\\x41%j\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 eth0 label=eth0:Ax 10000000 10000000\n" },
                { PARTS "Address=10.0.0.0/31\nAddress=10.0.0.1/31\nAddress=192.0.2.0/32\nAddress=192.0.2.255/16\n",
                                "ip-10.0.0.0 10.0.0.0/31: 10.0.0.0/31 10000000 10000000\n"
                                "ip-10.0.0.1 10.0.0.1/31: 10.0.0.1/31 10000000 10000000\n"
                                "ip-192.0.2.0 192.0.2.0/32: 192.0.2.0/32 10000000 10000000\n"
                                "ip-192.0.2.255 192.0.2.255/16: 192.0.2.255/16 10000000 10000000\n" },
                { PARTS "Address=fe80::30/64 eth0\nAddress=2001:db8::30/128\n",
                                "ip-fe80::30 fe80::30/64: fe80::30/64 eth0 10000000 10000000\n"
                                "ip-2001:db8::30 2001:db8::30/128: 2001:db8::30/128 10000000 10000000\n" },
                { PARTS "Address=192.0.2.21/24\n[Service]\n[Parts]\nAddress=192.0.2.20/24\n",
                                "ip-192.0.2.21 192.0.2.21/24: 192.0.2.21/24 10000000 10000000\n"
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 10000000 10000000\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                AppConfig app = parse_good(&three_nodes, good[i].text);
                Parts copy;

                assert_parts(&app.parts, good[i].expected, good[i].text);
                assert_int_equal(parts_copy(&app.parts, &copy), 0);
                app_config_done(&app);
                assert_parts(&copy, good[i].expected, good[i].text);
                parts_done(&copy);
                assert_int_equal(copy.n_items, 0);
        }
}

static void test_bad(void **state)
{
        static const struct {
                const char *text, *expected;
        } bad[] = {
                { PARTS "Adress=192.0.2.20/24\n", "x.app:6: "
                                                  "Adress=: unknown key in section [Parts]" },
                { PARTS "Agent=a ocf:b:c\n", "x.app:6: "
                                             "Agent=: unknown key in section [Parts]" },
                { PARTS "ExecStart=/bin/true\n",
                                "x.app:6: "
                                "ExecStart=: unknown key in section [Parts], expected it in [Service]" },
                { PARTS "After=a.service\n",
                                "x.app:6: "
                                "After=: unknown key in section [Parts], expected it in [Unit]" },
                { PARTS "Nodes=abc\n",
                                "x.app:6: "
                                "Nodes=: unknown key in section [Parts], expected it in [Application]" },
                { PARTS "Unit=nginx\nUnit=web.slice\n",
                                "x.app:6: Unit=: \"nginx\" cannot be a part, expected a unit of systemd that is a .service, "
                                ".mount, .socket, .target or .swap\n"
                                "x.app:7: Unit=: \"web.slice\" cannot be a part, expected a unit of systemd that is a "
                                ".service, .mount, .socket, .target or .swap" },
                { PARTS "Unit=postgresql@.service\nUnit=a@.mount\n",
                                "x.app:6: Unit=: postgresql@.service is a template, expected an instance of it, as in "
                                "postgresql@15-main.service\n"
                                "x.app:7: Unit=: a@.mount is a template, expected an instance of it, as in a@1.mount" },
                { PARTS "Unit=corosync.service\nUnit=systemd-journald.service\nUnit=network.target\nUnit=proc-x.mount\n",
                                "x.app:6: Unit=: corosync.service is one that this host, or its manager, needs, expected "
                                "another one\n"
                                "x.app:7: Unit=: systemd-journald.service is one that this host, or its manager, needs, "
                                "expected another one\n"
                                "x.app:8: Unit=: network.target is one that this host, or its manager, needs, expected "
                                "another one\n"
                                "x.app:9: Unit=: proc-x.mount is one that this host, or its manager, needs, expected "
                                "another one" },
                { PARTS "Unit=distro-app-web.service\nUnit=a/b.service\n",
                                "x.app:6: Unit=: \"distro-app-web.service\" is no name of an installed unit, expected one "
                                "as in nginx.service\n"
                                "x.app:7: Unit=: \"a/b.service\" is no name of an installed unit, expected one as in "
                                "nginx.service" },
                { PARTS "Unit=nginx.service TimeoutStopSec=5s\n",
                                "x.app:6: Unit=: \"TimeoutStopSec=5s\" stands behind the unit, expected the unit alone: its "
                                "times are those of the unit" },
                { PARTS "Unit=nginx.service\nUnit=nginx.service\n",
                                "x.app:7: Unit=: nginx.service is a part already (x.app:6), expected it once" },
                { "[Application]\nNodes=abc\nTakeoverMode=start-first\n[Parts]\nUnit=nginx.service\n",
                                "x.app:3: TakeoverMode=: start-first does not go with Unit=, which cannot be on two "
                                "nodes at once, expected stop-first" },
                { "[Application]\nNodes=abc\n[Parts]\nUnit=nginx.service\n[Service]\nUser=shop\n",
                                "x.app: ExecStart=: missing in section [Service], expected the command to run" },
                { PARTS "TimeoutStartSec=5s\n",
                                "x.app:6: "
                                "TimeoutStartSec=: has no line of its own in [Parts], expected it behind the part, as in Address=192.0.2.10/24 TimeoutStopSec=5s" },
                { PARTS "Address=192.0.2.20\n",
                                "x.app:6: "
                                "Address=: 192.0.2.20 has no prefix length, as in 192.0.2.20/24" },
                { PARTS "Address=2001:db8::30 eth0\n",
                                "x.app:6: "
                                "Address=: 2001:db8::30 has no prefix length, as in 2001:db8::30/64" },
                { PARTS "Address=192.0.2.20/33\n",
                                "x.app:6: "
                                "Address=: /33 is not a length of IPv4, expected 1 to 32" },
                { PARTS "Address=192.0.2.20/\n", "x.app:6: "
                                                 "Address=: / is not a length of IPv4, expected 1 to 32" },
                { PARTS "Address=192.0.2.20/0\n", "x.app:6: "
                                                  "Address=: /0 is not a length of IPv4, expected 1 to 32" },
                { PARTS "Address=2001:db8::30/129\n",
                                "x.app:6: "
                                "Address=: /129 is not a length of IPv6, expected 1 to 128" },
                { PARTS "Address=eth0 192.0.2.20/24\n",
                                "x.app:6: "
                                "Address=: eth0 is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { PARTS "Address=-192.0.2.20/24\n",
                                "x.app:6: "
                                "Address=: -192.0.2.20/24 is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { PARTS "Address=TimeoutStopSec=1s 192.0.2.20/24\n",
                                "x.app:6: "
                                "Address=: TimeoutStopSec=1s is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { PARTS "Address=\"\"\n",
                                "x.app:6: "
                                "Address=:  is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { PARTS "Address=224.0.0.1/24\n",
                                "x.app:6: "
                                "Address=: 224.0.0.1 is a multicast address, expected one that one host can have" },
                { PARTS "Address=ff02::1/64\n",
                                "x.app:6: "
                                "Address=: ff02::1 is a multicast address, expected one that one host can have" },
                { PARTS "Address=127.0.0.1/8\n",
                                "x.app:6: "
                                "Address=: 127.0.0.1 is this host's loopback, expected one that one host can have" },
                { PARTS "Address=::1/128\n",
                                "x.app:6: "
                                "Address=: ::1 is this host's loopback, expected one that one host can have" },
                { PARTS "Address=0.0.0.0/24\n",
                                "x.app:6: "
                                "Address=: 0.0.0.0 is no address of a host, expected one that one host can have" },
                { PARTS "Address=::/64\n",
                                "x.app:6: "
                                "Address=: :: is no address of a host, expected one that one host can have" },
                { PARTS "Address=192.0.2.0/24\n",
                                "x.app:6: "
                                "Address=: 192.0.2.0 is the address of the whole subnet, expected one that one host can have" },
                { PARTS "Address=192.0.2.255/24\n",
                                "x.app:6: "
                                "Address=: 192.0.2.255 is the address of all hosts of the subnet, expected one that one host can have" },
                { PARTS "Address=255.255.255.255/32\n",
                                "x.app:6: "
                                "Address=: 255.255.255.255 is the address of all hosts, expected one that one host can have" },
                { PARTS "Address=2001:db8::/64\n",
                                "x.app:6: "
                                "Address=: 2001:db8:: is the address of all routers of the subnet, expected one that one host can have" },
                { PARTS "Address=::ffff:192.0.2.20/120\n",
                                "x.app:6: "
                                "Address=: ::ffff:192.0.2.20 is an address of IPv4 in the form of IPv6, expected one that one host can have" },
                { PARTS "Address=fe80::30/64\n",
                                "x.app:6: "
                                "Address=: fe80::30/64 is an address of one link, expected the interface behind it" },
                { PARTS "Address=192.0.2.20/24 eth0123456789012\n",
                                "x.app:6: "
                                "Address=: \"eth0123456789012\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 a/b\n",
                                "x.app:6: "
                                "Address=: \"a/b\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 ..\n",
                                "x.app:6: "
                                "Address=: \"..\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 \"\"\n",
                                "x.app:6: "
                                "Address=: \"\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 \"eth 0\"\n",
                                "x.app:6: "
                                "Address=: \"eth 0\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 über\n",
                                "x.app:6: "
                                "Address=: \"über\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 eth0 eth1\n",
                                "x.app:6: "
                                "Address=: \"eth1\" is a second interface beside eth0, expected one" },
                { PARTS "Address=192.0.2.20/24 192.0.2.21/24\n",
                                "x.app:6: "
                                "Address=: \"192.0.2.21/24\" is a second address, expected one" },
                { PARTS "Address=192.0.2.20/24 check=maybe\n",
                                "x.app:6: "
                                "Address=: check=maybe is not valid, expected yes or no" },
                { PARTS "Address=192.0.2.20/24 announce=\n",
                                "x.app:6: "
                                "Address=: announce= is not valid, expected yes or no" },
                { PARTS "Address=192.0.2.20/24 check=no check=yes\n",
                                "x.app:6: "
                                "Address=: check= is given twice, expected it once" },
                { PARTS "Address=192.0.2.20/24 eth0 label=eth0:45678901234\n",
                                "x.app:6: "
                                "Address=: label=eth0:45678901234 is not valid, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 eth0 label=\n",
                                "x.app:6: "
                                "Address=: label= is not valid, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 eth0 label=web\n",
                                "x.app:6: "
                                "Address=: label=web does not begin with the interface, expected eth0:TEXT" },
                { PARTS "Address=192.0.2.20/24 label=eth0:1\n",
                                "x.app:6: "
                                "Address=: label=eth0:1 begins with the name of the interface, expected the interface too" },
                { PARTS "Address=2001:db8::30/64 eth0 label=eth0:1\n",
                                "x.app:6: "
                                "Address=: label= does not go with an address of IPv6, expected it with IPv4 only" },
                { PARTS "Address=192.0.2.20/24 mtu=1500\n",
                                "x.app:6: "
                                "Address=: \"mtu=1500\" is not known, expected an interface, check=, announce=, label=, TimeoutStartSec= or TimeoutStopSec=" },
                { PARTS "Address=192.0.2.20/24 --timeout=5s\n",
                                "x.app:6: "
                                "Address=: \"--timeout=5s\" is not known, expected an interface, check=, announce=, label=, TimeoutStartSec= or TimeoutStopSec=" },
                { PARTS "Address=192.0.2.20/24 TimeoutStartSec=\n",
                                "x.app:6: "
                                "Address=: TimeoutStartSec= is not valid, expected a time span from 1s to 1h" },
                { PARTS "Address=192.0.2.20/24 TimeoutStartSec=0\n",
                                "x.app:6: "
                                "Address=: TimeoutStartSec=0 is not valid, expected a time span from 1s to 1h" },
                { PARTS "Address=192.0.2.20/24 TimeoutStopSec=infinity\n",
                                "x.app:6: "
                                "Address=: TimeoutStopSec=infinity is not valid, expected a time span from 1s to 1h" },
                { PARTS "Address=192.0.2.20/24 TimeoutStopSec=3601\n",
                                "x.app:6: "
                                "Address=: TimeoutStopSec=3601 is not valid, expected a time span from 1s to 1h" },
                { PARTS "Address=192.0.2.20/24 TimeoutStopSec=1s TimeoutStopSec=2s\n",
                                "x.app:6: "
                                "Address=: TimeoutStopSec= is given twice, expected it once" },
                { PARTS "Address=192.0.2.20/24 eth$0\n",
                                "x.app:6: "
                                "Address=: \"eth$0\" has a $, expected none: nothing is filled in there" },
                { PARTS "Address=192.0.2.20/24 \"eth0\n",
                                "x.app:6: "
                                "Address=: a quote that is not closed or a wrong escape" },
                { PARTS "Address=192.0.2.20/24 %Z\n",
                                "x.app:6: "
                                "Address=: unknown specifier %Z, expected a known one, or %% for a percent sign" },
                { PARTS "Address=192.0.2.20/24 %%\n",
                                "x.app:6: "
                                "Address=: \"%\" is no name of an interface, expected 1 to 15 visible characters of ASCII without / and %" },
                { PARTS "Address=192.0.2.20/24 TimeoutStopSec=1min 30s\n",
                                "x.app:6: Address=: \"30s\" goes with the time span before it, expected quotes around "
                                "both, as in \"TimeoutStopSec=1min 30s\"" },
                { HEAD "Address=192.0.2.20/24\n",
                                "x.app:5: Address=: unknown key in section [Service], expected it in [Parts]" },
                { HEAD "[Unit]\nAddress=192.0.2.20/24\n",
                                "x.app:6: Address=: unknown key in section [Unit], expected it in [Parts]" },
                { HEAD "[Application]\nAddress=192.0.2.20/24\n",
                                "x.app:6: Address=: unknown key in section [Application], expected it in [Parts]" },
                { HEAD "[Part]\nAddress=192.0.2.20/24\n",
                                "x.app:5: unknown section [Part], expected [Application], [Unit], [Parts] or [Service]" },
                { PARTS "Address=192.0.2.20/24\nAddress=192.0.2.21/24\nAddress=192.0.2.20/25 eth1\n",
                                "x.app:8: Address=: 192.0.2.20/24 is a part already (x.app:6), expected it once" },
                { PARTS "Address=2001:db8::30/64\nAddress=2001:db8:0::0:30/64\n",
                                "x.app:7: Address=: 2001:db8::30/64 is a part already (x.app:6), expected it once" },
                { PARTS "Address=web\nAddress=shop\n",
                                "x.app:6: Address=: web is not an address, as in 192.0.2.10/24 or 2001:db8::30/64\n"
                                "x.app:7: Address=: shop is not an address, as in 192.0.2.10/24 or 2001:db8::30/64" },
                { PARTS "Address=192.0.2.20/24\n[Application]\nTakeoverMode=start-first\n",
                                "x.app:8: TakeoverMode=: start-first does not go with Address=, which cannot be on "
                                "two nodes at once, expected stop-first" },
                { "[Application]\nNodes=abc\n[Parts]\nAddress=192.0.2.20/24\n",
                                "x.app: ExecStart=: missing in section [Service], expected the command to run" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_bad(&three_nodes, bad[i].text, bad[i].expected);
}

/* Without [Service] the worker stands for the installed units, and so it does in the digest. */
static void test_anchor(void **state)
{
        static const char plain
                        [] = "[Application]\nNodes=abc\n[Parts]\nUnit=nginx.service\n",
                   written[] = "[Application]\nNodes=abc\n[Parts]\nUnit=nginx.service\n[Service]\nType=oneshot\n"
                               "RemainAfterExit=yes\nExecStart=/bin/true\nUser=nobody\n",
                   other[] = "[Application]\nNodes=abc\n[Parts]\nUnit=nginx.service\n[Service]\n"
                             "ExecStart=/bin/true\n";
        _cleanup_(app_config_done) AppConfig a = parse_good(&three_nodes, plain),
                                             b = parse_good(&three_nodes, written),
                                             c = parse_good(&three_nodes, other);

        assert_true(a.unit_digest == b.unit_digest && a.definition.digest == b.definition.digest);
        assert_true(a.unit_digest != c.unit_digest && a.definition.digest != c.definition.digest);
}

/* What a node is reached by is not a service's, however it is written. */
static void test_addresses_of_nodes(void **state)
{
        static const ConfigNodeAddress own[] = { { "abc", "abc.example.org" }, { "bcd", "10.99.0.2" },
                { "def", "2001:DB8:0::3" } };
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { PARTS "Address=10.99.0.2/24\n",
                                "x.app:6: Address=: 10.99.0.2/24 is bcd's own in the nodelist, expected one that no node "
                                "has" },
                { PARTS "Address=10.99.0.3/24\nAddress=2001:db8::3/128 eth0\n",
                                "x.app:7: Address=: 2001:db8::3/128 is def's own in the nodelist, expected one that no "
                                "node has" },
                { PARTS "Address=10.99.0.3/24\nAddress=2001:db8::4/64\n", "" },
        };
        ConfigContext known = three_nodes;

        known.node_addresses = own;
        known.n_node_addresses = ELEMENTSOF(own);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *text = cases[i].text;
                ConfigMessages m = { 0 };
                AppConfig app = { 0 };
                int r = app_config_parse(&known, "x", "x.app", text, strlen(text), &m, &app);

                assert_messages(&m, CONFIG_ERROR, cases[i].expected, text);
                assert_int_equal(r, *cases[i].expected ? -EINVAL : 0);
                app_config_done(&app);
                config_messages_done(&m);
        }
}

/* Every bound has an answer, and it is given once. */
static void test_bounds(void **state)
{
        static const char zero[] = PARTS "Address=192.0.2.20/24\0eth0\n";
        ConfigMessages m = { 0 };
        AppConfig app = { 0 };
        char *text = NULL, *big;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fputs(PARTS, f);
        for (unsigned i = 0; i < 64; i++)
                fprintf(f, "Address=10.0.0.%u/24 eth0\n", i + 1);
        fflush(f);
        app = parse_good(&three_nodes, text);
        assert_int_equal(app.parts.n_items, 64);
        app_config_done(&app);
        for (unsigned i = 64; i < 10000; i++)
                fprintf(f, "Address=10.0.%u.%u/24 eth0\n", i / 128, i % 128 + 1);
        fflush(f);
        check_bad(&three_nodes, text, "x.app:70: Address=: too many parts, expected at most 64");
        /* Those that are wrong count too, but an empty value begins anew. */
        fputs("Address=\nAddress=10.0.0.1/24\n", f);
        fclose(f);
        check_bad(&three_nodes, text, "x.app:70: Address=: too many parts, expected at most 64");
        free(text);

        big = malloc(100000);
        assert_non_null(big);
        strcpy(big, PARTS "Address=192.0.2.20/24 ");
        size = strlen(big);
        memset(big + size, 'a', 256);
        big[size + 256] = 0;
        check_bad(&three_nodes, big,
                        "x.app:6: Address=: a word of 256 bytes is too long, expected at most 255");
        memset(big + size, '1', 90000);
        big[size + 90000] = 0;
        check_bad(&three_nodes, big,
                        "x.app:6: Address=: a word of 90000 bytes is too long, expected at most 255");
        free(big);

        assert_int_equal(app_config_parse(&three_nodes, "x", "x.app", zero, sizeof(zero) - 1, &m, &app),
                        -EINVAL);
        assert_messages(&m, CONFIG_ERROR, "x.app:6: a zero byte, expected text", zero);
        config_messages_done(&m);
}

/* What a specifier stands for is one word, whatever is in it. */
static void test_specifiers(void **state)
{
        ConfigContext spaces = three_nodes;
        ConfigMessages m = { 0 };
        AppConfig app = { 0 };
        static const char text[] = PARTS "Address=192.0.2.20/24 %H\n";

        spaces.host_name = "eth0 check=no";
        assert_int_equal(app_config_parse(&spaces, "x", "x.app", text, strlen(text), &m, &app), -EINVAL);
        assert_messages(&m, CONFIG_ERROR,
                        "x.app:6: Address=: \"eth0 check=no\" is not known, expected an interface, check=, announce=, "
                        "label=, TimeoutStartSec= or TimeoutStopSec=",
                        text);
        config_messages_done(&m);
}

static uint64_t digest_of(const ConfigContext *c, const char *text, uint64_t *ret_unit_digest)
{
        AppConfig app = parse_good(c, text);
        uint64_t digest = app.definition.digest;

        if (ret_unit_digest)
                *ret_unit_digest = app.unit_digest;
        app_config_done(&app);
        return digest;
}

/* All but addresses outlives a kill. */
static void test_need_end(void **state)
{
        Part items[] = { { .kind = PART_ADDRESS }, { .kind = PART_ADDRESS } };
        const Parts parts = { items, ELEMENTSOF(items) }, none = {};

        (void) state;
        assert_false(parts_need_end(&none));
        assert_false(parts_need_end(&parts));
        for (PartKind k = PART_ADDRESS + 1; k < _PART_KIND_MAX; k++) {
                items[1].kind = k;
                assert_true(parts_need_end(&parts));
        }
}

static void test_digest(void **state)
{
        static const char *const same[][2] = {
                { HEAD, PARTS },
                { HEAD, PARTS "Address=192.0.2.20/24\nAddress=\n" },
                { PARTS "Address=192.0.2.20/24 eth0\n", PARTS "Address= \"192.0.2.20/24\"\teth0 \n" },
                { PARTS "Address=192.0.2.20/24 eth0 announce=no check=no\n", PARTS
                                "Address=192.0.2.20/24 check=0 announce=off eth0 TimeoutStartSec=10\n" },
                { PARTS "Address=2001:db8::30/64\n", PARTS "Address=2001:DB8:0:0::30/64\n" },
        };
        static const char *const different[][2] = {
                { HEAD, PARTS "Address=192.0.2.20/24\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/25\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/24 eth0\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/24 check=no\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/24 TimeoutStartSec=9\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/24 TimeoutStopSec=9\n" },
                { PARTS "Address=192.0.2.20/24\nAddress=192.0.2.21/24\n",
                                PARTS "Address=192.0.2.21/24\nAddress=192.0.2.20/24\n" },
        };
        uint64_t unit_one, unit_two;

        /* An application without parts keeps the digest that it has had. */
        assert_true(digest_of(&three_nodes, HEAD, &unit_one) == UINT64_C(0x20a32a7dd9fe2c90));
        assert_true(unit_one == UINT64_C(0xaaeba62f7963016b));
        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                if (digest_of(&three_nodes, same[i][0], &unit_one) !=
                                digest_of(&three_nodes, same[i][1], &unit_two))
                        fail_msg("digests differ:\n%s---\n%s", same[i][0], same[i][1]);
                assert_true(unit_one == unit_two);
        }
        for (size_t i = 0; i < ELEMENTSOF(different); i++) {
                if (digest_of(&three_nodes, different[i][0], &unit_one) ==
                                digest_of(&three_nodes, different[i][1], &unit_two))
                        fail_msg("digests are equal:\n%s---\n%s", different[i][0], different[i][1]);
                assert_true(unit_one != unit_two);
        }
}

/* Equal files have equal digests on all nodes, whatever their specifiers stand for. */
static void test_digest_by_node(void **state)
{
        static const char *const texts[] = {
                PARTS "Address=192.0.2.20/24 %l\n",
                PARTS "Address=192.0.2.2%l/24\n", /* an address here, which no neutral word makes */
        };
        ConfigContext one = three_nodes, two = three_nodes;

        one.host_name = "8.example.org";
        two.host_name = "9.example.org";
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                uint64_t unit_one, unit_two;

                if (digest_of(&one, texts[i], &unit_one) != digest_of(&two, texts[i], &unit_two))
                        fail_msg("digests differ:\n%s", texts[i]);
                if (unit_one == unit_two)
                        fail_msg("the units are equal:\n%s", texts[i]);
        }
        assert_true(digest_of(&one, texts[1], NULL) !=
                        digest_of(&one, PARTS "Address=192.0.2.28/24\n", NULL));
}

/* Of the units that an application with parts has: there and back, and what is none of them. */
static void test_unit_names(void **state)
{
        static const struct {
                const char *app, *slice, *part;
        } names[] = {
                { "web", "distro-web.slice", "distro-app-web:ip-192.0.2.20.service" },
                { "web-1", "distro-web\\x2d1.slice", "distro-app-web-1:ip-192.0.2.20.service" },
        };
        static const char *const others[] = { "", "distro.slice", "distro-.slice", "distro-web-1.slice",
                "distro-web.service", "distro-app-web.service", "distro-app-:x.service",
                "distro-app-web:.service", "distro-app-web:a b.service", "distro-app-WEB:x.service" };
        char app[APP_NAME_MAX + 1], slice[APP_SLICE_NAME_MAX], part[PART_UNIT_NAME_MAX];

        (void) state;
        FOREACH_ARRAY(n, names, ELEMENTSOF(names)) {
                app_slice_name(n->app, slice);
                assert_string_equal(slice, n->slice);
                assert_true(app_slice_parse(slice, app));
                assert_string_equal(app, n->app);
                assert_true(part_unit(n->app, &(Part){ .kind = PART_ADDRESS, .id = (char *) "ip-192.0.2.20" },
                                part));
                assert_string_equal(part, n->part);
                assert_true(part_unit_parse(part, app));
                assert_string_equal(app, n->app);
                assert_false(worker_unit_parse(part, app));
        }
        FOREACH_ARRAY(o, others, ELEMENTSOF(others))
                assert_false(app_slice_parse(*o, app) || part_unit_parse(*o, app));
}

/* The units of parts of all kinds. */
static void test_units_of_parts(void **state)
{
        static const struct {
                PartKind kind;
                const char *id, *unit; /* NULL: it is no name of a unit */
        } parts[] = {
                { PART_ADDRESS, "ip-2001:db8::30", "distro-app-web-1:ip-2001:db8::30.service" },
                { PART_ADDRESS, "a b", NULL },
                { PART_ADDRESS, "", NULL },
                { PART_DEVICE, "device-2", "distro-app-web-1:device-2.service" },
                { PART_MOUNT, "srv-nfs.mount", "srv-nfs.mount" },
                { PART_MOUNT, "srv-a\\x2db.mount", "srv-a\\x2db.mount" },
                { PART_MOUNT, "srv-nfs.service", NULL },
                { PART_MOUNT, ".mount", NULL },
                { PART_MOUNT, "srv/nfs.mount", NULL },
                { PART_UNIT, "postgresql@15-main.service", "postgresql@15-main.service" },
                { PART_UNIT, "srv-nfs.mount", "srv-nfs.mount" },
                { PART_UNIT, "web.slice", NULL },
                { PART_UNIT, "web", NULL },
                { PART_UNIT, "distro-app-web.service", NULL },
                { PART_UNIT, "distro-app-web:device-1.service", NULL },
        };
        char unit[PART_UNIT_NAME_MAX], id[PART_UNIT_NAME_MAX + 1];

        (void) state;
        FOREACH_ARRAY(p, parts, ELEMENTSOF(parts)) {
                Part part = { .kind = p->kind, .id = (char *) p->id };

                assert_int_equal(part_unit("web-1", &part, unit), p->unit != NULL);
                if (p->unit)
                        assert_string_equal(unit, p->unit);
        }
        memset(id, 'a', PART_UNIT_NAME_MAX);
        strcpy(id + PART_UNIT_NAME_MAX - strlen(".mount"), ".mount");
        assert_false(part_unit("web-1", &(Part){ .kind = PART_MOUNT, .id = id }, unit));
        assert_true(part_unit("web-1", &(Part){ .kind = PART_MOUNT, .id = id + 1 }, unit));
}

/* Each kind has a word of its own. */
static void test_kinds(void **state)
{
        (void) state;
        for (PartKind k = 0; k < _PART_KIND_MAX; k++)
                assert_int_equal(part_kind_from_string(part_kind_to_string(k)), k);
        assert_int_equal(part_kind_from_string("disk"), _PART_KIND_MAX);
        assert_string_equal(part_kind_key(PART_DEVICE), part_kind_key(PART_MOUNT));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_addresses_of_nodes),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_specifiers),
                cmocka_unit_test(test_need_end),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_anchor),
                cmocka_unit_test(test_digest_by_node),
                cmocka_unit_test(test_unit_names),
                cmocka_unit_test(test_units_of_parts),
                cmocka_unit_test(test_kinds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
