/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "base/array.h"
#include "world/script.h"

#define WORDS_MAX 128u

typedef struct Asked {
        uint64_t token;
        size_t line;
} Asked;

struct Script {
        FILE *trace;
        World *world;
        bool own_world;
        bool checks;       /* reads the lines, and carries out none of them */
        char strange[128]; /* what the last command names and nobody knows; "": nothing */
        char **apps;       /* of which files were spoken of */
        size_t n_apps, n_apps_allocated;
        Asked *unexpected; /* commands of which no answer is expected */
        size_t n_unexpected, n_unexpected_allocated;
        WorldConfig config;
        char **names[3]; /* nodelist, mandatory, optional */
        size_t n_names[3];
        uint64_t token; /* of the last command */
        size_t n_lines; /* so far */
        char *words[WORDS_MAX];
        size_t n_words;
        char *error;
        size_t error_size_bytes;
};

enum { NODELIST, MANDATORY, OPTIONAL };

_printf_(3, 4) static int refuse(Script *s, int r, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(s->error, s->error_size_bytes, format, ap);
        va_end(ap);
        return r;
}

int script_new(FILE *trace, Script **ret)
{
        Script *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->trace = trace;
        s->own_world = true;
        *ret = s;
        return 0;
}

int script_new_for(World *w, Script **ret)
{
        int r = script_new(NULL, ret);

        if (r < 0)
                return r;
        (*ret)->own_world = false;
        (*ret)->world = w;
        return 0;
}

static void words_done(Script *s)
{
        for (size_t i = 0; i < s->n_words; i++)
                free(s->words[i]);
        s->n_words = 0;
}

Script *script_free(Script *s)
{
        if (!s)
                return NULL;
        if (s->own_world)
                world_free(s->world);
        words_done(s);
        for (size_t i = 0; i < s->n_apps; i++)
                free(s->apps[i]);
        free(s->apps);
        free(s->unexpected);
        for (size_t k = 0; k < ELEMENTSOF(s->names); k++) {
                for (size_t i = 0; i < s->n_names[k]; i++)
                        free(s->names[k][i]);
                free(s->names[k]);
        }
        free(s);
        return NULL;
}

World *script_world(Script *s)
{
        return s->world;
}

/* ---- words ---- */

static const char *word(const Script *s, size_t i)
{
        return i < s->n_words ? s->words[i] : "";
}

static int need_words(Script *s, size_t n_min, size_t n_max)
{
        if (s->n_words < n_min)
                return refuse(s, -EINVAL, "'%s' needs more words", s->words[0]);
        if (s->n_words > n_max)
                return refuse(s, -EINVAL, "'%s' takes fewer words", s->words[0]);
        return 0;
}

static int split(Script *s, const char *line)
{
        while (*line) {
                size_t length = strcspn(line, " \t\n");

                if (*line == '#')
                        break;
                if (length > 0) {
                        if (s->n_words >= WORDS_MAX)
                                return refuse(s, -EINVAL, "the line is too long");
                        s->words[s->n_words] = strndup(line, length);
                        if (!s->words[s->n_words])
                                return -ENOMEM;
                        s->n_words++;
                }
                line += length + (line[length] != '\0');
        }
        return 0;
}

static int need_node(Script *s, const char *name, uint32_t *ret)
{
        uint32_t id = world_find_node(s->world, name);

        if (id == 0)
                return refuse(s, -EINVAL, "there is no node '%s'", name);
        *ret = id;
        return 0;
}

/* A file of it was spoken of, or the given cluster has it. */
static bool app_is_known(const Script *s, const char *name)
{
        for (size_t i = 0; i < s->n_apps; i++)
                if (streq(s->apps[i], name))
                        return true;
        for (uint32_t i = 1; i <= world_n_nodes(s->world); i++) {
                const Engine *e = world_engine(s->world, i);

                if (e && state_find_app(engine_state(e), name))
                        return true;
        }
        return false;
}

static int need_app(Script *s, const char *name)
{
        return app_is_known(s, name) ? 0 : refuse(s, -EINVAL, "there is no application '%s'", name);
}

static int note_app(Script *s, const char *name)
{
        if (app_is_known(s, name))
                return 0;
        if (ARRAY_GROW(s->apps, s->n_apps, s->n_apps_allocated) < 0)
                return -ENOMEM;
        s->apps[s->n_apps] = strdup(name);
        return s->apps[s->n_apps++] ? 0 : -ENOMEM;
}

static int need_time(Script *s, const char *text, uint64_t *ret)
{
        return script_parse_time(text, ret) < 0 ? refuse(s, -EINVAL, "'%s' is not a time", text) : 0;
}

/* ---- what the world is like ---- */

static int set_names(Script *s, size_t which)
{
        size_t n_allocated = 0;

        if (s->n_names[which] > 0)
                return refuse(s, -EINVAL, "'%s' was said already", s->words[0]);
        for (size_t i = 1; i < s->n_words; i++) {
                if (ARRAY_GROW(s->names[which], s->n_names[which], n_allocated) < 0)
                        return -ENOMEM;
                s->names[which][s->n_names[which]++] = TAKE_PTR(s->words[i]);
        }
        return 0;
}

static int do_quorum(Script *s)
{
        if (streq(word(s, 1), "majority"))
                s->config.quorum = WORLD_QUORUM_MAJORITY;
        else if (streq(word(s, 1), "device"))
                s->config.quorum = WORLD_QUORUM_DEVICE;
        else if (streq(word(s, 1), "two-node"))
                s->config.quorum = WORLD_QUORUM_TWO_NODE;
        else
                return refuse(s, -EINVAL, "quorum is majority, device or two-node");
        return 0;
}

static int do_policy(Script *s)
{
        if (!streq(word(s, 1), "stop") && !streq(word(s, 1), "freeze"))
                return refuse(s, -EINVAL, "policy is stop or freeze");
        s->config.policy = streq(word(s, 1), "stop") ? NO_QUORUM_STOP : NO_QUORUM_FREEZE;
        return 0;
}

/* 1: done; 0: not such a command. */
static int configure(Script *s)
{
        int r;

        if (streq(s->words[0], "nodes"))
                r = set_names(s, NODELIST);
        else if (streq(s->words[0], "mandatory"))
                r = set_names(s, MANDATORY);
        else if (streq(s->words[0], "optional"))
                r = set_names(s, OPTIONAL);
        else if (streq(s->words[0], "quorum"))
                r = do_quorum(s);
        else if (streq(s->words[0], "policy"))
                r = do_policy(s);
        else if (streq(s->words[0], "grace"))
                r = need_time(s, word(s, 1), &s->config.grace_usec);
        else if (streq(s->words[0], "sync-timeout"))
                r = need_time(s, word(s, 1), &s->config.sync_timeout_usec);
        else
                return 0;
        if (r == 0 && s->world)
                r = refuse(s, -EINVAL, "'%s' comes before all that happens",
                                s->words[0] ? s->words[0] : "this");
        return r < 0 ? r : 1;
}

static int need_world(Script *s)
{
        WorldConfig *c = &s->config;

        if (s->world)
                return 0;
        if (s->n_names[NODELIST] == 0)
                return refuse(s, -EINVAL, "which nodes there are comes first");
        c->nodes = (const char *const *) s->names[NODELIST];
        c->n_nodes = s->n_names[NODELIST];
        c->sync_mandatory = (const char *const *) s->names[MANDATORY];
        c->n_sync_mandatory = s->n_names[MANDATORY];
        c->sync_optional = (const char *const *) s->names[OPTIONAL];
        c->n_sync_optional = s->n_names[OPTIONAL];
        c->trace = s->trace;
        return world_new(c, &s->world);
}

/* ---- files ---- */

static int do_file(Script *s, bool all)
{
        size_t at = all ? 1 : 2;
        Definition d;
        uint32_t node = 0;
        int r = need_words(s, at + 2, WORDS_MAX);

        if (r < 0)
                return r;
        if (!all) {
                r = need_node(s, s->words[1], &node);
                if (r < 0)
                        return r;
        }
        r = script_parse_definition(s->words[at], s->words + at + 1, s->n_words - at - 1, &d, s->error,
                        s->error_size_bytes);
        if (r < 0)
                return r;
        r = note_app(s, s->words[at]);
        for (uint32_t i = 1; i <= world_n_nodes(s->world) && r == 0 && !s->checks; i++)
                if (all || i == node)
                        r = world_set_definition(s->world, i, &d);
        definition_done(&d);
        return r;
}

/* version NODES N */
static int do_version(Script *s)
{
        uint32_t node = 0;
        int r = need_words(s, 3, WORDS_MAX);
        unsigned long version;
        char *end;

        if (r < 0)
                return r;
        version = strtoul(s->words[s->n_words - 1], &end, 10);
        if (version == 0 || version > UINT8_MAX || *end != '\0')
                return refuse(s, -EINVAL, "'%s' is not a version", s->words[s->n_words - 1]);
        for (size_t i = 1; i + 1 < s->n_words; i++) {
                r = need_node(s, s->words[i], &node);
                if (r < 0)
                        return r;
                if (!s->checks)
                        world_set_version(s->world, node, (uint8_t) version);
        }
        return 0;
}

/* ---- what happens to nodes ---- */

static void manager_kill(World *w, uint32_t node)
{
        world_manager_kill(w, node, true);
}

static void manager_kill_for_good(World *w, uint32_t node)
{
        world_manager_kill(w, node, false);
}

static void freeze(World *w, uint32_t node)
{
        world_corosync_freeze(w, node, true);
}

static void thaw(World *w, uint32_t node)
{
        world_corosync_freeze(w, node, false);
}

static const struct {
        const char *name;
        void (*func)(World *w, uint32_t node);
} node_verbs[] = {
        { "up", world_node_up },
        { "start", world_node_up },
        { "down", world_node_down },
        { "shutdown", world_node_shutdown },
        { "kill", manager_kill },
        { "kill-for-good", manager_kill_for_good },
        { "manager-stop", world_manager_stop },
        { "manager-start", world_manager_start },
        { "manager-restart", world_manager_restart },
        { "freeze", freeze },
        { "thaw", thaw },
        { "evict", world_evict },
        { "guard-away", world_guard_away },
        { "guard-back", world_guard_back },
        { "cut-sending", world_cut_sending },
        { "wipe", world_wipe_disk },
        { "reload", world_reload },
};

static const struct {
        const char *name;
        void (*func)(World *w, uint32_t node, uint64_t usec);
} node_time_verbs[] = {
        { "suspend", world_node_suspend },
        { "hang", world_manager_hang },
        { "late", world_systemd_late },
        { "corosync-kill", world_corosync_kill },
};

static int for_nodes(Script *s, void (*func)(World *w, uint32_t node))
{
        uint32_t nodes[WORDS_MAX] = {};
        int r = need_words(s, 2, WORDS_MAX);

        if (r < 0)
                return r;
        if (s->n_words == 2 && streq(s->words[1], "all")) {
                for (uint32_t i = 1; i <= world_n_nodes(s->world) && !s->checks; i++)
                        func(s->world, i);
                return 0;
        }
        for (size_t i = 1; i < s->n_words; i++) {
                r = need_node(s, s->words[i], nodes + i);
                if (r < 0)
                        return r;
        }
        for (size_t i = 1; i < s->n_words && !s->checks; i++)
                func(s->world, nodes[i]);
        return 0;
}

static int node_and_time(Script *s, void (*func)(World *w, uint32_t node, uint64_t usec))
{
        uint64_t usec = 0;
        uint32_t node = 0;
        int r = need_words(s, 3, 3);

        if (r == 0)
                r = need_node(s, s->words[1], &node);
        if (r == 0)
                r = need_time(s, s->words[2], &usec);
        if (r < 0)
                return r;
        if (!s->checks)
                func(s->world, node, usec);
        return 0;
}

/* "a,b|c": nodes that are not named are alone together. */
static int do_cut(Script *s)
{
        unsigned part[NODES_MAX] = {}, number = 1;
        char *p = s->n_words == 2 ? s->words[1] : NULL;

        if (!p)
                return refuse(s, -EINVAL, "'cut' needs its parts: a,b|c");
        while (*p) {
                size_t length = strcspn(p, ",|");
                char end = p[length];
                uint32_t node = 0;
                int r;

                p[length] = '\0';
                r = need_node(s, p, &node);
                if (r < 0)
                        return r;
                part[node - 1] = number;
                number += end == '|';
                p += length + (end != '\0');
        }
        if (!s->checks)
                world_partition(s->world, part);
        return 0;
}

static int do_fails(Script *s)
{
        bool disk = streq(s->words[0], "disk");
        const char *how = word(s, disk ? 2 : 1);
        uint32_t node = 0;
        int r = need_words(s, disk ? 3 : 2, disk ? 3 : 2);

        if (r == 0 && disk)
                r = need_node(s, s->words[1], &node);
        if (r < 0)
                return r;
        if (!streq(how, "fails") && !streq(how, "works"))
                return refuse(s, -EINVAL, "'%s' is fails or works", s->words[0]);
        if (s->checks)
                return 0;
        if (disk)
                world_disk_fail(s->world, node, streq(how, "fails"));
        else
                world_device_fail(s->world, streq(how, "fails"));
        return 0;
}

/* ---- what happens to workers ---- */

static int for_copies(Script *s, void (*func)(World *w, uint32_t node, const char *app))
{
        uint32_t nodes[NODES_MAX];
        size_t n;
        int r = need_words(s, 2, 2);

        if (r == 0)
                r = need_app(s, s->words[1]);
        if (r < 0 || s->checks)
                return r;
        n = world_running(s->world, s->words[1], nodes, ELEMENTSOF(nodes));
        if (n == 0)
                return refuse(s, -EDOM, "%s runs nowhere", s->words[1]);
        for (size_t i = 0; i < n; i++)
                func(s->world, nodes[i], s->words[1]);
        return 0;
}

static int do_behave(Script *s)
{
        static const char *const names[] = { "well", "start-fails", "start-finishes", "start-refused",
                "stuck", "crashes" };
        static const WorldUnitFault faults[] = { WORLD_UNIT_WELL, WORLD_UNIT_START_FAILS,
                WORLD_UNIT_START_FINISHES, WORLD_UNIT_START_REFUSED, WORLD_UNIT_STOP_STUCK,
                WORLD_UNIT_CRASHES };
        uint64_t start = 0, stop = 0;
        uint32_t node = 0;
        int r = need_words(s, 4, 6);

        if (r == 0)
                r = need_node(s, s->words[1], &node);
        if (r == 0)
                r = need_app(s, s->words[2]);
        if (r == 0 && s->n_words > 4)
                r = need_time(s, s->words[4], &start);
        if (r == 0 && s->n_words > 5)
                r = need_time(s, s->words[5], &stop);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], s->words[3])) {
                        if (s->checks)
                                return 0;
                        world_unit_behave(s->world, node, s->words[2], faults[i], start, stop);
                        return 0;
                }
        return refuse(s, -EINVAL, "'%s' is not a way to behave", s->words[3]);
}

/* ---- commands ---- */

static int refuse_strange(Script *s)
{
        return s->strange[0] ? refuse(s, -EINVAL, "%s, and no refusal is expected", s->strange) : 0;
}

/* Names that nobody knows are for a manager to refuse; whoever means them expects it. */
static void note_strange(Script *s, const Command *c)
{
        if (*c->app && !app_is_known(s, c->app))
                (void) snprintf(s->strange, sizeof(s->strange), "there is no application '%.80s'", c->app);
        else if (*c->node && world_find_node(s->world, c->node) == 0)
                (void) snprintf(s->strange, sizeof(s->strange), "there is no node '%.80s'", c->node);
}

static int send_command(Script *s, uint32_t node, const Command *c)
{
        int r;

        if (s->checks) {
                r = refuse_strange(s);
                if (r == 0)
                        note_strange(s, c);
                return r;
        }
        r = world_command(s->world, node, c, &s->token);
        if (r == -ENOTCONN)
                return refuse(s, -EDOM, "no manager runs on %s", s->words[1]);
        if (r < 0)
                return r;
        if (ARRAY_GROW(s->unexpected, s->n_unexpected, s->n_unexpected_allocated) < 0)
                return -ENOMEM;
        s->unexpected[s->n_unexpected++] = (Asked){ s->token, s->n_lines - 1 };
        return 0;
}

static int do_command(Script *s)
{
        static const struct {
                const char *name;
                CommandKind kind;
                int app, node; /* which words these are */
                bool flag;
                size_t n_min, n_max;
        } verbs[] = {
                { "start", COMMAND_START, 3, 0, false, 4, 4 },
                { "stop", COMMAND_STOP, 3, 0, false, 4, 4 },
                { "restart", COMMAND_RESTART, 3, 0, false, 4, 4 },
                { "takeover", COMMAND_TAKEOVER, 3, 4, false, 4, 5 },
                { "permit", COMMAND_PERMIT, 3, 4, true, 5, 5 },
                { "forbid", COMMAND_PERMIT, 3, 4, false, 5, 5 },
                { "standby", COMMAND_STANDBY, 0, 3, true, 4, 4 },
                { "unstandby", COMMAND_STANDBY, 0, 3, false, 4, 4 },
                { "maintenance", COMMAND_MAINTENANCE, 3, 0, true, 5, 5 },
                { "clear", COMMAND_CLEAR, 3, 4, false, 3, 5 },
                { "reload", COMMAND_RELOAD, 0, 0, false, 3, 3 },
                { "form", COMMAND_FORM, 0, 0, false, 3, 3 },
        };
        Command c = {};
        uint32_t node = 0;
        int r = need_words(s, 3, WORDS_MAX);

        if (r == 0)
                r = need_node(s, s->words[1], &node);
        if (r < 0)
                return r;
        if (streq(s->words[s->n_words - 1], "--force")) {
                c.force = true;
                free(s->words[--s->n_words]);
        }
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs)) {
                if (!streq(v->name, word(s, 2)))
                        continue;
                r = need_words(s, v->n_min, v->n_max);
                if (r < 0)
                        return r;
                if (v->kind == COMMAND_MAINTENANCE && !streq(word(s, 4), "on") && !streq(word(s, 4), "off"))
                        return refuse(s, -EINVAL, "maintenance is on or off");
                c.kind = v->kind;
                c.flag = v->kind == COMMAND_MAINTENANCE ? streq(word(s, 4), "on") : v->flag;
                c.app = (char *) (v->app && !streq(word(s, 3), "--all") ? word(s, 3) : "");
                c.node = (char *) (v->node ? word(s, (size_t) v->node) : "");
                return send_command(s, node, &c);
        }
        return refuse(s, -EINVAL, "there is no command '%s'", word(s, 2));
}

static int do_stop_local(Script *s)
{
        uint32_t node = 0;
        int r = need_words(s, 3, 3);

        if (r == 0)
                r = need_node(s, s->words[1], &node);
        if (r == 0)
                r = need_app(s, s->words[2]);
        if (r < 0 || s->checks)
                return r;
        r = world_stop_local(s->world, node, s->words[2]);
        return r == -ENOTCONN ? refuse(s, -EDOM, "no manager runs on %s", s->words[1]) : r;
}

/* ---- what must be so ---- */

static bool is_start_type(const char *text)
{
        for (StartType t = START_NORMAL; t < _START_TYPE_MAX; t++)
                if (streq(start_type_to_string(t), text))
                        return true;
        return false;
}

/* Nodes, and how the worker was started at the end, perhaps. */
static int check_running(Script *s)
{
        uint32_t node;
        size_t n = s->n_words;

        if (n > 3 && is_start_type(s->words[n - 1]))
                n--;
        if (n == 3)
                return refuse(s, -EINVAL, "which node it runs on is missing");
        for (size_t i = 3; i < n; i++) {
                int r = need_node(s, s->words[i], &node);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int expect_running(Script *s)
{
        uint32_t nodes[NODES_MAX];
        size_t n = world_running(s->world, s->words[1], nodes, ELEMENTSOF(nodes)), n_named = 0;
        char text[512] = "";

        for (size_t i = 0, at = 0; i < n && at < sizeof(text); i++)
                at += (size_t) snprintf(text + at, sizeof(text) - at, " %s%s%s",
                                world_node_name(s->world, nodes[i]),
                                *start_type_to_string(world_unit_start_type(s->world, nodes[i], s->words[1]))
                                                ? " "
                                                : "",
                                start_type_to_string(world_unit_start_type(s->world, nodes[i], s->words[1])));
        for (size_t k = 3; k < s->n_words; k++) {
                uint32_t node = world_find_node(s->world, s->words[k]);

                if (node == 0) { /* a start type */
                        for (size_t i = 0; i < n; i++)
                                if (!streq(start_type_to_string(world_unit_start_type(
                                                           s->world, nodes[i], s->words[1])),
                                                    s->words[k]))
                                        return refuse(s, -EDOM, "%s runs on:%s", s->words[1], text);
                        continue;
                }
                n_named++;
                if (world_unit_state(s->world, node, s->words[1]) != UNIT_RUNNING)
                        return refuse(s, -EDOM, "%s runs on:%s", s->words[1], *text ? text : " no node");
        }
        return n_named == n ? 0 : refuse(s, -EDOM, "%s runs on:%s", s->words[1], *text ? text : " no node");
}

static const Engine *find_engine(Script *s, const char *name)
{
        if (*name) {
                uint32_t node = world_find_node(s->world, name);

                return node ? world_engine(s->world, node) : NULL;
        }
        for (uint32_t i = 1; i <= world_n_nodes(s->world); i++) {
                const Engine *e = world_engine(s->world, i);

                if (e && engine_is_synced(e))
                        return e;
        }
        return NULL;
}

static int check_state(Script *s)
{
        uint32_t node;
        int r = need_words(s, 4, 5);

        if (r == 0 && s->n_words > 4)
                r = need_node(s, s->words[4], &node);
        for (AppState i = 0; r == 0 && i < _APP_STATE_MAX; i++)
                if (streq(app_state_to_string(i), s->words[3]))
                        return 0;
        return r < 0 ? r : refuse(s, -EINVAL, "there is no state '%s'", s->words[3]);
}

static int expect_state(Script *s)
{
        const Engine *e = find_engine(s, word(s, 4));
        const App *a = e ? state_find_app(engine_state(e), s->words[1]) : NULL;
        AppStatus status;

        if (!a)
                return refuse(s, -EDOM, "no engine there knows %s", s->words[1]);
        engine_app_status(e, a, &status);
        if (!streq(app_state_to_string(status.state), word(s, 3)))
                return refuse(s, -EDOM, "%s is %s: %s", s->words[1], app_state_to_string(status.state),
                                status.reason);
        return 0;
}

static int check_reply(Script *s)
{
        int r = need_words(s, 3, 3);

        if (r < 0)
                return r;
        if (streq(s->words[2], "ok"))
                return refuse_strange(s);
        s->strange[0] = '\0';
        for (CommandError e = COMMAND_OK + 1; e < _COMMAND_ERROR_MAX; e++)
                if (streq(command_error_to_string(e), s->words[2]))
                        return 0;
        return refuse(s, -EINVAL, "there is no answer '%s'", s->words[2]);
}

static int expect_reply(Script *s)
{
        const char *text, *name;
        CommandError error;
        int r = check_reply(s);

        if (r < 0 || s->checks)
                return r;
        if (s->n_unexpected > 0 && s->unexpected[s->n_unexpected - 1].token == s->token)
                s->n_unexpected--;

        if (!world_reply(s->world, s->token, &error, &text))
                return refuse(s, -EDOM, "the command has not been answered");
        name = error == COMMAND_OK ? "ok" : command_error_to_string(error);
        return streq(name, word(s, 2)) ? 0 : refuse(s, -EDOM, "the answer is %s: %s", name, text);
}

static int expect_node(Script *s)
{
        const char *is;
        uint32_t node = 0;
        int r = need_words(s, 4, 4);

        if (r == 0)
                r = need_node(s, s->words[2], &node);
        if (r == 0 && !streq(s->words[3], "off") && !streq(s->words[3], "no-manager") &&
                        !streq(s->words[3], "synced") && !streq(s->words[3], "unsynced"))
                r = refuse(s, -EINVAL, "a node is synced, unsynced, no-manager or off, not '%s'",
                                s->words[3]);
        if (r < 0 || s->checks)
                return r;
        is = !world_node_is_up(s->world, node)                ? "off"
             : !world_manager_is_up(s->world, node)           ? "no-manager"
             : engine_is_synced(world_engine(s->world, node)) ? "synced"
                                                              : "unsynced";
        return streq(is, s->words[3]) ? 0 : refuse(s, -EDOM, "node %s is %s", s->words[2], is);
}

static int do_expect(Script *s)
{
        int r = need_words(s, 3, WORDS_MAX);

        if (r < 0)
                return r;
        if (streq(s->words[1], "reply"))
                return expect_reply(s);
        if (streq(s->words[1], "node"))
                return expect_node(s);
        r = need_app(s, s->words[1]);
        if (r < 0)
                return r;
        if (streq(s->words[2], "running")) {
                r = check_running(s);
                return r < 0 || s->checks ? r : expect_running(s);
        }
        if (streq(s->words[2], "state")) {
                r = check_state(s);
                return r < 0 || s->checks ? r : expect_state(s);
        }
        if (!streq(s->words[2], "nowhere"))
                return refuse(s, -EINVAL, "'%s' cannot be expected", s->words[2]);
        r = need_words(s, 3, 3);
        if (r < 0 || s->checks)
                return r;
        return world_running(s->world, s->words[1], NULL, 0) == 0 ? 0
                                                                  : refuse(s, -EDOM, "%s runs", s->words[1]);
}

/* ---- one line ---- */

static int do_drop(Script *s)
{
        uint32_t node = 0;
        int r = need_words(s, 3, 3);

        if (r == 0)
                r = need_app(s, s->words[2]);
        if (r < 0)
                return r;
        if (streq(s->words[1], "all")) {
                for (uint32_t i = 1; i <= world_n_nodes(s->world) && !s->checks; i++)
                        world_drop_definition(s->world, i, s->words[2]);
                return 0;
        }
        r = need_node(s, s->words[1], &node);
        if (r == 0 && !s->checks)
                world_drop_definition(s->world, node, s->words[2]);
        return r;
}

static int do_wait(Script *s)
{
        uint64_t usec = 0;
        int r = need_words(s, 2, 2);

        if (r == 0)
                r = need_time(s, s->words[1], &usec);
        if (r == 0 && usec == USEC_INFINITY)
                r = refuse(s, -EINVAL, "nobody waits that long");
        return r < 0 || s->checks ? r : world_run_for(s->world, usec);
}

static int carry_out(Script *s)
{
        static const struct {
                const char *name;
                int (*func)(Script *s);
        } verbs[] = {
                { "cut", do_cut },
                { "disk", do_fails },
                { "device", do_fails },
                { "behave", do_behave },
                { "command", do_command },
                { "stop-local", do_stop_local },
                { "drop", do_drop },
                { "version", do_version },
        };
        const char *verb = s->words[0];

        FOREACH_ARRAY(v, node_verbs, ELEMENTSOF(node_verbs))
                if (streq(v->name, verb))
                        return for_nodes(s, v->func);
        FOREACH_ARRAY(v, node_time_verbs, ELEMENTSOF(node_time_verbs))
                if (streq(v->name, verb))
                        return node_and_time(s, v->func);
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (streq(v->name, verb))
                        return v->func(s);
        if (streq(verb, "app") || streq(verb, "file"))
                return do_file(s, streq(verb, "app"));
        if (streq(verb, "heal")) {
                if (!s->checks)
                        world_heal(s->world);
                return need_words(s, 1, 1);
        }
        if (streq(verb, "fail"))
                return for_copies(s, world_unit_fail);
        if (streq(verb, "crash"))
                return for_copies(s, world_unit_restart);
        if (streq(verb, "finish"))
                return for_copies(s, world_unit_finish);
        if (streq(verb, "stop-outside"))
                return for_copies(s, world_unit_stop_outside);
        return refuse(s, -EINVAL, "there is no '%s'", verb);
}

int script_line(Script *s, const char *line, char *ret_error, size_t size_bytes)
{
        int r;

        s->error = ret_error;
        s->error_size_bytes = size_bytes;
        (void) snprintf(ret_error, size_bytes, "something went wrong");
        s->n_lines++;
        r = split(s, line);
        if (r == 0 && s->n_words > 0)
                r = configure(s);
        if (r == 0 && s->n_words > 0) {
                r = need_world(s);
                if (r == 0 && streq(s->words[0], "expect"))
                        r = do_expect(s);
                else if (r == 0 && streq(s->words[0], "wait"))
                        r = do_wait(s);
                else if (r == 0) {
                        if (!s->checks)
                                world_remark(s->world, "%s", line);
                        r = carry_out(s);
                }
        }
        words_done(s);
        return r < 0 ? r : 0;
}

int script_check(World *w, const char *const *lines, size_t n_lines, size_t *ret_line, char *ret_error,
                size_t size_bytes)
{
        _cleanup_(script_freep) Script *s = NULL;
        size_t command = 0;
        int r = script_new(NULL, &s);

        if (r < 0)
                return r;
        s->checks = true;
        s->own_world = w == NULL;
        s->world = w;
        for (*ret_line = 0; *ret_line < n_lines; ++*ret_line) {
                bool was_strange = s->strange[0] != '\0';

                r = script_line(s, lines[*ret_line], ret_error, size_bytes);
                if (r < 0) {
                        *ret_line = was_strange && s->strange[0] ? command : *ret_line;
                        return r;
                }
                if (!was_strange && s->strange[0])
                        command = *ret_line;
        }
        *ret_line = command;
        return refuse_strange(s);
}

int script_check_answers(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes)
{
        for (size_t i = 0; i < s->n_unexpected; i++) {
                const char *text;
                CommandError error;

                if (!world_reply(s->world, s->unexpected[i].token, &error, &text) || error == COMMAND_OK ||
                                error == COMMAND_NOT_COMMITTED) /* which was carried out */
                        continue;
                *ret_line = s->unexpected[i].line;
                (void) snprintf(ret_error, size_bytes, "refused, and no line expects it: %s: %s",
                                command_error_to_string(error), strempty(text));
                return -EDOM;
        }
        return 0;
}
