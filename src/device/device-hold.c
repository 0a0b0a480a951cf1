/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/device-hold.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/text.h"
#include "device/users.h"

/* Once for each new text: to systemd, and where it is told why, to the journal. */
static void say(const char *text, bool why, char **last)
{
        if (!text || streq(text, strempty(*last)))
                return;
        (void) sd_notifyf(false, "STATUS=%s", text); /* nobody listens where it was started by hand */
        if (why)
                fprintf(stderr, "%s\n", text);
        free(*last);
        *last = strdup(text);
}

static DeviceExit fail(const char *why, DeviceExit status)
{
        _cleanup_free_ char *last = NULL;

        say(why ? why : "out of memory", true, &last);
        return status;
}

static DeviceExit fail_by(const char *path, int error)
{
        _cleanup_free_ char *why =
                        text_format("%s: it cannot be seen what is mounted: %s", path, strerror(-error));

        return fail(why, DEVICE_IN_USE);
}

/* What is in the way, and who: `how` stands between. */
static char *with_users(const char *path, const Block *b, const char *how)
{
        _cleanup_free_ char *words = block_to_words(path, b), *users = users_to_words(b);

        if (!words || !users)
                return NULL;
        return users[0] ? text_format("%s%s: %s", words, how, users) : text_format("%s%s", words, how);
}

/* Whether the device, which is *ret_number from now on, can be given to a mount; else *ret_status is how this ends. */
static bool may_begin(const char *path, dev_t *ret_number, DeviceExit *ret_status)
{
        _cleanup_free_ char *why = NULL;
        Block b;
        int r = block_examine(path, 0, &b);

        if (r < 0) {
                *ret_status = fail_by(path, r);
                return false;
        }
        *ret_number = b.number;
        if (b.state == BLOCK_FREE)
                return true;
        if (b.state == BLOCK_MOUNTED || b.state == BLOCK_IN_USE)
                why = with_users(path, &b, b.state == BLOCK_MOUNTED ? " already" : "");
        else
                why = block_to_words(path, &b);
        *ret_status = fail(why, b.state == BLOCK_MOUNTED  ? DEVICE_MOUNTED
                                : b.state == BLOCK_IN_USE ? DEVICE_IN_USE
                                                          : DEVICE_ABSENT);
        block_done(&b);
        return false;
}

/* Nothing uses it any more, or nothing can: it is not there. What cannot be looked at is not known to be free. */
static bool is_free(const Block *b)
{
        return b->state == BLOCK_FREE || b->state == BLOCK_ABSENT;
}

/* `number`: of the device; 0: whichever the path names. */
static DeviceExit wait_until_free(const char *path, dev_t number, uint64_t timeout_usec)
{
        uint64_t deadline = usec_add(clock_usec(CLOCK_MONOTONIC), timeout_usec), look_usec = 0;
        _cleanup_free_ char *last = NULL;

        for (;;) {
                _cleanup_free_ char *why = NULL;
                Block b;
                int r = block_examine(path, number, &b);
                uint64_t now = clock_usec(CLOCK_MONOTONIC);
                bool over = now >= deadline;

                if (r < 0)
                        return fail_by(path, r);
                if (is_free(&b))
                        return DEVICE_FREE;
                if (over || now >= look_usec) { /* all processes are looked at for that */
                        look_usec = usec_add(now, DEVICE_USERS_USEC);
                        why = with_users(path, &b, " still");
                        say(why, over, &last);
                }
                block_done(&b);
                if (over)
                        return DEVICE_IN_USE;
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, /* a signal only shortens it */
                                &(struct timespec){ .tv_nsec = (long) DEVICE_AGAIN_USEC * 1000 }, NULL);
        }
}

DeviceExit device_hold(const char *path, uint64_t timeout_usec)
{
        _cleanup_free_ char *identity = NULL;
        DeviceExit status;
        dev_t number;
        sigset_t end;

        /* Before anything is looked at: no signal is lost. */
        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        sigaddset(&end, SIGINT);
        sigprocmask(SIG_BLOCK, &end, NULL);
        if (!may_begin(path, &number, &status))
                return status;
        identity = block_identity(path);
        (void) sd_notifyf(false, "READY=1\nSTATUS=%s%s%s", path, isempty(identity) ? "" : ", ",
                        strempty(identity));
        while (sigwaitinfo(&end, NULL) < 0)
                ;
        (void) sd_notify(false, "STOPPING=1");
        return wait_until_free(path, number, timeout_usec);
}

DeviceExit device_check(const char *path, uint64_t timeout_usec)
{
        return wait_until_free(path, 0, timeout_usec);
}
