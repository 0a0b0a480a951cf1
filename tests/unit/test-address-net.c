/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* distro-address among real hosts: two network namespaces, each with an interface eth0 at the bridge of a third one, in which
 * the test is the client. Namespaces end with the processes that are in them, so that nothing is left however this ends.
 * Needs root, ip(8), veth and bridges; says what is missing and is skipped without. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "address/kernel.h"
#include "base/array.h"
#include "base/text.h"

#define SKIPPED 77
#define LIMIT_USEC (20 * USEC_PER_SEC) /* for what has no bound of its own */
#define WORDS_MAX 16

typedef struct Host {
        pid_t pid;   /* is in the namespace, and does nothing */
        int life_fd; /* it ends when this is closed */
        Mac mac;
} Host;

static char directory[] = "/tmp/test-address-net.XXXXXX";
static char program[4096];
static Host hosts[2];
static Host *const a = &hosts[0], *const b = &hosts[1];

/* The same checks for both families. */
typedef struct Family {
        int family;
        const char *address, *bare, *own[2]; /* the one that moves; those that the hosts have */
} Family;

static const Family families[] = {
        { AF_INET, "192.0.2.10/24", "192.0.2.10", { "192.0.2.2/24", "192.0.2.3/24" } },
        { AF_INET6, "2001:db8::10/64", "2001:db8::10", { "2001:db8::2/64", "2001:db8::3/64" } },
};

static uint64_t now_usec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

/* ---- processes ---- */

static void enter(const Host *h)
{
        char path[64];
        int fd;

        if (!h)
                return;
        snprintf(path, sizeof(path), "/proc/%d/ns/net", (int) h->pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
                _exit(126);
        (void) close(fd);
}

/* A command in a host's namespace; NULL: in the client's. What it prints goes into `output`. Returns its status. */
static int command(const Host *h, char *output, size_t size, const char *words)
{
        int pipes[2], status;
        size_t n = 0;
        pid_t pid;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                enter(h);
                (void) dup2(pipes[1], STDOUT_FILENO);
                (void) dup2(pipes[1], STDERR_FILENO);
                (void) execl("/bin/sh", "sh", "-c", words, NULL);
                _exit(127);
        }
        (void) close(pipes[1]);
        for (;;) {
                char rest[512];
                bool fits = output && n + 1 < size;
                ssize_t k = fits ? read(pipes[0], output + n, size - 1 - n)
                                 : read(pipes[0], rest, sizeof(rest));

                if (k <= 0)
                        break;
                n += fits ? (size_t) k : 0;
        }
        if (output)
                output[n] = '\0';
        (void) close(pipes[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void must(const Host *h, const char *format, ...) _printf_(2, 3);
static void must(const Host *h, const char *format, ...)
{
        char words[512], output[1024];
        va_list ap;

        va_start(ap, format);
        vsnprintf(words, sizeof(words), format, ap);
        va_end(ap);
        if (command(h, output, sizeof(output), words) != 0)
                fail_msg("%s: %s", words, output);
}

/* Whether `ip` prints `text` for these words. */
static bool shows(const Host *h, const char *text, const char *words)
{
        char output[8192];

        (void) command(h, output, sizeof(output), words);
        return strstr(output, text);
}

/* For what tells of no event. */
static void wait_until_shown(const Host *h, const char *text, const char *words)
{
        uint64_t end = now_usec() + LIMIT_USEC;

        while (!shows(h, text, words)) {
                if (now_usec() > end)
                        fail_msg("%s never shows %s", words, text);
                (void) poll(NULL, 0, 2);
        }
}

static bool has_address(const Host *h, const Family *f)
{
        char text[64];

        snprintf(text, sizeof(text), " %s ", f->address);
        return shows(h, text, "ip -o addr show");
}

/* ---- the program, with somebody who listens as systemd does ---- */

typedef struct Keeper {
        pid_t pid;
        int end_fd, notify_fd, said_fd;
        bool ready;
        char status[512]; /* the last STATUS= */
        char said[2048];  /* standard error */
        uint64_t started_usec;
} Keeper;

/* Those whose end nobody has waited for. */
static pid_t running[8];

static void note_running(pid_t from, pid_t to)
{
        FOREACH_ARRAY(p, running, ELEMENTSOF(running))
                if (*p == from) {
                        *p = to;
                        return;
                }
        fail_msg("more are running than can be noted");
}

static Keeper keeper_start(const Host *h, const char *const *words)
{
        static unsigned serial;
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        char path[64];
        int life[2];
        Keeper k = {};

        /* Not an abstract name: those end at the namespace. */
        snprintf(name.sun_path, sizeof(name.sun_path), "%s/notify-%u", directory, ++serial);
        snprintf(path, sizeof(path), "%s/said-%u", directory, serial);
        k.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(k.notify_fd, (struct sockaddr *) &name, sizeof(name)), 0);
        k.said_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(k.said_fd >= 0);
        /* The process has the other end, as long as it lives. */
        assert_int_equal(pipe2(life, O_CLOEXEC), 0);
        k.started_usec = now_usec();
        k.pid = fork();
        assert_true(k.pid >= 0);
        if (k.pid == 0) {
                const char *argv[WORDS_MAX + 2] = { program };

                for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
                        argv[i + 1] = words[i];
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                enter(h);
                if (fcntl(life[1], F_SETFD, 0) < 0)
                        _exit(126);
                (void) setenv("NOTIFY_SOCKET", name.sun_path, true);
                (void) dup2(k.said_fd, STDOUT_FILENO);
                (void) dup2(k.said_fd, STDERR_FILENO);
                (void) execv(program, (char **) argv);
                _exit(127);
        }
        note_running(0, k.pid);
        (void) close(life[1]);
        k.end_fd = life[0];
        return k;
}
#define KEEPER_START(h, ...) keeper_start(h, (const char *const[]){ __VA_ARGS__, NULL })

static void keeper_hears(Keeper *k)
{
        char text[1024];
        ssize_t n;

        while ((n = recv(k->notify_fd, text, sizeof(text) - 1, 0)) > 0) {
                text[n] = '\0';
                if (streq(text, "READY=1"))
                        k->ready = true;
                if (startswith(text, "STATUS="))
                        snprintf(k->status, sizeof(k->status), "%.500s", text + 7);
        }
}

typedef bool (*Condition)(const Keeper *k, const char *text);

static bool is_ready(const Keeper *k, const char *text)
{
        return k->ready;
}

static bool says(const Keeper *k, const char *text)
{
        return strstr(k->status, text);
}

static bool says_not(const Keeper *k, const char *text)
{
        return !strstr(k->status, text);
}

/* Returns false if the process ended before. */
static bool keeper_wait(Keeper *k, Condition condition, const char *text)
{
        uint64_t end = now_usec() + LIMIT_USEC;

        for (;;) {
                struct pollfd fds[] = { { k->notify_fd, POLLIN, 0 }, { k->end_fd, POLLIN, 0 } };

                keeper_hears(k);
                if (condition && condition(k, text))
                        return true;
                if (fds[1].revents)
                        return false;
                if (now_usec() > end)
                        fail_msg("it says \"%s\" and waits for \"%s\"", k->status, text ? text : "its end");
                (void) poll(fds, 2, 100);
                if (fds[1].revents) {
                        keeper_hears(k);
                        return condition && condition(k, text);
                }
        }
}

static void keeper_must(Keeper *k, Condition condition, const char *text)
{
        char said[1024] = "";

        if (keeper_wait(k, condition, text))
                return;
        if (pread(k->said_fd, said, sizeof(said) - 1, 0) <= 0)
                strcpy(said, "it said nothing");
        fail_msg("it ended instead: %s", said);
}

/* Waits for the end. Returns the exit status; 128 and the signal where one ended it. */
static int keeper_end(Keeper *k)
{
        int status;
        ssize_t n;

        (void) keeper_wait(k, NULL, NULL);
        assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
        note_running(k->pid, 0);
        n = pread(k->said_fd, k->said, sizeof(k->said) - 1, 0);
        k->said[MAX(n, 0)] = '\0';
        (void) close(k->end_fd);
        (void) close(k->notify_fd);
        (void) close(k->said_fd);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int keeper_stop(Keeper *k, int signal)
{
        assert_int_equal(kill(k->pid, signal), 0);
        return keeper_end(k);
}

/* What a test that failed has left would make all others fail. */
static int clean(void **state)
{
        FOREACH_ARRAY(k, running, ELEMENTSOF(running)) {
                if (*k > 0) {
                        (void) kill(*k, SIGKILL);
                        (void) waitpid(*k, NULL, 0);
                }
                *k = 0;
        }
        (void) command(a, NULL, 0, "ip link del eth1");
        FOREACH_ARRAY(h, hosts, ELEMENTSOF(hosts)) {
                (void) command(h, NULL, 0,
                                "ip addr del 192.0.2.10/24 dev eth0; ip addr del 2001:db8::10/64 dev eth0");
                (void) command(h, NULL, 0,
                                "ip addr del 198.51.100.10/24 dev eth0; ip addr del 198.51.100.11/24 dev eth0");
        }
        return 0;
}

/* ---- what the client sees ---- */

static Address address_of(const char *text)
{
        _cleanup_free_ char *error = NULL;
        Address address;

        assert_int_equal(address_parse(text, &address, &error), 0);
        return address;
}

/* A socket that sees frames about the address at the client's bridge. */
static int watch_frames(const Family *f)
{
        Address address = address_of(f->address);
        int fd = kernel_open_frames(if_nametoindex("br0"), &address);

        assert_true(fd >= 0);
        return fd;
}

/* The next frame by which a host says that it has the address, or asks for it. */
static Mac next_claim(int fd, const Family *f)
{
        static const Mac nobody;
        Address address = address_of(f->address);
        uint64_t end = now_usec() + LIMIT_USEC;

        for (;;) {
                struct pollfd p = { fd, POLLIN, 0 };
                uint8_t data[256];
                ssize_t n;
                Mac mac;

                assert_true(now_usec() < end);
                if (poll(&p, 1, 100) <= 0)
                        continue;
                n = recv(fd, data, sizeof(data), 0);
                if (n > 0 && frame_is_claim(data, (size_t) n, &address, &nobody, &mac))
                        return mac;
        }
}

/* Makes the client look for the address, so that its table of neighbours has it. */
static void talk_to(const Family *f)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htobe16(9) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htobe16(9) };
        Address address = address_of(f->address);
        int fd = socket(f->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        memcpy(&v4.sin_addr, address.bytes, sizeof(v4.sin_addr));
        memcpy(&v6.sin6_addr, address.bytes, sizeof(v6.sin6_addr));
        assert_true(fd >= 0);
        assert_true(sendto(fd, "x", 1, 0, f->family == AF_INET ? (void *) &v4 : (void *) &v6,
                                    f->family == AF_INET ? sizeof(v4) : sizeof(v6)) == 1);
        (void) close(fd);
}

static bool neighbour_is(const Family *f, const Host *h)
{
        char words[128], text[MAC_TEXT_MAX];

        snprintf(words, sizeof(words), "ip neigh show to %s dev br0", f->bare);
        return shows(NULL, mac_format(text, &h->mac), words);
}

static void wait_for_neighbour(const Family *f, const Host *h)
{
        char words[128], text[MAC_TEXT_MAX];

        snprintf(words, sizeof(words), "ip neigh show to %s dev br0", f->bare);
        wait_until_shown(NULL, mac_format(text, &h->mac), words);
}

static void forget_neighbour(const Family *f)
{
        char words[128];

        snprintf(words, sizeof(words), "ip neigh flush to %s dev br0", f->bare);
        (void) command(NULL, NULL, 0, words); /* none is fine */
}

/* ---- the tests ---- */

static void test_taken(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                char wanted[256], text[MAC_TEXT_MAX];
                uint64_t asked_usec, took_usec;
                Mac asker;
                Keeper k;
                int fd;

                must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                fd = watch_frames(f);
                k = KEEPER_START(b, "run", f->address, "eth0", "--timeout=0");
                asker = next_claim(fd, f);
                asked_usec = now_usec();
                assert_memory_equal(&asker, &b->mac, sizeof(asker));
                assert_int_equal(keeper_end(&k), 2);
                took_usec = now_usec() - asked_usec;
                snprintf(wanted, sizeof(wanted), "%s: another host has it (%s, on eth0)", f->bare,
                                mac_format(text, &a->mac));
                assert_non_null(strstr(k.said, wanted));
                assert_non_null(strstr(k.status, wanted));
                assert_false(k.ready);
                assert_false(has_address(b, f));
                printf("%s: refused %.1f ms after the question\n", f->bare, (double) took_usec / 1000);
                assert_true(took_usec < 300 * USEC_PER_MSEC);
                (void) close(fd);
                must(a, "ip addr del %s dev eth0", f->address);
        }
}

static void test_asked_again(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                Keeper k;

                must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                k = KEEPER_START(b, "run", f->address, "eth0");
                keeper_must(&k, says, "on eth0); it is asked again each second");
                must(a, "ip addr del %s dev eth0", f->address);
                keeper_must(&k, is_ready, NULL);
                assert_true(has_address(b, f));
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        }
}

/* Two that begin at once: not both. */
static void test_asks_at_once(void **state)
{
        const Family *f = &families[0];
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "--timeout=0");
        Keeper l = KEEPER_START(b, "run", f->address, "eth0", "--timeout=0");

        (void) keeper_wait(&k, is_ready, NULL);
        (void) keeper_wait(&l, is_ready, NULL);
        assert_false(k.ready && l.ready);
        if (k.ready)
                assert_int_equal(kill(k.pid, SIGTERM), 0);
        if (l.ready)
                assert_int_equal(kill(l.pid, SIGTERM), 0);
        (void) keeper_end(&k);
        (void) keeper_end(&l);
}

static void test_life(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                char wanted[128];
                Keeper k;

                forget_neighbour(f);
                k = KEEPER_START(a, "run", f->address);
                keeper_must(&k, is_ready, NULL);
                snprintf(wanted, sizeof(wanted), "%s is on eth0", f->address);
                keeper_must(&k, says, wanted);
                talk_to(f);
                wait_for_neighbour(f, a);
                if (f->family == AF_INET)
                        assert_true(shows(a, "192.0.2.10/24 brd 192.0.2.255 scope global secondary eth0",
                                        "ip -o addr show"));
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_string_equal(k.said, "");
                assert_false(has_address(a, f));
        }
}

/* From the start of the process to the first announcement at the client. */
static void test_speed(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                int fd = watch_frames(f);
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                Mac mac = next_claim(fd, f);
                uint64_t took_usec = now_usec() - k.started_usec;

                assert_memory_equal(&mac, &a->mac, sizeof(mac));
                keeper_must(&k, is_ready, NULL);
                printf("%s: added and announced after %.1f ms\n", f->bare, (double) took_usec / 1000);
                assert_true(took_usec < USEC_PER_SEC); /* nobody was asked, and nothing was waited for */
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                (void) close(fd);
        }
}

static void test_announcements(void **state)
{
        static const uint64_t moments_usec[] = { 0, 0, USEC_PER_SEC, USEC_PER_SEC, 5 * USEC_PER_SEC,
                5 * USEC_PER_SEC };
        const Family *f = &families[0];
        int fd = watch_frames(f);
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
        uint64_t first_usec = 0;

        for (size_t i = 0; i < ELEMENTSOF(moments_usec); i++) {
                (void) next_claim(fd, f);
                if (i == 0)
                        first_usec = now_usec();
                assert_true(now_usec() - first_usec + 20 * USEC_PER_MSEC >= moments_usec[i]);
                assert_true(now_usec() - first_usec <= moments_usec[i] + 900 * USEC_PER_MSEC);
        }
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        (void) close(fd);
}

static void test_move(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                uint64_t ready_usec;
                Keeper k;

                forget_neighbour(f);
                k = KEEPER_START(a, "run", f->address, "eth0");
                keeper_must(&k, is_ready, NULL);
                talk_to(f);
                wait_for_neighbour(f, a);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);

                /* One that does not announce: the client does not know. */
                k = KEEPER_START(b, "run", f->address, "eth0", "announce=no");
                keeper_must(&k, is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_true(neighbour_is(f, a));

                k = KEEPER_START(b, "run", f->address, "eth0");
                keeper_must(&k, is_ready, NULL);
                ready_usec = now_usec();
                wait_for_neighbour(f, b); /* the client says nothing meanwhile */
                printf("%s: the client knew of the move %.1f ms after it\n", f->bare,
                                (double) (now_usec() - ready_usec) / 1000);
                assert_true(now_usec() - ready_usec < 900 * USEC_PER_MSEC); /* by the first announcement */
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        }
}

static void test_removed_by_hand(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                char wanted[128];
                uint64_t removed_usec;
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

                keeper_must(&k, is_ready, NULL);
                must(a, "ip addr del %s dev eth0", f->address);
                removed_usec = now_usec();
                assert_int_equal(keeper_end(&k), 1);
                snprintf(wanted, sizeof(wanted), "%s: removed from eth0 by somebody else", f->bare);
                assert_string_equal(k.status, wanted);
                assert_non_null(strstr(k.said, wanted));
                printf("%s: ended %.1f ms after it was removed\n", f->bare,
                                (double) (now_usec() - removed_usec) / 1000);
                assert_true(now_usec() - removed_usec < USEC_PER_SEC);
        }
}

static void test_killed(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

                keeper_must(&k, is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL);
                assert_true(has_address(a, f));
                k = KEEPER_START(a, "del", f->address, "eth0", "check=no");
                assert_int_equal(keeper_end(&k), 0);
                assert_false(has_address(a, f));
                k = KEEPER_START(a, "del", f->address);
                assert_int_equal(keeper_end(&k), 0);
                k = KEEPER_START(a, "del", f->address, "eth9");
                assert_int_equal(keeper_end(&k), 0);

                /* Without del: the next one begins with what is left, and removes it at its end. */
                k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                keeper_must(&k, is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL);
                k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                keeper_must(&k, is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_false(has_address(a, f));
        }
}

/* What somebody else has added is left alone, by whatever comes after the refusal too. */
static void test_not_ours(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *f = &families[i];
                char wanted[128];
                Keeper k;

                must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                k = KEEPER_START(a, "run", f->address, "eth0");
                assert_int_equal(keeper_end(&k), 2);
                snprintf(wanted, sizeof(wanted), "%s: is there already, not by us (on eth0)", f->bare);
                assert_string_equal(k.status, wanted);
                k = KEEPER_START(a, "del", f->address, "eth0");
                assert_int_equal(keeper_end(&k), 0);
                assert_non_null(strstr(k.said, "is on eth0, not by us: left there"));
                assert_true(has_address(a, f));
                must(a, "ip addr del %s dev eth0", f->address);
        }
}

static void test_twice(void **state)
{
        const Family *f = &families[0];
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no"), l;

        keeper_must(&k, is_ready, NULL);
        l = KEEPER_START(a, "run", f->address, "eth0", "check=no");
        assert_int_equal(keeper_end(&l), 2);
        assert_string_equal(l.status, "192.0.2.10: another distro-address has it");
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_false(has_address(a, f));
}

static void test_interfaces(void **state)
{
        static const struct {
                const char *address, *interface, *error;
        } cases[] = {
                { "192.0.2.10/24", "eth9", "there is no interface eth9 on this node" },
                { "198.51.100.10/24", NULL,
                                "198.51.100.10: no interface has an address of its subnet: name one" },
                { "fe80::10/64", NULL, "fe80::10: eth0 and eth1 have addresses of its subnet: name one" },
        };
        Keeper k;

        must(a, "ip link add eth1 type veth peer name eth2 && ip link set eth1 arp off && ip link set eth1 up");
        must(a, "ip addr add fe80::1/64 dev eth1 nodad && ip addr replace fe80::2/64 dev eth0 nodad");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                k = KEEPER_START(a, "run", cases[i].address, cases[i].interface);
                assert_int_equal(keeper_end(&k), 2);
                assert_string_equal(k.status, cases[i].error);
        }
        k = KEEPER_START(a, "run", "192.0.2.10");
        assert_int_equal(keeper_end(&k), 6);
        must(a, "ip addr del fe80::2/64 dev eth0");

        /* One without ARP: nobody can be asked. */
        k = KEEPER_START(a, "run", "203.0.113.5/24", "eth1", "label=eth1:shop");
        keeper_must(&k, is_ready, NULL);
        assert_true(shows(a, "203.0.113.5/24 brd 203.0.113.255 scope global eth1:shop", "ip -o addr show"));
        must(a, "ip link del eth1");
        assert_int_equal(keeper_end(&k), 1);
        assert_string_equal(k.status, "203.0.113.5: eth1 is gone");
}

static void test_carrier(void **state)
{
        const Family *f = &families[0];
        int fd = watch_frames(f);
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

        keeper_must(&k, is_ready, NULL);
        (void) next_claim(fd, f);
        must(NULL, "ip link set port0 down");
        keeper_must(&k, says, "eth0 lost its carrier");
        assert_true(has_address(a, f));
        while (recv(fd, &(uint8_t){ 0 }, 1, MSG_DONTWAIT) >= 0)
                ; /* what was announced before */
        must(NULL, "ip link set port0 up");
        keeper_must(&k, says_not, "carrier");
        (void) next_claim(fd, f);
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_string_equal(k.said, "eth0 lost its carrier\neth0 has its carrier again\n");
        (void) close(fd);
}

static void test_maintenance(void **state)
{
        const Family *f = &families[0];
        char path[64], option[96];
        Keeper k;

        snprintf(path, sizeof(path), "%s/maintenance", directory);
        snprintf(option, sizeof(option), "--maintenance=%s", path);
        assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
        k = KEEPER_START(a, "run", f->address, "eth0", "check=no", option);
        keeper_must(&k, is_ready, NULL);
        must(a, "ip addr del %s dev eth0", f->address);
        keeper_must(&k, says, "failed: 192.0.2.10: removed from eth0 by somebody else");
        /* It stays, also where it has looked again. */
        must(a, "ip addr add %s dev eth0 && ip addr del %s dev eth0", f->address, f->address);
        assert_int_equal(kill(k.pid, 0), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(keeper_end(&k), 1);
        assert_string_equal(k.status, "192.0.2.10: removed from eth0 by somebody else");
}

/* The first address of a subnet goes, and the kernel does not take the others with it. */
static void test_secondaries(void **state)
{
        Keeper k = KEEPER_START(a, "run", "198.51.100.10/24", "eth0", "check=no"), l;

        keeper_must(&k, is_ready, NULL);
        l = KEEPER_START(a, "run", "198.51.100.11/24", "eth0", "check=no");
        keeper_must(&l, is_ready, NULL);
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_true(shows(a, "198.51.100.11/24", "ip -o addr show"));
        assert_false(shows(a, "198.51.100.10/24", "ip -o addr show"));
        assert_int_equal(keeper_stop(&l, SIGTERM), 0);
        assert_string_equal(l.said, "");
        assert_false(shows(a, "198.51.100.11/24", "ip -o addr show"));
}

/* ---- the namespaces ---- */

static int host_begin(Host *h)
{
        int life[2], begun[2];
        char c;

        if (pipe2(life, O_CLOEXEC) < 0 || pipe2(begun, O_CLOEXEC) < 0)
                return -errno;
        h->pid = fork();
        if (h->pid < 0)
                return -errno;
        if (h->pid == 0) {
                (void) close(life[1]);
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (unshare(CLONE_NEWNET) < 0 || write(begun[1], "x", 1) != 1)
                        _exit(1);
                _exit(read(life[0], &c, 1) == 0 ? 0 : 1); /* when the test ends */
        }
        (void) close(life[0]);
        (void) close(begun[1]);
        h->life_fd = life[1];
        if (read(begun[0], &c, 1) != 1)
                return -EPERM;
        (void) close(begun[0]);
        return 0;
}

static void host_connect(Host *h, size_t i)
{
        char words[64];
        Network n;
        Kernel k;

        must(NULL, "ip link add name port%zu type veth peer name eth0 netns %d", i, (int) h->pid);
        must(NULL, "ip link set port%zu master br0 up", i);
        must(h, "ip link set lo up && ip link set eth0 up");
        for (size_t f = 0; f < ELEMENTSOF(families); f++)
                must(h, "ip addr add %s dev eth0 %s", families[f].own[i],
                                families[f].family == AF_INET6 ? "nodad" : "");
        wait_until_shown(h, "LOWER_UP", "ip link show eth0");
        snprintf(words, sizeof(words), "ip -d link show port%zu", i);
        wait_until_shown(NULL, "state forwarding", words);

        /* Its MAC, as its namespace has it. */
        int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        assert_true(own >= 0);
        enter(h);
        assert_int_equal(kernel_open(&k), 0);
        assert_int_equal(kernel_list(&k, AF_INET, &n), 0);
        h->mac = network_interface(&n, if_nametoindex("eth0"))->mac;
        network_done(&n);
        kernel_done(&k);
        assert_int_equal(setns(own, CLONE_NEWNET), 0);
        (void) close(own);
}

static int begin(void **state)
{
        must(NULL, "ip link set lo up && ip link add br0 type bridge mcast_snooping 0 && ip link set br0 up && "
                   "ip addr add 192.0.2.1/24 dev br0 && ip addr add 2001:db8::1/64 dev br0 nodad");
        for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
                host_connect(&hosts[i], i);
        return 0;
}

/* NULL: nothing is missing. */
static const char *what_is_missing(void)
{
        if (geteuid() != 0)
                return "it needs root";
        if (system("ip -V >/dev/null 2>&1") != 0)
                return "there is no ip(8)";
        if (unshare(CLONE_NEWNET) < 0)
                return "no network namespace can be made here";
        for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
                if (host_begin(&hosts[i]) < 0)
                        return "no network namespace can be made here";
        if (system("ip link add probe0 type bridge && ip link del probe0 && "
                   "ip link add probe0 type veth peer name probe1 && ip link del probe0") != 0)
                return "the kernel has no bridges or no veth";
        return NULL;
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_taken, clean),
                cmocka_unit_test_teardown(test_asked_again, clean),
                cmocka_unit_test_teardown(test_asks_at_once, clean),
                cmocka_unit_test_teardown(test_life, clean),
                cmocka_unit_test_teardown(test_speed, clean),
                cmocka_unit_test_teardown(test_announcements, clean),
                cmocka_unit_test_teardown(test_move, clean),
                cmocka_unit_test_teardown(test_removed_by_hand, clean),
                cmocka_unit_test_teardown(test_killed, clean),
                cmocka_unit_test_teardown(test_not_ours, clean),
                cmocka_unit_test_teardown(test_twice, clean),
                cmocka_unit_test_teardown(test_interfaces, clean),
                cmocka_unit_test_teardown(test_carrier, clean),
                cmocka_unit_test_teardown(test_maintenance, clean),
                cmocka_unit_test_teardown(test_secondaries, clean),
        };
        const char *build = getenv("top_builddir"), *missing = what_is_missing();
        char words[128];
        int r;

        if (missing) {
                printf("SKIP: %s\n", missing);
                return SKIPPED;
        }
        /* Times are judged: other processes of this machine are not to be part of them. Where that is not allowed the
         * machine has to be fast enough. */
        (void) sched_setscheduler(0, SCHED_RR, &(struct sched_param){ .sched_priority = 1 });
        snprintf(program, sizeof(program), "%s/distro-address", build ? build : ".");
        if (access(program, X_OK) < 0 || !mkdtemp(directory)) {
                perror(program);
                return 1;
        }
        r = cmocka_run_group_tests(tests, begin, NULL);
        snprintf(words, sizeof(words), "rm -rf %s", directory);
        (void) !system(words);
        return r;
}
