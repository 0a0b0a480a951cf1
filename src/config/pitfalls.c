/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is right, and will hurt: warnings about a definition as a whole. Nothing is looked for on this host: the manager
 * warns too, in its journal, and must not wait for a file system or for a service of names. What does, `distroctl verify`
 * alone looks for. */

#include "base/array.h"
#include "config/pitfalls.h"

/* Restarts for failures only: a clean end is the end of the application, in the whole cluster. */
static int check_clean_end(AppParse *a)
{
        static const char *const only_failures[] = { "on-failure", "on-abnormal", "on-abort", "on-watchdog" };
        const char *restart = app_parse_string(a, "Restart", "no");
        ParseState at = app_parse_at_key(a, "Restart");

        if (streq(app_parse_string(a, "Type", "simple"), "oneshot"))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(only_failures); i++)
                if (streq(restart, only_failures[i]))
                        return parse_warning(&at,
                                        "with \"%s\" a clean end, also by SIGTERM, is for good: no node starts the "
                                        "application again. A service that is to go on wants \"always\"",
                                        restart);
        return 0;
}

static int check_hand_over(AppParse *a)
{
        if (!a->definition.awaits_leaver || a->definition.failover_delay_usec > 0)
                return 0;
        return parse_warning(&a->state, "HandOver=no waits for no node, since FailoverDelaySec= is 0");
}

/* The old copy is stopped once the new one is there, and with these types that says nothing. */
static int check_readiness(AppParse *a)
{
        static const char *const untold[] = { "simple", "exec", "idle" };
        const char *type = app_parse_string(a, "Type", "simple");
        ParseState at = app_parse_at_key(a, "Type");

        if (a->definition.takeover_mode != TAKEOVER_START_FIRST)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(untold); i++)
                if (streq(type, untold[i]))
                        return parse_warning(&at,
                                        "\"%s\" does not tell when the service is ready, so TakeoverMode=start-first "
                                        "stops the old copy too early. \"notify\", \"dbus\" and \"forking\" tell",
                                        type);
        return 0;
}

static bool has_word(const UnitStrings *words, const char *word)
{
        return names_contain(words->items, words->n, word);
}

static bool has_pair(const UnitStrings *words, const char *word, const char *value)
{
        for (size_t i = 0; i + 1 < words->n; i++)
                if (streq(words->items[i], word) && streq(words->items[i + 1], value))
                        return true;
        return false;
}

/* What a container's own tool starts belongs to another control group, unless podman is told to stay. */
static bool leaves_control_group(const UnitExec *e)
{
        const char *slash = strrchr(e->path, '/'), *program = slash ? slash + 1 : e->path;

        if (!has_word(&e->argv, "run") && !has_word(&e->argv, "start"))
                return false;
        if (streq(program, "docker") || streq(program, "nerdctl"))
                return true;
        return streq(program, "podman") && !has_word(&e->argv, "--cgroups=split") &&
               !has_pair(&e->argv, "--cgroups", "split");
}

static int check_containers(AppParse *a)
{
        const UnitProperty *start = property_list_get(&a->properties, "ExecStart");
        ParseState at = app_parse_at_key(a, "ExecStart");

        for (size_t i = 0; start && i < start->exec.n; i++)
                if (leaves_control_group(start->exec.items + i))
                        return parse_warning(&at,
                                        "the container's processes are not in the unit's control group: a kill does not "
                                        "reach them, and a second copy may run elsewhere. Expected \"podman run "
                                        "--cgroups=split\"");
        return 0;
}

int app_check_pitfalls(AppParse *a)
{
        int r = check_clean_end(a);
        if (r >= 0)
                r = check_readiness(a);
        if (r >= 0)
                r = check_hand_over(a);
        if (r >= 0)
                r = check_containers(a);
        return r;
}
