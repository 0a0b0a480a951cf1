/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Parts]: what is accepted, the exact words for what is not, and what the digests depend on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const nodes[] = { "abc", "bcd", "def" };
static const ConfigContext context = {
        .root = "/nonexistent",
        .host_name = "eth0.example.org",
        .machine_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
        .node_names = nodes,
        .n_node_names = ELEMENTSOF(nodes),
};

/* The lines of [Parts] begin in the fifth. */
#define HEAD "[Application]\nNodes=abc\n[Service]\nExecStart=/bin/true\n"
#define PARTS HEAD "[Parts]\n"

static void assert_messages(
                const ConfigMessages *m, ConfigLevel level, const char *expected, const char *text)
{
        char *joined = config_messages_join(m, level);
        assert_non_null(joined);
        if (strcmp(joined, expected) != 0)
                fail_msg("of\n%s\nthe messages are\n%s\nnot\n%s", text, joined, expected);
        free(joined);
}

static AppConfig parse_good(const ConfigContext *c, const char *text)
{
        ConfigMessages m = { 0 };
        AppConfig app = { 0 };
        int r = app_config_parse(c, "x", "x.app", text, strlen(text), &m, &app);
        assert_messages(&m, CONFIG_ERROR, "", text);
        assert_int_equal(r, 0);
        config_messages_done(&m);
        return app;
}

static void check_bad(const char *text, const char *expected)
{
        ConfigMessages m = { 0 };
        AppConfig app = { 0 };
        int r = app_config_parse(&context, "x", "x.app", text, strlen(text), &m, &app);
        assert_messages(&m, CONFIG_ERROR, expected, text);
        assert_int_equal(r, -EINVAL);
        assert_null(app.definition.name);
        assert_null(app.parts.items);
        config_messages_done(&m);
}

/* "ID NAME: WORD WORD 10000000 10000000", one a line. */
static void assert_parts(const Parts *parts, const char *expected, const char *text)
{
        char all[4096] = "";
        size_t n = 0;

        for (size_t i = 0; i < parts->n_items; i++) {
                const Part *p = parts->items + i;

                assert_string_equal(part_kind_to_string(p->kind), "address");
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
                { PARTS "Address=192.0.2.20/24\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 10000000 10000000\n" },
                { PARTS "Address=192.0.2.20/24 eth0 check=no\nAddress=2001:DB8:0::30/64\n",
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 eth0 check=no 10000000 10000000\n"
                                "ip-2001:db8::30 2001:db8::30/64: 2001:db8::30/64 10000000 10000000\n" },
                { PARTS "Address=192.0.2.20/24\nAddress=192.0.2.21/24\nAddress=\nAddress=192.0.2.22/24\n",
                                "ip-192.0.2.22 192.0.2.22/24: 192.0.2.22/24 10000000 10000000\n" },
                { PARTS "Address=192.0.2.21/24\n[Service]\n[Parts]\nAddress=192.0.2.20/24\n",
                                "ip-192.0.2.21 192.0.2.21/24: 192.0.2.21/24 10000000 10000000\n"
                                "ip-192.0.2.20 192.0.2.20/24: 192.0.2.20/24 10000000 10000000\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                AppConfig app = parse_good(&context, good[i].text);
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
                { PARTS "Adress=192.0.2.20/24\n", "x.app:6: Adress=: unknown key in section [Parts]" },
                { PARTS "Mount=/dev/sda1 /srv\n", "x.app:6: Mount=: unknown key in section [Parts]" },
                { PARTS "Address=192.0.2.20\n",
                                "x.app:6: Address=: 192.0.2.20 has no prefix length, as in 192.0.2.20/24" },
                { PARTS "Address=192.0.2.20/24 \"eth0\n",
                                "x.app:6: Address=: a quote that is not closed or a wrong escape" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_bad(bad[i].text, bad[i].expected);
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

static void test_digest(void **state)
{
        static const char *const same[][2] = {
                { HEAD, PARTS },
                { HEAD, PARTS "Address=192.0.2.20/24\nAddress=\n" },
                { PARTS "Address=192.0.2.20/24 eth0\n", PARTS "Address= \"192.0.2.20/24\"\teth0 \n" },
                { PARTS "Address=2001:db8::30/64\n", PARTS "Address=2001:DB8:0:0::30/64\n" },
        };
        static const char *const different[][2] = {
                { HEAD, PARTS "Address=192.0.2.20/24\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/25\n" },
                { PARTS "Address=192.0.2.20/24\n", PARTS "Address=192.0.2.20/24 eth0\n" },
                { PARTS "Address=192.0.2.20/24\nAddress=192.0.2.21/24\n",
                                PARTS "Address=192.0.2.21/24\nAddress=192.0.2.20/24\n" },
        };
        uint64_t unit_one, unit_two;

        /* An application without parts keeps the digest that it has had. */
        assert_true(digest_of(&context, HEAD, &unit_one) == UINT64_C(0x38cd06c897dc2d50));
        assert_true(unit_one == UINT64_C(0xaaeba62f7963016b));
        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                if (digest_of(&context, same[i][0], &unit_one) != digest_of(&context, same[i][1], &unit_two))
                        fail_msg("digests differ:\n%s---\n%s", same[i][0], same[i][1]);
                assert_true(unit_one == unit_two);
        }
        for (size_t i = 0; i < ELEMENTSOF(different); i++) {
                if (digest_of(&context, different[i][0], &unit_one) ==
                                digest_of(&context, different[i][1], &unit_two))
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
        ConfigContext one = context, two = context;

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_digest_by_node),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
