/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/cgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define DEPTH_MAX 16u               /* how deep a worker's own groups are followed */
#define KILL_TOGETHER ((size_t) 64) /* without cgroup.kill: processes between two looks at the list */
#define KILL_ROUNDS_MAX 64u         /* without cgroup.kill: how often new processes are looked for */

static const char *const hierarchies[] = { "", "/unified", "/systemd" };

static char *group_path(const char *root, const char *hierarchy, const char *group)
{
        char *path;

        return asprintf(&path, "%s%s%s", root ? root : CGROUP_ROOT, hierarchy, group) < 0 ? NULL : path;
}

static int open_group(const char *root, const char *hierarchy, const char *group)
{
        _cleanup_free_ char *path = group_path(root, hierarchy, group);
        if (!path)
                return -ENOMEM;

        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

static int write_kill(int dir_fd)
{
        int fd = openat(dir_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        int r = write(fd, "1", 1) < 0 ? -errno : 0;
        (void) close(fd); /* cgroup files have nothing to flush */
        return r;
}

typedef struct ProcList {
        pid_t *pids;
        size_t n, n_allocated;
} ProcList;

static void proc_list_done(ProcList *l)
{
        free(l->pids);
}

/* The processes in this group itself. */
static int read_procs(int dir_fd, ProcList *l)
{
        _cleanup_fclose_ FILE *f = NULL;
        int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        long pid;

        if (fd < 0)
                return -errno;
        f = fdopen(fd, "re");
        if (!f) {
                (void) close(fd);
                return -ENOMEM;
        }
        while (fscanf(f, "%ld", &pid) == 1) {
                if (pid <= 1) /* 0 is a process that we cannot see; 1 is never a worker */
                        continue;
                if (ARRAY_GROW(l->pids, l->n, l->n_allocated) < 0)
                        return -ENOMEM;
                l->pids[l->n++] = (pid_t) pid;
        }
        return 0;
}

static bool proc_list_has(const ProcList *l, pid_t pid)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->pids[i] == pid)
                        return true;
        return false;
}

/* By the time of a signal a number may be another process's. A descriptor stays with its process, which is one of the
 * group's if the group lists the number after it was opened, too. */
static int kill_procs(int dir_fd, const pid_t *pids, size_t n)
{
        _cleanup_(proc_list_done) ProcList now = {};
        int fds[KILL_TOGETHER], r;

        ASSERT(n <= ELEMENTSOF(fds));
        for (size_t i = 0; i < n; i++)
                fds[i] = (int) syscall(SYS_pidfd_open, pids[i], 0);
        r = read_procs(dir_fd, &now);
        for (size_t i = 0; i < n; i++) {
                if (fds[i] < 0) /* it is gone, which is what we want; or no descriptor is left, and the next round tries again */
                        continue;
                if (proc_list_has(&now, pids[i]))
                        (void) syscall(SYS_pidfd_send_signal, fds[i], SIGKILL, NULL, 0);
                (void) close(fds[i]);
        }
        return r;
}

/* Kills each process in this group itself, or only counts. Returns how many there were. */
static int end_procs(int dir_fd, bool do_kill)
{
        _cleanup_(proc_list_done) ProcList l = {};
        int r = read_procs(dir_fd, &l);

        for (size_t i = 0; do_kill && r >= 0 && i < l.n; i += KILL_TOGETHER)
                r = kill_procs(dir_fd, l.pids + i, MIN(l.n - i, KILL_TOGETHER));
        return r < 0 ? r : (int) MIN(l.n, (size_t) INT_MAX);
}

/* The same for a whole tree. Takes the descriptor. */
static int end_tree(int dir_fd, bool do_kill, unsigned depth)
{
        int total = end_procs(dir_fd, do_kill);
        DIR *dir = fdopendir(dir_fd);
        struct dirent *entry;

        if (!dir) {
                (void) close(dir_fd);
                return -ENOMEM;
        }
        while (depth < DEPTH_MAX && (entry = readdir(dir))) {
                if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
                        continue;
                int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue;
                int n = end_tree(fd, do_kill, depth + 1);
                if (n > 0)
                        total = MAX(total, 0) + n;
        }
        (void) closedir(dir);
        return total;
}

static int kill_tree(const char *root, const char *hierarchy, const char *group)
{
        for (unsigned round = 0; round < KILL_ROUNDS_MAX; round++) {
                int fd = open_group(root, hierarchy, group);
                if (fd < 0)
                        return round > 0 && fd == -ENOENT ? 0 : fd;
                int n = end_tree(fd, true, 0);
                if (n <= 0)
                        return n;
                /* A process that was killed leaves its group a moment later; only forks are worth another
                 * round at once, and they keep their group populated. */
                (void) usleep(1000);
        }
        return -EBUSY;
}

int cgroup_kill(const char *root, const char *group)
{
        int error = -ENOENT;

        if (isempty(group) || streq(group, "/"))
                return -EINVAL;

        FOREACH_ARRAY(h, hierarchies, ELEMENTSOF(hierarchies)) {
                int fd = open_group(root, *h, group);
                if (fd < 0) {
                        if (fd != -ENOENT)
                                error = fd;
                        continue;
                }
                int r = write_kill(fd);
                (void) close(fd);
                if (r == 0)
                        return 0;
        }
        FOREACH_ARRAY(h, hierarchies, ELEMENTSOF(hierarchies)) {
                int r = kill_tree(root, *h, group);
                if (r != -ENOENT)
                        error = error == -ENOENT || r < 0 ? r : error;
        }
        return error;
}

/* cgroup.events of the second version knows at once; the first has only its lists of processes. */
static int hierarchy_is_populated(const char *root, const char *hierarchy, const char *group)
{
        _cleanup_fclose_ FILE *f = NULL;
        char key[32];
        int value, dir_fd = open_group(root, hierarchy, group);

        if (dir_fd < 0)
                return dir_fd;

        int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
                int n = end_tree(dir_fd, false, 0);
                return n < 0 ? n : n > 0;
        }
        (void) close(dir_fd);
        f = fdopen(fd, "re");
        if (!f) {
                (void) close(fd);
                return -ENOMEM;
        }
        while (fscanf(f, "%31s %d", key, &value) == 2)
                if (streq(key, "populated"))
                        return value != 0;
        return -EBADMSG;
}

int cgroup_is_populated(const char *root, const char *group)
{
        int result = 0;

        if (isempty(group) || streq(group, "/"))
                return -EINVAL;
        FOREACH_ARRAY(h, hierarchies, ELEMENTSOF(hierarchies)) {
                int r = hierarchy_is_populated(root, *h, group);
                if (r > 0)
                        return 1;
                if (r < 0 && r != -ENOENT && r != -ENODEV)
                        result = r;
        }
        return result;
}

/* What stands before "/system.slice/..." (or "/init.scope" ...) in our own group: not empty in a container
 * that shares its host's view of the hierarchies. */
static int own_prefix(char **ret)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
        char line[1024], *prefix;

        while (f && fgets(line, sizeof(line), f)) {
                char *group = strstr(line, ":/");
                if (!group || (strncmp(line, "0::", 3) != 0 && !strstr(line, ":name=systemd:")))
                        continue;
                char *slice = strstr(group, "/system.slice/");
                if (!slice)
                        continue;
                *slice = 0;
                prefix = strdup(group + 1);
                if (!prefix)
                        return -ENOMEM;
                *ret = prefix;
                return 0;
        }
        prefix = strdup("");
        if (!prefix)
                return -ENOMEM;
        *ret = prefix;
        return 0;
}

/* "a-b.slice" lies in a.slice: "/a.slice/a-b.slice". The root of all is "-.slice". */
static int slice_path(const char *slice, char **ret)
{
        size_t n = strlen(slice) - (endswith(slice, ".slice") ? strlen(".slice") : strlen(slice));
        char *path = n > 0 ? strdup("") : NULL;

        if (n == 0)
                return -EINVAL;
        for (size_t i = 1; path && i <= n && !streq(slice, "-.slice"); i++) {
                char *outer = path;

                if (i < n && slice[i] != '-')
                        continue;
                path = text_format("%s/%.*s.slice", outer, (int) i, slice);
                free(outer);
        }
        if (!path)
                return -ENOMEM;
        *ret = path;
        return 0;
}

int cgroup_guess_unit(const char *slice, const char *unit, char **ret)
{
        _cleanup_free_ char *prefix = NULL, *path = NULL;
        char *group;
        int r = slice_path(slice, &path);

        if (r >= 0)
                r = own_prefix(&prefix);
        if (r < 0)
                return r;
        group = text_format("%s%s/%s", prefix, path, unit);
        if (!group)
                return -ENOMEM;
        *ret = group;
        return 0;
}

bool cgroup_is_below(const char *group, const char *outer)
{
        size_t n = strlen(outer);

        return strncmp(group, outer, n) == 0 && group[n] == '/';
}

typedef struct GroupList {
        char **items;
        size_t n, n_allocated;
} GroupList;

static int list_add(GroupList *l, char *group)
{
        int r = array_reserve(&l->items, &l->n_allocated, l->n + 2, sizeof(l->items[0]));
        if (r < 0)
                return r;
        l->items[l->n++] = group;
        l->items[l->n] = NULL;
        return 0;
}

/* Takes the name where it is not known yet. */
static int list_add_new(GroupList *l, char *group)
{
        int r = 0;

        for (size_t i = 0; i < l->n; i++)
                if (streq(l->items[i], group)) {
                        free(group);
                        return 0;
                }
        r = list_add(l, group);
        if (r < 0)
                free(group);
        return r;
}

/* The name of a unit of that name, or of any worker or part; systemd puts a "_" before one that a file there could have. */
static bool is_wanted(const char *name, const char *unit)
{
        char app[APP_NAME_MAX + 1];

        if (unit)
                return streq(name + (name[0] == '_'), unit);
        return worker_unit_parse(name, app) || part_unit_parse(name, app);
}

/* In the slices that are in it as well. What lies in a service is its own affair, as that of a user's systemd. */
static int list_slice(const char *root, const char *hierarchy, const char *slice, const char *unit,
                unsigned depth, GroupList *l)
{
        _cleanup_free_ char *path = group_path(root, hierarchy, slice);
        struct dirent *entry;
        char *group;
        DIR *dir;
        int r = 0;

        if (!path)
                return -ENOMEM;
        dir = opendir(path);
        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        while (r >= 0 && (entry = readdir(dir))) {
                bool is_slice = depth < DEPTH_MAX && endswith(entry->d_name, ".slice");

                if (!is_slice && !is_wanted(entry->d_name, unit))
                        continue;
                group = text_format("%s/%s", slice, entry->d_name);
                if (!group)
                        r = -ENOMEM;
                else if (!is_slice)
                        r = list_add_new(l, group);
                else {
                        r = list_slice(root, hierarchy, group, unit, depth + 1, l);
                        free(group);
                }
        }
        (void) closedir(dir);
        return r;
}

static int compare_groups(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int list_groups(const char *root, const char *unit, char ***ret)
{
        _cleanup_free_ char *prefix = NULL;
        GroupList l = {};

        int r = own_prefix(&prefix);
        if (r < 0)
                return r;
        r = array_reserve(&l.items, &l.n_allocated, 1, sizeof(l.items[0]));
        FOREACH_ARRAY(h, hierarchies, ELEMENTSOF(hierarchies))
                if (r >= 0)
                        r = list_slice(root, *h, prefix, unit, 0, &l);
        if (r < 0) {
                strings_free(l.items);
                return r;
        }
        qsort(l.items, l.n, sizeof(l.items[0]), compare_groups);
        *ret = l.items;
        return 0;
}

int cgroup_list_workers(const char *root, char ***ret)
{
        return list_groups(root, NULL, ret);
}

int cgroup_find_unit(const char *root, const char *unit, char **ret)
{
        _cleanup_(strings_freep) char **groups = NULL;
        size_t n = 0;
        int r = list_groups(root, unit, &groups);

        if (r < 0)
                return r;
        while (groups[n])
                n++;
        if (n == 0)
                return -ENOENT;
        *ret = strdup(groups[n - 1]);
        return *ret ? 0 : -ENOMEM;
}
