/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/runs.h"

/* This node's own files, as its adapter read them last, and what the group has not heard of them. */

/* A definition of this node's own files. */
struct LocalDefinition {
        Definition definition; /* where the file is right */
        uint64_t unit_digest;  /* 0: not known */
        char *app;
        char *error;         /* where it is wrong; else NULL */
        uint32_t wrong_line; /* the file has become wrong, and this is the last good one; 0: it is right */
        SentIn refused_in;   /* the agreed state has no room for it */
};

void files_end(Local *here);
/* `again`: they are being read once more, so that they answer no reload. */
void files_set(Local *here, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors, bool again);
/* By binary search; NULL: there is none. */
const LocalDefinition *files_find(const Local *here, const char *app);
/* A worker of this node that was started from something else than its file would start now. */
bool files_unit_differs(const Local *here, const LocalUnit *u);
/* Those that can be used; the caller frees the list. NULL sets oom. */
const Definition **files_good(Local *here, size_t *ret_n);

bool files_differ(const Local *here); /* from what the state says of them */
/* Tells the group. False: it lacks some still, so that this member is not in step. */
bool files_pump(Local *here);
/* Ours have been delivered: what was refused is not told again as long as nothing else changes. */
void files_delivered(Local *here, const DefinitionsMessage *m);
/* What was refused for want of room is told once more. */
void files_ask_again(Local *here);
