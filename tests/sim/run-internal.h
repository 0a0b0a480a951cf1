/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that run a plan share. */

#include "plan.h"

typedef struct Run {
        const Plan *plan;
        World *world;
        CheckApp apps[PLAN_APPS_MAX];
        CheckConfig config;
        const CheckClass *classes[13];
        void *judges[13];
        const char *judge; /* whose finding came first */
        Findings findings;
        uint64_t *digest;  /* NULL: nobody wants it */
        bool upgrading;    /* managers of another version were installed */
        uint64_t reported; /* nodes whose version the group knew before: bit i is node i + 1 */
} Run;

/* run.c */
void *judge_of(const Run *r, const CheckClass *class);
void demand(Run *r, const char *format, ...) _printf_(2, 3);

/* run-acts.c: each act in its time; 0, -ENOMEM or -ELOOP. */
int run_acts(Run *r, FILE *trace);

/* run-progress.c */
void heal(Run *r);
void end_all_for_good(Run *r);             /* the nodes or managers that stay dead */
const Engine *synced_engine(const Run *r); /* of a quorate member; NULL: there is none */
int demand_progress(Run *r);
void remark_nodes(Run *r); /* how things stand, for the reader of a failure */
