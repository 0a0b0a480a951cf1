/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that can be changed: what reaches the owner, what is refused, who may, and how much of it at once. */

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-harness.h"

#define DISTRO ROOT "/application/distro"

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
        assert_int_equal(h->n_submitted, 1);
        assert_int_equal(h->command.kind, kind);
        assert_string_equal(h->command.app, app);
        assert_string_equal(h->command.node, node);
        assert_int_equal(h->command.flag, flag);
        assert_int_equal(h->command.force, force);
        h->n_submitted = 0;
}

static void test_commands(void **state)
{
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;

#define ON_ROOT(...) harness_call(h, ROOT, MANAGER, __VA_ARGS__)
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

#define ON_APP(...) harness_call(h, DISTRO, BUS_INTERFACE_APPLICATION, __VA_ARGS__)
        expect_command(h, ON_APP("Start", &e, ""), COMMAND_START, "distro", "", false, false);
        expect_command(h, ON_APP("Stop", &e, ""), COMMAND_STOP, "distro", "", false, false);
        expect_command(h, ON_APP("Restart", &e, ""), COMMAND_RESTART, "distro", "", false, false);
        expect_command(h, ON_APP("Takeover", &e, "sb", "def", 1), COMMAND_TAKEOVER, "distro", "def", false,
                        true);
        expect_command(h, ON_APP("Permit", &e, "sb", "def", 0), COMMAND_PERMIT, "distro", "def", false,
                        false);
        expect_command(h, ON_APP("ClearFailures", &e, "s", ""), COMMAND_CLEAR, "distro", "", false, false);
        assert_int_equal(h->n_reloads + h->n_stops, 0);
}

static void test_local_changes(void **state)
{
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message *m;

        m = ON_ROOT("Reload", &e, "b", 0);
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->n_reloads, 1);

        m = ON_ROOT("StopLocal", &e, "s", "local");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->n_stops, 1);
        assert_string_equal(h->command.app, "local");
        assert_int_equal(h->n_submitted, 0);

        h->answer = COMMAND_NOT_RUNNING;
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
        assert_int_equal(h->n_submitted + h->n_stops + h->n_reloads, 0);
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
                h->answer = cases[i].error;
                h->answer_text = "the engine's words";
                expect_error_on(h, ON_APP("Start", &e, ""), &e, cases[i].name, "the engine's words");
                h->answer_text = i % 2 ? "" : NULL;
                expect_error_on(h, ON_APP("Start", &e, ""), &e, cases[i].name, ".");
        }
        h->answer_text = "broken \xff text";
        expect_error_on(h, ON_APP("Start", &e, ""), &e, "org.distro.Error.TooMany", "broken ? text");

        h->result = -ENOBUFS;
        expect_error_on(h, ON_APP("Start", &e, ""), &e, "org.distro.Error.TooMany", "");
        h->result = -EINVAL;
        expect_error_on(h, ON_APP("Start", &e, ""), &e, SD_BUS_ERROR_INVALID_ARGS, "");
}

/* ---- answers that come later, and how many may wait ---- */

typedef struct Tally {
        unsigned n, n_ok, n_too_many;
} Tally;

static int on_tally(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Tally *t = userdata;

        t->n++;
        t->n_ok += !sd_bus_message_is_method_error(m, NULL);
        t->n_too_many += sd_bus_message_is_method_error(m, BUS_ERROR_PREFIX "TooMany") > 0;
        return 0;
}

static void ask(sd_bus *bus, Tally *tally)
{
        int r = sd_bus_call_method_async(
                        bus, NULL, BUS_NAME, DISTRO, BUS_INTERFACE_APPLICATION, "Start", on_tally, tally, "");

        assert_true(r >= 0);
}

static void test_answer_later(void **state)
{
        Harness *h = *state;
        Tally tally = { 0 };

        h->hold = true;
        ask(h->client, &tally);
        while (h->n_submitted == 0)
                harness_turn(h);
        harness_settle(h);
        assert_int_equal(tally.n, 0);
        bus_server_reply(h->server, h->token + 1, COMMAND_NOT_ALLOWED, "nobody's"); /* is ignored */
        bus_server_reply(h->server, h->token, COMMAND_OK, NULL);
        bus_server_reply(h->server, h->token, COMMAND_NOT_ALLOWED, "again"); /* answered already */
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

        h->hold = true;
        for (unsigned i = 0; i < BUS_CALLS_PER_SENDER_MAX + 8; i++)
                ask(h->client, &tally);
        while (tally.n < 8 || h->n_submitted < BUS_CALLS_PER_SENDER_MAX)
                harness_turn(h);
        harness_settle(h);
        assert_int_equal(tally.n_too_many, 8);
        assert_int_equal(h->n_submitted, BUS_CALLS_PER_SENDER_MAX);
        /* One answer makes room for one. */
        bus_server_reply(h->server, h->token, COMMAND_OK, NULL);
        assert_int_equal(bus_server_flush(h->server), 0);
        ask(h->client, &tally);
        ask(h->client, &tally);
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

        h->hold = true;
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = harness_connect(h);
                for (unsigned k = 0; k < BUS_CALLS_PER_SENDER_MAX; k++)
                        ask(clients[i], &tally);
        }
        while (tally.n < BUS_CALLS_PER_SENDER_MAX || h->n_submitted < BUS_CALLS_MAX)
                harness_turn(h);
        assert_int_equal(tally.n_too_many, BUS_CALLS_PER_SENDER_MAX);
        assert_int_equal(h->n_submitted, BUS_CALLS_MAX);
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
                        ask(clients[i], &tally);
                assert_true(sd_bus_flush(clients[i]) >= 0);
        }
        (void) usleep(200000); /* the bus has passed them on by then, or the test is easier */
        while (tally.n < 2 * BUS_CALLS_MAX)
                harness_turn(h);
        assert_int_equal(tally.n_ok, 2 * BUS_CALLS_MAX);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                sd_bus_close_unref(clients[i]);
}

/* ---- who may ---- */

static sd_bus *child_connect(const char *address)
{
        sd_bus *bus = NULL;

        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
                        sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
                _exit(1);
        return bus;
}

static void child_call(
                const char *address, const char *member, bool interactive, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = child_connect(address);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        bool on_app = streq(member, "Takeover");
        int r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, on_app ? DISTRO : ROOT,
                        on_app ? BUS_INTERFACE_APPLICATION : MANAGER, member);

        if (r < 0)
                _exit(1);
        if (streq(member, "ForgetNode"))
                r = sd_bus_message_append(m, "s", "abc");
        else if (streq(member, "SetStandby"))
                r = sd_bus_message_append(m, "sb", "abc", 1);
        else if (streq(member, "Permit"))
                r = sd_bus_message_append(m, "ssb", "idle", "abc", 1);
        else if (streq(member, "SetMaintenance"))
                r = sd_bus_message_append(m, "sb", "", 1);
        else if (streq(member, "ClearFailures"))
                r = sd_bus_message_append(m, "ss", "", "");
        else if (streq(member, "TakeoverApplication"))
                r = sd_bus_message_append(m, "ssb", "idle", "", 0);
        else if (streq(member, "Takeover"))
                r = sd_bus_message_append(m, "sb", "abc", 1);
        else if (streq(member, "Reload"))
                r = sd_bus_message_append(m, "b", 0);
        else if (!streq(member, "Form"))
                r = sd_bus_message_append(m, "s", "idle");
        if (r < 0 || sd_bus_message_set_allow_interactive_authorization(m, interactive) < 0)
                _exit(1);
        r = sd_bus_call(bus, m, 0, &error, NULL);
        snprintf(report, size_bytes, "%s %s", r < 0 ? error.name : "ok", r < 0 ? error.message : "");
}

static void child_start(const char *address, char *report, size_t size_bytes)
{
        child_call(address, "StartApplication", false, report, size_bytes);
}

static void child_start_interactive(const char *address, char *report, size_t size_bytes)
{
        child_call(address, "StartApplication", true, report, size_bytes);
}

static void test_without_polkit(void **state)
{
        Harness *h = *state;
        char report[1024];

        harness_as_nobody(h, child_start, report, sizeof(report));
        assert_non_null(strstr(report, SD_BUS_ERROR_ACCESS_DENIED));
        assert_non_null(strstr(report, "Only root"));
        assert_int_equal(h->n_submitted, 0);
}

static void test_polkit(void **state)
{
        static const struct {
                PolkitAnswer answer;
                const char *error, *text;
        } cases[] = {
                { POLKIT_YES, "ok", "" },
                { POLKIT_NO, SD_BUS_ERROR_ACCESS_DENIED, "may not" },
                { POLKIT_CHALLENGE, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, "manage-applications" },
                { POLKIT_BROKEN, SD_BUS_ERROR_ACCESS_DENIED, "the rules are broken" },
        };
        Harness *h = *state;
        char report[1024];

        harness_polkit_start(h);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                h->polkit_answer = cases[i].answer;
                h->n_submitted = 0;
                harness_as_nobody(h, child_start, report, sizeof(report));
                if (strncmp(report, cases[i].error, strlen(cases[i].error)) != 0 ||
                                !strstr(report, cases[i].text))
                        fail_msg("case %zu: %s", i, report);
                assert_int_equal(h->n_polkit, i + 1);
                assert_int_equal(h->n_submitted, cases[i].answer == POLKIT_YES);
                assert_string_equal(h->polkit_action, "org.distro.Manager1.manage-applications");
                assert_int_equal(h->polkit_subject[0], ':');
                assert_int_equal(h->polkit_flags, 0);
        }
        h->polkit_answer = POLKIT_YES;
        harness_as_nobody(h, child_start_interactive, report, sizeof(report));
        assert_int_equal(h->polkit_flags, 1);
        /* Root is not asked about. */
        h->n_polkit = 0;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message_unref(ON_APP("Start", &e, ""));
        assert_int_equal(h->n_polkit, 0);
}

static void expect_asked(Harness *h, const char *first, const char *second)
{
        assert_int_equal(h->n_asked, second ? 2 : 1);
        assert_string_equal(h->asked[0], first);
        if (second)
                assert_string_equal(h->asked[1], second);
        h->n_asked = 0;
}

/* Who asked for what is told once before it is carried out, and once more where it is refused, whoever refuses. */
static void test_asked(void **state)
{
        Harness *h = *state;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        char text[128], comm[16] = "", report[1024];

        snprintf(text, sizeof(text), "1 %u TakeoverApplication 'idle' 'abc' - force done",
                        (unsigned) geteuid());
        sd_bus_message_unref(ON_ROOT("TakeoverApplication", &e, "ssb", "idle", "abc", 1));
        expect_asked(h, text, NULL);
        assert_int_equal(h->pid, getpid());
        assert_true(prctl(PR_GET_NAME, comm) >= 0);
        assert_string_equal(h->comm, comm);

        h->answer = COMMAND_NOT_COMMITTED;
        h->answer_text = "who knows";
        assert_null(ON_ROOT("SetStandby", &e, "sb", "a\nb", 1));
        sd_bus_error_free(&e);
        assert_int_equal(h->n_asked, 2);
        assert_non_null(strstr(h->asked[0], "SetStandby '' 'a\nb' yes done"));
        assert_non_null(strstr(h->asked[1], "SetStandby '' 'a\nb' yes unsure: who knows"));
        h->n_asked = 0;
        h->answer = COMMAND_OK;

        /* What is no change is not told of. */
        assert_null(ON_ROOT("SetStandby", &e, "sb", "", 1));
        sd_bus_error_free(&e);
        sd_bus_message_unref(harness_get(h, ROOT, MANAGER, "Quorate", "b"));
        assert_int_equal(h->n_asked, 0);

        /* A name that cannot be shown, and one that would end the quotes around it. */
        assert_true(prctl(PR_SET_NAME, "a\"\tb\xff") >= 0);
        sd_bus_message_unref(ON_ROOT("Reload", &e, "b", 0));
        assert_true(prctl(PR_SET_NAME, comm) >= 0);
        assert_string_equal(h->comm, "a??b?");
        snprintf(text, sizeof(text), "1 %u Reload '' '' no done", (unsigned) geteuid());
        expect_asked(h, text, NULL);

        harness_as_nobody(h, child_start, report, sizeof(report));
        expect_asked(h,
                        "1 65534 StartApplication 'idle' '' - Only root may do this: polkit, which could allow it "
                        "to others (org.distro.Manager1.manage-applications), is not installed or not running on "
                        "this node.",
                        NULL);
        harness_polkit_start(h);
        h->polkit_answer = POLKIT_NO;
        harness_as_nobody(h, child_start, report, sizeof(report));
        expect_asked(h,
                        "1 65534 StartApplication 'idle' '' - You may not do this "
                        "(org.distro.Manager1.manage-applications).",
                        NULL);
        h->polkit_answer = POLKIT_YES;
        h->answer = COMMAND_NO_QUORUM;
        h->answer_text = "no quorum";
        harness_as_nobody(h, child_start, report, sizeof(report));
        expect_asked(h, "1 65534 StartApplication 'idle' '' - done",
                        "1 65534 StartApplication 'idle' '' - no quorum");
}

#define CHILD(member)                                                                    \
        static void child_##member(const char *address, char *report, size_t size_bytes) \
        {                                                                                \
                child_call(address, #member, false, report, size_bytes);                 \
        }
CHILD(StopApplication)
CHILD(RestartApplication)
CHILD(TakeoverApplication)
CHILD(Takeover)
CHILD(ClearFailures)
CHILD(Permit)
CHILD(SetStandby)
CHILD(SetMaintenance)
CHILD(Reload)
CHILD(Form)
CHILD(ForgetNode)
CHILD(StopLocal)

static char *policy_file(void)
{
        const char *top = getenv("top_srcdir");
        char path[512], *text = calloc(1, 16384);
        FILE *f;

        assert_non_null(text);
        snprintf(path, sizeof(path), "%s/dbus/org.distro.Manager1.policy", top ? top : ".");
        f = fopen(path, "re");
        assert_non_null(f);
        assert_true(fread(text, 1, 16383, f) > 0);
        fclose(f);
        return text;
}

/* Each change has its action, and each action stands in the file that polkit reads. */
static void test_actions(void **state)
{
        static const struct {
                void (*child)(const char *address, char *report, size_t size_bytes);
                const char *action, *details;
        } cases[] = {
                { child_StopApplication, "manage-applications", "verb=StopApplication application=idle " },
                { child_RestartApplication, "manage-applications",
                                "verb=RestartApplication application=idle " },
                { child_TakeoverApplication, "manage-applications",
                                "verb=TakeoverApplication application=idle " },
                { child_Takeover, "takeover-force", "verb=Takeover application=distro node=abc force=true " },
                { child_ClearFailures, "manage-applications", "verb=ClearFailures " },
                { child_Permit, "manage-nodes", "verb=Permit application=idle node=abc " },
                { child_SetStandby, "manage-nodes", "verb=SetStandby node=abc " },
                { child_SetMaintenance, "manage-nodes", "verb=SetMaintenance " },
                { child_Reload, "reload", "verb=Reload " },
                { child_Form, "form", "verb=Form " },
                { child_ForgetNode, "manage-nodes", "verb=ForgetNode node=abc " },
                { child_StopLocal, "stop-local", "verb=StopLocal application=idle " },
        };
        Harness *h = *state;
        char *policy = policy_file(), report[1024], expected[128], element[160];

        harness_polkit_start(h);
        h->polkit_answer = POLKIT_NO;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                harness_as_nobody(h, cases[i].child, report, sizeof(report));
                assert_string_equal(h->polkit_details, cases[i].details);
                snprintf(expected, sizeof(expected), "org.distro.Manager1.%s", cases[i].action);
                assert_string_equal(h->polkit_action, expected);
                snprintf(element, sizeof(element), "<action id=\"%s\">", expected);
                assert_non_null(strstr(policy, element));
                if (strncmp(report, SD_BUS_ERROR_ACCESS_DENIED, strlen(SD_BUS_ERROR_ACCESS_DENIED)) != 0)
                        fail_msg("case %zu: %s", i, report);
        }
        assert_int_equal(h->n_submitted + h->n_reloads + h->n_stops, 0);
        free(policy);
}

/* Asks far more than may wait for polkit for one user, over connections enough not to meet the bound of one. */
static void child_flood(const char *address, char *report, size_t size_bytes)
{
        sd_bus *buses[4];
        Tally tally = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(buses); i++) {
                buses[i] = child_connect(address);
                for (unsigned k = 0; k < BUS_CALLS_PER_SENDER_MAX; k++)
                        if (sd_bus_call_method_async(buses[i], NULL, BUS_NAME, DISTRO,
                                            BUS_INTERFACE_APPLICATION, "Start", on_tally, &tally, "") < 0)
                                _exit(1);
        }
        while (tally.n < ELEMENTSOF(buses) * BUS_CALLS_PER_SENDER_MAX - BUS_CALLS_ASKING_PER_USER_MAX)
                for (size_t i = 0; i < ELEMENTSOF(buses); i++) {
                        int r = sd_bus_process(buses[i], NULL);

                        if (r < 0 || (r == 0 && sd_bus_wait(buses[i], 1000) < 0))
                                _exit(1);
                }
        snprintf(report, size_bytes, "%u %u", tally.n, tally.n_too_many);
        for (size_t i = 0; i < ELEMENTSOF(buses); i++)
                sd_bus_close_unref(buses[i]);
}

static void test_flood_leaves_room(void **state)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message *m;
        Harness *h = *state;
        char report[1024];

        harness_polkit_start(h);
        h->polkit_answer = POLKIT_HOLD;
        harness_as_nobody(h, child_flood, report, sizeof(report));
        assert_string_equal(report, "112 112");
        assert_int_equal(h->n_submitted, 0);
        m = ON_APP("Start", &e, "");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->n_submitted, 1);
        /* The flooder is gone by now, so its calls are, and polkit was told about each. */
        while (h->n_polkit_cancelled < BUS_CALLS_ASKING_PER_USER_MAX)
                harness_turn(h);
        assert_int_equal(h->n_polkit, BUS_CALLS_ASKING_PER_USER_MAX);
}

static void child_ask_and_go(const char *address, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = child_connect(address);

        if (sd_bus_call_method_async(bus, NULL, BUS_NAME, DISTRO, BUS_INTERFACE_APPLICATION, "Stop", on_tally,
                            NULL, "") < 0 ||
                        sd_bus_flush(bus) < 0)
                _exit(1);
        /* Long enough for the question to reach polkit, which holds it. */
        usleep(200000);
}

/* What polkit says about a client that is gone by then changes nothing. */
static void test_sender_gone(void **state)
{
        Harness *h = *state;
        char report[1024];

        /* Nor does one of which the time is over. */
        harness_polkit_start(h);
        h->polkit_answer = POLKIT_LATE;
        harness_as_nobody(h, child_start_interactive, report, sizeof(report));
        assert_non_null(strstr(report, "did not answer in time"));
        while (h->n_polkit_cancelled == 0)
                harness_turn(h);
        h->n_polkit_cancelled = 0;

        h->polkit_answer = POLKIT_HOLD;
        harness_as_nobody(h, child_ask_and_go, report, sizeof(report));
        while (h->n_polkit_cancelled == 0)
                harness_turn(h);
        assert_non_null(h->polkit_held);
        assert_true(sd_bus_reply_method_return(h->polkit_held, "(bba{ss})", 1, 0, 0) >= 0);
        harness_settle(h);
        sd_bus_message_unref(harness_get(h, ROOT, MANAGER, "Quorate", "b"));
        assert_int_equal(h->n_submitted, 0);
}

static void child_own(const char *address, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = child_connect(address);
        int r = sd_bus_request_name(bus, BUS_NAME, SD_BUS_NAME_REPLACE_EXISTING);

        snprintf(report, size_bytes, "%s", r == -EACCES ? "denied" : strerror(-r));
}

/* The policy file that is installed: nobody but root is the manager. */
static void test_own(void **state)
{
        char report[256];

        harness_as_nobody(*state, child_own, report, sizeof(report));
        assert_string_equal(report, "denied");
}

/* ---- the connection's life ---- */

static void test_attach_again(void **state)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        Harness *h = *state;
        Tally tally = { 0 };
        sd_bus_message *m;
        uint64_t token;

        h->hold = true;
        ask(h->client, &tally);
        while (h->n_submitted == 0)
                harness_turn(h);
        token = h->token;
        bus_server_detach(h->server);
        bus_server_reply(h->server, token, COMMAND_OK, NULL); /* its client cannot be reached any more */
        bus_server_changed(h->server, "distro", NULL);
        assert_int_equal(bus_server_flush(h->server), 0);

        sd_bus_close_unref(h->service);
        h->service = harness_connect(h);
        h->name_known = false;
        assert_int_equal(bus_server_attach(h->server, h->service), 0);
        while (!h->name_known)
                harness_turn(h);
        assert_int_equal(h->name_error, 0);
        h->hold = false;
        m = ON_APP("Start", &e, "");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_true(h->token > token);
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
        h->name_known = false;
        assert_int_equal(bus_server_attach(h->server, h->service), 0);
        while (!h->name_known)
                harness_turn(h);
        assert_int_equal(h->name_error, -EEXIST);
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

        h->hold = true;
        ask(a, &mine);
        ask(b, &others);
        while (h->n_submitted < 2)
                harness_turn(h);
        uint64_t token = h->token;
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
        h->n_submitted = 0;
        ask(b, &others);
        while (h->n_submitted < 1)
                harness_turn(h);
        bus_server_reply(h->server, token ^ (UINT64_C(3) << 32), COMMAND_OK, NULL);
        bus_server_reply(h->server, h->token, COMMAND_OK, NULL);
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
        assert_true(h->n_freed > 0);
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
                TEST(test_without_polkit),
                TEST(test_polkit),
                TEST(test_asked),
                TEST(test_actions),
                TEST(test_flood_leaves_room),
                TEST(test_sender_gone),
                TEST(test_peers),
                TEST(test_bound_of_peers),
                TEST(test_peers_that_take_nothing),
                TEST(test_own),
                TEST(test_attach_again),
                TEST(test_name_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
