/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* This node's own files, as its adapter read them last, and what the group has not heard of them. */

void files_set(Engine *e, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors);
/* By binary search; NULL: there is none. */
const LocalDefinition *files_find(const Engine *e, const char *app);
/* A worker of this node that was started from something else than its file would start now. */
bool files_unit_differs(const Engine *e, const LocalUnit *u);
/* Those that can be used; the caller frees the list. NULL sets oom. */
const Definition **files_good(Engine *e, size_t *ret_n);

bool files_differ(const Engine *e); /* from what the state says of them */
/* Tells the group. False: it lacks some still, so that this member is not in step. */
bool files_pump(Engine *e);
/* Ours have been delivered: what was refused is not told again as long as nothing else changes. */
void files_delivered(Engine *e, const DefinitionsMessage *m);
/* What was refused for want of room is told once more. */
void files_ask_again(Engine *e);
