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
 *   units_stop()               StopUnit(), mode "replace"; repeated while the unit lives and no stop job is at work. Of
 *                              a copy with parts it is its slice that is stopped and killed
 *   units_kill()               StopUnit() (or systemd would restart it), then KillUnit() of all processes; what is left
 *                              after UNITS_SYSTEMD_ANSWER_USEC, counted from a stop before it that was not answered
 *                              either, and at once without a bus, is killed through its
 *                              control group, again and again until it has ended, and systemd is told over its own
 *                              socket not to start it again
 *   a signal, an end of a job  the unit is read again; signals are only hints
 *   bus or systemd away        nothing is concluded; on return everything is read again, calls without an answer are
 *                              repeated where reading shows that they had no effect
 *
 * An application with parts (part-start.h) has its units in a slice of its own. What was started is noted before
 * the call (part-note.h), and every end goes by the note: an end is told when the worker, all parts and their processes have
 * been seen to have ended, with the reason that came first, and is STUCK until then. A part that ends ends the copy: FAILED,
 * with the part's name and its helper's word. A note that is found without a worker is a copy that is stopping.
 *
 * At most UNITS_JOBS_MAX jobs are at systemd at one time; the rest waits, kills before stops before starts, each in
 * order. Starts leave some room, so that slow ones never hold up a stop. One start and one stop per application wait
 * at most, and UNITS_MAX bounds the applications; at that bound a start is REFUSED.
 *
 * Reports come through `changed`, always from the loop and never from within a call of this module; each state of a
 * copy is reported once, in order. A copy that has ended stays known, and a unit that failed stays with systemd, so
 * that a manager that comes later can read it. Both end by units_forget(), or when the application is started again. */

#include <systemd/sd-event.h>

#include "systemd/own-job.h"
#include "systemd/unit-info.h"
#include "systemd/unit-start.h"

typedef struct UnitsParameters {
        sd_event *event;          /* a reference is taken */
        UnitsCallbacks callbacks; /* all set, but where NULL is allowed */
        void *userdata;
        const char *own_unit; /* the manager's unit; NULL: found by sd_pid_get_unit(), else distro-manager.service */
        const char *cgroup_root;     /* NULL: /sys/fs/cgroup */
        const char *private_address; /* of systemd's own socket; NULL: it is not used */
        /* Of the guard's stamp, of what is known of runs, and of the notes of what has parts; NULL: no end is the guard's work, and
         * nothing that has parts is started. */
        const char *guard_directory;
        const char *dropin_dir; /* where unit-commands.h keeps commands; NULL: nowhere */
        const char *helper_dir; /* of the programs of parts; NULL: as installed */
        const char *mountinfo;  /* the file that says what is mounted here; NULL: the process's own */
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
