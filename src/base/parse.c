/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <strings.h>

#include "base/parse.h"

typedef struct NamedFactor {
        const char *name;
        uint64_t factor;
} NamedFactor;

#define NSEC_PER_USEC UINT64_C(1000)
#define USEC_PER_WEEK (7 * USEC_PER_DAY)
#define USEC_PER_MONTH (UINT64_C(2629800) * USEC_PER_SEC)
#define USEC_PER_YEAR (UINT64_C(31557600) * USEC_PER_SEC)

static const NamedFactor time_units[] = {
        { "seconds", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "minutes", USEC_PER_MINUTE },
        { "minute", USEC_PER_MINUTE },
        { "min", USEC_PER_MINUTE },
        { "m", USEC_PER_MINUTE },
        { "months", USEC_PER_MONTH },
        { "month", USEC_PER_MONTH },
        { "M", USEC_PER_MONTH },
        { "msec", USEC_PER_MSEC },
        { "ms", USEC_PER_MSEC },
        { "hours", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },
        { "h", USEC_PER_HOUR },
        { "days", USEC_PER_DAY },
        { "day", USEC_PER_DAY },
        { "d", USEC_PER_DAY },
        { "weeks", USEC_PER_WEEK },
        { "week", USEC_PER_WEEK },
        { "w", USEC_PER_WEEK },
        { "years", USEC_PER_YEAR },
        { "year", USEC_PER_YEAR },
        { "y", USEC_PER_YEAR },
        { "usec", 1 },
        { "us", 1 },
        { "\xc2\xb5s", 1 },
        { "\xce\xbcs", 1 },
};

static const NamedFactor size_units[] = {
        { "", 1 },
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "M", UINT64_C(1) << 20 },
        { "G", UINT64_C(1) << 30 },
        { "T", UINT64_C(1) << 40 },
        { "P", UINT64_C(1) << 50 },
        { "E", UINT64_C(1) << 60 },
};

static const NamedFactor decimal_units[] = {
        { "", 1 },
        { "B", 1 },
        { "K", UINT64_C(1000) },
        { "M", UINT64_C(1000000) },
        { "G", UINT64_C(1000000000) },
        { "T", UINT64_C(1000000000000) },
        { "P", UINT64_C(1000000000000000) },
        { "E", UINT64_C(1000000000000000000) },
};

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

int parse_boolean(const char *s, bool *ret)
{
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (strcasecmp(s, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (strcasecmp(s, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }
        return -EINVAL;
}

/* Reads digits of `base` and moves *s behind them. */
static int take_number(const char **s, unsigned base, uint64_t *ret)
{
        const char *p = *s;
        uint64_t value = 0;

        if (*p < '0' || *p >= (char) ('0' + base))
                return -EINVAL;
        for (; *p >= '0' && *p < (char) ('0' + base); p++)
                if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
                                __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;
        *s = p;
        *ret = value;
        return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
        uint64_t value;
        int r = take_number(&s, 10, &value);
        if (r < 0)
                return r;
        if (*s)
                return -EINVAL;
        *ret = value;
        return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
        uint64_t value;
        int r = parse_u64(s, &value);
        if (r < 0)
                return r;
        if (value > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) value;
        return 0;
}

int parse_i32(const char *s, int32_t *ret)
{
        bool negative = *s == '-';
        uint64_t value;
        int r = parse_u64(s + (*s == '-' || *s == '+'), &value);
        if (r < 0)
                return r;
        if (value > (uint64_t) INT32_MAX + (negative ? 1 : 0))
                return -ERANGE;
        *ret = (int32_t) (negative ? -(int64_t) value : (int64_t) value);
        return 0;
}

int parse_mode(const char *s, uint32_t *ret)
{
        uint64_t value;
        int r = take_number(&s, 8, &value);
        if (r < 0)
                return r;
        if (*s)
                return -EINVAL;
        if (value > 07777)
                return -ERANGE;
        *ret = (uint32_t) value;
        return 0;
}

/* What ".DIGITS" of one unit are worth; digits that are too small to matter are read and dropped. */
static int take_fraction(const char **s, uint64_t factor, uint64_t *ret)
{
        const char *p = *s;
        uint64_t value = 0, scale = 1;

        if (!is_digit(*p))
                return -EINVAL;
        for (; is_digit(*p); p++) {
                if (scale >= UINT64_C(1000000000))
                        continue;
                value = value * 10 + (uint64_t) (*p - '0');
                scale *= 10;
        }
        *s = p;
        *ret = (uint64_t) ((__extension__(unsigned __int128) value) * factor / scale);
        return 0;
}

/* The unit that stands at *s, ended by a digit, white space or the end of the string. */
static const NamedFactor *take_unit(const char **s, const NamedFactor *units, size_t n_units)
{
        size_t length = 0;
        while ((*s)[length] && !is_space((*s)[length]) && !is_digit((*s)[length]))
                length++;
        for (size_t i = 0; i < n_units; i++)
                if (strlen(units[i].name) == length && memcmp(units[i].name, *s, length) == 0) {
                        *s += length;
                        return units + i;
                }
        return NULL;
}

/* A sum of NUMBER[.FRACTION][UNIT]. Each part is multiplied by its unit; one without a unit by `fallback`. */
static int parse_sum(const char *s, const NamedFactor *units, size_t n_units, uint64_t fallback,
                uint64_t multiply, uint64_t *ret)
{
        uint64_t total = 0;
        bool something = false;

        for (;;) {
                while (is_space(*s))
                        s++;
                if (!*s)
                        break;
                if (*s == '-')
                        return is_digit(s[1]) ? -ERANGE : -EINVAL;

                uint64_t whole;
                int r = take_number(&s, 10, &whole);
                if (r < 0)
                        return r;
                const char *fraction = NULL;
                if (*s == '.') {
                        fraction = ++s;
                        while (is_digit(*s))
                                s++;
                }
                while (is_space(*s))
                        s++;

                uint64_t factor = fallback, part;
                if (*s && !is_digit(*s)) {
                        const NamedFactor *unit = take_unit(&s, units, n_units);
                        if (!unit)
                                return -EINVAL;
                        if (__builtin_mul_overflow(unit->factor, multiply, &factor))
                                return -ERANGE;
                }
                if (__builtin_mul_overflow(whole, factor, &part) ||
                                __builtin_add_overflow(total, part, &total))
                        return -ERANGE;
                if (fraction) {
                        r = take_fraction(&fraction, factor, &part);
                        if (r < 0)
                                return r;
                        if (__builtin_add_overflow(total, part, &total))
                                return -ERANGE;
                }
                something = true;
        }
        if (!something)
                return -EINVAL;
        if (total == UINT64_MAX)
                return -ERANGE;
        *ret = total;
        return 0;
}

int parse_usec(const char *s, uint64_t *ret_usec)
{
        if (streq(s, "infinity")) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        return parse_sum(s, time_units, ELEMENTSOF(time_units), USEC_PER_SEC, 1, ret_usec);
}

int parse_nsec(const char *s, uint64_t *ret_nsec)
{
        size_t length = strlen(s);

        if (streq(s, "infinity")) {
                *ret_nsec = UINT64_MAX;
                return 0;
        }
        /* Nanoseconds are the one unit that is not a whole number of microseconds; they stand alone. */
        if (length > 2 && streq(s + length - 2, "ns") && is_digit(s[0])) {
                uint64_t value;
                int r = take_number(&s, 10, &value);
                if (r < 0)
                        return r;
                if (!streq(s, "ns"))
                        return -EINVAL;
                *ret_nsec = value;
                return 0;
        }
        return parse_sum(s, time_units, ELEMENTSOF(time_units), 1, NSEC_PER_USEC, ret_nsec);
}

int parse_size(const char *s, uint64_t *ret_bytes)
{
        return parse_sum(s, size_units, ELEMENTSOF(size_units), 1, 1, ret_bytes);
}

int parse_decimal_size(const char *s, uint64_t *ret)
{
        return parse_sum(s, decimal_units, ELEMENTSOF(decimal_units), 1, 1, ret);
}

int parse_permyriad(const char *s, uint32_t *ret_permyriad)
{
        uint64_t whole, fraction = 0;
        int r = take_number(&s, 10, &whole);
        if (r < 0)
                return r;
        if (*s == '.') {
                s++;
                if (!is_digit(s[0]))
                        return -EINVAL;
                fraction = (uint64_t) (s[0] - '0') * 10;
                s++;
                if (is_digit(s[0])) {
                        fraction += (uint64_t) (s[0] - '0');
                        s++;
                }
        }
        if (!streq(s, "%"))
                return -EINVAL;
        if (whole > UINT32_MAX / 100 - 1)
                return -ERANGE;
        *ret_permyriad = (uint32_t) (whole * 100 + fraction);
        return 0;
}
