/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* list-applications, list-nodes, locate, explain: questions with short answers. */

#include <fnmatch.h>
#include <inttypes.h>

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/render.h"
#include "ctl/table.h"

static bool matches(const char *name, char **patterns, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (fnmatch(patterns[i], name, 0) == 0)
                        return true;
        return n == 0;
}

/* To standard error, so that a script that reads the list can go on doing so. */
static void warn_of_old(const Ctl *c, const ManagerInfo *m)
{
        Moment now = moment_now(c->options.host != NULL);
        char buffer[CAUTION_MAX];
        const char *caution = manager_caution(m, &now, buffer);

        if (caution && !c->options.no_legend)
                ctl_warning(c, "Caution: %s. 'distroctl status' shows more.", caution);
}

static int print_apps(Ctl *c, const Snapshot *s, char **patterns, size_t n_patterns)
{
        _cleanup_free_ const AppInfo **chosen = calloc(s->n_apps + 1, sizeof(*chosen));
        RenderOptions o = render_options(c);
        size_t n = 0;

        if (!chosen)
                return ctl_oom(c);
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                if (matches(a->name, patterns, n_patterns))
                        chosen[n++] = a;
        if (c->options.json != JSON_OFF) {
                Json j = json(stdout, c->options.json);

                json_array(&j, NULL);
                for (size_t i = 0; i < n; i++)
                        json_app(&j, NULL, chosen[i], &o.now, NULL, 0);
                json_end(&j);
                return STATUS_OK;
        }
        ctl_pager_open(c);
        if (render_app_list(stdout, &o, chosen, n) < 0)
                return ctl_oom(c);
        if (o.legend)
                printf("\n%zu application%s.\n", n, n == 1 ? "" : "s");
        return STATUS_OK;
}

static int print_nodes(Ctl *c, const Snapshot *s, char **patterns, size_t n_patterns)
{
        _cleanup_free_ const NodeInfo **chosen = calloc(s->n_nodes + 1, sizeof(*chosen));
        RenderOptions o = render_options(c);
        size_t n = 0;

        if (!chosen)
                return ctl_oom(c);
        FOREACH_ARRAY(node, s->nodes, s->n_nodes)
                if (matches(node->name, patterns, n_patterns))
                        chosen[n++] = node;
        if (c->options.json != JSON_OFF) {
                Json j = json(stdout, c->options.json);

                json_array(&j, NULL);
                for (size_t i = 0; i < n; i++)
                        json_node(&j, NULL, chosen[i]);
                json_end(&j);
                return STATUS_OK;
        }
        ctl_pager_open(c);
        if (render_node_list(stdout, &o, chosen, n) < 0)
                return ctl_oom(c);
        if (o.legend)
                printf("\n%zu node%s.\n", n, n == 1 ? "" : "s");
        return STATUS_OK;
}

static int list(Ctl *c, int argc, char **argv, const char *doing,
                int (*print)(Ctl *c, const Snapshot *s, char **patterns, size_t n_patterns))
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_done) Snapshot s = {};
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        r = snapshot_fetch(c, &error, &s);
        if (r < 0)
                return bus_failed(c, &error, r, doing, false);
        if (c->options.quiet)
                return STATUS_OK;
        if (c->options.json == JSON_OFF)
                warn_of_old(c, &s.manager);
        return print(c, &s, argv + 1, (size_t) argc - 1);
}

int verb_list_applications(Ctl *c, int argc, char **argv)
{
        return list(c, argc, argv, "list the applications", print_apps);
}

int verb_list_nodes(Ctl *c, int argc, char **argv)
{
        return list(c, argc, argv, "list the nodes", print_nodes);
}

/* One answer of Locate(): printed at once in text, as an element of the array in JSON. */
static int locate_one(Ctl *c, Json *j, const char *app, bool alone, const Known *known)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *doing = NULL;
        const char *node, *unit;
        uint64_t epoch;
        int r;

        if (asprintf(&doing, "locate %s", app) < 0) {
                doing = NULL;
                return ctl_oom(c);
        }
        r = bus_read(c, "Locate", &error, &m, app);
        if (r >= 0)
                r = sd_bus_message_read(m, "sst", &node, &unit, &epoch);
        if (r < 0)
                return bus_failed(c, &error, r, doing, false);
        if (c->options.quiet)
                return STATUS_OK;
        if (c->options.json != JSON_OFF) {
                json_object(j, NULL);
                json_string(j, "name", app);
                json_string(j, "node", node);
                json_string(j, "unit", unit);
                json_u64(j, "epoch", epoch);
                json_known(j, known);
                json_end(j);
        } else {
                _cleanup_free_ char *clean = text_clean(node);

                printf("%s%s%s\n", alone ? "" : app, alone ? "" : " ", strempty(clean));
        }
        return STATUS_OK;
}

int verb_locate(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo m = {};
        Json j = json(stdout, c->options.json);
        int status = ctl_connect(c), r;

        if (status != STATUS_OK)
                return status;
        if (c->options.json != JSON_OFF && !c->options.quiet) {
                r = manager_info_fetch(c, &error, &m);
                if (r < 0)
                        return bus_failed(c, &error, r, "locate applications", false);
                json_array(&j, NULL);
        }
        for (int i = 1; i < argc; i++)
                status = status_worse(status, locate_one(c, &j, argv[i], argc == 2, &m.known));
        if (j.depth > 0)
                json_end(&j);
        else if (!c->options.quiet && manager_info_fetch(c, &error, &m) >= 0)
                warn_of_old(c, &m);
        return status;
}

int verb_explain(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        NodeEligibility *list_of_nodes = NULL;
        RenderOptions o = render_options(c);
        size_t n = 0;
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        r = eligibility_fetch(c, argv[1], &error, &list_of_nodes, &n);
        if (r < 0)
                return bus_failed(c, &error, r, "explain where it may run", false);
        if (!c->options.quiet) {
                _cleanup_(manager_info_done) ManagerInfo m = {};
                bool known = manager_info_fetch(c, &error, &m) >= 0;
                static const Known nothing = { .stale = true, .since_usec = USEC_INFINITY };

                if (c->options.json != JSON_OFF) {
                        Json j = json(stdout, c->options.json);

                        json_eligibility(&j, NULL, list_of_nodes, n, known ? &m.known : &nothing);
                } else {
                        if (known) /* without an answer there is nothing to warn of */
                                warn_of_old(c, &m);
                        ctl_pager_open(c);
                        if (render_eligibility(stdout, &o, 0, list_of_nodes, n) < 0)
                                status = ctl_oom(c);
                }
        }
        eligibility_done(list_of_nodes, n);
        return status;
}
