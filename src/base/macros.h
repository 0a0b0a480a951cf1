/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small things that every file uses: cleanup attributes, checked arithmetic on sizes, comparisons. Libc only. */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USEC_INFINITY UINT64_MAX
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define CMP(a, b) ((a) < (b) ? -1 : (a) > (b) ? 1 : 0)

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))

/* Hands the pointer on and forgets it, so that the cleanup attribute has nothing left to free. */
#define TAKE_PTR(p)                          \
        ({                                   \
                __typeof__(p) _taken_ = (p); \
                (p) = NULL;                  \
                _taken_;                     \
        })

#define DEFINE_TRIVIAL_CLEANUP(type, func)  \
        static inline void func##p(type *p) \
        {                                   \
                if (*p)                     \
                        func(*p);           \
        }

static inline void freep(void *p)
{
        free(*(void **) p);
}
#define _cleanup_free_ _cleanup_(freep)

static inline void fclosep(FILE **f)
{
        if (*f)
                (void) fclose(*f); /* the reader has what it needs; a writer checks before it comes here */
}
#define _cleanup_fclose_ _cleanup_(fclosep)

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* Like strcmp(), with NULL as the smallest. */
static inline int strcmp_ptr(const char *a, const char *b)
{
        if (a && b)
                return strcmp(a, b);
        return CMP(!!a, !!b);
}

/* A copy that the caller frees; of NULL it is NULL. 0, or -ENOMEM, and *ret is NULL then too. */
static inline int string_copy(const char *s, char **ret)
{
        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

static inline bool isempty(const char *s)
{
        return !s || !*s;
}

static inline const char *strempty(const char *s)
{
        return s ? s : "";
}

static inline const char *yes_no(bool b)
{
        return b ? "yes" : "no";
}

/* Sums of times: infinity stays infinity, and an overflow is infinity. */
static inline uint64_t usec_add(uint64_t a, uint64_t b)
{
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

/* What is left until `deadline`; 0 if it is over. */
static inline uint64_t usec_left(uint64_t deadline, uint64_t now)
{
        if (deadline == USEC_INFINITY)
                return USEC_INFINITY;
        return deadline > now ? deadline - now : 0;
}

/* Something that only our own bug can break. In release builds too. */
#define ASSERT(expr)                                                        \
        do {                                                                \
                if (__builtin_expect(!(expr), 0))                           \
                        assert_failed(#expr, __FILE__, __LINE__, __func__); \
        } while (0)

static inline _noreturn_ void assert_failed(const char *text, const char *file, int line, const char *func)
{
        fprintf(stderr, "Assertion '%s' failed at %s:%d, function %s(). Aborting.\n", text, file, line, func);
        abort();
}
