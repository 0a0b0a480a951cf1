/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The state stands behind the name, which may hold any byte. What cannot be read may be at work. */
static bool process_has_ended(pid_t pid)
{
        _cleanup_fclose_ FILE *f = NULL;
        char path[64], text[512];
        const char *end;
        size_t n;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        f = fopen(path, "re");
        if (!f)
                return false;
        n = fread(text, 1, sizeof(text) - 1, f);
        text[n] = '\0';
        end = strrchr(text, ')');
        return end && (strncmp(end, ") Z", 3) == 0 || strncmp(end, ") X", 3) == 0);
}

int lock_take(const char *directory, int *ret_fd, pid_t *ret_owner)
{
        _cleanup_free_ char *path = NULL;
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd, r;

        if (asprintf(&path, "%s/" LOCK_NAME, directory) < 0)
                return -ENOMEM;
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        if (fcntl(fd, F_SETLK, &lock) >= 0) {
                *ret_fd = fd;
                return 0;
        }
        r = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
        if (r == -EBUSY) {
                lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
                if (fcntl(fd, F_GETLK, &lock) >= 0 && lock.l_type != F_UNLCK &&
                                process_has_ended(lock.l_pid)) {
                        *ret_fd = -1;
                        r = 0;
                } else
                        *ret_owner = lock.l_pid;
        }
        (void) close(fd); /* nothing was written */
        return r;
}

pid_t lock_owner(const char *directory)
{
        _cleanup_free_ char *path = NULL;
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd, r;

        if (asprintf(&path, "%s/" LOCK_NAME, directory) < 0)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return 0;
        r = fcntl(fd, F_GETLK, &lock);
        (void) close(fd); /* nothing was written */
        return r < 0 || lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}
