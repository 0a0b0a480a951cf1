/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fuse: its orders, and the process, whose end of the host is a byte in a pipe here. */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <inttypes.h>

#include "base/clock.h"
#include "fuse/fuse.h"
#include "fuse/self-reboot.h"

/* ---- orders ---- */

static const char *give(Deadlines *d, const char *order)
{
        static char answer[DEADLINE_ANSWER_MAX];

        deadlines_order(d, order, strlen(order), answer);
        return answer;
}

static void test_orders(void **state)
{
        static const struct {
                const char *order, *answer;
        } cases[] = {
                { "ping", "ok" },
                { "arm 7 1000 reboot /srv cannot be unmounted", "ok" },
                { "arm 8 500 poweroff late", "ok" },
                { "arm 7 1500 reboot later", "ok" },
                { "disarm 8", "ok" },
                { "disarm 8", "ok" },
                { "disarm 9", "ok" },
                { "", "error the order is empty or too long" },
                { "ping x", "error the order has to be arm, disarm or ping" },
                { "fire", "error the order has to be arm, disarm or ping" },
                { "arm", "error the serial has to be a number, and not 0" },
                { "arm 0 5 reboot x", "error the serial has to be a number, and not 0" },
                { "arm -1 5 reboot x", "error the serial has to be a number, and not 0" },
                { "arm 1 soon reboot x", "error the deadline has to be a number of microseconds" },
                { "arm 1 99999999999999999999 reboot x",
                                "error the deadline has to be a number of microseconds" },
                { "arm 1 5 halt x", "error the action has to be reboot or poweroff" },
                { "arm 1 5 reboot", "error the reason is missing" },
                { "arm 1 5 reboot ", "error the reason is missing" },
                { "arm 1 5 reboot a\nb", "error the order has to be printable text" },
                { "disarm 8 8", "error the serial has to be a number, and not 0, and the last word" },
        };
        Deadlines d = {};
        const Deadline *first;

        (void) state;
        assert_int_equal(deadlines_open(&d), 0);
        assert_null(deadlines_first(&d));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(give(&d, cases[i].order), cases[i].answer);
                if (i == 2)
                        assert_int_equal(deadlines_first(&d)->serial, 8);
        }
        first = deadlines_first(&d);
        assert_int_equal(first->serial, 7);
        assert_int_equal(first->usec, 1500);
        assert_int_equal(first->action, DEADLINE_REBOOT);
        assert_string_equal(first->reason, "later");
        assert_int_equal(deadlines_open(&d), 1);
}

static void test_bounds(void **state)
{
        char order[DEADLINE_ORDER_MAX + 2], answer[DEADLINE_ANSWER_MAX];
        Deadlines d = {};

        (void) state;
        (void) deadlines_open(&d);
        for (unsigned i = 1; i <= DEADLINES_MAX; i++) {
                snprintf(order, sizeof(order), "arm %u %u reboot x", i, 1000 + i);
                assert_string_equal(give(&d, order), "ok");
        }
        assert_string_equal(give(&d, "arm 1000 1 reboot x"), "error there are too many deadlines");
        assert_string_equal(give(&d, "arm 3 1 reboot x"), "ok"); /* one that is there can be set again */
        assert_int_equal(deadlines_first(&d)->serial, 3);
        assert_string_equal(give(&d, "disarm 5"), "ok");
        assert_string_equal(give(&d, "arm 1000 1 reboot x"), "ok");

        memset(order, 'x', sizeof(order));
        memcpy(order, "arm 3 2 reboot ", strlen("arm 3 2 reboot "));
        deadlines_order(&d, order, DEADLINE_ORDER_MAX + 1, answer);
        assert_string_equal(answer, "error the order is empty or too long");
        deadlines_order(&d, order, DEADLINE_ORDER_MAX, answer);
        assert_string_equal(answer, "ok");
        for (size_t i = 0; i < DEADLINES_MAX; i++)
                if (d.rows[i].serial == 3)
                        assert_int_equal(strlen(d.rows[i].reason), DEADLINE_REASON_MAX - 1);
}

/* What a process before left, and what somebody else wrote there. */
static void test_damaged(void **state)
{
        Deadlines d;

        (void) state;
        memset(&d, 0xff, sizeof(d));
        assert_int_equal(deadlines_open(&d), 0);
        assert_null(deadlines_first(&d));
        assert_string_equal(give(&d, "arm 1 5 reboot x"), "ok");
        assert_string_equal(give(&d, "arm 2 6 reboot y"), "ok");
        d.rows[0].action = _DEADLINE_ACTION_MAX;
        assert_int_equal(deadlines_open(&d), 1);
        assert_int_equal(deadlines_first(&d)->serial, 2);
        d.rows[5] = d.rows[1]; /* twice: the earlier one counts */
        d.rows[5].usec--;
        assert_int_equal(deadlines_open(&d), 1);
        assert_int_equal(deadlines_first(&d)->usec, 5);
        assert_string_equal(give(&d, "disarm 2"), "ok");
        assert_null(deadlines_first(&d));
        assert_string_equal(give(&d, "arm 2 6 reboot y"), "ok");
        d.rows[1] = d.rows[0];
        d.rows[1].serial = 2;
        d.rows[0].serial = 0;
        memset(d.rows[1].reason, 'x', sizeof(d.rows[1].reason));
        assert_int_equal(deadlines_open(&d), 0);
}

/* ---- the process ---- */

static char folder[64];
static int end_fd;

static int end_in_test(DeadlineAction action)
{
        char c = action == DEADLINE_POWEROFF ? 'o' : 'b';

        (void) !write(end_fd, &c, 1);
        _exit(0);
}

typedef struct Fuse {
        pid_t pid;
        int end_fd; /* a byte when it ended the host; its end when it ended */
} Fuse;

static Fuse fuse_start(void)
{
        FuseParameters p = { .directory = folder, .state_directory = folder };
        int fds[2];
        Fuse f;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f.end_fd = fds[0];
        f.pid = fork();
        assert_true(f.pid >= 0);
        if (f.pid == 0) {
                end_fd = fds[1];
                last_resort_open(folder, &p.last_resort);
                p.last_resort.end = end_in_test;
                _exit(fuse_run(&p) < 0);
        }
        close(fds[1]);
        return f;
}

/* 'b' or 'o': it ended the host; 0: it ended; '-': neither within the time. */
static char fuse_wait(const Fuse *f, int ms)
{
        struct pollfd pfd = { .fd = f->end_fd, .events = POLLIN };
        char c = 0;

        if (poll(&pfd, 1, ms) == 0)
                return '-';
        (void) !read(f->end_fd, &c, 1);
        return c;
}

static void fuse_stop(Fuse *f, int signal)
{
        kill(f->pid, signal);
        assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
        close(f->end_fd);
}

/* An order and its answer. The fuse may be about to begin. */
static void order(const char *format, ...) _printf_(1, 2);
static void order(const char *format, ...)
{
        struct sockaddr_un to = { .sun_family = AF_UNIX }, from = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        char text[400], answer[200];
        ssize_t n;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        snprintf(to.sun_path, sizeof(to.sun_path), "%s/fuse", folder);
        assert_int_equal(bind(fd, (struct sockaddr *) &from, sizeof(sa_family_t)),
                        0); /* an address of its own */
        for (unsigned tries = 0; sendto(fd, text, strlen(text), 0, (struct sockaddr *) &to, sizeof(to)) < 0;
                        tries++) {
                assert_true(tries < 1000);
                (void) poll(NULL, 0, 10);
        }
        assert_int_equal(poll(&pfd, 1, 10000), 1);
        n = recv(fd, answer, sizeof(answer) - 1, 0);
        assert_true(n > 0);
        answer[n] = '\0';
        assert_string_equal(answer, "ok");
        close(fd);
}

static void file(const char *name, char *ret, size_t size)
{
        char path[128];
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "%s%s", folder, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, ret, size - 1);
        ret[MAX(n, (ssize_t) 0)] = '\0';
        close(fd);
}

static void make(const char *name, bool is_folder)
{
        char path[128];
        int fd;

        snprintf(path, sizeof(path), "%s%s", folder, name);
        if (is_folder) {
                assert_int_equal(mkdir(path, 0700), 0);
                return;
        }
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
}

static int set_up(void **state)
{
        (void) state;
        strcpy(folder, "/tmp/test-fuse.XXXXXX");
        assert_non_null(mkdtemp(folder));
        make("/dev", true);
        make("/proc", true);
        make("/dev/kmsg", false);
        make("/dev/console", false);
        make("/proc/sysrq-trigger", false);
        return 0;
}

static int tear_down(void **state)
{
        char command[100];

        (void) state;
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        return system(command); /* NOLINT(cert-env33-c): of this test's own words */
}

/* Past the deadline, in this order: it says why, on both, asks sysrq, then the kernel. */
static void test_goes_off(void **state)
{
        uint64_t begin = clock_usec(CLOCK_BOOTTIME), took;
        Fuse f = fuse_start();
        char text[400];

        (void) state;
        order("arm 5 %" PRIu64 " reboot /srv/nfs cannot be unmounted", begin + 300 * USEC_PER_MSEC);
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        took = clock_usec(CLOCK_BOOTTIME) - begin;
        assert_true(took >= 300 * USEC_PER_MSEC);
        printf("went off %.1f ms after its deadline, with 100 ms for sysrq\n",
                        ((double) took - 300000) / 1000);
        file("/dev/kmsg", text, sizeof(text));
        assert_string_equal(text, "<7>distro-fuse: rebooting: /srv/nfs cannot be unmounted\n");
        file("/dev/console", text, sizeof(text));
        assert_string_equal(text, "distro-fuse: rebooting: /srv/nfs cannot be unmounted\n");
        file("/proc/sysrq-trigger", text, sizeof(text));
        assert_string_equal(text, "b");
        fuse_stop(&f, SIGKILL);
}

/* What it leaves on the disk for the next boot; a disk that hangs holds nothing up. */
static void test_leaves_a_note(void **state)
{
        Fuse f = fuse_start();
        char boot[40], path[128];
        SelfReboot s;

        (void) state;
        order("arm 5 %" PRIu64 " reboot /srv/nfs cannot be unmounted",
                        clock_usec(CLOCK_BOOTTIME) + 10 * USEC_PER_MSEC);
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        assert_int_equal(self_reboot_boot(boot), 0);
        assert_int_equal(self_reboot_read(folder, &s), 0);
        assert_string_equal(s.reason, "/srv/nfs cannot be unmounted");
        assert_string_equal(s.boot, boot);
        fuse_stop(&f, SIGKILL);

        /* Room for it says nothing. A boot has an empty table. */
        snprintf(path, sizeof(path), "%s/fuse.deadlines", folder);
        assert_int_equal(unlink(path), 0);
        snprintf(path, sizeof(path), "%s/" SELF_REBOOT_NAME, folder);
        assert_int_equal(unlink(path), 0);
        f = fuse_start();
        order("arm 5 %" PRIu64 " reboot x", clock_usec(CLOCK_BOOTTIME) + 60 * USEC_PER_SEC);
        for (int i = 0; i < 5000 && access(path, F_OK) < 0; i++)
                (void) poll(NULL, 0, 1);
        assert_int_equal(self_reboot_read(folder, &s), -EBADMSG);
        order("disarm 5");
        fuse_stop(&f, SIGTERM);
}

static void test_disk_hangs(void **state)
{
        uint64_t begin, took;
        char path[128];
        Fuse f;

        (void) state;
        snprintf(path, sizeof(path), "%s/" SELF_REBOOT_NAME, folder);
        assert_int_equal(mkfifo(path, 0600), 0); /* who opens it to write waits for a reader */
        f = fuse_start();
        begin = clock_usec(CLOCK_BOOTTIME);
        order("arm 5 %" PRIu64 " reboot x", begin + 10 * USEC_PER_MSEC);
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        took = clock_usec(CLOCK_BOOTTIME) - begin;
        printf("went off %.1f ms after its deadline beside a disk that hangs\n",
                        ((double) took - 10000) / 1000);
        assert_true(took < 5 * USEC_PER_SEC);
        fuse_stop(&f, SIGKILL);
}

static void test_self_reboot_parse(void **state)
{
        static const char *const bad[] = { "", "boot=x\nat=1\nreason=r\n", "boot=x\nat=y\nreason=r\nend\n",
                "at=1\nboot=x\nreason=r\nend\n", "boot=x\nat=1\nreason=r\nend\nmore\n",
                "boot=0123456789012345678901234567890123456789\nat=1\nreason=r\nend\n" };
        char text[SELF_REBOOT_BYTES];
        SelfReboot s = { .realtime_usec = 77, .boot = "b", .reason = "" }, again;

        (void) state;
        memset(s.reason, 'x', sizeof(s.reason) - 1);
        self_reboot_format(&s, text);
        assert_int_equal(self_reboot_parse(text, sizeof(text), &again), 0);
        assert_int_equal(again.realtime_usec, 77);
        assert_string_equal(again.boot, "b");
        assert_string_equal(again.reason, s.reason);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(self_reboot_parse(bad[i], strlen(bad[i]), &again), -EBADMSG);
}

/* How often the fuse has slept: it wakes up for orders and deadlines alone. */
static unsigned sleeps(const Fuse *f)
{
        char path[64], line[128];
        unsigned n = 0;
        FILE *s;

        snprintf(path, sizeof(path), "/proc/%d/status", (int) f->pid);
        s = fopen(path, "re");
        assert_non_null(s);
        while (fgets(line, sizeof(line), s))
                if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
                        n = (unsigned) strtoul(line + 24, NULL, 10);
        fclose(s);
        return n;
}

static uint64_t cpu_usec(const Fuse *f)
{
        clockid_t clock;
        struct timespec t;

        assert_int_equal(clock_getcpuclockid(f->pid, &clock), 0);
        assert_int_equal(clock_gettime(clock, &t), 0);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

static void test_sleeps(void **state)
{
        Fuse f = fuse_start();
        unsigned before;
        uint64_t used;

        (void) state;
        order("arm 5 %" PRIu64 " reboot x", clock_usec(CLOCK_BOOTTIME) + 60 * USEC_PER_SEC);
        order("ping");
        before = sleeps(&f);
        used = cpu_usec(&f);
        assert_int_equal(fuse_wait(&f, 300), '-');
        assert_true(sleeps(&f) - before <= 2);
        assert_true(cpu_usec(&f) - used < 20 * USEC_PER_MSEC);
        order("disarm 5");
        fuse_stop(&f, SIGTERM);
}

static void test_is_put_off(void **state)
{
        Fuse f = fuse_start();
        uint64_t begin;

        (void) state;
        begin = clock_usec(CLOCK_BOOTTIME);
        order("arm 5 %" PRIu64 " reboot x", begin + 400 * USEC_PER_MSEC);
        order("arm 6 %" PRIu64 " poweroff y", begin + 60 * USEC_PER_SEC);
        order("arm 5 %" PRIu64 " reboot x", begin + 60 * USEC_PER_SEC);
        assert_int_equal(fuse_wait(&f, 700), '-');
        order("disarm 5");
        order("arm 6 %" PRIu64 " poweroff y", clock_usec(CLOCK_BOOTTIME));
        assert_int_equal(fuse_wait(&f, 10000), 'o');
        fuse_stop(&f, SIGKILL);
}

/* A fuse that was killed: the next one reads what stands. One that is stopped goes in peace. */
static void test_next_one(void **state)
{
        Fuse f = fuse_start();
        uint64_t deadline = clock_usec(CLOCK_BOOTTIME) + 500 * USEC_PER_MSEC;

        (void) state;
        order("arm 5 %" PRIu64 " reboot x", deadline);
        fuse_stop(&f, SIGKILL);
        f = fuse_start();
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        assert_true(clock_usec(CLOCK_BOOTTIME) >= deadline);
        fuse_stop(&f, SIGKILL);

        f = fuse_start(); /* the deadline is past */
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        fuse_stop(&f, SIGKILL);
}

/* A container's sysrq would be the host's. */
static void test_container(void **state)
{
        char text[40];
        Fuse f;

        (void) state;
        make("/run", true);
        make("/run/systemd", true);
        make("/run/systemd/container", false);
        f = fuse_start();
        order("arm 5 1 reboot x");
        assert_int_equal(fuse_wait(&f, 10000), 'b');
        file("/proc/sysrq-trigger", text, sizeof(text));
        assert_string_equal(text, "");
        fuse_stop(&f, SIGKILL);
}

/* Nobody but root can make a host reboot, and who asks for nothing keeps no deadline waiting. */
static void test_others(void **state)
{
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        Fuse f = fuse_start();
        int status;
        pid_t pid;

        (void) state;
        order("ping");
        snprintf(to.sun_path, sizeof(to.sun_path), "%s/fuse", folder);
        assert_int_equal(chmod(folder, 0755), 0);
        pid = fork();
        if (pid == 0) {
                int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

                if (geteuid() == 0 && setuid(65534) < 0)
                        _exit(2);
                if (geteuid() != 65534)
                        _exit(0); /* not as root: there is no other user to be */
                _exit(sendto(fd, "arm 9 1 reboot x", 16, 0, (struct sockaddr *) &to, sizeof(to)) < 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(fuse_wait(&f, 100), '-');

        order("arm 5 %" PRIu64 " reboot x", clock_usec(CLOCK_BOOTTIME) + 300 * USEC_PER_MSEC);
        pid = fork();
        if (pid == 0) {
                int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

                alarm(20);
                for (;;)
                        (void) sendto(fd, "ping", 4, MSG_DONTWAIT, (struct sockaddr *) &to, sizeof(to));
        }
        assert_int_equal(fuse_wait(&f, 3000), 'b');
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        fuse_stop(&f, SIGKILL);
}

static void test_ends(void **state)
{
        Fuse f = fuse_start();
        int status;

        (void) state;
        order("ping");
        kill(f.pid, SIGTERM);
        assert_int_equal(waitpid(f.pid, &status, 0), f.pid);
        assert_int_equal(status, 0);
        close(f.end_fd);
}

int main(void)
{
#define PROCESS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_orders),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_damaged),
                PROCESS(test_goes_off),
                cmocka_unit_test(test_self_reboot_parse),
                PROCESS(test_leaves_a_note),
                PROCESS(test_disk_hangs),
                PROCESS(test_sleeps),
                PROCESS(test_is_put_off),
                PROCESS(test_next_one),
                PROCESS(test_container),
                PROCESS(test_others),
                PROCESS(test_ends),
        };

        alarm(60); /* nothing here waits for so long */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
