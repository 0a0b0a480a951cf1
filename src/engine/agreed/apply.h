/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a delivered message changes in the agreed state. */

#include "engine/agreed/agreed.h"

void apply_message(Agreed *g, const Member *sender, const Message *m);
void apply_formed(Agreed *g); /* after all facts: one copy of each application */
void apply_finish(Agreed *g); /* after each message: decide, count the revision, commit */
