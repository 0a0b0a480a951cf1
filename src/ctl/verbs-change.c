/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What changes the cluster: each is one call or several at once, and the wait for what they bring about. */

#include "ctl/bus-client.h"
#include "ctl/clear-part.h"
#include "ctl/jobs.h"

static Job *jobs_free(Job *jobs, size_t n)
{
        jobs_done(jobs, n);
        free(jobs);
        return NULL;
}

/* The same method for each of the named applications. */
static int command_each(Ctl *c, int argc, char **argv, const char *verb, const char *member, GoalType goal)
{
        size_t n = (size_t) argc - 1;
        Job *jobs;
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        jobs = calloc(n, sizeof(*jobs));
        if (!jobs)
                return ctl_oom(c);
        for (size_t i = 0; i < n && status == STATUS_OK; i++) {
                const char *app = argv[i + 1];

                job_set_doing(jobs + i, "%s %s", verb, app);
                jobs[i].goal.type = goal;
                /* A restart is over when the epoch has grown, so the one before it is asked for. */
                if (goal == GOAL_RESTARTED && !c->options.no_block) {
                        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
                        _cleanup_(app_info_done) AppInfo before = {};

                        r = app_info_fetch(c, app, &error, &before);
                        if (r < 0) {
                                status = bus_failed(c, &error, r, strempty(jobs[i].doing), false);
                                break;
                        }
                        jobs[i].goal.epoch_before = before.epoch;
                }
                r = job_prepare(c, jobs + i, app, member, "s", app);
                if (r < 0)
                        status = bus_failed(c, NULL, r, strempty(jobs[i].doing), false);
        }
        if (status == STATUS_OK)
                status = jobs_run(c, jobs, n);
        jobs_free(jobs, n);
        return status;
}

/* Runs a single job whose call has been prepared with the result `r`, and frees it. */
static int command_one(Ctl *c, Job *job, int r)
{
        int status = r < 0 ? bus_failed(c, NULL, r, strempty(job->doing), false) : jobs_run(c, job, 1);

        jobs_done(job, 1);
        return status;
}

int verb_start(Ctl *c, int argc, char **argv)
{
        return command_each(c, argc, argv, "start", "StartApplication", GOAL_RUNNING);
}

int verb_stop(Ctl *c, int argc, char **argv)
{
        if (c->options.local)
                return command_each(c, argc, argv, "stop --local", "StopLocal", GOAL_COMMITTED);
        return command_each(c, argc, argv, "stop", "StopApplication", GOAL_STOPPED);
}

int verb_restart(Ctl *c, int argc, char **argv)
{
        return command_each(c, argc, argv, "restart", "RestartApplication", GOAL_RESTARTED);
}

int verb_takeover(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(app_info_done) AppInfo before = {};
        const char *app = argv[1], *node = argc > 2 ? argv[2] : "";
        Job job = { .goal = { .type = GOAL_MOVED, .node = node } };
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "move %s to %s", app, *node ? node : "its best node");
        r = app_info_fetch(c, app, &error, &before);
        if (r < 0) {
                status = bus_failed(c, &error, r, strempty(job.doing), false);
                jobs_done(&job, 1);
                return status;
        }
        job.goal.epoch_before = before.epoch;
        return command_one(c, &job,
                        job_prepare(c, &job, app, "TakeoverApplication", "ssb", app, node,
                                        (int) c->options.force));
}

int verb_permit(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(app_info_done) AppInfo before = {};
        const char *app = argv[1], *node = argv[2];
        bool permitted = streq(argv[0], "permit");
        Job job = {};
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "%s %s on %s", argv[0], app, node);
        r = app_info_fetch(c, app, &error, &before);
        if (r < 0) {
                status = bus_failed(c, &error, r, strempty(job.doing), false);
                jobs_done(&job, 1);
                return status;
        }
        /* Forbidding the node where it is moves it away. */
        if (!permitted && streq(before.node, node) && !isempty(before.node))
                job.goal = (Goal){ .type = GOAL_AWAY, .node = node };
        status = command_one(c, &job, job_prepare(c, &job, app, "Permit", "ssb", app, node, (int) permitted));
        if (status == STATUS_OK && permitted && change_node_is_offline(c, node))
                ctl_say(c, "%s is offline; it may run %s when it is back.", node, app);
        return status;
}

bool change_node_is_offline(Ctl *c, const char *name)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(node_info_done) NodeInfo node = {};

        return node_info_fetch(c, name, &error, &node) >= 0 && streq(node.state, "offline");
}

int verb_standby(Ctl *c, int argc, char **argv)
{
        bool standby = streq(argv[0], "standby");
        Job job = {};
        int status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, standby ? "put %s into standby" : "take %s out of standby", argv[1]);
        status = command_one(c, &job, job_prepare(c, &job, NULL, "SetStandby", "sb", argv[1], (int) standby));
        if (status != STATUS_OK)
                return status;
        if (change_node_is_offline(c, argv[1]))
                ctl_say(c,
                                standby ? "%s is offline; it is in standby when it is back."
                                        : "%s is offline; it will take part when it is back.",
                                argv[1]);
        else
                ctl_say(c, standby ? "%s is in standby." : "%s takes part again.", argv[1]);
        return STATUS_OK;
}

int verb_forget(Ctl *c, int argc, char **argv)
{
        Job job = {};
        int status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "forget %s", argv[1]);
        status = command_one(c, &job, job_prepare(c, &job, NULL, "ForgetNode", "s", argv[1]));
        if (status == STATUS_OK)
                ctl_say(c, "%s is forgotten.", argv[1]);
        return status;
}

int verb_maintenance(Ctl *c, int argc, char **argv)
{
        const char *app = c->options.all ? "" : argv[1], *word = argv[argc - 1];
        bool on = streq(word, "on");
        Job job = {};
        int status;

        if ((argc == 2) != c->options.all || (!on && !streq(word, "off"))) {
                ctl_error(c, "Usage: distroctl maintenance APP on|off, or distroctl maintenance --all "
                             "on|off");
                return STATUS_USAGE;
        }
        status = ctl_connect(c);
        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "switch maintenance of %s %s", c->options.all ? "all applications" : app, word);
        status = command_one(c, &job, job_prepare(c, &job, NULL, "SetMaintenance", "sb", app, (int) on));
        if (status == STATUS_OK)
                ctl_say(c,
                                on ? "Maintenance is on for %s: nothing is started, stopped or moved until 'off'."
                                   : "Maintenance is off for %s; what runs is left running.",
                                c->options.all ? "all applications" : app);
        return status;
}

int verb_clear(Ctl *c, int argc, char **argv)
{
        const char *app, *node;
        Job job = {};
        int status;

        if (c->options.part && (argc != 3 || c->options.all)) {
                ctl_error(c, "Usage: distroctl clear --part APP PART");
                return STATUS_USAGE;
        }
        if (c->options.part)
                return clear_part(c, argv[1], argv[2]);
        if (c->options.all && argc > 2) {
                ctl_error(c, "Usage: distroctl clear [APP] [NODE], or distroctl clear --all [NODE]");
                return STATUS_USAGE;
        }
        app = !c->options.all && argc > 1 ? argv[1] : "";
        node = c->options.all && argc > 1 ? argv[1] : !c->options.all && argc > 2 ? argv[2] : "";
        status = ctl_connect(c);
        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "clear the marks of %s%s%s", *app ? app : "all applications", *node ? " on " : "",
                        node);
        return command_one(c, &job, job_prepare(c, &job, NULL, "ClearFailures", "ss", app, node));
}

int change_reload(Ctl *c)
{
        Job job = {};

        job_set_doing(&job, "reload the files%s", c->options.all ? " of all nodes" : "");
        return command_one(c, &job, job_prepare(c, &job, NULL, "Reload", "b", (int) c->options.all));
}

int verb_form(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo before = {};
        _cleanup_free_ char *missing = NULL;
        Job job = {};
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        job_set_doing(&job, "form the group");
        r = manager_info_fetch(c, &error, &before);
        if (r < 0) {
                status = bus_failed(c, &error, r, strempty(job.doing), false);
                jobs_done(&job, 1);
                return status;
        }
        missing = strings_join(&before.waiting_for, ", ");
        if (!missing) {
                jobs_done(&job, 1);
                return ctl_oom(c);
        }
        status = command_one(c, &job, job_prepare(c, &job, NULL, "Form", ""));
        if (status == STATUS_OK && before.formed)
                ctl_say(c, "The group has formed already.");
        else if (status == STATUS_OK)
                ctl_say(c, "The group forms%s%s.", isempty(missing) ? "" : " without the records of ",
                                missing);
        return status;
}
