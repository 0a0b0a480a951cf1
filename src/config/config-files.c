/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "config/config-files.h"
#include "config/words.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef PREFIXLIBDIR
#define PREFIXLIBDIR "/usr/lib"
#endif

const char *const *config_search_path_default(void)
{
        static const char *const path[] = {
                SYSCONFDIR "/distro-manager",
                "/run/distro-manager",
                PREFIXLIBDIR "/distro-manager",
                NULL,
        };
        return path;
}

static const char *const *search_path(const ConfigContext *context)
{
        return context->search_path ? context->search_path : config_search_path_default();
}

void config_files_done(ConfigFiles *f)
{
        for (size_t i = 0; i < f->n_items; i++)
                free(f->items[i].path);
        free(f->items);
        *f = (ConfigFiles){ 0 };
}

int config_files_add(ConfigFiles *f, bool absolute, const char *directory, const char *name)
{
        char *path = text_format("%s%s%s", directory, *directory ? "/" : "", name);
        if (!path || ARRAY_GROW(f->items, f->n_items, f->n_allocated) < 0) {
                free(path);
                return -ENOMEM;
        }
        f->items[f->n_items++] = (ConfigFile){ .path = path, .absolute = absolute };
        return 0;
}

static char *full_path(const ConfigContext *context, bool absolute, const char *path)
{
        return text_format("%s%s", absolute ? "" : strempty(context->root), path);
}

/* An empty file and /dev/null (that is where a link leads) mask those of the same name below. */
static bool is_mask(const struct stat *st)
{
        if (S_ISREG(st->st_mode))
                return st->st_size == 0;
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

int config_files_find(const ConfigContext *context, const char *name, ConfigFiles *f)
{
        const char *const *path = search_path(context);
        for (size_t i = 0; path[i]; i++) {
                _cleanup_free_ char *file = text_format("%s/%s", path[i], name);
                _cleanup_free_ char *full = file ? full_path(context, false, file) : NULL;
                struct stat st;

                if (!full)
                        return -ENOMEM;
                if (stat(full, &st) < 0) {
                        /* A link that leads nowhere is reported when it is read; what is not there is not. */
                        if (lstat(full, &st) < 0)
                                continue;
                        st = (struct stat){ 0 };
                }
                int r = config_files_add(f, false, path[i], name);
                if (r < 0)
                        return r;
                return is_mask(&st) ? -ERFKILL : 1;
        }
        return 0;
}

/* Adds the visible entries of a directory that end in `suffix` to a sorted list of (name, directory), unless
 * the name is there already. A directory that does not exist is empty. */
typedef struct DirEntry {
        char *name;
        const char *directory;
        bool absolute;
} DirEntry;

typedef struct DirEntries {
        DirEntry *items;
        size_t n_items, n_allocated;
} DirEntries;

static void dir_entries_done(DirEntries *e)
{
        for (size_t i = 0; i < e->n_items; i++)
                free(e->items[i].name);
        free(e->items);
}

static int dir_entries_insert(DirEntries *e, const char *name, const char *directory, bool absolute)
{
        size_t at = 0;
        while (at < e->n_items && strcmp(e->items[at].name, name) < 0)
                at++;
        if (at < e->n_items && streq(e->items[at].name, name))
                return 0;
        char *copy = strdup(name);
        if (!copy || ARRAY_GROW(e->items, e->n_items, e->n_allocated) < 0) {
                free(copy);
                return -ENOMEM;
        }
        ARRAY_OPEN(e->items, e->n_items, at);
        e->items[at] = (DirEntry){ .name = copy, .directory = directory, .absolute = absolute };
        return 0;
}

static void closedirp(DIR **d)
{
        if (*d)
                (void) closedir(*d); /* nothing was written */
}

static int dir_entries_read(DirEntries *e, const ConfigContext *context, const char *directory, bool absolute,
                const char *name, const char *suffix, char **ret_bad)
{
        _cleanup_free_ char *path = text_format("%s/%s", directory, name);
        _cleanup_free_ char *full = path ? full_path(context, absolute, path) : NULL;
        if (!full)
                return -ENOMEM;
        _cleanup_(closedirp) DIR *d = opendir(full);
        if (!d) {
                if (errno == ENOENT || errno == ENOTDIR)
                        return 0;
                *ret_bad = TAKE_PTR(path);
                return -errno;
        }
        for (;;) {
                errno = 0;
                const struct dirent *entry = readdir(d);
                if (!entry) {
                        if (errno == 0)
                                return 0;
                        *ret_bad = TAKE_PTR(path);
                        return -errno;
                }
                if (entry->d_name[0] == '.' || !endswith(entry->d_name, suffix))
                        continue;
                int r = dir_entries_insert(e, entry->d_name, directory, absolute);
                if (r < 0)
                        return r;
        }
}

static int dir_entries_read_all(DirEntries *e, const ConfigContext *context, const char *beside,
                const char *name, const char *suffix, char **ret_bad)
{
        const char *const *path = search_path(context);
        int r = beside ? dir_entries_read(e, context, beside, true,
                                         strrchr(name, '/') ? strrchr(name, '/') + 1 : name, suffix, ret_bad)
                       : 0;
        for (size_t i = 0; r >= 0 && path[i]; i++)
                r = dir_entries_read(e, context, path[i], false, name, suffix, ret_bad);
        return r;
}

int config_files_find_dropins(const ConfigContext *context, const char *beside, const char *name,
                ConfigFiles *f, char **ret_bad)
{
        _cleanup_(dir_entries_done) DirEntries e = { 0 };
        const char *last = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
        int r = dir_entries_read_all(&e, context, beside, name, ".conf", ret_bad);

        for (size_t i = 0; r >= 0 && i < e.n_items; i++) {
                const DirEntry *entry = e.items + i;
                struct stat st;
                _cleanup_free_ char *directory =
                                text_format("%s/%s", entry->directory, entry->absolute ? last : name);
                _cleanup_free_ char *path = directory ? text_format("%s/%s", directory, entry->name) : NULL;
                _cleanup_free_ char *full = path ? full_path(context, entry->absolute, path) : NULL;
                if (!full)
                        return -ENOMEM;
                if (stat(full, &st) >= 0 && is_mask(&st))
                        continue;
                r = config_files_add(f, entry->absolute, directory, entry->name);
        }
        return r;
}

int config_files_list_stray(
                const ConfigContext *context, const char *name, const char *suffix, ConfigFiles *f)
{
        const char *const *path = search_path(context);
        int r = 0;

        for (size_t i = 0; r >= 0 && path[i]; i++) {
                _cleanup_(dir_entries_done) DirEntries e = { 0 };
                _cleanup_free_ char *bad = NULL, *directory = text_format("%s/%s", path[i], name),
                                    *dropins = text_format("%s.d", suffix);
                if (!directory || !dropins)
                        return -ENOMEM;
                r = dir_entries_read(&e, context, path[i], false, name, "", &bad);
                for (size_t k = 0; r >= 0 && k < e.n_items; k++)
                        if (!endswith(e.items[k].name, suffix) && !endswith(e.items[k].name, dropins))
                                r = config_files_add(f, false, directory, e.items[k].name);
        }
        return r;
}

int config_files_list_names(const ConfigContext *context, const char *name, const char *suffix, char ***ret,
                size_t *ret_n, char **ret_bad)
{
        _cleanup_(dir_entries_done) DirEntries e = { 0 };
        int r = dir_entries_read_all(&e, context, NULL, name, suffix, ret_bad);
        char **names = NULL;
        size_t n = 0;

        for (size_t i = 0; r >= 0 && i < e.n_items; i++)
                r = names_append(&names, &n, e.items[i].name);
        if (r < 0) {
                names_free(names, n);
                return r;
        }
        *ret = names;
        *ret_n = n;
        return 0;
}

static void closep(int *fd)
{
        if (*fd >= 0)
                (void) close(*fd); /* nothing was written */
}

/* Reads a regular file whole. O_NONBLOCK: a FIFO must not hold the reader up. */
static int read_file(const char *path, char **ret, size_t *ret_size_bytes, bool *ret_closed)
{
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode) && !is_mask(&st))
                return -EBADFD;

        _cleanup_free_ char *data = malloc(CONFIG_FILE_MAX + 1);
        size_t n = 0;
        if (!data)
                return -ENOMEM;
        while (n <= CONFIG_FILE_MAX) {
                ssize_t k = read(fd, data + n, CONFIG_FILE_MAX + 1 - n);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        if (n > CONFIG_FILE_MAX)
                return -EFBIG;
        *ret = TAKE_PTR(data);
        *ret_size_bytes = n;
        *ret_closed = S_ISREG(st.st_mode) && !(st.st_mode & S_IROTH);
        return 0;
}

int config_files_parse(ParseState *p, const ConfigFiles *f, const char *const *sections,
                AssignmentHandler handler, void *userdata)
{
        for (size_t i = 0; i < f->n_items; i++) {
                _cleanup_free_ char *full = full_path(p->context, f->items[i].absolute, f->items[i].path),
                                    *data = NULL;
                size_t size_bytes = 0;
                if (!full)
                        return -ENOMEM;

                p->file = f->items[i].path;
                p->line = 0;
                p->key = NULL;
                int r = read_file(full, &data, &size_bytes, &p->closed);
                if (r == -ENOMEM)
                        return r;
                if (r == -EFBIG)
                        r = parse_error(p, "too large, expected at most %u bytes", CONFIG_FILE_MAX);
                else if (r == -EBADFD)
                        r = parse_error(p, "not a regular file");
                else if (r < 0)
                        r = parse_error(p, "can't be read: %s", strerror(-r));
                else
                        r = syntax_parse(p, data, size_bytes, sections, handler, userdata);
                if (r < 0 && r != -EINVAL)
                        return r;
        }
        return 0;
}

int config_files_paths(const ConfigFiles *f, char ***ret)
{
        char **list = calloc(f->n_items + 1, sizeof(char *));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_items; i++) {
                list[i] = strdup(f->items[i].path);
                if (!list[i]) {
                        strings_free(list);
                        return -ENOMEM;
                }
        }
        *ret = list;
        return 0;
}
