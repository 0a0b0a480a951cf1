/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* A node without a guard gets no starts, and one without a fuse none of what outlives a kill: it says so, and when it has one
 * again. */
void guarded_is(Local *here, bool guarded);
void guarded_fuse_is(Local *here, bool fused);
void guarded_tell(Local *here);
/* This node has said that it has none of what this copy needs, and has none. */
bool guarded_lacks(const Local *here, const Node *own, const Copy *c);
