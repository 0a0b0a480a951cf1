/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An engine that decides nothing: a state that the test writes by hand, and the answers that the bus reads
 * from it. Linked in place of the real engine; the state and its bytes are the real ones. */

#include "engine/engine.h"

struct Engine {
        State state;
        bool synced, formed, quorate, awaits_quorum;
        uint64_t stale_since_usec;
        ViewId view;
        Member members[8];
        size_t n_members;
        const char *waiting[8];
        size_t n_waiting;
};

/* Nodes abc (1), bcd (2), def (3); this one is bcd. Applications: "distro" runs on abc, "idle" is stopped,
 * "local" runs on bcd, "moving" is being started on def. */
void double_init(Engine *e);
void double_done(Engine *e);
/* The state frees what it owns, so the test owns nothing that it adds. */
App *double_add_app(Engine *e, const char *name, const char *description);
void double_remove_app(Engine *e, const char *name);
void double_set_copy(App *app, uint32_t node_id, uint64_t epoch, CopyPhase phase); /* node_id 0: none */
void double_add_mark(App *app, const Mark *mark);
void double_set_permission(App *app, uint32_t node_id, bool allowed);
void double_set_reason(App *app, const char *reason);
