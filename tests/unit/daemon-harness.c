/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon-harness.h"
#include "daemon/ending.h"
#include "daemon/start.h"

char root[64];
Manager *m;
static int saved_stderr, notify_fd = -1, guard_fd = -1;
static sd_event_source *guard_source;

static void make_directory(const char *path)
{
        char text[512];

        snprintf(text, sizeof(text), "mkdir -p %s%s", root, path);
        assert_int_equal(system(text), 0);
}

void write_file(const char *path, const char *text)
{
        char name[512];
        FILE *f;

        snprintf(name, sizeof(name), "%s%s", root, path);
        f = fopen(name, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

bool file_exists(const char *path)
{
        char name[512];

        snprintf(name, sizeof(name), "%s%s", root, path);
        return access(name, F_OK) == 0;
}

int daemon_setup(void **state)
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

void listen_for_notifications(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(notify_fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", root);
        assert_int_equal(bind(notify_fd, (struct sockaddr *) &address, sizeof(address)), 0);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

const char *next_notification(void)
{
        static char text[256];
        ssize_t n = recv(notify_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        text[MAX(n, (ssize_t) 0)] = 0;
        return text;
}

int daemon_teardown(void **state)
{
        char text[128];

        (void) state;
        guard_goes();
        fuse_goes();
        (void) fuse_heard();
        m = manager_free(m);
        doubles_end();
        unsetenv("NOTIFY_SOCKET");
        if (notify_fd >= 0)
                close(notify_fd);
        notify_fd = -1;
        dup2(saved_stderr, STDERR_FILENO);
        close(saved_stderr);
        snprintf(text, sizeof(text), "rm -rf %s", root);
        return system(text);
}

/* The files are read by a thread: on a busy machine that takes its time. */
void turn_until_quiet(uint64_t quiet_usec)
{
        do {
                while (!m->exiting && sd_event_run(m->event, quiet_usec) > 0)
                        ;
        } while (!m->exiting && m->start == START_LOCAL && !m->apps_loaded);
}

void turn(void)
{
        turn_until_quiet(50 * USEC_PER_MSEC);
}

/* ---- the guard, in the manager's own loop ---- */

static int on_manager(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        (void) source;
        (void) events;
        (void) userdata;
        guard_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        assert_true(guard_fd >= 0);
        assert_int_equal(write(guard_fd, GUARD_GREETING, strlen(GUARD_GREETING)), strlen(GUARD_GREETING));
        return 0;
}

void guard_comes(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        guard_goes(); /* the one of an earlier manager, whose loop it keeps */
        assert_true(fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/distro-manager/" GUARD_SOCKET, root);
        (void) unlink(address.sun_path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 1), 0);
        assert_true(sd_event_add_io(m->event, &guard_source, fd, EPOLLIN, on_manager, NULL) >= 0);
        assert_true(sd_event_source_set_io_fd_own(guard_source, true) >= 0);
}

void guard_goes(void)
{
        guard_source = sd_event_source_disable_unref(guard_source);
        if (guard_fd >= 0)
                close(guard_fd);
        guard_fd = -1;
}

const char *guard_heard(void)
{
        static char text[1024];
        ssize_t n = recv(guard_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        text[MAX(n, (ssize_t) 0)] = 0;
        return text;
}

/* ---- the fuse, in the manager's own loop ---- */

bool fuse_is_mute;
static sd_event_source *fuse_source;
static char fuse_orders[2048];

static int on_order(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct sockaddr_un from = {};
        socklen_t size = sizeof(from);
        char order[512];
        ssize_t n = recvfrom(fd, order, sizeof(order) - 1, MSG_DONTWAIT, (struct sockaddr *) &from, &size);
        size_t at = strlen(fuse_orders);

        (void) source;
        (void) events;
        (void) userdata;
        if (n < 0)
                return 0;
        order[n] = 0;
        assert_true(at + (size_t) n + 2 < sizeof(fuse_orders));
        snprintf(fuse_orders + at, sizeof(fuse_orders) - at, "%s\n", order);
        if (!fuse_is_mute)
                assert_int_equal(sendto(fd, "ok", 2, MSG_DONTWAIT, (struct sockaddr *) &from, size), 2);
        return 0;
}

void fuse_comes(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

        fuse_goes();
        assert_true(fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/distro-manager/fuse", root);
        (void) unlink(address.sun_path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
        assert_true(sd_event_add_io(m->event, &fuse_source, fd, EPOLLIN, on_order, NULL) >= 0);
        assert_true(sd_event_source_set_io_fd_own(fuse_source, true) >= 0);
}

void fuse_goes(void)
{
        fuse_source = sd_event_source_disable_unref(fuse_source);
        fuse_is_mute = false;
}

const char *fuse_heard(void)
{
        static char text[sizeof(fuse_orders)];

        memcpy(text, fuse_orders, sizeof(text));
        fuse_orders[0] = 0;
        return text;
}

static void manager_begin(void)
{
        assert_int_equal(ending_watch_signals(m), 0);
        assert_int_equal(start_begin(m), 0);
        if (!m->exiting && doubles.units_ready_now)
                doubles.units.ready(m);
        turn();
}

void begin(void)
{
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        guard_comes();
        fuse_comes();
        manager_begin();
}

void begin_without_a_fuse(void)
{
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        guard_comes();
        manager_begin();
}

void begin_without_a_guard(void)
{
        assert_int_equal(manager_new(&(ManagerOptions){ .root = root }, &m), 0);
        fuse_comes();
        manager_begin();
}

void begin_quietly(void)
{
        begin();
        assert_false(m->exiting);
        assert_int_equal(m->start, START_DONE);
        (void) doubles_trace();
}

void assert_trace(const char *expect)
{
        assert_string_equal(doubles_trace(), expect);
}
