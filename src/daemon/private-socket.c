/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket for root alone: what others ask of the manager over the system bus, and how busy that is, does not matter here;
 * nor whether there is one. systemd has the like. */

#include "daemon/private-socket.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* After systemd's answers, before the clients of the bus. */
#define PRIVATE_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 5)
#define BACKLOG 64

/* The file's mode keeps others out; this is for one that is made otherwise. */
static bool is_root(int fd)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) >= 0 &&
               (peer.uid == 0 || peer.uid == geteuid());
}

/* Takes the descriptor over. */
static int serve(Manager *m, int fd)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        sd_id128_t id;
        int r = sd_id128_randomize(&id);

        if (r >= 0)
                r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, m->event, PRIVATE_PRIORITY);
        return r < 0 ? r : bus_server_add_peer(m->bus_server, bus);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client < 0)
                return 0; /* it has gone */
        if (!is_root(client))
                close(client);
        else
                (void) serve(userdata, client); /* else it sees its end, and nobody else is concerned */
        return 0;
}

static int open_socket(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void) unlink(path); /* of the manager before; this one has the lock */
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
                        listen(fd, BACKLOG) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

static int watch_socket(Manager *m)
{
        _cleanup_free_ char *path = NULL;
        int fd, r;

        if (asprintf(&path, "%s/" PRIVATE_SOCKET_NAME, m->runtime_directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        fd = open_socket(path);
        if (fd < 0)
                return fd;
        r = sd_event_add_io(m->event, &m->private_source, fd, EPOLLIN, on_connection, m);
        if (r < 0) {
                close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(m->private_source, true); /* fails with NULL only */
        return sd_event_source_set_priority(m->private_source, PRIVATE_PRIORITY);
}

void private_socket_open(Manager *m)
{
        int r = watch_socket(m);

        if (r < 0)
                journal_text(m->journal, JOURNAL_BUS_LOST,
                                "the socket for root in %s could not be made: %s; root goes over the system bus, as others",
                                m->runtime_directory, strerror(-r));
}
