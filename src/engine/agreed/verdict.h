/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What becomes of an application that is to run, has a definition and has no copy that lives: the one answer for who decides
 * and for who shows it. Pure: it changes nothing, and equal states give equal verdicts. */

#include "engine/agreed/agreed.h"

typedef enum AppVerdictKind {
        APP_VERDICT_FORMING, /* the record of the group that has just formed is being written */
        APP_VERDICT_DELAY,   /* its owner was lost, or left in order, and is waited for */
        APP_VERDICT_READING, /* its files are being read */
        APP_VERDICT_BLOCKED, /* something may run somewhere: `why` */
        APP_VERDICT_FAILED,  /* it failed on every node that may run it */
        APP_VERDICT_NOWHERE, /* no node that may run it is there */
        APP_VERDICT_START,   /* on `node`, as `type` */
} AppVerdictKind;

typedef struct AppVerdict {
        AppVerdictKind what;
        Node *node;     /* START */
        StartType type; /* START */
        char why[200];  /* what is noted of BLOCKED, FAILED, NOWHERE; else "" */
} AppVerdict;

/* Why nothing of it can be started anywhere, in words; NULL where nothing is in the way. Points into `buffer`. Without the copy
 * `but`, which would end first, and, where `given_up`, without what `takeover --force` gives up. */
const char *verdict_obstacle(const Agreed *g, const App *a, const Copy *but, bool given_up, char *buffer,
                size_t size_bytes);
/* The same of a start that has been granted, `c`: whether something has come into its way since. */
bool verdict_holds_start(const Agreed *g, const App *a, const Copy *c);
AppVerdict app_verdict(const Agreed *g, const App *a);
