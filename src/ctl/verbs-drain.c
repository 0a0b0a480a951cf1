/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* drain: standby, then the wait until nothing is left on the node. */

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/jobs.h"

/* One job for each application that is on the node now; nothing is asked, only waited for. */
static int wait_until_empty(Ctl *c, const Snapshot *s, const char *node)
{
        size_t n = 0;
        Job *jobs = calloc(s->n_apps + 1, sizeof(*jobs));
        int status;

        if (!jobs)
                return ctl_oom(c);
        FOREACH_ARRAY (a, s->apps, s->n_apps) {
                if (!streq(a->node, node))
                        continue;
                jobs[n].app = a->name;
                jobs[n].goal = (Goal){ .type = GOAL_AWAY, .node = node, .epoch_before = a->epoch };
                job_set_doing(jobs + n, "move %s away from %s", a->name, node);
                n++;
        }
        status = n > 0 ? jobs_run(c, jobs, n) : STATUS_OK;
        jobs_done(jobs, n);
        free(jobs);
        return status;
}

int verb_drain(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_done) Snapshot before = {};
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
        status = wait_until_empty(c, &before, node);
        if (status == STATUS_OK)
                ctl_say(c, "%s is drained. 'distroctl unstandby %s' lets it take part again.", node, node);
        else
                ctl_warning(c,
                                "%s is in standby, but not everything has moved. 'distroctl status' shows "
                                "what has not.",
                                node);
        return status;
}
