/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What leaves without being asked: signals, PropertiesChanged with what changed and nothing else, objects
 * that come and go; and in which order. */

#include "bus-harness.h"
#include "bus/path.h"

#include "base/array.h"

#define DISTRO ROOT "/application/distro"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static void flush(Harness *h)
{
        assert_int_equal(bus_server_flush(h->server), 0);
        harness_settle(h);
}

static void expect_signal(Harness *h, const char *member, const char *expected)
{
        sd_bus_message *m = harness_next_signal(h, NULL);
        char text[512];

        assert_non_null(m);
        assert_string_equal(sd_bus_message_get_member(m), member);
        assert_string_equal(sd_bus_message_get_interface(m), MANAGER);
        assert_string_equal(sd_bus_message_get_path(m), ROOT);
        message_format(m, text, sizeof(text));
        assert_string_equal(text, expected);
        sd_bus_message_unref(m);
}

/* The whole content: interface, changed values, invalidated names. */
static void expect_changed(Harness *h, const char *path, const char *expected)
{
        sd_bus_message *m = harness_next_signal(h, NULL);
        char text[4096];

        if (!m)
                fail_msg("no signal, but %s was expected", expected);
        assert_string_equal(sd_bus_message_get_member(m), "PropertiesChanged");
        assert_string_equal(sd_bus_message_get_path(m), path);
        message_format(m, text, sizeof(text));
        assert_string_equal(text, expected);
        sd_bus_message_unref(m);
}

static void expect_no_signal(Harness *h)
{
        if (h->n_signals > 0)
                fail_msg("%s of %s was not expected", sd_bus_message_get_member(h->signals[0]),
                                sd_bus_message_get_path(h->signals[0]));
}

static void test_signals(void **state)
{
        static const struct {
                Effect note;
                const char *member, *expected;
        } cases[] = {
                { { .note = NOTE_APP_STARTED,
                                  .app = (char *) "distro",
                                  .node = (char *) "bcd",
                                  .from_node = (char *) "abc",
                                  .epoch = 7,
                                  .start_type = START_FAILOVER },
                                "ApplicationStarted", "'distro' 'bcd' 'failover' 'abc' 7" },
                { { .note = NOTE_APP_STARTED,
                                  .app = (char *) "distro",
                                  .node = (char *) "bcd",
                                  .epoch = 8,
                                  .start_type = START_NORMAL },
                                "ApplicationStarted", "'distro' 'bcd' 'normal' '' 8" },
                { { .note = NOTE_APP_STOPPED,
                                  .app = (char *) "distro",
                                  .node = (char *) "abc",
                                  .text = (char *) "commanded" },
                                "ApplicationStopped", "'distro' 'abc' 'commanded'" },
                { { .note = NOTE_APP_FAILED,
                                  .app = (char *) "distro",
                                  .node = (char *) "abc",
                                  .text = (char *) "exit-code" },
                                "ApplicationStopped", "'distro' 'abc' 'exit-code'" },
                { { .note = NOTE_APP_FAILED, .app = (char *) "distro", .node = (char *) "abc" },
                                "ApplicationStopped", "'distro' 'abc' 'failed'" },
                { { .note = NOTE_APP_RETRIED,
                                  .app = (char *) "distro",
                                  .node = (char *) "abc",
                                  .text = (char *) "exit-code; started again here, 1 of 2" },
                                "ApplicationStopped",
                                "'distro' 'abc' 'exit-code; started again here, 1 of 2'" },
                { { .note = NOTE_APP_FINISHED, .app = (char *) "distro", .node = (char *) "abc" },
                                "ApplicationStopped", "'distro' 'abc' 'finished'" },
                { { .note = NOTE_APP_LOST, .app = (char *) "distro", .node = (char *) "abc" },
                                "ApplicationStopped", "'distro' 'abc' 'lost with its node'" },
                { { .note = NOTE_COPY_STOPPED,
                                  .app = (char *) "distro",
                                  .node = (char *) "abc",
                                  .epoch = 9,
                                  .from_node = (char *) "def" },
                                "CopyStopped", "'distro' 'abc' 9 'def'" },
                { { .note = NOTE_NODE_JOINED, .node = (char *) "def" }, "NodeJoined", "'def' 3" },
                { { .note = NOTE_NODE_JOINED, .node = (char *) "unheard" }, "NodeJoined", "'unheard' 0" },
                { { .note = NOTE_NODE_LEFT, .node = (char *) "abc", .text = (char *) "lost" }, "NodeLeft",
                                "'abc' 1 'lost'" },
                { { .note = NOTE_QUORUM_GAINED }, "QuorumChanged", "yes" },
                { { .note = NOTE_QUORUM_LOST, .text = (char *) "workers end" }, "QuorumChanged", "no" },
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                bus_server_note(h->server, &cases[i].note);
        harness_settle(h);
        expect_no_signal(h); /* they wait for the flush */
        flush(h);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_signal(h, cases[i].member, cases[i].expected);
        expect_no_signal(h);

        for (NoteKind k = 0; k < _NOTE_KIND_MAX; k++) {
                bool known = false;

                for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                        known = known || cases[i].note.note == k;
                if (!known)
                        bus_server_note(h->server, &(Effect){ .note = k,
                                                                   .app = (char *) "distro",
                                                                   .node = (char *) "abc" });
        }
        flush(h);
        expect_no_signal(h); /* all others are for the journal */
}

static void test_only_what_changed(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");

        bus_server_changed_all(h->server);
        flush(h);
        expect_no_signal(h); /* marked, but not changed */

        a->maintenance = true;
        double_set_reason(a, "because");
        flush(h);
        expect_no_signal(h); /* changed, but not marked */
        bus_server_changed(h->server, "idle", NULL);
        bus_server_changed(h->server, "distro", NULL);
        flush(h);
        expect_changed(h, DISTRO,
                        "'org.distro.Application1' [('Reason' <'because'>) ('Maintenance' <yes>)] []");
        expect_no_signal(h);
        bus_server_changed(h->server, "distro", NULL);
        flush(h);
        expect_no_signal(h); /* told already */
}

/* Each property that can change is told when it does. */
static void test_every_property(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "local");
        Definition *d = &a->definition;
        const char *path = ROOT "/application/local";

#define CHANGED(property, value)                                                                        \
        do {                                                                                            \
                bus_server_changed(h->server, "local", NULL);                                           \
                flush(h);                                                                               \
                expect_changed(h, path, "'org.distro.Application1' [('" property "' <" value ">)] []"); \
                expect_no_signal(h);                                                                    \
        } while (0)
        free(d->description);
        d->description = strdup("Another");
        CHANGED("Description", "'Another'");
        a->copies[0].phase = COPY_STOPPING;
        CHANGED("State", "'stopping'");
        a->start_type = START_TAKEOVER;
        CHANGED("StartType", "'takeover'");
        a->from_node = 3;
        CHANGED("FromNode", "'def'");
        a->epoch = 99;
        CHANGED("Epoch", "99");
        h->owner.local_active = false;
        CHANGED("InvocationID", "[]");
        a->target_up = false;
        CHANGED("Target", "'stopped'");
        d->nodes[2].tier = 2;
        CHANGED("Nodes", "[['abc'] ['bcd'] ['def']]");
        d->failover_delay_usec = USEC_INFINITY;
        CHANGED("FailoverDelayUSec", "18446744073709551615");
        d->failover_delay_usec = DELAY_AUTO;
        bus_server_changed(h->server, "local", NULL);
        flush(h);
        expect_changed(h, path,
                        "'org.distro.Application1' [('FailoverDelayUSec' <2361250>) ('FailoverDelayAuto' <yes>)] []");
        d->awaits_leaver = true;
        CHANGED("HandOver", "no");
        double_set_permission(a, 2, false);
        CHANGED("Permissions", "[('abc' yes) ('bcd' no) ('def' yes)]");
        double_add_mark(a, &(Mark){ .node_id = 1, .set_realtime_usec = 5, .duration_usec = 6 });
        CHANGED("Failures", "[('abc' 11)]");
        a->held_node = 2;
        CHANGED("Held", "yes");
        a->halted = true;
        CHANGED("RestartNeeded", "yes");
        a->changed_realtime_usec = 1234;
        CHANGED("StateChangeTimestamp", "1234");
        a->delay = (Timer){ .serial = 1, .deadline_usec = 4321 };
        CHANGED("DeadlineUSec", "4321");
        a->variants = calloc(1, sizeof(Variant));
        assert_non_null(a->variants);
        a->variants[0].node_id = 1;
        a->n_variants = a->n_variants_allocated = 1;
        bus_server_changed(h->server, "local", NULL);
        flush(h);
        expect_changed(h, path,
                        "'org.distro.Application1' [('DefinitionMismatch' <['abc']>) ('MissingFiles' <['abc']>) "
                        "('FileDigests' <[('abc' 0) ('bcd' 77) ('def' 77)]>)] []");
}

/* A part's state and words are told when they change, and that it is gone. */
static void test_parts(void **state)
{
        BusPart part = { "address", "ip-192.0.2.20", "activating", 5, "" };
        Harness *h = *state;
        const char *path = ROOT "/application/local";

        h->owner.parts_app = "local";
        CHANGED("HasParts", "yes");
        h->owner.parts = &part;
        h->owner.n_parts = 1;
        CHANGED("Parts", "[('address' 'ip-192.0.2.20' 'activating' 5 '')]");
        part.state = "active";
        CHANGED("Parts", "[('address' 'ip-192.0.2.20' 'active' 5 '')]");
        part.since_usec = 6;
        CHANGED("Parts", "[('address' 'ip-192.0.2.20' 'active' 6 '')]");
        part.text = "192.0.2.20/24 is on eth0";
        CHANGED("Parts", "[('address' 'ip-192.0.2.20' 'active' 6 '192.0.2.20/24 is on eth0')]");
        bus_server_changed(h->server, "local", NULL);
        flush(h);
        expect_no_signal(h);
        h->owner.n_parts = 0;
        CHANGED("Parts", "[]");
}

/* A move changes the application and both nodes; the nodes' lists are told as changed, without the lists. */
static void test_move(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");

        double_set_copy(a, 3, 50000000, COPY_RUNNING);
        bus_server_changed(h->server, "distro", NULL);
        flush(h);
        expect_changed(h, DISTRO, "'org.distro.Application1' [('Node' <'def'>) ('Epoch' <50000000>)] []");
        expect_changed(h, ROOT "/node/abc", "'org.distro.Node1' [] ['Applications']");
        expect_changed(h, ROOT "/node/def", "'org.distro.Node1' [] ['Applications']");
        expect_no_signal(h);
}

static void test_node_and_manager(void **state)
{
        Harness *h = *state;

        h->engine.state.nodes[2].standby = true;
        h->engine.state.nodes[2].presence = PRESENCE_OFFLINE;
        h->engine.quorate = false;
        h->engine.n_members = 1;
        h->numbers[0].value = 5;
        bus_server_changed(h->server, NULL, "def");
        bus_server_changed(h->server, "", "");
        flush(h);
        expect_changed(h, ROOT,
                        "'org.distro.Manager1' [('Quorate' <no>) ('Members' <['abc']>) "
                        "('QuorumDetail' <[('ExpectedVotes' <5>) ('TwoNode' <no>)]>)] []");
        expect_changed(h, ROOT "/node/def",
                        "'org.distro.Node1' [('State' <'offline'>) ('Standby' <yes>)] []");
        expect_no_signal(h);
}

/* What is shown of an application follows from nodes and the group too: no word about it is needed then. */
static void test_application_follows(void **state)
{
        Harness *h = *state;

        double_set_reason(state_find_app(&h->engine.state, "idle"), "nobody may run it");
        h->engine.state.nodes[2].standby = true;
        bus_server_changed(h->server, NULL, "def");
        flush(h);
        expect_changed(h, ROOT "/node/def", "'org.distro.Node1' [('Standby' <yes>)] []");
        expect_changed(h, ROOT "/application/idle",
                        "'org.distro.Application1' [('Reason' <'nobody may run it'>)] []");
        expect_no_signal(h);

        double_set_reason(state_find_app(&h->engine.state, "idle"), "no quorum");
        h->engine.quorate = false;
        bus_server_changed(h->server, NULL, NULL);
        flush(h);
        expect_changed(h, ROOT, "'org.distro.Manager1' [('Quorate' <no>)] []");
        expect_changed(h, ROOT "/application/idle",
                        "'org.distro.Application1' [('Reason' <'no quorum'>)] []");
        expect_no_signal(h);
}

/* Every object says so when what this node knows has become old. */
static void test_stale(void **state)
{
        Harness *h = *state;

        h->engine.stale_since_usec = 1700000000000000;
        bus_server_changed(h->server, NULL, NULL);
        flush(h);
        expect_changed(h, ROOT,
                        "'org.distro.Manager1' [('Stale' <yes>) ('StaleSinceTimestamp' <1700000000000000>)] []");
        FOREACH_ARRAY(n, h->engine.state.nodes, h->engine.state.n_nodes) {
                _cleanup_free_ char *path = node_path(n->name);
                char expected[200];

                /* Of the others it knows no more what runs there. */
                snprintf(expected, sizeof(expected),
                                "'org.distro.Node1' [('Stale' <yes>) ('StaleSinceTimestamp' <1700000000000000>)] [%s]",
                                n->id == 2 ? "" : "'Applications'");
                expect_changed(h, path, expected);
        }
        FOREACH_ARRAY(a, h->engine.state.apps, h->engine.state.n_apps) {
                _cleanup_free_ char *path = application_path(a->name);
                const Copy *c = app_present_copy(a);
                bool here = c && c->node_id == 2;
                char expected[200];

                snprintf(expected, sizeof(expected),
                                "'org.distro.Application1' [%s%s('Stale' <yes>) ('StaleSinceTimestamp' <1700000000000000>)] []",
                                here ? "" : "('State' <'unknown'>) ", c && !here ? "('Node' <''>) " : "");
                expect_changed(h, path, expected);
        }
        expect_no_signal(h);
}

/* The path, and the names of the interfaces in the order sent. */
static void read_object_signal(sd_bus_message *m, char *ret, size_t size_bytes)
{
        const char *path, *interface;
        bool added = sd_bus_message_is_signal(m, NULL, "InterfacesAdded") > 0;
        size_t n;

        assert_string_equal(sd_bus_message_get_path(m), ROOT);
        assert_true(sd_bus_message_read(m, "o", &path) > 0);
        n = (size_t) snprintf(ret, size_bytes, "%s%s", added ? "+" : "-", path);
        assert_true(sd_bus_message_enter_container(m, 'a', added ? "{sa{sv}}" : "s") > 0);
        for (;;) {
                if (added && sd_bus_message_enter_container(m, 'e', "sa{sv}") <= 0)
                        break;
                if (sd_bus_message_read(m, "s", &interface) <= 0)
                        break;
                n += (size_t) snprintf(ret + n, size_bytes - n, " %s", interface);
                if (added) {
                        assert_true(sd_bus_message_skip(m, "a{sv}") > 0);
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                }
        }
        sd_bus_message_unref(m);
}

static void expect_object(Harness *h, const char *member, const char *expected)
{
        sd_bus_message *m = harness_next_signal(h, member);
        char text[1024];

        if (!m)
                fail_msg("no %s", member);
        read_object_signal(m, text, sizeof(text));
        assert_string_equal(text, expected);
}

#define STANDARD \
        " org.freedesktop.DBus.Peer org.freedesktop.DBus.Introspectable org.freedesktop.DBus.Properties"

static void test_objects_come_and_go(void **state)
{
        Harness *h = *state;
        Node *nodes;

        /* Before, between and behind those that are there; told by name, and found without a word. */
        (void) double_add_app(&h->engine, "a-first", "");
        (void) double_add_app(&h->engine, "zz", "");
        double_remove_app(&h->engine, "idle");
        bus_server_changed(h->server, "a-first", NULL);
        flush(h);
        expect_object(h, "InterfacesAdded",
                        "+" ROOT "/application/a_2dfirst" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesAdded", "+" ROOT "/application/zz" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/idle" STANDARD " org.distro.Application1");
        expect_no_signal(h);

        /* One gone and one new: their number is the same, and either's name is enough. */
        double_remove_app(&h->engine, "distro");
        (void) double_add_app(&h->engine, "other", "");
        bus_server_changed(h->server, "distro", NULL);
        flush(h);
        expect_object(h, "InterfacesAdded",
                        "+" ROOT "/application/other" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/distro" STANDARD " org.distro.Application1");
        expect_changed(h, ROOT "/node/abc", "'org.distro.Node1' [] ['Applications']");
        expect_no_signal(h);

        double_remove_app(&h->engine, "other");
        (void) double_add_app(&h->engine, "distro2", "");
        bus_server_changed(h->server, "distro2", NULL);
        flush(h);
        expect_object(h, "InterfacesAdded",
                        "+" ROOT "/application/distro2" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/other" STANDARD " org.distro.Application1");
        expect_no_signal(h);

        nodes = realloc(h->engine.state.nodes, 4 * sizeof(Node));
        assert_non_null(nodes);
        nodes[3] = (Node){ .id = 4, .name = strdup("bbb") };
        h->engine.state.nodes = nodes;
        h->engine.state.n_nodes = h->engine.state.n_nodes_allocated = 4;
        flush(h);
        expect_object(h, "InterfacesAdded", "+" ROOT "/node/bbb" STANDARD " org.distro.Node1");
        expect_no_signal(h);
        free(nodes[3].name);
        h->engine.state.n_nodes = 3;
        flush(h);
        expect_object(h, "InterfacesRemoved", "-" ROOT "/node/bbb" STANDARD " org.distro.Node1");
        expect_no_signal(h);

        while (h->engine.state.n_apps > 0)
                double_remove_app(&h->engine, h->engine.state.apps[0].name);
        bus_server_changed_all(h->server);
        flush(h);
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/a_2dfirst" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/distro2" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/local" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved",
                        "-" ROOT "/application/moving" STANDARD " org.distro.Application1");
        expect_object(h, "InterfacesRemoved", "-" ROOT "/application/zz" STANDARD " org.distro.Application1");
        harness_forget_signals(h);
}

/* ---- order ---- */

typedef struct Answered {
        Harness *h;
        bool answered;
        size_t n_signals; /* that had come before the answer */
} Answered;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Answered *a = userdata;

        assert_false(sd_bus_message_is_method_error(m, NULL));
        a->answered = true;
        a->n_signals = a->h->n_signals;
        return 0;
}

/* Who has an answer has been told what changed by it. */
static void test_answer_comes_last(void **state)
{
        Harness *h = *state;
        App *a = state_find_app(&h->engine.state, "distro");
        Answered answered = { .h = h };

        h->owner.hold = true;
        assert_true(sd_bus_call_method_async(h->client, NULL, BUS_NAME, DISTRO, BUS_INTERFACE_APPLICATION,
                                    "Stop", on_answer, &answered, "") >= 0);
        while (h->owner.n_submitted == 0)
                harness_turn(h);
        /* As in a step: note, answer and change in whatever order, then the flush. */
        bus_server_note(h->server, &(Effect){ .note = NOTE_APP_STOPPED,
                                                   .app = (char *) "distro",
                                                   .node = (char *) "abc" });
        bus_server_reply(h->server, h->owner.token, COMMAND_OK, NULL);
        a->target_up = false;
        bus_server_changed(h->server, "distro", NULL);
        assert_int_equal(bus_server_flush(h->server), 0);
        while (!answered.answered)
                harness_turn(h);
        assert_int_equal(answered.n_signals, 2);
        expect_changed(h, DISTRO, "'org.distro.Application1' [('Target' <'stopped'>)] []");
        expect_signal(h, "ApplicationStopped", "'distro' 'abc' ''");
}

/* A thousand applications that all change at once, and come and go. */
static void test_many(void **state)
{
        Harness *h = *state;
        char name[32];

        sd_bus_close_unref(h->client); /* its signals are not what is looked at */
        h->client = harness_connect(h);
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "app-%u", i);
                double_set_copy(double_add_app(&h->engine, name, "One of many"), i % 3 + 1, 60000000 + i,
                                COPY_RUNNING);
        }
        flush(h);
        FOREACH_ARRAY(a, h->engine.state.apps, h->engine.state.n_apps) {
                a->maintenance = true;
                bus_server_changed(h->server, a->name, NULL);
        }
        flush(h);
        sd_bus_message_unref(harness_get(
                        h, ROOT "/application/app_2d999", BUS_INTERFACE_APPLICATION, "Maintenance", "b"));
        while (h->engine.state.n_apps > 4)
                double_remove_app(&h->engine, h->engine.state.apps[0].name);
        flush(h);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_signals),
                TEST(test_only_what_changed),
                TEST(test_every_property),
                TEST(test_parts),
                TEST(test_move),
                TEST(test_node_and_manager),
                TEST(test_application_follows),
                TEST(test_stale),
                TEST(test_objects_come_and_go),
                TEST(test_answer_comes_last),
                TEST(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
