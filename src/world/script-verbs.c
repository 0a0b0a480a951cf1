/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of what happens, and of what must be so. */

#include "base/array.h"
#include "base/parse.h"
#include "world/act.h"

/* ---- what happens to nodes ---- */

static void process_kill(World *w, uint32_t node)
{
        world_manager_kill(w, node, true);
}

static void process_kill_for_good(World *w, uint32_t node)
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

/* Only where the node is off and all others are well. */
static void unlist(World *w, uint32_t node)
{
        (void) world_node_remove(w, node);
}

static void list(World *w, uint32_t node)
{
        (void) world_node_add(w, node, NULL);
}

static const struct {
        const char *name;
        void (*func)(World *w, uint32_t node);
} node_verbs[] = {
        { "up", world_node_up },
        { "start", world_node_up },
        { "down", world_node_down },
        { "shutdown", world_node_shutdown },
        { "kill", process_kill },
        { "kill-for-good", process_kill_for_good },
        { "manager-stop", world_manager_stop },
        { "manager-start", world_manager_start },
        { "manager-restart", world_manager_restart },
        { "freeze", freeze },
        { "thaw", thaw },
        { "evict", world_evict },
        { "guard-away", world_guard_away },
        { "guard-back", world_guard_back },
        { "fuse-away", world_fuse_away },
        { "fuse-back", world_fuse_back },
        { "cut-sending", world_cut_sending },
        { "wipe", world_wipe_disk },
        { "unlist", unlist },
        { "list", list },
        { "reload", world_reload },
};

static const struct {
        const char *name;
        void (*func)(World *w, uint32_t node, uint64_t usec);
} node_time_verbs[] = {
        { "suspend", world_node_suspend },
        { "hang", world_manager_hang },
        { "late", world_systemd_late },
        { "bus-lost", world_bus_lost },
        { "clock", world_clock_set },
        { "corosync-kill", world_corosync_kill },
};

static const struct {
        const char *name;
        void (*func)(World *w, uint32_t node, const char *app);
} copy_verbs[] = {
        { "fail", world_unit_fail },
        { "crash", world_unit_restart },
        { "finish", world_unit_finish },
        { "stop-outside", world_unit_stop_outside },
};

static int parse_nodes(Parse *p)
{
        int r = parse_need_words(p, 2, WORDS_MAX);

        for (size_t i = 0; i < ELEMENTSOF(node_verbs); i++)
                if (streq(node_verbs[i].name, p->words[0]))
                        p->act->on_node = node_verbs[i].func;
        return r < 0 ? r : parse_need_nodes(p, 1, p->n_words);
}

static int parse_node_for(Parse *p)
{
        int r = parse_need_words(p, 3, WORDS_MAX);

        for (size_t i = 0; i < ELEMENTSOF(node_time_verbs); i++)
                if (streq(node_time_verbs[i].name, p->words[0]))
                        p->act->on_node_for = node_time_verbs[i].func;
        if (r == 0)
                r = parse_need_node(p, p->words[1]);
        return r < 0 ? r : parse_need_time(p, 2, &p->act->usec);
}

/* "a,b|c": nodes that are not named are alone together. */
int parse_cut(Parse *p)
{
        _cleanup_free_ char *text = parse_join(p, 1, "");
        unsigned number = 1;
        char *at = text;

        if (!text)
                return -ENOMEM;
        if (!*text)
                return parse_refuse(p, "'cut' needs its parts: a,b|c");
        while (*at) {
                size_t length = strcspn(at, ",|");
                char end = at[length];
                int r;

                at[length] = '\0';
                r = parse_need_node(p, at);
                if (r < 0)
                        return r;
                p->act->part[p->act->nodes[p->act->n_nodes - 1] - 1] = number;
                number += end == '|';
                at += length + (end != '\0');
        }
        return 0;
}

int parse_nothing_more(Parse *p)
{
        return parse_need_words(p, 1, 1);
}

int parse_fails(Parse *p)
{
        bool disk = p->act->kind == ACT_DISK;
        const char *how = parse_word(p, disk ? 2 : 1);
        int r = parse_need_words(p, disk ? 3 : 2, disk ? 3 : 2);

        if (r == 0 && disk)
                r = parse_need_node(p, p->words[1]);
        if (r < 0)
                return r;
        if (!streq(how, "fails") && !streq(how, "works"))
                return parse_refuse(p, "'%s' is fails or works", p->words[0]);
        p->act->flag = streq(how, "fails");
        return 0;
}

/* ---- what happens to workers ---- */

static int parse_copies(Parse *p)
{
        int r = parse_need_words(p, 2, 2);

        for (size_t i = 0; i < ELEMENTSOF(copy_verbs); i++)
                if (streq(copy_verbs[i].name, p->words[0]))
                        p->act->on_copy = copy_verbs[i].func;
        return r < 0 ? r : parse_need_app(p, p->words[1]);
}

int parse_behave(Parse *p)
{
        static const char *const names[] = { "well", "start-fails", "start-finishes", "start-refused",
                "stuck", "crashes" };
        static const WorldUnitFault faults[] = { WORLD_UNIT_WELL, WORLD_UNIT_START_FAILS,
                WORLD_UNIT_START_FINISHES, WORLD_UNIT_START_REFUSED, WORLD_UNIT_STOP_STUCK,
                WORLD_UNIT_CRASHES };
        int r = parse_need_words(p, 4, 6);

        if (r == 0)
                r = parse_need_node(p, p->words[1]);
        if (r == 0)
                r = parse_need_app(p, p->words[2]);
        if (r == 0 && p->n_words > 4)
                r = parse_need_time_of(p, p->words[4], &p->act->usec);
        if (r == 0 && p->n_words > 5)
                r = parse_need_time_of(p, p->words[5], &p->act->stop_usec);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], p->words[3])) {
                        p->act->fault = faults[i];
                        return 0;
                }
        return parse_refuse(p, "'%s' is not a way to behave", p->words[3]);
}

/* parts APP KIND... */
int parse_parts(Parse *p)
{
        Act *a = p->act;
        int r = parse_need_words(p, 3, 2 + WORLD_PARTS_MAX);

        if (r == 0)
                r = parse_need_app(p, p->words[1]);
        for (size_t i = 2; i < p->n_words && r == 0; i++) {
                WorldPartKind kind = 0;

                while (kind < _WORLD_PART_KIND_MAX && !streq(world_part_kind_to_string(kind), p->words[i]))
                        kind++;
                if (kind == _WORLD_PART_KIND_MAX)
                        return parse_refuse(p, "there is no part '%s'", p->words[i]);
                a->part_kinds[a->n_part_kinds++] = kind;
        }
        return r;
}

/* part APP NODE HOW */
int parse_part(Parse *p)
{
        const char *how = parse_word(p, 3);
        Act *a = p->act;
        int r = parse_need_words(p, 4, 6);

        if (r == 0)
                r = parse_need_app(p, p->words[1]);
        if (r == 0)
                r = parse_need_node(p, p->words[2]);
        if (r == 0 && p->n_words > 4)
                r = parse_need_time_of(p, p->words[4], &a->usec);
        if (r == 0 && p->n_words > 5)
                r = parse_need_time_of(p, p->words[5], &a->stop_usec);
        if (r < 0)
                return r;
        a->flag = streq(how, "dies");
        if (streq(how, "stuck"))
                a->part_fault = WORLD_PART_STUCK;
        else if (streq(how, "fails"))
                a->part_fault = WORLD_PART_START_FAILS;
        else if (!a->flag && !streq(how, "free"))
                return parse_refuse(p, "a part is stuck, free, fails or dies, not '%s'", how);
        return 0;
}

/* ---- commands ---- */

/* What a word of a command is. */
static const struct CommandVerb {
        const char *name;
        CommandKind kind;
        const char *words; /* a: application, A: or --all, n: node, on: on or off; after |: may be left out */
        bool flag;
} command_verbs[] = {
        { "start", COMMAND_START, "a", false },
        { "stop", COMMAND_STOP, "a", false },
        { "restart", COMMAND_RESTART, "a", false },
        { "takeover", COMMAND_TAKEOVER, "a|n", false },
        { "permit", COMMAND_PERMIT, "an", true },
        { "forbid", COMMAND_PERMIT, "an", false },
        { "standby", COMMAND_STANDBY, "n", true },
        { "drain", COMMAND_STANDBY, "n", true },
        { "unstandby", COMMAND_STANDBY, "n", false },
        { "maintenance", COMMAND_MAINTENANCE, "Ao", false },
        { "clear", COMMAND_CLEAR, "|An", false },
        { "reload", COMMAND_RELOAD, "", false },
        { "form", COMMAND_FORM, "", false },
        { "forget", COMMAND_FORGET, "n", false },
};

static const struct CommandVerb *find_command(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(command_verbs); i++)
                if (streq(command_verbs[i].name, name))
                        return command_verbs + i;
        return NULL;
}

/* A name that no node knows is for a manager to refuse; the script that means it expects the refusal. */
static int note_strange(Parse *p)
{
        Act *a = p->act;
        const Command *c = &a->command;
        int r = 0;

        if (*c->app && !scope_has_app(p->scope, c->app))
                r = asprintf(&a->strange, "there is no application '%s'%s", c->app,
                                scope_find_node(p->scope, c->app) ? ", it is a node" : "");
        else if (*c->node && scope_find_node(p->scope, c->node) == 0)
                r = asprintf(&a->strange, "there is no node '%s'", c->node);
        if (r < 0)
                a->strange = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int take_command_word(Parse *p, char what, const char *text)
{
        Command *c = &p->act->command;

        if (what == 'o') {
                if (!streq(text, "on") && !streq(text, "off"))
                        return parse_refuse(p, "maintenance is on or off");
                c->flag = streq(text, "on");
                return 0;
        }
        return parse_set_text(what == 'n' ? &c->node : &c->app, streq(text, "--all") ? "" : text);
}

static void take_force(Parse *p, size_t at)
{
        for (size_t i = p->n_words; i > at; i--)
                if (streq(p->words[i - 1], "--force") || streq(p->words[i - 1], "-f")) {
                        p->act->command.force = true;
                        free(p->words[i - 1]);
                        ARRAY_CLOSE(p->words, p->n_words, i - 1);
                }
}

/* The command stands from word `at` on. */
static int parse_command_at(Parse *p, size_t at)
{
        const struct CommandVerb *v = find_command(parse_word(p, at));
        Command *c = &p->act->command;
        bool needed = true;
        int r = parse_set_text(&c->app, "");

        if (r == 0)
                r = parse_set_text(&c->node, "");
        if (r < 0)
                return r;
        if (!v)
                return parse_refuse(p, "there is no command '%s'", parse_word(p, at));
        take_force(p, at);
        p->act->kind = ACT_COMMAND;
        c->kind = v->kind;
        c->flag = v->flag;
        for (const char *what = v->words; *what && r == 0; what++) {
                if (*what == '|') {
                        needed = false;
                        continue;
                }
                if (++at >= p->n_words)
                        return needed ? parse_refuse(p, "'%s' needs more words", v->name) : note_strange(p);
                r = take_command_word(p, *what, p->words[at]);
        }
        /* `reload --all` is what `reload` is here */
        if (r == 0 && v->kind == COMMAND_RELOAD && streq(parse_word(p, at + 1), "--all"))
                at++;
        if (r == 0 && at + 1 < p->n_words)
                return parse_refuse(p, "'%s' takes fewer words", v->name);
        return r < 0 ? r : note_strange(p);
}

int parse_command(Parse *p)
{
        int r = parse_need_words(p, 3, WORDS_MAX);

        if (r == 0)
                r = parse_need_node(p, p->words[1]);
        return r < 0 ? r : parse_command_at(p, 2);
}

/* `start abc` boots a node, `start distro` is a command; so with `reload`. */
static bool means_nodes(const Parse *p)
{
        return streq(parse_word(p, 1), "all") || scope_find_node(p->scope, parse_word(p, 1)) != 0;
}

int parse_stop_local(Parse *p)
{
        int r = parse_need_words(p, 3, 3);

        if (r == 0)
                r = parse_need_node(p, p->words[1]);
        return r < 0 ? r : parse_need_app(p, p->words[2]);
}

/* ---- what must be so ---- */

static bool take_start_type(const char *text, StartType *ret)
{
        for (StartType t = START_NORMAL; t < _START_TYPE_MAX; t++)
                if (streq(start_type_to_string(t), text)) {
                        *ret = t;
                        return true;
                }
        return false;
}

/* Nodes, and how the worker was started at the end, perhaps. */
static int parse_expect_running(Parse *p)
{
        size_t n = p->n_words;

        p->act->kind = ACT_EXPECT_RUNNING;
        if (n > 3 && take_start_type(p->words[n - 1], &p->act->start_type))
                n--;
        if (n == 3)
                return parse_refuse(p, "which node it runs on is missing");
        return parse_need_nodes(p, 3, n);
}

static int parse_expect_state(Parse *p)
{
        int r = parse_need_words(p, 4, 5);

        p->act->kind = ACT_EXPECT_STATE;
        if (r == 0 && p->n_words > 4)
                r = parse_need_node(p, p->words[4]);
        for (AppState i = 0; r == 0 && i < _APP_STATE_MAX; i++)
                if (streq(app_state_to_string(i), p->words[3])) {
                        p->act->state = i;
                        return 0;
                }
        return r < 0 ? r : parse_refuse(p, "there is no state '%s'", p->words[3]);
}

static int parse_expect_reply(Parse *p)
{
        int r = parse_need_words(p, 3, 3);

        p->act->kind = ACT_EXPECT_REPLY;
        if (r < 0 || streq(p->words[2], "ok"))
                return r;
        for (CommandError e = COMMAND_OK + 1; e < _COMMAND_ERROR_MAX; e++)
                if (streq(command_error_to_string(e), p->words[2])) {
                        p->act->error = e;
                        return 0;
                }
        return parse_refuse(p, "there is no answer '%s'", p->words[2]);
}

static int parse_expect_node(Parse *p)
{
        static const char *const names[_EXPECTED_NODE_MAX] = {
                [EXPECT_SYNCED] = "synced",
                [EXPECT_UNSYNCED] = "unsynced",
                [EXPECT_NO_MANAGER] = "no-manager",
                [EXPECT_OFF] = "off",
        };
        int r = parse_need_words(p, 4, 4);

        p->act->kind = ACT_EXPECT_NODE;
        if (r == 0)
                r = parse_need_node(p, p->words[2]);
        for (ExpectedNode i = 0; r == 0 && i < _EXPECTED_NODE_MAX; i++)
                if (streq(names[i], p->words[3])) {
                        p->act->expected_node = i;
                        return 0;
                }
        return r < 0 ? r
                     : parse_refuse(p, "a node is synced, unsynced, no-manager or off, not '%s'",
                                       p->words[3]);
}

/* expect reboots NODE N */
static int parse_expect_reboots(Parse *p)
{
        int r = parse_need_words(p, 4, 4);

        p->act->kind = ACT_EXPECT_REBOOTS;
        if (r == 0)
                r = parse_need_node(p, p->words[2]);
        if (r == 0 && parse_u32(p->words[3], &p->act->n_reboots) < 0)
                return parse_refuse(p, "'%s' is not a number", p->words[3]);
        return r;
}

int parse_expect(Parse *p)
{
        int r = parse_need_words(p, 3, WORDS_MAX);

        if (r < 0)
                return r;
        if (streq(p->words[1], "reply"))
                return parse_expect_reply(p);
        if (streq(p->words[1], "node"))
                return parse_expect_node(p);
        if (streq(p->words[1], "reboots"))
                return parse_expect_reboots(p);
        r = parse_need_app(p, p->words[1]);
        if (r < 0)
                return r;
        if (streq(p->words[2], "running"))
                return parse_expect_running(p);
        if (streq(p->words[2], "left")) {
                p->act->kind = ACT_EXPECT_LEFT;
                return p->n_words == 3 ? parse_refuse(p, "which node it is on is missing")
                                       : parse_need_nodes(p, 3, p->n_words);
        }
        if (streq(p->words[2], "state"))
                return parse_expect_state(p);
        p->act->kind = ACT_EXPECT_NOWHERE;
        if (!streq(p->words[2], "nowhere"))
                return parse_refuse(p, "'%s' cannot be expected", p->words[2]);
        return parse_need_words(p, 3, 3);
}

/* ---- which of them it is ---- */

int parse_happening(Parse *p)
{
        const char *verb = p->words[0];

        for (size_t i = 0; i < ELEMENTSOF(node_verbs); i++)
                if (streq(node_verbs[i].name, verb) && (!find_command(verb) || means_nodes(p))) {
                        p->act->kind = ACT_NODES;
                        return parse_nodes(p);
                }
        for (size_t i = 0; i < ELEMENTSOF(node_time_verbs); i++)
                if (streq(node_time_verbs[i].name, verb)) {
                        p->act->kind = ACT_NODE_FOR;
                        return parse_node_for(p);
                }
        for (size_t i = 0; i < ELEMENTSOF(copy_verbs); i++)
                if (streq(copy_verbs[i].name, verb)) {
                        p->act->kind = ACT_COPIES;
                        return parse_copies(p);
                }
        return find_command(verb) ? parse_command_at(p, 0) : parse_refuse(p, "there is no '%s'", verb);
}
