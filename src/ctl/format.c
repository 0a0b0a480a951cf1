/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/format.h"

#include <inttypes.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/clock.h"

/* -1: the variable says nothing; 0 or 1: what it says. */
static int environment_switch(const char *name)
{
        const char *v = getenv(name);

        if (isempty(v))
                return -1;
        return !streq(v, "0") && !streq(v, "no") && !streq(v, "false") && !streq(v, "off");
}

static bool stream_has_color(FILE *stream)
{
        const char *term = getenv("TERM");
        int forced = environment_switch("SYSTEMD_COLORS");

        if (forced >= 0)
                return forced > 0;
        if (!isempty(getenv("NO_COLOR")))
                return false;
        return isatty(fileno(stream)) && term && !streq(term, "dumb");
}

Style style_of(FILE *stream)
{
        const char *columns = getenv("COLUMNS"), *codeset = nl_langinfo(CODESET);
        Style s = { .color = stream_has_color(stream), .utf8 = codeset && streq(codeset, "UTF-8") };
        struct winsize size = {};

        if (!isempty(columns)) {
                unsigned long n = strtoul(columns, NULL, 10);

                s.width = n >= 20 && n < 10000 ? (unsigned) n : 0;
        } else if (isatty(fileno(stream)))
                s.width = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col
                                                                                             : 80;
        return s;
}

Moment moment_now(bool remote)
{
        return (Moment){ .realtime_usec = clock_usec(CLOCK_REALTIME),
                .boottime_usec = remote ? 0 : clock_usec(CLOCK_BOOTTIME) };
}

const char *style_on(const Style *s, Color color)
{
        static const char *const sequences[_COLOR_MAX] = {
                [COLOR_NONE] = "",
                [COLOR_GREEN] = "\x1b[0;1;32m",
                [COLOR_YELLOW] = "\x1b[0;1;33m",
                [COLOR_RED] = "\x1b[0;1;31m",
                [COLOR_GREY] = "\x1b[0;90m",
                [COLOR_BOLD] = "\x1b[0;1m",
        };

        return s->color ? sequences[color] : "";
}

const char *style_off(const Style *s, Color color)
{
        return s->color && color != COLOR_NONE ? "\x1b[0m" : "";
}

const char *style_dot(const Style *s)
{
        return s->utf8 ? "\xe2\x97\x8f" : "*";
}

typedef struct SpanUnit {
        uint64_t usec;
        const char *name;
} SpanUnit;

static const SpanUnit span_units[] = {
        { USEC_PER_DAY, "d" },
        { USEC_PER_HOUR, "h" },
        { USEC_PER_MINUTE, "min" },
        { USEC_PER_SEC, "s" },
        { USEC_PER_MSEC, "ms" },
        { 1, "us" },
};

/* `rough`: the two greatest units, and only the greatest where the one below it is 0. */
static const char *span_write(uint64_t usec, bool rough, char buffer[SPAN_MAX])
{
        size_t length = 0, n_parts = rough ? 2 : ELEMENTSOF(span_units);

        buffer[0] = 0;
        for (size_t i = 0; i < ELEMENTSOF(span_units) && n_parts > 0; i++) {
                uint64_t n = usec / span_units[i].usec;

                usec %= span_units[i].usec;
                if (n == 0) {
                        /* "1h 3s" would be read as exact to the second. */
                        if (length > 0 && rough)
                                break;
                        continue;
                }
                length += (size_t) snprintf(buffer + length, SPAN_MAX - length, "%s%" PRIu64 "%s",
                                length ? " " : "", n, span_units[i].name);
                n_parts--;
        }
        return buffer;
}

const char *span_exact(uint64_t usec, char buffer[SPAN_MAX])
{
        if (usec == USEC_INFINITY)
                snprintf(buffer, SPAN_MAX, "infinity");
        else if (usec == 0)
                snprintf(buffer, SPAN_MAX, "0");
        else
                span_write(usec, false, buffer);
        return buffer;
}

const char *span_rough(uint64_t usec, char buffer[SPAN_MAX])
{
        if (usec == USEC_INFINITY)
                snprintf(buffer, SPAN_MAX, "infinity");
        else if (usec < 10 * USEC_PER_SEC)
                snprintf(buffer, SPAN_MAX, "%" PRIu64 ".%" PRIu64 "s", usec / USEC_PER_SEC,
                                usec / (USEC_PER_SEC / 10) % 10);
        else
                span_write(usec - usec % USEC_PER_SEC, true, buffer);
        return buffer;
}

const char *time_ago(uint64_t then_usec, uint64_t now_usec, char buffer[SPAN_MAX])
{
        char span[SPAN_MAX];

        if (then_usec == 0 || then_usec == USEC_INFINITY)
                buffer[0] = 0;
        else if (then_usec > now_usec)
                snprintf(buffer, SPAN_MAX, "in %.50s", span_rough(then_usec - now_usec, span));
        else if (now_usec - then_usec < USEC_PER_SEC)
                snprintf(buffer, SPAN_MAX, "just now");
        else
                snprintf(buffer, SPAN_MAX, "%.50s ago",
                                span_write((now_usec - then_usec) / USEC_PER_SEC * USEC_PER_SEC, true, span));
        return buffer;
}

const char *time_stamp(uint64_t usec, char buffer[SPAN_MAX])
{
        time_t t = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        buffer[0] = 0;
        if (usec == 0 || usec == USEC_INFINITY || !localtime_r(&t, &tm))
                return buffer;
        if (strftime(buffer, SPAN_MAX, "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                buffer[0] = 0;
        return buffer;
}

/* These have no width, and show what is around them in another order than it is written. */
static bool turns_text(wchar_t c)
{
        return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f ||
               c == 0x061c;
}

/* One character: how many bytes it has and how many columns it takes. A byte that is no character counts as
 * one column; a control character has width -1. */
static size_t next_character(const char *s, mbstate_t *state, int *ret_columns)
{
        wchar_t wide;
        size_t n = mbrtowc(&wide, s, strlen(s), state);

        if (n == (size_t) -1 || n == (size_t) -2 || n == 0) {
                memset(state, 0, sizeof(*state));
                *ret_columns = (unsigned char) *s < 0x20 || (unsigned char) *s >= 0x7f ? -1 : 1;
                return 1;
        }
        *ret_columns = turns_text(wide) ? -1 : wcwidth(wide);
        return n;
}

size_t text_width(const char *text)
{
        mbstate_t state = {};
        size_t width = 0;

        while (*text) {
                int columns;

                text += next_character(text, &state, &columns);
                width += columns < 0 ? 1 : (size_t) columns;
        }
        return width;
}

char *text_fit(const char *text, size_t width, bool utf8)
{
        const char *ellipsis = utf8 ? "\xe2\x80\xa6" : "...";
        size_t ellipsis_width = utf8 ? 1 : 3, used = 0, length = 0;
        bool cut = text_width(text) > width;
        size_t room = !cut ? width : width > ellipsis_width ? width - ellipsis_width : 0;
        char *fit = malloc(strlen(text) + strlen(ellipsis) + 1);
        mbstate_t state = {};

        if (!fit)
                return NULL;
        while (*text) {
                int columns;
                size_t n = next_character(text, &state, &columns);
                size_t takes = columns < 0 ? 1 : (size_t) columns;

                if (used + takes > room)
                        break;
                if (columns < 0)
                        fit[length++] = *text == '\n' || *text == '\t' ? ' ' : '?';
                else {
                        memcpy(fit + length, text, n);
                        length += n;
                }
                used += takes;
                text += n;
        }
        fit[length] = 0;
        if (cut && width >= ellipsis_width)
                strcpy(fit + length, ellipsis);
        return fit;
}

char *text_clean(const char *text)
{
        return text_fit(text, SIZE_MAX, true);
}

Color app_state_color(const char *state)
{
        static const struct {
                const char *state;
                Color color;
        } colors[] = {
                { "running", COLOR_GREEN },
                { "starting", COLOR_YELLOW },
                { "stopping", COLOR_YELLOW },
                { "waiting", COLOR_YELLOW },
                { "failed", COLOR_RED },
                { "blocked", COLOR_RED },
                { "orphan", COLOR_YELLOW },
                { "unknown", COLOR_YELLOW },
        };

        for (size_t i = 0; i < ELEMENTSOF(colors); i++)
                if (streq(colors[i].state, state))
                        return colors[i].color;
        return COLOR_NONE;
}

/* Of systemd's words for a unit. */
Color part_state_color(const char *state)
{
        if (streq(state, "active"))
                return COLOR_GREEN;
        return streq(state, "failed") || streq(state, "inactive") ? COLOR_RED : COLOR_YELLOW;
}

Color node_state_color(const char *state)
{
        if (streq(state, "online"))
                return COLOR_GREEN;
        if (streq(state, "offline") || streq(state, "manager-gone") || streq(state, "silent"))
                return COLOR_RED;
        return COLOR_YELLOW;
}
