/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said of an application in a script. The files of a real cluster are read elsewhere, with all their rules;
 * this reads just the keys that engines decide by. */

#include <stdarg.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/parse.h"
#include "world/script.h"

typedef struct DefinitionRefusal {
        char *text;
        size_t size_bytes;
} DefinitionRefusal;

_printf_(2, 3) static int refuse(const DefinitionRefusal *x, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(x->text, x->size_bytes, format, ap);
        va_end(ap);
        return -EINVAL;
}

static int add_node(Definition *d, size_t *n_allocated, const char *name, size_t length, uint32_t tier,
                const DefinitionRefusal *x)
{
        _cleanup_free_ char *copy = strndup(name, length);

        if (!copy)
                return -ENOMEM;
        if (length > NODE_NAME_MAX || d->n_nodes >= NODES_MAX)
                return refuse(x, "Nodes= names too much");
        if (definition_find_node(d, copy) >= 0)
                return refuse(x, "Nodes= names '%s' twice", copy);
        if (ARRAY_GROW(d->nodes, d->n_nodes, *n_allocated) < 0)
                return -ENOMEM;
        d->nodes[d->n_nodes++] = (NodePriority){ .name = TAKE_PTR(copy), .tier = tier };
        return 0;
}

/* "abc {bcd def}" */
static int parse_nodes(const char *value, Definition *d, const DefinitionRefusal *x)
{
        size_t n_allocated = 0, n_before = 0;
        uint32_t tier = 0;
        bool open = false;

        for (const char *p = value; *p;) {
                size_t length = strcspn(p, " {}");

                if (*p == ' ') {
                        p++;
                } else if (*p == '{' || *p == '}') {
                        if (open == (*p == '{') || (open && d->n_nodes == n_before))
                                return refuse(x, "Nodes=%s: a brace is in the wrong place", value);
                        open = !open;
                        n_before = d->n_nodes;
                        if (!open)
                                tier++;
                        p++;
                } else {
                        int r = add_node(d, &n_allocated, p, length, tier, x);

                        if (r < 0)
                                return r;
                        if (!open)
                                tier++;
                        p += length;
                }
        }
        return open ? refuse(x, "Nodes=%s: a brace is not closed", value) : 0;
}

static int parse_permitted(const char *value, Definition *d, const DefinitionRefusal *x)
{
        size_t n_allocated = 0;

        while (*value) {
                size_t length = strcspn(value, " ");

                if (length > NODE_NAME_MAX || d->n_permitted >= NODES_MAX)
                        return refuse(x, "PermittedNodes= names too much");
                if (length > 0) {
                        if (ARRAY_GROW(d->permitted, d->n_permitted, n_allocated) < 0)
                                return -ENOMEM;
                        d->permitted[d->n_permitted] = strndup(value, length);
                        if (!d->permitted[d->n_permitted])
                                return -ENOMEM;
                        d->n_permitted++;
                }
                value += length + (value[length] == ' ');
        }
        return 0;
}

static int parse_choice(const char *key, const char *value, const char *no, const char *yes, bool *ret,
                const DefinitionRefusal *x)
{
        if (!streq(value, no) && !streq(value, yes))
                return refuse(x, "%s= is %s or %s, not '%s'", key, no, yes, value);
        *ret = streq(value, yes);
        return 0;
}

static int parse_time(const char *key, const char *value, uint64_t *ret, const DefinitionRefusal *x)
{
        return parse_usec(value, ret) < 0 ? refuse(x, "%s=%s is not a time", key, value) : 0;
}

static int parse_delay(const char *key, const char *value, uint64_t *ret, const DefinitionRefusal *x)
{
        if (!streq(value, "auto"))
                return parse_time(key, value, ret, x);
        *ret = DELAY_AUTO;
        return 0;
}

static int parse_weight(const char *value, Definition *d, const DefinitionRefusal *x)
{
        uint32_t weight;

        if (parse_u32(value, &weight) < 0 || weight == 0 || weight > 10000)
                return refuse(x, "Weight= is a number from 1 to 10000, not '%s'", value);
        d->weight = weight;
        return 0;
}

static int parse_restarts(const char *value, Definition *d, const DefinitionRefusal *x)
{
        uint32_t n;

        if (parse_u32(value, &n) < 0 || n > LOCAL_RESTARTS_MAX)
                return refuse(x, "LocalRestarts= is a number from 0 to %u, not '%s'", LOCAL_RESTARTS_MAX,
                                value);
        d->local_restarts = (uint8_t) n;
        return 0;
}

static int parse_key(const char *key, const char *value, Definition *d, const DefinitionRefusal *x)
{
        bool choice = false;
        int r;

        if (streq(key, "Nodes"))
                return d->nodes ? refuse(x, "Nodes= stands here twice") : parse_nodes(value, d, x);
        if (streq(key, "PermittedNodes"))
                return d->permitted ? refuse(x, "PermittedNodes= stands here twice")
                                    : parse_permitted(value, d, x);
        if (streq(key, "FailoverDelaySec"))
                return parse_delay(key, value, &d->failover_delay_usec, x);
        if (streq(key, "TakeoverDelaySec"))
                return parse_time(key, value, &d->takeover_delay_usec, x);
        if (streq(key, "FailureTimeoutSec"))
                return parse_time(key, value, &d->failure_timeout_usec, x);
        if (streq(key, "Takeover"))
                return parse_choice(key, value, "manual", "automatic", &d->takeover_automatic, x);
        if (streq(key, "HandOver"))
                return parse_choice(key, value, "yes", "no", &d->awaits_leaver, x);
        if (streq(key, "Enabled"))
                return parse_choice(key, value, "no", "yes", &d->enabled, x);
        if (streq(key, "TakeoverMode")) {
                r = parse_choice(key, value, "stop-first", "start-first", &choice, x);
                d->takeover_mode = choice ? TAKEOVER_START_FIRST : TAKEOVER_STOP_FIRST;
                return r;
        }
        if (streq(key, "FailureAction")) {
                r = parse_choice(key, value, "failover", "stop", &choice, x);
                d->failure_action = choice ? FAILURE_STOP : FAILURE_FAILOVER;
                return r;
        }
        if (streq(key, "LocalRestarts"))
                return parse_restarts(value, d, x);
        if (streq(key, "Parts")) /* what they are is for the systemd of a real host; here they are what outlives a kill */
                return parse_choice(key, value, "none", "storage", &d->needs_end, x);
        if (streq(key, "Weight"))
                return parse_weight(value, d, x);
        if (streq(key, "Description") || streq(key, "ExecStart")) /* change nothing but the digest */
                return 0;
        return refuse(x, "'%s=' is no key of [Application]", key);
}

/* One key with the words that belong to it. */
static int parse_words(char *const *words, size_t n_words, Definition *d, const DefinitionRefusal *x)
{
        _cleanup_free_ char *text = strdup(words[0]);
        char *equals;

        for (size_t i = 1; text && i < n_words; i++) {
                char *longer;

                if (asprintf(&longer, "%s %s", text, words[i]) < 0)
                        return -ENOMEM;
                free(text);
                text = longer;
        }
        if (!text)
                return -ENOMEM;
        equals = strchr(text, '=');
        if (!equals)
                return refuse(x, "'%s' is no key: they are written as Nodes=abc", text);
        *equals = '\0';
        return parse_key(text, equals + 1, d, x);
}

int script_parse_definition(const char *name, char *const *words, size_t n_words, Definition *ret,
                char *ret_error, size_t size_bytes)
{
        const DefinitionRefusal x = { ret_error, size_bytes };
        Definition d = { .failover_delay_usec = DELAY_AUTO,
                .failure_timeout_usec = FAILURE_TIMEOUT_DEFAULT_USEC,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true };
        uint64_t digest = HASH64_INIT;
        int r = 0;

        if (!app_name_is_valid(name))
                return refuse(&x,
                                "'%s' is no name of an application: a-z, 0-9 and hyphens inside, 63 at most",
                                name);
        d.name = strdup(name);
        if (!d.name)
                return -ENOMEM;
        for (size_t i = 0, n; i < n_words && r == 0; i += n) {
                for (n = 1; i + n < n_words && !strchr(words[i + n], '='); n++)
                        ;
                r = parse_words(words + i, n, &d, &x);
        }
        for (size_t i = 0; i < n_words; i++)
                digest = hash64_add(digest, words[i], strlen(words[i]) + 1);
        if (r == 0 && d.n_nodes == 0)
                r = refuse(&x, "Nodes= is missing");
        if (r < 0) {
                definition_done(&d);
                return r;
        }
        d.digest = MAX(hash64_finish(digest), UINT64_C(1));
        *ret = d;
        return 0;
}
