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

AppVerdict app_verdict(const Agreed *g, const App *a);
