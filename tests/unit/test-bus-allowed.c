/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may change things: root, whom polkit lets, and nobody else; and what is told of each who asks. */

#include <sys/prctl.h>
#include <unistd.h>

#include "bus-harness.h"

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
        assert_int_equal(h->owner.n_submitted, 0);
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
                h->owner.n_submitted = 0;
                harness_as_nobody(h, child_start, report, sizeof(report));
                if (strncmp(report, cases[i].error, strlen(cases[i].error)) != 0 ||
                                !strstr(report, cases[i].text))
                        fail_msg("case %zu: %s", i, report);
                assert_int_equal(h->n_polkit, i + 1);
                assert_int_equal(h->owner.n_submitted, cases[i].answer == POLKIT_YES);
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
        assert_int_equal(h->owner.n_asked, second ? 2 : 1);
        assert_string_equal(h->owner.asked[0], first);
        if (second)
                assert_string_equal(h->owner.asked[1], second);
        h->owner.n_asked = 0;
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
        assert_int_equal(h->owner.pid, getpid());
        assert_true(prctl(PR_GET_NAME, comm) >= 0);
        assert_string_equal(h->owner.comm, comm);

        h->owner.answer = COMMAND_NOT_COMMITTED;
        h->owner.answer_text = "who knows";
        assert_null(ON_ROOT("SetStandby", &e, "sb", "a\nb", 1));
        sd_bus_error_free(&e);
        assert_int_equal(h->owner.n_asked, 2);
        assert_non_null(strstr(h->owner.asked[0], "SetStandby '' 'a\nb' yes done"));
        assert_non_null(strstr(h->owner.asked[1], "SetStandby '' 'a\nb' yes unsure: who knows"));
        h->owner.n_asked = 0;
        h->owner.answer = COMMAND_OK;

        /* What is no change is not told of. */
        assert_null(ON_ROOT("SetStandby", &e, "sb", "", 1));
        sd_bus_error_free(&e);
        sd_bus_message_unref(harness_get(h, ROOT, MANAGER, "Quorate", "b"));
        assert_int_equal(h->owner.n_asked, 0);

        /* A name that cannot be shown, and one that would end the quotes around it. */
        assert_true(prctl(PR_SET_NAME, "a\"\tb\xff") >= 0);
        sd_bus_message_unref(ON_ROOT("Reload", &e, "b", 0));
        assert_true(prctl(PR_SET_NAME, comm) >= 0);
        assert_string_equal(h->owner.comm, "a??b?");
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
        h->owner.answer = COMMAND_NO_QUORUM;
        h->owner.answer_text = "no quorum";
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
        assert_int_equal(h->owner.n_submitted + h->owner.n_reloads + h->owner.n_stops, 0);
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
                                            BUS_INTERFACE_APPLICATION, "Start", harness_tally, &tally,
                                            "") < 0)
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
        assert_int_equal(h->owner.n_submitted, 0);
        m = ON_APP("Start", &e, "");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_int_equal(h->owner.n_submitted, 1);
        /* The flooder is gone by now, so its calls are, and polkit was told about each. */
        while (h->n_polkit_cancelled < BUS_CALLS_ASKING_PER_USER_MAX)
                harness_turn(h);
        assert_int_equal(h->n_polkit, BUS_CALLS_ASKING_PER_USER_MAX);
}

static void child_ask_and_go(const char *address, char *report, size_t size_bytes)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = child_connect(address);

        if (sd_bus_call_method_async(bus, NULL, BUS_NAME, DISTRO, BUS_INTERFACE_APPLICATION, "Stop",
                            harness_tally, NULL, "") < 0 ||
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
        assert_int_equal(h->owner.n_submitted, 0);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_without_polkit),
                TEST(test_polkit),
                TEST(test_asked),
                TEST(test_actions),
                TEST(test_flood_leaves_room),
                TEST(test_sender_gone),
                TEST(test_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
