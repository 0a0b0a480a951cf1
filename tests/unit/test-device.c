/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* distro-device with real file systems on loop devices. Needs root, losetup(8) and mkfs.ext4(8); says what is missing and
 * is skipped without. */

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "device/device-hold.h"
#include "device/users.h"

#define SKIPPED 77
#define PATIENCE_MS 20000

static char folder[64], loop[64], where[80];

/* ---- the device ---- */

static bool run(const char *format, ...) _printf_(1, 2);
static bool run(const char *format, ...)
{
        char command[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(command, sizeof(command), format, ap);
        va_end(ap);
        return system(command) == 0; /* NOLINT(cert-env33-c): of this test's own words */
}

static bool make_device(void)
{
        FILE *f;

        strcpy(folder, "/var/tmp/test-device.XXXXXX");
        if (!mkdtemp(folder))
                return false;
        snprintf(where, sizeof(where), "%s/mnt", folder);
        if (mkdir(where, 0700) < 0 ||
                        !run("truncate -s 16M %s/image && mkfs.ext4 -q %s/image", folder, folder) ||
                        !run("losetup -f --show %s/image >%s/loop", folder, folder))
                return false;
        snprintf(loop, sizeof(loop), "%s/loop", folder);
        f = fopen(loop, "re");
        if (!f)
                return false;
        if (fscanf(f, "%63s", loop) != 1)
                loop[0] = '\0';
        fclose(f);
        return loop[0] == '/';
}

static void remove_device(void)
{
        (void) umount2(where, MNT_DETACH);
        if (loop[0] == '/')
                (void) run("losetup -d %s 2>/dev/null", loop);
        (void) run("rm -rf %s", folder);
}

static void mount_it(void)
{
        assert_int_equal(mount(loop, where, "ext4", 0, NULL), 0);
}

static void unmount_it(void)
{
        assert_int_equal(umount(where), 0);
}

/* ---- the program ---- */

typedef struct Program {
        pid_t pid;
        int notify_fd;
        bool ready;
        char status[512];
} Program;

static Program start(const char *verb, const char *device, const char *timeout)
{
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        const char *top = getenv("top_builddir");
        char path[256];
        Program p = { .notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) };

        snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", folder);
        (void) unlink(sa.sun_path);
        assert_int_equal(bind(p.notify_fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        snprintf(path, sizeof(path), "%s/distro-device", top ? top : ".");
        p.pid = fork();
        assert_true(p.pid >= 0);
        if (p.pid == 0) {
                setenv("NOTIFY_SOCKET", sa.sun_path, 1);
                execl(path, path, verb, device, timeout, NULL);
                _exit(99);
        }
        return p;
}

/* Takes what it says until `wanted` is in its status, or it is ready where that is NULL; false: it ended before. */
static bool hears(Program *p, const char *wanted)
{
        for (;;) {
                char text[600];
                struct pollfd pfd = { .fd = p->notify_fd, .events = POLLIN };
                const char *status;
                siginfo_t ended = {};
                ssize_t n;

                if (wanted ? strstr(p->status, wanted) != NULL : p->ready)
                        return true;
                if (poll(&pfd, 1, 50) == 0) {
                        assert_int_equal(
                                        waitid(P_PID, (id_t) p->pid, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
                        if (ended.si_pid != 0)
                                return false;
                        continue;
                }
                n = recv(p->notify_fd, text, sizeof(text) - 1, 0);
                assert_true(n > 0);
                text[n] = '\0';
                p->ready = p->ready || strstr(text, "READY=1");
                status = strstr(text, "STATUS=");
                if (status)
                        snprintf(p->status, sizeof(p->status), "%s", status + strlen("STATUS="));
        }
}

static int ends(Program *p)
{
        int status;

        while (hears(p, "\n"))
                ;
        assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
        close(p->notify_fd);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* A process that uses the file system: its folder is there, or `in_namespace` it has the mount for itself. It goes on when
 * the test closes *ret_fd. */
static pid_t start_user(bool in_namespace, int *ret_fd)
{
        int ready[2], go[2];
        pid_t pid;
        char c;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        assert_int_equal(pipe2(go, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(go[1]);
                if (in_namespace ? unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE,
                                                                               NULL) < 0
                                 : chdir(where) < 0)
                        _exit(1);
                (void) !write(ready[1], "x", 1);
                (void) !read(go[0], &c, 1);
                _exit(0);
        }
        close(ready[1]);
        close(go[0]);
        assert_int_equal(read(ready[0], &c, 1), 1);
        close(ready[0]);
        *ret_fd = go[1];
        return pid;
}

static void end_user(pid_t pid, int fd)
{
        close(fd);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- what is seen ---- */

static void test_states(void **state)
{
        Block b;
        char *text;
        dev_t number;

        (void) state;
        assert_int_equal(block_examine(loop, 0, &b), 0);
        assert_int_equal(b.state, BLOCK_FREE);
        mount_it();
        assert_int_equal(block_examine(loop, 0, &b), 0);
        assert_int_equal(b.state, BLOCK_MOUNTED);
        assert_string_equal(b.where, where);
        assert_int_equal(b.file_system, b.number);
        number = b.number;
        block_done(&b);
        unmount_it();
        assert_int_equal(block_examine("/nowhere/at/all", number, &b), 0);
        assert_int_equal(b.state, BLOCK_FREE);
        assert_int_equal(block_examine("/nowhere/at/all", makedev(250, 99999), &b), 0);
        assert_int_equal(b.state, BLOCK_ABSENT);
        assert_int_equal(block_examine("/nowhere/at/all", 0, &b), 0);
        assert_int_equal(b.state, BLOCK_ABSENT);
        assert_int_equal(block_examine("/dev/null", 0, &b), 0);
        assert_int_equal(b.state, BLOCK_NO_DEVICE);
        text = block_to_words("/dev/null", &b);
        assert_string_equal(text, "/dev/null is not a block device");
        free(text);
        text = block_identity(loop);
        assert_int_equal(strncmp(text, "UUID=", 5), 0);
        assert_int_equal(strlen(text), 5 + 36);
        free(text);
        text = block_identity("/dev/null");
        assert_string_equal(text, "");
        free(text);
}

static void test_other_name(void **state)
{
        char link[128];
        Block b;

        (void) state;
        snprintf(link, sizeof(link), "%s/by-id", folder);
        assert_int_equal(symlink(loop, link), 0);
        mount_it();
        assert_int_equal(block_examine(link, 0, &b), 0);
        assert_int_equal(b.state, BLOCK_MOUNTED);
        block_done(&b);
        unmount_it();
        unlink(link);
}

/* ---- what the program does ---- */

static void test_beginning(void **state)
{
        Program p;

        (void) state;
        p = start("hold", "/nowhere/at/all", NULL);
        assert_int_equal(ends(&p), DEVICE_ABSENT);
        assert_false(p.ready);
        assert_string_equal(p.status, "/nowhere/at/all is not there");
        p = start("hold", "/dev/null", NULL);
        assert_int_equal(ends(&p), DEVICE_ABSENT);
        mount_it();
        p = start("hold", loop, NULL);
        assert_int_equal(ends(&p), DEVICE_MOUNTED);
        assert_false(p.ready);
        assert_non_null(strstr(p.status, " is mounted at "));
        assert_non_null(strstr(p.status, " already"));
        unmount_it();
        p = start("hold", "relative", NULL);
        assert_int_equal(ends(&p), DEVICE_INVALID);
        p = start("hold", loop, "--timeout=soon");
        assert_int_equal(ends(&p), DEVICE_INVALID);
}

static void test_ends_when_free(void **state)
{
        Program p = start("hold", loop, NULL);

        (void) state;
        assert_true(hears(&p, NULL));
        assert_non_null(strstr(p.status, ", UUID="));
        mount_it(); /* beside it, nothing stands in the way */
        unmount_it();
        kill(p.pid, SIGTERM);
        assert_int_equal(ends(&p), DEVICE_FREE);
}

/* umount succeeds, and a process still writes there: it was detached. */
static void test_detached(void **state)
{
        Program p = start("hold", loop, "--timeout=1min");
        char wanted[64];
        pid_t user;
        int fd;

        (void) state;
        assert_true(hears(&p, NULL));
        mount_it();
        user = start_user(false, &fd);
        assert_int_equal(umount2(where, MNT_DETACH), 0);
        kill(p.pid, SIGTERM);
        snprintf(wanted, sizeof(wanted), "used by %d (", (int) user);
        assert_true(hears(&p, "is in use still: "));
        assert_non_null(strstr(p.status, wanted));
        end_user(user, fd);
        assert_int_equal(ends(&p), DEVICE_FREE);
}

/* As a link below /dev/disk/by-… does: it goes, and the device is in use as before. */
static void test_path_goes_away(void **state)
{
        char link[128];
        Program p;
        pid_t user;
        int fd;

        (void) state;
        snprintf(link, sizeof(link), "%s/by-uuid", folder);
        assert_int_equal(symlink(loop, link), 0);
        p = start("hold", link, "--timeout=1min");
        assert_true(hears(&p, NULL));
        mount_it();
        user = start_user(false, &fd);
        assert_int_equal(umount2(where, MNT_DETACH), 0);
        assert_int_equal(unlink(link), 0);
        kill(p.pid, SIGTERM);
        assert_true(hears(&p, "/by-uuid is in use still: used by "));
        end_user(user, fd);
        assert_int_equal(ends(&p), DEVICE_FREE);
}

/* umount succeeds, and the file system is still mounted for a process that has mounts of its own. */
static void test_other_namespace(void **state)
{
        char wanted[96];
        Program p;
        pid_t user;
        int fd;

        (void) state;
        mount_it();
        user = start_user(true, &fd);
        unmount_it();
        p = start("check", loop, "--timeout=200ms");
        assert_int_equal(ends(&p), DEVICE_IN_USE);
        snprintf(wanted, sizeof(wanted), "is in use still: mounted in the mount namespace of %d (",
                        (int) user);
        assert_non_null(strstr(p.status, wanted));
        p = start("hold", loop, NULL);
        assert_int_equal(ends(&p), DEVICE_IN_USE);
        assert_false(p.ready);
        end_user(user, fd);
        p = start("check", loop, NULL);
        assert_int_equal(ends(&p), DEVICE_FREE);
}

/* It is busy, so it could not be unmounted at all. */
static void test_still_mounted(void **state)
{
        char wanted[256];
        pid_t user;
        Program p;
        int fd;

        (void) state;
        mount_it();
        user = start_user(false, &fd);
        p = start("check", loop, "--timeout=0");
        assert_int_equal(ends(&p), DEVICE_IN_USE);
        snprintf(wanted, sizeof(wanted), "%s is mounted at %s still: used by %d (", loop, where, (int) user);
        assert_non_null(strstr(p.status, wanted));
        end_user(user, fd);
        unmount_it();
}

/* More users than are named, with names that are no text. */
static void test_many_users(void **state)
{
        pid_t users[USERS_NAMED_MAX + 2];
        int fds[USERS_NAMED_MAX + 2];
        char *text;
        Block b;

        (void) state;
        mount_it();
        for (size_t i = 0; i < ELEMENTSOF(users); i++)
                users[i] = start_user(false, fds + i);
        assert_int_equal(block_examine(loop, 0, &b), 0);
        text = users_to_words(&b);
        assert_non_null(text);
        assert_non_null(strstr(text, " and 2 more"));
        free(text);
        block_done(&b);
        for (size_t i = ELEMENTSOF(users); i > 0; i--) /* each has the pipes of those before it */
                end_user(users[i - 1], fds[i - 1]);
        unmount_it();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_other_name),
                cmocka_unit_test(test_beginning),
                cmocka_unit_test(test_ends_when_free),
                cmocka_unit_test(test_detached),
                cmocka_unit_test(test_path_goes_away),
                cmocka_unit_test(test_other_namespace),
                cmocka_unit_test(test_still_mounted),
                cmocka_unit_test(test_many_users),
        };
        int failed;

        /* In mounts of its own: what is left behind goes with this process. */
        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
                        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                puts("SKIP: needs root");
                return SKIPPED;
        }
        if (!make_device()) {
                puts("SKIP: there is no loop device, losetup or mkfs.ext4");
                remove_device();
                return SKIPPED;
        }
        alarm(40); /* nothing here waits for so long */
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        remove_device();
        return failed;
}
