/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/address-spec.h"

#include <sys/socket.h>

#include "base/parse.h"
#include "base/text.h"

#define INTERFACE_NAME_EXPECTED "expected 1 to %d visible characters of ASCII without / and %%"

bool interface_name_is_valid(const char *s)
{
        size_t n = strlen(s);

        if (n == 0 || n >= IFNAMSIZ || streq(s, ".") || streq(s, ".."))
                return false;
        for (const char *p = s; *p; p++)
                if (*p <= ' ' || *p > '~' || *p == '/' || *p == '%')
                        return false;
        return true;
}

int address_spec_begin(AddressSpec *s, const char *word, char **ret_error)
{
        *s = (AddressSpec){ .check = true, .announce = true };
        return address_parse(word, &s->address, ret_error);
}

/* Marks a word as given. */
static int give(AddressSpec *s, AddressSpecWord which, const char *name, char **ret_error)
{
        if (s->given & which)
                return text_refuse(-EINVAL, ret_error, "%s is given twice, expected it once", name);
        s->given |= which;
        return 0;
}

static int add_switch(AddressSpec *s, AddressSpecWord which, const char *name, const char *value, bool *ret,
                char **ret_error)
{
        int r = give(s, which, name, ret_error);

        if (r >= 0 && parse_boolean(value, ret) < 0)
                r = text_refuse(-EINVAL, ret_error, "%s%s is not valid, expected yes or no", name, value);
        return r < 0 ? r : 1;
}

static int add_label(AddressSpec *s, const char *value, char **ret_error)
{
        int r = give(s, ADDRESS_SPEC_LABEL, "label=", ret_error);

        if (r < 0)
                return r;
        if (s->address.family != AF_INET)
                return text_refuse(-EINVAL, ret_error,
                                "label= does not go with an address of IPv6, expected it with IPv4 only");
        if (!interface_name_is_valid(value))
                return text_refuse(-EINVAL, ret_error, "label=%s is not valid, " INTERFACE_NAME_EXPECTED,
                                value, IFNAMSIZ - 1);
        strcpy(s->label, value);
        return 1;
}

static int add_interface(AddressSpec *s, const char *word, char **ret_error)
{
        _cleanup_free_ char *none = NULL;
        Address other;

        if (address_parse(word, &other, &none) >= 0)
                return text_refuse(-EINVAL, ret_error, "\"%s\" is a second address, expected one", word);
        if (s->given & ADDRESS_SPEC_INTERFACE)
                return text_refuse(-EINVAL, ret_error, "\"%s\" is a second interface beside %s, expected one",
                                word, s->interface);
        if (!interface_name_is_valid(word))
                return text_refuse(-EINVAL, ret_error,
                                "\"%s\" is no name of an interface, " INTERFACE_NAME_EXPECTED, word,
                                IFNAMSIZ - 1);
        s->given |= ADDRESS_SPEC_INTERFACE;
        strcpy(s->interface, word);
        return 1;
}

int address_spec_add(AddressSpec *s, const char *word, char **ret_error)
{
        const char *value;

        value = startswith(word, "check=");
        if (value)
                return add_switch(s, ADDRESS_SPEC_CHECK, "check=", value, &s->check, ret_error);
        value = startswith(word, "announce=");
        if (value)
                return add_switch(s, ADDRESS_SPEC_ANNOUNCE, "announce=", value, &s->announce, ret_error);
        value = startswith(word, "label=");
        if (value)
                return add_label(s, value, ret_error);
        if (word[0] == '-' || strchr(word, '='))
                return 0;
        return add_interface(s, word, ret_error);
}

int address_spec_finish(const AddressSpec *s, char **ret_error)
{
        if (*s->label && !*s->interface)
                return text_refuse(-EINVAL, ret_error,
                                "label=%s begins with the name of the interface, expected the interface too",
                                s->label);
        if (*s->label && !startswith(s->label, s->interface))
                return text_refuse(-EINVAL, ret_error,
                                "label=%s does not begin with the interface, expected %s:TEXT", s->label,
                                s->interface);
        return 0;
}
