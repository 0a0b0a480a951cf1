/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What all of distroctl shares: the options, the connection, the table of verbs. A verb prints its own errors
 * and returns an exit status, never an errno. */

#include <systemd/sd-bus.h>

#include "base/macros.h"
#include "ctl/format.h"
#include "ctl/json.h"
#include "ctl/pager.h"

enum {
        STATUS_OK = 0,
        STATUS_FAILURE = 1,
        STATUS_USAGE = 2,
        STATUS_NOT_RUNNING = 3, /* `status` found the application not running */
        STATUS_UNKNOWN = 4,     /* no application and no node of that name */
        STATUS_STALE = 5,       /* `status` was asked on a node that cannot know whether it runs */
};

/* Of several names the worst counts: that one is unknown goes before that one does not run. */
static inline int status_worse(int a, int b)
{
        return a > b ? a : b;
}

/* Options that only some verbs take: a verb that does not list one refuses it, so that `stop --force` is not
 * taken for something that it is not. */
enum {
        OPTION_FORCE = 1 << 0,
        OPTION_LOCAL = 1 << 1,
        OPTION_ALL = 1 << 2,
        OPTION_NO_BLOCK = 1 << 3,
        OPTION_PROPERTY = 1 << 4, /* --property= and --value */
        OPTION_LINES = 1 << 5,
        OPTION_SIMULATE = 1 << 6, /* what only `simulate` takes */
        OPTION_FOLLOW = 1 << 7,
        OPTION_PART = 1 << 8,
};

#define PROPERTIES_MAX 64u

typedef struct Options {
        const char *host; /* -H; NULL: this host */
        JsonMode json;
        unsigned n_lines; /* of the journal */
        bool no_pager, no_legend, quiet, no_block, force, local, all, full, value_only, no_ask_password;
        const char *properties[PROPERTIES_MAX];
        size_t n_properties;
        const char *state_file;              /* --state=; NULL: from the running manager */
        const char *save_file;               /* --save=; NULL: nowhere */
        const char *applications, *corosync; /* of `simulate`; NULL: not given */
        bool follow, part;
        bool f;         /* -f: --follow or --force, whichever the verb takes; see options_settle() */
        unsigned given; /* OPTION_… that stood on the command line */
} Options;

typedef struct Ctl {
        Options options;
        Style out, err; /* what standard output and standard error can show */
        Pager pager;
        sd_bus *bus;           /* NULL until ctl_connect() */
        bool direct;           /* it is the manager's own socket, without a bus in between */
        char manager_name[64]; /* the manager's connection to it; empty: none is known */
} Ctl;

typedef struct Verb {
        const char *name;
        const char *arguments;  /* for --help; "" for none */
        int min_args, max_args; /* without the verb itself; -1: any number */
        unsigned options;       /* OPTION_… that it takes */
        const char *group;      /* heading in --help; NULL: that of the verb before */
        const char *help;
        int (*run)(Ctl *c, int argc, char **argv); /* argv[0] is the verb */
} Verb;

extern const Verb ctl_verbs[];
extern const size_t n_ctl_verbs;

/* Reads the options. Returns the index of the verb in argv (argc: there is none), or -1 after it has printed
 * what is wrong; *ret_done where --help or --version has been answered. */
int options_parse(Ctl *c, int argc, char **argv, bool *ret_done);
/* Now that the verb is known: what -f stands for. */
void options_settle(Options *o, const Verb *verb);
void options_print_help(const Ctl *c);
/* The first option of those (OPTION_…) as it is written: "--force". */
const char *options_name(unsigned flags);

/* Prints to standard error, in red where there are colours. One whole sentence, or a sentence and the next
 * step. */
void ctl_error(const Ctl *c, const char *format, ...) _printf_(2, 3);
/* The same in yellow. */
void ctl_warning(const Ctl *c, const char *format, ...) _printf_(2, 3);
/* A result, to standard output; nothing with --quiet. */
void ctl_say(const Ctl *c, const char *format, ...) _printf_(2, 3);
int ctl_oom(const Ctl *c);   /* prints it and returns STATUS_FAILURE */
void ctl_pager_open(Ctl *c); /* where standard output is a terminal, without --no-pager */

/* What the manager refuses of this node's files at a reload: prints it, and returns STATUS_FAILURE where there is something. */
int files_check_reloaded(Ctl *c);
bool change_node_is_offline(Ctl *c, const char *name); /* as far as the manager that is asked knows */
/* The command alone; a status. */
int change_reload(Ctl *c);

int verb_status(Ctl *c, int argc, char **argv);
int verb_list_applications(Ctl *c, int argc, char **argv);
int verb_list_nodes(Ctl *c, int argc, char **argv);
int verb_show(Ctl *c, int argc, char **argv);
int verb_start(Ctl *c, int argc, char **argv);
int verb_stop(Ctl *c, int argc, char **argv);
int verb_restart(Ctl *c, int argc, char **argv);
int verb_takeover(Ctl *c, int argc, char **argv);
int verb_permit(Ctl *c, int argc, char **argv);  /* and forbid */
int verb_standby(Ctl *c, int argc, char **argv); /* and unstandby */
int verb_forget(Ctl *c, int argc, char **argv);
int verb_drain(Ctl *c, int argc, char **argv);
int verb_maintenance(Ctl *c, int argc, char **argv);
int verb_clear(Ctl *c, int argc, char **argv);
int verb_locate(Ctl *c, int argc, char **argv);
int verb_explain(Ctl *c, int argc, char **argv);
int verb_watch(Ctl *c, int argc, char **argv);
int verb_verify(Ctl *c, int argc, char **argv);
int verb_simulate(Ctl *c, int argc, char **argv);
int verb_timing(Ctl *c, int argc, char **argv);
int verb_cat(Ctl *c, int argc, char **argv);
int verb_logs(Ctl *c, int argc, char **argv);
int verb_reload(Ctl *c, int argc, char **argv);
int verb_reload_service(Ctl *c, int argc, char **argv);
int verb_form(Ctl *c, int argc, char **argv);
