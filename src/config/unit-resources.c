/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the worker's control group and processes get: memory, processors, devices, network, limits. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/unit-resources.h"

#define CPUS_MAX 8192u

/* A share on the bus is a fraction of 2^32-1. */
static uint32_t scale_permyriad(uint32_t permyriad)
{
        return (uint32_t) (((uint64_t) permyriad * UINT32_MAX + 5000) / 10000);
}

int unit_parse_share(UnitParse *u, const UnitKey *k, const char *value)
{
        uint32_t permyriad;
        if (parse_permyriad(value, &permyriad) < 0 || permyriad > 10000)
                return unit_wrong(u, value, "a percentage from 0% to 100%");
        return unit_set_u32(u, unit_key_property(k), scale_permyriad(permyriad));
}

/* A size, a share of the host's memory (its own property, k->also), or infinity. TasksMax= is read alike. */
int unit_parse_memory(UnitParse *u, const UnitKey *k, const char *value)
{
        uint32_t permyriad;
        uint64_t size;

        property_list_remove(u->properties, unit_key_property(k));
        property_list_remove(u->properties, k->also);
        if (streq(value, "infinity"))
                return unit_set_u64(u, unit_key_property(k), UINT64_MAX);
        if (parse_permyriad(value, &permyriad) >= 0 && permyriad <= 10000 && (permyriad > 0 || k->min == 0))
                return unit_set_u32(u, k->also, scale_permyriad(permyriad));
        if (parse_size(value, &size) >= 0 && size >= (uint64_t) k->min)
                return unit_set_u64(u, unit_key_property(k), size);
        return unit_wrong(u, value,
                        streq(k->key, "TasksMax") ? "a number above 0, a percentage, or \"infinity\""
                        : k->min > 0 ? "a size above 0 like \"64M\", a percentage, or \"infinity\""
                                     : "a size like \"64M\", a percentage, or \"infinity\"");
}

int unit_parse_weight(UnitParse *u, const UnitKey *k, const char *value)
{
        const NamedNumber *named = numbers_find(k->numbers, value);
        uint64_t weight;
        if (named)
                return unit_set_u64(u, unit_key_property(k), (uint64_t) named->number);
        if (parse_u64(value, &weight) < 0 || weight < 1 || weight > 10000)
                return unit_wrong(u, value,
                                k->numbers ? "a weight from 1 to 10000, or \"idle\""
                                           : "a weight from 1 to 10000");
        return unit_set_u64(u, unit_key_property(k), weight);
}

int unit_parse_cpu_quota(UnitParse *u, const UnitKey *k, const char *value)
{
        uint32_t permyriad;
        if (parse_permyriad(value, &permyriad) < 0 || permyriad == 0)
                return unit_wrong(u, value, "a percentage above 0%, where 100% is one processor");
        return unit_set_u64(u, unit_key_property(k), (uint64_t) permyriad * USEC_PER_SEC / 10000);
}

static int set_bit(UnitProperty *p, uint32_t bit)
{
        size_t need = bit / 8 + 1;
        if (need > p->bytes.size_bytes) {
                uint8_t *grown = realloc(p->bytes.data, need);
                if (!grown)
                        return -ENOMEM;
                memset(grown + p->bytes.size_bytes, 0, need - p->bytes.size_bytes);
                p->bytes.data = grown;
                p->bytes.size_bytes = need;
        }
        p->bytes.data[bit / 8] |= (uint8_t) (1u << bit % 8);
        return 0;
}

/* "3" or "0-3". */
static int parse_range(char *word, uint32_t max, uint32_t *ret_from, uint32_t *ret_to)
{
        char *hyphen = strchr(word, '-');
        if (hyphen)
                *hyphen++ = 0;
        if (parse_u32(word, ret_from) < 0 || parse_u32(hyphen ? hyphen : word, ret_to) < 0 ||
                        *ret_from > *ret_to || *ret_to > max)
                return -EINVAL;
        return 0;
}

/* A list of indices and ranges, separated by white space or commas, as a bit mask. */
int unit_parse_cpu_set(UnitParse *u, const UnitKey *k, const char *value)
{
        if (k->also && streq(value, "numa")) {
                property_list_remove(u->properties, unit_key_property(k));
                return unit_set_bool(u, k->also, true);
        }
        _cleanup_free_ char *list = strdup(value);
        if (!list)
                return -ENOMEM;
        for (char *c = list; *c; c++)
                if (*c == ',')
                        *c = ' ';
        const char *s = list;
        for (;;) {
                _cleanup_free_ char *word = NULL;
                uint32_t from, to;
                int r = unit_word_next(u, &s, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                if (parse_range(word, CPUS_MAX - 1, &from, &to) < 0)
                        return unit_wrong(u, value, "a list of numbers and ranges like \"0-3 5\"");
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_BYTES);
                for (uint32_t i = from; p && i <= to; i++)
                        if (set_bit(p, i) < 0)
                                return -ENOMEM;
                if (!p)
                        return -ENOMEM;
        }
}

/* Limit...=SOFT:HARD or one value for both. */
typedef int (*LimitReader)(const char *s, uint64_t *ret);

static int parse_limit(
                UnitParse *u, const UnitKey *k, const char *value, LimitReader read, const char *expected)
{
        _cleanup_free_ char *text = strdup(value);
        uint64_t soft, hard;
        if (!text)
                return -ENOMEM;
        char *colon = strchr(text, ':');
        if (colon)
                *colon++ = 0;
        const char *hard_text = colon ? text_strip(colon) : text_strip(text), *soft_text = text_strip(text);
        if (read(soft_text, &soft) < 0 || read(hard_text, &hard) < 0)
                return unit_wrong(u, value, expected);
        if (soft > hard)
                return unit_wrong(u, value, "a soft limit that is not above the hard one");
        int r = unit_set_u64(u, unit_key_property(k), hard);
        return r < 0 ? r : unit_set_u64(u, k->also, soft);
}

static int read_limit_size(const char *s, uint64_t *ret)
{
        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_size(s, ret);
}

static int read_limit_count(const char *s, uint64_t *ret)
{
        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(s, ret);
}

static int read_limit_seconds(const char *s, uint64_t *ret)
{
        uint64_t usec;
        int r = parse_usec(s, &usec);
        if (r >= 0)
                *ret = usec == USEC_INFINITY ? UINT64_MAX : usec / USEC_PER_SEC + (usec % USEC_PER_SEC > 0);
        return r;
}

static int read_limit_usec(const char *s, uint64_t *ret)
{
        return parse_u64(s, ret) >= 0 ? 0 : parse_usec(s, ret);
}

/* "+N" and "-N" are nice levels, a plain number is the limit as the kernel counts it. */
static int read_limit_nice(const char *s, uint64_t *ret)
{
        int32_t nice;
        if (*s != '+' && *s != '-') {
                if (read_limit_count(s, ret) < 0)
                        return -EINVAL;
                return *ret <= 40 || *ret == UINT64_MAX ? 0 : -ERANGE;
        }
        if (parse_i32(s, &nice) < 0 || nice < -20 || nice > 19)
                return -EINVAL;
        *ret = (uint64_t) (20 - nice);
        return 0;
}

int unit_parse_limit_size(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_limit(u, k, value, read_limit_size,
                        "a size like \"64M\" or \"infinity\", or two as SOFT:HARD");
}

int unit_parse_limit_count(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_limit(u, k, value, read_limit_count, "a number or \"infinity\", or two as SOFT:HARD");
}

int unit_parse_limit_seconds(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_limit(
                        u, k, value, read_limit_seconds, "a time span or \"infinity\", or two as SOFT:HARD");
}

int unit_parse_limit_usec(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_limit(u, k, value, read_limit_usec,
                        "microseconds, a time span or \"infinity\", or two as SOFT:HARD");
}

int unit_parse_limit_nice(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_limit(u, k, value, read_limit_nice,
                        "a nice level with its sign from -20 to +19, or a number up to 40");
}

/* Splits "FIRST REST" after expanding it; *ret_rest is "" if there is no second word. */
static int split_two(UnitParse *u, const char *value, char **ret_first, char **ret_rest)
{
        const char *s = value;
        _cleanup_free_ char *first = NULL;
        int r = unit_word_next(u, &s, WORD_UNQUOTE | WORD_UNESCAPE, &first);
        if (r < 0)
                return r;
        r = unit_expand(u, s, ret_rest);
        if (r >= 0)
                *ret_first = TAKE_PTR(first);
        return r;
}

static bool device_is_valid(char *device)
{
        const char *group = startswith(device, "char-");
        if (!group)
                group = startswith(device, "block-");
        return group ? *group != 0
                     : path_tidy(device) && (startswith(device, "/dev/") ||
                                                            startswith(device, "/run/systemd/inaccessible/"));
}

int unit_parse_device_allow(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *device = NULL, *access = NULL;
        int r = split_two(u, value, &device, &access);
        if (r < 0)
                return r;
        if (!device_is_valid(device) || access[strspn(access, "rwm")])
                return unit_wrong(u, value,
                                "a device below /dev, \"char-GROUP\" or \"block-GROUP\", and letters of "
                                "\"rwm\"");
        UnitProperty *p =
                        property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_STRING_PAIRS);
        return p ? unit_rows_add(p, device, *access ? access : "rwm", false, false, 0) : -ENOMEM;
}

/* "PATH VALUE", where a later value of the same path takes the place of an earlier one. */
static int set_device(
                UnitParse *u, const UnitKey *k, const char *value, LimitReader read, const char *expected)
{
        _cleanup_free_ char *device = NULL, *text = NULL;
        uint64_t number;
        int r = split_two(u, value, &device, &text);
        if (r < 0)
                return r;
        if (!path_tidy(device) || read(text, &number) < 0)
                return unit_wrong(u, value, expected);
        UnitProperty *p =
                        property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_STRING_U64S);
        if (!p)
                return -ENOMEM;
        for (size_t i = 0; i < p->rows.n; i++)
                if (streq(p->rows.items[i].first, device)) {
                        p->rows.items[i].number = number;
                        return 0;
                }
        return unit_rows_add(p, device, NULL, false, false, number);
}

static int read_weight(const char *s, uint64_t *ret)
{
        return parse_u64(s, ret) >= 0 && *ret >= 1 && *ret <= 10000 ? 0 : -EINVAL;
}

static int read_bandwidth(const char *s, uint64_t *ret)
{
        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_decimal_size(s, ret) >= 0 && *ret > 0 ? 0 : -EINVAL;
}

int unit_parse_device_weight(UnitParse *u, const UnitKey *k, const char *value)
{
        return set_device(u, k, value, read_weight, "an absolute path and a weight from 1 to 10000");
}

int unit_parse_device_limit(UnitParse *u, const UnitKey *k, const char *value)
{
        return set_device(u, k, value, read_bandwidth,
                        "an absolute path and a number above 0 like \"5M\", or \"infinity\"");
}

int unit_parse_device_latency(UnitParse *u, const UnitKey *k, const char *value)
{
        return set_device(u, k, value, parse_usec, "an absolute path and a time span");
}

static int add_address(UnitParse *u, const UnitKey *k, int family, const void *bytes, uint32_t prefix_length)
{
        UnitProperty *p = property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_ADDRESSES);
        UnitAddress *grown =
                        p ? realloc(p->addresses.items, (p->addresses.n + 1) * sizeof(UnitAddress)) : NULL;
        if (!grown)
                return -ENOMEM;
        UnitAddress a = {
                .family = family, .n_bytes = family == AF_INET ? 4 : 16, .prefix_length = prefix_length
        };
        memcpy(a.bytes, bytes, a.n_bytes);
        p->addresses.items = grown;
        grown[p->addresses.n++] = a;
        return 0;
}

static int parse_address(UnitParse *u, const UnitKey *k, char *word)
{
        static const char expected[] =
                        "addresses with prefix lengths like \"10.0.0.0/8\", \"any\", \"localhost\", "
                        "\"link-local\" or \"multicast\"";
        char *slash = strchr(word, '/');
        uint8_t bytes[16];
        uint32_t prefix_length;

        if (slash)
                *slash = 0;
        int family = inet_pton(AF_INET, word, bytes) == 1    ? AF_INET
                     : inet_pton(AF_INET6, word, bytes) == 1 ? AF_INET6
                                                             : AF_UNSPEC;
        if (slash)
                *slash = '/';
        if (family == AF_UNSPEC)
                return unit_wrong(u, word, expected);
        prefix_length = family == AF_INET ? 32 : 128;
        if (slash && (parse_u32(slash + 1, &prefix_length) < 0 ||
                                     prefix_length > (family == AF_INET ? 32u : 128u)))
                return unit_wrong(u, word, expected);
        return add_address(u, k, family, bytes, prefix_length);
}

int unit_parse_addresses(UnitParse *u, const UnitKey *k, const char *value)
{
        static const struct {
                const char *name;
                uint8_t v4[4];
                uint32_t prefix4;
                uint8_t v6[16];
                uint32_t prefix6;
        } names[] = {
                { "any", { 0 }, 0, { 0 }, 0 },
                { "localhost", { 127 }, 8, { [15] = 1 }, 128 },
                { "link-local", { 169, 254 }, 16, { 0xfe, 0x80 }, 64 },
                { "multicast", { 224 }, 4, { 0xff }, 8 },
        };
        for (;;) {
                _cleanup_free_ char *word = NULL;
                size_t i = 0;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                while (i < ELEMENTSOF(names) && !streq(names[i].name, word))
                        i++;
                if (i < ELEMENTSOF(names)) {
                        r = add_address(u, k, AF_INET, names[i].v4, names[i].prefix4);
                        if (r >= 0)
                                r = add_address(u, k, AF_INET6, names[i].v6, names[i].prefix6);
                } else
                        r = parse_address(u, k, word);
                if (r < 0)
                        return r;
        }
}

/* [ipv4:|ipv6:][tcp:|udp:]PORT[-PORT], or any. */
int unit_parse_socket_bind(UnitParse *u, const UnitKey *k, const char *value)
{
        static const char expected[] = "[ipv4:|ipv6:][tcp:|udp:] and a port, a range of ports or \"any\"";
        _cleanup_free_ char *text = NULL;
        UnitSocketBind bind = { .family = AF_UNSPEC };
        uint32_t from = 0, to = 0;

        int r = unit_expand(u, value, &text);
        if (r < 0)
                return r;
        char *s = text;
        if (startswith(s, "ipv4") || startswith(s, "ipv6")) {
                bind.family = s[3] == '4' ? AF_INET : AF_INET6;
                s += 4;
                s += *s == ':';
        }
        if (startswith(s, "tcp") || startswith(s, "udp")) {
                bind.protocol = s[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
                s += 3;
                s += *s == ':';
        }
        if (*s && !streq(s, "any")) {
                if (parse_range(s, 65535, &from, &to) < 0 || from == 0)
                        return unit_wrong(u, value, expected);
                bind.port = (uint16_t) from;
                bind.n_ports = (uint16_t) (to - from + 1);
        } else if (!*s && bind.family == AF_UNSPEC && bind.protocol == 0)
                return unit_wrong(u, value, expected);

        UnitProperty *p =
                        property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_SOCKET_BINDS);
        UnitSocketBind *grown =
                        p ? realloc(p->socket_binds.items, (p->socket_binds.n + 1) * sizeof(UnitSocketBind))
                          : NULL;
        if (!grown)
                return -ENOMEM;
        p->socket_binds.items = grown;
        grown[p->socket_binds.n++] = bind;
        return 0;
}

/* A boolean, or the controllers to hand over, which is another property (k->also). */
int unit_parse_delegate(UnitParse *u, const UnitKey *k, const char *value)
{
        bool b;
        if (parse_boolean(value, &b) >= 0) {
                property_list_remove(u->properties, k->also);
                return unit_set_bool(u, unit_key_property(k), b);
        }
        property_list_remove(u->properties, unit_key_property(k));
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                if (!words_contain(k->words, word))
                        return unit_wrong(u, word, "yes, no, or controllers like \"cpu memory pids\"");
                if (unit_extend_strings(u, k->also, word) < 0)
                        return -ENOMEM;
        }
}
