/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `verify` reads out of corosync.conf. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/corosync-conf.h"

typedef struct Case {
        const char *text;
        size_t n_nodes, n_names;
        uint64_t token_msec, consensus_msec;
        bool provider, device, two_node, last_man_standing, auto_tie_breaker;
} Case;

static const Case cases[] = {
        { "", 0, 0, 3000, 3600 },
        { "totem {\n  token: 1000\n}\nnodelist {\n node {\n name: a\n }\n node {\n name: b\n }\n node {\n "
          "name: c\n }\n}\n",
                        3, 3, 1650, 1980 },
        { "totem {\n\ttoken: 1000\n\tconsensus: 5000\n\ttoken_coefficient: 0\n}\nnodelist {\nnode {\nname: "
          "a\n}\nnode {\n}\nnode {\n}\n}",
                        3, 1, 1000, 5000 },
        { "# token: 5\n  totem   {\n  # token: 7\n}\nquorum{\nprovider: "
          "corosync_votequorum\ntwo_node:1\nlast_man_standing: 1\nauto_tie_breaker: 1\n}\n",
                        0, 0, 3000, 3600, .provider = true, .two_node = true, .last_man_standing = true,
                        .auto_tie_breaker = true },
        { "quorum {\n device {\n  model: net\n  net {\n host: x\n }\n }\n two_node: 0\n}\n", 0, 0, 3000, 3600,
                        .device = true },
        /* What belongs to another section, or is no corosync.conf at all. */
        { "logging {\n name: x\n token: 9\n two_node: 1\n}\nname: y\n}}}}\ntotem\n{{{{{{{{{{{{\ntoken: 1", 0,
                        0, 3000, 3600 },
        { "nodelist {\n node {\n ring0_addr: fe80::1\n name: with:colon\n }\n}\n", 1, 1, 3000, 3600 },
};

static void test_parse(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = cases + i;
                CorosyncConf conf = {};

                assert_int_equal(corosync_conf_parse(c->text, &conf), 0);
                assert_int_equal(conf.n_nodes, c->n_nodes);
                assert_int_equal(conf.n_names, c->n_names);
                assert_int_equal(conf.token_usec, c->token_msec * USEC_PER_MSEC);
                assert_int_equal(conf.consensus_usec, c->consensus_msec * USEC_PER_MSEC);
                assert_int_equal(conf.has_quorum_provider, c->provider);
                assert_int_equal(conf.has_device, c->device);
                assert_int_equal(conf.two_node, c->two_node);
                assert_int_equal(conf.last_man_standing, c->last_man_standing);
                assert_int_equal(conf.auto_tie_breaker, c->auto_tie_breaker);
                corosync_conf_done(&conf);
        }
}

static void test_names(void **state)
{
        CorosyncConf conf = {};

        assert_int_equal(corosync_conf_parse(cases[6].text, &conf), 0);
        assert_string_equal(conf.names[0], "with:colon");
        corosync_conf_done(&conf);
}

/* Whose an address is, wherever the name stands. */
static void test_addresses(void **state)
{
        CorosyncConf conf = {};

        assert_int_equal(
                        corosync_conf_parse(
                                        "nodelist {\n node {\n ring0_addr: 10.0.0.1\n ring1_addr: 10.1.0.1\n name: abc\n }\n"
                                        " node {\n ring0_addr: 10.0.0.2\n }\n node {\n name: def\n ring0_addr: def\n }\n}\n",
                                        &conf),
                        0);
        assert_int_equal(conf.n_addresses, 4);
        assert_string_equal(conf.addresses[1], "10.1.0.1");
        assert_string_equal(corosync_conf_address_node(&conf, 1), "abc");
        assert_string_equal(corosync_conf_address_node(&conf, 2), "a node");
        assert_string_equal(corosync_conf_address_node(&conf, 3), "def");
        corosync_conf_done(&conf);
}

static void test_absent(void **state)
{
        CorosyncConf conf = {};

        setenv("COROSYNC_MAIN_CONFIG_FILE", "/nonexistent/corosync.conf", 1);
        assert_string_equal(corosync_conf_path(), "/nonexistent/corosync.conf");
        assert_int_equal(corosync_conf_load(&conf), -ENOENT);
        unsetenv("COROSYNC_MAIN_CONFIG_FILE");
        assert_string_equal(corosync_conf_path(), "/etc/corosync/corosync.conf");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_names),
                cmocka_unit_test(test_addresses), cmocka_unit_test(test_absent) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
