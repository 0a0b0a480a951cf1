/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Words, quotes and escapes inside of a value, and the small values that our own sections share. */

#include "base/array.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/words.h"

static bool is_white(char c)
{
        return c && strchr(WORD_WHITE, c);
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* Reads `n` digits of 2^bits as a base. */
static int take_code(const char **s, size_t n, unsigned bits, uint32_t *ret)
{
        uint32_t value = 0;
        for (size_t i = 0; i < n; i++) {
                int digit = hex_digit((*s)[i]);
                if (digit < 0 || digit >= 1 << bits)
                        return -EINVAL;
                value = value << bits | (uint32_t) digit;
        }
        *s += n;
        *ret = value;
        return value == 0 ? -EINVAL : 0;
}

static int add_unicode(Text *t, uint32_t c)
{
        char utf8[4];
        size_t n;

        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
                return -EINVAL;
        if (c < 0x80) {
                utf8[0] = (char) c;
                n = 1;
        } else if (c < 0x800) {
                utf8[0] = (char) (0xc0 | c >> 6);
                n = 2;
        } else if (c < 0x10000) {
                utf8[0] = (char) (0xe0 | c >> 12);
                n = 3;
        } else {
                utf8[0] = (char) (0xf0 | c >> 18);
                n = 4;
        }
        for (size_t i = 1; i < n; i++)
                utf8[i] = (char) (0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
        text_add_n(t, utf8, n);
        return 0;
}

/* Resolves the escape behind a backslash at *s. A zero byte can't be written. */
static int take_escape(const char **s, Text *t)
{
        static const char letters[] = "abfnrtvs\\\"'", values[] = "\a\b\f\n\r\t\v \\\"'";
        const char *known = **s ? strchr(letters, **s) : NULL;
        uint32_t code;
        char byte;
        int r;

        if (known) {
                text_add_n(t, values + (known - letters), 1);
                (*s)++;
                return 0;
        }
        switch (**s) {
        case 'u':
        case 'U':
                code = **s == 'u' ? 4 : 8;
                (*s)++;
                r = take_code(s, code, 4, &code);
                return r < 0 ? r : add_unicode(t, code);
        case 'x':
                (*s)++;
                r = take_code(s, 2, 4, &code);
                break;
        default:
                r = take_code(s, 3, 3, &code);
                break;
        }
        if (r < 0 || code > 0xff)
                return -EINVAL;
        byte = (char) code;
        text_add_n(t, &byte, 1);
        return 0;
}

int text_unescape(const char *s, char **ret)
{
        Text t = { 0 };
        while (*s) {
                if (*s == '\\') {
                        s++;
                        int r = take_escape(&s, &t);
                        if (r < 0) {
                                text_done(&t);
                                return r;
                        }
                } else
                        text_add_n(&t, s++, 1);
        }
        char *text = text_take(&t);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* One word up to its separator; *s stands on it afterwards. */
static int take_word(const char **s, WordFlags flags, Text *t)
{
        char quote = 0;

        text_add(t, ""); /* a word of two quotes is there, and empty */
        for (; **s;) {
                char c = **s;
                if (!quote && (flags & WORD_COLON ? c == ':' : is_white(c)))
                        return 0;
                if (c == '\\' && !(flags & WORD_KEEP_ESCAPE)) {
                        (*s)++;
                        if (!**s)
                                return -EINVAL;
                        if (flags & WORD_UNESCAPE) {
                                int r = take_escape(s, t);
                                if (r < 0)
                                        return r;
                        } else
                                text_add_n(t, (*s)++, 1);
                        continue;
                }
                (*s)++;
                if ((flags & WORD_UNQUOTE) && quote && c == quote)
                        quote = 0;
                else if ((flags & WORD_UNQUOTE) && !quote && (c == '"' || c == '\''))
                        quote = c;
                else
                        text_add_n(t, &c, 1);
        }
        return quote ? -EINVAL : 0;
}

int word_next(const char **s, WordFlags flags, char **ret)
{
        if (!(flags & WORD_COLON))
                while (is_white(**s))
                        (*s)++;
        if (!**s)
                return 0;

        Text t = { 0 };
        int r = take_word(s, flags, &t);
        if (r < 0) {
                text_done(&t);
                return r;
        }
        if (flags & WORD_COLON) {
                if (**s == ':')
                        (*s)++;
        } else
                while (is_white(**s))
                        (*s)++;
        char *word = text_take(&t);
        if (!word)
                return -ENOMEM;
        *ret = word;
        return 1;
}

char **names_free(char **list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(list[i]);
        free(list);
        return NULL;
}

/* The arrays of names are short (at most one for each node), so they grow by one. */
int names_append(char ***list, size_t *n, const char *name)
{
        char *copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        char **grown = realloc(*list, (*n + 1) * sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        *list = grown;
        grown[(*n)++] = copy;
        return 0;
}

bool names_contain(char *const *list, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(list[i], name))
                        return true;
        return false;
}

bool node_name_is_valid(const char *name)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");
        return n > 0 && n <= NODE_NAME_MAX && !name[n];
}

bool context_has_node(const ConfigContext *context, const char *name)
{
        if (!context->node_names)
                return true;
        for (size_t i = 0; i < context->n_node_names; i++)
                if (streq(context->node_names[i], name))
                        return true;
        return false;
}

int parse_name_list(ParseState *p, const char *value, bool (*is_valid)(const char *name),
                const char *expected, char ***list, size_t *n)
{
        int result = 0;

        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = word_next(&value, WORD_KEEP_ESCAPE, &word);
                if (r < 0)
                        return r;
                if (r == 0)
                        return result;
                if (!is_valid(word))
                        r = parse_error(p, "\"%s\" is not valid, expected %s", word, expected);
                else if (names_contain(*list, *n, word))
                        r = parse_error(p, "\"%s\" is named twice", word);
                else if (*n >= NODES_MAX)
                        return parse_error(p, "too many names, expected at most %u", NODES_MAX);
                else
                        r = names_append(list, n, word);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
}

int parse_span(ParseState *p, const char *value, SpanFlags flags, uint64_t *ret_usec)
{
        uint64_t usec;
        int r = parse_usec(value, &usec);

        if (r >= 0 && !((flags & SPAN_NOT_ZERO) && usec == 0) &&
                        !((flags & SPAN_NOT_INFINITE) && usec == USEC_INFINITY)) {
                *ret_usec = usec;
                return 0;
        }
        return parse_error(p, "\"%s\" is not valid, expected a time span%s%s", value,
                        flags & SPAN_NOT_ZERO ? " above 0" : "",
                        flags & SPAN_NOT_INFINITE ? " like \"5s\" or \"1min 30s\""
                                                  : " like \"5s\" or \"1min 30s\", or \"infinity\"");
}

int parse_choice(ParseState *p, const char *value, const char *const *words, size_t n_words, unsigned *ret)
{
        for (size_t i = 0; i < n_words; i++)
                if (streq(words[i], value)) {
                        *ret = (unsigned) i;
                        return 0;
                }
        Text t = { 0 };
        for (size_t i = 0; i < n_words; i++)
                text_printf(&t, "%s\"%s\"", i == 0 ? "" : i + 1 < n_words ? ", " : " or ", words[i]);
        _cleanup_free_ char *expected = text_take(&t);
        if (!expected)
                return -ENOMEM;
        return parse_error(p, "\"%s\" is not valid, expected %s", value, expected);
}
