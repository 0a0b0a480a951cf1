/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-harness.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURN_USEC (10 * USEC_PER_SEC) /* longer than anything here takes; a test that waits in vain fails */

/* As the system bus is: nothing is allowed but what a policy file allows, and ours is read. Owning names
 * there is for root, so that without root there are no such limits. */
#define CONFIG_BEGIN                                                                         \
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"" \
        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"                \
        "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
/* clang-format off */
static const char config_limited[] = CONFIG_BEGIN
        "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/><deny send_type=\"method_call\"/>"
        "<allow send_type=\"signal\"/><allow send_requested_reply=\"true\" send_type=\"method_return\"/>"
        "<allow send_requested_reply=\"true\" send_type=\"error\"/><allow receive_type=\"method_call\"/>"
        "<allow receive_type=\"method_return\"/><allow receive_type=\"error\"/><allow receive_type=\"signal\"/>"
        "<allow send_destination=\"org.freedesktop.DBus\"/></policy>"
        "<policy user=\"root\"><allow own=\"org.freedesktop.PolicyKit1\"/>"
        "<allow send_destination=\"org.freedesktop.PolicyKit1\"/></policy>"
        "<include>%s/dbus/org.distro.Manager1.conf</include></busconfig>\n";
static const char config_open[] = CONFIG_BEGIN
        "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/>"
        "<allow receive_sender=\"*\"/></policy></busconfig>\n";
/* clang-format on */

static void write_config(const char *dir, const char *path)
{
        const char *top = getenv("top_srcdir");
        _cleanup_free_ char *absolute = realpath(top ? top : ".", NULL);
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_non_null(absolute);
        if (geteuid() == 0)
                fprintf(f, config_limited, dir, absolute);
        else
                fprintf(f, config_open, dir);
        assert_int_equal(fclose(f), 0);
}

static void start_daemon(Harness *h)
{
        char path[128], argument[160], address[512] = "";
        size_t n = 0;
        ssize_t k;
        int fds[2];

        snprintf(h->dir, sizeof(h->dir), "/tmp/distro-bus-XXXXXX");
        assert_non_null(mkdtemp(h->dir));
        assert_int_equal(chmod(h->dir, 0755), 0);
        snprintf(path, sizeof(path), "%s/config", h->dir);
        write_config(h->dir, path);

        snprintf(argument, sizeof(argument), "--config-file=%s", path);
        assert_int_equal(pipe(fds), 0);
        h->daemon = fork();
        assert_true(h->daemon >= 0);
        if (h->daemon == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(fds[1], 3);
                execlp("dbus-daemon", "dbus-daemon", argument, "--nofork", "--print-address=3",
                                (char *) NULL);
                _exit(127);
        }
        close(fds[1]);
        while (n + 1 < sizeof(address) && (k = read(fds[0], address + n, sizeof(address) - n - 1)) > 0) {
                n += (size_t) k;
                if (memchr(address, '\n', n))
                        break;
        }
        close(fds[0]);
        address[strcspn(address, "\n")] = '\0';
        if (!*address)
                fail_msg("dbus-daemon did not start");
        h->address = strdup(address);
        assert_non_null(h->address);
}

static sd_bus *connect_to(const char *address)
{
        sd_bus *bus = NULL;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, address) >= 0);
        assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

sd_bus *harness_connect(Harness *h)
{
        sd_bus *bus = connect_to(h->address);

        assert_true(sd_bus_attach_event(bus, h->loop, 0) >= 0);
        return bus;
}

/* ---- what acts as polkit ---- */

static int polkit_check(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *kind, *key, *subject, *action, *id, *detail, *value;
        Harness *h = userdata;

        h->n_polkit++;
        assert_true(sd_bus_message_read(m, "(sa{sv})s", &kind, 1, &key, "s", &subject, &action) > 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "{ss}") > 0);
        h->polkit_details[0] = '\0';
        while (sd_bus_message_read(m, "{ss}", &detail, &value) > 0)
                snprintf(h->polkit_details + strlen(h->polkit_details),
                                sizeof(h->polkit_details) - strlen(h->polkit_details), "%s=%s ", detail,
                                value);
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(sd_bus_message_read(m, "us", &h->polkit_flags, &id) > 0);
        assert_string_equal(kind, "system-bus-name");
        assert_string_equal(key, "name");
        snprintf(h->polkit_action, sizeof(h->polkit_action), "%s", action);
        snprintf(h->polkit_subject, sizeof(h->polkit_subject), "%s", subject);
        switch (h->polkit_answer) {
        case POLKIT_HOLD:
                h->polkit_held = sd_bus_message_unref(h->polkit_held);
                h->polkit_held = sd_bus_message_ref(m);
                return 1;
        case POLKIT_LATE:
                return sd_bus_error_set_const(error, SD_BUS_ERROR_NO_REPLY, "the time is over");
        case POLKIT_BROKEN:
                return sd_bus_error_set_const(
                                error, "org.freedesktop.PolicyKit1.Error.Failed", "the rules are broken");
        case POLKIT_YES:
        case POLKIT_NO:
        case POLKIT_CHALLENGE:
        default:
                return sd_bus_reply_method_return(m, "(bba{ss})", h->polkit_answer == POLKIT_YES,
                                h->polkit_answer == POLKIT_CHALLENGE, 0);
        }
}

static int polkit_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Harness *h = userdata;

        h->n_polkit_cancelled++;
        return 1;
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", polkit_check,
                        SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", "", polkit_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

void harness_polkit_start(Harness *h)
{
        h->polkit = harness_connect(h);
        assert_true(sd_bus_add_object_vtable(h->polkit, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                    "org.freedesktop.PolicyKit1.Authority", polkit_vtable, h) >= 0);
        assert_true(sd_bus_request_name(h->polkit, "org.freedesktop.PolicyKit1", 0) >= 0);
}

/* ---- the loop ---- */

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Harness *h = userdata;

        assert_true(h->n_signals < SIGNALS_MAX);
        h->signals[h->n_signals++] = sd_bus_message_ref(m);
        return 0;
}

void harness_turn(Harness *h)
{
        int r = sd_event_run(h->loop, TURN_USEC);

        if (r < 0)
                fail_msg("the loop failed: %s", strerror(-r));
        if (r == 0)
                fail_msg("nothing happened for too long");
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        *(sd_bus_message **) userdata = sd_bus_message_ref(m);
        return 0;
}

static sd_bus_message *wait_reply(Harness *h, sd_bus_message *call, sd_bus_error *error)
{
        sd_bus_message *reply = NULL;
        sd_bus_slot *slot = NULL;

        assert_true(sd_bus_call_async(h->client, &slot, call, on_reply, &reply, 0) >= 0);
        while (!reply)
                harness_turn(h);
        sd_bus_slot_unref(slot);
        sd_bus_error_free(error);
        if (!sd_bus_message_is_method_error(reply, NULL))
                return reply;
        assert_true(sd_bus_error_copy(error, sd_bus_message_get_error(reply)) != 0);
        sd_bus_message_unref(reply);
        return NULL;
}

sd_bus_message *harness_call(Harness *h, const char *path, const char *interface, const char *member,
                sd_bus_error *error, const char *types, ...)
{
        sd_bus_message *call = NULL, *reply;
        va_list ap;

        assert_true(sd_bus_message_new_method_call(h->client, &call, BUS_NAME, path, interface, member) >= 0);
        va_start(ap, types);
        assert_true(sd_bus_message_appendv(call, types, ap) >= 0);
        va_end(ap);
        reply = wait_reply(h, call, error);
        sd_bus_message_unref(call);
        return reply;
}

sd_bus_message *harness_get(Harness *h, const char *path, const char *interface, const char *property,
                const char *contents)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(
                        h, path, "org.freedesktop.DBus.Properties", "Get", &error, "ss", interface, property);

        if (!m)
                fail_msg("%s %s: %s", path, property, error.message);
        assert_true(sd_bus_message_enter_container(m, 'v', contents) > 0);
        return m;
}

int harness_tally(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Tally *t = userdata;

        t->n++;
        t->n_ok += !sd_bus_message_is_method_error(m, NULL);
        t->n_too_many += sd_bus_message_is_method_error(m, BUS_ERROR_PREFIX "TooMany") > 0;
        return 0;
}

void harness_ask(sd_bus *bus, Tally *tally)
{
        int r = sd_bus_call_method_async(bus, NULL, BUS_NAME, DISTRO, BUS_INTERFACE_APPLICATION, "Start",
                        harness_tally, tally, "");

        assert_true(r >= 0);
}

void harness_settle(Harness *h)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = harness_call(h, ROOT, "org.freedesktop.DBus.Peer", "Ping", &error, "");

        assert_non_null(m);
        sd_bus_message_unref(m);
}

/* ---- another user ---- */

typedef struct Report {
        char *text;
        size_t size_bytes, n;
        bool ended;
} Report;

static int on_report(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Report *r = userdata;
        ssize_t k = read(fd, r->text + r->n, r->size_bytes - r->n - 1);

        assert_true(k >= 0);
        r->n += (size_t) k;
        r->text[r->n] = '\0';
        r->ended = k == 0;
        return 0;
}

static _noreturn_ void run_as_nobody(const char *address, int fd,
                void (*child)(const char *address, char *report, size_t size_bytes))
{
        char report[4096] = "";

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
                        setresuid(65534, 65534, 65534) < 0)
                snprintf(report, sizeof(report), "cannot become nobody");
        else
                child(address, report, sizeof(report));
        _exit(write(fd, report, strlen(report)) < 0);
}

void harness_as_nobody(Harness *h, void (*child)(const char *address, char *report, size_t size_bytes),
                char *ret_report, size_t size_bytes)
{
        Report report = { .text = ret_report, .size_bytes = size_bytes };
        sd_event_source *source = NULL;
        int fds[2], status;
        pid_t pid;

        if (geteuid() != 0)
                skip();
        *ret_report = '\0';
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                run_as_nobody(h->address, fds[1], child);
        close(fds[1]);
        assert_true(sd_event_add_io(h->loop, &source, fds[0], 0x1 /* EPOLLIN */, on_report, &report) >= 0);
        while (!report.ended)
                harness_turn(h);
        sd_event_source_unref(source);
        close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* ---- signals and values ---- */

sd_bus_message *harness_next_signal(Harness *h, const char *member)
{
        for (size_t i = 0; i < h->n_signals; i++) {
                sd_bus_message *m = h->signals[i];

                if (member && !sd_bus_message_is_signal(m, NULL, member))
                        continue;
                memmove(h->signals + i, h->signals + i + 1, (h->n_signals - i - 1) * sizeof(m));
                h->n_signals--;
                return m;
        }
        return NULL;
}

void harness_forget_signals(Harness *h)
{
        for (size_t i = 0; i < h->n_signals; i++)
                sd_bus_message_unref(h->signals[i]);
        h->n_signals = 0;
}

static size_t add(char *ret, size_t size_bytes, size_t n, const char *text)
{
        int k = snprintf(ret + n, size_bytes - n, "%s", text);

        assert_true(k >= 0 && (size_t) k < size_bytes - n);
        return n + (size_t) k;
}

static size_t format_value(
                sd_bus_message *m, char type, const char *contents, char *ret, size_t size_bytes, size_t n)
{
        char text[64];
        union {
                int b;
                uint8_t y;
                uint32_t u;
                uint64_t t;
                const char *s;
        } v;
        bool first = true;
        char inner;
        const char *inner_contents;

        if (strchr("avr", type) || type == 'e') {
                assert_true(sd_bus_message_enter_container(m, type, contents) > 0);
                n = add(ret, size_bytes, n, type == 'a' ? "[" : type == 'v' ? "<" : "(");
                while (sd_bus_message_peek_type(m, &inner, &inner_contents) > 0) {
                        n = add(ret, size_bytes, n, first ? "" : " ");
                        first = false;
                        n = format_value(m, inner, inner_contents, ret, size_bytes, n);
                }
                assert_true(sd_bus_message_exit_container(m) >= 0);
                return add(ret, size_bytes, n, type == 'a' ? "]" : type == 'v' ? ">" : ")");
        }
        assert_true(sd_bus_message_read_basic(m, type, &v) > 0);
        if (type == 's' || type == 'o') {
                n = add(ret, size_bytes, n, "'");
                n = add(ret, size_bytes, n, v.s);
                return add(ret, size_bytes, n, "'");
        }
        snprintf(text, sizeof(text), "%" PRIu64,
                        type == 'b'   ? (uint64_t) v.b
                        : type == 'y' ? v.y
                        : type == 'u' ? v.u
                                      : v.t);
        return add(ret, size_bytes, n, type == 'b' ? yes_no(v.b) : text);
}

void message_format(sd_bus_message *m, char *ret, size_t size_bytes)
{
        const char *contents;
        size_t n = 0;
        char type;

        *ret = '\0';
        while (sd_bus_message_peek_type(m, &type, &contents) > 0) {
                n = add(ret, size_bytes, n, n > 0 ? " " : "");
                n = format_value(m, type, contents, ret, size_bytes, n);
        }
}

/* ---- a test's life ---- */

int harness_setup(void **state)
{
        Harness *h = calloc(1, sizeof(*h));

        assert_non_null(h);
        *state = h;
        start_daemon(h);
        assert_true(sd_event_new(&h->loop) >= 0);
        double_init(&h->engine);
        h->owner.local_active = true;
        h->owner.now_usec = 1000;
        h->numbers[0] = (BusNumber){ "ExpectedVotes", 3, false };
        h->numbers[1] = (BusNumber){ "TwoNode", 0, true };
        h->owner.engine = &h->engine;
        h->owner.local = (BusLocal){
                .node_name = "bcd",
                .version = "1.2.3",
                .status = "No quorum",
                .token_usec = 1000000,
                .n_file_warnings = 3,
                .rebooted_usec = UINT64_C(1700000000000000),
                .rebooted_why = "web did not end",
                .consensus_usec = 1200000,
                .quorum = h->numbers,
                .n_quorum = 2,
        };

        h->client = harness_connect(h);
        assert_true(sd_bus_add_match(h->client, NULL, "type='signal',path_namespace='" ROOT "'", on_signal,
                                    h) >= 0);
        h->service = harness_connect(h);
        assert_int_equal(bus_server_new(&bus_owner_ops, &h->owner, &h->server), 0);
        h->owner.server = h->server;
        assert_int_equal(bus_server_attach(h->server, h->service), 0);
        while (!h->owner.name_known)
                harness_turn(h);
        assert_int_equal(h->owner.name_error, 0);
        return 0;
}

int harness_teardown(void **state)
{
        Harness *h = *state;
        char path[128];

        bus_server_free(h->server);
        harness_forget_signals(h);
        sd_bus_message_unref(h->polkit_held);
        sd_bus_close_unref(h->polkit);
        sd_bus_close_unref(h->client);
        sd_bus_close_unref(h->service);
        sd_event_unref(h->loop);
        bus_owner_done(&h->owner);
        double_done(&h->engine);
        kill(h->daemon, SIGTERM);
        waitpid(h->daemon, NULL, 0);
        snprintf(path, sizeof(path), "%s/config", h->dir);
        unlink(path);
        snprintf(path, sizeof(path), "%s/bus", h->dir);
        unlink(path);
        rmdir(h->dir);
        free(h->address);
        free(h);
        return 0;
}
