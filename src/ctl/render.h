/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The screens of `status` and `watch`, and the JSON of the same data. From plain structs to a stream, nothing
 * else, so that tests can compare the text. All return 0 or -ENOMEM. */

#include "ctl/model.h"

typedef struct RenderOptions {
        Style style;
        Moment now;
        bool legend;         /* headers and hints */
        bool full;           /* cut nothing */
        const char *caution; /* of manager_caution() */
        const char *address; /* what is wrong with a ring address here, of verify_addresses(); NULL: nothing that is known */
} RenderOptions;

/* As the options of the command line say; the moment is now. */
RenderOptions render_options(const Ctl *c);

/* One screen: this node, quorum, warnings, nodes, applications. */
int render_overview(FILE *f, const RenderOptions *o, const Snapshot *s);
/* All about one application. `own`: the node of the manager that was asked. `eligibility` may be empty. */
int render_app(FILE *f, const RenderOptions *o, const AppInfo *a, const char *own,
                const NodeEligibility *eligibility, size_t n_eligibility);
int render_node(FILE *f, const RenderOptions *o, const NodeInfo *n, const char *own);
int render_app_list(FILE *f, const RenderOptions *o, const AppInfo *const *apps, size_t n);
int render_node_list(FILE *f, const RenderOptions *o, const NodeInfo *const *nodes, size_t n);
int render_eligibility(FILE *f, const RenderOptions *o, unsigned indent, const NodeEligibility *e, size_t n);

/* Why it is as it is and what is left of the time, in one line: "node def was lost (3.2s left); held". ""
 * where there is nothing to say; the caller frees; NULL without memory. */
char *app_remark(const AppInfo *a, const Moment *now);
/* "abc {bcd def}" */
char *app_tiers(const AppInfo *a);
/* Why what this manager shows may be old, and how old it is; NULL where it is not. May be in `buffer`. */
#define CAUTION_MAX 256u
const char *manager_caution(const ManagerInfo *m, const Moment *now, char buffer[CAUTION_MAX]);
/* What an administrator should know of how quorum is configured; NULL: nothing. The strings are constant. */
size_t quorum_warnings(const ManagerInfo *m, const char **ret, size_t n_max);
/* What keeps the node from getting anything new, though it is there; NULL: nothing. Constant. */
const char *node_warning(const NodeInfo *n);

/* The schema is in distroctl(1). */
void json_known(Json *j, const Known *k); /* "stale" and "stale_since_usec" */
void json_manager(Json *j, const char *key, const ManagerInfo *m);
/* With `eligibility` NULL that member is left out. */
void json_app(Json *j, const char *key, const AppInfo *a, const Moment *now,
                const NodeEligibility *eligibility, size_t n_eligibility);
void json_eligibility(Json *j, const char *key, const NodeEligibility *e, size_t n, const Known *known);
void json_node(Json *j, const char *key, const NodeInfo *n);
void json_snapshot(Json *j, const Snapshot *s, const Moment *now);
