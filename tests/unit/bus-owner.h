/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The owner of a BusServer: it has an engine, answers as the test says, and notes what it was asked to do. Its files are a
 * right one of "distro" and a wrong one of "bad"; of units it knows "local" alone, and the parts of one application. */

#include <sys/types.h>

#include "bus/bus.h"

typedef struct BusOwner {
        /* What the test sets. */
        const Engine *engine;
        BusServer *server; /* for its answers; NULL: it is asked for none */
        BusLocal local;
        uint64_t now_usec;
        bool local_active;     /* "local" has a unit here */
        const char *parts_app; /* NULL: no file has parts */
        const BusPart *parts;  /* of its copy here */
        size_t n_parts;
        bool hold;           /* no answer by itself */
        int result;          /* negative: refuse */
        CommandError answer; /* else answer at once with this */
        const char *answer_text;

        bool name_known;
        int name_error;

        /* What it was asked to do. */
        unsigned n_submitted, n_reloads, n_stops;
        unsigned n_freed; /* told that memory was given up */
        unsigned n_looks; /* at the engine */
        uint64_t token;   /* of the last */
        Command command;  /* the last; owned */

        char asked[16][320]; /* who asked for what, in order */
        unsigned n_asked;
        char comm[16]; /* of the last one */
        uint32_t pid;
} BusOwner;

/* With a BusOwner as userdata. */
extern const BusOps bus_owner_ops;

void bus_owner_done(BusOwner *o);
