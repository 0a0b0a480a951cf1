/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sends commands and waits for what they bring about: one turn of an event loop over the bus, the signals
 * that end the tool, and a line of progress on a terminal. Nothing is polled; what changed is read again when
 * the bus says that it changed. */

#include "ctl/goal.h"

typedef struct JobRun JobRun;

typedef struct Job {
        /* Filled in by the verb. */
        const char *app;      /* NULL: about no single application; the goal is GOAL_COMMITTED then */
        char *doing;          /* "start web": completes "Cannot …"; owned */
        sd_bus_message *call; /* what is asked; owned. NULL: was asked already, only the wait is wanted */
        Goal goal;

        /* Of jobs_run(). */
        JobRun *run;
        char *path;
        sd_bus_slot *call_slot, *fetch_slot;
        AppInfo now; /* as it was read last */
        bool known;  /* `now` has been read */
        bool committed, fetching, stale, done;
        int status;      /* once done */
        char *rest_text; /* the last verdict was VERDICT_STUCK or VERDICT_SETTLED, with this text */
        bool rest_is_failure;
        uint64_t rest_usec; /* since then */
} Job;

/* Makes the call. `arguments` are those of `types`, as for sd_bus_message_append(). Returns 0 or a negative
 * errno. */
int job_prepare(Ctl *c, Job *job, const char *app, const char *member, const char *types, ...);
void job_set_doing(Job *job, const char *format, ...) _printf_(2, 3);
void jobs_done(Job *jobs, size_t n);

/* Runs all of them, at once but for a bound on calls without an answer. Prints what becomes of each; returns the worst of their statuses. After Ctrl-C it
 * says what goes on without it, and ends the process by that signal. */
int jobs_run(Ctl *c, Job *jobs, size_t n);
