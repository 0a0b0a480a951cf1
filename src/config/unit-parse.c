/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parsers of [Unit] and [Service] have in common. */

#include <limits.h>

#include "base/text.h"
#include "config/unit-parse.h"

int unit_wrong(UnitParse *u, const char *value, const char *expected)
{
        return parse_error(u->p, "\"%s\" is not valid, expected %s", value, expected);
}

int unit_word_next(UnitParse *u, const char **s, WordFlags flags, char **ret)
{
        _cleanup_free_ char *word = NULL;
        int r = word_next(s, flags, &word);
        if (r == -EINVAL)
                r = parse_error(u->p, "a quote that is not closed or a wrong escape");
        if (r <= 0)
                return r;
        r = unit_expand(u, word, ret);
        return r < 0 ? r : 1;
}

int unit_expand(UnitParse *u, const char *value, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r = specifier_expand(u->p, u->specifiers, value, &text);
        if (r < 0)
                return r;
        /* Escapes can make bytes that no bus message carries. */
        if (!utf8_is_valid(text, strlen(text))) {
                r = parse_error(u->p, "not valid UTF-8 after escapes");
                ASSERT(r < 0);
                return r;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

bool words_contain(const char *const *words, const char *word)
{
        for (; *words; words++)
                if (streq(*words, word))
                        return true;
        return false;
}

const NamedNumber *numbers_find(const NamedNumber *numbers, const char *name)
{
        for (; numbers && numbers->name; numbers++)
                if (streq(numbers->name, name))
                        return numbers;
        return NULL;
}

bool path_tidy(char *path)
{
        if (path[0] != '/' || strlen(path) >= PATH_MAX)
                return false;
        for (const unsigned char *c = (const unsigned char *) path; *c; c++)
                if (*c < ' ' || *c == 0x7f)
                        return false;
        char *to = path;
        for (const char *from = path; *from;) {
                while (*from == '/')
                        from++;
                size_t n = strcspn(from, "/");
                if (n == 2 && from[0] == '.' && from[1] == '.')
                        return false;
                if (n > NAME_MAX)
                        return false;
                if (n > 0 && !(n == 1 && from[0] == '.')) {
                        *to++ = '/';
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
        }
        if (to == path)
                *to++ = '/';
        *to = 0;
        return true;
}

int unit_check_path(UnitParse *u, char *path)
{
        if (path_tidy(path))
                return 0;
        return unit_wrong(u, path, "an absolute path without \"..\"");
}

int unit_extend_strings(UnitParse *u, const char *property, const char *string)
{
        UnitProperty *p = property_list_extend(u->properties, property, UNIT_PROPERTY_STRINGS);

        return p ? unit_strings_add(&p->strings, string) : -ENOMEM;
}

static UnitProperty *replace(UnitParse *u, const char *property, UnitPropertyKind kind)
{
        return property_list_replace(u->properties, property, kind);
}

int unit_set_string(UnitParse *u, const char *property, const char *value)
{
        char *copy = strdup(value);
        UnitProperty *p = copy ? replace(u, property, UNIT_PROPERTY_STRING) : NULL;
        if (!p) {
                free(copy);
                return -ENOMEM;
        }
        p->string = copy;
        return 0;
}

int unit_set_bool(UnitParse *u, const char *property, bool value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_BOOL);
        if (!p)
                return -ENOMEM;
        p->boolean = value;
        return 0;
}

int unit_set_i32(UnitParse *u, const char *property, int64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_I32);
        if (!p)
                return -ENOMEM;
        p->i32 = (int32_t) value;
        return 0;
}

int unit_set_u32(UnitParse *u, const char *property, uint64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_U32);
        if (!p)
                return -ENOMEM;
        p->u32 = (uint32_t) value;
        return 0;
}

int unit_set_u64(UnitParse *u, const char *property, uint64_t value)
{
        UnitProperty *p = replace(u, property, UNIT_PROPERTY_U64);
        if (!p)
                return -ENOMEM;
        p->u64 = value;
        return 0;
}
