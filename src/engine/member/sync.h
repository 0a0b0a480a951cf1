/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* Facts and state for those who lack it. */

void sync_facts(Engine *e, Peer *p, const Message *m);
void sync_nodelist(Engine *e, Peer *p, const NodelistMessage *m);
void sync_state(Engine *e, Peer *p, const Message *m);
void sync_send_state(Engine *e, const State *state, bool forms);
void sync_pump(Engine *e);
uint64_t sync_deadline(const Engine *e);
