/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* status: what an administrator looks at first. */

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/corosync-conf.h"
#include "ctl/journal-lines.h"
#include "ctl/render.h"
#include "ctl/verify.h"

/* What a name on the command line stands for; an application and a node may share it. */
typedef struct Subject {
        bool is_app, is_node;
        AppInfo app;
        NodeInfo node;
        NodeEligibility *eligibility;
        size_t n_eligibility;
} Subject;

static void subject_done(Subject *s)
{
        app_info_done(&s->app);
        node_info_done(&s->node);
        eligibility_done(s->eligibility, s->n_eligibility);
}

/* Why this node may see no other one for ever. Names are looked up only where that may be so: that can take long. */
static int find_address(const Ctl *c, const ManagerInfo *m, ConfigMessages *ret)
{
        CorosyncConf conf = {};
        int r;

        if (c->options.host || m->members.n > 1 || (m->quorate && m->formed))
                return 0;
        r = corosync_conf_load(&conf);
        r = r == -ENOMEM ? r : r < 0 ? 0 : verify_addresses(&conf, ret);
        corosync_conf_done(&conf);
        return r;
}

static int status_overview(Ctl *c)
{
        _cleanup_(config_messages_done) ConfigMessages addresses = {};
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_done) Snapshot s = {};
        RenderOptions o;
        int r = snapshot_fetch(c, &error, &s);

        if (r < 0)
                return bus_failed(c, &error, r, "show the status", false);
        if (c->options.quiet)
                return STATUS_OK;
        o = render_options(c); /* after the answer: its times are not in the future then */
        if (c->options.json != JSON_OFF) {
                Json j = json(stdout, c->options.json);

                json_snapshot(&j, &s, &o.now);
                return STATUS_OK;
        }
        if (find_address(c, &s.manager, &addresses) < 0)
                return ctl_oom(c);
        if (addresses.n_items > 0)
                o.address = addresses.items[0].text;
        ctl_pager_open(c);
        return render_overview(stdout, &o, &s) < 0 ? ctl_oom(c) : STATUS_OK;
}

/* Returns STATUS_OK, or what went wrong after it has been printed. */
static int find_subject(Ctl *c, const char *name, Subject *s)
{
        _cleanup_(sd_bus_error_free) sd_bus_error app_error = SD_BUS_ERROR_NULL,
                                                  node_error = SD_BUS_ERROR_NULL, error = SD_BUS_ERROR_NULL;
        int r = app_info_fetch(c, name, &app_error, &s->app);

        s->is_app = r >= 0;
        if (r < 0 && !bus_error_is_unknown(&app_error))
                return bus_failed(c, &app_error, r, "show the status", false);
        r = node_info_fetch(c, name, &node_error, &s->node);
        s->is_node = r >= 0;
        if (r < 0 && !bus_error_is_unknown(&node_error))
                return bus_failed(c, &node_error, r, "show the status", false);
        if (!s->is_app && !s->is_node) {
                ctl_error(c,
                                "There is no application and no node named %s. 'distroctl list-applications' "
                                "and 'distroctl list-nodes' "
                                "name them all.",
                                name);
                return STATUS_UNKNOWN;
        }
        if (!s->is_app)
                return STATUS_OK;
        r = eligibility_fetch(c, name, &error, &s->eligibility, &s->n_eligibility);
        /* Before the group has formed no node is eligible, and the rest is worth showing. */
        return r == -ENOMEM ? ctl_oom(c) : STATUS_OK;
}

static void print_journal(const Ctl *c, const RenderOptions *o, const ManagerInfo *m, const AppInfo *a)
{
        /* With -H the journal here is not the journal there. */
        if (c->options.host || c->options.n_lines == 0 || !streq(a->node, m->node_name))
                return;
        if (journal_print(stdout, &o->style, a, c->options.n_lines, c->options.full) < 0 && o->legend)
                printf("\nThe journal cannot be read by this user; 'sudo journalctl -u %s' shows it.\n",
                                a->unit);
}

static int print_subject(Ctl *c, const RenderOptions *o, const ManagerInfo *m, const Subject *s, bool first)
{
        int r = 0;

        if (!first)
                fputc('\n', stdout);
        if (s->is_app) {
                r = render_app(stdout, o, &s->app, m->node_name, s->eligibility, s->n_eligibility);
                print_journal(c, o, m, &s->app);
        }
        if (s->is_app && s->is_node)
                fputc('\n', stdout);
        if (r >= 0 && s->is_node)
                r = render_node(stdout, o, &s->node, m->node_name);
        return r;
}

static void json_subjects(
                const Ctl *c, const RenderOptions *o, const ManagerInfo *m, const Subject *subjects, size_t n)
{
        Json j = json(stdout, c->options.json);

        json_object(&j, NULL);
        json_manager(&j, "manager", m);
        json_array(&j, "nodes");
        for (size_t i = 0; i < n; i++)
                if (subjects[i].is_node)
                        json_node(&j, NULL, &subjects[i].node);
        json_end(&j);
        json_array(&j, "applications");
        for (size_t i = 0; i < n; i++)
                if (subjects[i].is_app) {
                        static const NodeEligibility none;
                        const NodeEligibility *e = subjects[i].eligibility;

                        json_app(&j, NULL, &subjects[i].app, &o->now, e ? e : &none,
                                        subjects[i].n_eligibility);
                }
        json_end(&j);
        json_end(&j);
}

static int status_subjects(Ctl *c, char **names, size_t n, Subject *subjects)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo m = {};
        char caution[CAUTION_MAX];
        RenderOptions o;
        int status = STATUS_OK, r;
        bool first = true;

        r = manager_info_fetch(c, &error, &m);
        if (r < 0)
                return bus_failed(c, &error, r, "show the status", false);
        for (size_t i = 0; i < n; i++) {
                r = find_subject(c, names[i], subjects + i);
                if (r == STATUS_FAILURE)
                        return r;
                status = status_worse(status, r);
                if (subjects[i].is_app && !app_info_is_running(&subjects[i].app))
                        status = status_worse(status, streq(subjects[i].app.state, "unknown")
                                                                      ? STATUS_STALE
                                                                      : STATUS_NOT_RUNNING);
        }
        if (c->options.quiet)
                return status;
        o = render_options(c);
        o.caution = manager_caution(&m, &o.now, caution);
        if (c->options.json != JSON_OFF) {
                json_subjects(c, &o, &m, subjects, n);
                return status;
        }
        ctl_pager_open(c);
        for (size_t i = 0; i < n; i++) {
                if (!subjects[i].is_app && !subjects[i].is_node)
                        continue;
                if (print_subject(c, &o, &m, subjects + i, first) < 0)
                        return ctl_oom(c);
                first = false;
        }
        return status;
}

int verb_status(Ctl *c, int argc, char **argv)
{
        size_t n = (size_t) argc - 1;
        Subject *subjects;
        int status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        if (n == 0)
                return status_overview(c);
        subjects = calloc(n, sizeof(*subjects));
        if (!subjects)
                return ctl_oom(c);
        status = status_subjects(c, argv + 1, n, subjects);
        for (size_t i = 0; i < n; i++)
                subject_done(subjects + i);
        free(subjects);
        return status;
}
