/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/users.h"

#include <dirent.h>
#include <fcntl.h>
#include <libmount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

#define COMM_BYTES 17 /* with the newline that becomes the zero */

/* A list in words that grows, of which the first are named. */
typedef struct Named {
        Text text;
        size_t n;
} Named;

static void named_add(Named *n, const char *pid, const char *comm)
{
        if (n->n++ < USERS_NAMED_MAX)
                text_printf(&n->text, "%s%s (%s)", n->n > 1 ? ", " : "", pid, comm);
}

static bool is_pid(const char *name)
{
        return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

/* Names come from the processes themselves. */
static void read_comm(int proc_fd, char ret[static COMM_BYTES])
{
        int fd = openat(proc_fd, "comm", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, ret, COMM_BYTES - 1);

        if (fd >= 0)
                (void) close(fd); /* of /proc */
        n = MAX(n, (ssize_t) 0);
        if (n > 0 && ret[n - 1] == '\n')
                n--;
        ret[n] = '\0';
        for (char *c = ret; *c; c++)
                if (*c < ' ' || *c > '~')
                        *c = '?';
}

/* Without asking a server: what others have open may be on one that does not answer. */
static bool is_on(const Block *b, int dir_fd, const char *name)
{
        struct statx st;

        if (statx(dir_fd, name, AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0) /* it has ended, or closed it */
                return false;
        return makedev(st.stx_dev_major, st.stx_dev_minor) == b->file_system ||
               (S_ISBLK(st.stx_mode) && makedev(st.stx_rdev_major, st.stx_rdev_minor) == b->number);
}

static bool has_open(const Block *b, int proc_fd)
{
        int fd = openat(proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        bool found = false;

        if (!dir) {
                if (fd >= 0)
                        (void) close(fd); /* of /proc */
                return false;
        }
        while (!found && (entry = readdir(dir)))
                found = is_pid(entry->d_name) && is_on(b, dirfd(dir), entry->d_name);
        (void) closedir(dir); /* of /proc */
        return found;
}

static bool has_mapped(const Block *b, int proc_fd)
{
        int fd = openat(proc_fd, "maps", O_RDONLY | O_CLOEXEC);
        _cleanup_fclose_ FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
        _cleanup_free_ char *line = NULL;
        unsigned major_number, minor_number;
        size_t size = 0;

        while (f && getline(&line, &size, f) > 0)
                if (sscanf(line, "%*s %*s %*s %x:%x", &major_number, &minor_number) == 2 &&
                                makedev(major_number, minor_number) == b->file_system)
                        return true;
        return false;
}

static bool uses(const Block *b, int proc_fd)
{
        return is_on(b, proc_fd, "cwd") || is_on(b, proc_fd, "root") || is_on(b, proc_fd, "exe") ||
               has_open(b, proc_fd) || has_mapped(b, proc_fd);
}

static bool is_mounted_for(const Block *b, const char *pid)
{
        _cleanup_free_ char *path = text_format("/proc/%s/mountinfo", pid);
        struct libmnt_table *table = path ? mnt_new_table_from_file(path) : NULL;
        bool found = table && mnt_table_find_devno(table, b->file_system, MNT_ITER_FORWARD);

        mnt_unref_table(table);
        return found;
}

/* The mount namespaces that were looked at: many processes share one. */
typedef struct Namespaces {
        ino_t seen[64]; /* of more than these it is looked at each time */
        size_t n;
} Namespaces;

static bool is_new_namespace(Namespaces *n, int proc_fd)
{
        struct stat st;

        if (fstatat(proc_fd, "ns/mnt", &st, 0) < 0)
                return false;
        for (size_t i = 0; i < n->n; i++)
                if (n->seen[i] == st.st_ino)
                        return false;
        if (n->n < ELEMENTSOF(n->seen))
                n->seen[n->n++] = st.st_ino;
        return true;
}

static void look_at(const Block *b, const char *pid, int proc_fd, Namespaces *namespaces, Named *users,
                Named *mounted)
{
        char comm[COMM_BYTES];
        bool is_user = uses(b, proc_fd);

        read_comm(proc_fd, comm);
        if (is_user)
                named_add(users, pid, comm);
        /* What is mounted here is mounted in each namespace that gets the mounts of the host: nobody has to leave it. */
        if (b->state != BLOCK_MOUNTED && is_new_namespace(namespaces, proc_fd) && is_mounted_for(b, pid) &&
                        !is_user)
                named_add(mounted, pid, comm);
}

static void add_rest(Named *n)
{
        if (n->n > USERS_NAMED_MAX)
                text_printf(&n->text, " and %zu more", n->n - USERS_NAMED_MAX);
}

char *users_to_words(const Block *b)
{
        DIR *proc = opendir("/proc");
        Named users = {}, mounted = {};
        Namespaces namespaces = {};
        struct dirent *entry;
        struct stat own;
        Text all = {};

        /* What is mounted here is said by whoever asks, and by its mount point. */
        if (stat("/proc/self/ns/mnt", &own) == 0)
                namespaces.seen[namespaces.n++] = own.st_ino;
        while (b->number != 0 && proc && (entry = readdir(proc))) {
                int fd = is_pid(entry->d_name) && (pid_t) strtol(entry->d_name, NULL, 10) != getpid()
                                         ? openat(dirfd(proc), entry->d_name,
                                                           O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                         : -1;

                if (fd < 0)
                        continue;
                look_at(b, entry->d_name, fd, &namespaces, &users, &mounted);
                (void) close(fd); /* of /proc */
        }
        if (proc)
                (void) closedir(proc); /* of /proc */
        add_rest(&users);
        add_rest(&mounted);
        if (users.n > 0)
                text_printf(&all, "used by %s", strempty(users.text.data));
        if (mounted.n > 0)
                text_printf(&all, "%smounted in the mount namespace of %s", users.n > 0 ? ", " : "",
                                strempty(mounted.text.data));
        all.error = MIN(all.error, MIN(users.text.error, mounted.text.error));
        text_done(&users.text);
        text_done(&mounted.text);
        return text_take(&all);
}
