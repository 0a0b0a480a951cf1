/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager's deadline in the fuse: set as long as the engine has one, moved on with it, and put out when it has none.
 *
 * It is set before the effects of a step are carried out, since a start rests on it, and moved on when it is FUSE_SLACK_USEC
 * older than the engine's, or when the engine's has stood still for as long: so what a manager that stops leaves behind is early
 * by no more than that, and an idle manager is woken by nothing but its probes. What the fuse answers to a move is read with
 * the next one.
 *
 * A fuse that ends is seen by its process. Until the next one answers, orders go into the table that it left, which that one
 * goes by; then it is told again. Without one the engine knows it. */

#include "daemon/manager-struct.h"

#define FUSE_SLACK_USEC USEC_PER_SEC

int fuse_link_begin(Manager *m);
void fuse_link_drop(Manager *m);
/* Within a step: what its effects may need is set, and nothing is put out. */
void fuse_link_arm(Manager *m);
/* After it, with all that it has brought up. */
void fuse_link_update(Manager *m);
