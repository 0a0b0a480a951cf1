/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `reload-service` asks of systemd, and says. systemd is a thread that has its name on the tests' bus, and another client
 * of that bus that would be taken for it. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/array.h"
#include "base/dbus.h"
#include "base/text.h"
#include "ctl-harness.h"
#include "ctl/unit-reload.h"

#define JOB PID1_PATH "/job/7"
#define ANOTHER_JOB PID1_PATH "/job/8"

typedef enum Way {
        WAY_GONE, /* systemd does not know the unit */
        WAY_CANNOT,
        WAY_DONE,
        WAY_FAILS, /* and another client says before that that it is done */
        WAY_BUSY,  /* another job is under way */
        WAY_DENIED,
        WAY_NEVER, /* only another job ends */
} Way;

/* How the units of a case are; what was asked of them. The case's end is after systemd's last answer. */
static const char *const unit_names[] = { "front.service", "db.service", "distro-app-web.service" };
static _Atomic(const Way *) ways;
static char asked[256], subscriber[64];

static Way way_of(const char *unit)
{
        for (size_t i = 0; i < ELEMENTSOF(unit_names); i++)
                if (streq(unit_names[i], unit))
                        return ways[i];
        return WAY_GONE;
}

/* To that client alone, as any other client of the bus may. */
static int send_end(sd_bus *bus, const char *client, const char *job, const char *unit, const char *result)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_signal(bus, &m, PID1_PATH, PID1_MANAGER, "JobRemoved");

        if (r >= 0)
                r = sd_bus_message_append(m, "uoss", (uint32_t) 7, job, unit, result);
        return r < 0 ? r : sd_bus_send_to(bus, m, client, NULL);
}

/* Past it whatever `bus` has sent has been taken by the daemon. */
static int settle(sd_bus *bus)
{
        return sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                        "org.freedesktop.DBus", "GetId", NULL, NULL, "");
}

/* The job can be over before its number is told. */
static int answer_reload(sd_bus_message *m, const char *unit, const char *mode, sd_bus *stranger)
{
        const char *client = sd_bus_message_get_sender(m);
        sd_bus *bus = sd_bus_message_get_bus(m);
        Way way = way_of(unit);
        size_t n = strlen(asked);
        int r;

        snprintf(asked + n, sizeof(asked) - n, "%s %s; ", unit, mode);
        if (way == WAY_DENIED)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
        if (way == WAY_BUSY)
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.TransactionIsDestructive",
                                "It is destructive (%s has 'stop' job queued).", unit);
        r = send_end(bus, client, ANOTHER_JOB, unit, "canceled");
        if (r >= 0 && way == WAY_FAILS)
                r = send_end(stranger, client, JOB, unit, "done");
        if (r >= 0)
                r = settle(stranger);
        if (r >= 0 && way != WAY_NEVER)
                r = send_end(bus, client, JOB, unit, way == WAY_DONE ? "done" : "failed");
        return r < 0 ? r : sd_bus_reply_method_return(m, "o", JOB);
}

/* Its last character is the place in unit_names. */
static const char *unit_of_path(const char *path)
{
        size_t i = (size_t) (path[strlen(path) - 1] - '0');

        return i < ELEMENTSOF(unit_names) ? unit_names[i] : "";
}

static int answer_get(sd_bus_message *m, const char *unit)
{
        for (size_t i = 0; i < ELEMENTSOF(unit_names); i++)
                if (streq(unit_names[i], unit) && way_of(unit) != WAY_GONE) {
                        char path[64];

                        snprintf(path, sizeof(path), PID1_PATH "/unit/u%zu", i);
                        return sd_bus_reply_method_return(m, "o", path);
                }
        return sd_bus_reply_method_errorf(
                        m, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not loaded.", unit);
}

/* Each client may once. */
static int answer_subscribe(sd_bus_message *m)
{
        const char *client = sd_bus_message_get_sender(m);

        if (streq(subscriber, client))
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.AlreadySubscribed",
                                "Client is already subscribed.");
        snprintf(subscriber, sizeof(subscriber), "%s", client);
        return sd_bus_reply_method_return(m, "");
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *unit, *mode;
        uint8_t type;
        int r;

        if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;
        if (sd_bus_message_is_method_call(m, PID1_MANAGER, "Subscribe"))
                r = answer_subscribe(m);
        else if (sd_bus_message_is_method_call(m, PID1_MANAGER, "GetUnit"))
                r = sd_bus_message_read(m, "s", &unit) < 0 ? -EBADMSG : answer_get(m, unit);
        else if (sd_bus_message_is_method_call(m, PID1_MANAGER, "ReloadUnit"))
                r = sd_bus_message_read(m, "ss", &unit, &mode) < 0 ? -EBADMSG
                                                                   : answer_reload(m, unit, mode, userdata);
        else if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
                r = sd_bus_reply_method_return(m, "v", "b",
                                (int) (way_of(unit_of_path(sd_bus_message_get_path(m))) != WAY_CANNOT));
        else
                return 0;
        return r < 0 ? r : 1;
}

/* ---- the thread ---- */

typedef struct Systemd {
        pthread_t thread;
        sd_bus *bus, *stranger;
        atomic_bool is_over;
} Systemd;

static void *serve(void *userdata)
{
        Systemd *s = userdata;

        while (!s->is_over) {
                int r = sd_bus_process(s->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(s->bus, 20 * USEC_PER_MSEC) >= 0);
        }
        return NULL;
}

static void systemd_begin(Systemd *s)
{
        assert_true(sd_bus_open_system(&s->stranger) >= 0 && sd_bus_open_system(&s->bus) >= 0);
        assert_true(sd_bus_add_filter(s->bus, NULL, on_message, s->stranger) >= 0);
        assert_true(sd_bus_request_name(s->bus, PID1_NAME, 0) >= 0);
        assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void systemd_end(Systemd *s)
{
        s->is_over = true;
        assert_int_equal(pthread_join(s->thread, NULL), 0);
        sd_bus_flush_close_unref(s->bus);
        sd_bus_flush_close_unref(s->stranger);
}

static void test_verb(void **state)
{
        static const struct {
                ToolCase tool;
                Way ways[3];
                const char *asked;
        } cases[] = {
                /* Parts first, in their order, then the worker. */
                { { "installed", { "reload-service", "web" },
                                  .out = { "front.service of web has reloaded.\ndb.service of web has reloaded.\n"
                                           "distro-app-web.service of web has reloaded.\n" },
                                  .not_out = { "Cannot" } },
                                { WAY_DONE, WAY_DONE, WAY_DONE },
                                "front.service fail; db.service fail; distro-app-web.service fail; " },
                { { "installed", { "reload-service", "--json=short", "web" }, .silent = true },
                                { WAY_DONE, WAY_DONE, WAY_DONE },
                                "front.service fail; db.service fail; distro-app-web.service fail; " },
                { { "installed", { "reload-service", "web" },
                                  .out = { "db.service of web has reloaded.\nCannot reload, and left as it is: "
                                           "front.service, distro-app-web.service.\n" } },
                                { WAY_CANNOT, WAY_DONE, WAY_CANNOT }, "db.service fail; " },
                { { "installed", { "reload-service", "web" }, 1,
                                  .err = { "Nothing of web can reload: front.service, db.service, "
                                           "distro-app-web.service. ExecReload= makes a unit able to; 'distroctl "
                                           "restart web' starts it anew." },
                                  .silent = true },
                                { WAY_CANNOT, WAY_CANNOT, WAY_CANNOT }, "" },
                /* An address is no unit that could. */
                { { "well", { "reload-service", "web" },
                                  .out = { "distro-app-web.service of web has reloaded.\n" } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "distro-app-web.service fail; " },
                /* One that does not keeps none of the others from it. */
                { { "installed", { "reload-service", "web" }, 1,
                                  .out = { "distro-app-web.service of web has reloaded.\n" },
                                  .err = { "front.service of web was not reloaded: systemd says 'failed'. "
                                           "'journalctl -u front.service' on abc shows why.",
                                                  "Cannot reload db.service of web: It is destructive (db.service has "
                                                  "'stop' job queued). 'systemctl status db.service' on abc shows how "
                                                  "it is." },
                                  .not_out = { "front.service of web has", "Nothing" } },
                                { WAY_FAILS, WAY_BUSY, WAY_DONE },
                                "front.service fail; db.service fail; distro-app-web.service fail; " },
                { { "installed", { "reload-service", "web" }, 1,
                                  .err = { "Cannot reload front.service of web: Unit front.service not loaded. 'systemctl",
                                                  "Cannot reload db.service of web: Access denied. Only root, or a user "
                                                  "whom polkit allows to manage units, may;" },
                                  .not_out = { "Nothing" } },
                                { WAY_GONE, WAY_DENIED, WAY_CANNOT }, "db.service fail; " },
                { { "installed", { "reload-service", "web" }, 1,
                                  .out = { "Cannot reload, and left as it is: db.service, distro-app-web.service.\n" },
                                  .not_out = { "Nothing" } },
                                { WAY_GONE, WAY_CANNOT, WAY_CANNOT }, "" },
                /* Only where it runs. */
                { { "installed", { "reload-service", "silent" }, 1,
                                  .err = { "silent runs on bcd, and abc cannot reload it. 'distroctl -H bcd "
                                           "reload-service silent', or 'distroctl reload-service silent' there, "
                                           "does." } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "" },
                { { "installed", { "reload-service", "idle" }, 1,
                                  .err = { "idle cannot reload: it is stopped. 'distroctl status idle' says more." } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "" },
                { { "installed", { "reload-service", "nobody" }, 4, .err = { "Cannot reload nobody: " } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "" },
                { { NULL, { "reload-service", "web" }, 1, .err = { "distro-manager is not running" } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "" },
                { { NULL, { "reload-service", "--no-block", "web" }, 2,
                                  .err = { "does not take --no-block" } },
                                { WAY_DONE, WAY_DONE, WAY_DONE }, "" },
        };
        Systemd s = {};

        tool_needs_bus();
        systemd_begin(&s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                asked[0] = '\0';
                ways = cases[i].ways;
                tool_run_cases(&cases[i].tool, 1);
                assert_string_equal(asked, cases[i].asked);
        }
        systemd_end(&s);
}

/* What does not end is not waited for without end; the next one has its own end. */
static void test_bound(void **state)
{
        static const Way these[] = { WAY_NEVER, WAY_DONE, WAY_DONE };
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char result[RELOAD_RESULT_MAX] = "";
        sd_bus *bus = NULL;
        Systemd s = {};

        tool_needs_bus();
        systemd_begin(&s);
        ways = these;
        assert_true(sd_bus_open_system(&bus) >= 0);
        assert_int_equal(unit_reload(bus, unit_names[0], 50 * USEC_PER_MSEC, &error, result), -ETIME);
        assert_string_equal(result, "");
        assert_int_equal(unit_reload(bus, unit_names[1], USEC_INFINITY, &error, result), 0);
        assert_string_equal(result, "done");
        sd_bus_flush_close_unref(bus);
        systemd_end(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verb),
                cmocka_unit_test(test_bound),
        };

        return cmocka_run_group_tests(tests, tool_setup, tool_teardown);
}
