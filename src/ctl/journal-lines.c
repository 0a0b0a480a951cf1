/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/journal-lines.h"

#include <systemd/sd-journal.h>
#include <time.h>

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

/* Each set is one way in which a line can be about the application; in a set all fields must be so. Any process can
 * write any field but those with an underscore, which journald adds. So a line about a unit also has to come from a process
 * that may speak of units. */
static const struct {
        const char *fields[3];
        const char *field; /* and this one has the name */
        bool is_unit;
} match_sets[] = {
        { { NULL }, "_SYSTEMD_UNIT", true },
        { { "_PID=1" }, "UNIT", true },
        { { "_UID=0" }, "OBJECT_SYSTEMD_UNIT", true },
        { { "_UID=0", "_SYSTEMD_UNIT=distro-manager.service" }, "DISTRO_APPLICATION", false },
};

static int add_matches(sd_journal *j, const char *app, const char *unit)
{
        for (size_t i = 0; i < ELEMENTSOF(match_sets); i++) {
                _cleanup_free_ char *match = NULL;
                int r = 0;

                if (asprintf(&match, "%s=%s", match_sets[i].field, match_sets[i].is_unit ? unit : app) < 0) {
                        match = NULL;
                        return -ENOMEM;
                }
                for (const char *const *f = match_sets[i].fields; *f && r >= 0; f++)
                        r = sd_journal_add_match(j, *f, 0);
                if (r >= 0)
                        r = sd_journal_add_match(j, match, 0);
                if (r >= 0)
                        r = sd_journal_add_disjunction(j);
                if (r < 0)
                        return r;
        }
        return 0;
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

int journal_print(FILE *f, const Style *style, const char *app, const char *unit, unsigned n_lines, bool full)
{
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r, n_printed = 0;

        if (n_lines == 0)
                return 0;
        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        r = add_matches(j, app, unit);
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
