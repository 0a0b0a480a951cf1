/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* A node's start, from the first connection to READY=1. */

/* The nodes of SyncMandatory= or SyncOptional= but for this one. -EINVAL: a name that the nodelist lacks; -ENOMEM. */
int startup_take_names(Local *here, const char *const *names, size_t n, uint32_t **ret, size_t *ret_n);
void startup_pump(Local *here); /* waits, gives up, or takes part */
uint64_t startup_deadline(const Local *here);
/* The guard is called off. */
void startup_tell_synced(Local *here);
