/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* The commands that were given to this node. Each is answered once. */

void request_submit(Engine *e, uint64_t token, const Command *c);
/* Ours with this number has been carried out, or refused. */
void request_applied(Engine *e, uint64_t seq, const Outcome *o);
void request_forget_sent(Engine *e); /* a new connection: what was sent may or may not have happened */
void request_pump(Engine *e);
uint64_t request_deadline(const Engine *e);
