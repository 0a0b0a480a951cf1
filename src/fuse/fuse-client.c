/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/fuse-client.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/local-socket.h"

#define PATH_BYTES 256u

void fuse_order_arm(FuseOrder *o, FuseSender sender, uint64_t usec, DeadlineAction action, const char *reason)
{
        snprintf(o->text, sizeof(o->text), "arm %u %" PRIu64 " %s %.*s", (unsigned) sender, usec,
                        action == DEADLINE_POWEROFF ? "poweroff" : "reboot", DEADLINE_REASON_MAX - 1,
                        *reason ? reason : "?");
        for (char *c = o->text; *c; c++)
                if (*c < ' ' || *c > '~')
                        *c = '?';
}

void fuse_order_disarm(FuseOrder *o, FuseSender sender)
{
        snprintf(o->text, sizeof(o->text), "disarm %u", (unsigned) sender);
}

void fuse_order_ping(FuseOrder *o)
{
        strcpy(o->text, "ping");
}

int fuse_connect(const char *directory, bool is_answered)
{
        struct sockaddr_un own = { .sun_family = AF_UNIX };
        char path[PATH_BYTES];
        int fd, on = 1;

        if (snprintf(path, sizeof(path), "%s/fuse", directory) >= (int) sizeof(path))
                return -ENAMETOOLONG;
        fd = local_socket_connect(path, SOCK_DGRAM);
        if (fd < 0 || !is_answered)
                return fd;
        /* An address of its own, which needs no room. */
        if (bind(fd, (struct sockaddr *) &own, sizeof(sa_family_t)) < 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
                int r = -errno;

                (void) close(fd); /* nothing was sent */
                return r;
        }
        return fd;
}

int fuse_send(int fd, const FuseOrder *o)
{
        return send(fd, o->text, strlen(o->text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int fuse_answer(int fd, pid_t *ret_pid)
{
        char text[DEADLINE_ANSWER_MAX];
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control = {};
        struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
        struct msghdr h = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        struct cmsghdr *c;
        struct ucred u;

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        c = CMSG_FIRSTHDR(&h);
        if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
                        c->cmsg_len != CMSG_LEN(sizeof(u)))
                return -EBADMSG;
        memcpy(&u, CMSG_DATA(c), sizeof(u));
        if ((u.uid != 0 && u.uid != geteuid()) || n != 2 || memcmp(text, "ok", 2) != 0)
                return -EBADMSG;
        *ret_pid = u.pid;
        return 1;
}

int fuse_write_table(const char *directory, const FuseOrder *o)
{
        char path[PATH_BYTES], answer[DEADLINE_ANSWER_MAX];
        void *table = MAP_FAILED;
        struct stat st;
        int fd, r = 0;

        if (snprintf(path, sizeof(path), "%s/fuse.deadlines", directory) >= (int) sizeof(path))
                return -ENAMETOOLONG;
        fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (!S_ISREG(st.st_mode) || st.st_size != (off_t) sizeof(Deadlines))
                r = -EBADMSG;
        else
                table = mmap(NULL, sizeof(Deadlines), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (r == 0 && table == MAP_FAILED)
                r = -errno;
        (void) close(fd); /* the mapping stays */
        if (r < 0)
                return r;
        (void) deadlines_open(table);
        deadlines_order(table, o->text, strlen(o->text), answer);
        (void) munmap(table, sizeof(Deadlines));
        return strncmp(answer, "ok", 2) == 0 ? 0 : -EBADMSG;
}

uint64_t fuse_read_table(const char *directory, FuseSender sender)
{
        char path[PATH_BYTES];
        Deadlines d;
        ssize_t n;
        int fd;

        if (snprintf(path, sizeof(path), "%s/fuse.deadlines", directory) >= (int) sizeof(path))
                return 0;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return 0;
        n = read(fd, &d, sizeof(d));
        (void) close(fd); /* it was only read */
        if (n != (ssize_t) sizeof(d) || memcmp(d.magic, DEADLINES_MAGIC, sizeof(d.magic)) != 0)
                return 0;
        for (size_t i = 0; i < DEADLINES_MAX; i++)
                if (d.rows[i].serial == (uint64_t) sender)
                        return d.rows[i].usec;
        return 0;
}
