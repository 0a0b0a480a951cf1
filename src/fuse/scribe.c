/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/scribe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define STACK_BYTES (64u * 1024u)
#define ASK_ROOM 1u
#define ASK_WRITE UINT32_MAX /* more than all that could be asked before it */

/* In place: where there is room already, no more of the file system is needed than that. */
static void put_text(const Scribe *s, const char text[static SELF_REBOOT_BYTES], int flags)
{
        char path[256];
        int fd;

        if (snprintf(path, sizeof(path), "%s/" SELF_REBOOT_NAME, s->directory) >= (int) sizeof(path))
                return;
        fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
        if (fd < 0)
                return;
        if (pwrite(fd, text, SELF_REBOOT_BYTES, 0) == (ssize_t) SELF_REBOOT_BYTES)
                (void) fdatasync(fd); /* all that can be done */
        (void) close(fd);
}

static void *scribe_thread(void *userdata)
{
        static const char empty[SELF_REBOOT_BYTES];
        Scribe *s = userdata;
        char text[SELF_REBOOT_BYTES];
        uint64_t asked, one = 1;

        while (read(s->ask_fd, &asked, sizeof(asked)) == (ssize_t) sizeof(asked)) {
                if (asked < ASK_WRITE) {
                        put_text(s, empty, O_EXCL); /* one that is there is for the next manager */
                        continue;
                }
                self_reboot_format(&s->what, text);
                put_text(s, text, 0);
                if (write(s->done_fd, &one, sizeof(one)) < 0)
                        break;
        }
        return NULL;
}

void scribe_begin(Scribe *s, const char *directory)
{
        pthread_attr_t attributes;
        sigset_t all, before;
        pthread_t thread;

        *s = (Scribe){ .directory = directory, .ask_fd = -1, .done_fd = -1 };
        if (!directory || self_reboot_boot(s->what.boot) < 0 || pthread_attr_init(&attributes) != 0)
                return;
        s->ask_fd = eventfd(0, EFD_CLOEXEC);
        s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        (void) pthread_attr_setstacksize(&attributes, STACK_BYTES); /* all of it is locked */
        (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        s->works = s->ask_fd >= 0 && s->done_fd >= 0 &&
                   pthread_create(&thread, &attributes, scribe_thread, s) == 0;
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attributes);
}

static void ask(const Scribe *s, uint64_t what)
{
        (void) !write(s->ask_fd, &what, sizeof(what)); /* a thread that hangs hears of it later */
}

void scribe_make_room(Scribe *s)
{
        if (s->works)
                ask(s, ASK_ROOM);
}

void scribe_write(Scribe *s, const Deadline *d)
{
        struct pollfd pfd = { .fd = s->done_fd, .events = POLLIN };

        if (!s->works)
                return;
        s->works = false; /* once */
        s->what.realtime_usec = clock_usec(CLOCK_REALTIME);
        memcpy(s->what.reason, d->reason, sizeof(s->what.reason));
        ask(s, ASK_WRITE);
        (void) poll(&pfd, 1, (int) (SCRIBE_USEC / USEC_PER_MSEC));
}
