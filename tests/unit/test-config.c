/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts of files: what is accepted, the exact words for what is not, and what the digest depends on. */

#include "config-harness.h"

static const char *const nodes[] = { "abc", "bcd", "def" };
static const ConfigContext context = {
        .root = "/nonexistent",
        .host_name = "host.example.org",
        .machine_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
        .node_names = nodes,
        .n_node_names = ELEMENTSOF(nodes),
};

#define SERVICE "[Service]\nExecStart=/bin/true\n"
#define GOOD "[Application]\nNodes=abc\n" SERVICE

static int parse_app(const ConfigContext *c, const char *text, ConfigMessages *m, AppConfig *ret)
{
        return app_config_parse(c, "x", "x.app", text, strlen(text), m, ret);
}

static void test_defaults(void **state)
{
        AppConfig app;
        app = parse_good(&context, GOOD);
        const Definition *d = &app.definition;
        assert_string_equal(d->name, "x");
        assert_null(d->description);
        assert_int_equal(d->n_nodes, 1);
        assert_int_equal(d->n_permitted, 0);
        assert_true(d->failover_delay_usec == DELAY_AUTO);
        assert_true(d->takeover_delay_usec == 0);
        assert_true(d->failure_timeout_usec == 600 * USEC_PER_SEC);
        assert_int_equal(d->weight, 1);
        assert_int_equal(d->local_restarts, 0);
        assert_int_equal(d->takeover_mode, TAKEOVER_STOP_FIRST);
        assert_false(d->awaits_leaver);
        assert_int_equal(d->failure_action, FAILURE_FAILOVER);
        assert_true(d->takeover_automatic);
        assert_true(d->enabled);
        assert_true(d->digest != 0);
        assert_true(app.stop_timeout_usec == 0);
        ByteReader reader = sealed_reader(&app.properties);
        SealedProperty p;
        assert_true(sealed_next(&reader, &p));
        assert_string_equal(p.name, "ExecStart");
        assert_false(sealed_next(&reader, &p));
        app_config_done(&app);
}

static void test_all_keys(void **state)
{
        AppConfig app;
        app = parse_good(&context, "[Application]\n"
                                   "Description=The distro worker\n"
                                   "Nodes=abc {bcd def}\n"
                                   "PermittedNodes=def abc\n"
                                   "FailoverDelaySec=infinity\n"
                                   "Takeover=manual\n"
                                   "TakeoverDelaySec=1min 30s\n"
                                   "TakeoverMode=start-first\n"
                                   "HandOver=no\n"
                                   "Enabled=no\n"
                                   "FailureAction=stop\n"
                                   "FailureTimeoutSec=1h\n"
                                   "Weight=10000\nLocalRestarts=100\n"
                                   "[Service]\nExecStart=/bin/true\nTimeoutStopSec=7\n");
        const Definition *d = &app.definition;
        assert_string_equal(d->description, "The distro worker");
        assert_int_equal(d->n_nodes, 3);
        assert_string_equal(d->nodes[0].name, "abc");
        assert_int_equal(d->nodes[0].tier, 0);
        assert_string_equal(d->nodes[1].name, "bcd");
        assert_int_equal(d->nodes[1].tier, 1);
        assert_string_equal(d->nodes[2].name, "def");
        assert_int_equal(d->nodes[2].tier, 1);
        assert_int_equal(d->n_permitted, 2);
        assert_string_equal(d->permitted[0], "def");
        assert_true(d->failover_delay_usec == USEC_INFINITY);
        assert_false(d->takeover_automatic);
        assert_true(d->takeover_delay_usec == 90 * USEC_PER_SEC);
        assert_int_equal(d->takeover_mode, TAKEOVER_START_FIRST);
        assert_true(d->awaits_leaver);
        assert_false(d->enabled);
        assert_int_equal(d->failure_action, FAILURE_STOP);
        assert_true(d->failure_timeout_usec == 3600 * USEC_PER_SEC);
        assert_int_equal(d->weight, 10000);
        assert_int_equal(d->local_restarts, 100);
        assert_true(app.stop_timeout_usec == 7 * USEC_PER_SEC);
        app_config_done(&app);
}

/* Tiers in a compact form: one digit and the name for each node. */
static void check_tiers(const char *lines, const char *expected)
{
        char text[512], got[256] = "";
        AppConfig app;
        snprintf(text, sizeof(text), "[Application]\n%s\n" SERVICE, lines);
        app = parse_good(&context, text);
        for (size_t i = 0; i < app.definition.n_nodes; i++) {
                size_t n = strlen(got);
                snprintf(got + n, sizeof(got) - n, "%s%u%s", i > 0 ? " " : "", app.definition.nodes[i].tier,
                                app.definition.nodes[i].name);
        }
        assert_string_equal(got, expected);
        app_config_done(&app);
}

static void test_tiers(void **state)
{
        check_tiers("Nodes=a b c", "0a 1b 2c");
        check_tiers("Nodes={a b} c", "0a 0b 1c");
        check_tiers("Nodes={ a b }c{d}", "0a 0b 1c 2d");
        check_tiers("Nodes=a{b c}d", "0a 1b 1c 2d");
        check_tiers("Nodes=a\nNodes={b c}\nNodes=d", "0a 1b 1c 2d");
        check_tiers("Nodes=a b\nNodes=\nNodes=c", "0c");
        check_tiers("Nodes=a \\\n# a comment inside\n  {b \\\n c}", "0a 1b 1c");
        check_tiers("Nodes=node-1.example.org A_b 192.168.0.1 fe80::1",
                        "0node-1.example.org 1A_b 2192.168.0.1 3fe80::1");
}

static void test_bad_nodes(void **state)
{
        static const struct {
                const char *lines, *expected;
        } cases[] = {
                { "Nodes={a b", "x.app:2: Nodes=: a tier that is not closed, expected \"}\" at its end" },
                { "Nodes=a}", "x.app:2: Nodes=: \"}\" without a \"{\" before it, expected a tier like \"{a "
                              "b}\"" },
                { "Nodes={a {b}}", "x.app:2: Nodes=: \"{\" inside of a tier, expected \"}\" before the next "
                                   "tier" },
                { "Nodes=a {}", "x.app:2: Nodes=: an empty tier \"{}\", expected at least one node in it" },
                { "Nodes=a b a", "x.app:2: Nodes=: \"a\" is named twice" },
                { "Nodes=a {b a}", "x.app:2: Nodes=: \"a\" is named twice" },
                { "Nodes=a\nNodes=b a", "x.app:3: Nodes=: \"a\" is named twice" },
                { "Nodes=a,b", "x.app:2: Nodes=: \"a,b\" is not valid, expected a node name of letters, "
                               "digits and \"-_.:\"" },
                { "Nodes=a/b \"c\"", "x.app:2: Nodes=: \"a/b\" is not valid, expected a node name of "
                                     "letters, digits and \"-_.:\"\n"
                                     "x.app:2: Nodes=: \"\"c\"\" is not valid, expected a node name of "
                                     "letters, digits and \"-_.:\"" },
                { "Nodes=", "x.app:2: Nodes=: names no node, expected at least one" },
                { "Description=no nodes", "x.app: Nodes=: missing in section [Application], expected the "
                                          "nodes that may run the application" },
                { "Nodes=a b\nPermittedNodes=b c", "x.app:3: PermittedNodes=: \"c\" is not in Nodes=, "
                                                   "expected some of its nodes" },
                { "Nodes=a b\nPermittedNodes=b b", "x.app:3: PermittedNodes=: \"b\" is named twice" },
                { "Nodes=a {b c}\nPermittedNodes={b}",
                                "x.app:3: PermittedNodes=: \"{b}\" is not valid, expected a node name of "
                                "letters, digits and \"-_.:\"" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[512];
                snprintf(text, sizeof(text), "[Application]\n%s\n" SERVICE, cases[i].lines);
                check_bad(&context, text, cases[i].expected);
        }
        /* One more than fits. */
        char text[2048] = "[Application]\nNodes=";
        for (unsigned i = 0; i <= NODES_MAX; i++)
                sprintf(text + strlen(text), "n%u ", i);
        strcat(text, "\n" SERVICE);
        check_bad(&context, text, "x.app:2: Nodes=: too many nodes, expected at most 64");
}

static void test_bad_values(void **state)
{
        static const struct {
                const char *line, *expected;
        } cases[] = {
                { "FailoverDelaySec=soon", "\"soon\" is not valid, expected \"auto\", or a time span like "
                                           "\"5s\" or \"1min 30s\", or \"infinity\"" },
                { "FailoverDelaySec=-1", "\"-1\" is not valid, expected \"auto\", or a time span like "
                                         "\"5s\" or \"1min 30s\", or \"infinity\"" },
                { "TakeoverDelaySec=infinity", "\"infinity\" is not valid, expected a time span, or "
                                               "Takeover=manual for never" },
                { "FailureTimeoutSec=0", "\"0\" is not valid, expected a time span above 0 like \"5s\" or "
                                         "\"1min 30s\"" },
                { "FailureTimeoutSec=infinity", "\"infinity\" is not valid, expected a time span above 0 "
                                                "like \"5s\" or \"1min 30s\"" },
                { "Takeover=auto", "\"auto\" is not valid, expected \"automatic\" or \"manual\"" },
                { "TakeoverMode=both", "\"both\" is not valid, expected \"stop-first\" or \"start-first\"" },
                { "FailureAction=reboot", "\"reboot\" is not valid, expected \"failover\" or \"stop\"" },
                { "HandOver=never", "\"never\" is not valid, expected yes or no" },
                { "Enabled=maybe", "\"maybe\" is not valid, expected yes or no" },
                { "Weight=0", "\"0\" is not valid, expected a number from 1 to 10000" },
                { "Weight=10001", "\"10001\" is not valid, expected a number from 1 to 10000" },
                { "Weight=-1", "\"-1\" is not valid, expected a number from 1 to 10000" },
                { "LocalRestarts=-1", "\"-1\" is not valid, expected a number from 0 to 100" },
                { "LocalRestarts=101", "\"101\" is not valid, expected a number from 0 to 100" },
                { "LocalRestarts=two", "\"two\" is not valid, expected a number from 0 to 100" },
                { "Wait=1", "unknown key in section [Application]" },
                { "nodes=a", "unknown key in section [Application]" },
                { "ExecStart=/bin/true", "unknown key in section [Application]" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[512], expected[512], key[64];
                snprintf(key, sizeof(key), "%.*s", (int) strcspn(cases[i].line, "="), cases[i].line);
                snprintf(text, sizeof(text), "[Application]\nNodes=abc\n%s\n" SERVICE, cases[i].line);
                snprintf(expected, sizeof(expected), "x.app:3: %s=: %s", key, cases[i].expected);
                check_bad(&context, text, expected);
        }
}

/* An empty value puts a key back to its default. */
static void test_resets(void **state)
{
        AppConfig app, plain;
        app = parse_good(&context,
                        "[Application]\nNodes=abc\nDescription=x\nDescription=\nPermittedNodes="
                        "abc\nPermittedNodes=\n"
                        "FailoverDelaySec=5\nFailoverDelaySec=\nTakeover=manual\nTakeover=\nTakeoverDelaySec="
                        "5\nTakeoverDelaySec=\n"
                        "TakeoverMode=start-first\nTakeoverMode=\nHandOver=no\nHandOver=\nEnabled=no\nEnabled=\nFailureAction="
                        "stop\nFailureAction=\n"
                        "FailureTimeoutSec=1\nFailureTimeoutSec=\nWeight=5\nWeight=\nLocalRestarts=2\nLocalRestarts=\n"
                        "[Service]\nExecStart=/bin/false\nExecStart=\nExecStart=/bin/"
                        "true\nEnvironment=A=b\nEnvironment=\n"
                        "MemoryMax=5%\nMemoryMax=\nStandardOutput=file:/x\nStandardOutput=\n");
        plain = parse_good(&context, GOOD);
        assert_true(app.definition.digest == plain.definition.digest);
        assert_true(app.unit_digest == plain.unit_digest);
        app_config_done(&app);
        app_config_done(&plain);
}

static void test_syntax(void **state)
{
        static const struct {
                const char *text, *expected;
        } bad[] = {
                { GOOD "[Service", "x.app:5: section header \"[Service\" does not end with ], expected "
                                   "[Section]" },
                { GOOD "[Install]\nWantedBy=x\n", "x.app:5: unknown section [Install], expected "
                                                  "[Application], [Unit], [Parts] or [Service]" },
                { GOOD "[service]\n",
                                "x.app:5: unknown section [service], expected [Application], [Unit], [Parts] or "
                                "[Service]" },
                { "Nodes=a\n" GOOD, "x.app:1: Nodes= stands before the first section, expected a [Section] "
                                    "line" },
                { GOOD "User\n", "x.app:5: \"User\" is no assignment, expected Key=value" },
                { GOOD "=5\n", "x.app:5: missing key before \"=\", expected Key=value" },
                { GOOD "Foo=1\n\n# c\nBar=2\n", "x.app:5: Foo=: unknown key in section [Service]\nx.app:8: "
                                                "Bar=: unknown key in section [Service]" },
                { GOOD "Foo=a\\\nb\\\n c\nBar=2\n",
                                "x.app:5: Foo=: unknown key in section [Service]\nx.app:8: Bar=: unknown key "
                                "in section [Service]" },
                { GOOD "User=\xff\n", "x.app:5: not valid UTF-8" },
                { "", "x.app: Nodes=: missing in section [Application], expected the nodes that may run the "
                      "application\n"
                      "x.app: ExecStart=: missing in section [Service], expected the command to run" },
        };
        AppConfig plain, app;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_bad(&context, bad[i].text, bad[i].expected);

        static const char with_zero[] = GOOD "User=a\0b\n";
        ConfigMessages m = { 0 };
        assert_int_equal(app_config_parse(&context, "x", "x.app", with_zero, sizeof(with_zero) - 1, &m, &app),
                        -EINVAL);
        assert_messages(&m, CONFIG_ERROR, "x.app:5: a zero byte, expected text", with_zero);
        config_messages_done(&m);

        /* All that means the same as the plain file. */
        static const char *const same[] = {
                "\xef\xbb\xbf" GOOD,
                "# comment\n; comment\n\n  [Application]  \n\tNodes = abc \n[Service]\nExecStart =  "
                "/bin/true",
                "[Application]\r\nNodes=abc\r\n[Service]\r\nExecStart=/bin/true\r\n",
                "[Service]\nExecStart=/bin/true\n[Application]\nNodes=abc\n",
                "[Application]\n[Service]\n[Application]\nNodes=\\\nabc\n[Service]\nExecStart=\\\n  "
                "/bin/true\\\n",
                GOOD "X-Foo=bar\n[X-Foo]\nanything [goes = here\n[Service]\n",
                "[Application]\nNodes={abc}\n[Service]\nExecStart=\"/bin/true\"\n",
        };
        plain = parse_good(&context, GOOD);
        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                app = parse_good(&context, same[i]);
                if (app.definition.digest != plain.definition.digest)
                        fail_msg("another digest for\n%s", same[i]);
                app_config_done(&app);
        }
        app_config_done(&plain);
}

static void test_names(void **state)
{
        static const char *const bad[] = { "", "-a", "a-", "A", "a.b", "a_b", "ab/c",
                "a123456789012345678901234567890123456789012345678901234567890123" };
        static const char *const good[] = { "a", "0", "a-b", "distro-2",
                "a12345678901234567890123456789012345678901234567890123456789012" };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ConfigMessages m = { 0 };
                AppConfig app;
                char expected[256];
                snprintf(expected, sizeof(expected),
                                "f: \"%s\" is no name for an application, expected a DNS label: a-z, 0-9 and "
                                "hyphens, not at either "
                                "end, at most 63 bytes",
                                bad[i]);
                assert_int_equal(app_config_parse(&context, bad[i], "f", GOOD, strlen(GOOD), &m, &app),
                                -EINVAL);
                assert_messages(&m, CONFIG_ERROR, expected, bad[i]);
                config_messages_done(&m);
        }
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                ConfigMessages m = { 0 };
                AppConfig app;
                assert_int_equal(app_config_parse(&context, good[i], "f", GOOD, strlen(GOOD), &m, &app), 0);
                app_config_done(&app);
                config_messages_done(&m);
        }
}

static uint64_t digest_of(
                const ConfigContext *c, const char *name, const char *text, uint64_t *ret_unit_digest)
{
        ConfigMessages m = { 0 };
        AppConfig app = { 0 };
        int r = app_config_parse(c, name, "x.app", text, strlen(text), &m, &app);
        assert_messages(&m, CONFIG_ERROR, "", text);
        assert_int_equal(r, 0);
        uint64_t digest = app.definition.digest;
        if (ret_unit_digest)
                *ret_unit_digest = app.unit_digest;
        app_config_done(&app);
        config_messages_done(&m);
        return digest;
}

static void test_digest(void **state)
{
        static const char *const same[][2] = {
                { GOOD "User=a\nGroup=b\n", GOOD "Group=b\nUser=a\n" },
                { GOOD "MemoryMax=64M\n", GOOD "MemoryMax=67108864\n" },
                { GOOD "RestartSec=100ms\n", GOOD "RestartSec=0.1\n" },
                { GOOD "TimeoutSec=5\n", GOOD "TimeoutStartSec=5s\nTimeoutStopSec=5s\n" },
                { GOOD "Environment=A=b C=d\n", GOOD "Environment=A=b\nEnvironment=\"C=d\"\n" },
                { GOOD "Environment=A=x\nEnvironment=A=b\n", GOOD "Environment=A=b\n" },
                { GOOD "PrivateTmp=yes\n", GOOD "PrivateTmp=1\n" },
                { GOOD "ProtectSystem=true\n", GOOD "ProtectSystem=yes\n" },
                { GOOD "KillSignal=SIGINT\n", GOOD "KillSignal=2\n" },
                { GOOD "[Unit]\nAfter=a.service b.service\n",
                                GOOD "[Unit]\nAfter=a.service\nAfter=b.service\n" },
                { GOOD "[Unit]\nConditionPathExists=/a\nConditionHost=b\n",
                                GOOD "[Unit]\nConditionHost=b\nConditionPathExists=/a\n" },
                { GOOD "ReadWritePaths=/a//b/ /c\n", GOOD "ReadWritePaths=/a/./b \"/c\"\n" },
        };
        static const char *const different[][2] = {
                { GOOD, GOOD "User=a\n" },
                { GOOD "User=a\n", GOOD "User=b\n" },
                { GOOD "User=a\n", GOOD "Group=a\n" },
                { GOOD "ExecStartPre=/bin/a b\n", GOOD "ExecStartPre=/bin/a \"b \"\n" },
                { GOOD "ExecStartPre=-/bin/a\n", GOOD "ExecStartPre=/bin/a\n" },
                { GOOD "[Unit]\nConditionPathExists=/a\n", GOOD "[Unit]\nConditionPathExists=!/a\n" },
                { GOOD "[Unit]\nConditionPathExists=/a\n", GOOD "[Unit]\nAssertPathExists=/a\n" },
                { GOOD "[Application]\nWeight=2\n", GOOD },
                { GOOD "[Application]\nDescription=a\n", GOOD },
                { GOOD "[Application]\nEnabled=no\n", GOOD },
                { GOOD "[Application]\nPermittedNodes=abc\n", GOOD },
                { GOOD "[Application]\nNodes=bcd def\n", GOOD "[Application]\nNodes={bcd def}\n" },
                { GOOD "[Application]\nNodes=bcd def\n", GOOD "[Application]\nNodes=def bcd\n" },
                { GOOD "SystemCallFilter=a\nSystemCallFilter=~b\n",
                                GOOD "SystemCallFilter=~b\nSystemCallFilter=a\n" },
                { GOOD "Environment=A=%H\n", GOOD "Environment=A=%m\n" },
                { GOOD "Environment=A=%H\n", GOOD "Environment=A=host.example.org\n" },
        };
        for (size_t i = 0; i < ELEMENTSOF(same); i++)
                if (digest_of(&context, "x", same[i][0], NULL) != digest_of(&context, "x", same[i][1], NULL))
                        fail_msg("digests differ:\n%s---\n%s", same[i][0], same[i][1]);
        for (size_t i = 0; i < ELEMENTSOF(different); i++)
                if (digest_of(&context, "x", different[i][0], NULL) ==
                                digest_of(&context, "x", different[i][1], NULL))
                        fail_msg("digests are equal:\n%s---\n%s", different[i][0], different[i][1]);
        assert_true(digest_of(&context, "x", GOOD, NULL) != digest_of(&context, "y", GOOD, NULL));
}

/* Nodes differ in what %H and its kind stand for, and must agree on the definition all the same. */
static void test_digest_by_node(void **state)
{
        static const char *const texts[] = {
                GOOD "Environment=A=%H B=%l C=%m D=%b\n", GOOD "WorkingDirectory=/srv/%H\nUser=%l\n",
                GOOD "[Unit]\nAfter=foo@%H.service\nConditionHost=%H\n",
                GOOD "StandardOutput=append:/var/log/%l.log\n",
                GOOD "SocketBindAllow=%l\n", /* a number here, which no neutral word is */
        };
        ConfigContext one = context, two = context;
        one.host_name = "80.example.org";
        two.host_name = "81.example.org";
        two.machine_id = "ffffffffffffffffffffffffffffffff";
        two.boot_id = "11111111111111111111111111111111";
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                uint64_t unit_one, unit_two;
                if (digest_of(&one, "x", texts[i], &unit_one) != digest_of(&two, "x", texts[i], &unit_two))
                        fail_msg("digests differ:\n%s", texts[i]);
                if (unit_one == unit_two)
                        fail_msg("the units are equal:\n%s", texts[i]);
        }
        assert_true(digest_of(&one, "x", GOOD "SocketBindAllow=%l\n", NULL) !=
                        digest_of(&one, "x", GOOD "SocketBindAllow=80\n", NULL));
}

#define CONTAINER                                                                                                       \
        "the container's processes are not in the unit's control group: a kill does not reach them, and a second copy " \
        "may run elsewhere. Expected \"podman run --cgroups=split\""

static void test_warnings(void **state)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { GOOD, "" },
                { "[Application]\nNodes=abc xyz\n" SERVICE, "x.app:2: Nodes=: there is no node \"xyz\" in "
                                                            "corosync.conf, it will never be eligible" },
                { GOOD "SendSIGKILL=no\n", "x.app:5: SendSIGKILL=: with \"no\" a worker that ignores its "
                                           "stop keeps the application blocked on its node" },
                { GOOD "Restart=always\nRestartSec=2s\n", "" },
                { GOOD "Restart=always\nRestartSec=3s\n",
                                "x.app:6: RestartSec=: with these restarts StartLimitBurst= is not reached within "
                                "StartLimitIntervalSec=, so a worker that keeps failing never goes to another node" },
                { GOOD "Restart=always\nRestartSec=3s\nStartLimitIntervalSec=15s\n", "" },
                { GOOD "Restart=on-failure\n",
                                "x.app:5: Restart=: with \"on-failure\" a clean end, also by SIGTERM, is for good: no node "
                                "starts the application again. A service that is to go on wants \"always\"" },
                { GOOD "Type=oneshot\nRestart=on-failure\n", "" },
                { GOOD "[Application]\nTakeoverMode=start-first\n[Service]\nType=exec\n",
                                "x.app:8: Type=: \"exec\" does not tell when the service is ready, so "
                                "TakeoverMode=start-first stops the old copy too early. \"notify\", \"dbus\" and \"forking\" "
                                "tell" },
                { GOOD "[Application]\nTakeoverMode=start-first\n",
                                "x.app: Type=: \"simple\" does not tell when the service is ready, so "
                                "TakeoverMode=start-first stops the old copy too early. \"notify\", \"dbus\" and \"forking\" "
                                "tell" },
                { GOOD "[Application]\nTakeoverMode=start-first\n[Service]\nType=notify\n", "" },
                { GOOD "[Application]\nHandOver=no\nFailoverDelaySec=0\n",
                                "x.app: HandOver=no waits for no node, since FailoverDelaySec= is 0" },
                { GOOD "[Application]\nHandOver=no\nFailoverDelaySec=1\n", "" },
                { GOOD "[Application]\nFailoverDelaySec=0\n", "" },
                { GOOD "ExecStart=\nExecStart=/usr/bin/podman run --rm x\n",
                                "x.app:6: ExecStart=: " CONTAINER },
                { GOOD "ExecStart=\nExecStart=docker start -a x\n", "x.app:6: ExecStart=: " CONTAINER },
                { GOOD "ExecStart=\nExecStart=/usr/bin/podman run --cgroups=split x\n", "" },
                { GOOD "ExecStart=\nExecStart=podman run --cgroups split x\n", "" },
                { GOOD "ExecStart=\nExecStart=podman logs x\n", "" },
                { "[Application]\nNodes=abc Def\n" SERVICE,
                                "x.app:2: Nodes=: there is no node \"Def\" in corosync.conf, it "
                                "will never be eligible; \"def\" differs in capitals only" },
                { GOOD "TimeoutStopSec=infinity\n",
                                "x.app:5: TimeoutStopSec=: a worker that does not end in its own time keeps "
                                "the application blocked on its node" },
                { GOOD "TimeoutSec=0\n", "x.app:5: TimeoutSec=: a worker that does not end in its own time "
                                         "keeps the application blocked on its node" },
                { GOOD "ExecStopPost=/a ; +/b\nExecStop=/a $X\n", "" },
                { GOOD "[Unit]\nWants=distro-app-y.service\n",
                                "x.app:6: Wants=: \"distro-app-y.service\" is an application's unit, which "
                                "may run on another node" },
        };
        ConfigContext unknown = context;
        unknown.node_names = NULL;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ConfigMessages m = { 0 };
                AppConfig app;
                assert_int_equal(parse_app(&context, cases[i].text, &m, &app), 0);
                assert_messages(&m, CONFIG_WARNING, cases[i].expected, cases[i].text);
                assert_int_equal(m.n_errors, 0);
                app_config_done(&app);
                config_messages_done(&m);
        }
        ConfigMessages m = { 0 };
        AppConfig app;
        assert_int_equal(parse_app(&unknown, cases[1].text, &m, &app), 0);
        assert_int_equal(m.n_items, 0);
        app_config_done(&app);
}

static void test_message_fields(void **state)
{
        ConfigMessages m = { 0 };
        AppConfig app;
        assert_int_equal(parse_app(&context, "[Application]\nNodes=abc\nWeight=x\n" SERVICE, &m, &app),
                        -EINVAL);
        assert_int_equal(m.n_items, 1);
        assert_int_equal(m.items[0].level, CONFIG_ERROR);
        assert_string_equal(m.items[0].application, "x");
        assert_string_equal(m.items[0].file, "x.app");
        assert_string_equal(m.items[0].key, "Weight");
        assert_int_equal(m.items[0].line, 3);
        config_messages_done(&m);
}

static void test_manager(void **state)
{
        static const char text[] = "[Cluster]\nGroup=mine\nSyncMandatory=bcd "
                                   "def\nSyncOptional=abc\nSyncTimeoutSec=infinity\n"
                                   "NoQuorumPolicy=freeze\nIsolationTimeoutSec=3s\nManagerGraceSec=20s\n"
                                   "SelfFence=no\nSelfFence=\nSelfFence=yes\nSelfFenceSec=20s\n";
        ConfigMessages m = { 0 };
        ManagerConfig c;

        assert_int_equal(manager_config_parse(&context, "f", "", 0, &m, &c), 0);
        assert_string_equal(c.group, "distro-manager");
        assert_int_equal(c.n_sync_mandatory, 0);
        assert_int_equal(c.n_sync_optional, 0);
        assert_true(c.sync_timeout_usec == 30 * USEC_PER_SEC);
        assert_int_equal(c.no_quorum_policy, NO_QUORUM_STOP);
        assert_true(c.isolation_timeout_usec == 0);
        assert_true(c.manager_grace_usec == 15 * USEC_PER_SEC);
        assert_int_equal(c.self_fence, SELF_FENCE_AUTO);
        assert_true(c.self_fence_usec == 10 * USEC_PER_SEC);
        manager_config_done(&c);

        assert_int_equal(manager_config_parse(&context, "f", text, strlen(text), &m, &c), 0);
        assert_string_equal(c.group, "mine");
        assert_int_equal(c.n_sync_mandatory, 2);
        assert_string_equal(c.sync_mandatory[1], "def");
        assert_int_equal(c.n_sync_optional, 1);
        assert_true(c.sync_timeout_usec == USEC_INFINITY);
        assert_int_equal(c.no_quorum_policy, NO_QUORUM_FREEZE);
        assert_true(c.isolation_timeout_usec == 3 * USEC_PER_SEC);
        assert_true(c.manager_grace_usec == 20 * USEC_PER_SEC);
        assert_int_equal(c.self_fence, SELF_FENCE_YES);
        assert_true(c.self_fence_usec == 20 * USEC_PER_SEC);
        manager_config_done(&c);
        assert_int_equal(m.n_items, 0);
}

static void test_bad_manager(void **state)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "[Cluster]\nGrp=x\n", "f:2: Grp=: unknown key in section [Cluster]" },
                { "[Application]\n", "f:1: unknown section [Application], expected [Cluster]" },
                { "[Cluster]\nGroup=a b\n", "f:2: Group=: \"a b\" is not valid, expected at most 100 "
                                            "letters, digits and \"-_.\"" },
                { "[Cluster]\nSyncMandatory=xyz\n", "f:2: SyncMandatory=: there is no node \"xyz\" in "
                                                    "corosync.conf, expected a name of its nodelist" },
                { "[Cluster]\nSyncMandatory=abc abc\n", "f:2: SyncMandatory=: \"abc\" is named twice" },
                { "[Cluster]\nSyncMandatory=abc\nSyncOptional=def abc\n",
                                "f:3: SyncOptional=: \"abc\" is in SyncMandatory= too, expected it in one of "
                                "them" },
                { "[Cluster]\nSyncTimeoutSec=999ms\n",
                                "f:2: SyncTimeoutSec=: \"999ms\" is too short, expected at "
                                "least 1s" },
                { "[Cluster]\nSyncTimeoutSec=x\n", "f:2: SyncTimeoutSec=: \"x\" is not valid, expected a "
                                                   "time span like \"5s\" or \"1min 30s\", or \"infinity\"" },
                { "[Cluster]\nNoQuorumPolicy=ignore\n", "f:2: NoQuorumPolicy=: \"ignore\" is not valid, "
                                                        "expected \"stop\" or \"freeze\"" },
                { "[Cluster]\nSelfFence=maybe\nSelfFenceSec=0\n",
                                "f:2: SelfFence=: \"maybe\" is not valid, expected \"auto\", \"yes\" or \"no\"\n"
                                "f:3: SelfFenceSec=: \"0\" is not valid, expected a time span above 0 "
                                "like \"5s\" or \"1min 30s\"" },
                { "[Cluster]\nIsolationTimeoutSec=0\n",
                                "f:2: IsolationTimeoutSec=: \"0\" is not valid, expected a time span above 0 "
                                "like \"5s\" or \"1min 30s\"" },
                { "[Cluster]\nManagerGraceSec=infinity\nManagerGraceSec=3999ms\n",
                                "f:2: ManagerGraceSec=: \"infinity\" is not valid, expected a time span "
                                "above 0 like \"5s\" or \"1min 30s\"\n"
                                "f:3: ManagerGraceSec=: \"3999ms\" is too short, expected at least 4s" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ConfigMessages m = { 0 };
                ManagerConfig c = { 0 };
                assert_int_equal(manager_config_parse(
                                                 &context, "f", cases[i].text, strlen(cases[i].text), &m, &c),
                                -EINVAL);
                assert_messages(&m, CONFIG_ERROR, cases[i].expected, cases[i].text);
                assert_null(c.group);
                config_messages_done(&m);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_all_keys),
                cmocka_unit_test(test_tiers),
                cmocka_unit_test(test_bad_nodes),
                cmocka_unit_test(test_bad_values),
                cmocka_unit_test(test_resets),
                cmocka_unit_test(test_syntax),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_digest_by_node),
                cmocka_unit_test(test_warnings),
                cmocka_unit_test(test_message_fields),
                cmocka_unit_test(test_manager),
                cmocka_unit_test(test_bad_manager),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
