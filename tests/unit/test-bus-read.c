/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that can be read, in a group at work, without quorum, and before there is anything. */

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bus-harness.h"

#define DISTRO ROOT "/application/distro"
#define E1 "41943041" /* 40 << 20, plus 1 */
#define E2 "41943042"
#define E3 "41943043"

static void expect_property(Harness *h, const char *path, const char *interface, const char *property,
                const char *contents, const char *expected)
{
        sd_bus_message *m = harness_get(h, path, interface, property, contents);
        char text[4096];

        message_format(m, text, sizeof(text));
        sd_bus_message_unref(m);
        if (!streq(text, expected))
                fail_msg("%s %s: '%s', not '%s'", path, property, text, expected);
}

static void expect_reply(Harness *h, const char *member, const char *argument, const char *expected)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(h, ROOT, MANAGER, member, &error, argument ? "s" : "", argument);
        char text[8192];

        if (!m)
                fail_msg("%s: %s %s", member, error.name, error.message);
        message_format(m, text, sizeof(text));
        sd_bus_message_unref(m);
        if (!streq(text, expected))
                fail_msg("%s: '%s', not '%s'", member, text, expected);
}

static void expect_error(
                Harness *h, const char *member, const char *argument, const char *name, const char *part)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(h, ROOT, MANAGER, member, &error, "s", argument);

        if (m)
                fail_msg("%s(%s) was answered", member, argument);
        if (!streq(error.name, name) || !strstr(error.message, part))
                fail_msg("%s(%s): %s: %s", member, argument, error.name, error.message);
        sd_bus_error_free(&error);
}

static void test_manager_properties(void **state)
{
        static const struct {
                const char *name, *contents, *expected;
        } cases[] = {
                { "NodeName", "s", "'bcd'" },
                { "NodeId", "u", "2" },
                { "Version", "s", "'1.2.3'" },
                { "View", "s", "'40.2'" },
                { "Quorate", "b", "yes" },
                { "QuorumPending", "b", "no" },
                { "Synced", "b", "yes" },
                { "Formed", "b", "yes" },
                { "Members", "as", "['abc' 'bcd' 'def']" },
                { "WaitingFor", "as", "[]" },
                { "Status", "s", "'No quorum'" },
                { "QuorumDetail", "a{sv}", "[('ExpectedVotes' <3>) ('TwoNode' <no>)]" },
                { "TokenUSec", "t", "1000000" },
                { "FileWarnings", "u", "3" },
                { "SelfRebootTimestamp", "t", "1700000000000000" },
                { "SelfRebootReason", "s", "'web did not end'" },
                { "ConsensusUSec", "t", "1200000" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_property(*state, ROOT, MANAGER, cases[i].name, cases[i].contents, cases[i].expected);
}

static void test_application_properties(void **state)
{
        static const struct {
                const char *name, *contents, *expected;
        } cases[] = {
                { "Name", "s", "'distro'" },
                { "Unit", "s", "'distro-app-distro.service'" },
                { "Description", "s", "'The distro worker'" },
                { "State", "s", "'running'" },
                { "Reason", "s", "''" },
                { "Node", "s", "'abc'" },
                { "StartType", "s", "'normal'" },
                { "FromNode", "s", "''" },
                { "Epoch", "t", E1 },
                { "InvocationID", "ay", "[]" },
                { "Target", "s", "'started'" },
                { "Nodes", "aas", "[['abc'] ['bcd' 'def']]" },
                { "FailoverDelayUSec", "t", "5000000" },
                { "FailoverDelayAuto", "b", "no" },
                { "HandOver", "b", "yes" },
                { "Permissions", "a{sb}", "[('abc' yes) ('bcd' yes) ('def' no)]" },
                { "Failures", "a{st}", "[('def' 1700000600000000)]" },
                { "Parts", "a(sssts)", "[]" },
                { "HasParts", "b", "no" },
                { "Maintenance", "b", "no" },
                { "Held", "b", "no" },
                { "RestartNeeded", "b", "no" },
                { "StateChangeTimestamp", "t", "1700000000000000" },
                { "DeadlineUSec", "t", "18446744073709551615" },
                { "DefinitionMismatch", "as", "['def']" },
                { "MissingFiles", "as", "['def']" },
                { "WrongFiles", "a{ss}", "[('bcd' 'line 3')]" },
                { "FileDigests", "a{st}", "[('abc' 5) ('bcd' 5) ('def' 0)]" },
        };
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");

        double_set_permission(a, 3, false);
        double_add_mark(a, &(Mark){ .node_id = 3,
                                           .count = 1,
                                           .set_realtime_usec = 1700000000000000,
                                           .duration_usec = 600 * USEC_PER_SEC });
        a->variants = calloc(1, sizeof(Variant));
        assert_non_null(a->variants);
        a->variants[0].node_id = 3;
        a->n_variants = a->n_variants_allocated = 1;
        a->wrong = calloc(1, sizeof(WrongFile));
        assert_non_null(a->wrong);
        a->wrong[0] = (WrongFile){ .node_id = 2, .line = 3 };
        a->n_wrong = a->n_wrong_allocated = 1;
        a->has_definition = true;
        a->definition.digest = 5;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, cases[i].name, cases[i].contents,
                                cases[i].expected);

        expect_property(h, ROOT "/application/moving", BUS_INTERFACE_APPLICATION, "FromNode", "s", "'abc'");
        expect_property(h, ROOT "/application/moving", BUS_INTERFACE_APPLICATION, "StartType", "s",
                        "'failover'");
        expect_property(h, ROOT "/application/local", BUS_INTERFACE_APPLICATION, "InvocationID", "ay",
                        "[171 171 171 171 171 171 171 171 171 171 171 171 171 171 171 171]");
        expect_property(h, ROOT "/application/idle", BUS_INTERFACE_APPLICATION, "Target", "s", "'stopped'");
        expect_property(h, ROOT "/application/idle", BUS_INTERFACE_APPLICATION, "StartType", "s", "''");
}

/* In the order of their start, each with what its helper says; and of a copy elsewhere that there are any. */
static void test_parts(void **state)
{
        static const BusPart parts[] = {
                { "address", "ip-192.0.2.20", "active", 1700000000000000, "192.0.2.20/24 is on eth0" },
                { "address", "ip-2001:db8::30", "unknown", 0, "\xff" }, /* no UTF-8 */
        };
        Harness *h = *state;

        h->owner.parts_app = "local";
        h->owner.parts = parts;
        h->owner.n_parts = ELEMENTSOF(parts);
        expect_property(h, ROOT "/application/local", BUS_INTERFACE_APPLICATION, "Parts", "a(sssts)",
                        "[('address' 'ip-192.0.2.20' 'active' 1700000000000000 '192.0.2.20/24 is on eth0') "
                        "('address' 'ip-2001:db8::30' 'unknown' 0 '?')]");
        expect_property(h, ROOT "/application/local", BUS_INTERFACE_APPLICATION, "HasParts", "b", "yes");
        h->owner.n_parts = 0;
        expect_property(h, ROOT "/application/local", BUS_INTERFACE_APPLICATION, "Parts", "a(sssts)", "[]");
        expect_property(h, ROOT "/application/local", BUS_INTERFACE_APPLICATION, "HasParts", "b", "yes");
        expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, "HasParts", "b", "no");
}

/* PermittedNodes= decides where nothing was commanded, and a command goes before it. */
static void test_permissions(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");
        Definition *d = &a->definition;

        d->permitted = calloc(1, sizeof(char *));
        assert_non_null(d->permitted);
        d->permitted[0] = strdup("bcd");
        d->n_permitted = 1;
        expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, "Permissions", "a{sb}",
                        "[('abc' no) ('bcd' yes) ('def' no)]");
        double_set_permission(a, 1, true);
        double_set_permission(a, 2, false);
        expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, "Permissions", "a{sb}",
                        "[('abc' yes) ('bcd' no) ('def' no)]");
}

/* What other nodes and systemd wrote reaches the bus as UTF-8, or the bus would throw us out. */
static void test_text_is_clean(void **state)
{
        Harness *h = *state;

        double_set_reason(state_find_app(&h->engine.state, "distro"), "exit \xff\xc3 code");
        expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, "Reason", "s", "'exit ?? code'");
        double_set_reason(state_find_app(&h->engine.state, "distro"), "gr\xc3\xbc\xc3\x9f");
        expect_property(h, DISTRO, BUS_INTERFACE_APPLICATION, "Reason", "s", "'gr\xc3\xbc\xc3\x9f'");
}

static void test_node_properties(void **state)
{
        Harness *h = *state;

        h->engine.state.nodes[2].standby = true;
        h->engine.state.nodes[2].presence = PRESENCE_MANAGER_GONE;
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Name", "s", "'def'");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Id", "u", "3");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "State", "s", "'manager-gone'");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Standby", "b", "yes");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Record", "s", "'written'");
        h->engine.state.nodes[2].late = true;
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Record", "s", "'late'");
        h->engine.state.nodes[2].unwritable = true;
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Record", "s", "'unwritable'");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Guarded", "b", "yes");
        h->engine.state.nodes[2].unguarded = true;
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Guarded", "b", "no");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Fused", "b", "yes");
        h->engine.state.nodes[2].unfused = true;
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Fused", "b", "no");
        expect_property(h, ROOT "/node/def", BUS_INTERFACE_NODE, "Applications", "as", "['moving']");
        expect_property(h, ROOT "/node/abc", BUS_INTERFACE_NODE, "Applications", "as", "['distro']");
}

static void test_lists(void **state)
{
        Harness *h = *state;

        expect_reply(h, "ListApplications", NULL,
                        "[('distro' 'running' 'abc' 'normal' " E1 " '" ROOT "/application/distro')"
                        " ('idle' 'stopped' '' '' 0 '" ROOT "/application/idle')"
                        " ('local' 'running' 'bcd' 'normal' " E2 " '" ROOT "/application/local')"
                        " ('moving' 'starting' 'def' 'failover' " E3 " '" ROOT "/application/moving')]");
        expect_reply(h, "ListNodes", NULL,
                        "[('abc' 1 'online' '" ROOT "/node/abc') ('bcd' 2 'online' '" ROOT "/node/bcd')"
                        " ('def' 3 'online' '" ROOT "/node/def')]");
        /* A name that a path cannot hold as it is. */
        (void) double_add_app(&h->engine, "web-1", "");
        expect_reply(h, "GetApplication", "web-1", "'" ROOT "/application/web_2d1'");
        expect_property(h, ROOT "/application/web_2d1", BUS_INTERFACE_APPLICATION, "Name", "s", "'web-1'");
        expect_reply(h, "GetNode", "def", "'" ROOT "/node/def'");
}

static void test_unknown_names(void **state)
{
        static const char *const by_application[] = { "GetApplication", "Locate", "Explain" };
        Harness *h = *state;
        char text[400];

        for (size_t i = 0; i < ELEMENTSOF(by_application); i++) {
                expect_error(h, by_application[i], "none", BUS_ERROR_PREFIX "NoSuchApplication", "'none'");
                expect_error(h, by_application[i], "", SD_BUS_ERROR_INVALID_ARGS, "was expected");
                expect_error(h, by_application[i], "Upper_case", BUS_ERROR_PREFIX "NoSuchApplication",
                                "a-z, 0-9 and hyphen");
                expect_error(h, by_application[i], "-hyphen", BUS_ERROR_PREFIX "NoSuchApplication",
                                "'-hyphen'");
                memset(text, 'a', 64);
                text[64] = '\0';
                expect_error(h, by_application[i], text, BUS_ERROR_PREFIX "NoSuchApplication", "1 to 63");
                memset(text, 'a', sizeof(text) - 1);
                text[sizeof(text) - 1] = '\0';
                expect_error(h, by_application[i], text, BUS_ERROR_PREFIX "NoSuchApplication", "that name");
        }
        expect_error(h, "GetNode", "xyz", BUS_ERROR_PREFIX "NoSuchNode", "'xyz'");
        expect_error(h, "GetNode", "", SD_BUS_ERROR_INVALID_ARGS, "was expected");
        expect_error(h, "GetNode", text, BUS_ERROR_PREFIX "NoSuchNode", "399 bytes");
}

static void test_locate(void **state)
{
        Harness *h = *state;
        App *a;

        expect_reply(h, "Locate", "distro", "'abc' 'distro-app-distro.service' " E1);
        expect_error(h, "Locate", "idle", BUS_ERROR_PREFIX "NotRunning", "does not run");
        expect_error(h, "Locate", "moving", BUS_ERROR_PREFIX "NotRunning", "being started on node 'def'");
        a = state_find_app(&h->engine.state, "moving");
        double_set_copy(a, 3, a->epoch, COPY_STOPPING);
        expect_error(h, "Locate", "moving", BUS_ERROR_PREFIX "NotRunning", "being stopped on node 'def'");
        /* What may run and does not surely run is neither located nor said not to run. */
        a->copies[0].stuck = true;
        double_set_reason(a, "processes are left");
        expect_error(h, "Locate", "moving", BUS_ERROR_PREFIX "NotRunning",
                        "'moving' is blocked: processes are left.");
        double_set_copy(a, 3, a->epoch, COPY_LOST);
        expect_error(h, "Locate", "moving", BUS_ERROR_PREFIX "NotRunning", "does not run");
}

/* What is stale says only what surely runs here; a new view alone makes nothing stale. */
static void test_locate_alone(void **state)
{
        static const struct {
                bool quorate, synced;
                const char *why;
        } cases[] = { { false, true, "has no quorum" }, { true, false, "not in step" },
                { false, false, "has no quorum" } };
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "local");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                h->engine.quorate = cases[i].quorate;
                h->engine.synced = cases[i].synced;
                h->engine.stale_since_usec = 0;
                expect_reply(h, "Locate", "distro", "'abc' 'distro-app-distro.service' " E1);
                expect_property(h, ROOT "/node/abc", BUS_INTERFACE_NODE, "Applications", "as", "['distro']");
                h->engine.stale_since_usec = 1700000000000000;
                expect_property(h, ROOT "/node/abc", BUS_INTERFACE_NODE, "Applications", "as", "[]");
                expect_property(h, ROOT "/node/bcd", BUS_INTERFACE_NODE, "Applications", "as", "['local']");
                expect_reply(h, "Locate", "local", "'bcd' 'distro-app-local.service' " E2);
                expect_error(h, "Locate", "distro", BUS_ERROR_PREFIX "NoQuorum", cases[i].why);
                expect_error(h, "Locate", "idle", BUS_ERROR_PREFIX "NoQuorum", cases[i].why);
                double_set_copy(a, 2, a->epoch, COPY_STOPPING);
                expect_error(h, "Locate", "local", BUS_ERROR_PREFIX "NotRunning",
                                "being stopped on node 'bcd'");
                double_set_copy(a, 2, a->epoch, COPY_STARTING);
                expect_error(h, "Locate", "local", BUS_ERROR_PREFIX "NotRunning",
                                "being started on node 'bcd'");
                double_set_copy(a, 0, 0, COPY_LOST); /* its unit has ended */
                expect_error(h, "Locate", "local", BUS_ERROR_PREFIX "NoQuorum", cases[i].why);
                double_set_copy(a, 2, a->epoch, COPY_RUNNING);
        }
}

static void test_explain(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");

        h->engine.state.nodes[1].standby = true;
        free(a->definition.nodes[2].name);
        a->definition.nodes[2].name = strdup("zzz");
        expect_reply(h, "Explain", "distro",
                        "[('abc' yes 'online') ('bcd' no 'in standby') ('zzz' no 'not in Corosync's "
                        "nodelist')]");
}

static void test_list_files(void **state)
{
        Harness *h = *state;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(h, ROOT, MANAGER, "ListFiles", &error, "");
        const char *app;
        uint64_t digest;
        int right;

        assert_non_null(m);
        assert_true(sd_bus_message_enter_container(m, 'a', "(stb)") > 0);
        assert_true(sd_bus_message_read(m, "(stb)", &app, &digest, &right) > 0);
        assert_string_equal(app, "distro");
        assert_int_equal(digest, 77);
        assert_true(right);
        assert_true(sd_bus_message_read(m, "(stb)", &app, &digest, &right) > 0);
        assert_string_equal(app, "bad");
        assert_int_equal(digest, 0);
        assert_false(right);
        assert_true(sd_bus_message_exit_container(m) >= 0);
        sd_bus_message_unref(m);
}

static void test_get_state(void **state)
{
        Harness *h = *state;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(h, ROOT, MANAGER, "GetState", &error, "");
        ByteWriter w = { 0 };
        const void *data;
        size_t size;

        assert_non_null(m);
        assert_true(sd_bus_message_read_array(m, 'y', &data, &size) > 0);
        state_encode(&h->engine.state, STATE_FULL, 1000, &w);
        assert_int_equal(w.error, 0);
        assert_int_equal(size, w.size_bytes);
        assert_memory_equal(data, w.data, size);
        byte_writer_done(&w);
        sd_bus_message_unref(m);
}

static void test_before_forming(void **state)
{
        Harness *h = *state;
        State *s = &h->engine.state;
        size_t n_nodes;

        while (s->n_apps > 0)
                double_remove_app(&h->engine, s->apps[0].name);
        s->formed = h->engine.formed = h->engine.synced = h->engine.quorate = false;
        n_nodes = s->n_nodes;
        s->n_nodes = 0; /* there is no agreed state that would name them */
        h->engine.members[0] = (Member){ 2, 77 };
        h->engine.n_members = 1;
        h->engine.view.n = VIEW_N_UNKNOWN;
        h->engine.waiting[0] = "abc";
        h->engine.waiting[1] = "def";
        h->engine.n_waiting = 2;
        expect_property(h, ROOT, MANAGER, "Formed", "b", "no");
        expect_property(h, ROOT, MANAGER, "Members", "as", "['bcd']");
        expect_property(h, ROOT, MANAGER, "WaitingFor", "as", "['abc' 'def']");
        expect_reply(h, "ListApplications", NULL, "[]");
        expect_error(h, "Locate", "distro", BUS_ERROR_PREFIX "NoSuchApplication", "'distro'");
        s->n_nodes = n_nodes;
}

static void test_managed_objects(void **state)
{
        static const char *const paths[] = {
                ROOT "/application/distro",
                ROOT "/application/idle",
                ROOT "/application/local",
                ROOT "/application/moving",
                ROOT "/node/abc",
                ROOT "/node/bcd",
                ROOT "/node/def",
        };
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(
                        *state, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &error, "");
        unsigned found[ELEMENTSOF(paths)] = { 0 };
        size_t n = 0;
        const char *path, *interface;

        assert_non_null(m);
        assert_true(sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}") > 0) {
                bool ours = false;

                n++;
                assert_true(sd_bus_message_read(m, "o", &path) > 0);
                assert_true(sd_bus_message_enter_container(m, 'a', "{sa{sv}}") > 0);
                while (sd_bus_message_enter_container(m, 'e', "sa{sv}") > 0) {
                        assert_true(sd_bus_message_read(m, "s", &interface) > 0);
                        ours = ours || streq(interface, strstr(path, "/node/") ? BUS_INTERFACE_NODE
                                                                               : BUS_INTERFACE_APPLICATION);
                        assert_true(sd_bus_message_skip(m, "a{sv}") > 0);
                        sd_bus_message_exit_container(m);
                }
                sd_bus_message_exit_container(m);
                sd_bus_message_exit_container(m);
                assert_true(ours);
                for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                        found[i] += streq(paths[i], path);
        }
        assert_int_equal(n, ELEMENTSOF(paths));
        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                assert_int_equal(found[i], 1);
        sd_bus_message_unref(m);
}

static void nobody_reads(const char *address, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *node = "?";
        int r;

        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
                        sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
                return;
        r = sd_bus_call_method(bus, BUS_NAME, ROOT, MANAGER, "Locate", &error, &reply, "s", "distro");
        if (r >= 0)
                sd_bus_message_read(reply, "s", &node);
        snprintf(report, size_bytes, "%s", r < 0 ? error.name : node);
}

/* How often nobody may read before he is refused. */
static void nobody_reads_on(const char *address, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        unsigned n = 0;

        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
                        sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
                return;
        while (n < 2 * READS_BURST && sd_bus_call_method(bus, BUS_NAME, ROOT, MANAGER, "ListApplications",
                                                      &error, NULL, "") >= 0)
                n++;
        snprintf(report, size_bytes, "%u %s", n, strempty(error.name));
}

/* The clock stands still but for what the test adds. */
static void test_reads_are_bounded(void **state)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Harness *h = *state;
        char report[256], name[128], app[16];
        unsigned n, cost;
        sd_bus_message *m;

        for (unsigned i = 0; i < 92; i++) {
                snprintf(app, sizeof(app), "more-%u", i);
                double_add_app(&h->engine, app, "");
        }
        cost = (unsigned) (h->engine.state.n_apps + h->engine.state.n_nodes) + 1;
        harness_as_nobody(h, nobody_reads_on, report, sizeof(report));
        assert_int_equal(sscanf(report, "%u %127s", &n, name), 2);
        assert_string_equal(name, SD_BUS_ERROR_LIMITS_EXCEEDED);
        assert_in_range(n, READS_BURST / cost, READS_BURST / cost + 4);
        /* A further connection of his does not help him. */
        harness_as_nobody(h, nobody_reads_on, report, sizeof(report));
        assert_int_equal(sscanf(report, "%u %127s", &n, name), 2);
        assert_in_range(n, 0, 4); /* until the bus has told whose it is */
        /* Root is answered. */
        m = harness_call(h, ROOT, MANAGER, "ListApplications", &error, "");
        assert_non_null(m);
        sd_bus_message_unref(m);
        h->owner.now_usec += USEC_PER_SEC;
        harness_as_nobody(h, nobody_reads_on, report, sizeof(report));
        assert_int_equal(sscanf(report, "%u %127s", &n, name), 2);
        assert_in_range(n, READS_PER_SEC / cost - 4, READS_PER_SEC / cost + 4);
}

typedef struct Answers {
        unsigned answered, refused;
} Answers;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Answers *a = userdata;

        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_LIMITS_EXCEEDED))
                a->refused++;
        else
                a->answered++;
        return 0;
}

/* What the bus does not take from us is not piled up: neither for root. */
static void test_answers_are_bounded(void **state)
{
        Harness *h = *state;
        Answers answers = { 0 };
        unsigned cost, n_calls = 120;
        char app[16];
        int available = 0;

        for (unsigned i = 0; i < 392; i++) {
                snprintf(app, sizeof(app), "more-%u", i);
                double_add_app(&h->engine, app, "");
        }
        cost = (unsigned) (h->engine.state.n_apps + h->engine.state.n_nodes) + 1;
        harness_settle(h);
        for (unsigned i = 0; i < n_calls; i++)
                assert_true(sd_bus_call_method_async(h->client, NULL, BUS_NAME, ROOT,
                                            "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                            on_answer, &answers, "") >= 0);
        assert_true(sd_bus_flush(h->client) >= 0);
        for (unsigned i = 0; i < 5000 && available < (int) n_calls * 100;
                        i++) { /* all have come through the bus */
                assert_int_equal(ioctl(sd_bus_get_fd(h->service), FIONREAD, &available), 0);
                usleep(1000);
        }
        assert_true(available >= (int) n_calls * 100);
        assert_int_equal(kill(h->daemon, SIGSTOP), 0);
        while (sd_event_run(h->loop, 100 * USEC_PER_MSEC) > 0)
                ;
        assert_int_equal(kill(h->daemon, SIGCONT), 0);
        while (answers.answered + answers.refused < n_calls)
                harness_turn(h);
        assert_true(answers.refused > 0);
        /* What fits into the sockets, some MiB, comes on top. */
        assert_in_range(answers.answered, READS_QUEUED_MAX / cost, READS_QUEUED_MAX / cost + 60);
}

static void test_reading_is_open(void **state)
{
        char report[256];

        harness_as_nobody(*state, nobody_reads, report, sizeof(report));
        assert_string_equal(report, "abc");
}

static void call_without_reply(Harness *h, const char *path, const char *interface, const char *member)
{
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(h->client, &m, BUS_NAME, path, interface, member) >= 0);
        assert_true(sd_bus_message_set_expect_reply(m, 0) >= 0);
        assert_true(sd_bus_send(h->client, m, NULL) >= 0);
        sd_bus_message_unref(m);
        harness_settle(h);
}

/* The bus lets everybody send as many of them as he likes. What changes something is carried out all the same. */
static void test_reads_without_reply(void **state)
{
        static const struct {
                const char *path, *interface, *member;
        } reads[] = {
                { ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
                { ROOT, MANAGER, "ListApplications" },
                { ROOT, MANAGER, "ListFiles" },
                { ROOT, MANAGER, "GetState" },
                { ROOT, "org.freedesktop.DBus.Introspectable", "Introspect" },
                { DISTRO, "org.freedesktop.DBus.Introspectable", "Introspect" },
                { DISTRO, "org.freedesktop.DBus.Peer", "GetMachineId" },
        };
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Harness *h = *state;
        unsigned before;

        harness_settle(h);
        before = h->owner.n_looks;
        for (size_t i = 0; i < ELEMENTSOF(reads); i++)
                call_without_reply(h, reads[i].path, reads[i].interface, reads[i].member);
        assert_int_equal(h->owner.n_looks, before);
        sd_bus_message_unref(harness_call(h, ROOT, MANAGER, "ListApplications", &error, ""));
        assert_true(h->owner.n_looks > before);
        call_without_reply(h, DISTRO, BUS_INTERFACE_APPLICATION, "Start");
        call_without_reply(h, ROOT, MANAGER, "Form");
        harness_settle(h);
        while (h->owner.n_submitted < 2)
                harness_turn(h);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_manager_properties),
                TEST(test_application_properties),
                TEST(test_parts),
                TEST(test_permissions),
                TEST(test_text_is_clean),
                TEST(test_node_properties),
                TEST(test_lists),
                TEST(test_unknown_names),
                TEST(test_locate),
                TEST(test_locate_alone),
                TEST(test_explain),
                TEST(test_list_files),
                TEST(test_get_state),
                TEST(test_before_forming),
                TEST(test_managed_objects),
                TEST(test_reading_is_open),
                TEST(test_reads_without_reply),
                TEST(test_reads_are_bounded),
                TEST(test_answers_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
