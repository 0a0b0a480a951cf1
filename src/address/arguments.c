/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/arguments.h"

#include <sys/socket.h>

#include "base/parse.h"
#include "base/text.h"

/* A name that the kernel takes for an interface, of characters that can be shown. */
static bool is_name(const char *s)
{
        size_t n = strlen(s);

        if (n == 0 || n >= IFNAMSIZ || streq(s, ".") || streq(s, ".."))
                return false;
        for (const char *p = s; *p; p++)
                if (*p <= ' ' || *p > '~' || *p == '/' || *p == '%')
                        return false;
        return true;
}

static int parse_switch(const char *key, const char *value, bool *ret, char **ret_error)
{
        if (parse_boolean(value, ret) < 0)
                return text_refuse(-EINVAL, ret_error, "%s=%s is neither yes nor no", key, value);
        return 0;
}

static int parse_label(const char *value, Arguments *a, char **ret_error)
{
        if (a->address.family != AF_INET)
                return text_refuse(-EINVAL, ret_error, "label= is for IPv4 only");
        if (!is_name(value))
                return text_refuse(-EINVAL, ret_error,
                                "label=%s: a label has 1 to %d visible characters without / and %%", value,
                                IFNAMSIZ - 1);
        strcpy(a->label, value);
        return 0;
}

static int parse_timeout(const char *value, Arguments *a, char **ret_error)
{
        if (parse_usec(value, &a->timeout_usec) < 0 || a->timeout_usec > ARGUMENTS_TIMEOUT_MAX_USEC)
                return text_refuse(
                                -EINVAL, ret_error, "--timeout=%s is not a time of at most an hour", value);
        return 0;
}

/* A word behind the address. The first one without "=" is the interface. */
static int parse_word(const char *word, Arguments *a, char **ret_error)
{
        const char *value;

        value = startswith(word, "check=");
        if (value)
                return parse_switch("check", value, &a->check, ret_error);
        value = startswith(word, "announce=");
        if (value)
                return parse_switch("announce", value, &a->announce, ret_error);
        value = startswith(word, "label=");
        if (value)
                return parse_label(value, a, ret_error);
        value = startswith(word, "--timeout=");
        if (value)
                return parse_timeout(value, a, ret_error);
        value = startswith(word, "--maintenance=");
        if (value && value[0] == '/') {
                a->maintenance = value;
                return 0;
        }
        if (word[0] == '-' || strchr(word, '='))
                return text_refuse(-EINVAL, ret_error,
                                "%s: there is no such option (check=, announce=, label=)", word);
        if (a->interface[0] != '\0')
                return text_refuse(-EINVAL, ret_error, "%s: there is an interface already, %s", word,
                                a->interface);
        if (!is_name(word))
                return text_refuse(-EINVAL, ret_error, "%s is not a name of an interface", word);
        strcpy(a->interface, word);
        return 0;
}

int arguments_parse(const char *const *words, size_t n_words, Arguments *ret, char **ret_error)
{
        Arguments a = { .check = true, .announce = true, .timeout_usec = ARGUMENTS_TIMEOUT_DEFAULT_USEC };
        int r;

        *ret_error = NULL;
        if (n_words < 2 || (!streq(words[0], "run") && !streq(words[0], "del")))
                return text_refuse(-EINVAL, ret_error,
                                "run or del and an address are needed, as in: run 192.0.2.10/24 eth0");
        a.is_del = streq(words[0], "del");
        r = address_parse(words[1], &a.address, ret_error);
        for (size_t i = 2; i < n_words && r >= 0; i++)
                r = parse_word(words[i], &a, ret_error);
        if (r < 0)
                return r;
        *ret = a;
        return 0;
}
