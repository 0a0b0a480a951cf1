/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemon-double.h"

static char root[64];
static Manager *m;
static int saved_stderr;

static void make_directory(const char *path)
{
        char text[512];

        snprintf(text, sizeof(text), "mkdir -p %s%s", root, path);
        assert_int_equal(system(text), 0);
}

static void write_file(const char *path, const char *text)
{
        char name[512];
        FILE *f;

        snprintf(name, sizeof(name), "%s%s", root, path);
        f = fopen(name, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

static bool file_exists(const char *path)
{
        char name[512];

        snprintf(name, sizeof(name), "%s%s", root, path);
        return access(name, F_OK) == 0;
}

#define APP_TEXT "[Application]\nNodes=abc bcd\nFailoverDelaySec=1h\n[Service]\nExecStart=/bin/sleep 1\n"

static int setup(void **state)
{
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void) state;
        strcpy(root, "/tmp/manager-XXXXXX");
        if (!mkdtemp(root))
                return -1;
        make_directory(SYSCONFDIR "/distro-manager/applications");
        make_directory("/var/lib/distro-manager");
        make_directory("/run/distro-manager");
        write_file(SYSCONFDIR "/distro-manager/applications/distro.app", APP_TEXT);
        unsetenv("STATE_DIRECTORY");
        unsetenv("RUNTIME_DIRECTORY");
        unsetenv("NOTIFY_SOCKET");
        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        doubles_begin();
        saved_stderr = dup(STDERR_FILENO);
        return dup2(null, STDERR_FILENO) < 0 || close(null) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
        char text[128];

        (void) state;
        m = manager_free(m);
        doubles_end();
        dup2(saved_stderr, STDERR_FILENO);
        close(saved_stderr);
        snprintf(text, sizeof(text), "rm -rf %s", root);
        return system(text);
}

/* Lets the loop turn until nothing has happened for a moment, or the manager ends. */
/* Until nothing more comes. The files are read by a thread: on a busy machine that takes its time. */
static void turn_until_quiet(uint64_t quiet_usec)
{
        do {
                while (!m->exiting && sd_event_run(m->event, quiet_usec) > 0)
                        ;
        } while (!m->exiting && m->start == START_LOCAL && !m->apps_loaded);
}

static void turn(void)
{
        turn_until_quiet(50 * USEC_PER_MSEC);
}

static void begin(void)
{
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_int_equal(leave_watch_signals(m), 0);
        assert_int_equal(start_begin(m), 0);
        if (!m->exiting && doubles.units_ready_now)
                doubles.units.ready(m);
        turn();
}

/* The manager at work, with nothing in the trace. */
static void begin_quietly(void)
{
        begin();
        assert_false(m->exiting);
        assert_int_equal(m->start, START_DONE);
        (void) doubles_trace();
}

static void assert_trace(const char *expect)
{
        assert_string_equal(doubles_trace(), expect);
}

static void test_start(void **state)
{
        (void) state;
        doubles.found[0] = (UnitInfo){ .app = "distro", .epoch = 7, .state = UNIT_RUNNING };
        doubles.found[1] = (UnitInfo){ .app = "gone", .epoch = 8, .state = UNIT_NONE };
        doubles.n_found = 2;
        begin();
        assert_trace("read-cluster\n"
                     "engine-new node=1 nodes=2 record=0 bytes=0 skip=no\n"
                     "event time\n"
                     "event unit distro 7 running\n"
                     "event definitions right=1 wrong=0 distro\n"
                     "join distro-manager\n");
        assert_true(file_exists("/run/distro-manager/guard"));
}

/* Nothing of a step is begun before what it waits for is there. */
static void test_start_waits_for_units(void **state)
{
        (void) state;
        doubles.units_ready_now = false;
        begin();
        assert_trace("read-cluster\n");
        doubles.units.ready(m);
        turn();
        assert_non_null(strstr(doubles_trace(), "join distro-manager\n"));
}

static void test_record_is_used(void **state)
{
        char directory[128];

        (void) state;
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        write_file("/run/distro-manager/took-part", "");
        assert_int_equal(record_write(directory, "12345", 5), 0);
        begin();
        assert_non_null(strstr(doubles_trace(), "engine-new node=1 nodes=2 record=1 bytes=5 skip=yes\n"));
}

static void test_record_that_the_engine_refuses(void **state)
{
        char directory[128];

        (void) state;
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        assert_int_equal(record_write(directory, "12345", 5), 0);
        doubles.engine_new_result = -EBADMSG;
        begin();
        assert_non_null(strstr(doubles_trace(),
                        "record=1 bytes=5 skip=no\nengine-new node=1 nodes=2 record=2 bytes=0"));
        assert_false(file_exists("/var/lib/distro-manager/state"));
        assert_false(m->exiting);
}

static void assert_ends(int status)
{
        begin();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, status);
        assert_null(strstr(doubles_trace(), "join"));
}

static void test_wrong_manager_conf(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf", "[Cluster]\nFoo=bar\n");
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void test_unknown_mandatory_node(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf", "[Cluster]\nSyncMandatory=xyz\n");
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void test_refused_cluster(void **state)
{
        (void) state;
        doubles.cluster_error = -EINVAL;
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void test_newer_record(void **state)
{
        uint8_t file[RECORD_HEADER_BYTES];
        char path[128];
        uint64_t hash;
        FILE *f;

        (void) state;
        record_header("", 0, file);
        file[20] = 9;
        hash = hash64(file, 24);
        for (unsigned i = 0; i < 8; i++)
                file[24 + i] = (uint8_t) (hash >> (8 * i));
        snprintf(path, sizeof(path), "%s/var/lib/distro-manager/state", root);
        f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(file, 1, sizeof(file), f), sizeof(file));
        assert_int_equal(fclose(f), 0);
        assert_ends(MANAGER_EXIT_RECORD);
        assert_true(file_exists("/var/lib/distro-manager/state"));
}

/* A wrong application keeps out itself only. */
static void test_wrong_application(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/applications/bad.app", "[Application]\nFoo=1\n");
        begin();
        assert_non_null(strstr(doubles_trace(), "event definitions right=1 wrong=1 distro\n"));
}

static void test_units(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("distro");
        effect->epoch = 5;
        effect->start_type = START_FAILOVER;
        effect->from_node = strdup("bcd");
        effect = doubles_effect(EVENT_PROBE, EFFECT_STOP);
        effect->app = strdup("a");
        effect->epoch = 1;
        effect = doubles_effect(EVENT_PROBE, EFFECT_KILL);
        effect->app = strdup("b");
        effect->epoch = 2;
        effect = doubles_effect(EVENT_PROBE, EFFECT_FORGET);
        effect->app = strdup("c");
        effect->epoch = 3;
        doubles.group.probe(m, 1);
        assert_trace("event probe\n"
                     "start distro 5 failover on abc from bcd properties=yes\n"
                     "stop a 1\n"
                     "kill b 2\n"
                     "forget c 3\n");
}

/* What is known at once comes back as an event after the step. */
static void test_start_without_a_file(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("unknown");
        effect->epoch = 5;
        doubles_effect(EVENT_PROBE, EFFECT_PROBE);
        doubles.group.probe(m, 1);
        assert_trace("event probe\n"
                     "probe\n"
                     "event unit unknown 5 refused: this node has no usable file of the application\n");

        doubles.units_start_result = -EINVAL;
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("distro");
        effect->epoch = 6;
        doubles.group.probe(m, 1);
        assert_non_null(strstr(doubles_trace(), "event unit distro 6 refused: "));
}

static void test_write(void **state)
{
        Effect *effect;
        Record record;
        char directory[128];

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->revision = (Revision){ 3, 4 };
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = 3;
        doubles.group.probe(m, 1);
        for (unsigned i = 0;
                        i < 100 && !strstr(doubles.trace_file ? doubles_trace() : "", "event written 4 0\n");
                        i++)
                (void) sd_event_run(m->event, 50 * USEC_PER_MSEC);
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_VALID);
        assert_memory_equal(record.payload, "abc", 3);
        record_done(&record);

        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = (size_t) RECORD_PAYLOAD_MAX + 1;
        effect->revision = (Revision){ 3, 5 };
        (void) doubles_trace();
        doubles.group.probe(m, 1);
        assert_non_null(strstr(doubles_trace(), "event written 5 -7\n"));
}

static Message *make_message(void)
{
        Message *message = calloc(1, sizeof(*message));

        assert_non_null(message);
        message->type = MESSAGE_LEAVE;
        message->version = PROTOCOL_VERSION;
        message->view = (ViewId){ .ring = { 1, 5 }, .n = 1 };
        message->incarnation = 1;
        message->number = 1;
        return message;
}

static void test_messages(void **state)
{
        Message *message = make_message();
        WireFragments fragments;

        (void) state;
        begin_quietly();
        assert_int_equal(wire_encode(message, 0, &fragments), 0);
        doubles.group.message(
                        m, (Member){ 2, 99 }, fragments.fragments[0].data, fragments.fragments[0].size_bytes);
        assert_trace("event message leave from 2\n");

        /* One that cannot be read never comes to the engine; only the first of many makes a line. */
        fragments.fragments[0].data[20] ^= 1;
        for (unsigned i = 0; i < 3; i++)
                doubles.group.message(m, (Member){ 2, 99 }, fragments.fragments[0].data,
                                fragments.fragments[0].size_bytes);
        assert_trace("");
        assert_int_equal(m->n_refused, 2);
        wire_fragments_done(&fragments);

        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = message;
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsend\n");
        /* A full queue makes a gap in our numbers. */
        doubles.group_send_result = -ENOBUFS;
        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = make_message();
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsend\nrejoin\n");
        /* So does a message that nobody would take. */
        message = make_message();
        message->incarnation = 0;
        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = message;
        doubles.group.probe(m, 1);
        assert_trace("event probe\nrejoin\n");
}

/* A node's name that no message can carry is refused here, and the engine counts no message that is not sent. */
static void test_command_with_a_wrong_name(void **state)
{
        char words[] = "b c";

        (void) state;
        begin_quietly();
        assert_int_equal(doubles.bus.submit(m, 12, &(Command){ .kind = COMMAND_STANDBY, .node = words }), 0);
        assert_trace("reply 12 NoSuchNode\n");
        words[1] = '-';
        assert_int_equal(doubles.bus.submit(m, 13, &(Command){ .kind = COMMAND_STANDBY, .node = words }), 0);
        assert_trace("event command standby 13\n");
}

static void test_notes_and_replies(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        doubles_effect(EVENT_PROBE, EFFECT_NOTE)->note = NOTE_FORMED;
        effect = doubles_effect(EVENT_PROBE, EFFECT_CHANGED);
        effect->app = strdup("distro");
        effect = doubles_effect(EVENT_PROBE, EFFECT_REPLY);
        effect->token = 11;
        effect->error = COMMAND_NOT_RUNNING;
        effect->text = strdup("words");
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsignal formed\nchanged distro \nreply 11 NotRunning: words\n");

        assert_int_equal(doubles.bus.submit(m, 12, &(Command){ .kind = COMMAND_FORM }), 0);
        assert_trace("event command form 12\n");
}

static void test_guard_file(void **state)
{
        char directory[128], aside[128];
        GuardState guard;

        (void) state;
        begin_quietly();
        doubles.state.apps = calloc(1, sizeof(App));
        doubles.state.n_apps = 1;
        doubles.state.apps[0].name = strdup("distro");
        doubles.state.apps[0].maintenance = true;
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        snprintf(directory, sizeof(directory), "%s/run/distro-manager", root);
        assert_int_equal(guard_file_read(directory, &guard), 0);
        assert_int_equal(guard.grace_usec, 15 * USEC_PER_SEC);
        assert_int_equal(guard.n_maintenance, 1);
        assert_string_equal(guard.maintenance[0], "distro");
        guard_state_done(&guard);

        /* What could not be written is written with the next step. */
        snprintf(aside, sizeof(aside), "%s/aside", root);
        assert_int_equal(rename(directory, aside), 0);
        doubles.state.apps[0].maintenance = false;
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        assert_int_equal(rename(aside, directory), 0);
        doubles.group.probe(m, 1);
        assert_int_equal(guard_file_read(directory, &guard), 0);
        assert_int_equal(guard.n_maintenance, 0);
        guard_state_done(&guard);
}

static int on_enough(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        ((Manager *) userdata)->exiting = true;
        return 0;
}

/* However long WatchdogSec= is, the manager shows life four times in a quarter of the grace. */
static void test_watchdog(void **state)
{
        static const struct {
                const char *conf, *watchdog_usec;
                bool watched;
                uint64_t heartbeat_usec;
        } cases[] = {
                { "[Cluster]\nManagerGraceSec=15s\n", "60000000", true, 937500 },
                { "[Cluster]\nManagerGraceSec=15s\n", "1000000", true, 250000 },
                { "[Cluster]\nManagerGraceSec=2s\n", "3750000", true, 125000 },
                { "[Cluster]\nManagerGraceSec=2s\n", NULL, false, USEC_PER_SEC },
        };

        (void) state;
        unsetenv("WATCHDOG_PID");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                write_file(SYSCONFDIR "/distro-manager/manager.conf", cases[i].conf);
                if (cases[i].watchdog_usec)
                        setenv("WATCHDOG_USEC", cases[i].watchdog_usec, 1);
                assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
                assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 20 * USEC_PER_MSEC, 0,
                                            on_enough, m) >= 0);
                (void) manager_run(m);
                assert_int_equal(m->watchdog, cases[i].watched);
                assert_int_equal(m->heartbeat_usec, cases[i].heartbeat_usec);
                unsetenv("WATCHDOG_USEC");
                m = manager_free(m);
                doubles_end();
                doubles_begin();
        }
}

/* The next datagram on the socket that systemd would read, or "" where there is none. */
static const char *next_notification(int fd)
{
        static char text[256];
        ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        text[MAX(n, (ssize_t) 0)] = 0;
        return text;
}

static int notify_fd;

/* Waits until the manager has found that it may idle; then a start is decided. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) usec;
        if (m->idle) {
                Effect *f = doubles_effect(EVENT_PROBE, EFFECT_START);

                assert_ptr_equal(userdata, m);
                f->app = strdup("distro");
                f->from_node = strdup("");
                while (*next_notification(notify_fd))
                        ;
                doubles.has_workers = true;
                doubles.group.probe(m, 1);
                m->exiting = true;
                return 0;
        }
        assert_true(sd_event_source_set_time_relative(source, 5 * USEC_PER_MSEC) >= 0);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_begun(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        (void) userdata;
        doubles.units.ready(m);
        return 0;
}

/* Where no worker depends on the manager, systemd asks for its signs of life only now and then. Before the first
 * start goes out it asks as often as the unit says. */
static void test_idle_watchdog(void **state)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void) state;
        notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(notify_fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", root);
        assert_int_equal(bind(notify_fd, (struct sockaddr *) &address, sizeof(address)), 0);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        setenv("WATCHDOG_USEC", "100000", 1);
        unsetenv("WATCHDOG_PID");
        doubles.synced = true;
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 0, 0, on_begun, NULL) >= 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 0, 0, on_idle, m) >= 0);
        (void) manager_run(m);
        assert_string_equal(next_notification(notify_fd), "WATCHDOG_USEC=100000");
        assert_false(m->idle);
        assert_int_equal(m->heartbeat_usec, 25000);
        unsetenv("WATCHDOG_USEC");
        unsetenv("NOTIFY_SOCKET");
        assert_int_equal(close(notify_fd), 0);
}

static void test_ready(void **state)
{
        (void) state;
        begin_quietly();
        doubles_effect(EVENT_PROBE, EFFECT_READY);
        assert_false(file_exists("/run/distro-manager/took-part"));
        doubles.group.probe(m, 1);
        assert_true(file_exists("/run/distro-manager/took-part"));
}

/* The last good definition stays when its file becomes wrong, and goes when the file goes. */
static void test_reload(void **state)
{
        (void) state;
        begin_quietly();
        write_file(SYSCONFDIR "/distro-manager/applications/distro.app", "[Application]\nFoo=1\n");
        write_file(SYSCONFDIR "/distro-manager/applications/more.app", APP_TEXT);
        assert_int_equal(doubles.bus.reload(m, 21), 0);
        assert_int_equal(doubles.bus.reload(m, 22), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("event definitions right=2 wrong=1 distro\n"
                     "reply 21 ok\n"
                     "event definitions right=2 wrong=1 distro\n"
                     "reply 22 ok\n");
        assert_non_null(app_configs_find(&m->apps, "distro"));

        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("event definitions right=2 wrong=1 distro\n");

        {
                char name[256];

                snprintf(name, sizeof(name), "%s%s", root,
                                SYSCONFDIR "/distro-manager/applications/distro.app");
                assert_int_equal(unlink(name), 0);
        }
        doubles_effect(EVENT_PROBE, EFFECT_RELOAD);
        doubles.group.probe(m, 1);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("event probe\nevent definitions right=1 wrong=0 more\n");
        assert_null(app_configs_find(&m->apps, "distro"));
}

/* Where too much time has gone the engine hears of that first, and old probes prove nothing. */
static void test_suspended(void **state)
{
        (void) state;
        begin_quietly();
        doubles.group.probe(m, 1);
        assert_trace("event probe\n");
        m->turn_boottime_usec -= m->isolation_usec;
        doubles.group.probe(m, 1);
        assert_trace("forget-probes\nevent suspended\nevent probe\n");
        /* The host ran, but we did not. */
        m->turn_boottime_usec -= m->isolation_usec;
        m->turn_monotonic_usec -= m->isolation_usec;
        doubles.group.probe(m, 1);
        assert_trace("forget-probes\nevent suspended\nevent probe\n");
        doubles.group.probe(m, 1);
        assert_trace("event probe\n");
}

static int on_units_read(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        manager_disarm(((Manager *) userdata)->bus_timer); /* there is no bus here, and looking for it makes turns */
        doubles.units.ready(userdata);
        return 0;
}

static int on_long_enough(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        manager_exit(userdata, MANAGER_EXIT_SUCCESS);
        return 0;
}

/* Where Corosync's timeouts are short an idle manager turns often enough not to take its own rest for a host's sleep. */
static void test_idle_is_not_suspended(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf", "[Cluster]\nIsolationTimeoutSec=1600ms\n");
        unsetenv("WATCHDOG_USEC");
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 50 * USEC_PER_MSEC, 0,
                                    on_units_read, m) >= 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 2500 * USEC_PER_MSEC, 0,
                                    on_long_enough, m) >= 0);
        (void) manager_run(m);
        assert_int_equal(m->start, START_DONE);
        assert_int_equal(m->isolation_usec, 1600 * USEC_PER_MSEC);
        assert_null(strstr(doubles_trace(), "event suspended"));
}

static void test_exits(void **state)
{
        (void) state;
        begin_quietly();
        doubles_effect(EVENT_PROBE, EFFECT_EXIT)->text = strdup("bcd is missing");
        doubles.group.probe(m, 1);
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_GAVE_UP);
}

static void test_changed_nodelist(void **state)
{
        static const uint32_t ring[] = { 1, 2, 3 };
        Event view = { .type = EVENT_VIEW, .view = { .ring_nodes = ring, .n_ring_nodes = 3 } };

        (void) state;
        begin_quietly();
        /* The nodelist does not have the third node either: a remark, once. */
        doubles.group.view(m, &view);
        turn();
        assert_trace("read-cluster\nevent view\n");
        doubles.group.view(m, &view);
        turn();
        assert_trace("event view\n");
        view.view.n_ring_nodes = 2;
        doubles.group.view(m, &view);
        assert_trace("event view\n");
        /* It has: the manager begins anew. */
        view.view.n_ring_nodes = 3;
        doubles.cluster_nodes[2] = "def";
        doubles.group.view(m, &view);
        turn();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_FAILURE);
}

static void test_other_nodelist_after_reconnect(void **state)
{
        ClusterInfo *c;

        (void) state;
        begin_quietly();
        c = doubles_cluster();
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 5, .self = { 1, 10 }, .cluster = c });
        assert_trace("event connected\n");
        doubles.group.disconnected(m, "words");
        assert_trace("event disconnected\n");
        free(c->nodes[1].name);
        c->nodes[1].name = strdup("renamed");
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 6, .self = { 1, 10 }, .cluster = c });
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_FAILURE);
        cluster_info_free(c);
}

static uint64_t quorum_number(const char *name)
{
        BusLocal local;

        doubles.bus.local(m, &local);
        for (size_t i = 0; i < local.n_quorum; i++)
                if (streq(local.quorum[i].name, name))
                        return local.quorum[i].value;
        return UINT64_MAX;
}

/* The votes are asked for with each notification of quorum, and forgotten with the connection. */
static void test_votes(void **state)
{
        ClusterInfo *c = doubles_cluster();

        (void) state;
        c->device_model = strdup("net");
        begin_quietly();
        assert_int_equal(quorum_number("Quorum"), UINT64_MAX);
        assert_int_equal(quorum_number("IsolationTimeoutUSec"), 2750 * USEC_PER_MSEC);
        doubles.group.quorum(m, (RingId){ 1, 4 }, true); /* before connected(): there is nobody to ask */
        assert_trace("event quorum\n");
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 5, .self = { 1, 10 }, .cluster = c });
        assert_trace("event connected\n");
        assert_int_equal(quorum_number("IsolationTimeoutUSec"), 8750 * USEC_PER_MSEC);
        doubles.group.quorum(m, (RingId){ 1, 4 }, true);
        assert_trace("votes\nchanged  \nevent quorum\n");
        assert_int_equal(quorum_number("ExpectedVotes"), 3);
        assert_int_equal(quorum_number("TotalVotes"), 2);
        assert_int_equal(quorum_number("Quorum"), 2);
        assert_int_equal(quorum_number("DeviceVotes"), UINT64_MAX); /* none is registered */
        doubles.no_votes = true;
        doubles.group.quorum(m, (RingId){ 1, 8 }, true);
        assert_trace("votes\nchanged  \nevent quorum\n");
        assert_int_equal(quorum_number("TotalVotes"), UINT64_MAX);
        doubles.no_votes = false;
        doubles.group.quorum(m, (RingId){ 1, 12 }, true);
        assert_int_equal(quorum_number("TotalVotes"), 2);
        (void) doubles_trace();
        doubles.group.disconnected(m, "words");
        assert_trace("changed  \nevent disconnected\n");
        assert_int_equal(quorum_number("TotalVotes"), UINT64_MAX);
        cluster_info_free(c);
}

/* ---- the end ---- */

static void test_restart_leaves_the_workers(void **state)
{
        (void) state;
        begin_quietly();
        doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_RESTART };
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        assert_trace("query-own-job\nleave\n");
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
}

/* While a disk hangs our process could not end, and nobody would arm the guard: so we stay a member. */
static void test_restart_waits_for_the_disk(void **state)
{
        char path[128];
        Effect *effect;
        int fd;

        (void) state;
        begin_quietly();
        snprintf(path, sizeof(path), "%s/var/lib/distro-manager/state.new", root);
        assert_int_equal(mkfifo(path, 0600), 0); /* opening it waits for a reader */
        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->revision = (Revision){ 3, 4 };
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = 3;
        doubles.group.probe(m, 1);
        doubles.own_job = (OwnJobAnswer){ .manager = OWN_JOB_RESTART };
        assert_int_equal(raise(SIGTERM), 0);
        for (uint64_t since = boottime_usec(); boottime_usec() - since < 300 * USEC_PER_MSEC && !m->exiting;)
                assert_true(sd_event_run(m->event, 100 * USEC_PER_MSEC) >= 0);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* the disk works again */
        assert_true(fd >= 0);
        assert_trace("event probe\nquery-own-job\n");
        while (!m->exiting)
                assert_true(sd_event_run(m->event, 5 * USEC_PER_SEC) > 0);
        assert_non_null(strstr(doubles_trace(), "leave\n"));
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
        assert_int_equal(close(fd), 0);
}

static void test_planned_leave(void **state)
{
        static const OwnJobAnswer cases[] = {
                { .manager = OWN_JOB_STOP },
                { .manager = OWN_JOB_SHUTDOWN },
                { .manager = OWN_JOB_NONE },
                { .manager = OWN_JOB_RESTART, .corosync = OWN_JOB_RESTART },
                { .manager = OWN_JOB_NONE, .corosync = OWN_JOB_STOP },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin_quietly();
                doubles.own_job = cases[i];
                assert_int_equal(raise(i % 2 ? SIGINT : SIGTERM), 0);
                turn();
                assert_trace("query-own-job\nevent leave\n");
                assert_false(m->exiting);
                /* A second signal changes nothing. */
                assert_int_equal(raise(SIGTERM), 0);
                turn();
                assert_trace("");
                assert_int_equal(m->leave, LEAVE_HANDING_OVER);
                doubles_effect(EVENT_PROBE, EFFECT_LEFT);
                doubles.group.probe(m, 1);
                /* The engine has had its last word. */
                doubles.group.probe(m, 1);
                assert_false(m->exiting);
                turn();
                assert_trace("event probe\nleave\n");
                assert_true(m->exiting);
                assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
                m = manager_free(m);
        }
}

/* Without an answer of systemd's it is a hand-over, after a while. */
static void test_silent_systemd(void **state)
{
        uint64_t since = boottime_usec(), took;

        (void) state;
        begin_quietly();
        doubles.own_job_silent = true;
        assert_int_equal(raise(SIGTERM), 0);
        while (!strstr(doubles_trace(), "event leave\n")) {
                assert_true(boottime_usec() - since < 20 * USEC_PER_SEC);
                assert_true(sd_event_run(m->event, 100 * USEC_PER_MSEC) >= 0);
        }
        took = boottime_usec() - since;
        assert_true(took >= OWN_JOB_ANSWER_USEC);
}

static void test_signal_before_the_engine(void **state)
{
        (void) state;
        doubles.units_ready_now = false;
        begin();
        assert_false(m->exiting);
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_SUCCESS);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_start),
                TEST(test_start_waits_for_units),
                TEST(test_record_is_used),
                TEST(test_record_that_the_engine_refuses),
                TEST(test_wrong_manager_conf),
                TEST(test_unknown_mandatory_node),
                TEST(test_refused_cluster),
                TEST(test_newer_record),
                TEST(test_wrong_application),
                TEST(test_units),
                TEST(test_start_without_a_file),
                TEST(test_write),
                TEST(test_messages),
                TEST(test_command_with_a_wrong_name),
                TEST(test_notes_and_replies),
                TEST(test_guard_file),
                TEST(test_watchdog),
                TEST(test_idle_watchdog),
                TEST(test_ready),
                TEST(test_reload),
                TEST(test_suspended),
                TEST(test_idle_is_not_suspended),
                TEST(test_exits),
                TEST(test_changed_nodelist),
                TEST(test_other_nodelist_after_reconnect),
                TEST(test_votes),
                TEST(test_restart_leaves_the_workers),
                TEST(test_restart_waits_for_the_disk),
                TEST(test_planned_leave),
                TEST(test_silent_systemd),
                TEST(test_signal_before_the_engine),
        };

        return cmocka_run_group_tests_name("daemon-manager", tests, NULL, NULL);
}
