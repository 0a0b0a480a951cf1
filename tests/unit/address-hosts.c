/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address-hosts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"

#define LIMIT_USEC (20 * USEC_PER_SEC) /* for what has no bound of its own */
#define WORDS_MAX 16

static char directory[] = "/tmp/test-address-net.XXXXXX";
static char program[4096];
const Family families[N_FAMILIES] = {
        { AF_INET, "192.0.2.10/24", "192.0.2.10", { "192.0.2.2/24", "192.0.2.3/24" } },
        { AF_INET6, "2001:db8::10/64", "2001:db8::10", { "2001:db8::2/64", "2001:db8::3/64" } },
};

Host hosts[N_HOSTS];

uint64_t net_now_usec(void)
{
        return clock_usec(CLOCK_BOOTTIME);
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

void net_must(const Host *h, const char *format, ...)
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
bool net_shows(const Host *h, const char *text, const char *words)
{
        char output[8192];

        (void) command(h, output, sizeof(output), words);
        return strstr(output, text);
}

/* For what tells of no event. */
static void wait_until_shown(const Host *h, const char *text, const char *words)
{
        uint64_t end = net_now_usec() + LIMIT_USEC;

        while (!net_shows(h, text, words)) {
                if (net_now_usec() > end)
                        fail_msg("%s never shows %s", words, text);
                (void) poll(NULL, 0, 2);
        }
}

bool net_has_address(const Host *h, const Family *f)
{
        char text[64];

        snprintf(text, sizeof(text), " %s ", f->address);
        return net_shows(h, text, NET_SHOW_ADDRESSES);
}

/* ---- the program, with somebody who listens as systemd does ---- */

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

Keeper keeper_start(const Host *h, const char *const *words)
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
        k.started_usec = net_now_usec();
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

bool keeper_is_ready(const Keeper *k, const char *text)
{
        return k->ready;
}

bool keeper_says(const Keeper *k, const char *text)
{
        return strstr(k->status, text);
}

bool keeper_says_not(const Keeper *k, const char *text)
{
        return !strstr(k->status, text);
}

/* Returns false if the process ended before. */
bool keeper_wait(Keeper *k, Condition condition, const char *text)
{
        uint64_t end = net_now_usec() + LIMIT_USEC;

        for (;;) {
                struct pollfd fds[] = { { k->notify_fd, POLLIN, 0 }, { k->end_fd, POLLIN, 0 } };

                keeper_hears(k);
                if (condition && condition(k, text))
                        return true;
                if (fds[1].revents)
                        return false;
                if (net_now_usec() > end)
                        fail_msg("it says \"%s\" and waits for \"%s\"", k->status, text ? text : "its end");
                (void) poll(fds, 2, 100);
                if (fds[1].revents) {
                        keeper_hears(k);
                        return condition && condition(k, text);
                }
        }
}

void keeper_must(Keeper *k, Condition condition, const char *text)
{
        char said[1024] = "";

        if (keeper_wait(k, condition, text))
                return;
        if (pread(k->said_fd, said, sizeof(said) - 1, 0) <= 0)
                strcpy(said, "it said nothing");
        fail_msg("it ended instead: %s", said);
}

/* Waits for the end. Returns the exit status; 128 and the signal where one ended it. */
int keeper_end(Keeper *k)
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

int keeper_stop(Keeper *k, int signal)
{
        assert_int_equal(kill(k->pid, signal), 0);
        return keeper_end(k);
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
int client_watch(const Family *f)
{
        Address address = address_of(f->address);
        int fd = kernel_open_frames(if_nametoindex("br0"), &address);

        assert_true(fd >= 0);
        return fd;
}

/* The next frame by which a host says that it has the address, or asks for it. */
Mac client_next_claim(int fd, const Family *f)
{
        static const Mac nobody;
        Address address = address_of(f->address);
        uint64_t end = net_now_usec() + LIMIT_USEC;

        for (;;) {
                struct pollfd p = { fd, POLLIN, 0 };
                uint8_t data[256];
                ssize_t n;
                Mac mac;

                assert_true(net_now_usec() < end);
                if (poll(&p, 1, 100) <= 0)
                        continue;
                n = recv(fd, data, sizeof(data), 0);
                if (n > 0 && frame_is_claim(data, (size_t) n, &address, &nobody, &mac))
                        return mac;
        }
}

/* Makes the client look for the address, so that its table of neighbours has it. */
void client_talk_to(const Family *f)
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

bool client_neighbour_is(const Family *f, const Host *h)
{
        char words[128], text[MAC_TEXT_MAX];

        snprintf(words, sizeof(words), "ip neigh show to %s dev br0", f->bare);
        return net_shows(NULL, mac_format(text, &h->mac), words);
}

void client_wait_for_neighbour(const Family *f, const Host *h)
{
        char words[128], text[MAC_TEXT_MAX];

        snprintf(words, sizeof(words), "ip neigh show to %s dev br0", f->bare);
        wait_until_shown(NULL, mac_format(text, &h->mac), words);
}

void client_forget_neighbour(const Family *f)
{
        char words[128];

        snprintf(words, sizeof(words), "ip neigh flush to %s dev br0", f->bare);
        (void) command(NULL, NULL, 0, words); /* none is fine */
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

        net_must(NULL, "ip link add name port%zu type veth peer name eth0 netns %d", i, (int) h->pid);
        net_must(NULL, "ip link set port%zu master br0 up", i);
        net_must(h, "ip link set lo up && ip link set eth0 up");
        for (size_t f = 0; f < N_FAMILIES; f++)
                net_must(h, "ip addr add %s dev eth0 %s", families[f].own[i],
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

int net_connect(void **state)
{
        net_must(NULL, "ip link set lo up && ip link add br0 type bridge mcast_snooping 0 && ip link set br0 up && "
                       "ip addr add 192.0.2.1/24 dev br0 && ip addr add 2001:db8::1/64 dev br0 nodad");
        for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
                host_connect(&hosts[i], i);
        return 0;
}

/* NULL: nothing is missing. */
const char *net_what_is_missing(void)
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

/* What a test that failed has left would make all others fail. */
int net_clean(void **state)
{
        FOREACH_ARRAY(k, running, ELEMENTSOF(running)) {
                if (*k > 0) {
                        (void) kill(*k, SIGKILL);
                        (void) waitpid(*k, NULL, 0);
                }
                *k = 0;
        }
        (void) command(&hosts[0], NULL, 0, "ip link del eth1");
        FOREACH_ARRAY(h, hosts, ELEMENTSOF(hosts)) {
                (void) command(h, NULL, 0,
                                "ip addr del 192.0.2.10/24 dev eth0; ip addr del 2001:db8::10/64 dev eth0");
                (void) command(h, NULL, 0,
                                "ip addr del 198.51.100.10/24 dev eth0; ip addr del 198.51.100.11/24 dev eth0");
        }
        return 0;
}

int net_begin(void)
{
        const char *build = getenv("top_builddir");
        char locks[64];

        snprintf(program, sizeof(program), "%s/distro-address", build ? build : ".");
        if (access(program, X_OK) < 0 || !mkdtemp(directory))
                return -errno;
        net_path(locks, sizeof(locks), "locks");
        return setenv("DISTRO_ADDRESS_LOCKS", locks, true) < 0 ? -errno : 0;
}

void net_end(void)
{
        char words[128];

        snprintf(words, sizeof(words), "rm -rf %s", directory);
        (void) !system(words);
}

void net_path(char *ret, size_t size_bytes, const char *name)
{
        snprintf(ret, size_bytes, "%s/%s", directory, name);
}
