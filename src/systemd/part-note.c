/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/parse.h"
#include "base/strings.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/part-note.h"

#define NEW_SUFFIX ".new" /* no application's name has a dot */

void part_note_done(PartNote *n)
{
        parts_done(&n->parts);
        *n = (PartNote){};
}

/* ---- the text ---- */

static void add_escaped(Text *t, const char *value)
{
        for (const char *c = value; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f || *c == '\\')
                        text_printf(t, "\\x%02x", (unsigned char) *c);
                else
                        text_add_n(t, c, 1);
}

static void add_line(Text *t, const char *key, const char *value)
{
        text_printf(t, "%s=", key);
        add_escaped(t, value);
        text_add(t, "\n");
}

char *part_note_format(const char *app, const PartNote *n)
{
        char slice[APP_SLICE_NAME_MAX];
        Text t = {};

        app_slice_name(app, slice);
        text_printf(&t, "epoch=%" PRIu64 "\nbegun=%" PRIu64 "\n", n->epoch, n->begun_usec);
        add_line(&t, "slice", slice);
        FOREACH_ARRAY(p, n->parts.items, n->parts.n_items) {
                text_printf(&t, "part=%s ", part_kind_to_string(p->kind));
                add_escaped(&t, p->id);
                text_add(&t, "\n");
                add_line(&t, "name", p->name);
                for (char **word = p->arguments; *word; word++)
                        add_line(&t, "argument", *word);
                text_printf(&t, "start=%" PRIu64 "\nstop=%" PRIu64 "\n", p->start_timeout_usec,
                                p->stop_timeout_usec);
        }
        text_add(&t, "end\n");
        return text_take(&t);
}

static int hex_digit(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. False: it was not escaped by us. */
static bool unescape(char *value)
{
        char *to = value;

        for (const char *from = value; *from; to++) {
                int high, low;

                if (*from != '\\') {
                        *to = *from++;
                        continue;
                }
                if (from[1] != 'x' || (high = hex_digit(from[2])) < 0 || (low = hex_digit(from[3])) < 0 ||
                                high + low == 0)
                        return false;
                *to = (char) (high * 16 + low);
                from += 4;
        }
        *to = '\0';
        return true;
}

/* What stands behind "KEY=" in the next line, or NULL; *text goes behind the line. */
static char *next_value(char **text, const char *key)
{
        size_t n = strlen(key);
        char *value, *end = strchr(*text, '\n');

        if (!end || strncmp(*text, key, n) != 0 || (*text)[n] != '=')
                return NULL;
        *end = '\0';
        value = *text + n + 1;
        *text = end + 1;
        return unescape(value) ? value : NULL;
}

static int take_number(char **text, const char *key, uint64_t *ret)
{
        const char *value = next_value(text, key);

        return value && parse_u64(value, ret) >= 0 ? 0 : -EBADMSG;
}

static int take_words(char **text, Part *p)
{
        const char *value;
        int r = 0;

        p->arguments = calloc(1, sizeof(char *));
        if (!p->arguments)
                return -ENOMEM;
        while (r >= 0 && (value = next_value(text, "argument")))
                r = strings_append(&p->arguments, value);
        return r;
}

/* `head` is what stands behind "part=". */
static int take_part(const char *app, char *head, char **text, Part *p)
{
        char unit[PART_UNIT_NAME_MAX], *id = strchr(head, ' ');
        const char *name;
        int r;

        if (!id)
                return -EBADMSG;
        *id++ = '\0';
        p->kind = part_kind_from_string(head);
        name = next_value(text, "name");
        if (p->kind == _PART_KIND_MAX || !name)
                return -EBADMSG;
        if (!(p->id = strdup(id)) || !(p->name = strdup(name)))
                return -ENOMEM;
        if (!part_unit(app, p, unit))
                return -EBADMSG;
        r = take_words(text, p);
        if (r >= 0)
                r = take_number(text, "start", &p->start_timeout_usec);
        return r < 0 ? r : take_number(text, "stop", &p->stop_timeout_usec);
}

static int take_note(const char *app, char *text, PartNote *n)
{
        char slice[APP_SLICE_NAME_MAX], *value;
        size_t n_allocated = 0;
        int r = take_number(&text, "epoch", &n->epoch);

        if (r < 0 || n->epoch == 0 || !epoch_is_possible(n->epoch))
                return -EBADMSG;
        r = take_number(&text, "begun", &n->begun_usec);
        if (r < 0)
                return r;
        app_slice_name(app, slice);
        value = next_value(&text, "slice");
        if (!value || !streq(value, slice))
                return -EBADMSG;
        while ((value = next_value(&text, "part"))) {
                if (ARRAY_GROW(n->parts.items, n->parts.n_items, n_allocated) < 0)
                        return -ENOMEM;
                r = take_part(app, value, &text, &n->parts.items[n->parts.n_items++]);
                if (r < 0)
                        return r;
        }
        return streq(text, "end\n") ? 0 : -EBADMSG;
}

int part_note_parse(const char *app, const char *text, size_t length, PartNote *ret)
{
        _cleanup_free_ char *copy = NULL;
        PartNote n = {};
        int r;

        if (length > PART_NOTE_BYTES_MAX || memchr(text, '\0', length))
                return -EBADMSG;
        copy = strndup(text, length);
        if (!copy)
                return -ENOMEM;
        r = take_note(app, copy, &n);
        if (r < 0)
                part_note_done(&n);
        else
                *ret = n;
        return r;
}

/* ---- the file ---- */

static char *note_path(const char *directory, const char *app, const char *suffix)
{
        return text_format("%s/" PART_NOTES "/%s%s", directory, app, suffix);
}

static int write_file(const char *path, const char *text)
{
        size_t n = strlen(text);
        int r = 0, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        ssize_t written;

        if (fd < 0)
                return -errno;
        written = write(fd, text, n);
        if (written < 0)
                r = -errno;
        else if ((size_t) written < n)
                r = -ENOSPC;
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        return r;
}

int part_note_write(const char *directory, const char *app, const PartNote *n)
{
        _cleanup_free_ char *folder = text_format("%s/" PART_NOTES, directory),
                            *path = note_path(directory, app, ""),
                            *new = note_path(directory, app, NEW_SUFFIX), *text = part_note_format(app, n);
        int r;

        if (!folder || !path || !new || !text)
                return -ENOMEM;
        if (strlen(text) > PART_NOTE_BYTES_MAX)
                return -E2BIG;
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return -errno;
        r = write_file(new, text);
        if (r >= 0 && rename(new, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(new); /* no one reads what is left of it */
        return r;
}

int part_note_read(const char *directory, const char *app, PartNote *ret)
{
        _cleanup_free_ char *path = note_path(directory, app, ""), *text = malloc(PART_NOTE_BYTES_MAX + 1);
        size_t length = 0;
        ssize_t n = 1;
        int fd;

        if (!path || !text)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (; n > 0 && length <= PART_NOTE_BYTES_MAX; length += n > 0 ? (size_t) n : 0)
                n = read(fd, text + length, PART_NOTE_BYTES_MAX + 1 - length);
        n = n < 0 ? -errno : 0;
        (void) close(fd); /* nothing was written */
        return n < 0 ? (int) n : part_note_parse(app, text, length, ret);
}

bool part_note_exists(const char *directory, const char *app)
{
        _cleanup_free_ char *path = note_path(directory, app, "");
        struct stat st;

        /* Where it is not known it is there. */
        return !path || lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

void part_note_remove(const char *directory, const char *app)
{
        _cleanup_free_ char *path = note_path(directory, app, "");

        if (path)
                (void) unlink(path);
}

int part_note_list(const char *directory, char ***ret)
{
        _cleanup_free_ char *folder = text_format("%s/" PART_NOTES, directory);
        const struct dirent *entry;
        char **names = NULL;
        size_t n = 0, n_allocated = 0;
        DIR *dir;
        int r = folder ? array_reserve(&names, &n_allocated, 1, sizeof(char *)) : -ENOMEM;

        if (r < 0)
                return r;
        dir = opendir(folder);
        if (!dir && errno != ENOENT)
                r = -errno;
        while (dir && r >= 0 && (entry = readdir(dir))) {
                if (!app_name_is_valid(entry->d_name))
                        continue;
                r = array_reserve(&names, &n_allocated, n + 2, sizeof(char *));
                if (r >= 0 && !(names[n] = strdup(entry->d_name)))
                        r = -ENOMEM;
                n += r >= 0;
        }
        if (dir)
                (void) closedir(dir);
        if (r < 0)
                strings_free(names);
        else
                *ret = names;
        return r;
}
