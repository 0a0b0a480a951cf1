/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that an agreed rule may see: what all synced members hold alike and do alike. There is no node's id in it, no view, no
 * unit and no file of this node's. A rule that asks "is it me?" does not compile.
 *
 * It changes only when a message is delivered, or a view is decided. */

#include "engine/outlet.h"
#include "engine/state.h"

struct Places;

typedef struct Agreed {
        State state;
        uint64_t now_usec, realtime_usec; /* for deadlines and display; never for a decision */
        Outlet out;
        bool lasting_changed;  /* within the message that is being applied: it gets a revision of its own */
        bool all_dirty;        /* decide.c looks at all applications */
        struct Places *places; /* while decide.c goes through the applications; else NULL */
} Agreed;

/* `node_id` 0: of no node. What the names are, the state says. */
Effect *agreed_note(Agreed *g, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
                _printf_(5, 6);
/* What the bus shows of it may have changed: of an application, once in a step. */
void agreed_changed_app(Agreed *g, App *a);
void agreed_changed_node(Agreed *g, uint32_t node_id);
void agreed_changed(Agreed *g);
/* At the end of a step: between steps no application is marked as told. */
void agreed_end_changed(Agreed *g);
Timer agreed_timer(Agreed *g, uint64_t usec);
