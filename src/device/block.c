/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/block.h"

#include <blkid.h>
#include <fcntl.h>
#include <libmount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

void block_done(Block *b)
{
        free(b->where);
        *b = (Block){};
}

/* What is mounted may be named by another path, so the device behind the name is what counts. */
static bool is_source(const char *source, dev_t number)
{
        struct stat st;

        return source && source[0] == '/' && stat(source, &st) == 0 && S_ISBLK(st.st_mode) &&
               st.st_rdev == number;
}

static int find_mount(Block *b)
{
        struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
        struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_BACKWARD);
        struct libmnt_fs *fs;
        int r = table && iter ? 0 : -ENOMEM;

        while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0) {
                if (mnt_fs_get_devno(fs) != b->number && !is_source(mnt_fs_get_srcpath(fs), b->number))
                        continue;
                b->state = BLOCK_MOUNTED;
                b->file_system = mnt_fs_get_devno(fs);
                b->where = strdup(strempty(mnt_fs_get_target(fs)));
                r = b->where ? 1 : -ENOMEM;
        }
        mnt_free_iter(iter);
        mnt_unref_table(table);
        return MIN(r, 0);
}

/* 0: open, and closed again; else errno. */
static int try_open(const char *path)
{
        int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0)
                return errno;
        (void) close(fd); /* nothing was written */
        return 0;
}

/* As try_open(). ENODEV: the kernel has no such device; ENOTUNIQ: it has, and no file that names it was found. */
static int try_open_number(const char *path, dev_t number)
{
        char link[64], device[64], target[256];
        const char *name;
        ssize_t n;

        if (is_source(path, number))
                return try_open(path);
        snprintf(link, sizeof(link), "/dev/block/%u:%u", major(number), minor(number));
        if (is_source(link, number))
                return try_open(link);
        /* The kernel has the device, whatever names it has been given. */
        snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(number), minor(number));
        n = readlink(link, target, sizeof(target) - 1);
        if (n < 0)
                return errno == ENOENT ? ENODEV : errno;
        target[n] = '\0';
        name = strrchr(target, '/');
        snprintf(device, sizeof(device), "/dev/%.50s", name ? name + 1 : target);
        for (char *c = device + strlen("/dev/"); *c; c++)
                if (*c == '!') /* what a directory's slash is in such a name */
                        *c = '/';
        return is_source(device, number) ? try_open(device) : ENOTUNIQ;
}

/* Returns errno of opening it. */
static int look_at_path(const char *path, Block *b)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return errno;
        if (!S_ISBLK(st.st_mode)) {
                b->state = BLOCK_NO_DEVICE;
                return 0;
        }
        b->number = b->file_system = st.st_rdev;
        return try_open(path);
}

int block_examine(const char *path, dev_t number, Block *ret)
{
        Block b = { .state = BLOCK_FREE, .number = number, .file_system = number };
        int r = 0;

        b.error = number != 0 ? try_open_number(path, number) : look_at_path(path, &b);
        switch (b.error) {
        case 0:
                break;
        case ENOENT:
        case ENOTDIR:
        case ENXIO:
        case ENODEV:
        case ENOMEDIUM:
                b.state = BLOCK_ABSENT;
                break;
        case EBUSY:
                b.state = BLOCK_IN_USE;
                r = find_mount(&b);
                break;
        default:
                b.state = BLOCK_UNREADABLE;
                break;
        }
        if (r < 0) {
                block_done(&b);
                return r;
        }
        if (b.state != BLOCK_UNREADABLE)
                b.error = 0;
        *ret = b;
        return 0;
}

char *block_to_words(const char *path, const Block *b)
{
        switch (b->state) {
        case BLOCK_FREE:
                return text_format("%s is free", path);
        case BLOCK_MOUNTED:
                return text_format("%s is mounted at %s", path, b->where);
        case BLOCK_IN_USE:
                return text_format("%s is in use", path);
        case BLOCK_ABSENT:
                return text_format("%s is not there", path);
        case BLOCK_NO_DEVICE:
                return text_format("%s is not a block device", path);
        case BLOCK_UNREADABLE:
        case _BLOCK_STATE_MAX:
                break;
        }
        return text_format("%s cannot be opened: %s", path, strerror(b->error));
}

char *block_identity(const char *path)
{
        blkid_probe probe = blkid_new_probe_from_filename(path);
        const char *uuid = NULL;
        char *text;

        if (probe && blkid_do_safeprobe(probe) == 0)
                (void) blkid_probe_lookup_value(probe, "UUID", &uuid, NULL); /* uuid stays NULL */
        text = uuid ? text_format("UUID=%s", uuid) : strdup("");
        blkid_free_probe(probe);
        return text;
}
