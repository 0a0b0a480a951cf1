/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options and --help. One table says what there is; the parser and the help are made from it and from the
 * table of verbs. */

#include <getopt.h>
#include <inttypes.h>

#include "ctl/ctl.h"

typedef enum OptionId {
        OPT_HELP,
        OPT_VERSION,
        OPT_HOST,
        OPT_JSON,
        OPT_QUIET,
        OPT_NO_BLOCK,
        OPT_FORCE,
        OPT_LOCAL,
        OPT_ALL,
        OPT_FOLLOW,
        OPT_FULL,
        OPT_LINES,
        OPT_PART,
        OPT_PROPERTY,
        OPT_VALUE,
        OPT_STATE,
        OPT_SAVE,
        OPT_APPLICATIONS,
        OPT_COROSYNC,
        OPT_NO_PAGER,
        OPT_NO_LEGEND,
        OPT_NO_ASK_PASSWORD,
        _OPT_MAX,
} OptionId;

typedef struct OptionInfo {
        char letter; /* 0: none */
        const char *name;
        const char *argument; /* NULL: it takes none */
        unsigned verbs_flag;  /* OPTION_…: only verbs that name it take it; 0: all do */
        const char *help;
} OptionInfo;

static const OptionInfo option_table[_OPT_MAX] = {
        [OPT_HELP] = { 'h', "help", NULL, 0, "Show this help" },
        [OPT_VERSION] = { 0, "version", NULL, 0, "Show the version" },
        [OPT_HOST] = { 'H', "host", "[USER@]HOST", 0, "Ask the manager of another node, by ssh" },
        [OPT_JSON] = { 0, "json", "MODE", 0, "Write JSON: short, pretty or off" },
        [OPT_QUIET] = { 'q', "quiet", NULL, 0, "Print errors only" },
        [OPT_NO_BLOCK] = { 0, "no-block", NULL, OPTION_NO_BLOCK, "Do not wait for the result of a command" },
        [OPT_FORCE] = { 'f', "force", NULL, OPTION_FORCE,
                        "takeover: also where a copy may still be running; simulate: also from elsewhere" },
        [OPT_LOCAL] = { 0, "local", NULL, OPTION_LOCAL,
                        "stop: only this node's copy, without asking the group" },
        [OPT_ALL] = { 'a', "all", NULL, OPTION_ALL,
                        "All applications (maintenance, clear), every node (reload)" },
        [OPT_FOLLOW] = { 'f', "follow", NULL, OPTION_FOLLOW, "logs: go on with what comes" },
        [OPT_FULL] = { 'l', "full", NULL, 0, "Do not cut columns to fit the terminal" },
        [OPT_LINES] = { 'n', "lines", "N", OPTION_LINES,
                        "Journal lines to show (status: 10 unless told; logs)" },
        [OPT_PART] = { 0, "part", NULL, OPTION_PART,
                        "clear: a part of which nothing shows that it has gone" },
        [OPT_PROPERTY] = { 'p', "property", "NAME", OPTION_PROPERTY,
                        "show: only this property (may be repeated)" },
        [OPT_VALUE] = { 0, "value", NULL, OPTION_PROPERTY, "show: only the values" },
        [OPT_STATE] = { 0, "state", "FILE", OPTION_SIMULATE,
                        "simulate: a saved cluster in place of the running one" },
        [OPT_SAVE] = { 0, "save", "FILE", OPTION_SIMULATE,
                        "simulate: write what it begins with to FILE, for --state=" },
        [OPT_APPLICATIONS] = { 0, "applications", "DIR", OPTION_SIMULATE,
                        "simulate: a cluster with the application files of DIR" },
        [OPT_COROSYNC] = { 0, "corosync", "FILE", OPTION_SIMULATE,
                        "simulate: a cluster as this corosync.conf has it" },
        [OPT_NO_PAGER] = { 0, "no-pager", NULL, 0, "Do not start a pager" },
        [OPT_NO_LEGEND] = { 0, "no-legend", NULL, 0, "Do not print headers and hints" },
        [OPT_NO_ASK_PASSWORD] = { 0, "no-ask-password", NULL, 0, "Do not let polkit ask for a password" },
};

/* As in "journalctl -f", and as in "takeover -f": the verb tells which is meant. */
#define LETTER_FORCE_OR_FOLLOW 'f'

/* Letters for getopt_long(): a small offset keeps options without a letter apart from characters. */
#define OPTION_VALUE_BASE 1000

static void make_getopt(char *ret_short, struct option *ret_long)
{
        size_t at = 0;

        for (int i = 0; i < _OPT_MAX; i++) {
                const OptionInfo *o = option_table + i;

                if (o->letter) {
                        ret_short[at++] = o->letter;
                        if (o->argument)
                                ret_short[at++] = ':';
                }
                ret_long[i] = (struct option){
                        .name = o->name,
                        .has_arg = o->argument ? required_argument : no_argument,
                        .val = OPTION_VALUE_BASE + i,
                };
        }
        ret_short[at] = 0;
        ret_long[_OPT_MAX] = (struct option){};
}

static int option_of(int value)
{
        if (value >= OPTION_VALUE_BASE)
                return value - OPTION_VALUE_BASE;
        for (int i = 0; i < _OPT_MAX; i++)
                if (option_table[i].letter == value)
                        return i;
        return -1;
}

static int parse_json_mode(const char *text, JsonMode *ret)
{
        static const char *const modes[] = {
                [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty"
        };

        for (size_t i = 0; i < ELEMENTSOF(modes); i++)
                if (streq(modes[i], text)) {
                        *ret = (JsonMode) i;
                        return 0;
                }
        return -EINVAL;
}

static int parse_lines(const char *text, unsigned *ret)
{
        char *end;
        unsigned long n;

        if (*text < '0' || *text > '9')
                return -EINVAL;
        n = strtoul(text, &end, 10);
        if (*end || n > 100000)
                return -EINVAL;
        *ret = (unsigned) n;
        return 0;
}

/* Takes one option over. Returns 0, or -1 after a message. */
static int take_option(Ctl *c, OptionId id, const char *value)
{
        Options *o = &c->options;

        o->given |= option_table[id].verbs_flag;
        switch (id) {
        case OPT_HOST:
                /* ssh would take a leading hyphen for an option of its own. */
                if (isempty(value) || *value == '-') {
                        ctl_error(c, "--host= wants the name of a host, not '%s'.", value);
                        return -1;
                }
                o->host = value;
                return 0;
        case OPT_JSON:
                if (parse_json_mode(value, &o->json) < 0) {
                        ctl_error(c, "--json= wants short, pretty or off, not '%s'.", value);
                        return -1;
                }
                return 0;
        case OPT_LINES:
                if (parse_lines(value, &o->n_lines) < 0) {
                        ctl_error(c, "--lines= wants a number from 0 to 100000, not '%s'.", value);
                        return -1;
                }
                return 0;
        case OPT_PROPERTY:
                if (o->n_properties >= PROPERTIES_MAX) {
                        ctl_error(c, "--property= may be given at most %u times.", PROPERTIES_MAX);
                        return -1;
                }
                o->properties[o->n_properties++] = value;
                return 0;
        case OPT_STATE:
                o->state_file = value;
                return 0;
        case OPT_APPLICATIONS:
                o->applications = value;
                return 0;
        case OPT_COROSYNC:
                o->corosync = value;
                return 0;
        case OPT_SAVE:
                o->save_file = value;
                return 0;
        case OPT_QUIET:
                o->quiet = true;
                return 0;
        case OPT_NO_BLOCK:
                o->no_block = true;
                return 0;
        case OPT_FORCE:
                o->force = true;
                return 0;
        case OPT_LOCAL:
                o->local = true;
                return 0;
        case OPT_ALL:
                o->all = true;
                return 0;
        case OPT_PART:
                o->part = true;
                return 0;
        case OPT_FOLLOW:
                o->follow = true;
                return 0;
        case OPT_FULL:
                o->full = true;
                return 0;
        case OPT_VALUE:
                o->value_only = true;
                return 0;
        case OPT_NO_PAGER:
                o->no_pager = true;
                return 0;
        case OPT_NO_LEGEND:
                o->no_legend = true;
                return 0;
        case OPT_NO_ASK_PASSWORD:
                o->no_ask_password = true;
                return 0;
        case OPT_HELP:
        case OPT_VERSION:
        case _OPT_MAX:
                break;
        }
        return 0;
}

int options_parse(Ctl *c, int argc, char **argv, bool *ret_done)
{
        char letters[2 * _OPT_MAX + 1];
        struct option options[_OPT_MAX + 1];
        int value;

        make_getopt(letters, options);
        *ret_done = false;
        c->options.n_lines = 10;
        while ((value = getopt_long(argc, argv, letters, options, NULL)) >= 0) {
                int id = option_of(value);

                if (id < 0) { /* getopt has said what is wrong */
                        ctl_error(c, "'distroctl --help' lists the options.");
                        return -1;
                }
                if (id == OPT_HELP) {
                        options_print_help(c);
                        *ret_done = true;
                        return 0;
                }
                if (id == OPT_VERSION) {
                        printf("distroctl %s\n", DISTRO_VERSION);
                        *ret_done = true;
                        return 0;
                }
                if (value == LETTER_FORCE_OR_FOLLOW)
                        c->options.f = true;
                else if (take_option(c, (OptionId) id, optarg) < 0)
                        return -1;
        }
        return optind;
}

void options_settle(Options *o, const Verb *verb)
{
        bool follows = verb->options & OPTION_FOLLOW;

        if (!o->f)
                return;
        o->follow |= follows;
        o->force |= !follows;
        o->given |= follows ? OPTION_FOLLOW : OPTION_FORCE;
}

const char *options_name(unsigned flags)
{
        static char name[32];

        for (size_t i = 0; i < _OPT_MAX; i++)
                if (option_table[i].verbs_flag & flags) {
                        snprintf(name, sizeof(name), "--%s", option_table[i].name);
                        return name;
                }
        return "that option";
}

#define HELP_COLUMN 34

static void print_entry(const char *left, const char *help)
{
        int length = (int) strlen(left);

        if (length <= HELP_COLUMN - 4)
                printf("  %-*s%s\n", HELP_COLUMN - 2, left, help);
        else
                printf("  %s\n%*s%s\n", left, HELP_COLUMN, "", help);
}

void options_print_help(const Ctl *c)
{
        char left[128];

        printf("distroctl [OPTIONS...] [COMMAND ...]\n\n%sAsks and commands the distro-manager of this "
               "cluster.%s\n",
                        style_on(&c->out, COLOR_BOLD), style_off(&c->out, COLOR_BOLD));
        for (size_t i = 0; i < n_ctl_verbs; i++) {
                const Verb *v = ctl_verbs + i;

                if (v->group)
                        printf("\n%s%s:%s\n", style_on(&c->out, COLOR_BOLD), v->group,
                                        style_off(&c->out, COLOR_BOLD));
                snprintf(left, sizeof(left), "%s%s%s", v->name, *v->arguments ? " " : "", v->arguments);
                print_entry(left, v->help);
        }
        printf("\n%sOptions:%s\n", style_on(&c->out, COLOR_BOLD), style_off(&c->out, COLOR_BOLD));
        for (size_t i = 0; i < _OPT_MAX; i++) {
                const OptionInfo *o = option_table + i;

                if (o->letter)
                        snprintf(left, sizeof(left), "-%c --%s%s%s", o->letter, o->name,
                                        o->argument ? "=" : "", strempty(o->argument));
                else
                        snprintf(left, sizeof(left), "   --%s%s%s", o->name, o->argument ? "=" : "",
                                        strempty(o->argument));
                print_entry(left, o->help);
        }
        printf("\nSee distroctl(1) for details.\n");
}
