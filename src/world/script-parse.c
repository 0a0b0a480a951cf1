/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a line to what it asks for. Nothing happens here: the same script is read in the same way whatever comes of it. */

#include <stdarg.h>

#include "base/array.h"
#include "base/parse.h"
#include "world/act.h"

int parse_refuse(Parse *p, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(p->error, p->error_size_bytes, format, ap);
        va_end(ap);
        return -EINVAL;
}

void act_done(Act *a)
{
        free(a->line);
        free(a->app);
        for (size_t i = 0; i < a->n_names; i++)
                free(a->names[i]);
        free(a->names);
        definition_done(&a->definition);
        command_done(&a->command);
        free(a->strange);
        free(a->warning);
        *a = (Act){};
}

/* ---- what is known ---- */

static void names_done(char **names, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(names[i]);
        free(names);
}

void scope_done(Scope *s)
{
        names_done(s->nodes, s->n_nodes);
        names_done(s->apps, s->n_apps);
        *s = (Scope){};
}

static int names_add(char ***names, size_t *n, size_t *n_allocated, const char *name)
{
        char *copy;

        if (array_reserve(names, n_allocated, *n + 1, sizeof(**names)) < 0)
                return -ENOMEM;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        (*names)[(*n)++] = copy;
        return 0;
}

int scope_add_node(Scope *s, const char *name)
{
        return names_add(&s->nodes, &s->n_nodes, &s->n_nodes_allocated, name);
}

uint32_t scope_find_node(const Scope *s, const char *name)
{
        for (size_t i = 0; i < s->n_nodes; i++)
                if (streq(s->nodes[i], name))
                        return (uint32_t) i + 1;
        return 0;
}

bool scope_has_app(const Scope *s, const char *name)
{
        for (size_t i = 0; i < s->n_apps; i++)
                if (streq(s->apps[i], name))
                        return true;
        return false;
}

int scope_add_app(Scope *s, const char *name)
{
        return scope_has_app(s, name) ? 0 : names_add(&s->apps, &s->n_apps, &s->n_apps_allocated, name);
}

char *scope_doubt(const Scope *s, const Definition *d)
{
        char *text = NULL;

        for (size_t i = 0; i < d->n_nodes; i++) {
                const char *name = d->nodes[i].name;

                if (scope_find_node(s, name) != 0)
                        continue;
                if (asprintf(&text, "Nodes= of %s names '%s', which is no node%s", d->name, name,
                                    strchr(name, ',') ? ": a space separates names" : "") < 0)
                        return NULL;
                return text;
        }
        return NULL;
}

/* ---- words ---- */

static int split(Parse *p, const char *line)
{
        while (*line) {
                size_t length = strcspn(line, " \t\r\n");

                if (*line == '#')
                        break;
                if (length > 0) {
                        if (p->n_words >= WORDS_MAX)
                                return parse_refuse(p, "the line is too long");
                        p->words[p->n_words] = strndup(line, length);
                        if (!p->words[p->n_words])
                                return -ENOMEM;
                        p->n_words++;
                }
                line += length + (line[length] != '\0');
        }
        return 0;
}

const char *parse_word(const Parse *p, size_t i)
{
        return i < p->n_words ? p->words[i] : "";
}

int parse_need_words(Parse *p, size_t n_min, size_t n_max)
{
        if (p->n_words < n_min)
                return parse_refuse(p, "'%s' needs more words", p->words[0]);
        if (p->n_words > n_max)
                return parse_refuse(p, "'%s' takes fewer words", p->words[0]);
        return 0;
}

int parse_set_text(char **text, const char *value)
{
        free(*text);
        *text = strdup(value);
        return *text ? 0 : -ENOMEM;
}

int parse_need_node(Parse *p, const char *name)
{
        uint32_t id = scope_find_node(p->scope, name);

        if (id == 0)
                return parse_refuse(p, "there is no node '%s'", name);
        if (p->act->n_nodes >= NODES_MAX)
                return parse_refuse(p, "the line is too long");
        p->act->nodes[p->act->n_nodes++] = id;
        return 0;
}

int parse_need_app(Parse *p, const char *name)
{
        if (!scope_has_app(p->scope, name))
                return parse_refuse(p, "there is no application '%s'", name);
        return parse_set_text(&p->act->app, name);
}

/* NODES from word `at` on, or `all`. */
int parse_need_nodes(Parse *p, size_t at, size_t end)
{
        int r = 0;

        if (at + 1 == end && streq(parse_word(p, at), "all")) {
                for (uint32_t i = 1; i <= p->scope->n_nodes; i++)
                        p->act->nodes[p->act->n_nodes++] = i;
                return 0;
        }
        for (size_t i = at; i < end && r == 0; i++)
                r = parse_need_node(p, p->words[i]);
        return r;
}

/* Words from `at` on, as one. */
char *parse_join(const Parse *p, size_t at, const char *between)
{
        char *text = strdup(parse_word(p, at));

        for (size_t i = at + 1; text && i < p->n_words; i++) {
                char *longer;

                if (asprintf(&longer, "%s%s%s", text, between, p->words[i]) < 0)
                        longer = NULL;
                free(text);
                text = longer;
        }
        return text;
}

int parse_need_time_of(Parse *p, const char *text, uint64_t *ret)
{
        return parse_usec(text, ret) < 0 ? parse_refuse(p, "'%s' is not a time", text) : 0;
}

/* The rest of the line is one: "1min 30s". */
int parse_need_time(Parse *p, size_t at, uint64_t *ret)
{
        _cleanup_free_ char *text = parse_join(p, at, " ");

        return text ? parse_need_time_of(p, text, ret) : -ENOMEM;
}

/* ---- what the world is like ---- */

static int take_names(Parse *p)
{
        Act *a = p->act;
        int r = parse_need_words(p, 2, WORDS_MAX);

        for (size_t i = 1; i < p->n_words && r == 0; i++) {
                if (a->kind == ACT_NODELIST && scope_find_node(p->scope, p->words[i]) != 0)
                        return parse_refuse(p, "the node '%s' is named twice", p->words[i]);
                if (a->kind == ACT_NODELIST && p->scope->n_nodes >= NODES_MAX)
                        return parse_refuse(p, "there are at most %u nodes", NODES_MAX);
                r = names_add(&a->names, &a->n_names, &a->n_names_allocated, p->words[i]);
                if (r == 0 && a->kind == ACT_NODELIST)
                        r = scope_add_node(p->scope, p->words[i]);
                if (r == 0 && a->kind != ACT_NODELIST && p->scope->n_nodes > 0 &&
                                scope_find_node(p->scope, p->words[i]) == 0)
                        return parse_refuse(p, "there is no node '%s'", p->words[i]);
        }
        return r;
}

static int parse_quorum(Parse *p)
{
        if (streq(parse_word(p, 1), "majority"))
                p->act->quorum = WORLD_QUORUM_MAJORITY;
        else if (streq(parse_word(p, 1), "device"))
                p->act->quorum = WORLD_QUORUM_DEVICE;
        else if (streq(parse_word(p, 1), "two-node"))
                p->act->quorum = WORLD_QUORUM_TWO_NODE;
        else
                return parse_refuse(p, "quorum is majority, device or two-node");
        return 0;
}

static int parse_policy(Parse *p)
{
        if (!streq(parse_word(p, 1), "stop") && !streq(parse_word(p, 1), "freeze"))
                return parse_refuse(p, "policy is stop or freeze");
        p->act->policy = streq(parse_word(p, 1), "stop") ? NO_QUORUM_STOP : NO_QUORUM_FREEZE;
        return 0;
}

static int parse_setting(Parse *p)
{
        int r = parse_need_words(p, 2, WORDS_MAX);

        return r < 0 ? r : parse_need_time(p, 1, &p->act->usec);
}

static int parse_description(Parse *p, int (*parse)(Parse *p))
{
        unsigned bit = 1u << p->act->kind;

        if (p->scope->described & bit)
                return parse_refuse(p, "'%s' was said already", p->words[0]);
        if (p->scope->happens)
                return parse_refuse(p, "'%s' comes before all that happens", p->words[0]);
        p->scope->described |= bit;
        return parse(p);
}

/* ---- files ---- */

static bool is_path(const char *name)
{
        size_t n = strlen(name);

        return strchr(name, '/') || (n > 4 && streq(name + n - 4, ".app"));
}

static int parse_file_at(Parse *p, size_t at)
{
        Definition *d = &p->act->definition;
        const char *name = p->words[at];
        int r;

        if (!is_path(name)) {
                r = parse_need_words(p, at + 2, WORDS_MAX);
                if (r == 0)
                        r = script_parse_definition(name, p->words + at + 1, p->n_words - at - 1, d, p->error,
                                        p->error_size_bytes);
        } else if (!p->scope->reader)
                return parse_refuse(p, "'%s' is a file, and none is read here", name);
        else {
                r = parse_need_words(p, at + 1, at + 1);
                if (r == 0)
                        r = p->scope->reader(p->scope->userdata, name, d, p->error, p->error_size_bytes);
        }
        if (r == 0)
                r = scope_add_app(p->scope, d->name);
        if (r == 0)
                p->act->warning = scope_doubt(p->scope, d);
        return r;
}

static int parse_file(Parse *p)
{
        bool all = streq(p->words[0], "app");
        int r = parse_need_words(p, all ? 2 : 3, WORDS_MAX);

        if (r < 0)
                return r;
        for (uint32_t i = 1; all && i <= p->scope->n_nodes; i++)
                p->act->nodes[p->act->n_nodes++] = i;
        if (!all)
                r = parse_need_node(p, p->words[1]);
        return r < 0 ? r : parse_file_at(p, all ? 1 : 2);
}

static int parse_drop(Parse *p)
{
        int r = parse_need_words(p, 3, 3);

        if (r == 0)
                r = parse_need_app(p, p->words[2]);
        return r < 0 ? r : parse_need_nodes(p, 1, 2);
}

/* version NODES N */
static int parse_version(Parse *p)
{
        uint32_t version;
        int r = parse_need_words(p, 3, WORDS_MAX);

        if (r < 0)
                return r;
        if (parse_u32(p->words[p->n_words - 1], &version) < 0 || version == 0 || version > UINT8_MAX)
                return parse_refuse(p, "'%s' is not a version", p->words[p->n_words - 1]);
        p->act->version = (uint8_t) version;
        return parse_need_nodes(p, 1, p->n_words - 1);
}

/* timing NODES TOKEN CONSENSUS */
static int parse_timing(Parse *p)
{
        uint64_t *times[] = { &p->act->usec, &p->act->stop_usec };
        int r = parse_need_words(p, 4, WORDS_MAX);

        for (size_t i = 0; i < ELEMENTSOF(times) && r == 0; i++) {
                const char *word = p->words[p->n_words - 2 + i];

                if (parse_usec(word, times[i]) < 0 || *times[i] == 0 || *times[i] == USEC_INFINITY)
                        r = parse_refuse(p, "'%s' is not a time", word);
        }
        return r < 0 ? r : parse_need_nodes(p, 1, p->n_words - 2);
}

/* ---- one line ---- */

static int parse_wait(Parse *p)
{
        int r = parse_need_words(p, 2, WORDS_MAX);

        if (r == 0)
                r = parse_need_time(p, 1, &p->act->usec);
        return r == 0 && p->act->usec == USEC_INFINITY ? parse_refuse(p, "no step waits that long") : r;
}

static const struct Verb {
        const char *name;
        ActKind kind;
        int (*parse)(Parse *p);
} verbs[] = {
        { "nodes", ACT_NODELIST, take_names },
        { "mandatory", ACT_MANDATORY, take_names },
        { "optional", ACT_OPTIONAL, take_names },
        { "quorum", ACT_QUORUM, parse_quorum },
        { "policy", ACT_POLICY, parse_policy },
        { "grace", ACT_GRACE, parse_setting },
        { "sync-timeout", ACT_SYNC_TIMEOUT, parse_setting },
        { "token", ACT_TOKEN, parse_setting },
        { "consensus", ACT_CONSENSUS, parse_setting },
        { "app", ACT_FILE, parse_file },
        { "file", ACT_FILE, parse_file },
        { "drop", ACT_DROP, parse_drop },
        { "parts", ACT_PARTS, parse_parts },
        { "version", ACT_VERSION, parse_version },
        { "timing", ACT_TIMING, parse_timing },
        { "cut", ACT_CUT, parse_cut },
        { "heal", ACT_HEAL, parse_nothing_more },
        { "disk", ACT_DISK, parse_fails },
        { "device", ACT_DEVICE, parse_fails },
        { "behave", ACT_BEHAVE, parse_behave },
        { "part", ACT_PART, parse_part },
        { "command", ACT_COMMAND, parse_command },
        { "stop-local", ACT_STOP_LOCAL, parse_stop_local },
        { "wait", ACT_WAIT, parse_wait },
        { "expect", ACT_EXPECT_RUNNING, parse_expect },
};

static int parse_words(Parse *p)
{
        const struct Verb *found = NULL;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, p->words[0]))
                        found = verbs + i;
        p->act->kind = found ? found->kind : ACT_NODES;
        if (found && found->kind < ACT_FILE)
                return parse_description(p, found->parse);
        if (p->scope->n_nodes == 0)
                return parse_refuse(p, "which nodes there are comes first");
        p->scope->happens = true;
        return found ? found->parse(p) : parse_happening(p);
}

int act_parse(Scope *scope, const char *line, Act *ret, char *ret_error, size_t size_bytes)
{
        Act act = { .line = strdup(line) };
        Parse p = { .scope = scope, .act = &act, .error = ret_error, .error_size_bytes = size_bytes };
        int r = act.line ? split(&p, line) : -ENOMEM;

        if (r == 0 && p.n_words > 0)
                r = parse_words(&p);
        for (size_t i = 0; i < p.n_words; i++)
                free(p.words[i]);
        if (r < 0) {
                act_done(&act);
                return r;
        }
        *ret = act;
        return 0;
}
