/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "base/array.h"
#include "base/text.h"

void text_done(Text *t)
{
        free(t->data);
        *t = (Text){ 0 };
}

void text_add_n(Text *t, const char *s, size_t length)
{
        if (t->error < 0)
                return;
        int r = array_reserve(&t->data, &t->n_allocated, t->length + length + 1, 1);
        if (r < 0) {
                t->error = r;
                return;
        }
        memcpy(t->data + t->length, s, length);
        t->length += length;
        t->data[t->length] = 0;
}

void text_add(Text *t, const char *s)
{
        text_add_n(t, s, strlen(s));
}

void text_vprintf(Text *t, const char *format, va_list ap)
{
        _cleanup_free_ char *s = NULL;

        if (t->error < 0)
                return;
        if (vasprintf(&s, format, ap) < 0) {
                s = NULL;
                t->error = -ENOMEM;
                return;
        }
        text_add(t, s);
}

void text_printf(Text *t, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        text_vprintf(t, format, ap);
        va_end(ap);
}

char *text_take(Text *t)
{
        if (t->error == 0 && !t->data)
                text_add(t, "");
        char *s = t->error < 0 ? NULL : TAKE_PTR(t->data);
        text_done(t);
        return s;
}

char *text_format(const char *format, ...)
{
        char *s = NULL;
        va_list ap;
        va_start(ap, format);
        if (vasprintf(&s, format, ap) < 0)
                s = NULL;
        va_end(ap);
        return s;
}

int text_refuse(int error, char **ret_why, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        if (vasprintf(ret_why, format, ap) < 0)
                *ret_why = NULL;
        va_end(ap);
        return *ret_why ? error : -ENOMEM;
}

const char *usec_format(char buffer[static USEC_TEXT_MAX], uint64_t usec, uint64_t accuracy_usec)
{
        static const struct {
                const char *suffix;
                uint64_t usec;
        } units[] = {
                { "y", UINT64_C(31557600000000) },
                { "month", UINT64_C(2629800000000) },
                { "w", UINT64_C(604800000000) },
                { "d", UINT64_C(86400000000) },
                { "h", UINT64_C(3600000000) },
                { "min", UINT64_C(60000000) },
                { "s", UINT64_C(1000000) },
                { "ms", UINT64_C(1000) },
                { "us", UINT64_C(1) },
        };
        size_t used = 0;

        if (usec == USEC_INFINITY || usec == 0) {
                snprintf(buffer, USEC_TEXT_MAX, "%s", usec == 0 ? "0" : "infinity");
                return buffer;
        }
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                if (usec < units[i].usec)
                        continue;
                if (usec < accuracy_usec && used > 0)
                        break;
                /* Nine parts of a 64-bit number take at most 52 bytes. */
                used += (size_t) snprintf(buffer + used, USEC_TEXT_MAX - used, "%s%" PRIu64 "%s",
                                used > 0 ? " " : "", usec / units[i].usec, units[i].suffix);
                usec %= units[i].usec;
        }
        return buffer;
}

const char *size_format(char buffer[static SIZE_TEXT_MAX], uint64_t size_bytes)
{
        static const char suffixes[] = "KMGTPE";

        if (size_bytes == UINT64_MAX) {
                snprintf(buffer, SIZE_TEXT_MAX, "infinity");
                return buffer;
        }
        for (size_t i = sizeof(suffixes) - 1; i > 0; i--) {
                uint64_t factor = UINT64_C(1) << (10 * i);
                if (size_bytes < factor)
                        continue;
                unsigned tenths = (unsigned) ((size_bytes % factor) / (factor / 1024) * 10 / 1024);
                if (tenths > 0)
                        snprintf(buffer, SIZE_TEXT_MAX, "%" PRIu64 ".%u%c", size_bytes / factor, tenths,
                                        suffixes[i - 1]);
                else
                        snprintf(buffer, SIZE_TEXT_MAX, "%" PRIu64 "%c", size_bytes / factor,
                                        suffixes[i - 1]);
                return buffer;
        }
        snprintf(buffer, SIZE_TEXT_MAX, "%" PRIu64 "B", size_bytes);
        return buffer;
}

/* The length of the UTF-8 sequence at `s`, or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
        size_t n = s[0] < 0x80                   ? 1
                   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                   : (s[0] & 0xf0) == 0xe0       ? 3
                   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                 : 0;
        if (n == 0 || n > left)
                return 0;
        for (size_t i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
                        (s[0] == 0xf4 && s[1] > 0x8f))
                return 0;
        return n;
}

bool utf8_is_valid(const char *s, size_t length)
{
        for (size_t i = 0; i < length;) {
                size_t n = s[i] ? utf8_sequence((const unsigned char *) s + i, length - i) : 0;
                if (n == 0)
                        return false;
                i += n;
        }
        return true;
}

char *text_strip(char *s)
{
        static const char white[] = " \t\n\r";
        s += strspn(s, white);
        size_t n = strlen(s);
        while (n > 0 && strchr(white, s[n - 1]))
                n--;
        s[n] = 0;
        return s;
}
