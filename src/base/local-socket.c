/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/local-socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int close_with(int fd, int error)
{
        (void) close(fd);
        return error;
}

static int make_socket(const char *path, int type, struct sockaddr_un *ret_address)
{
        int fd;

        *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (strlen(path) >= sizeof(ret_address->sun_path))
                return -ENAMETOOLONG;
        strcpy(ret_address->sun_path, path);
        fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        return fd < 0 ? -errno : fd;
}

int local_socket_listen(const char *path, int backlog)
{
        struct sockaddr_un address;
        int fd = make_socket(path, SOCK_STREAM, &address);

        if (fd < 0)
                return fd;
        (void) unlink(path); /* that it is not there is fine; else bind() says so */
        /* Before listen() nobody is accepted. The umask is of the whole process, so it stays. */
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
                        listen(fd, backlog) < 0)
                return close_with(fd, -errno);
        return fd;
}

int local_socket_accept(int listen_fd, pid_t *ret_pid)
{
        struct ucred peer = {};
        socklen_t size = sizeof(peer);
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return close_with(fd, -errno);
        /* The file's mode keeps others out; this is for one that is made otherwise. */
        if ((peer.uid != 0 && peer.uid != geteuid()) || (ret_pid && peer.pid <= 0))
                return close_with(fd, -EACCES);
        if (ret_pid)
                *ret_pid = peer.pid;
        return fd;
}

int local_socket_connect(const char *path, int type)
{
        struct sockaddr_un address;
        int fd = make_socket(path, type, &address);

        if (fd < 0)
                return fd;
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return close_with(fd, -errno);
        return fd;
}
