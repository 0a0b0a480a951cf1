/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When a command has had its effect. Looks at an application as the bus shows it after the command was
 * committed; knows nothing of the bus. */

#include "ctl/model.h"

typedef enum GoalType {
        GOAL_COMMITTED, /* the manager's answer is all there is to wait for */
        GOAL_RUNNING,
        GOAL_STOPPED,
        GOAL_RESTARTED, /* it runs, with a greater epoch */
        GOAL_MOVED,     /* it runs on `node`; on the best one where that is "" */
        GOAL_AWAY,      /* it has left `node`, and runs elsewhere if it can */
} GoalType;

typedef struct Goal {
        GoalType type;
        const char *node;      /* not owned */
        uint64_t epoch_before; /* when the command was given */
} Goal;

typedef enum Verdict {
        VERDICT_WAIT,
        VERDICT_DONE,
        VERDICT_FAILED,
        VERDICT_STUCK,   /* no end of it is in sight: failed if it stays so for a moment */
        VERDICT_SETTLED, /* nothing is to be done, as it seems: done if it stays so for a moment */
} Verdict;

/* `now` NULL: the application is no longer known. For all but VERDICT_WAIT a text is set that the caller
 * frees: what has happened, as whole sentences. Returns 0 or -ENOMEM. */
int goal_judge(const Goal *goal, const char *app, const AppInfo *now, Verdict *ret, char **ret_text);
