/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

size_t utf8_decode(const char *s, uint32_t *ret)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const uint8_t *p = (const uint8_t *) s;
        size_t n = 0;
        uint32_t c;

        if (p[0] < 0x80)
                n = 1;
        else if ((p[0] & 0xe0) == 0xc0)
                n = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                n = 3;
        else if ((p[0] & 0xf8) == 0xf0)
                n = 4;
        if (n == 0)
                return 0;
        c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (p[i] & 0x3fu);
        }
        if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *ret = c;
        return n;
}

bool utf8_is_control(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
               (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

bool utf8_is_word(const char *s, size_t max_bytes)
{
        uint32_t c;

        if (isempty(s) || strlen(s) > max_bytes)
                return false;
        for (size_t n; *s; s += n) {
                n = utf8_decode(s, &c);
                if (n == 0 || c == ' ' || c == 0xa0 || utf8_is_control(c))
                        return false;
        }
        return true;
}
