/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/arguments.h"

#include "base/parse.h"
#include "base/text.h"

static int parse_timeout(const char *value, Arguments *a, char **ret_error)
{
        if (parse_usec(value, &a->timeout_usec) < 0 || a->timeout_usec > ARGUMENTS_TIMEOUT_MAX_USEC)
                return text_refuse(
                                -EINVAL, ret_error, "--timeout=%s is not a time of at most an hour", value);
        return 0;
}

/* A word behind the address. */
static int parse_word(const char *word, Arguments *a, char **ret_error)
{
        const char *value;
        int r;

        value = startswith(word, "--timeout=");
        if (value)
                return parse_timeout(value, a, ret_error);
        value = startswith(word, "--maintenance=");
        if (value && value[0] == '/') {
                a->maintenance = value;
                return 0;
        }
        r = address_spec_add(&a->spec, word, ret_error);
        if (r == 0)
                return text_refuse(-EINVAL, ret_error,
                                "%s: there is no such option (check=, announce=, label=)", word);
        return r;
}

int arguments_parse(const char *const *words, size_t n_words, Arguments *ret, char **ret_error)
{
        Arguments a = { .timeout_usec = ARGUMENTS_TIMEOUT_DEFAULT_USEC };
        int r;

        *ret_error = NULL;
        if (n_words < 2 || (!streq(words[0], "run") && !streq(words[0], "del")))
                return text_refuse(-EINVAL, ret_error,
                                "run or del and an address are needed, as in: run 192.0.2.10/24 eth0");
        a.is_del = streq(words[0], "del");
        r = address_spec_begin(&a.spec, words[1], ret_error);
        for (size_t i = 2; i < n_words && r >= 0; i++)
                r = parse_word(words[i], &a, ret_error);
        if (r >= 0)
                r = address_spec_finish(&a.spec, ret_error);
        if (r < 0)
                return r;
        *ret = a;
        return 0;
}
