/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which copy a run of a worker's unit is, kept in `directory`; see unit-run.c. An id is systemd's InvocationID. */

#include "engine/types.h"

void run_id_text(const uint8_t id[static 16], char ret[static 33]);
/* 0 or a negative errno: then the unit's properties alone tell. */
int unit_run_keep(const char *directory, const char *app, const uint8_t id[static 16], uint64_t epoch);
/* 0: nothing is kept of this run. */
uint64_t unit_run_epoch(const char *directory, const char *app, const uint8_t id[static 16]);
void unit_run_forget(const char *directory, const char *app);
