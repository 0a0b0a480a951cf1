/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said of an application in a script. The files of a real cluster are read elsewhere, with all their rules;
 * this reads just the keys that engines decide by. */

#include "base/array.h"
#include "base/hash.h"
#include "world/script.h"

int script_parse_time(const char *text, uint64_t *ret_usec)
{
        static const struct {
                const char *name;
                uint64_t usec;
        } units[] = {
                { "", USEC_PER_SEC },
                { "us", 1 },
                { "ms", USEC_PER_MSEC },
                { "s", USEC_PER_SEC },
                { "min", 60 * USEC_PER_SEC },
                { "h", 3600 * USEC_PER_SEC },
        };
        unsigned long long value;
        char *end;

        if (streq(text, "infinity")) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        if (text[0] < '0' || text[0] > '9')
                return -EINVAL;
        errno = 0;
        value = strtoull(text, &end, 10);
        if (errno != 0 || value > 1000000000)
                return -EINVAL;
        FOREACH_ARRAY(u, units, ELEMENTSOF(units))
                if (streq(end, u->name)) {
                        *ret_usec = value * u->usec;
                        return 0;
                }
        return -EINVAL;
}

static int add_node(Definition *d, size_t *n_allocated, const char *name, size_t length, uint32_t tier)
{
        char *copy;

        if (length == 0)
                return -EINVAL;
        if (ARRAY_GROW(d->nodes, d->n_nodes, *n_allocated) < 0)
                return -ENOMEM;
        copy = strndup(name, length);
        if (!copy)
                return -ENOMEM;
        d->nodes[d->n_nodes++] = (NodePriority){ .name = copy, .tier = tier };
        return 0;
}

/* "abc {bcd def}" */
static int parse_nodes(const char *value, Definition *d)
{
        size_t n_allocated = 0;
        uint32_t tier = 0;
        bool open = false;

        for (const char *p = value; *p;) {
                size_t length = strcspn(p, " {}");

                if (*p == ' ') {
                        p++;
                } else if (*p == '{' || *p == '}') {
                        if (open == (*p == '{'))
                                return -EINVAL;
                        open = !open;
                        if (!open)
                                tier++;
                        p++;
                } else {
                        int r = add_node(d, &n_allocated, p, length, tier);

                        if (r < 0)
                                return r;
                        if (!open)
                                tier++;
                        p += length;
                }
        }
        return open ? -EINVAL : 0;
}

static int parse_permitted(const char *value, Definition *d)
{
        size_t n_allocated = 0;

        while (*value) {
                size_t length = strcspn(value, " ");

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

static int parse_choice(const char *value, const char *no, const char *yes, bool *ret)
{
        if (!streq(value, no) && !streq(value, yes))
                return -EINVAL;
        *ret = streq(value, yes);
        return 0;
}

static int parse_key(const char *key, const char *value, Definition *d)
{
        bool choice;
        uint64_t weight;
        int r;

        if (streq(key, "Nodes"))
                return d->nodes ? -EINVAL : parse_nodes(value, d);
        if (streq(key, "PermittedNodes"))
                return d->permitted ? -EINVAL : parse_permitted(value, d);
        if (streq(key, "FailoverDelaySec"))
                return script_parse_time(value, &d->failover_delay_usec);
        if (streq(key, "TakeoverDelaySec"))
                return script_parse_time(value, &d->takeover_delay_usec);
        if (streq(key, "FailureTimeoutSec"))
                return script_parse_time(value, &d->failure_timeout_usec);
        if (streq(key, "Takeover"))
                return parse_choice(value, "manual", "automatic", &d->takeover_automatic);
        if (streq(key, "Enabled"))
                return parse_choice(value, "no", "yes", &d->enabled);
        if (streq(key, "TakeoverMode")) {
                r = parse_choice(value, "stop-first", "start-first", &choice);
                if (r == 0)
                        d->takeover_mode = choice ? TAKEOVER_START_FIRST : TAKEOVER_STOP_FIRST;
                return r;
        }
        if (streq(key, "FailureAction")) {
                r = parse_choice(value, "failover", "stop", &choice);
                if (r == 0)
                        d->failure_action = choice ? FAILURE_STOP : FAILURE_FAILOVER;
                return r;
        }
        if (streq(key, "Weight")) {
                r = script_parse_time(value, &weight);
                if (r == 0 && (weight < USEC_PER_SEC || weight / USEC_PER_SEC > 10000))
                        r = -EINVAL;
                if (r == 0)
                        d->weight = (uint32_t) (weight / USEC_PER_SEC);
                return r;
        }
        if (streq(key, "ExecStart")) /* changes nothing but the digest */
                return 0;
        return -EINVAL;
}

/* One key with the words that belong to it. */
static int parse_words(char *const *words, size_t n_words, Definition *d)
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
                return -EINVAL;
        *equals = '\0';
        return parse_key(text, equals + 1, d);
}

int script_parse_definition(const char *name, char *const *words, size_t n_words, Definition *ret,
                char *ret_error, size_t size_bytes)
{
        Definition d = { .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true };
        uint64_t digest = HASH64_INIT;
        int r = app_name_is_valid(name) ? 0 : -EINVAL;

        d.name = strdup(name);
        if (!d.name)
                return -ENOMEM;
        for (size_t i = 0, n; i < n_words && r == 0; i += n) {
                for (n = 1; i + n < n_words && !strchr(words[i + n], '='); n++)
                        ;
                r = parse_words(words + i, n, &d);
                if (r == -EINVAL)
                        (void) snprintf(ret_error, size_bytes, "'%s' cannot be understood", words[i]);
        }
        for (size_t i = 0; i < n_words; i++)
                digest = hash64_add(digest, words[i], strlen(words[i]) + 1);
        if (r == 0 && d.n_nodes == 0) {
                (void) snprintf(ret_error, size_bytes, "Nodes= is missing");
                r = -EINVAL;
        }
        if (r < 0) {
                definition_done(&d);
                return r;
        }
        d.digest = MAX(hash64_finish(digest), UINT64_C(1));
        *ret = d;
        return 0;
}
