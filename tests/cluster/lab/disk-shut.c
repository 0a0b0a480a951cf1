/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* disk-shut NAMESPACE MAJOR:MINOR
 *
 * Shuts the ext4 on that device down where it is mounted in a mount namespace (a file as /proc/PID/ns/mnt): nothing more is
 * written to it, and what was not written yet is lost, as a host loses it with its power. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What linux/ext4.h of later kernels has. */
#define EXT4_SHUTDOWN _IOR('X', 125, uint32_t)
#define EXT4_SHUTDOWN_NO_FLUSH 2

#define PATH_BYTES 4096

static int die(const char *what)
{
        perror(what);
        return 1;
}

/* mountinfo writes blanks and the like as \040. */
static void unescape(char *s)
{
        char *to = s;

        for (; *s; s++)
                if (s[0] == '\\' && s[1] && s[2] && s[3]) {
                        *to++ = (char) ((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
                        s += 3;
                } else
                        *to++ = *s;
        *to = 0;
}

static int shut(const char *path, dev_t device)
{
        uint32_t how = EXT4_SHUTDOWN_NO_FLUSH;
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;

        if (fd < 0 || fstat(fd, &st) < 0)
                return die(path);
        /* Something else may be mounted over it, and it may have been shut down by an earlier line. */
        if (st.st_dev == device && ioctl(fd, EXT4_SHUTDOWN, &how) < 0 && errno != EIO)
                r = die(path);
        close(fd);
        return r;
}

int main(int argc, char **argv)
{
        unsigned want_major, want_minor;
        int self, space, fd, r = 0;
        char line[2 * PATH_BYTES];
        FILE *f;

        if (argc != 3 || sscanf(argv[2], "%u:%u", &want_major, &want_minor) != 2) {
                fputs("disk-shut NAMESPACE MAJOR:MINOR\n", stderr);
                return 2;
        }
        /* The /proc of the namespace may be that of processes that are gone. */
        self = open("/proc/self", O_DIRECTORY | O_CLOEXEC);
        space = open(argv[1], O_RDONLY | O_CLOEXEC);
        if (space < 0 && errno == ENOENT)
                return 0; /* the guest has just ended by itself */
        if (self < 0 || space < 0)
                return die(argv[1]);
        if (setns(space, CLONE_NEWNS) < 0)
                return die("setns");
        fd = openat(self, "mountinfo", O_RDONLY | O_CLOEXEC);
        f = fd < 0 ? NULL : fdopen(fd, "r");
        if (!f)
                return die("mountinfo");
        while (fgets(line, sizeof(line), f)) {
                unsigned is_major, is_minor;
                char path[PATH_BYTES];

                if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &is_major, &is_minor, path) != 3 ||
                                is_major != want_major || is_minor != want_minor)
                        continue;
                unescape(path);
                r |= shut(path, makedev(want_major, want_minor));
        }
        fclose(f);
        return r;
}
