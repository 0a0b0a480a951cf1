/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines, sections and assignments as systemd reads them. */

#include "base/text.h"
#include "config/syntax.h"

typedef struct SyntaxParser {
        ParseState *p;
        const char *const *sections;
        AssignmentHandler handler;
        void *userdata;
        ssize_t section; /* index; SECTION_... */
        Text line;       /* what continued lines have brought so far */
        unsigned first_line;
        bool continued;
} SyntaxParser;

enum {
        SECTION_NONE = -1,    /* before the first */
        SECTION_IGNORED = -2, /* X-..., or one that was complained about */
};

static int complain_section(SyntaxParser *s, const char *name)
{
        Text known = { 0 };
        for (size_t i = 0; s->sections[i]; i++)
                text_printf(&known, "%s[%s]",
                                i == 0               ? ""
                                : s->sections[i + 1] ? ", "
                                                     : " or ",
                                s->sections[i]);
        _cleanup_free_ char *expected = text_take(&known);
        if (!expected)
                return -ENOMEM;
        return parse_error(s->p, "unknown section [%s], expected %s", name, expected);
}

static int parse_section(SyntaxParser *s, char *line)
{
        size_t length = strlen(line);

        s->section = SECTION_IGNORED;
        if (line[length - 1] != ']')
                return parse_error(
                                s->p, "section header \"%s\" does not end with ], expected [Section]", line);
        line[length - 1] = 0;
        line++;
        if (startswith(line, "X-"))
                return 0;
        for (size_t i = 0; s->sections[i]; i++)
                if (streq(s->sections[i], line)) {
                        s->section = (ssize_t) i;
                        return 0;
                }
        return complain_section(s, line);
}

static int parse_assignment(SyntaxParser *s, char *line)
{
        if (s->section == SECTION_IGNORED)
                return 0;
        char *equals = strchr(line, '=');
        if (!equals)
                return parse_error(s->p, "\"%s\" is no assignment, expected Key=value", line);
        *equals = 0;
        char *key = text_strip(line), *value = text_strip(equals + 1);
        if (!*key)
                return parse_error(s->p, "missing key before \"=\", expected Key=value");
        if (s->section == SECTION_NONE)
                return parse_error(
                                s->p, "%s= stands before the first section, expected a [Section] line", key);
        if (startswith(key, "X-"))
                return 0;

        s->p->key = key;
        int r = s->handler(s->p, (size_t) s->section, key, value, s->userdata);
        s->p->key = NULL;
        return r;
}

/* One logical line; `line` is changed. */
static int parse_line(SyntaxParser *s, char *line)
{
        if (!utf8_is_valid(line, strlen(line)))
                return parse_error(s->p, "not valid UTF-8");
        line = text_strip(line);
        if (!*line)
                return 0;
        return *line == '[' ? parse_section(s, line) : parse_assignment(s, line);
}

static int flush_line(SyntaxParser *s)
{
        _cleanup_free_ char *line = text_take(&s->line);
        if (!line)
                return -ENOMEM;
        s->continued = false;
        s->p->line = s->first_line;
        int r = parse_line(s, line);
        return r == -EINVAL ? 0 : r;
}

/* A backslash that is not itself escaped at the end of a line joins the next one to it, with a space. */
static bool ends_with_backslash(const char *line, size_t length)
{
        size_t n = 0;
        while (n < length && line[length - 1 - n] == '\\')
                n++;
        return n % 2 == 1;
}

static int add_line(SyntaxParser *s, const char *line, size_t length, unsigned number)
{
        size_t white = 0;

        while (white < length && strchr(" \t", line[white]))
                white++;
        /* Comments between continued lines are left out, as systemd does; white space before a continued line stays, which
         * shows inside of quotes. */
        if (white < length && strchr("#;", line[white]))
                return 0;
        if (!s->continued)
                s->first_line = number;
        s->continued = ends_with_backslash(line, length);
        text_add_n(&s->line, line, s->continued ? length - 1 : length);
        if (s->continued)
                text_add(&s->line, " ");
        if (s->line.error < 0)
                return s->line.error;
        return s->continued ? 0 : flush_line(s);
}

int syntax_parse(ParseState *p, const char *text, size_t size_bytes, const char *const *sections,
                AssignmentHandler handler, void *userdata)
{
        SyntaxParser s = { .p = p,
                .sections = sections,
                .handler = handler,
                .userdata = userdata,
                .section = SECTION_NONE };
        unsigned number = 0;
        int r = 0;

        p->key = NULL;
        p->line = 0;
        if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                text += 3;
                size_bytes -= 3;
        }
        while (size_bytes > 0 && r >= 0) {
                const char *end = memchr(text, '\n', size_bytes);
                size_t length = end ? (size_t) (end - text) : size_bytes;
                size_t taken = end ? length + 1 : length;

                p->line = ++number;
                if (memchr(text, 0, length)) {
                        r = parse_error(p, "a zero byte, expected text");
                        if (r == -EINVAL)
                                r = 0;
                } else {
                        size_t visible = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
                        r = add_line(&s, text, visible, number);
                }
                text += taken;
                size_bytes -= taken;
        }
        if (r >= 0 && s.continued)
                r = flush_line(&s);
        text_done(&s.line);
        p->line = 0;
        p->key = NULL;
        return r;
}
