/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line of a script, read: what is to be carried out, with all names and times understood. script-parse.c makes it
 * with script-verbs.c; script-run.c carries it out. Nothing in here is for others. */

#include "world/script.h"

typedef enum ActKind {
        ACT_NOTHING, /* an empty line, or a remark */

        /* what the world is like */
        ACT_NODELIST,
        ACT_MANDATORY,
        ACT_OPTIONAL,
        ACT_QUORUM,
        ACT_POLICY,
        ACT_GRACE,
        ACT_SYNC_TIMEOUT,
        ACT_TOKEN,
        ACT_CONSENSUS,

        /* what happens */
        ACT_FILE, /* the first of them */
        ACT_DROP,
        ACT_PARTS,
        ACT_VERSION,
        ACT_TIMING, /* usec: token; stop_usec: consensus */
        ACT_NODES,
        ACT_NODE_FOR,
        ACT_CUT,
        ACT_HEAL,
        ACT_DISK,
        ACT_DEVICE,
        ACT_COPIES,
        ACT_BEHAVE,
        ACT_PART,
        ACT_COMMAND,
        ACT_STOP_LOCAL,

        /* no happenings: no line in the trace */
        ACT_WAIT, /* the first of them */
        ACT_EXPECT_RUNNING,
        ACT_EXPECT_LEFT,
        ACT_EXPECT_NOWHERE,
        ACT_EXPECT_STATE,
        ACT_EXPECT_REPLY,
        ACT_EXPECT_NODE,
        ACT_EXPECT_REBOOTS,
        _ACT_KIND_MAX,
} ActKind;

typedef enum ExpectedNode {
        EXPECT_SYNCED,
        EXPECT_UNSYNCED,
        EXPECT_NO_MANAGER,
        EXPECT_OFF,
        _EXPECTED_NODE_MAX,
} ExpectedNode;

typedef struct Act {
        ActKind kind;
        char *line; /* as it was written */
        char *app;
        uint32_t nodes[NODES_MAX]; /* in the order in which they were named; for a command: the node that is asked, or none */
        size_t n_nodes;
        char **names; /* of NODELIST, MANDATORY, OPTIONAL */
        size_t n_names, n_names_allocated;
        uint64_t usec, stop_usec;
        WorldQuorum quorum;
        NoQuorumPolicy policy;
        bool flag; /* of DISK, DEVICE: it fails */
        uint8_t version;
        unsigned part[NODES_MAX];
        uint32_t n_reboots;
        WorldUnitFault fault;
        WorldPartKind part_kinds[WORLD_PARTS_MAX]; /* of PARTS */
        size_t n_part_kinds;
        WorldPartFault part_fault; /* of PART; flag: it dies now */
        void (*on_node)(World *w, uint32_t node);
        void (*on_node_for)(World *w, uint32_t node, uint64_t usec);
        void (*on_copy)(World *w, uint32_t node, const char *app);
        Definition definition;
        Command command;
        char *strange; /* what a command names and no node knows; NULL: nothing */
        char *warning; /* it can be read, but is hardly meant so; NULL: nothing */
        StartType start_type;
        AppState state;
        CommandError error;
        ExpectedNode expected_node;
} Act;

/* What the lines so far have made known. */
typedef struct Scope {
        char **nodes; /* node i + 1 */
        size_t n_nodes, n_nodes_allocated;
        char **apps;
        size_t n_apps, n_apps_allocated;
        unsigned described; /* bit i: ACT i was said */
        bool happens;       /* what the world is like comes before */
        ScriptReader reader;
        void *userdata;
} Scope;

void act_done(Act *a);
/* Reads one line. -EINVAL, with the reason in words; -ENOMEM. */
int act_parse(Scope *scope, const char *line, Act *ret, char *ret_error, size_t size_bytes);
void scope_done(Scope *s);
bool scope_has_app(const Scope *s, const char *name);
int scope_add_node(Scope *s, const char *name);
int scope_add_app(Scope *s, const char *name);              /* once */
uint32_t scope_find_node(const Scope *s, const char *name); /* 0: there is none */
/* A question of Nodes=: what it names and is no node. The caller frees; NULL: nothing, or no memory. */
char *scope_doubt(const Scope *s, const Definition *d);

/* ---- what the two that read share ---- */

#define WORDS_MAX 128u

typedef struct Parse {
        Scope *scope;
        Act *act;
        char *words[WORDS_MAX];
        size_t n_words;
        char *error;
        size_t error_size_bytes;
} Parse;

int parse_refuse(Parse *p, const char *format, ...) _printf_(2, 3); /* -EINVAL */
const char *parse_word(const Parse *p, size_t i);                   /* "" where there is none */
int parse_need_words(Parse *p, size_t n_min, size_t n_max);
int parse_set_text(char **text, const char *value);
char *parse_join(const Parse *p, size_t at, const char *between); /* the words from `at` on, as one */
/* They take what they need into the act. */
int parse_need_node(Parse *p, const char *name);
int parse_need_nodes(Parse *p, size_t at, size_t end); /* these words, or `all` */
int parse_need_app(Parse *p, const char *name);
int parse_need_time_of(Parse *p, const char *text, uint64_t *ret);
int parse_need_time(Parse *p, size_t at, uint64_t *ret); /* the rest of the line is one: "1min 30s" */

/* script-verbs.c */
int parse_nothing_more(Parse *p);
int parse_cut(Parse *p);
int parse_fails(Parse *p);
int parse_behave(Parse *p);
int parse_part(Parse *p);
int parse_parts(Parse *p);
int parse_command(Parse *p);
int parse_stop_local(Parse *p);
int parse_expect(Parse *p);
int parse_happening(Parse *p); /* verbs that stand in a table of their own, and commands without `command` */
