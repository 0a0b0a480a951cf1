/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is to be done with an application, and why: the one answer for all that decide it, carry it out or show it. Pure: it
 * changes nothing, and equal states give equal verdicts.
 *
 *   decide_app() .......... carries it out
 *   engine_app_status() ... its words, beside what its copy does; so do the bus and `simulate`
 *   place_explain() ....... why a better node does not take it over
 *   command_check() ....... what a takeover or a restart by hand would come to
 *   worker_start() ........ whether a start that was granted still may be */

#include "engine/agreed/agreed.h"

typedef enum AppVerdictKind {
        /* It is not to run: what lives is stopped. */
        APP_VERDICT_FINISHED, /* its worker ended by itself */
        APP_VERDICT_HALTED,   /* it failed, and FailureAction=stop */
        APP_VERDICT_STOPPED,  /* by command, or Enabled=no */

        /* It is left as it is. */
        APP_VERDICT_MAINTENANCE,
        APP_VERDICT_OWED,    /* it lives, and a node has not reported after a maintenance: `why` */
        APP_VERDICT_NO_FILE, /* no node has a file for it that can be used */
        APP_VERDICT_ORPHAN,  /* no node that is there has a file for it */
        APP_VERDICT_FORMING, /* the record of the group that has just formed is being written */

        /* It is to run, and no copy lives. */
        APP_VERDICT_DELAY,   /* its owner was lost, or left in order, and is waited for */
        APP_VERDICT_READING, /* its files are being read */
        APP_VERDICT_BLOCKED, /* something may run somewhere: `why` */
        APP_VERDICT_FAILED,  /* it failed on every node that may run it */
        APP_VERDICT_NOWHERE, /* no node that may run it is there */
        APP_VERDICT_START,   /* on `node`, as `type` */

        /* It is to run, and a copy lives: `at`. */
        APP_VERDICT_TWO, /* two do: a start-first takeover, which ends by what its copies report */
        APP_VERDICT_SILENT, /* the manager of its node does not answer, or is gone: nothing can be done with it */
        APP_VERDICT_ENDING, /* it is being stopped */
        APP_VERDICT_MOVE, /* it goes away, `move`: to `node`; NULL: to the placement's choice when it has ended */
        APP_VERDICT_BETTER, /* `node` takes it over when TakeoverDelaySec= is over; `why`: what stands against that */
        APP_VERDICT_STAYS,
} AppVerdictKind;

typedef struct AppVerdict {
        AppVerdictKind what;
        bool left_alone; /* in maintenance, or a node has not reported after one: nothing of this is carried out */
        Copy *at;        /* the copy that is the application's; NULL: none lives */
        Node *node;      /* START, MOVE, BETTER */
        StartType type;   /* START */
        const char *move; /* MOVE: why, a literal */
        char why[200];    /* OWED, BLOCKED, FAILED, NOWHERE, BETTER; else "" */
} AppVerdict;

AppVerdict app_verdict(const Agreed *g, const App *a);
bool verdict_is_down(const AppVerdict *v); /* FINISHED, HALTED or STOPPED */
/* What `takeover` would come to, for an application that is to run: TWO, SILENT, FORMING, BLOCKED, NOWHERE, START, MOVE, or,
 * where it is there already, STAYS. `to`: a node that may run it, maybe after its mark is forgotten; NULL: the best one. */
AppVerdict verdict_taken_over(const Agreed *g, const App *a, Node *to, bool force);
/* What a stop of `at` for a start on `node` would come to: FORMING, BLOCKED or MOVE. */
AppVerdict verdict_moved(const Agreed *g, const App *a, Copy *at, Node *node, bool force);
/* It does not go to `n` by itself: it is held against that node, or against one that is better still. */
bool verdict_is_held(const Agreed *g, const App *a, const Node *n);

/* Why nothing of it can be started anywhere, in words; NULL where nothing is in the way. Points into `buffer`. Without the copy
 * `but`, which would end first, and, where `given_up`, without what `takeover --force` gives up. */
const char *verdict_obstacle(const Agreed *g, const App *a, const Copy *but, bool given_up, char *buffer,
                size_t size_bytes);
/* The same of a start that has been granted, `c`: whether something has come into its way since. */
bool verdict_holds_start(const Agreed *g, const App *a, const Copy *c);
