/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mount= of [Parts]: what is mounted, where, and what cannot be. */

#include "base/array.h"
#include "base/text.h"
#include "config/part-line.h"
#include "config/unit-names.h"

#define MOUNT_TIMEOUT_DEFAULT_USEC (90 * USEC_PER_SEC) /* systemd's own */

enum {
        WORD_WHAT,
        WORD_WHERE,
        WORD_TYPE,
        WORD_OPTIONS,
        _WORDS_MAX,
};

/* `word` is one of those between the commas. */
static bool has_option(const char *options, const char *word)
{
        size_t n = strlen(word);

        for (const char *o = options; *o; o += strcspn(o, ","), o += *o == ',')
                if (strncmp(o, word, n) == 0 && (o[n] == '\0' || o[n] == ','))
                        return true;
        return false;
}

static int check_options(ParseState *p, const char *options)
{
        static const struct {
                const char *option, *why;
        } wrong[] = {
                { "bg", "mounts behind the application's back" },
                { "nofail", "calls it a success where nothing is mounted" },
                { "noauto", "belongs in /etc/fstab" },
                { "auto", "belongs in /etc/fstab" },
        };

        FOREACH_ARRAY(w, wrong, ELEMENTSOF(wrong))
                if (has_option(options, w->option))
                        return parse_error(p, "the option %s %s, expected none of it", w->option, w->why);
        if (startswith(options, "x-systemd.") || strstr(options, ",x-systemd."))
                return parse_error(p, "the options x-systemd.* belong in /etc/fstab, expected none of them");
        return 0;
}

static int check_where(UnitParse *u, char *where)
{
        static const char *const whole[] = { "/", "/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/root",
                "/run", "/sbin", "/tmp", "/usr", "/var", "/var/lib", "/var/log", "/var/tmp" };
        static const char *const below[] = { "/dev", "/etc/corosync", "/etc/distro-manager", "/proc",
                "/run/dbus", "/run/distro-manager", "/run/systemd", "/sys", "/var/lib/corosync",
                "/var/lib/distro-manager" };
        int r = where[0] == '/' ? unit_check_path(u, where)
                                : parse_error(u->p, "\"%s\" is not absolute, expected a path as /srv/data",
                                                  where);

        if (r < 0)
                return r;
        FOREACH_ARRAY(w, whole, ELEMENTSOF(whole))
                if (streq(where, *w))
                        r = -EINVAL;
        FOREACH_ARRAY(b, below, ELEMENTSOF(below)) {
                const char *rest = startswith(where, *b);

                if (rest && (*rest == '\0' || *rest == '/'))
                        r = -EINVAL;
        }
        return r < 0 ? parse_error(u->p,
                                       "%s cannot be a mount point, as the host itself needs what is there, expected a "
                                       "directory of the application's own",
                                       where)
                     : 0;
}

/* systemd writes it into a line of a file. */
static int check_word(ParseState *p, const char *word)
{
        size_t n = strlen(word);

        for (const char *c = word; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        return parse_error(p, "a control character in \"%s\", expected none", word);
        if (n == 0 || word[0] == ' ' || word[n - 1] == ' ' || word[n - 1] == '\\')
                return parse_error(p,
                                "\"%s\" is empty, or has a blank or a backslash at its end, expected neither",
                                word);
        return 0;
}

static int check_what(ParseState *p, const char *what)
{
        static const struct {
                const char *tag, *directory;
        } tags[] = {
                { "UUID=", "by-uuid" },
                { "LABEL=", "by-label" },
                { "PARTUUID=", "by-partuuid" },
                { "PARTLABEL=", "by-partlabel" },
        };

        FOREACH_ARRAY(t, tags, ELEMENTSOF(tags)) {
                const char *value = startswith(what, t->tag);

                if (value)
                        return parse_error(p, "%s is no path, expected /dev/disk/%s/%s", what, t->directory,
                                        value);
        }
        return 0;
}

static int take_word(PartLine *l, char *words[static _WORDS_MAX], size_t *n, char **word, Part *part)
{
        ParseState *p = l->u->p;
        int r = part_line_timeout(l, *word, part);

        if (r != 0)
                return r;
        if (startswith(*word, "LazyUnmount=") || startswith(*word, "ForceUnmount="))
                return parse_error(p,
                                "%s leaves processes that write behind on the file system, expected none of it",
                                *word);
        if (*n == _WORDS_MAX)
                return parse_error(p,
                                "\"%s\" is not known, expected WHAT WHERE TYPE OPTIONS, TimeoutStartSec= or "
                                "TimeoutStopSec=",
                                *word);
        r = check_word(p, *word);
        if (r >= 0)
                words[(*n)++] = TAKE_PTR(*word);
        return r;
}

static int read_words(PartLine *l, char *words[static _WORDS_MAX], Part *part)
{
        size_t n = 0;
        int r = 1;

        while (r >= 0) {
                _cleanup_free_ char *word = NULL;

                r = part_line_next(l, &word);
                if (r == 0)
                        break;
                if (r > 0)
                        r = take_word(l, words, &n, &word, part);
        }
        if (r >= 0 && n == 0)
                return parse_error(l->u->p,
                                "what is mounted is missing, expected WHAT WHERE, as in /dev/disk/by-id/x /srv/data");
        if (r >= 0 && n <= WORD_WHERE)
                return parse_error(l->u->p,
                                "the mount point is missing, expected WHAT WHERE, as in /dev/disk/by-id/x /srv/data");
        return r;
}

/* What stands beside the mount of a block device. A directory is bound, and a file needs a loop device that mount makes. */
static bool is_device(const char *what, const char *options)
{
        return what[0] == '/' && !has_option(options, "bind") && !has_option(options, "rbind") &&
               !has_option(options, "loop") && !strstr(options, "loop=");
}

static int make_device(PartLine *l, const char *what, const Part *mount, Part *ret)
{
        Part part = {
                .kind = PART_DEVICE,
                .id = text_format("device-%zu", l->place),
                .name = strdup(what),
                .start_timeout_usec = mount->start_timeout_usec,
                .stop_timeout_usec = mount->stop_timeout_usec,
        };

        *ret = part;
        if (strchr(what, '$'))
                return parse_error(
                                l->u->p, "\"%s\" has a $, expected none: nothing is filled in there", what);
        return part.id && part.name ? strings_append(&ret->arguments, what) : -ENOMEM;
}

static int make_mount(PartLine *l, char *const words[static _WORDS_MAX], Part *part)
{
        char unit[PART_UNIT_NAME_MAX];
        int r = 0;

        if (!mount_unit_name(words[WORD_WHERE], unit))
                return parse_error(l->u->p,
                                "%s is too long: systemd has no unit for it, expected a shorter mount point",
                                words[WORD_WHERE]);
        part->id = strdup(unit);
        part->name = strdup(words[WORD_WHERE]);
        if (!part->id || !part->name)
                return -ENOMEM;
        for (size_t i = 0; i < _WORDS_MAX && r >= 0; i++)
                r = strings_append(&part->arguments, strempty(words[i]));
        return r;
}

static int check_words(PartLine *l, char *words[static _WORDS_MAX])
{
        const char *options = strempty(words[WORD_OPTIONS]);
        int r = check_what(l->u->p, words[WORD_WHAT]);

        if (r >= 0 && is_device(words[WORD_WHAT], options))
                r = unit_check_path(l->u, words[WORD_WHAT]);
        if (r >= 0)
                r = check_where(l->u, words[WORD_WHERE]);
        return r < 0 ? r : check_options(l->u->p, options);
}

static int add_mount(PartLine *l, char *words[static _WORDS_MAX], Part *mount, Parts *parts)
{
        _cleanup_(part_done) Part device = {};
        int r = check_words(l, words);

        if (r >= 0)
                r = make_mount(l, words, mount);
        if (r >= 0 && is_device(words[WORD_WHAT], strempty(words[WORD_OPTIONS]))) {
                r = make_device(l, words[WORD_WHAT], mount, &device);
                if (r >= 0)
                        r = parts_add(parts, &device);
        }
        return r < 0 ? r : parts_add(parts, mount);
}

int parse_mount(PartLine *l, Parts *parts)
{
        _cleanup_(part_done) Part mount = {
                .kind = PART_MOUNT,
                .start_timeout_usec = MOUNT_TIMEOUT_DEFAULT_USEC,
                .stop_timeout_usec = MOUNT_TIMEOUT_DEFAULT_USEC,
        };
        char *words[_WORDS_MAX] = {};
        int r = read_words(l, words, &mount);

        if (r >= 0)
                r = add_mount(l, words, &mount, parts);
        FOREACH_ARRAY(w, words, ELEMENTSOF(words))
                free(*w);
        return r;
}

int mounts_check(const Parts *parts, ParseState *p)
{
        const Part *last = parts->items + parts->n_items - 1;

        for (const Part *m = parts->items; m < last; m++) {
                const char *rest = m->kind == PART_MOUNT && last->kind == PART_MOUNT
                                                   ? startswith(m->name, last->name)
                                                   : NULL;

                if (rest && *rest == '/')
                        return parse_error(p,
                                        "%s (%s:%u) comes before %s, which hides it, expected it behind that",
                                        m->name, m->file, m->line, last->name);
        }
        return 0;
}
