/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct Notify {
        int fd; /* -1: there is no listener */
        struct sockaddr_un address;
        socklen_t address_bytes;
        bool ready, ready_sent;
        bool reloading, reloading_sent;
        bool stopping, stopping_sent;
        char *status;
        bool status_sent;
        int error;
        bool error_sent;
        uint64_t extend_usec;   /* 0: nothing to send */
        uint64_t watchdog_usec; /* 0: nothing to send */
};

int notify_new(const char *path, Notify **ret)
{
        _cleanup_(notify_freep) Notify *n = calloc(1, sizeof(*n));
        size_t length = path ? strlen(path) : 0;

        if (!n)
                return -ENOMEM;
        n->fd = -1;
        n->address.sun_family = AF_UNIX;
        if (length > 1 && length < sizeof(n->address.sun_path) && (path[0] == '/' || path[0] == '@')) {
                memcpy(n->address.sun_path, path, length);
                if (path[0] == '@')
                        n->address.sun_path[0] = '\0';
                n->address_bytes = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length +
                                                (path[0] == '/'));
                n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        }
        *ret = TAKE_PTR(n);
        return 0;
}

Notify *notify_free(Notify *n)
{
        if (!n)
                return NULL;
        if (n->fd >= 0)
                (void) close(n->fd);
        free(n->status);
        free(n);
        return NULL;
}

static bool send_text(Notify *n, const char *text)
{
        if (n->fd < 0)
                return true;
        return sendto(n->fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *) &n->address,
                               n->address_bytes) >= 0;
}

/* Sends a number once: what was sent is 0 afterwards. */
static void send_number(Notify *n, const char *name, uint64_t *number)
{
        char text[64];

        if (*number == 0)
                return;
        snprintf(text, sizeof(text), "%s=%" PRIu64, name, *number);
        if (send_text(n, text))
                *number = 0;
}

bool notify_flush(Notify *n)
{
        /* A reload that began and ended without a listener needs no word; otherwise the order of the
         * states that systemd gets is the order in which they were. */
        if (n->reloading != n->reloading_sent && !n->reloading_sent)
                n->reloading_sent = send_text(n, "RELOADING=1");
        else if (n->reloading != n->reloading_sent)
                n->reloading_sent = !send_text(n, "READY=1");
        if (n->ready && !n->ready_sent)
                n->ready_sent = send_text(n, "READY=1");
        if (n->status && !n->status_sent) {
                char text[1024];

                snprintf(text, sizeof(text), "STATUS=%s", n->status);
                n->status_sent = send_text(n, text);
        }
        if (n->error > 0 && !n->error_sent) {
                char text[32];

                snprintf(text, sizeof(text), "ERRNO=%d", n->error);
                n->error_sent = send_text(n, text);
        }
        if (n->stopping && !n->stopping_sent)
                n->stopping_sent = send_text(n, "STOPPING=1");
        send_number(n, "EXTEND_TIMEOUT_USEC", &n->extend_usec);
        send_number(n, "WATCHDOG_USEC", &n->watchdog_usec);
        return n->ready == n->ready_sent && n->reloading == n->reloading_sent &&
               n->stopping == n->stopping_sent && (!n->status || n->status_sent) &&
               (n->error == 0 || n->error_sent) && n->extend_usec == 0 && n->watchdog_usec == 0;
}

void notify_ready(Notify *n)
{
        n->ready = true;
        (void) notify_flush(n);
}

void notify_reloading(Notify *n, bool reloading)
{
        /* Before READY=1 systemd has its own word for what the service does. */
        if (!n->ready_sent)
                return;
        n->reloading = reloading;
        (void) notify_flush(n);
}

void notify_stopping(Notify *n)
{
        n->stopping = true;
        (void) notify_flush(n);
}

bool notify_status_is(const Notify *n, const char *text)
{
        return n->status && streq(n->status, text);
}

const char *notify_status_text(const Notify *n)
{
        return strempty(n->status);
}

void notify_status(Notify *n, const char *format, ...)
{
        char *copy;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&copy, format, ap);
        va_end(ap);
        if (r < 0)
                return; /* the old line stays, and the next change brings a new one */
        for (char *p = copy; *p; p++)
                if (*p == '\n')
                        *p = ' '; /* a newline would end the assignment */
        if (n->status && streq(n->status, copy)) {
                free(copy);
                return;
        }
        free(n->status);
        n->status = copy;
        n->status_sent = false;
        (void) notify_flush(n);
}

void notify_errno(Notify *n, int error)
{
        n->error = error;
        n->error_sent = false;
        (void) notify_flush(n);
}

void notify_extend(Notify *n, uint64_t usec)
{
        n->extend_usec = usec;
        (void) notify_flush(n);
}

void notify_watchdog_usec(Notify *n, uint64_t usec)
{
        n->watchdog_usec = usec;
        (void) notify_flush(n);
}

void notify_watchdog(Notify *n)
{
        (void) send_text(n, "WATCHDOG=1");
}
