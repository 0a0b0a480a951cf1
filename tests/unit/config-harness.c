/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-harness.h"

static const char *const nodes[] = { "abc", "bcd", "def" };
const ConfigContext three_nodes = {
        .root = "/nonexistent",
        .host_name = "eth0.example.org",
        .machine_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
        .node_names = nodes,
        .n_node_names = ELEMENTSOF(nodes),
};

void assert_messages(const ConfigMessages *m, ConfigLevel level, const char *expected, const char *text)
{
        char *joined = config_messages_join(m, level);

        assert_non_null(joined);
        if (strcmp(joined, expected) != 0)
                fail_msg("of\n%s\nthe messages are\n%s\nnot\n%s", text, joined, expected);
        free(joined);
}

AppConfig parse_good(const ConfigContext *c, const char *text)
{
        ConfigMessages m = {};
        AppConfig app = {};
        int r = app_config_parse(c, "x", "x.app", text, strlen(text), &m, &app);

        assert_messages(&m, CONFIG_ERROR, "", text);
        assert_int_equal(r, 0);
        config_messages_done(&m);
        return app;
}

void check_bad(const ConfigContext *c, const char *text, const char *expected)
{
        ConfigMessages m = {};
        AppConfig app = {};
        int r = app_config_parse(c, "x", "x.app", text, strlen(text), &m, &app);

        assert_messages(&m, CONFIG_ERROR, expected, text);
        assert_int_equal(r, -EINVAL);
        assert_null(app.definition.name);
        assert_null(app.parts.items);
        config_messages_done(&m);
}
