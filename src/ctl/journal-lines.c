/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/journal-lines.h"

#include <systemd/sd-journal.h>
#include <time.h>

#include "base/text.h"
#include "config/unit-names.h"

static void journal_closep(sd_journal **j)
{
        sd_journal_close(*j);
}

/* A field as a new string, or NULL. */
static char *get_field(sd_journal *j, const char *field)
{
        const void *data;
        size_t size, skip = strlen(field) + 1;

        if (sd_journal_get_data(j, field, &data, &size) < 0 || size < skip)
                return NULL;
        return strndup((const char *) data + skip, size - skip);
}

/* Each set is one way in which a line can be about a name; in a set all fields must be so. Any process can write any field
 * but those with an underscore, which journald adds. So a line about a unit also has to come from a process that may speak
 * of units. */
typedef struct MatchSet {
        const char *fields[3];
        const char *field; /* and this one has the name */
} MatchSet;

static const MatchSet unit_sets[] = {
        { { NULL }, "_SYSTEMD_UNIT" },
        { { "_PID=1" }, "UNIT" },
        { { "_UID=0" }, "OBJECT_SYSTEMD_UNIT" },
};
static const MatchSet slice_set = { { NULL }, "_SYSTEMD_SLICE" };
static const MatchSet app_set = { { "_UID=0", "_SYSTEMD_UNIT=distro-manager.service" },
        "DISTRO_APPLICATION" };

static int add_set(Strings *matches, const MatchSet *set, const char *name)
{
        int r = matches->n > 0 ? strings_add(matches, "+") : 0;

        for (const char *const *f = set->fields; *f && r >= 0; f++)
                r = strings_add(matches, *f);
        return r < 0 ? r : strings_take(matches, text_format("%s=%s", set->field, name));
}

static int add_unit(Strings *matches, const char *unit)
{
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(unit_sets) && r >= 0; i++)
                r = add_set(matches, unit_sets + i, unit);
        return r;
}

/* What runs of an application with parts is in a slice of its own. */
static int add_slice(Strings *matches, const char *app)
{
        char name[APP_SLICE_NAME_MAX];

        app_slice_name(app, name);
        return add_set(matches, &slice_set, name);
}

static int add_part(Strings *matches, const char *app, const Part *part)
{
        char unit[PART_UNIT_NAME_MAX];

        return part_unit(app, part, unit) ? add_unit(matches, unit) : 0;
}

static bool has_part(const AppInfo *a, const char *id)
{
        for (size_t i = 0; i < a->n_parts; i++)
                if (streq(a->parts[i].id, id))
                        return true;
        return false;
}

int journal_matches(const AppInfo *a, const Parts *more, Strings *ret)
{
        int r = add_unit(ret, a->unit);

        if (r >= 0)
                r = add_slice(ret, a->name);
        for (size_t i = 0; i < a->n_parts && r >= 0; i++) {
                Part part = { .kind = part_kind_from_string(a->parts[i].kind), .id = a->parts[i].id };

                if (part.kind < _PART_KIND_MAX)
                        r = add_part(ret, a->name, &part);
        }
        for (size_t i = 0; more && i < more->n_items && r >= 0; i++)
                if (!has_part(a, more->items[i].id))
                        r = add_part(ret, a->name, more->items + i);
        return r < 0 ? r : add_set(ret, &app_set, a->name);
}

static int add_matches(sd_journal *j, const AppInfo *a)
{
        Strings matches = {};
        int r = journal_matches(a, NULL, &matches);

        for (size_t i = 0; i < matches.n && r >= 0; i++)
                r = streq(matches.items[i], "+") ? sd_journal_add_disjunction(j)
                                                 : sd_journal_add_match(j, matches.items[i], 0);
        strings_done(&matches);
        return r;
}

/* "Jan 02 03:04:05 abc worker[123]: text", as journalctl. */
static int print_line(FILE *f, const Style *style, sd_journal *j, bool full)
{
        _cleanup_free_ char *host = get_field(j, "_HOSTNAME"), *name = get_field(j, "SYSLOG_IDENTIFIER"),
                            *pid = get_field(j, "_PID"), *text = get_field(j, "MESSAGE"), *line = NULL,
                            *fit = NULL;
        char stamp[SPAN_MAX] = "";
        uint64_t usec;
        time_t seconds;
        struct tm tm;

        if (!text || sd_journal_get_realtime_usec(j, &usec) < 0)
                return 0;
        seconds = (time_t) (usec / USEC_PER_SEC);
        if (localtime_r(&seconds, &tm))
                strftime(stamp, sizeof(stamp), "%b %d %H:%M:%S", &tm);
        if (asprintf(&line, "%s %s %s[%s]: %s", stamp, strempty(host), name ? name : "unknown", strempty(pid),
                            text) < 0) {
                line = NULL;
                return -ENOMEM;
        }
        fit = text_fit(line, style->width > 0 && !full ? style->width : SIZE_MAX, style->utf8);
        if (!fit)
                return -ENOMEM;
        fprintf(f, "%s\n", fit);
        return 1;
}

int journal_print(FILE *f, const Style *style, const AppInfo *a, unsigned n_lines, bool full)
{
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r, n_printed = 0;

        if (n_lines == 0)
                return 0;
        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        r = add_matches(j, a);
        if (r >= 0)
                r = sd_journal_seek_tail(j);
        if (r >= 0)
                r = sd_journal_previous_skip(j, n_lines);
        for (; r > 0 && n_lines > 0; n_lines--) {
                if (n_printed == 0)
                        fputc('\n', f);
                r = print_line(f, style, j, full);
                if (r < 0)
                        return r;
                n_printed += r;
                r = sd_journal_next(j);
        }
        return r < 0 ? r : n_printed;
}
