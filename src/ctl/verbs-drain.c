/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* drain: standby, then the wait until nothing is left on the node. */

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/jobs.h"

static void add_job(Job *jobs, size_t *n, const AppInfo *a, const char *node)
{
        Job *job = jobs + (*n)++;

        job->app = a->name;
        job->goal = (Goal){ .type = GOAL_AWAY, .node = node, .epoch_before = a->epoch };
        job_set_doing(job, "move %s away from %s", a->name, node);
}

/* One job for each application that was on the node before, so that all are spoken of, and for each that came while
 * standby was on its way; nothing is asked, only waited for. */
static int wait_until_empty(Ctl *c, const Snapshot *before, const Snapshot *after, const char *node)
{
        size_t n = 0;
        Job *jobs = calloc(before->n_apps + after->n_apps + 1, sizeof(*jobs));
        int status;

        if (!jobs)
                return ctl_oom(c);
        FOREACH_ARRAY(a, before->apps, before->n_apps)
                if (streq(a->node, node))
                        add_job(jobs, &n, a, node);
        FOREACH_ARRAY(a, after->apps, after->n_apps) {
                const AppInfo *then = snapshot_find_app(before, a->name);

                if (streq(a->node, node) && !(then && streq(then->node, node)))
                        add_job(jobs, &n, a, node);
        }
        status = n > 0 ? jobs_run(c, jobs, n) : STATUS_OK;
        jobs_done(jobs, n);
        free(jobs);
        return status;
}

int verb_drain(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_done) Snapshot before = {}, after = {};
        const char *node = argv[1];
        Job job = {};
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        /* What is on the node is asked before it leaves. */
        r = snapshot_fetch(c, &error, &before);
        if (r < 0)
                return bus_failed(c, &error, r, "drain the node", false);
        job_set_doing(&job, "drain %s", node);
        r = job_prepare(c, &job, NULL, "SetStandby", "sb", node, (int) true);
        status = r < 0 ? bus_failed(c, NULL, r, "drain the node", false) : jobs_run(c, &job, 1);
        jobs_done(&job, 1);
        if (status != STATUS_OK)
                return status;
        /* Standby is in force: what is not there now does not come any more. */
        r = snapshot_fetch(c, &error, &after);
        if (r < 0)
                return bus_failed(c, &error, r, "see what is left on the node", false);
        status = wait_until_empty(c, &before, &after, node);
        if (status == STATUS_OK && change_node_is_offline(c, node))
                ctl_say(c, "%s is offline: it is in standby when it is back, and nothing counts as running there now.",
                                node);
        else if (status == STATUS_OK)
                ctl_say(c, "%s is drained. 'distroctl unstandby %s' lets it take part again.", node, node);
        else
                ctl_warning(c,
                                "%s is in standby, but not everything has moved. 'distroctl status' shows "
                                "what has not.",
                                node);
        return status;
}
