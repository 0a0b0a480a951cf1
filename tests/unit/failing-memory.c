/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "failing-memory.h"

static size_t left;
static bool armed, failed;

void memory_fail_at(size_t count)
{
        left = count;
        armed = count > 0;
        failed = false;
}

bool memory_has_failed(void)
{
        return failed;
}

static bool fails(void)
{
        if (!armed)
                return false;
        if (left > 0)
                left--;
        failed = failed || left == 0;
        return left == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **ret, const char *format, va_list ap);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **ret, const char *format, va_list ap) _printf_(2, 0);

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
        return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return fails() ? NULL : __real_strndup(s, n);
}

int __wrap_vasprintf(char **ret, const char *format, va_list ap)
{
        return fails() ? -1 : __real_vasprintf(ret, format, ap);
}
