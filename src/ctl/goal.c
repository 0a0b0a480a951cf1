/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/goal.h"

#include <stdarg.h>

static int verdict(Verdict v, Verdict *ret, char **ret_text, const char *format, ...) _printf_(4, 5);

static int verdict(Verdict v, Verdict *ret, char **ret_text, const char *format, ...)
{
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(ret_text, format, args);
        va_end(args);
        if (r < 0) {
                *ret_text = NULL;
                return -ENOMEM;
        }
        *ret = v;
        return 0;
}

static bool state_is(const AppInfo *a, const char *state)
{
        return streq(a->state, state);
}

/* ": why", or nothing. */
#define WHY_FORMAT "%s%s"
#define WHY(a) (isempty((a)->reason) ? "" : ": "), (a)->reason

static int judge_runs(const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        return verdict(VERDICT_DONE, ret, ret_text, "%s runs on %s (%s%s%s).", app, now->node,
                        isempty(now->start_type) ? "normal" : now->start_type,
                        isempty(now->from_node) ? "" : " from ", now->from_node);
}

/* What all goals that want it to run have in common: the states in which it does not. */
static int judge_not_running(const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        if (state_is(now, "failed"))
                return verdict(VERDICT_FAILED, ret, ret_text,
                                "%s has failed" WHY_FORMAT
                                ". 'distroctl status %s' says where; 'distroctl clear %s' lets it try again.",
                                app, WHY(now), app, app);
        if (state_is(now, "finished"))
                return verdict(VERDICT_DONE, ret, ret_text, "%s ran and has finished.", app);
        if (state_is(now, "starting") && !now->known.stale && !isempty(now->reason))
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s does not get to run on %s" WHY_FORMAT
                                ". systemd goes on trying; 'journalctl -u %s' on %s shows why it ends.",
                                app, now->node, WHY(now), now->unit, now->node);
        if (state_is(now, "waiting") && now->deadline_usec == USEC_INFINITY)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s waits, for ever" WHY_FORMAT ". 'distroctl takeover %s' starts it now.",
                                app, WHY(now), app);
        if (state_is(now, "blocked") && now->deadline_usec == USEC_INFINITY)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s cannot run now" WHY_FORMAT
                                ". The command is in force: it runs as soon as it can. "
                                "'distroctl explain %s' says what each node lacks.",
                                app, WHY(now), app);
        if (state_is(now, "stopped"))
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s is stopped" WHY_FORMAT
                                ". Another command may have come in between; 'distroctl status %s' shows it.",
                                app, WHY(now), app);
        *ret = VERDICT_WAIT;
        return 0;
}

static int judge_stopped(const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        if (state_is(now, "stopped") || state_is(now, "finished") || state_is(now, "failed"))
                return verdict(VERDICT_DONE, ret, ret_text, "%s is stopped.", app);
        if (state_is(now, "blocked") && now->deadline_usec == USEC_INFINITY)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s does not stop" WHY_FORMAT ". 'distroctl status %s' shows where; "
                                "'systemctl kill --signal=SIGKILL %s' there "
                                "ends it.",
                                app, WHY(now), app, now->unit);
        if (state_is(now, "running") && now->maintenance)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s is in maintenance and left alone. 'distroctl maintenance %s off' ends "
                                "that.",
                                app, app);
        *ret = VERDICT_WAIT;
        return 0;
}

static bool has_failure(const AppInfo *a, const char *node)
{
        for (size_t i = 0; i < a->n_failures; i++)
                if (streq(a->failures[i].node, node))
                        return true;
        return false;
}

static int judge_moved(const Goal *goal, const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        bool is_new = now->epoch > goal->epoch_before;

        if (!state_is(now, "running"))
                return judge_not_running(app, now, ret, ret_text);
        if (isempty(goal->node) && !is_new)
                return verdict(VERDICT_SETTLED, ret, ret_text, "%s stays on %s: no better node takes it.",
                                app, now->node);
        if (isempty(goal->node) || streq(now->node, goal->node))
                return judge_runs(app, now, ret, ret_text);
        /* A takeover by hand clears the mark first, so one that is there now is new. */
        if (has_failure(now, goal->node))
                return verdict(VERDICT_FAILED, ret, ret_text,
                                "%s could not be started on %s and runs on %s" WHY_FORMAT
                                ". 'journalctl -u %s' on %s shows why.",
                                app, goal->node, now->node, WHY(now), now->unit, goal->node);
        if (is_new)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s runs on %s, not on %s" WHY_FORMAT
                                ". 'distroctl explain %s' says what each node lacks.",
                                app, now->node, goal->node, WHY(now), app);
        *ret = VERDICT_WAIT; /* start-first: the old copy runs until the new one does */
        return 0;
}

/* Every other node of Nodes= is forbidden or has failed. With TakeoverMode=start-first the old copy then
 * stays. */
static bool nobody_else_can(const AppInfo *a, const char *node)
{
        for (size_t i = 0; i < a->n_tiers; i++)
                for (size_t k = 0; k < a->tiers[i].n; k++) {
                        const char *other = a->tiers[i].items[k];
                        bool forbidden = false;

                        for (size_t l = 0; l < a->n_permissions; l++)
                                forbidden |= streq(a->permissions[l].node, other) &&
                                             !a->permissions[l].allowed;
                        if (!streq(other, node) && !forbidden && !has_failure(a, other))
                                return false;
                }
        return a->n_tiers > 0;
}

static int judge_away(const Goal *goal, const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        bool here = streq(now->node, goal->node);

        if (here && now->maintenance)
                return verdict(VERDICT_FAILED, ret, ret_text,
                                "%s stays on %s: it is in maintenance. 'distroctl maintenance %s off' lets "
                                "it move.",
                                app, goal->node, app);
        if (here && state_is(now, "orphan"))
                return verdict(VERDICT_FAILED, ret, ret_text,
                                "%s stays on %s: no node has its file any more. 'distroctl stop %s' ends it.",
                                app, goal->node, app);
        if (state_is(now, "running") && !here)
                return judge_runs(app, now, ret, ret_text);
        if (state_is(now, "running") && nobody_else_can(now, goal->node))
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "%s stays on %s: no other node may run it. 'distroctl explain %s' says what "
                                "each one lacks.",
                                app, goal->node, app);
        if (state_is(now, "stopped"))
                return verdict(VERDICT_DONE, ret, ret_text, "%s is stopped.", app);
        return judge_not_running(app, now, ret, ret_text);
}

int goal_judge(const Goal *goal, const char *app, const AppInfo *now, Verdict *ret, char **ret_text)
{
        *ret_text = NULL;
        if (!now)
                return goal->type == GOAL_STOPPED || goal->type == GOAL_AWAY
                                       ? verdict(VERDICT_DONE, ret, ret_text,
                                                         "%s is stopped and forgotten: no node has its file.",
                                                         app)
                                       : verdict(VERDICT_FAILED, ret, ret_text,
                                                         "%s is no longer known: its files are gone from all "
                                                         "nodes.",
                                                         app);
        /* Whether it comes to what was asked for this node hears no more. */
        if (state_is(now, "unknown") && goal->type != GOAL_COMMITTED)
                return verdict(VERDICT_STUCK, ret, ret_text,
                                "What becomes of %s is not known on this node any more" WHY_FORMAT
                                ". The command is in force; 'distroctl status %s' on another node shows the rest.",
                                app, WHY(now), app);
        switch (goal->type) {
        case GOAL_COMMITTED:
                *ret = VERDICT_DONE;
                return 0;
        case GOAL_RUNNING:
                return state_is(now, "running") ? judge_runs(app, now, ret, ret_text)
                                                : judge_not_running(app, now, ret, ret_text);
        case GOAL_RESTARTED:
                if (now->epoch > goal->epoch_before && state_is(now, "running"))
                        return judge_runs(app, now, ret, ret_text);
                if (now->epoch > goal->epoch_before || !state_is(now, "finished"))
                        return judge_not_running(app, now, ret, ret_text);
                *ret = VERDICT_WAIT; /* the old copy has finished; the new one comes */
                return 0;
        case GOAL_STOPPED:
                return judge_stopped(app, now, ret, ret_text);
        case GOAL_MOVED:
                return judge_moved(goal, app, now, ret, ret_text);
        case GOAL_AWAY:
                return judge_away(goal, app, now, ret, ret_text);
        }
        return -EINVAL;
}
