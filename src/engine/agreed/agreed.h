/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that an agreed rule may see: what all synced members hold alike and do alike. There is no node's id in it, no view, no
 * unit and no file of this node's. A rule that asks "is it me?" does not compile.
 *
 * It changes only when a message is delivered, or a view is decided, by the doors (doors.h). */

#include "engine/outlet.h"
#include "engine/state.h"

struct Places;

/* A member of the view: one process. */
typedef struct ViewProcess {
        Member member;
        bool synced;   /* it holds the agreed state, as the votes say */
        bool excluded; /* it did not answer, and was left out */
} ViewProcess;

/* A view that has been decided, as all of its synced members know it. The caller owns the arrays. */
typedef struct DecidedView {
        uint64_t ring_seq;
        const uint32_t *ring_nodes; /* sorted */
        size_t n_ring_nodes;
        const ViewProcess *processes; /* sorted by member */
        size_t n_processes;
} DecidedView;

/* What the wings above have to hear of what was carried out. All members get the same; each knows whether it concerns
 * its own node. */
typedef struct Outcome {
        bool files_dirty; /* what the state says of the nodes' files has changed: each compares its own again */
        bool room;        /* applications were forgotten: files that were refused may fit now */
        bool reload;      /* `reload --all`: every node reads its files again (EFFECT_RELOAD is out) */
        bool command;     /* a command was carried out, or refused: */
        CommandError error;
        char text[256];    /* why it was refused; "" */
        Revision revision; /* holds what it changed */
} Outcome;

typedef struct Agreed {
        State state;
        uint64_t now_usec, realtime_usec; /* for deadlines and display; never for a decision */
        Outlet out;
        bool lasting_changed; /* within the message that is being applied: it gets a revision of its own */
        bool all_dirty;       /* decide.c looks at all applications */
        Outcome outcome;      /* of what is being carried out */
        struct Places *places; /* what is made out for one application and serves the next (place.h); or NULL */
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
/* For qsort() of TimerRefs. */
int timer_ref_compare(const void *a, const void *b);
/* Whether `m`, which is sorted, names this timer. */
bool expiry_names(const ExpiryMessage *m, TimerKind kind, const Timer *t);
