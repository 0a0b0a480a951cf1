/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include <inttypes.h>
#include <math.h>

/* The length of the UTF-8 sequence at `s`, or 0 if it is none: too long, a surrogate or above U+10FFFF. */
static size_t utf8_length(const unsigned char *s)
{
        size_t n = s[0] < 0x80                   ? 1
                   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                   : (s[0] & 0xf0) == 0xe0       ? 3
                   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                 : 0;

        for (size_t i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
                        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
                return 0;
        return n;
}

static void write_quoted(FILE *f, const char *text)
{
        const unsigned char *s = (const unsigned char *) text;

        fputc('"', f);
        while (*s) {
                size_t n = utf8_length(s);

                if (n == 0) {
                        fputs("\xef\xbf\xbd", f);
                        s++;
                        continue;
                }
                if (*s == '"' || *s == '\\')
                        fprintf(f, "\\%c", *s);
                else if (*s == '\n')
                        fputs("\\n", f);
                else if (*s == '\t')
                        fputs("\\t", f);
                else if (*s < 0x20 || *s == 0x7f)
                        fprintf(f, "\\u%04x", *s);
                else
                        fwrite(s, 1, n, f);
                s += n;
        }
        fputc('"', f);
}

static void write_indent(Json *j)
{
        if (j->mode != JSON_PRETTY)
                return;
        fputc('\n', j->file);
        for (unsigned i = 0; i < j->depth; i++)
                fputs("    ", j->file);
}

/* What comes before a value: comma, line, key. */
static void write_prefix(Json *j, const char *key)
{
        if (j->depth == 0)
                return;
        ASSERT(j->is_array[j->depth - 1] == !key);
        if (j->has_members[j->depth - 1])
                fputc(',', j->file);
        j->has_members[j->depth - 1] = true;
        write_indent(j);
        if (key) {
                write_quoted(j->file, key);
                fputs(j->mode == JSON_PRETTY ? ": " : ":", j->file);
        }
}

static void open_level(Json *j, const char *key, bool is_array)
{
        write_prefix(j, key);
        ASSERT(j->depth < JSON_DEPTH_MAX);
        fputc(is_array ? '[' : '{', j->file);
        j->has_members[j->depth] = false;
        j->is_array[j->depth] = is_array;
        j->depth++;
}

void json_object(Json *j, const char *key)
{
        open_level(j, key, false);
}

void json_array(Json *j, const char *key)
{
        open_level(j, key, true);
}

void json_end(Json *j)
{
        ASSERT(j->depth > 0);
        j->depth--;
        if (j->has_members[j->depth])
                write_indent(j);
        fputc(j->is_array[j->depth] ? ']' : '}', j->file);
        if (j->depth == 0)
                fputc('\n', j->file);
}

void json_string(Json *j, const char *key, const char *value)
{
        if (!value) {
                json_null(j, key);
                return;
        }
        write_prefix(j, key);
        write_quoted(j->file, value);
}

void json_text(Json *j, const char *key, const char *value)
{
        json_string(j, key, isempty(value) ? NULL : value);
}

void json_u64(Json *j, const char *key, uint64_t value)
{
        write_prefix(j, key);
        fprintf(j->file, "%" PRIu64, value);
}

void json_i64(Json *j, const char *key, int64_t value)
{
        write_prefix(j, key);
        fprintf(j->file, "%" PRIi64, value);
}

void json_double(Json *j, const char *key, double value)
{
        if (!isfinite(value)) { /* JSON has no word for them */
                json_null(j, key);
                return;
        }
        write_prefix(j, key);
        fprintf(j->file, "%.17g", value);
}

void json_bool(Json *j, const char *key, bool value)
{
        write_prefix(j, key);
        fputs(value ? "true" : "false", j->file);
}

void json_null(Json *j, const char *key)
{
        write_prefix(j, key);
        fputs("null", j->file);
}

void json_usec(Json *j, const char *key, uint64_t usec)
{
        if (usec == USEC_INFINITY)
                json_null(j, key);
        else
                json_u64(j, key, usec);
}

void json_strings(Json *j, const char *key, char *const *strings, size_t n)
{
        json_array(j, key);
        for (size_t i = 0; i < n; i++)
                json_string(j, NULL, strings[i]);
        json_end(j);
}
