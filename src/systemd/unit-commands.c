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

static bool has_flag(const UnitExec *e, const char *flag)
{
        for (size_t i = 0; i < e->flags.n; i++)
                if (streq(e->flags.items[i], flag))
                        return true;
        return false;
}

static void add_command(Text *t, const char *key, int key_length, const UnitExec *e)
{
        text_printf(t, "%.*s=%s%s%s@", key_length, key, has_flag(e, "ignore-failure") ? "-" : "",
                        has_flag(e, "privileged") ? "+" : "", has_flag(e, "no-setuid") ? "!" : "");
        add_word(t, e->path);
        for (size_t i = 0; i < e->argv.n; i++) {
                text_add(t, " ");
                add_word(t, e->argv.items[i]);
        }
        text_add(t, "\n");
}

static bool is_exec(const UnitProperty *p)
{
        return p->kind == UNIT_PROPERTY_EXEC || p->kind == UNIT_PROPERTY_EXEC_EX;
}

static bool needs_text(const UnitProperty *p)
{
        if (p->kind == UNIT_PROPERTY_EXEC_EX)
                return true;
        for (size_t i = 0; i < p->exec.n; i++)
                for (size_t k = 0; k < p->exec.items[i].argv.n; k++)
                        if (strchr(p->exec.items[i].argv.items[k], '$'))
                                return true;
        return false;
}

/* The key of the property: its name without the Ex of that form. */
static int key_length(const UnitProperty *p)
{
        return (int) strlen(p->name) - (p->kind == UNIT_PROPERTY_EXEC_EX ? 2 : 0);
}

static bool same_key(const UnitProperty *a, const UnitProperty *b)
{
        return is_exec(b) && key_length(a) == key_length(b) &&
               strncmp(a->name, b->name, (size_t) key_length(a)) == 0;
}

/* A key is all its commands, of both forms, in the order in which they are sent. */
static void add_key(Text *t, const UnitStart *start, const UnitProperty *first)
{
        bool needed = false;

        for (const UnitProperty *p = first; p < start->properties + start->n_properties; p++)
                needed = needed || (same_key(first, p) && needs_text(p));
        if (!needed)
                return;
        text_printf(t, "%.*s=\n", key_length(first), first->name);
        for (const UnitProperty *p = first; p < start->properties + start->n_properties; p++)
                for (size_t i = 0; same_key(first, p) && i < p->exec.n; i++)
                        add_command(t, first->name, key_length(first), &p->exec.items[i]);
}

static bool is_first(const UnitStart *start, const UnitProperty *p)
{
        for (const UnitProperty *before = start->properties; before < p; before++)
                if (is_exec(before) && same_key(p, before))
                        return false;
        return true;
}

/* Keys that systemd alone knows, of one section. */
static void add_lines(Text *t, const UnitStart *start, const char *section)
{
        for (size_t i = 0; i < start->n_properties; i++) {
                const UnitProperty *p = &start->properties[i];
                const char *key = p->kind == UNIT_PROPERTY_LINES ? startswith(p->name, section) : NULL;

                for (size_t k = 0; key && k < p->strings.n; k++)
                        text_printf(t, "%s=%s\n", key + 1, p->strings.items[k]);
        }
}

int unit_commands_text(const UnitStart *start, char **ret)
{
        Text keys = {}, unit = {}, t = {};

        add_lines(&unit, start, "Unit");
        add_lines(&keys, start, "Service");

        for (size_t i = 0; i < start->n_properties; i++)
                if (is_exec(&start->properties[i]) && is_first(start, &start->properties[i]))
                        add_key(&keys, start, &start->properties[i]);
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
                (void) unlink(d->temporary); /* what is left of it is read by nobody */
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
