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

static int add_set(sd_journal *j, const MatchSet *set, const char *name)
{
        _cleanup_free_ char *match = text_format("%s=%s", set->field, name);
        int r = match ? 0 : -ENOMEM;

        for (const char *const *f = set->fields; *f && r >= 0; f++)
                r = sd_journal_add_match(j, *f, 0);
        if (r >= 0)
                r = sd_journal_add_match(j, match, 0);
        return r < 0 ? r : sd_journal_add_disjunction(j);
}

static int add_unit(sd_journal *j, const char *unit)
{
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(unit_sets) && r >= 0; i++)
                r = add_set(j, unit_sets + i, unit);
        return r;
}

/* What runs of an application with parts is in a slice of its own. */
static int add_slice(sd_journal *j, const char *app)
{
        char name[APP_SLICE_NAME_MAX];

        app_slice_name(app, name);
        return add_set(j, &slice_set, name);
}

static int add_matches(sd_journal *j, const AppInfo *a)
{
        int r = add_unit(j, a->unit);

        if (r >= 0)
                r = add_slice(j, a->name);
        for (size_t i = 0; i < a->n_parts && r >= 0; i++) {
                Part part = { .kind = part_kind_from_string(a->parts[i].kind), .id = a->parts[i].id };
                char unit[PART_UNIT_NAME_MAX];

                if (part.kind < _PART_KIND_MAX && part_unit(a->name, &part, unit))
                        r = add_unit(j, unit);
        }
        return r < 0 ? r : add_set(j, &app_set, a->name);
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
