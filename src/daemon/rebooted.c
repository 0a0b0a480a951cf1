/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rebooted.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

static int leave_copy(const char *directory, const SelfReboot *s)
{
        _cleanup_free_ char *path = text_format("%s/" SELF_REBOOT_NAME, directory);
        char text[SELF_REBOOT_BYTES];
        ssize_t n;
        int fd;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        self_reboot_format(s, text);
        n = write(fd, text, sizeof(text));
        (void) close(fd); /* it is in memory */
        return n == (ssize_t) sizeof(text) ? 0 : -ENOSPC;
}

static int put_aside(const char *directory)
{
        _cleanup_free_ char *path = text_format("%s/" SELF_REBOOT_NAME, directory),
                            *told = text_format("%s/" SELF_REBOOT_NAME ".told", directory);

        return !path || !told ? -ENOMEM : rename(path, told) < 0 ? -errno : 0;
}

void rebooted_look(Manager *m)
{
        SelfReboot s;
        char boot[40], when[40];
        time_t sec;
        struct tm tm;

        if (self_reboot_read(m->runtime_directory, &m->rebooted) >= 0 || self_reboot_boot(boot) < 0 ||
                        self_reboot_read(m->state_directory, &s) < 0 || streq(s.boot, boot))
                return;
        m->rebooted = s;
        sec = (time_t) (s.realtime_usec / USEC_PER_SEC);
        if (!gmtime_r(&sec, &tm) || strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
                strcpy(when, "?");
        journal_text(m->journal, JOURNAL_REBOOTED, "this host rebooted itself at %s: %s", when, s.reason);
        /* Where neither succeeds the next manager tells it again. */
        (void) leave_copy(m->runtime_directory, &s);
        (void) put_aside(m->state_directory);
}
