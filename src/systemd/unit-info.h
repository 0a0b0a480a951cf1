/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What units.h tells of workers' units, by which callbacks, and the bounds within which it works. The files behind
 * units.h see this, and units.h includes it. */

#include "engine/types.h"

#define UNITS_JOBS_MAX 64u       /* jobs at systemd that have not ended */
#define UNITS_START_JOBS_MAX 48u /* of them starts */
#define UNITS_READS_MAX 24u      /* reads without an answer */
#define UNITS_KILLS_MAX 16u      /* calls of KillUnit() without an answer */
#define UNITS_MAX APPS_MAX
#define UNITS_SYSTEMD_ANSWER_USEC USEC_PER_SEC
#define UNITS_KILL_REPEAT_USEC (250 * USEC_PER_MSEC)

typedef struct Units Units;

/* How a copy stands. Pointers are valid until the callback returns, or, from units_find() and units_get(), until the
 * next turn of the loop. */
typedef struct UnitInfo {
        const char *app;
        const char *unit; /* the unit's name */
        uint64_t epoch;
        UnitState state;
        const char *reason;           /* of FAILED, REFUSED and STUCK; else NULL */
        const uint8_t *invocation_id; /* 16 bytes, all 0: not known */
        uint64_t unit_digest;         /* UnitStart.digest of the copy; 0: not known */
        bool needs_end;               /* something of it outlives a kill, as its note says */
} UnitInfo;

/* A part of a copy as it stands; the pointers as of UnitInfo. */
typedef struct UnitPart {
        const char *kind, *id, *name; /* see Part */
        const char *state;            /* systemd's ActiveState; "unknown" until it was read */
        uint64_t since_usec;          /* in that state since then, CLOCK_REALTIME; 0: not known */
        const char *text;             /* its helper's STATUS=, or why it ended; "" */
} UnitPart;

typedef struct UnitsCallbacks {
        /* A copy's state changed. Copies found at the first listing are reported too, before `ready`. A copy that was
         * asked to stop and is not there is reported as STOPPED. */
        void (*changed)(const UnitInfo *info, void *userdata);
        /* What units_get_part() says of the parts of this application changed. NULL: it is not asked for. */
        void (*parts_changed)(const char *app, void *userdata);
        /* All units that exist on this host have been read; comes once. */
        void (*ready)(void *userdata);
        /* Out of memory: what was to be reported is lost, and the caller must give up. */
        void (*failed)(int error, void *userdata);
} UnitsCallbacks;
