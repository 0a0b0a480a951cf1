/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text: building it, writing times and sizes as systemd does, checking what came from outside. */

#include <stdarg.h>

#include "base/macros.h"

/* A string that grows. It keeps its first error, so that a caller builds the whole and asks once at the end.
 */
typedef struct Text {
        char *data; /* NULL until something was added */
        size_t length, n_allocated;
        int error; /* -ENOMEM; nothing is added after it */
} Text;

void text_done(Text *t);
void text_add(Text *t, const char *s);
void text_add_n(Text *t, const char *s, size_t length);
void text_printf(Text *t, const char *format, ...) _printf_(2, 3);
void text_vprintf(Text *t, const char *format, va_list ap) _printf_(2, 0);
/* The string, "" if nothing was added; the caller frees it, `t` is as new. NULL: out of memory. */
char *text_take(Text *t);

/* A new string, or NULL: out of memory. */
char *text_format(const char *format, ...) _printf_(1, 2);
/* Why something is refused, as a new string in *ret_why, which the caller frees. Returns `error`, or -ENOMEM. */
int text_refuse(int error, char **ret_why, const char *format, ...) _printf_(3, 4);

#define USEC_TEXT_MAX 64
/* "1min 30s", "100ms", "1y 2month", "0", "infinity". Parts smaller than `accuracy_usec` are left out (1:
 * none); of a time below the accuracy its greatest part is shown. Returns `buffer`. */
const char *usec_format(char buffer[static USEC_TEXT_MAX], uint64_t usec, uint64_t accuracy_usec);

#define SIZE_TEXT_MAX 40
/* "64M", "1.5G", "1023B", "infinity" for UINT64_MAX. Returns `buffer`. */
const char *size_format(char buffer[static SIZE_TEXT_MAX], uint64_t size_bytes);

/* Well-formed UTF-8 without zero bytes; no surrogates, no overlong forms. */
bool utf8_is_valid(const char *s, size_t length);

/* Cuts off white space at both ends, in place. Returns the new beginning. */
char *text_strip(char *s);

/* The rest of `s` behind `prefix`, or NULL. */
static inline const char *startswith(const char *s, const char *prefix)
{
        size_t n = strlen(prefix);
        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static inline bool endswith(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);
        return n >= m && streq(s + n - m, suffix);
}
