/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Application]. */

#include "base/parse.h"
#include "config/application-keys.h"
#include "config/words.h"

void app_definition_init(Definition *d)
{
        d->failover_delay_usec = DELAY_AUTO;
        d->takeover_delay_usec = 0;
        d->failure_timeout_usec = FAILURE_TIMEOUT_DEFAULT_USEC;
        d->weight = 1;
        d->takeover_mode = TAKEOVER_STOP_FIRST;
        d->failure_action = FAILURE_FAILOVER;
        d->takeover_automatic = true;
        d->enabled = true;
}

static int parse_description(AppParse *a, ParseState *p, const char *value)
{
        char *copy = NULL;
        if (strlen(value) > TEXT_MAX)
                return parse_error(p, "%zu bytes are too long, expected at most %u", strlen(value), TEXT_MAX);
        if (*value && !(copy = strdup(value)))
                return -ENOMEM;
        free(a->definition.description);
        a->definition.description = copy;
        return 0;
}

static void reset_nodes(AppParse *a)
{
        for (size_t i = 0; i < a->definition.n_nodes; i++)
                free(a->definition.nodes[i].name);
        free(a->definition.nodes);
        a->definition.nodes = NULL;
        a->definition.n_nodes = 0;
        a->next_tier = 0;
}

static int add_node(AppParse *a, ParseState *p, const char *name, uint32_t tier)
{
        Definition *d = &a->definition;

        if (!node_name_is_valid(name))
                return parse_error(p, "\"%s\" is not valid, expected " NODE_NAME_EXPECTED, name);
        if (definition_find_node(d, name) >= 0)
                return parse_error(p, "\"%s\" is named twice", name);
        if (d->n_nodes >= NODES_MAX)
                return parse_error(p, "too many nodes, expected at most %u", NODES_MAX);
        char *copy = strdup(name);
        NodePriority *grown = copy ? realloc(d->nodes, (d->n_nodes + 1) * sizeof(NodePriority)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        d->nodes = grown;
        grown[d->n_nodes++] = (NodePriority){ .name = copy, .tier = tier };
        return 0;
}

/* "{" and "}" are words of their own wherever they stand; all else goes up to white space or a brace. */
static char *take_token(const char **s)
{
        *s += strspn(*s, " \t");
        size_t n = strchr("{}", **s) && **s ? 1 : strcspn(*s, " \t{}");
        if (n == 0)
                return NULL;
        const char *token = *s;
        *s += n;
        return strndup(token, n);
}

/* A tier is closed in the assignment that opens it. Returns the first error, after telling all. */
static int parse_nodes(AppParse *a, ParseState *p, const char *value)
{
        bool open = false;
        size_t in_tier = 0;
        int result = 0;

        a->nodes = (ParsePlace){ p->file, p->line };
        if (!*value) {
                reset_nodes(a);
                return 0;
        }
        while (*(value += strspn(value, " \t"))) {
                _cleanup_free_ char *token = take_token(&value);
                int r = 0;
                if (!token)
                        return -ENOMEM;
                if (streq(token, "{")) {
                        if (open)
                                return parse_error(p, "\"{\" inside of a tier, expected \"}\" before the "
                                                      "next tier");
                        open = true;
                        in_tier = 0;
                } else if (streq(token, "}")) {
                        if (!open)
                                return parse_error(p, "\"}\" without a \"{\" before it, expected a tier like "
                                                      "\"{a b}\"");
                        if (in_tier == 0)
                                r = parse_error(p, "an empty tier \"{}\", expected at least one node in it");
                        open = false;
                        a->next_tier++;
                } else {
                        r = add_node(a, p, token, a->next_tier);
                        in_tier++;
                        if (!open)
                                a->next_tier++;
                }
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        if (open)
                return parse_error(p, "a tier that is not closed, expected \"}\" at its end");
        return result;
}

static int parse_permitted(AppParse *a, ParseState *p, const char *value)
{
        Definition *d = &a->definition;

        a->permitted = (ParsePlace){ p->file, p->line };
        if (!*value) {
                d->permitted = names_free(d->permitted, d->n_permitted);
                d->n_permitted = 0;
                return 0;
        }
        return parse_name_list(
                        p, value, node_name_is_valid, NODE_NAME_EXPECTED, &d->permitted, &d->n_permitted);
}

static int parse_failover_delay(AppParse *a, ParseState *p, const char *value)
{
        uint64_t *delay = &a->definition.failover_delay_usec;

        if (!*value || streq(value, "auto"))
                *delay = DELAY_AUTO;
        else if (parse_usec(value, delay) < 0)
                return parse_error(p,
                                "\"%s\" is not valid, expected \"auto\", or a time span like \"5s\" or \"1min "
                                "30s\", or \"infinity\"",
                                value);
        return 0;
}

static int parse_takeover(AppParse *a, ParseState *p, const char *value)
{
        static const char *const words[] = { "automatic", "manual" };
        unsigned word = 0;
        int r = *value ? parse_choice(p, value, words, ELEMENTSOF(words), &word) : 0;
        if (r >= 0)
                a->definition.takeover_automatic = word == 0;
        return r;
}

static int parse_takeover_delay(AppParse *a, ParseState *p, const char *value)
{
        if (streq(value, "infinity"))
                return parse_error(p, "\"infinity\" is not valid, expected a time span, or Takeover=manual "
                                      "for never");
        return parse_span(p, *value ? value : "0", SPAN_NOT_INFINITE, &a->definition.takeover_delay_usec);
}

static int parse_takeover_mode(AppParse *a, ParseState *p, const char *value)
{
        static const char *const words[] = {
                [TAKEOVER_STOP_FIRST] = "stop-first", [TAKEOVER_START_FIRST] = "start-first"
        };
        unsigned word = TAKEOVER_STOP_FIRST;
        a->takeover_mode = (ParsePlace){ p->file, p->line };
        int r = *value ? parse_choice(p, value, words, ELEMENTSOF(words), &word) : 0;
        if (r >= 0)
                a->definition.takeover_mode = (TakeoverMode) word;
        return r;
}

static int parse_failure_action(AppParse *a, ParseState *p, const char *value)
{
        static const char *const words[] = { [FAILURE_FAILOVER] = "failover", [FAILURE_STOP] = "stop" };
        unsigned word = FAILURE_FAILOVER;
        int r = *value ? parse_choice(p, value, words, ELEMENTSOF(words), &word) : 0;
        if (r >= 0)
                a->definition.failure_action = (FailureAction) word;
        return r;
}

static int parse_failure_timeout(AppParse *a, ParseState *p, const char *value)
{
        if (*value)
                return parse_span(p, value, SPAN_NOT_ZERO | SPAN_NOT_INFINITE,
                                &a->definition.failure_timeout_usec);
        a->definition.failure_timeout_usec = FAILURE_TIMEOUT_DEFAULT_USEC;
        return 0;
}

static int parse_local_restarts(AppParse *a, ParseState *p, const char *value)
{
        uint32_t n = 0;
        if (*value && (parse_u32(value, &n) < 0 || n > LOCAL_RESTARTS_MAX))
                return parse_error(p, "\"%s\" is not valid, expected a number from 0 to %u", value,
                                LOCAL_RESTARTS_MAX);
        a->definition.local_restarts = (uint8_t) n;
        return 0;
}

static int parse_hand_over(AppParse *a, ParseState *p, const char *value)
{
        bool b = true;
        if (*value && parse_boolean(value, &b) < 0)
                return parse_error(p, "\"%s\" is not valid, expected yes or no", value);
        a->definition.awaits_leaver = !b;
        return 0;
}

static int parse_enabled(AppParse *a, ParseState *p, const char *value)
{
        bool b = true;
        if (*value && parse_boolean(value, &b) < 0)
                return parse_error(p, "\"%s\" is not valid, expected yes or no", value);
        a->definition.enabled = b;
        return 0;
}

static int parse_weight(AppParse *a, ParseState *p, const char *value)
{
        uint32_t weight = 1;
        if (*value && (parse_u32(value, &weight) < 0 || weight < 1 || weight > 10000))
                return parse_error(p, "\"%s\" is not valid, expected a number from 1 to 10000", value);
        a->definition.weight = weight;
        return 0;
}

static const struct {
        const char *key;
        int (*parse)(AppParse *a, ParseState *p, const char *value);
} app_keys[] = {
        { "Description", parse_description },
        { "Nodes", parse_nodes },
        { "PermittedNodes", parse_permitted },
        { "FailoverDelaySec", parse_failover_delay },
        { "Takeover", parse_takeover },
        { "TakeoverDelaySec", parse_takeover_delay },
        { "TakeoverMode", parse_takeover_mode },
        { "HandOver", parse_hand_over },
        { "Enabled", parse_enabled },
        { "FailureAction", parse_failure_action },
        { "FailureTimeoutSec", parse_failure_timeout },
        { "LocalRestarts", parse_local_restarts },
        { "Weight", parse_weight },
};

const char *app_key_name(size_t i)
{
        return i < ELEMENTSOF(app_keys) ? app_keys[i].key : NULL;
}

int app_key_parse(AppParse *a, ParseState *p, const char *key, const char *value)
{
        for (size_t i = 0; i < ELEMENTSOF(app_keys); i++)
                if (streq(app_keys[i].key, key))
                        return app_keys[i].parse(a, p, value);
        return -ENOENT;
}
