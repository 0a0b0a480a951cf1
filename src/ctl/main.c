/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* distroctl: options, the verb, and its exit status. */

#include <locale.h>

#include "ctl/ctl.h"

static const Verb *find_verb(const char *name)
{
        for (size_t i = 0; i < n_ctl_verbs; i++)
                if (streq(ctl_verbs[i].name, name))
                        return ctl_verbs + i;
        return NULL;
}

static int run_verb(Ctl *c, int argc, char **argv)
{
        static char status_name[] = "status";
        static char *status_argv[] = { status_name, NULL };
        const Verb *verb;

        if (argc == 0) {
                argc = 1;
                argv = status_argv;
        }
        verb = find_verb(argv[0]);
        if (!verb) {
                ctl_error(c, "There is no command '%s'. 'distroctl --help' lists them.", argv[0]);
                return STATUS_USAGE;
        }
        if (argc - 1 < verb->min_args || (verb->max_args >= 0 && argc - 1 > verb->max_args)) {
                ctl_error(c, "Too %s arguments. Usage: distroctl %s %s",
                                argc - 1 < verb->min_args ? "few" : "many", verb->name, verb->arguments);
                return STATUS_USAGE;
        }
        options_settle(&c->options, verb);
        if (c->options.given & ~verb->options) {
                ctl_error(c, "'%s' does not take %s. 'distroctl --help' says which command takes which option.",
                                verb->name, options_name(c->options.given & ~verb->options));
                return STATUS_USAGE;
        }
        return verb->run(c, argc, argv);
}

int main(int argc, char **argv)
{
        Ctl c = {};
        bool done;
        int first, status;

        setlocale(LC_ALL, "");
        c.out = style_of(stdout);
        c.err = style_of(stderr);
        first = options_parse(&c, argc, argv, &done);
        if (first < 0)
                return STATUS_USAGE;
        status = done ? STATUS_OK : run_verb(&c, argc - first, argv + first);

        /* A full disk behind standard output is a failure too; a pager that was left early is none. */
        if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && status == STATUS_OK) {
                ctl_error(&c, "Cannot write to standard output: %s.", strerror(errno));
                status = STATUS_FAILURE;
        }
        pager_close(&c.pager);
        sd_bus_flush_close_unref(c.bus);
        return status;
}
