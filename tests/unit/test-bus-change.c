/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that can be changed: what reaches the owner, what is refused, and how much of it at once. */

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-harness.h"

static void expect_error_on(
                Harness *h, sd_bus_message *reply, sd_bus_error *error, const char *name, const char *part)
{
        if (reply)
                fail_msg("answered, not refused with %s", name);
        if (!streq(error->name, name) || !strstr(error->message, part))
                fail_msg("%s: %s", error->name, error->message);
        sd_bus_error_free(error);
}

static void expect_command(Harness *h, sd_bus_message *reply, CommandKind kind, const char *app,
                const char *node, bool flag, bool force)
{
        char text[64];

        assert_non_null(reply);
        message_format(reply, text, sizeof(text));
        sd_bus_message_unref(reply);
        assert_string_equal(text, "");
        assert_int_equal(h->owner.n_submitted, 1);
        assert_int_equal(h->owner.command.kind, kind);
        assert_string_equal(h->owner.command.app, app);
        assert_string_equal(h->owner.command.node, node);
        assert_int_equal(h->owner.command.flag, flag);
        assert_int_equal(h->owner.command.force, force);
        h->owner.n_submitted = 0;
}

static void test_commands(void **state)
{
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;

        expect_command(h, ON_ROOT("StartApplication", &e, "s", "idle"), COMMAND_START, "idle", "", false,
                        false);
        expect_command(h, ON_ROOT("StopApplication", &e, "s", "idle"), COMMAND_STOP, "idle", "", false,
                        false);
        expect_command(h, ON_ROOT("RestartApplication", &e, "s", "idle"), COMMAND_RESTART, "idle", "", false,
                        false);
        expect_command(h, ON_ROOT("TakeoverApplication", &e, "ssb", "idle", "abc", 0), COMMAND_TAKEOVER,
                        "idle", "abc", false, false);
        expect_command(h, ON_ROOT("TakeoverApplication", &e, "ssb", "idle", "", 1), COMMAND_TAKEOVER, "idle",
                        "", false, true);
        expect_command(h, ON_ROOT("Permit", &e, "ssb", "idle", "def", 1), COMMAND_PERMIT, "idle", "def", true,
                        false);
        expect_command(h, ON_ROOT("Permit", &e, "ssb", "idle", "def", 0), COMMAND_PERMIT, "idle", "def",
                        false, false);
        expect_command(h, ON_ROOT("SetStandby", &e, "sb", "abc", 1), COMMAND_STANDBY, "", "abc", true, false);
        expect_command(h, ON_ROOT("SetMaintenance", &e, "sb", "idle", 1), COMMAND_MAINTENANCE, "idle", "",
                        true, false);
        expect_command(h, ON_ROOT("SetMaintenance", &e, "sb", "", 0), COMMAND_MAINTENANCE, "", "", false,
                        false);
        expect_command(h, ON_ROOT("ClearFailures", &e, "ss", "idle", "abc"), COMMAND_CLEAR, "idle", "abc",
                        false, false);
        expect_command(h, ON_ROOT("ClearFailures", &e, "ss", "", ""), COMMAND_CLEAR, "", "", false, false);
        expect_command(h, ON_ROOT("Reload", &e, "b", 1), COMMAND_RELOAD, "", "", false, false);
        expect_command(h, ON_ROOT("Form", &e, ""), COMMAND_FORM, "", "", false, false);
        expect_command(h, ON_ROOT("ForgetNode", &e, "s", "abc"), COMMAND_FORGET, "", "abc", false, false);
        /* A name that only the group may know is the group's to judge. */
        expect_command(h, ON_ROOT("StartApplication", &e, "s", "none"), COMMAND_START, "none", "", false,
                        false);

        expect_command(h, ON_APP("Start", &e, ""), COMMAND_START, "distro", "", false, false);
        expect_command(h, ON_APP("Stop", &e, ""), COMMAND_STOP, "distro", "", false, false);
        expect_command(h, ON_APP("Restart", &e, ""), COMMAND_RESTART, "distro", "", false, false);
        expect_command(h, ON_APP("Takeover", &e, "sb", "def", 1), COMMAND_TAKEOVER, "distro", "def", false,
                        true);
        expect_command(h, ON_APP("Permit", &e, "sb", "def", 0), COMMAND_PERMIT, "distro", "def", false,
                        false);
        expect_command(h, ON_APP("ClearFailures", &e, "s", ""), COMMAND_CLEAR, "distro", "", false, false);
        assert_int_equal(h->owner.n_reloads + h->owner.n_stops, 0);
}

static void test_local_changes(void **state)
{
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message *m;

        m = ON_ROOT("Reload", &e, "b", 0);
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->owner.n_reloads, 1);

        m = ON_ROOT("StopLocal", &e, "s", "local");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->owner.n_stops, 1);
        assert_string_equal(h->owner.command.app, "local");
        assert_int_equal(h->owner.n_submitted, 0);

        h->owner.answer = COMMAND_NOT_RUNNING;
        expect_error_on(h, ON_ROOT("StopLocal", &e, "s", "idle"), &e, BUS_ERROR_PREFIX "NotRunning",
                        "does not run");
}

static void test_wrong_arguments(void **state)
{
        static const struct {
                const char *member, *types, *a, *b, *error;
        } cases[] = {
                { "StartApplication", "s", "", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "StartApplication", "s", "Big", NULL, BUS_ERROR_PREFIX "NoSuchApplication" },
                { "StopApplication", "s", "", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "RestartApplication", "s", "a.b", NULL, BUS_ERROR_PREFIX "NoSuchApplication" },
                { "StopLocal", "s", "", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "StopLocal", "s", "../x", NULL, BUS_ERROR_PREFIX "NoSuchApplication" },
                { "ClearFailures", "ss", "a b", "", BUS_ERROR_PREFIX "NoSuchApplication" },
                { "StartApplication", "", NULL, NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "StartApplication", "ss", "idle", "x", SD_BUS_ERROR_INVALID_ARGS },
                { "Reload", "s", "yes", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "Form", "s", "now", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "NoSuchMethod", "", NULL, NULL, SD_BUS_ERROR_UNKNOWN_METHOD },
        };
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        char longest[NODE_NAME_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_error_on(h, ON_ROOT(cases[i].member, &e, cases[i].types, cases[i].a, cases[i].b), &e,
                                cases[i].error, "");
        memset(longest, 'n', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        expect_error_on(h, ON_ROOT("SetStandby", &e, "sb", "", 1), &e, SD_BUS_ERROR_INVALID_ARGS,
                        "was expected");
        expect_error_on(h, ON_ROOT("SetStandby", &e, "sb", longest, 1), &e, BUS_ERROR_PREFIX "NoSuchNode",
                        "256");
        expect_error_on(h, ON_ROOT("Permit", &e, "ssb", "idle", "", 1), &e, SD_BUS_ERROR_INVALID_ARGS,
                        "was expected");
        expect_error_on(h, ON_ROOT("TakeoverApplication", &e, "ssb", "", "abc", 1), &e,
                        SD_BUS_ERROR_INVALID_ARGS, "was expected");
        expect_error_on(h, ON_APP("Permit", &e, "sb", "", 1), &e, SD_BUS_ERROR_INVALID_ARGS, "was expected");
        assert_int_equal(h->owner.n_submitted + h->owner.n_stops + h->owner.n_reloads, 0);
}

/* Each of the engine's answers has its name, and its text if it brings one. */
static void test_answers(void **state)
{
        static const struct {
                CommandError error;
                const char *name;
        } cases[] = {
                { COMMAND_NO_SUCH_APPLICATION, "org.distro.Error.NoSuchApplication" },
                { COMMAND_NO_SUCH_NODE, "org.distro.Error.NoSuchNode" },
                { COMMAND_NO_QUORUM, "org.distro.Error.NoQuorum" },
                { COMMAND_NOT_FORMED, "org.distro.Error.NotFormed" },
                { COMMAND_NOT_RUNNING, "org.distro.Error.NotRunning" },
                { COMMAND_NOT_ELIGIBLE, "org.distro.Error.NotEligible" },
                { COMMAND_NOT_ALLOWED, "org.distro.Error.NotAllowed" },
                { COMMAND_STILL_RUNNING, "org.distro.Error.StillRunning" },
                { COMMAND_IN_MAINTENANCE, "org.distro.Error.InMaintenance" },
                { COMMAND_NOT_COMMITTED, "org.distro.Error.NotCommitted" },
                { COMMAND_TOO_MANY, "org.distro.Error.TooMany" },
        };
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;

        assert_int_equal(ELEMENTSOF(cases) + 1, _COMMAND_ERROR_MAX);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                h->owner.answer = cases[i].error;
                h->owner.answer_text = "the engine's words";
                expect_error_on(h, ON_APP("Start", &e, ""), &e, cases[i].name, "the engine's words");
                h->owner.answer_text = i % 2 ? "" : NULL;
                expect_error_on(h, ON_APP("Start", &e, ""), &e, cases[i].name, ".");
        }
        h->owner.answer_text = "broken \xff text";
        expect_error_on(h, ON_APP("Start", &e, ""), &e, "org.distro.Error.TooMany", "broken ? text");

        h->owner.result = -ENOBUFS;
        expect_error_on(h, ON_APP("Start", &e, ""), &e, "org.distro.Error.TooMany", "");
        h->owner.result = -EINVAL;
        expect_error_on(h, ON_APP("Start", &e, ""), &e, SD_BUS_ERROR_INVALID_ARGS, "");
}

/* ---- answers that come later, and how many may wait ---- */

static void test_answer_later(void **state)
{
        Harness *h = *state;
        Tally tally = { 0 };

        h->owner.hold = true;
        harness_ask(h->client, &tally);
        while (h->owner.n_submitted == 0)
                harness_turn(h);
        harness_settle(h);
        assert_int_equal(tally.n, 0);
        bus_server_reply(h->server, h->owner.token + 1, COMMAND_NOT_ALLOWED, "nobody's"); /* is ignored */
        bus_server_reply(h->server, h->owner.token, COMMAND_OK, NULL);
        bus_server_reply(h->server, h->owner.token, COMMAND_NOT_ALLOWED, "again"); /* answered already */
        harness_settle(h);
        assert_int_equal(tally.n, 0); /* nothing leaves before the flush */
        assert_int_equal(bus_server_flush(h->server), 0);
        harness_settle(h);
        assert_int_equal(tally.n, 1);
        assert_int_equal(tally.n_ok, 1);
}

static void test_bound_of_a_sender(void **state)
{
        Harness *h = *state;
        Tally tally = { 0 };

        h->owner.hold = true;
        for (unsigned i = 0; i < BUS_CALLS_PER_SENDER_MAX + 8; i++)
                harness_ask(h->client, &tally);
        while (tally.n < 8 || h->owner.n_submitted < BUS_CALLS_PER_SENDER_MAX)
                harness_turn(h);
        harness_settle(h);
        assert_int_equal(tally.n_too_many, 8);
        assert_int_equal(h->owner.n_submitted, BUS_CALLS_PER_SENDER_MAX);
        /* One answer makes room for one. */
        bus_server_reply(h->server, h->owner.token, COMMAND_OK, NULL);
        assert_int_equal(bus_server_flush(h->server), 0);
        harness_ask(h->client, &tally);
        harness_ask(h->client, &tally);
        while (tally.n < 10)
                harness_turn(h);
        assert_int_equal(tally.n_ok, 1);
        assert_int_equal(tally.n_too_many, 9);
}

static void test_bound_of_all(void **state)
{
        sd_bus *clients[BUS_CALLS_MAX / BUS_CALLS_PER_SENDER_MAX + 1];
        Harness *h = *state;
        Tally tally = { 0 };

        h->owner.hold = true;
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = harness_connect(h);
                for (unsigned k = 0; k < BUS_CALLS_PER_SENDER_MAX; k++)
                        harness_ask(clients[i], &tally);
        }
        while (tally.n < BUS_CALLS_PER_SENDER_MAX || h->owner.n_submitted < BUS_CALLS_MAX)
                harness_turn(h);
        assert_int_equal(tally.n_too_many, BUS_CALLS_PER_SENDER_MAX);
        assert_int_equal(h->owner.n_submitted, BUS_CALLS_MAX);
        /* Reading is not bounded by it. */
        sd_bus_message_unref(harness_get(h, ROOT, MANAGER, "Quorate", "b"));
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                sd_bus_close_unref(clients[i]);
}

/* For a moment anybody can have many calls of which nobody knows yet whose they are. They keep nobody out. */
static void test_many_at_once(void **state)
{
        sd_bus *clients[2 * BUS_CALLS_MAX / BUS_CALLS_PER_SENDER_MAX];
        Harness *h = *state;
        Tally tally = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = harness_connect(h);
                for (unsigned k = 0; k < BUS_CALLS_PER_SENDER_MAX; k++)
                        harness_ask(clients[i], &tally);
                assert_true(sd_bus_flush(clients[i]) >= 0);
        }
        (void) usleep(200000); /* the bus has passed them on by then, or the test is easier */
        while (tally.n < 2 * BUS_CALLS_MAX)
                harness_turn(h);
        assert_int_equal(tally.n_ok, 2 * BUS_CALLS_MAX);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                sd_bus_close_unref(clients[i]);
}

/* ---- the connection's life ---- */

static void test_attach_again(void **state)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        Harness *h = *state;
        Tally tally = { 0 };
        sd_bus_message *m;
        uint64_t token;

        h->owner.hold = true;
        harness_ask(h->client, &tally);
        while (h->owner.n_submitted == 0)
                harness_turn(h);
        token = h->owner.token;
        bus_server_detach(h->server);
        bus_server_reply(h->server, token, COMMAND_OK, NULL); /* its client cannot be reached any more */
        bus_server_changed(h->server, "distro", NULL);
        assert_int_equal(bus_server_flush(h->server), 0);

        sd_bus_close_unref(h->service);
        h->service = harness_connect(h);
        h->owner.name_known = false;
        assert_int_equal(bus_server_attach(h->server, h->service), 0);
        while (!h->owner.name_known)
                harness_turn(h);
        assert_int_equal(h->owner.name_error, 0);
        h->owner.hold = false;
        m = ON_APP("Start", &e, "");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_true(h->owner.token > token);
        assert_int_equal(tally.n_ok, 0);
}

static void test_name_taken(void **state)
{
        Harness *h = *state;
        sd_bus *other = harness_connect(h);

        bus_server_detach(h->server);
        sd_bus_close_unref(h->service);
        h->service = NULL;
        while (sd_bus_request_name(other, BUS_NAME, 0) < 0)
                harness_turn(h);
        h->service = harness_connect(h);
        h->owner.name_known = false;
        assert_int_equal(bus_server_attach(h->server, h->service), 0);
        while (!h->owner.name_known)
                harness_turn(h);
        assert_int_equal(h->owner.name_error, -EEXIST);
        sd_bus_close_unref(other);
}

/* ---- clients without a bus in between ---- */

static sd_bus *peer_connect(Harness *h, int *ret_error)
{
        sd_bus *bus = NULL, *server = NULL;
        sd_id128_t id;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_id128_randomize(&id) >= 0);
        assert_true(sd_bus_new(&server) >= 0 && sd_bus_set_fd(server, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_set_server(server, 1, id) >= 0 && sd_bus_start(server) >= 0);
        assert_true(sd_bus_attach_event(server, h->loop, 0) >= 0);
        *ret_error = bus_server_add_peer(h->server, server);
        sd_bus_unref(server);
        assert_true(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[1], fds[1]) >= 0);
        if (*ret_error >= 0)
                assert_true(sd_bus_start(bus) >= 0 && sd_bus_attach_event(bus, h->loop, 0) >= 0);
        return bus;
}

static int on_count(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (*(unsigned *) userdata)++;
        return 0;
}

static void listen_to(sd_bus *bus, const char *member, unsigned *count)
{
        assert_true(sd_bus_match_signal(bus, NULL, NULL, NULL, NULL, member, on_count, count) >= 0);
}

/* It may do what root may, is told what changes and what it asked for and nobody else's answers, also without a bus. */
static void test_peers(void **state)
{
        unsigned n_changed = 0, n_left = 0, n_other = 0, n_gone = 0;
        char abc[] = "abc";
        Harness *h = *state;
        Tally mine = { 0 }, others = { 0 };
        int error;
        sd_bus *a = peer_connect(h, &error), *b;

        assert_int_equal(error, 0);
        b = peer_connect(h, &error);
        assert_int_equal(error, 0);
        listen_to(a, "PropertiesChanged", &n_changed);
        listen_to(a, "NodeLeft", &n_left);
        listen_to(b, "NodeLeft", &n_other);

        h->owner.hold = true;
        harness_ask(a, &mine);
        harness_ask(b, &others);
        while (h->owner.n_submitted < 2)
                harness_turn(h);
        uint64_t token = h->owner.token;
        bus_server_detach(h->server); /* the bus is gone, and its calls */
        bus_server_reply(h->server, token, COMMAND_OK, NULL);
        bus_server_note(h->server, &(Effect){ .type = EFFECT_NOTE, .note = NOTE_NODE_LEFT, .node = abc });
        h->engine.quorate = false;
        bus_server_changed(h->server, NULL, NULL);
        assert_int_equal(bus_server_flush(h->server), 0);
        while (mine.n + others.n == 0 || n_changed == 0 || n_left + n_other < 2)
                harness_turn(h);
        assert_int_equal(mine.n + others.n, 1); /* one of them was asked last */
        assert_int_equal(mine.n_ok + others.n_ok, 1);
        assert_int_equal(n_left, 1);

        /* One that goes leaves the other, and what it asked for has nobody to be told. */
        sd_bus_close_unref(a);
        h->owner.n_submitted = 0;
        harness_ask(b, &others);
        while (h->owner.n_submitted < 1)
                harness_turn(h);
        bus_server_reply(h->server, token ^ (UINT64_C(3) << 32), COMMAND_OK, NULL);
        bus_server_reply(h->server, h->owner.token, COMMAND_OK, NULL);
        assert_int_equal(bus_server_flush(h->server), 0);
        while (others.n_ok < 1)
                harness_turn(h);

        /* One that takes nothing is ended, and so are all with the server. */
        listen_to(b, "Disconnected", &n_gone);
        assert_true(sd_bus_detach_event(b) >= 0);
        for (unsigned i = 0; i < 150000; i++) { /* more than the socket takes */
                bus_server_note(h->server,
                                &(Effect){ .type = EFFECT_NOTE, .note = NOTE_NODE_LEFT, .node = abc });
                if (i % 100 == 0)
                        assert_int_equal(bus_server_flush(h->server), 0);
        }
        bus_server_check_peers(h->server);
        assert_true(sd_bus_attach_event(b, h->loop, 0) >= 0);
        while (n_gone == 0)
                harness_turn(h);
        sd_bus_unref(b);
}

static size_t heap_bytes(void)
{
        struct mallinfo2 i = mallinfo2();

        return i.uordblks + i.hblkhd;
}

/* Asks for all objects on a connection that takes no answers until the service has read it. */
static void ask_for_all(Harness *h, sd_bus *bus)
{
        for (unsigned i = 0; i < 60; i++) {
                sd_bus_message *m = NULL;
                uint64_t cookie;

                assert_true(sd_bus_message_new_method_call(bus, &m, NULL, ROOT,
                                            "org.freedesktop.DBus.ObjectManager", "GetManagedObjects") >= 0);
                (void) sd_bus_send(bus, m,
                                &cookie); /* it may have been ended; without a cookie no answer is wanted */
                sd_bus_message_unref(m);
        }
        (void) sd_bus_flush(bus);
        while (sd_event_run(h->loop, 0) > 0)
                ;
}

static int on_objects(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        *(int *) userdata = sd_bus_message_is_method_error(m, NULL) ? -1 : 1;
        return 0;
}

/* What waits for all of them together is bounded; who takes answers gets them all the same, and when they have gone nothing
 * is kept. */
static void test_peers_that_take_nothing(void **state)
{
        sd_bus *hoarders[40], *fair;
        Harness *h = *state;
        size_t before, most = 0;
        int error, answered = 0;
        char app[16];

        for (unsigned i = 0; i < 96; i++) {
                snprintf(app, sizeof(app), "more-%u", i);
                double_add_app(&h->engine, app, "");
        }
        for (size_t i = 0; i < ELEMENTSOF(hoarders); i++) {
                hoarders[i] = peer_connect(h, &error);
                assert_int_equal(error, 0);
        }
        fair = peer_connect(h, &error);
        assert_int_equal(error, 0);
        for (size_t i = 0; i < ELEMENTSOF(hoarders); i++) {
                while (sd_bus_is_ready(hoarders[i]) == 0)
                        harness_turn(h);
                assert_true(sd_bus_detach_event(hoarders[i]) >= 0);
        }
        before = heap_bytes();
        for (size_t i = 0; i < ELEMENTSOF(hoarders); i++) {
                ask_for_all(h, hoarders[i]);
                most = MAX(most, heap_bytes());
        }
        assert_true(most < before + 16 * 1024 * 1024);
        assert_true(sd_bus_call_method_async(fair, NULL, NULL, ROOT, "org.freedesktop.DBus.ObjectManager",
                                    "GetManagedObjects", on_objects, &answered, "") >= 0);
        while (answered == 0)
                harness_turn(h);
        assert_int_equal(answered, 1);
        for (size_t i = 0; i < ELEMENTSOF(hoarders); i++)
                sd_bus_close_unref(hoarders[i]);
        while (sd_event_run(h->loop, 0) > 0)
                ;
        bus_server_check_peers(h->server);
        assert_true(h->owner.n_freed > 0);
        assert_true(heap_bytes() < before + 1024 * 1024);
        for (unsigned i = 0; i < BUS_PEERS_MAX - 1; i++) { /* their places are free */
                sd_bus_close_unref(peer_connect(h, &error));
                assert_int_equal(error, 0);
                bus_server_check_peers(h->server);
        }
        sd_bus_close_unref(fair);
}

static void test_bound_of_peers(void **state)
{
        sd_bus *peers[BUS_PEERS_MAX + 1];
        Harness *h = *state;
        int error;

        for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
                peers[i] = peer_connect(h, &error);
                assert_int_equal(error, i < BUS_PEERS_MAX ? 0 : -ENOBUFS);
        }
        for (size_t i = 0; i < ELEMENTSOF(peers); i++)
                sd_bus_close_unref(peers[i]);
        for (unsigned i = 0; i < 4 * BUS_PEERS_MAX && sd_event_run(h->loop, 10000) > 0; i++)
                ;
        peers[0] = peer_connect(h, &error);
        assert_int_equal(error, 0);
        sd_bus_close_unref(peers[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_commands),
                TEST(test_local_changes),
                TEST(test_wrong_arguments),
                TEST(test_answers),
                TEST(test_answer_later),
                TEST(test_bound_of_a_sender),
                TEST(test_bound_of_all),
                TEST(test_many_at_once),
                TEST(test_peers),
                TEST(test_bound_of_peers),
                TEST(test_peers_that_take_nothing),
                TEST(test_attach_again),
                TEST(test_name_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
