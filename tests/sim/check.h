/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Judges of a history. Each looks at one promise only, and only at observations: plain data that a test can make up,
 * so that every judge can be shown to bite. None of them knows how the world or the engine work. */

#include "world/world.h"

/* What the judges have to know of an application. */
typedef struct CheckApp {
        const char *name;
        bool start_first;
        uint64_t failover_delay_usec; /* the least that any of its files had */
        uint64_t longest_delay_usec;  /* and the longest; 0: the same */
        uint64_t least_delay_usec;    /* the least that any of its files may ever have */
        bool awaits_leaver;           /* HandOver=no */
        uint64_t failure_timeout_usec;
        uint32_t local_restarts;
        bool needs_end;          /* something of it outlives a kill */
        uint64_t least_end_usec; /* so long at least it has to end where its node is cut off */
} CheckApp;

typedef struct CheckConfig {
        const CheckApp *apps;
        size_t n_apps;
        size_t n_nodes;
        NoQuorumPolicy policy;
        uint64_t freeze;     /* nodes where it may be freeze at some time: bit i is node i + 1 */
        bool formed_by_hand; /* `form` is given where it need not: what no record there shows is lost */
        bool apart;          /* two sets of nodes without a common one can have quorum, one after the other */
        bool tails_differ;   /* the last messages of a ring reach only some of its members */
        uint64_t isolation_usec; /* how long workers may run on without quorum's word */
        uint64_t grace_usec;     /* ManagerGraceSec= */
        uint64_t overlap_usec;   /* two copies for longer than that are wrong, */
        uint64_t needed_usec;    /* where the delay is at least this; 0: not judged */
} CheckConfig;

typedef struct Findings {
        size_t n;
        char first[512]; /* the first one, in words */
} Findings;

void finding(Findings *f, const Observation *o, const char *format, ...) _printf_(3, 4);

/* What each judge is. `judge_new` gives NULL without memory. */
typedef struct CheckClass {
        const char *name;
        void *(*judge_new)(const CheckConfig *config);
        void *(*judge_free)(void *judge);
        void (*observe)(void *judge, const Observation *o, Findings *f);
} CheckClass;

extern const CheckClass check_copies;  /* no start while another copy of the application may run */
extern const CheckClass check_overlap; /* nor two at a time anywhere, where the delay is long enough */
extern const CheckClass check_epochs;  /* no epoch twice */
extern const CheckClass check_states;  /* who has heard the same holds the same */
extern const CheckClass check_quorum; /* nothing starts without quorum; workers end in time when it is lost */
extern const CheckClass check_commands; /* a command that was answered is not lost */

extern const CheckClass
                check_parts; /* no start beside a part of an earlier copy, and no end is told before its parts' */
extern const CheckClass check_reboots;  /* no host ends itself for nothing */
extern const CheckClass check_places;   /* no start where a node has said that it may not have one */
extern const CheckClass check_leaver;   /* HandOver=no waits for the node that leaves */
extern const CheckClass check_restarts; /* LocalRestarts= is not exceeded */
extern const CheckClass check_versions; /* the group's protocol version never goes back */
extern const CheckClass check_stops;    /* no healthy copy is stopped for nothing */

/* This host sleeps, and may have copies that nobody can know of until then. */
void check_overlap_sleeps(void *judge, uint32_t node, uint64_t until_usec);
/* The manager of this node hears nothing of its units until then. */
void check_reboots_blind(void *judge, uint32_t node, uint64_t until_usec);
/* All faults have ended. */
void check_reboots_calm(void *judge);
/* The manager of this node does nothing from now on. */
void check_overlap_hangs(void *judge, uint32_t node, uint64_t now_usec);

/* The settings that commands make, as the agreed state shows them in the end; check_commands asks for them. */
void check_commands_settings(void *judge, const State *s, Findings *f);
/* This node was taken out of the nodelist: what was asked for it, also while it was out, is forgotten when the group forms
 * without it. The name lasts as long as the judge. */
void check_commands_forget(void *judge, const char *node);

/* ---- liveness: what must run in the end ---- */

typedef struct LiveNode {
        const char *name;
        uint32_t tier;
        bool eligible; /* for the next start */
        bool better;   /* also as the aim of an automatic takeover */
} LiveNode;

typedef struct LiveApp {
        const char *name;
        bool wanted;           /* its target is up and nothing keeps it from running */
        bool left_alone;       /* in maintenance: nothing is asked of it */
        bool may_move;         /* takeovers are automatic and it is not held */
        const LiveNode *nodes; /* of its list, in order */
        size_t n_nodes;
        const char *const *running;
        size_t n_running;
} LiveApp;

/* True if all is as it should be; else false, and why. */
bool check_live(const LiveApp *a, char *ret_why, size_t size_bytes);
