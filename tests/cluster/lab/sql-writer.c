/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sql-writer ADDRESS PORT
 *
 * A client of a PostgreSQL that writes without end: one row, a number, in each transaction, into the table "written" of the
 * database "postgres". A line "MICROSECONDS NUMBER" for each commit that was answered; of others nobody knows. What does not
 * connect within 250 ms, or is not answered within a second, is given up, and tried again with the next number. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MSEC 250
#define ANSWER_MSEC 1000
#define PAUSE_MSEC 10
#define MESSAGE_BYTES 4096

static uint64_t now_usec(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static bool wait_for(int fd, short events, uint64_t deadline_usec)
{
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        struct pollfd p = { .fd = fd, .events = events };

        return now < deadline_usec && poll(&p, 1, (int) ((deadline_usec - now + 999) / 1000)) > 0;
}

static bool receive(int fd, void *ret, size_t n, uint64_t deadline_usec)
{
        for (size_t at = 0; at < n;) {
                ssize_t k = -1;

                if (wait_for(fd, POLLIN, deadline_usec))
                        k = recv(fd, (char *) ret + at, n - at, 0);
                if (k <= 0)
                        return false;
                at += (size_t) k;
        }
        return true;
}

/* Until the server waits for the next question. True: a message of type `wanted` came, and none of an error. */
static bool answer_has(int fd, char wanted)
{
        uint64_t deadline_usec = now_usec(CLOCK_MONOTONIC) + ANSWER_MSEC * 1000;
        bool came = false;

        for (;;) {
                char type, body[MESSAGE_BYTES];
                uint32_t length;

                if (!receive(fd, &type, 1, deadline_usec) ||
                                !receive(fd, &length, sizeof(length), deadline_usec))
                        return false;
                length = ntohl(length) - (uint32_t) sizeof(length);
                if (length > sizeof(body) || !receive(fd, body, length, deadline_usec) || type == 'E')
                        return false;
                came = came || type == wanted;
                if (type == 'Z')
                        return came;
        }
}

static bool send_message(int fd, char type, const char *body, size_t n)
{
        char message[MESSAGE_BYTES];
        uint32_t length = htonl((uint32_t) (n + sizeof(length)));
        size_t at = 0;

        if (type)
                message[at++] = type;
        memcpy(message + at, &length, sizeof(length));
        at += sizeof(length);
        memcpy(message + at, body, n);
        return send(fd, message, at + n, MSG_NOSIGNAL) == (ssize_t) (at + n);
}

/* -1: nobody lets us in. */
static int begin(const struct addrinfo *to)
{
        static const char startup[] = "\0\3\0\0user\0postgres\0database\0postgres\0"; /* version 3.0 */
        uint64_t deadline_usec = now_usec(CLOCK_MONOTONIC) + CONNECT_MSEC * 1000;
        int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
        socklen_t size = sizeof(error);

        if (fd < 0)
                return -1;
        if ((connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS) ||
                        !wait_for(fd, POLLOUT, deadline_usec) ||
                        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0 ||
                        !send_message(fd, 0, startup, sizeof(startup)) || !answer_has(fd, 'R')) {
                close(fd);
                return -1;
        }
        return fd;
}

static bool write_number(int fd, unsigned long number)
{
        char question[128];
        int n = snprintf(question, sizeof(question), "INSERT INTO written VALUES (%lu)", number);

        return send_message(fd, 'Q', question, (size_t) n + 1) && answer_has(fd, 'C');
}

int main(int argc, char **argv)
{
        const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                .ai_socktype = SOCK_STREAM };
        struct addrinfo *to;
        int fd = -1;

        if (argc != 3 || getaddrinfo(argv[1], argv[2], &hints, &to) != 0) {
                fputs("sql-writer ADDRESS PORT\n", stderr);
                return 2;
        }
        for (unsigned long number = 1;; number++) {
                if (fd < 0)
                        fd = begin(to);
                if (fd >= 0 && write_number(fd, number)) {
                        printf("%llu %lu\n", (unsigned long long) now_usec(CLOCK_REALTIME), number);
                        fflush(stdout);
                } else if (fd >= 0) {
                        close(fd);
                        fd = -1;
                }
                usleep(PAUSE_MSEC * 1000);
        }
}
