/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that an agreed rule may see: what all synced members hold alike and do alike. There is no node's id in it, no view, no
 * unit and no file of this node's. A rule that asks "is it me?" does not compile.
 *
 * It changes only when a message is delivered, or a view is decided, by the doors below. */

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

/* What the wings above have to hear of what was carried out. All members get the same; whom it concerns, they know. */
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
        bool lasting_changed;  /* within the message that is being applied: it gets a revision of its own */
        bool all_dirty;        /* decide.c looks at all applications */
        Outcome outcome;       /* of what is being carried out */
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

/* ---- the doors. Each is followed by decisions and by the count of the revision ---- */

/* A message was delivered in a view that is decided. One that refers to something that the state does not have changes
 * nothing. */
Outcome agreed_message(Agreed *g, const Member *sender, const Message *m);
Outcome agreed_view(Agreed *g, const DecidedView *v);
/* This node's member has lost quorum after the view was decided: it is not synced any more. */
Outcome agreed_revoked(Agreed *g, uint32_t node_id);

/* Forming: first the facts of all members in the order delivered, then those that are synced by that, then the end, which
 * leaves one copy of each application. */
void agreed_form_facts(Agreed *g, const Member *sender, const FactsMessage *f);
bool agreed_form_synced(Agreed *g, const Member *member); /* false: it has not reported */
Outcome agreed_formed(Agreed *g);

/* A state that came by message is the agreed one from now on. Takes the contents of *s. */
void agreed_install(Agreed *g, State *s);
