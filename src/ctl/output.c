/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said to the person: results, warnings, errors. */

#include <stdarg.h>
#include <unistd.h>

#include "ctl/ctl.h"

static void print_text(FILE *f, const Style *style, Color color, const char *format, va_list args)
                _printf_(4, 0);

/* What is said may quote what came over the bus: it must not steer the terminal. */
static void print_text(FILE *f, const Style *style, Color color, const char *format, va_list args)
{
        _cleanup_free_ char *text = NULL, *clean = NULL;

        if (vasprintf(&text, format, args) < 0) {
                text = NULL;
                return;
        }
        clean = text_clean(text);
        fprintf(f, "%s%s%s\n", style_on(style, color), clean ? clean : text, style_off(style, color));
}

void ctl_error(const Ctl *c, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        print_text(stderr, &c->err, COLOR_RED, format, args);
        va_end(args);
}

void ctl_warning(const Ctl *c, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        print_text(stderr, &c->err, COLOR_YELLOW, format, args);
        va_end(args);
}

void ctl_say(const Ctl *c, const char *format, ...)
{
        va_list args;

        if (c->options.quiet || c->options.json != JSON_OFF)
                return;
        va_start(args, format);
        print_text(stdout, &c->out, COLOR_NONE, format, args);
        va_end(args);
}

int ctl_oom(const Ctl *c)
{
        ctl_error(c, "Out of memory.");
        return STATUS_FAILURE;
}

void ctl_pager_open(Ctl *c)
{
        if (!c->options.no_pager && c->options.json == JSON_OFF && isatty(STDOUT_FILENO))
                pager_open(&c->pager);
}
