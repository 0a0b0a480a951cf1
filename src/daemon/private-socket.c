/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket for root alone: what others ask of the manager over the system bus, and how busy that is, does not matter here;
 * nor whether there is one. systemd has the like. */

#include "daemon/private-socket.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/local-socket.h"

/* After systemd's answers, before the clients of the bus. */
#define PRIVATE_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 5)
#define BACKLOG 64

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
        int client = local_socket_accept(fd, NULL);

        if (client >= 0)
                (void) serve(userdata, client); /* else it sees its end, and no other client is concerned */
        return 0;
}

static int watch_socket(Manager *m)
{
        _cleanup_free_ char *path = NULL;
        int fd, r;

        if (asprintf(&path, "%s/" PRIVATE_SOCKET_NAME, m->runtime_directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        /* What lies there is the last manager's: this one has the lock. */
        fd = local_socket_listen(path, BACKLOG);
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
