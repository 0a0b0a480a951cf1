/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/corosync-conf.h"

#include <ctype.h>

#include "base/text.h"
#include "ctl/read-file.h"

/* corosync.conf(5) */
#define TOKEN_DEFAULT_MSEC 3000u
#define TOKEN_COEFFICIENT_DEFAULT_MSEC 650u
#define SECTIONS_MAX 8u
#define WORD_MAX 256u

typedef struct Parser {
        CorosyncConf *conf;
        char sections[SECTIONS_MAX][WORD_MAX];
        unsigned depth; /* of open sections; those beyond SECTIONS_MAX are only counted */
        uint64_t token_msec, coefficient_msec, consensus_msec; /* 0: not given */
        bool coefficient_given;
} Parser;

void corosync_conf_done(CorosyncConf *c)
{
        for (size_t i = 0; i < c->n_names; i++)
                free(c->names[i]);
        for (size_t i = 0; i < c->n_addresses; i++)
                free(c->addresses[i]);
        *c = (CorosyncConf){};
}

/* Are we in these sections, and in no deeper one? */
static bool is_in(const Parser *p, const char *outer, const char *inner)
{
        unsigned depth = inner ? 2 : 1;

        return p->depth == depth && streq(p->sections[0], outer) && (!inner || streq(p->sections[1], inner));
}

static bool is_yes(const char *value)
{
        return streq(value, "1") || streq(value, "yes");
}

static int take_value(Parser *p, const char *key, const char *value)
{
        CorosyncConf *c = p->conf;

        if (is_in(p, "nodelist", "node") && streq(key, "name") && c->n_names < NODES_MAX) {
                c->names[c->n_names] = strdup(value);
                if (!c->names[c->n_names])
                        return -ENOMEM;
                c->name_nodes[c->n_names++] = c->n_nodes;
        } else if (is_in(p, "nodelist", "node") && strncmp(key, "ring", 4) == 0 && endswith(key, "_addr") &&
                        c->n_addresses < CONF_ADDRESSES_MAX) {
                c->addresses[c->n_addresses] = strdup(value);
                if (!c->addresses[c->n_addresses])
                        return -ENOMEM;
                c->address_nodes[c->n_addresses++] = c->n_nodes;
        } else if (is_in(p, "totem", NULL)) {
                uint64_t number = strtoull(value, NULL, 10);

                if (streq(key, "token"))
                        p->token_msec = number;
                else if (streq(key, "consensus"))
                        p->consensus_msec = number;
                else if (streq(key, "token_coefficient")) {
                        p->coefficient_msec = number;
                        p->coefficient_given = true;
                }
        } else if (is_in(p, "quorum", NULL)) {
                if (streq(key, "provider"))
                        c->has_quorum_provider = true;
                else if (streq(key, "two_node"))
                        c->two_node = is_yes(value);
                else if (streq(key, "last_man_standing"))
                        c->last_man_standing = is_yes(value);
                else if (streq(key, "auto_tie_breaker"))
                        c->auto_tie_breaker = is_yes(value);
        } else if (is_in(p, "quorum", "device") && streq(key, "model"))
                c->has_device = true;
        return 0;
}

static void open_section(Parser *p, const char *name)
{
        if (p->depth < SECTIONS_MAX)
                snprintf(p->sections[p->depth], WORD_MAX, "%s", name);
        p->depth++;
        if (is_in(p, "nodelist", "node"))
                p->conf->n_nodes++;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
        size_t n;

        while (isspace((unsigned char) *text))
                text++;
        n = strlen(text);
        while (n > 0 && isspace((unsigned char) text[n - 1]))
                text[--n] = 0;
        return text;
}

static int take_line(Parser *p, char *line)
{
        char *colon, *brace;

        line = trim(line);
        if (*line == 0 || *line == '#')
                return 0;
        brace = strchr(line, '{');
        colon = strchr(line, ':');
        if (brace && (!colon || brace < colon)) {
                *brace = 0;
                open_section(p, trim(line));
                return 0;
        }
        if (*line == '}') {
                p->depth -= p->depth > 0;
                return 0;
        }
        if (!colon)
                return 0;
        *colon = 0;
        return take_value(p, trim(line), trim(colon + 1));
}

/* The token grows with the nodes of the nodelist, also one that was set; consensus is 1.2 tokens unless it is
 * set. */
static void set_timing(const Parser *p)
{
        CorosyncConf *c = p->conf;
        uint64_t token = p->token_msec > 0 ? p->token_msec : TOKEN_DEFAULT_MSEC;
        uint64_t coefficient = p->coefficient_given ? p->coefficient_msec : TOKEN_COEFFICIENT_DEFAULT_MSEC;

        if (c->n_nodes > 2)
                token += (c->n_nodes - 2) * coefficient;
        c->token_usec = token * USEC_PER_MSEC;
        c->consensus_usec = p->consensus_msec > 0 ? p->consensus_msec * USEC_PER_MSEC
                                                  : token * USEC_PER_MSEC * 12 / 10;
}

int corosync_conf_parse(const char *text, CorosyncConf *ret)
{
        CorosyncConf conf = {};
        Parser p = { .conf = &conf };
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *line;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                int r = take_line(&p, line);

                if (r < 0) {
                        corosync_conf_done(&conf);
                        return r;
                }
        }
        set_timing(&p);
        *ret = conf;
        return 0;
}

const char *corosync_conf_address_node(const CorosyncConf *c, size_t i)
{
        for (size_t k = 0; k < c->n_names; k++)
                if (c->name_nodes[k] == c->address_nodes[i])
                        return c->names[k];
        return "a node";
}

const char *corosync_conf_path(void)
{
        const char *path = getenv("COROSYNC_MAIN_CONFIG_FILE");

        return isempty(path) ? "/etc/corosync/corosync.conf" : path;
}

int corosync_conf_load(CorosyncConf *ret)
{
        _cleanup_free_ char *text = NULL;
        int r = read_file(corosync_conf_path(), &text, NULL);

        return r < 0 ? r : corosync_conf_parse(text, ret);
}
