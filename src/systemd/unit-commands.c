/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "systemd/unit-commands.h"
#include "systemd/unit-read.h"

/* An administrator's drop-ins of other names come later, so they override it. */
#define FILE_PREFIX "00-distro-manager-"

/* One word of a command as systemd reads it: quoted, and no specifier in it. */
static void add_word(Text *t, const char *word)
{
        text_add(t, "\"");
        for (const char *c = word; *c; c++)
                if (*c == '"' || *c == '\\')
                        text_printf(t, "\\%c", *c);
                else if (*c == '%')
                        text_add(t, "%%");
                else if ((unsigned char) *c < ' ' || *c == 0x7f)
                        text_printf(t, "\\x%02x", (unsigned char) *c);
                else
                        text_add_n(t, c, 1);
        text_add(t, "\"");
}

static void add_command(Text *t, const char *key, int key_length, SealedExec *e)
{
        text_printf(t, "%.*s=%s%s%s@", key_length, key, e->ignore_failure ? "-" : "",
                        e->privileged ? "+" : "", e->no_setuid ? "!" : "");
        add_word(t, e->path);
        for (uint32_t i = 0; i < e->n_argv; i++) {
                text_add(t, " ");
                add_word(t, sealed_string(&e->argv));
        }
        text_add(t, "\n");
}

/* What systemd 252 loses: the flags that make the property one of the ...Ex form, and a "$". */
static bool needs_text(SealedProperty p)
{
        if (sealed_exec_key_length(&p) < (int) strlen(p.name))
                return true;
        for (uint32_t n = get_u32(&p.value); n > 0; n--) {
                SealedExec e = sealed_exec(&p);

                for (uint32_t i = 0; i < e.n_argv; i++)
                        if (strchr(sealed_string(&e.argv), '$'))
                                return true;
        }
        return false;
}

static bool same_key(const SealedProperty *a, const SealedProperty *b)
{
        int length = sealed_exec_key_length(a);

        return sealed_is_exec(b) && length == sealed_exec_key_length(b) &&
               strncmp(a->name, b->name, (size_t) length) == 0;
}

/* A key is all its commands, of both forms, in the order in which they are sent; `first` is the first of its properties. */
static void add_key(Text *t, const SealedProperties *properties, const SealedProperty *first)
{
        ByteReader r = sealed_reader(properties);
        int length = sealed_exec_key_length(first);
        bool needed = false;
        SealedProperty p;

        while (sealed_next(&r, &p))
                needed = needed || (same_key(first, &p) && needs_text(p));
        if (!needed)
                return;
        text_printf(t, "%.*s=\n", length, first->name);
        r = sealed_reader(properties);
        while (sealed_next(&r, &p)) {
                uint32_t n = same_key(first, &p) ? get_u32(&p.value) : 0;

                for (; n > 0; n--) {
                        SealedExec e = sealed_exec(&p);
                        add_command(t, first->name, length, &e);
                }
        }
}

static bool is_first(const SealedProperties *properties, const SealedProperty *p)
{
        ByteReader r = sealed_reader(properties);
        SealedProperty before;

        while (sealed_next(&r, &before) && before.name != p->name)
                if (sealed_is_exec(&before) && same_key(p, &before))
                        return false;
        return true;
}

static void add_commands(Text *t, const SealedProperties *properties)
{
        ByteReader r = sealed_reader(properties);
        SealedProperty p;

        while (sealed_next(&r, &p))
                if (sealed_is_exec(&p) && is_first(properties, &p))
                        add_key(t, properties, &p);
}

/* Keys that systemd alone knows, of one section. */
static void add_lines(Text *t, const SealedProperties *properties, const char *section)
{
        ByteReader r = sealed_reader(properties);
        SealedProperty p;

        while (sealed_next(&r, &p)) {
                const char *key = p.signature[0] ? NULL : startswith(p.name, section);
                uint32_t n = key ? get_u32(&p.value) : 0;

                for (; n > 0; n--)
                        text_printf(t, "%s=%s\n", key + 1, sealed_string(&p.value));
        }
}

int unit_commands_text(const UnitStart *start, char **ret)
{
        Text keys = {}, unit = {}, t = {};

        if (start->properties) {
                add_lines(&unit, start->properties, "Unit");
                add_lines(&keys, start->properties, "Service");
                add_commands(&keys, start->properties);
        }
        if (keys.length + unit.length > 0)
                text_printf(&t,
                                "# Of distro-manager: commands as they are to be after a daemon-reload, and keys that systemd "
                                "alone knows.\n%s%s%s%s",
                                unit.length > 0 ? "[Unit]\n" : "", strempty(unit.data),
                                keys.length > 0 ? "[Service]\n" : "", strempty(keys.data));
        int error = keys.error ? keys.error : unit.error ? unit.error : t.error;
        text_done(&keys);
        text_done(&unit);
        if (error < 0) {
                text_done(&t);
                return error;
        }
        *ret = t.length > 0 ? text_take(&t) : NULL;
        return 0;
}

typedef struct DropIn {
        char *directory, *file, *temporary;
} DropIn;

static void drop_in_done(DropIn *d)
{
        free(d->directory);
        free(d->file);
        free(d->temporary);
}

static int drop_in_of(const char *directory, const char *app, uint64_t epoch, DropIn *ret)
{
        char name[WORKER_UNIT_NAME_MAX];

        worker_unit_name(app, name);
        *ret = (DropIn){
                .directory = text_format("%s/%s.d", directory, name),
                .file = text_format("%s/%s.d/" FILE_PREFIX "%" PRIu64 ".conf", directory, name, epoch),
                .temporary = text_format("%s/%s.d/." FILE_PREFIX "%" PRIu64 ".new", directory, name, epoch),
        };
        return ret->directory && ret->file && ret->temporary ? 0 : -ENOMEM;
}

static int write_all(int fd, const char *s)
{
        for (size_t left = strlen(s); left > 0;) {
                ssize_t n = write(fd, s, left);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        s += n;
                        left -= (size_t) n;
                }
        }
        return 0;
}

static int make_directory(const char *path)
{
        return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : chmod(path, 0755) < 0 ? -errno : 0;
}

/* By a file of another name, as systemd may read it at any time. The manager's umask would hide it. */
static int drop_in_write(const DropIn *d, const char *parent, const char *text)
{
        int r = make_directory(parent);
        if (r >= 0)
                r = make_directory(d->directory);
        if (r < 0)
                return r;
        int fd = open(d->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text);
        if (r >= 0 && fchmod(fd, 0644) < 0)
                r = -errno;
        close(fd);
        if (r >= 0 && rename(d->temporary, d->file) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(d->temporary); /* what is left of it is not read any more */
        return r;
}

/* What copies before left, where a manager ended before it could take it away. */
static void drop_in_remove_others(const DropIn *d)
{
        const char *own = strrchr(d->file, '/') + 1;
        DIR *directory = opendir(d->directory);
        const struct dirent *entry;

        while (directory && (entry = readdir(directory)))
                if (startswith(entry->d_name, FILE_PREFIX) && !streq(entry->d_name, own))
                        (void) unlinkat(dirfd(directory), entry->d_name, 0); /* as above */
        if (directory)
                (void) closedir(directory);
}

static void drop_in_remove(const DropIn *d)
{
        /* Where it is not there, or something else lies beside it, that is as it should be. */
        (void) unlink(d->file);
        (void) rmdir(d->directory);
}

int unit_commands_write(const char *directory, const UnitStart *start)
{
        _cleanup_free_ char *text = NULL;
        DropIn d;
        int r = drop_in_of(directory, start->app, start->epoch, &d);

        if (r >= 0)
                r = unit_commands_text(start, &text);
        if (r >= 0)
                drop_in_remove_others(&d);
        if (r >= 0 && text)
                r = drop_in_write(&d, directory, text);
        else if (r >= 0)
                drop_in_remove(&d);
        drop_in_done(&d);
        return r;
}

void unit_commands_remove(const char *directory, const char *app, uint64_t epoch)
{
        DropIn d;

        /* Without memory it stays; the next start of that name writes its own. */
        if (drop_in_of(directory, app, epoch, &d) >= 0)
                drop_in_remove(&d);
        drop_in_done(&d);
}
