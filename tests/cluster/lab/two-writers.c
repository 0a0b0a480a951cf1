/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* two-writers DEVICE
 *
 * Writes host, process and count into the first block of DEVICE each 100 ms, past all caches, and reads it back before it
 * writes the next time: a block that is not the own last one was written by somebody else, who uses the device at the same
 * time. Says so and ends with 1; also at the end, after SIGTERM, which else ends it with 0. For a unit of Type=notify. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define PERIOD_MSEC 100

static int die(const char *what)
{
        perror(what);
        return 2;
}

static void tell_systemd(void)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        size_t length = path ? strlen(path) : 0;
        int fd;

        if (!length || length >= sizeof(to.sun_path))
                return;
        memcpy(to.sun_path, path, length);
        if (to.sun_path[0] == '@')
                to.sun_path[0] = 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        (void) sendto(fd, "READY=1", 7, 0, (struct sockaddr *) &to,
                        (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length));
        close(fd);
}

/* The host's name in a fixed place of the block, so that whoever reads another's can say whose it is. */
static void fill(char *block, unsigned long count)
{
        char host[64] = "";

        gethostname(host, sizeof(host) - 1);
        memset(block, 0, BLOCK_BYTES);
        snprintf(block, BLOCK_BYTES, "%s %d %lu", host, (int) getpid(), count);
}

/* Whether the block that is there is the one that was written last. */
static int is_ours(int device, const char *written, char *read_back)
{
        if (pread(device, read_back, BLOCK_BYTES, 0) != BLOCK_BYTES)
                return -EIO;
        return memcmp(written, read_back, BLOCK_BYTES) == 0;
}

int main(int argc, char **argv)
{
        char *written, *read_back;
        int device, end;
        sigset_t set;

        if (argc != 2) {
                fputs("two-writers DEVICE\n", stderr);
                return 2;
        }
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return die("sigprocmask");
        end = signalfd(-1, &set, SFD_CLOEXEC);
        device = open(argv[1], O_RDWR | O_DIRECT | O_CLOEXEC);
        if (end < 0 || device < 0)
                return die(argv[1]);
        written = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);
        read_back = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);
        if (!written || !read_back)
                return die("memory");
        for (unsigned long count = 0;; count++) {
                int r;

                fill(written, count);
                if (pwrite(device, written, BLOCK_BYTES, 0) != BLOCK_BYTES)
                        return die(argv[1]);
                if (count == 0)
                        tell_systemd();
                r = poll(&(struct pollfd){ .fd = end, .events = POLLIN }, 1, PERIOD_MSEC);
                if (r < 0)
                        return die("poll");
                switch (is_ours(device, written, read_back)) {
                case 0:
                        printf("two writers: wrote \"%s\", found \"%.*s\"\n", written, BLOCK_BYTES - 1,
                                        read_back);
                        return 1;
                case 1:
                        break;
                default:
                        return die(argv[1]);
                }
                if (r > 0)
                        return 0;
        }
}
