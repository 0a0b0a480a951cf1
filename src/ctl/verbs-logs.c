/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* logs: the journal of an application, by journalctl, which knows how to show one. */

#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "config/unit-names.h"
#include "ctl/bus-client.h"
#include "ctl/journal-lines.h"

/* What is known of the application without a manager. */
static int app_info_of_name(const char *name, AppInfo *ret)
{
        char unit[WORKER_UNIT_NAME_MAX];

        worker_unit_name(name, unit);
        ret->name = strdup(name);
        ret->unit = strdup(unit);
        ret->node = strdup("");
        return ret->name && ret->unit && ret->node ? 0 : -ENOMEM;
}

/* Where it runs is where the journal is that somebody looks for. What this node has, from when it ran here, is shown all
 * the same. */
static void say_where(const Ctl *c, const ManagerInfo *m, const AppInfo *a)
{
        if (c->options.quiet || isempty(a->node) || streq(a->node, m->node_name))
                return;
        ctl_warning(c,
                        "%s runs on %s, and this is the journal of %s. 'distroctl -H %s logs %s', or 'distroctl logs "
                        "%s' there, shows that of %s.",
                        a->name, a->node, m->node_name, a->node, a->name, a->name, a->node);
}

/* Without an answer: says so, and what the manager would know is left out. */
static int do_without(const Ctl *c, const sd_bus_error *error, int r, const char *name, AppInfo *ret)
{
        _cleanup_free_ char *text = NULL;

        if (r != -ENOMEM)
                (void) bus_explain_error(c, error, r, "ask where it runs", false, &text);
        if (!text || app_info_of_name(name, ret) < 0)
                return ctl_oom(c);
        ctl_warning(c, "%s", text);
        return STATUS_OK;
}

/* Returns STATUS_OK, or what went wrong after it has been printed. */
static int find_app(Ctl *c, const char *name, AppInfo *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo m = {};
        int r = manager_info_fetch(c, &error, &m);

        if (r < 0 && !c->options.host && app_name_is_valid(name))
                return do_without(c, &error, r, name, ret);
        if (r >= 0)
                r = app_info_fetch(c, name, &error, ret);
        if (r < 0)
                return bus_failed(c, &error, r, "show its journal", false);
        say_where(c, &m, ret);
        return STATUS_OK;
}

/* As this host's file has them: those of a copy that is not there any more are shown nowhere. */
static int find_parts(const Ctl *c, const char *name, AppConfig *ret)
{
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        _cleanup_(config_messages_done) ConfigMessages messages = {};
        ConfigContext context = { .systemd = &systemd };
        int r = c->options.host ? 0 : app_config_load(&context, name, &messages, ret);

        return r == -ENOMEM ? r : 0;
}

/* What journalctl is called with, and for another host, what ssh is. */
static int add_options(const Ctl *c, Strings *words)
{
        int r = strings_add(words, "journalctl");

        if (r >= 0 && c->options.follow)
                r = strings_add(words, "--follow");
        if (r >= 0 && c->options.given & OPTION_LINES)
                r = strings_take(words, text_format("--lines=%u", c->options.n_lines));
        if (r >= 0 && (c->options.no_pager || c->options.host))
                r = strings_add(words, "--no-pager");
        if (r >= 0 && c->options.quiet)
                r = strings_add(words, "--quiet");
        if (r >= 0 && c->options.json != JSON_OFF)
                r = strings_add(words,
                                c->options.json == JSON_SHORT ? "--output=json" : "--output=json-pretty");
        return r;
}

/* Names of units have backslashes. */
static char *quote(const char *word)
{
        Text t = {};

        text_printf(&t, "'");
        for (; *word; word++)
                text_printf(&t, *word == '\'' ? "'\\''" : "%c", *word);
        text_printf(&t, "'");
        return text_take(&t);
}

static int add_host(const Ctl *c, Strings *words)
{
        bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
        int r = strings_add(words, "ssh");

        /* What has a terminal there ends with us. */
        if (r >= 0 && terminal)
                r = strings_add(words, "-t");
        if (r >= 0)
                r = strings_add(words, "--");
        return r < 0 ? r : strings_add(words, c->options.host);
}

/* The words of the command for this host, or for ssh, each in quotes of the shell there. */
static int make_command(const Ctl *c, const AppInfo *a, const Parts *parts, Strings *ret)
{
        Strings words = {}, matches = {};
        int r = journal_matches(a, parts, &matches);

        if (r >= 0)
                r = add_options(c, &words);
        for (size_t i = 0; i < matches.n && r >= 0; i++)
                r = strings_add(&words, matches.items[i]);
        if (r >= 0 && c->options.host)
                r = add_host(c, ret);
        for (size_t i = 0; i < words.n && r >= 0; i++)
                r = c->options.host ? strings_take(ret, quote(words.items[i]))
                                    : strings_add(ret, words.items[i]);
        strings_done(&matches);
        strings_done(&words);
        return r;
}

/* This process becomes it. */
static int run_command(Ctl *c, const Strings *words)
{
        char **argv = calloc(words->n + 1, sizeof(*argv));

        if (!argv)
                return ctl_oom(c);
        memcpy(argv, words->items, words->n * sizeof(*argv));
        execvp(argv[0], argv);
        ctl_error(c, "Cannot run %s: %s.", argv[0], strerror(errno));
        free(argv);
        return STATUS_FAILURE;
}

int verb_logs(Ctl *c, int argc, char **argv)
{
        AppConfig config = {};
        AppInfo app = {};
        Strings words = {};
        int status = ctl_connect(c), r;

        if (status == STATUS_OK)
                status = find_app(c, argv[1], &app);
        if (status == STATUS_OK) {
                r = find_parts(c, app.name, &config);
                if (r >= 0)
                        r = make_command(c, &app, &config.parts, &words);
                status = r < 0 ? ctl_oom(c) : run_command(c, &words);
        }
        strings_done(&words);
        app_config_done(&config);
        app_info_done(&app);
        return status;
}
