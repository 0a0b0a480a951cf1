/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* What the agreed state asks of the workers of this node, and what they report. */

/* A unit stands so, as systemd says. `unit_digest`: what it was started from, 0: not known, or as before; `reason` may be
 * NULL; `needs_end`: something of it is known that outlives a kill. */
void worker_is(Local *here, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason, bool needs_end);
/* `stop --local`: answers `token`. */
void worker_stop_local(Local *here, uint64_t token, const char *app);
/* What runs here, for the facts; -ENOMEM. */
int worker_facts(const Local *here, FactsMessage *f);

/* ---- what is due ---- */

void worker_stop_cut_off(Local *here);  /* the stops of a node that is cut off */
void worker_stop_older(Local *here);    /* those of a group that waits to be formed */
void worker_tell_restarts(Local *here); /* which of them need one, as this node's files are now */
void worker_reconcile(Local *here);     /* starts, stops and reports as the agreed state has them */
void worker_kill_overdue(Local *here);
uint64_t worker_deadline(const Local *here);
/* engine_fuse_deadline() */
uint64_t worker_fuse_deadline(const Local *here, const char **ret_app);
