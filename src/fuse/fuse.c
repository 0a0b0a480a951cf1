/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/fuse.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuse/scribe.h"

#define AGAIN_USEC (100 * USEC_PER_MSEC) /* between two tries to end this host */

typedef struct FuseState {
        Deadlines *table;
        int socket_fd, timer_fd, signal_fd;
        Scribe scribe;
        bool has_room; /* the scribe was asked for it */
} FuseState;

static int path_in(const char *directory, const char *name, char *ret, size_t size)
{
        int n = snprintf(ret, size, "%s/%s", directory, name);

        return n < 0 || (size_t) n >= size ? -ENAMETOOLONG : 0;
}

/* ---- what it needs ---- */

/* The room is there from now on, or this fails. */
static int open_table(const char *directory, Deadlines **ret)
{
        char path[256];
        int r = path_in(directory, "fuse.deadlines", path, sizeof(path));
        int fd = r < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        void *table = MAP_FAILED;

        if (r < 0)
                return r;
        if (fd < 0)
                return -errno;
        r = posix_fallocate(fd, 0, sizeof(Deadlines));
        if (r == 0)
                table = mmap(NULL, sizeof(Deadlines), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                                0);
        if (r == 0 && table == MAP_FAILED)
                r = errno;
        (void) close(fd); /* the mapping stays */
        if (r != 0)
                return -r;
        *ret = table;
        return 0;
}

static int open_socket(const char *directory, int *ret_fd)
{
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int r = path_in(directory, "fuse", sa.sun_path, sizeof(sa.sun_path));
        mode_t old;
        int fd, on = 1;

        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        (void) unlink(sa.sun_path); /* of a process before */
        old = umask(0177);
        if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                r = -errno;
        (void) umask(old);
        if (r < 0)
                (void) close(fd); /* nothing was sent */
        else
                *ret_fd = fd;
        return r;
}

static int open_signals(int *ret_fd)
{
        sigset_t ends;

        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        sigprocmask(SIG_BLOCK, &ends, NULL);
        *ret_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
        return *ret_fd < 0 ? -errno : 0;
}

static int fuse_open(const FuseParameters *p, FuseState *s)
{
        int r = open_signals(&s->signal_fd);

        if (r < 0)
                return r;
        s->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (s->timer_fd < 0)
                return -errno;
        r = open_table(p->directory, &s->table);
        return r < 0 ? r : open_socket(p->directory, &s->socket_fd);
}

static void fuse_close(FuseState *s)
{
        if (s->table)
                (void) munmap(s->table, sizeof(Deadlines));
        /* Nothing is lost by closing these. */
        if (s->socket_fd >= 0)
                (void) close(s->socket_fd);
        if (s->timer_fd >= 0)
                (void) close(s->timer_fd);
        if (s->signal_fd >= 0)
                (void) close(s->signal_fd);
}

/* ---- what it does ---- */

/* The time that is past, or the timer set to the first one. */
static int look(const FuseParameters *p, FuseState *s)
{
        const Deadline *first = deadlines_first(s->table);
        uint64_t usec = first ? first->usec : USEC_INFINITY;
        struct itimerspec at = {};

        if (usec <= clock_usec(CLOCK_BOOTTIME)) {
                scribe_write(&s->scribe, first);
                last_resort_take(&p->last_resort, first); /* comes back where nothing could be done */
                usec = clock_usec(CLOCK_BOOTTIME) + AGAIN_USEC;
        }
        if (first && !s->has_room)
                scribe_make_room(&s->scribe);
        s->has_room = first;
        if (first) {
                at.it_value.tv_sec = (time_t) MIN(usec / USEC_PER_SEC, (uint64_t) INT32_MAX);
                at.it_value.tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 + (usec == 0);
        }
        return timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0 ? -errno : 0;
}

/* Orders count that the kernel says are root's, or of the user that this runs as. */
static bool is_trusted(struct msghdr *h)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
                                c->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
                        struct ucred u;

                        memcpy(&u, CMSG_DATA(c), sizeof(u));
                        return u.uid == 0 || u.uid == geteuid();
                }
        return false;
}

/* One order and its answer; false: there is none any more. */
static bool take_order(FuseState *s)
{
        char order[DEADLINE_ORDER_MAX + 1], answer[DEADLINE_ANSWER_MAX];
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control = {};
        struct sockaddr_un from = {};
        struct iovec iov = { .iov_base = order, .iov_len = sizeof(order) };
        struct msghdr h = { .msg_name = &from,
                .msg_namelen = sizeof(from),
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(s->socket_fd, &h, MSG_CMSG_CLOEXEC);

        if (n < 0)
                return errno == EINTR;
        if (!is_trusted(&h))
                return true;
        deadlines_order(s->table, order, (size_t) n, answer);
        if (h.msg_namelen > sizeof(sa_family_t)) /* a sender without an address wants no answer */
                (void) sendto(s->socket_fd, answer, strlen(answer), MSG_NOSIGNAL, (struct sockaddr *) &from,
                                h.msg_namelen); /* one that does not read does without */
        return true;
}

static int fuse_loop(const FuseParameters *p, FuseState *s)
{
        struct pollfd fds[] = { { .fd = s->socket_fd, .events = POLLIN },
                { .fd = s->timer_fd, .events = POLLIN }, { .fd = s->signal_fd, .events = POLLIN } };
        uint64_t n_expired;
        int r;

        for (;;) {
                r = look(p, s);
                if (r < 0)
                        return r;
                if (poll(fds, ELEMENTSOF(fds), -1) < 0 && errno != EINTR)
                        return -errno;
                if (fds[2].revents & POLLIN)
                        return 0;
                if (fds[1].revents & POLLIN)
                        (void) !read(s->timer_fd, &n_expired, sizeof(n_expired)); /* look() reads the clock */
                /* A flood of orders keeps no deadline waiting. */
                for (unsigned i = 0; i < DEADLINES_MAX && (fds[0].revents & POLLIN) && take_order(s); i++)
                        ;
        }
}

int fuse_run(const FuseParameters *p)
{
        FuseState s = { .socket_fd = -1, .timer_fd = -1, .signal_fd = -1 };
        int r = fuse_open(p, &s);

        if (r >= 0) {
                (void) deadlines_open(s.table); /* what stands there counts */
                scribe_begin(&s.scribe, p->state_directory);
                if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
                        fprintf(stderr, "its memory cannot be locked: %s\n", strerror(errno));
                if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 }) < 0)
                        fprintf(stderr, "it gets no real-time priority: %s\n", strerror(errno));
                (void) sd_notify(false, "READY=1"); /* nobody listens where it was started by hand */
                r = fuse_loop(p, &s);
        }
        fuse_close(&s);
        return r;
}
