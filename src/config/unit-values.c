/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single values and plain lists of [Unit] and [Service]. */

#include <limits.h>
#include <signal.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/unit-values.h"
#include "config/unit-names.h"

#define UNIT_NAME_BYTES_MAX 255u

static int wrong_word(UnitParse *u, const char *value, const char *const *words)
{
        Text t = { 0 };
        for (size_t i = 0; words[i]; i++)
                text_printf(&t, "%s\"%s\"", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
        _cleanup_free_ char *expected = text_take(&t);
        return expected ? unit_wrong(u, value, expected) : -ENOMEM;
}

int unit_parse_bool(UnitParse *u, const UnitKey *k, const char *value)
{
        bool b;
        if (parse_boolean(value, &b) < 0)
                return unit_wrong(u, value, "yes or no");
        return unit_set_bool(u, unit_key_property(k), b);
}

/* A number of the key's range, or one of its names for numbers. */
static int read_number(UnitParse *u, const UnitKey *k, const char *value, int64_t *ret)
{
        const NamedNumber *named = numbers_find(k->numbers, value);
        char expected[96];
        uint64_t magnitude;
        bool negative = *value == '-';

        if (named) {
                *ret = named->number;
                return 0;
        }
        if (parse_u64(value + (*value == '-' || *value == '+'), &magnitude) >= 0 && magnitude <= INT64_MAX) {
                int64_t number = negative ? -(int64_t) magnitude : (int64_t) magnitude;
                if (number >= k->min && number <= k->max) {
                        *ret = number;
                        return 0;
                }
        }
        snprintf(expected, sizeof(expected), "a number from %lld to %lld%s%s%s", (long long) k->min,
                        (long long) k->max, k->numbers ? " or a name like \"" : "",
                        k->numbers ? k->numbers[0].name : "", k->numbers ? "\"" : "");
        return unit_wrong(u, value, expected);
}

int unit_parse_i32(UnitParse *u, const UnitKey *k, const char *value)
{
        int64_t number = 0;
        int r = read_number(u, k, value, &number);
        return r < 0 ? r : unit_set_i32(u, unit_key_property(k), number);
}

int unit_parse_u32(UnitParse *u, const UnitKey *k, const char *value)
{
        int64_t number = 0;
        int r = read_number(u, k, value, &number);
        return r < 0 ? r : unit_set_u32(u, unit_key_property(k), (uint64_t) number);
}

int unit_parse_span(UnitParse *u, const UnitKey *k, const char *value)
{
        uint64_t usec;
        if (parse_usec(value, &usec) < 0 || (usec == USEC_INFINITY && !(k->flags & KEY_MAY_BE_INFINITE)))
                return unit_wrong(u, value,
                                k->flags & KEY_MAY_BE_INFINITE
                                                ? "a time span like \"5s\" or \"1min 30s\", or \"infinity\""
                                                : "a time span like \"5s\" or \"1min 30s\"");
        if (usec == 0 && (k->flags & KEY_ZERO_IS_INFINITY))
                usec = USEC_INFINITY;
        int r = unit_set_u64(u, unit_key_property(k), usec);
        if (r >= 0 && k->also)
                r = unit_set_u64(u, k->also, usec);
        return r;
}

int unit_parse_nsec(UnitParse *u, const UnitKey *k, const char *value)
{
        uint64_t nsec;
        if (parse_nsec(value, &nsec) < 0)
                return unit_wrong(u, value, "a number of nanoseconds or a time span");
        return unit_set_u64(u, unit_key_property(k), nsec);
}

int unit_parse_mode(UnitParse *u, const UnitKey *k, const char *value)
{
        uint32_t mode;
        if (parse_mode(value, &mode) < 0)
                return unit_wrong(u, value, "an octal mode like 0755");
        return unit_set_u32(u, unit_key_property(k), mode);
}

/* Words of which some mean yes or no take every boolean. */
int unit_parse_word(UnitParse *u, const UnitKey *k, const char *value)
{
        bool b;
        if (words_contain(k->words, value))
                return unit_set_string(u, unit_key_property(k), value);
        if (parse_boolean(value, &b) >= 0 && words_contain(k->words, yes_no(b)))
                return unit_set_string(u, unit_key_property(k), yes_no(b));
        return wrong_word(u, value, k->words);
}

int unit_parse_words(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                if (k->words && !words_contain(k->words, word))
                        return wrong_word(u, word, k->words);
                if (unit_extend_strings(u, unit_key_property(k), word) < 0)
                        return -ENOMEM;
        }
}

int unit_parse_string(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *text = NULL;
        int r = unit_expand(u, value, &text);
        return r < 0 ? r : unit_set_string(u, unit_key_property(k), text);
}

int unit_parse_path(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *path = NULL;
        int r = unit_expand(u, value, &path);
        if (r < 0)
                return r;
        if ((k->flags & KEY_RELATIVE_TO_RUN) && path[0] != '/') {
                char *absolute = text_format("/run/%s", path);
                if (!absolute)
                        return -ENOMEM;
                free(path);
                path = absolute;
        }
        r = unit_check_path(u, path);
        return r < 0 ? r : unit_set_string(u, unit_key_property(k), path);
}

int unit_parse_paths(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &word);
                if (r <= 0)
                        return r;
                char *path = word;
                if (k->flags & KEY_PREFIXES) {
                        path += *path == '-';
                        path += *path == '+';
                }
                r = unit_check_path(u, path);
                if (r < 0)
                        return r;
                if (unit_extend_strings(u, unit_key_property(k), word) < 0)
                        return -ENOMEM;
        }
}

int unit_parse_colon_paths(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *path = NULL;
                int r = unit_word_next(u, &value, WORD_COLON | WORD_UNQUOTE | WORD_UNESCAPE, &path);
                if (r <= 0)
                        return r;
                r = unit_check_path(u, path);
                if (r < 0)
                        return r;
                if (unit_extend_strings(u, unit_key_property(k), path) < 0)
                        return -ENOMEM;
        }
}

static bool unit_name_valid(const char *name)
{
        static const char *const types[] = { "service", "socket", "target", "device", "mount", "automount",
                "swap", "timer", "path", "slice", "scope", NULL };
        const char *dot = strrchr(name, '.'), *at = strchr(name, '@');
        if (!dot || dot == name || strlen(name) > UNIT_NAME_BYTES_MAX || !words_contain(types, dot + 1))
                return false;
        for (const char *c = name; c < dot; c++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@", *c))
                        return false;
        /* A template without its instance is no unit. */
        return !at || (at > name && at + 1 < dot);
}

int unit_parse_units(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *name = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_KEEP_ESCAPE, &name);
                if (r <= 0)
                        return r;
                if (!unit_name_valid(name))
                        return unit_wrong(u, name, "a unit name like \"network-online.target\"");
                if (streq(name, "distro-manager.service"))
                        return parse_error(u->p,
                                        "an application must not depend on distro-manager.service or be "
                                        "ordered against it: "
                                        "the manager waits for its applications when the host shuts down, "
                                        "and they outlive its restart; expected another unit");
                if (startswith(name, WORKER_UNIT_PREFIX)) {
                        r = parse_warning(u->p,
                                        "\"%s\" is an application's unit, which may run on another node",
                                        name);
                        if (r < 0)
                                return r;
                }
                if (unit_extend_strings(u, unit_key_property(k), name) < 0)
                        return -ENOMEM;
        }
}

int unit_parse_documentation(UnitParse *u, const UnitKey *k, const char *value)
{
        static const char *const schemes[] = { "man:", "info:", "http://", "https://", "file:/" };
        for (;;) {
                _cleanup_free_ char *uri = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &uri);
                if (r <= 0)
                        return r;
                bool known = false;
                for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                        const char *rest = startswith(uri, schemes[i]);
                        known = known || !isempty(rest);
                }
                if (!known)
                        return unit_wrong(u, uri,
                                        "a URI that begins with http://, https://, file:/, info: or man:");
                if (unit_extend_strings(u, unit_key_property(k), uri) < 0)
                        return -ENOMEM;
        }
}

/* ConditionNAME=[|][!]VALUE. An empty value resets all conditions (or all asserts), whatever their keys. */
int unit_parse_condition(UnitParse *u, const UnitKey *k, const char *value)
{
        bool trigger = *value == '|';
        value += trigger;
        value += strspn(value, " \t");
        bool negate = *value == '!';
        value += negate;
        value += strspn(value, " \t");

        _cleanup_free_ char *parameter = NULL;
        int r = unit_expand(u, value, &parameter);
        if (r < 0)
                return r;
        if (!*parameter)
                return unit_wrong(u, value, "something to check after \"|\" and \"!\"");
        if (k->flags & KEY_PREFIXES) { /* a condition on a path */
                r = unit_check_path(u, parameter);
                if (r < 0)
                        return r;
        }
        UnitProperty *p = property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_CONDITIONS);
        if (!p)
                return -ENOMEM;
        return unit_rows_add(p, k->key, parameter, trigger, negate, 0);
}

/* -1: there is none. */
static int signal_from_name(const char *name)
{
        uint32_t number;
        const char *s = startswith(name, "SIG");
        const char *offset;

        if (parse_u32(name, &number) >= 0)
                return number >= 1 && number <= (uint32_t) SIGRTMAX ? (int) number : -1;
        if (!s)
                s = name;
        offset = startswith(s, "RTMIN+");
        if (offset && parse_u32(offset, &number) >= 0 && number <= (uint32_t) (SIGRTMAX - SIGRTMIN))
                return SIGRTMIN + (int) number;
        offset = startswith(s, "RTMAX-");
        if (offset && parse_u32(offset, &number) >= 0 && number <= (uint32_t) (SIGRTMAX - SIGRTMIN))
                return SIGRTMAX - (int) number;
        if (streq(s, "RTMIN"))
                return SIGRTMIN;
        if (streq(s, "RTMAX"))
                return SIGRTMAX;
        for (int i = 1; i < SIGRTMIN; i++) {
                const char *known = sigabbrev_np(i);
                if (known && streq(known, s))
                        return i;
        }
        return -1;
}

int unit_parse_signal(UnitParse *u, const UnitKey *k, const char *value)
{
        int number = signal_from_name(value);
        if (number < 0)
                return unit_wrong(u, value, "a signal like SIGTERM");
        return unit_set_i32(u, unit_key_property(k), number);
}

static const NamedNumber exit_names[] = {
        { "SUCCESS", 0 },
        { "FAILURE", 1 },
        { "INVALIDARGUMENT", 2 },
        { "NOTIMPLEMENTED", 3 },
        { "NOPERMISSION", 4 },
        { "NOTINSTALLED", 5 },
        { "NOTCONFIGURED", 6 },
        { "NOTRUNNING", 7 },
        { "USAGE", 64 },
        { "DATAERR", 65 },
        { "NOINPUT", 66 },
        { "NOUSER", 67 },
        { "NOHOST", 68 },
        { "UNAVAILABLE", 69 },
        { "SOFTWARE", 70 },
        { "OSERR", 71 },
        { "OSFILE", 72 },
        { "CANTCREAT", 73 },
        { "IOERR", 74 },
        { "TEMPFAIL", 75 },
        { "PROTOCOL", 76 },
        { "NOPERM", 77 },
        { "CONFIG", 78 },
        { NULL, 0 },
};

static int add_number(int32_t **list, size_t *n, int32_t number)
{
        for (size_t i = 0; i < *n; i++)
                if ((*list)[i] == number)
                        return 0;
        int32_t *grown = realloc(*list, (*n + 1) * sizeof(int32_t));
        if (!grown)
                return -ENOMEM;
        *list = grown;
        grown[(*n)++] = number;
        return 0;
}

int unit_parse_exit_status(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                uint32_t code;
                const NamedNumber *named = numbers_find(exit_names, word);
                bool is_code = named || parse_u32(word, &code) >= 0;
                if (named)
                        code = (uint32_t) named->number;
                int number = is_code ? -1 : signal_from_name(word);
                if (is_code ? code > 255 : number < 0)
                        return unit_wrong(u, word,
                                        "an exit status from 0 to 255, its name, or a signal like SIGTERM");
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_STATUS_SET);
                if (!p)
                        return -ENOMEM;
                r = is_code ? add_number(&p->status_set.codes, &p->status_set.n_codes, (int32_t) code)
                            : add_number(&p->status_set.signals, &p->status_set.n_signals, number);
                if (r < 0)
                        return r;
        }
}

/* An application may start on another node only when no process of it is left here. */
int unit_parse_kill_mode(UnitParse *u, const UnitKey *k, const char *value)
{
        if (streq(value, "none") || streq(value, "process"))
                return parse_error(u->p,
                                "\"%s\" is refused, since it leaves processes behind that would run beside "
                                "those of "
                                "the next node, expected \"control-group\" or \"mixed\"",
                                value);
        return unit_parse_word(u, k, value);
}

static bool user_is_valid(const char *name)
{
        return *name && *name != '-' && strlen(name) < 256 && !strpbrk(name, ":/\\\"' \t\n") &&
               !streq(name, ".") && !streq(name, "..");
}

int unit_parse_user(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *name = NULL;
        int r = unit_expand(u, value, &name);
        if (r < 0)
                return r;
        if (!user_is_valid(name))
                return unit_wrong(u, name, "a name or a number");
        return unit_set_string(u, unit_key_property(k), name);
}

int unit_parse_users(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *name = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &name);
                if (r <= 0)
                        return r;
                if (!user_is_valid(name))
                        return unit_wrong(u, name, "names or numbers");
                if (unit_extend_strings(u, unit_key_property(k), name) < 0)
                        return -ENOMEM;
        }
}
