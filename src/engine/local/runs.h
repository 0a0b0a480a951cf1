/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* The units of this node, by application and epoch. They are what systemd said last; the agreed state may not know them, and
 * may know others. */

/* A unit of this node. */
struct LocalUnit {
        char *app;
        uint64_t epoch;
        UnitState state;
        char *reason;
        bool stop_issued; /* EFFECT_STOP is out */
        bool kill_issued;
        uint64_t kill_usec; /* when it has to be gone; USEC_INFINITY: systemd's own timeout is enough */
        UnitState reported; /* RESULT under way; UNIT_NONE: none */
        SentIn reported_in;
        bool needs_end;       /* something of it outlives a kill, as it was granted, or as its unit says */
        uint64_t unit_digest; /* what it was started from; 0: not known */
        bool restart_told_needed; /* whether a restart is needed, as it was told */
        SentIn restart_told_in;

        uint64_t state_usec; /* since when it is in `state` */
        bool restarted; /* systemd has started it again, and it has not run for RESTART_SETTLED_USEC since */
        bool restarted_again;        /* ... more than once */
        uint64_t restarts_told_usec; /* the group was told so last */
        SentIn restarts_told_in;
};

/* NULL: there is none. Valid until the next one is added or removed. */
LocalUnit *runs_find(const Local *here, const char *app, uint64_t epoch);
/* One that does not stand there yet; NULL sets oom. */
LocalUnit *runs_add(Local *here, const char *app, uint64_t epoch);
void runs_end(Local *here);
void runs_remove(Local *here, LocalUnit *u);
bool runs_any_alive(const Local *here);
bool runs_app_is_alive(const Local *here, const char *app);
bool runs_in_maintenance(const Local *here, const char *app);
/* The same where this node is cut off: what the others may not know of does not hold them up. */
bool runs_left_alone(const Local *here, const char *app);
/* Asks for its stop, once, and for its end by `kill_usec` (USEC_INFINITY: systemd's own timeout is enough). */
void runs_stop(Local *here, LocalUnit *u, uint64_t kill_usec);
