/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The workers' units on this host: starts, stops and kills them through systemd, and tells how each stands. No cluster
 * policy lives here: the engine says what is done and when, the daemon turns what is reported into EVENT_UNIT.
 *
 * All calls are asynchronous, on the system bus that the daemon owns. A unit is known by its application's name and
 * the epoch of the copy that it runs (DISTRO_EPOCH= in its environment, or in its journal fields); one application has at most one unit here.
 *
 *   effect or signal           what happens
 *   units_start()              StartTransientUnit(), mode "fail". UnitExists: a copy of the same epoch is taken as it
 *                              is; a failed rest is reset and the start repeated; another copy at work, or a unit file
 *                              of that name, is REFUSED with the reason
 *   units_stop()               StopUnit(), mode "replace"; repeated while the unit lives and no stop job is at work
 *   units_kill()               StopUnit() (or systemd would restart it), then KillUnit() of all processes; what is left
 *                              after UNITS_SYSTEMD_ANSWER_USEC, counted from a stop before it that was not answered
 *                              either, and at once without a bus, is killed through its
 *                              control group, again and again until it has ended, and systemd is told over its own
 *                              socket not to start it again
 *   a signal, an end of a job  the unit is read again; signals are only hints
 *   bus or systemd away        nothing is concluded; on return everything is read again, calls without an answer are
 *                              repeated where reading shows that they had no effect
 *
 * At most UNITS_JOBS_MAX jobs are at systemd at one time; the rest waits, kills before stops before starts, each in
 * order. Starts leave some room, so that slow ones never hold up a stop. One start and one stop per application wait
 * at most, and UNITS_MAX bounds the applications; at that bound a start is REFUSED.
 *
 * Reports come through `changed`, always from the loop and never from within a call of this module; each state of a
 * copy is reported once, in order. A copy that has ended stays known, and a unit that failed stays with systemd (so that
 * a manager that comes later can read it), until units_forget() or until the application is started again. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "engine/types.h"
#include "systemd/own-job.h"
#include "systemd/unit-start.h"

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
        /* What units_get_part() says of the parts of this application changed. NULL: nobody asks. */
        void (*parts_changed)(const char *app, void *userdata);
        /* All units that exist on this host have been read; comes once. */
        void (*ready)(void *userdata);
        /* Out of memory: what was to be reported is lost, and the caller must give up. */
        void (*failed)(int error, void *userdata);
} UnitsCallbacks;

typedef struct UnitsParameters {
        sd_event *event;          /* a reference is taken */
        UnitsCallbacks callbacks; /* all set, but where NULL is allowed */
        void *userdata;
        const char *own_unit; /* the manager's unit; NULL: found by sd_pid_get_unit(), else distro-manager.service */
        const char *cgroup_root;     /* NULL: /sys/fs/cgroup */
        const char *private_address; /* of systemd's own socket; NULL: it is not used */
        const char *guard_directory; /* of the guard's stamp; NULL: no end is the guard's work */
        const char *dropin_dir;      /* where unit-commands.h keeps commands; NULL: nowhere */
} UnitsParameters;

/* 0, -ENOMEM or what sd-event says. Without a bus until units_attach(). */
int units_new(const UnitsParameters *parameters, Units **ret);
Units *units_free(Units *u);
DEFINE_TRIVIAL_CLEANUP(Units *, units_free)

/* Takes a reference to a bus that is attached to the loop, subscribes and reads everything. Also after a reconnect, with
 * the new bus. 0 or what sd-bus says; then it is as if detached. */
int units_attach(Units *u, sd_bus *bus);
/* The bus is gone, or will be. Nothing is forgotten; calls in flight count as not answered. */
void units_detach(Units *u);
bool units_is_ready(const Units *u);

/* EFFECT_START. Everything is copied. -ENOMEM; -EINVAL: no valid name or epoch 0. Whatever else goes wrong is reported
 * as REFUSED. A start of a copy that is known already only has its state reported again. */
int units_start(Units *u, const UnitStart *start);
/* EFFECT_STOP and EFFECT_KILL of one copy; a unit that runs another one is not touched. -ENOMEM. */
int units_stop(Units *u, const char *app, uint64_t epoch);
int units_kill(Units *u, const char *app, uint64_t epoch);
/* The end of this copy has been delivered: a failed unit is reset and the copy forgotten. Not while it is alive. */
void units_forget(Units *u, const char *app, uint64_t epoch);

/* The view of what is known, sorted by name. units_get() is for 0 <= i < units_count(). */
size_t units_count(const Units *u);
void units_get(const Units *u, size_t i, UnitInfo *ret);
bool units_find(const Units *u, const char *app, UnitInfo *ret);
/* The parts of the copy that is known here, in the order of their start. units_get_part() is for 0 <= i < the count. */
size_t units_count_parts(const Units *u, const char *app);
void units_get_part(const Units *u, const char *app, size_t i, UnitPart *ret);

/* Asks what systemd is doing to this manager, Corosync and the host; see own-job.h. -ENOTCONN without a bus. */
int units_query_own_job(Units *u, OwnJobCallback callback, void *userdata, OwnJobQuery **ret);
const char *units_own_unit(const Units *u);
