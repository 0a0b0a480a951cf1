/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* What the agreed state asks of the workers of this node, and what they report. */

/* A unit stands so, as systemd says. `unit_digest`: what it was started from, 0: not known, or as before; `reason` may be
 * NULL. */
void worker_is(Engine *e, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason);
/* `stop --local`: answers `token`. */
void worker_stop_local(Engine *e, uint64_t token, const char *app);
/* What runs here, for the facts; -ENOMEM. */
int worker_facts(const Engine *e, FactsMessage *f);

/* ---- what is due ---- */

void worker_stop_cut_off(Engine *e);  /* the stops of a node that is cut off */
void worker_stop_older(Engine *e);    /* those of a group that waits to be formed */
void worker_tell_restarts(Engine *e); /* which of them need one, as this node's files are now */
void worker_reconcile(Engine *e);     /* starts, stops and reports as the agreed state has them */
void worker_kill_overdue(Engine *e);
uint64_t worker_deadline(const Engine *e);
