/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/self-reboot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/parse.h"

static int read_file(const char *path, char *ret, size_t size)
{
        int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, ret, size);
        n = n < 0 ? -errno : n;
        (void) close(fd); /* it was only read */
        return (int) n;
}

int self_reboot_boot(char ret[static 40])
{
        int n = read_file("/proc/sys/kernel/random/boot_id", ret, 39);

        if (n < 0)
                return n;
        ret[n] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        return ret[0] ? 0 : -EBADMSG;
}

void self_reboot_format(const SelfReboot *s, char ret[static SELF_REBOOT_BYTES])
{
        memset(ret, 0, SELF_REBOOT_BYTES);
        snprintf(ret, SELF_REBOOT_BYTES, "boot=%s\nat=%" PRIu64 "\nreason=%s\nend\n", s->boot,
                        s->realtime_usec, s->reason);
}

/* The value of the line at *at, which then is the next one; NULL: it is not of that key. */
static char *take_line(char **at, const char *key)
{
        char *value = *at + strlen(key), *end;

        if (strncmp(*at, key, strlen(key)) != 0)
                return NULL;
        end = strchr(value, '\n');
        if (!end)
                return NULL;
        *end = '\0';
        *at = end + 1;
        return value;
}

int self_reboot_parse(const char *text, size_t size, SelfReboot *ret)
{
        char copy[SELF_REBOOT_BYTES + 1] = "", *at = copy, *boot, *usec, *reason;
        SelfReboot s = {};

        if (size > SELF_REBOOT_BYTES)
                return -EBADMSG;
        memcpy(copy, text, size);
        boot = take_line(&at, "boot=");
        usec = boot ? take_line(&at, "at=") : NULL;
        reason = usec ? take_line(&at, "reason=") : NULL;
        if (!reason || !streq(at, "end\n") || strlen(boot) >= sizeof(s.boot) ||
                        strlen(reason) >= sizeof(s.reason) || parse_u64(usec, &s.realtime_usec) < 0)
                return -EBADMSG;
        strcpy(s.boot, boot);
        strcpy(s.reason, reason);
        *ret = s;
        return 0;
}

int self_reboot_read(const char *directory, SelfReboot *ret)
{
        char path[256], text[SELF_REBOOT_BYTES + 1];
        int n;

        if (snprintf(path, sizeof(path), "%s/" SELF_REBOOT_NAME, directory) >= (int) sizeof(path))
                return -ENAMETOOLONG;
        n = read_file(path, text, sizeof(text));
        return n < 0 ? n : self_reboot_parse(text, (size_t) n, ret);
}
