/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager at work: signs of life, lost time, changed files, a changed cluster. */

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timing.h"
#include "daemon-harness.h"
#include "daemon/asked.h"
#include "daemon/ending.h"
#include "daemon/loop.h"
#include "daemon/pulse.h"

/* ---- time ---- */

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
                { "[Cluster]\nManagerGraceSec=4s\n", "3750000", true, 250000 },
                { "[Cluster]\nManagerGraceSec=4s\n", NULL, false, USEC_PER_SEC },
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

static uint64_t alarm_usec(void)
{
        struct itimerval t;

        assert_int_equal(getitimer(ITIMER_REAL, &t), 0);
        return (uint64_t) t.it_value.tv_sec * USEC_PER_SEC + (uint64_t) t.it_value.tv_usec;
}

static uint64_t alarm_before, alarm_after;

static int on_takes_part(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        alarm_before = alarm_usec();
        pulse_ready(userdata);
        alarm_after = alarm_usec();
        ((Manager *) userdata)->exiting = true;
        return 0;
}

static int on_hang(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        for (Manager *hung = userdata; !hung->exiting;)
                (void) pause();
        return 0;
}

/* Before READY=1, when systemd does not watch yet, a loop that stands still is ended all the same; and only where signs
 * of life are expected. */
static void test_hang_before_ready(void **state)
{
        static const char *const watchdog[] = { "3750000", NULL };
        sd_event_source *source = NULL;
        int status = 0;
        pid_t pid;

        (void) state;
        unsetenv("WATCHDOG_PID");
        for (size_t i = 0; i < ELEMENTSOF(watchdog); i++) {
                if (watchdog[i])
                        setenv("WATCHDOG_USEC", watchdog[i], 1);
                assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
                assert_true(sd_event_add_time_relative(m->event, &source, CLOCK_MONOTONIC, 20 * USEC_PER_MSEC,
                                            0, on_takes_part, m) >= 0);
                /* After the first sign of life, however late this is. */
                assert_true(sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE) >= 0);
                (void) manager_run(m);
                if (watchdog[i])
                        assert_in_range(alarm_before, 25 * USEC_PER_SEC, 35 * USEC_PER_SEC);
                else
                        assert_int_equal(alarm_before, 0);
                assert_int_equal(alarm_after, 0);
                assert_int_equal(alarm_usec(), 0);
                source = sd_event_source_unref(source);
                unsetenv("WATCHDOG_USEC");
                m = manager_free(m);
                doubles_end();
                doubles_begin();
        }

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                setenv("WATCHDOG_USEC", "40000", 1);
                if (manager_new(&(ManagerOptions){ .root = root }, &m) < 0)
                        _exit(1);
                m->hang_usec = 100 * USEC_PER_MSEC;
                if (sd_event_add_time_relative(
                                    m->event, NULL, CLOCK_MONOTONIC, 300 * USEC_PER_MSEC, 0, on_hang, m) < 0)
                        _exit(1);
                (void) manager_run(m);
                _exit(2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGALRM);
}

/* Waits until the manager has found that it may idle; then a start is decided. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) usec;
        if (m->idle) {
                Effect *f = doubles_effect(EVENT_PROBE, EFFECT_START);

                assert_ptr_equal(userdata, m);
                f->app = strdup("distro");
                f->from_node = strdup("");
                while (*next_notification())
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
        (void) state;
        listen_for_notifications();
        setenv("WATCHDOG_USEC", "100000", 1);
        unsetenv("WATCHDOG_PID");
        doubles.synced = true;
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 0, 0, on_begun, NULL) >= 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 0, 0, on_idle, m) >= 0);
        (void) manager_run(m);
        assert_string_equal(next_notification(), "WATCHDOG_USEC=100000");
        assert_false(m->idle);
        assert_int_equal(m->heartbeat_usec, 25000);
        unsetenv("WATCHDOG_USEC");
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
        /* A manager with nothing to do may rest for long; what the host slept counts all the same. */
        m->idle = true;
        m->turn_boottime_usec -= m->isolation_usec;
        m->turn_monotonic_usec -= m->isolation_usec;
        doubles.group.probe(m, 1);
        assert_trace("event probe\n");
        m->idle = true;
        m->turn_boottime_usec -= m->isolation_usec;
        doubles.group.probe(m, 1);
        assert_trace("forget-probes\nevent suspended\nevent probe\n");
}

static int on_units_read(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *manager = userdata;

        (void) source;
        (void) usec;
        /* There is no bus here, and looking for it makes turns. */
        loop_disarm(manager->systemd_link.timer);
        loop_disarm(manager->clients_link.timer);
        doubles.units.ready(manager);
        return 0;
}

static int on_long_enough(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void) source;
        (void) usec;
        loop_exit(userdata, MANAGER_EXIT_SUCCESS);
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

/* ---- the system bus ---- */

static unsigned n_connections;

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        (void) source;
        (void) revents;
        (void) userdata;
        assert_true(connection >= 0);
        n_connections++;
        close(connection);
        return 0;
}

/* A bus that takes connections and closes them, as one at its limit does, is not taken for one that answers: it is
 * tried again after 100 ms, 200, 400, 800 and so on. */
static void test_bus_that_closes(void **state)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char variable[128];

        (void) state;
        assert_true(fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", root);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 16), 0);
        snprintf(variable, sizeof(variable), "unix:path=%s", address.sun_path);
        setenv("DBUS_SYSTEM_BUS_ADDRESS", variable, 1);
        n_connections = 0;
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        assert_true(sd_event_add_io(m->event, NULL, fd, EPOLLIN, on_connection, NULL) >= 0);
        assert_true(sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, 1400 * USEC_PER_MSEC, 0,
                                    on_enough, m) >= 0);
        (void) manager_run(m);
        close(fd);
        assert_in_range(n_connections, 4, 8); /* of two links */
        assert_true(m->systemd_link.was_lost);
        assert_in_range(m->systemd_link.delay_usec, 2 * RECONNECT_MIN_USEC, 8 * RECONNECT_MIN_USEC);
        assert_true(m->clients_link.was_lost);
        assert_in_range(m->clients_link.delay_usec, 2 * RECONNECT_MIN_USEC, 8 * RECONNECT_MIN_USEC);
}

/* ---- files ---- */

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

        /* Warnings are counted, and what is not read by anybody is one. */
        assert_int_equal(m->n_file_warnings, 0);
        write_file(SYSCONFDIR "/distro-manager/applications/shop.service", "[Service]\n");
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("changed  \nevent definitions right=1 wrong=0 more\n");
        assert_int_equal(m->n_file_warnings, 1);
}

/* An address that runs here already stays where it is. */
static void test_reload_with_a_shared_address(void **state)
{
        (void) state;
        begin_quietly();
        write_file(SYSCONFDIR "/distro-manager/applications/distro.app",
                        APP_TEXT "[Parts]\nAddress=192.0.2.20/24\n");
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("changed distro \nevent definitions right=1 wrong=0 distro\n");
        write_file(SYSCONFDIR "/distro-manager/applications/admin.app",
                        APP_TEXT "[Parts]\nAddress=192.0.2.20/24\n");
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("event definitions right=1 wrong=1 distro\n");
        assert_int_equal(m->apps.n_items, 1);
        assert_string_equal(m->apps.failures[0].name, "admin");
        assert_int_equal(m->apps.items[0].parts.n_items, 1);
}

#define SHORT_TEXT                                                                               \
        "[Application]\nNodes=abc bcd\nFailoverDelaySec=1s\n[Service]\nExecStart=/bin/sleep 1\n" \
        "[Parts]\nMount=/dev/sdb1 /srv ext4\n"

/* Too short for what outlives a kill: refused in a file that is new to the group, and in no other. */
static void test_reload_with_a_short_delay(void **state)
{
        App *known;

        (void) state;
        begin_quietly();
        known = state_add_app(&doubles.state, "known");
        assert_non_null(known);
        known->last_epoch = 5;
        write_file(SYSCONFDIR "/distro-manager/applications/known.app", SHORT_TEXT);
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("changed known \nevent definitions right=2 wrong=0 distro\n");
        known->last_epoch = 0;
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("changed known \nevent definitions right=2 wrong=1 distro\n"); /* the last good one stays */
        assert_string_equal(m->apps.failures[0].name, "known");
        assert_non_null(strstr(m->apps.failures[0].text, "FailoverDelaySec=1s is shorter than the "));
}

/* A node has got the address of an application: the next reading says so. */
static void test_reload_after_a_nodelist(void **state)
{
        (void) state;
        begin_quietly();
        write_file(SYSCONFDIR "/distro-manager/applications/distro.app",
                        APP_TEXT "[Parts]\nAddress=192.0.2.20/24\n");
        doubles.cluster_address = "192.0.2.20";
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\n");
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("event definitions right=1 wrong=1 distro\n");
        doubles.cluster_address = NULL;
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\n");
        assert_int_equal(raise(SIGHUP), 0);
        turn_until_quiet(200 * USEC_PER_MSEC);
        assert_trace("changed distro \nevent definitions right=1 wrong=0 distro\n");
}

/* ---- the cluster ---- */

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
        /* It has: the group is told. */
        m->takes_part = true;
        view.view.n_ring_nodes = 3;
        doubles.cluster_nodes[2] = "def";
        doubles.group.view(m, &view);
        turn();
        assert_trace("read-cluster\nevent view\nevent nodelist abc bcd def\n");
        assert_false(m->exiting);
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\n");
}

/* A manager that waits for its peers has only what it began with. */
static void test_changed_nodelist_while_waiting(void **state)
{
        (void) state;
        begin_quietly();
        doubles.cluster_nodes[2] = "def";
        doubles.group.configuration(m);
        turn();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_FAILURE);
}

/* corosync.conf was loaded again. */
static void test_other_timeouts(void **state)
{
        (void) state;
        begin_quietly();
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\n");
        doubles.cluster_token_usec = 10 * USEC_PER_SEC;
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\nevent timing\nchanged  \n");
        assert_true(m->isolation_usec ==
                        timing_of(10 * USEC_PER_SEC, 1200 * USEC_PER_MSEC, 0, false).isolation_usec);
        assert_false(m->exiting);
}

/* What was read is the manager's from then on, the device's model with it. */
static void test_device_comes_and_goes(void **state)
{
        (void) state;
        begin_quietly();
        doubles.cluster_device = "net";
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\nevent timing\nchanged  \n");
        assert_string_equal(m->cluster->device_model, "net");
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\n");
        assert_string_equal(m->cluster->device_model, "net");
        doubles.cluster_device = NULL;
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\nevent timing\nchanged  \n");
        assert_null(m->cluster->device_model);
}

static void test_removed_node(void **state)
{
        (void) state;
        begin_quietly();
        m->takes_part = true;
        doubles.cluster_nodes[1] = NULL;
        doubles.group.configuration(m);
        turn();
        assert_false(m->exiting);
        assert_trace("read-cluster\nevent nodelist abc\n");
}

/* This node itself has another name: the manager ends as for a restart, when somebody else is in step. */
static void test_other_own_name(void **state)
{
        (void) state;
        begin_quietly();
        m->takes_part = true;
        doubles.cluster_nodes[0] = "renamed";
        doubles.group.configuration(m);
        turn();
        assert_trace("read-cluster\nevent restart\n");
        assert_false(m->exiting);
        ending_go_on(m);
        turn_until_quiet(200 * USEC_PER_MSEC);
        doubles.group.left(m);
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_FAILURE);
}

static void test_other_nodelist_after_reconnect(void **state)
{
        ClusterInfo *c;

        (void) state;
        begin_quietly();
        m->takes_part = true;
        c = doubles_cluster();
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 5, .self = { 1, 10 }, .cluster = c });
        assert_trace("event connected\n");
        doubles.group.disconnected(m, "words");
        assert_trace("event disconnected\n");
        free(c->nodes[1].name);
        c->nodes[1].name = strdup("renamed");
        doubles.cluster_nodes[1] = "renamed";
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 6, .self = { 1, 10 }, .cluster = c });
        turn();
        assert_trace("event connected\nread-cluster\nevent nodelist abc renamed\n");
        doubles.group.disconnected(m, "words");
        c->own_id = 2;
        doubles.group.connected(m, &(GroupConnected){ .incarnation = 7, .self = { 2, 10 }, .cluster = c });
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

/* ---- who asked ---- */

/* The next line that the journal has got, or "". */
static const char *next_line(int fd)
{
        static char text[2048];
        ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        text[MAX(n, 0)] = '\0';
        return text;
}

static int take_journal(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/journal", root);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        m->journal = journal_free(m->journal);
        assert_int_equal(journal_new(address.sun_path, &m->journal), 0);
        return fd;
}

/* An address that leads to the host itself is named when it comes, once. */
static void test_ring_address(void **state)
{
        (void) state;
        begin_quietly();
        int fd = take_journal();

        doubles.cluster_loopback = "127.0.1.1";
        for (unsigned i = 0; i < 2; i++) {
                doubles.group.configuration(m);
                turn();
                if (i == 0)
                        assert_non_null(strstr(next_line(fd),
                                        "corosync.conf: the ring address 127.0.1.1 is every host's own"));
                assert_string_equal(next_line(fd), "");
        }
        assert_false(m->exiting);
        doubles.cluster_loopback = NULL;
        close(fd);
}

/* Who asks stands first, with what the bus knows; one user's refusals leave the others room, and those who may their
 * lines. */
static void test_asked(void **state)
{
        BusAsked asked = { .verb = "TakeoverApplication",
                .app = "distro",
                .node = "bcd",
                .force = true,
                .known = true,
                .pid = 77,
                .comm = "distroctl" },
                 nobody = { .verb = "Permit",
                         .app = "x",
                         .node = "a b",
                         .has_flag = true,
                         .known = true,
                         .uid = 65534,
                         .comm = "",
                         .refusal = "You may not." },
                 other = nobody, unknown = nobody;

        (void) state;
        begin_quietly();
        int fd = take_journal();

        asked_note(m, &asked);
        const char *line = next_line(fd);
        assert_non_null(strstr(line, "MESSAGE=distro: user 0 (process 77 \"distroctl\") asks for "
                                     "TakeoverApplication bcd with force\n"));
        assert_non_null(strstr(line, "\nDISTRO_APPLICATION=distro\nDISTRO_NODE=bcd\n"));
        assert_non_null(strstr(line, "\nDISTRO_CALLER_UID=0\n"));

        asked_note(m, &nobody);
        line = next_line(fd);
        assert_non_null(strstr(line, "MESSAGE=x: user 65534 asks for Permit ? no; refused: You may not.\n"));
        assert_null(strstr(line, "OBJECT_PID"));
        for (unsigned i = 1; i < 30; i++) {
                asked_note(m, &nobody);
                assert_int_equal(*next_line(fd) != '\0', i < 20);
        }

        other.uid = 5;
        other.unsure = true;
        asked_note(m, &other);
        assert_non_null(strstr(
                        next_line(fd), "user 5 asks for Permit ? no; not known to be done: You may not.\n"));
        nobody.refusal = NULL;
        asked_note(m, &nobody);
        assert_non_null(strstr(next_line(fd), "user 65534 asks for Permit ? no\n"));
        unknown.known = false;
        asked_note(m, &unknown);
        line = next_line(fd);
        assert_non_null(strstr(line, "a caller of whom the bus says nothing asks for Permit"));
        assert_null(strstr(line, "CALLER_UID"));

        /* Later the rest is counted. */
        for (size_t i = 0; i < ASKERS_MAX; i++)
                m->askers[i].since_usec = m->askers[i].since_usec ? 1 : 0;
        asked_note(m, &other);
        assert_non_null(strstr(
                        next_line(fd), "MESSAGE=user 65534 asked for 10 more changes that were refused\n"));
        assert_non_null(strstr(next_line(fd), "user 5 asks"));

        /* More users than there is room for: nobody's count is lost without a line. */
        for (uint32_t uid = 100; uid < 100 + 2 * ASKERS_MAX; uid++) {
                other.uid = uid;
                asked_note(m, &other);
                assert_non_null(strstr(next_line(fd), "asks for Permit"));
        }
        assert_string_equal(next_line(fd), "");
        assert_int_equal(close(fd), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_watchdog),
                TEST(test_hang_before_ready),
                TEST(test_idle_watchdog),
                TEST(test_suspended),
                TEST(test_idle_is_not_suspended),
                TEST(test_bus_that_closes),
                TEST(test_reload),
                TEST(test_reload_with_a_shared_address),
                TEST(test_reload_with_a_short_delay),
                TEST(test_reload_after_a_nodelist),
                TEST(test_changed_nodelist),
                TEST(test_changed_nodelist_while_waiting),
                TEST(test_other_own_name),
                TEST(test_other_timeouts),
                TEST(test_device_comes_and_goes),
                TEST(test_removed_node),
                TEST(test_other_nodelist_after_reconnect),
                TEST(test_votes),
                TEST(test_ring_address),
                TEST(test_asked),
        };

        return cmocka_run_group_tests_name("daemon-manager", tests, NULL, NULL);
}
