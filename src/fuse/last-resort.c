/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/last-resort.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define SYSRQ_WAIT_USEC (100 * USEC_PER_MSEC) /* a host that has not ended by then does not by sysrq */

static int open_below(const char *root, const char *path)
{
        char full[512];

        snprintf(full, sizeof(full), "%s%s", strempty(root), path);
        return open(full, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* As systemd leaves it for everybody. */
static bool is_container(const char *root)
{
        char full[512];

        snprintf(full, sizeof(full), "%s/run/systemd/container", strempty(root));
        return access(full, F_OK) == 0;
}

static int end_now(DeadlineAction action)
{
        return reboot(action == DEADLINE_POWEROFF ? RB_POWER_OFF : RB_AUTOBOOT);
}

void last_resort_open(const char *root, LastResort *ret)
{
        *ret = (LastResort){
                .kmsg_fd = open_below(root, "/dev/kmsg"),
                .console_fd = open_below(root, "/dev/console"),
                .sysrq_fd = is_container(root) ? -1 : open_below(root, "/proc/sysrq-trigger"),
                .end = end_now,
        };
}

/* A console that takes nothing holds nothing up. */
static void say_to(int fd, const char *text, size_t size, uint64_t until_usec)
{
        size_t done = 0;

        while (fd >= 0 && done < size) {
                ssize_t n = write(fd, text + done, size - done);
                struct pollfd pfd = { .fd = fd, .events = POLLOUT };
                uint64_t now = clock_usec(CLOCK_MONOTONIC);

                if (n > 0)
                        done += (size_t) n;
                else if (n == 0 || (errno != EAGAIN && errno != EINTR) || now >= until_usec ||
                                poll(&pfd, 1, (int) ((until_usec - now) / USEC_PER_MSEC) + 1) <= 0)
                        return;
        }
}

/* The kernel's log takes it as the least important, and shows it on no console: it would do that within the write, as slowly
 * as a serial line is. The console is given the words by itself, as far as it takes them. */
#define KMSG_LEVEL "<7>"

static void say(const LastResort *l, const Deadline *d)
{
        uint64_t until_usec = clock_usec(CLOCK_MONOTONIC) + LAST_RESORT_SAY_USEC;
        char text[DEADLINE_REASON_MAX + 80];
        int n = snprintf(text, sizeof(text), KMSG_LEVEL "distro-fuse: %s: %s\n",
                        d->action == DEADLINE_POWEROFF ? "powering off" : "rebooting", d->reason);

        say_to(l->kmsg_fd, text, (size_t) n, until_usec);
        say_to(l->console_fd, text + strlen(KMSG_LEVEL), (size_t) n - strlen(KMSG_LEVEL), until_usec);
}

void last_resort_take(const LastResort *l, const Deadline *d)
{
        say(l, d);
        /* By its number, so that nothing is flushed and nobody is asked. */
        if (l->sysrq_fd >= 0 && write(l->sysrq_fd, d->action == DEADLINE_POWEROFF ? "o" : "b", 1) == 1)
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, /* it ends in here */
                                &(struct timespec){ .tv_nsec = (long) SYSRQ_WAIT_USEC * 1000 }, NULL);
        (void) l->end((DeadlineAction) d->action); /* it returns where it is not permitted */
}
