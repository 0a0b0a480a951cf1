/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guard: while no manager is there to obey the group, it ends this node's workers before the peers, who wait for
 * ManagerGraceSec=, start them elsewhere. After half of the grace it stops them, after three quarters it kills them;
 * workers in maintenance are left alone. It does not depend on the manager, nor on a working bus.
 *
 *   ExecStopPost= of the manager's unit   guard_arm(): notes the moment, starts distro-guard.service
 *   its OnFailure=, its ExecStartPre=     the same, for where ExecStopPost= did not live to do it: before an end without
 *                                         another manager, and before the next one, which can hang before it is synced
 *   distro-guard.service                  guard_run(): waits for the two moments and acts
 *   the next manager, once synced         guard_disarm(): stops distro-guard.service, forgets the moment
 *   the manager, at work                  guard_file_write() whenever the grace or what is in maintenance changes
 *
 * The grace counts from the FIRST end of a manager since one was synced: arming what is armed changes nothing, and a
 * manager that comes back and dies again before it is synced does not win time. Two files in the manager's runtime
 * directory carry all of it; that directory has to outlive the unit (RuntimeDirectoryPreserve=yes):
 *
 *   guard         "grace=USEC", then a line "maintenance=NAME" for each; replaced as a whole
 *   guard.stamp   "ended=USEC", CLOCK_BOOTTIME; exists while the guard is armed
 *
 * guard_arm() and guard_run() are for short-lived processes of their own and may wait; the rest never blocks. */

#include <systemd/sd-bus.h>

#include "base/macros.h"

#define GUARD_UNIT "distro-guard.service"
#define GUARD_DIRECTORY "/run/distro-manager"
#define GUARD_GRACE_DEFAULT_USEC (15 * USEC_PER_SEC) /* where no manager has left a file that can be read */

/* What the manager leaves for the guard. Owned; guard_state_done() frees. */
typedef struct GuardState {
        uint64_t grace_usec;
        char **maintenance; /* names of applications */
        size_t n_maintenance;
} GuardState;

void guard_state_done(GuardState *s);
bool guard_state_in_maintenance(const GuardState *s, const char *app);

/* Replaces the file, atomically; readers see the old one or the new one. 0 or negative errno. */
int guard_file_write(const char *directory, uint64_t grace_usec, const char *const *maintenance,
                size_t n_maintenance);
/* -ENOENT: there is none; -EBADMSG: it is not what guard_file_write() makes; -ENOMEM and errors of reading. */
int guard_file_read(const char *directory, GuardState *ret);

/* Notes that the manager has ended, unless that has been noted before. Sets *ret_ended_usec to what counts. A note that
 * cannot be read counts as an end at time 0: safe, since everything is then over at once. */
int guard_stamp_set(const char *directory, uint64_t now_usec, uint64_t *ret_ended_usec);
int guard_stamp_remove(const char *directory); /* one that is not there is fine */

/* When to stop, when to kill, and when to kill by hand what systemd has not ended by then. None is later than the peers'
 * start, whatever the numbers. */
typedef struct GuardMoments {
        uint64_t stop_usec, kill_usec, by_hand_usec;
} GuardMoments;

GuardMoments guard_moments(uint64_t ended_usec, uint64_t grace_usec);
/* When to look again: in a moment once its time has come, and at each of the three. */
uint64_t guard_next_look(const GuardMoments *m, uint64_t now_usec);

/* Notes the end and starts the guard's unit, which runs `program` with the argument "guard-run". A guard that runs
 * already goes on. Tries the system bus, then systemd's own socket. 0 or negative errno: nobody guards. */
int guard_arm(const char *directory, const char *program);

/* The part of it on one bus, which has been started and may still be connecting. Waits no longer than some seconds. */
int guard_start_unit(sd_bus *bus, const char *program);

/* Before the next manager starts: whether one was at work in this boot whose end nobody noted. Not to be asked while a
 * manager runs. */
bool guard_was_missed(const char *directory);

/* The guard's work. Returns when no worker that it has to end is left, or negative errno; then it should be run again.
 * `cgroup_root` NULL: /sys/fs/cgroup. */
int guard_run(const char *directory, const char *cgroup_root);

/* Called once, from the loop; 0, or negative errno: the guard may still be armed, try again. */
typedef void (*GuardCallback)(int error, void *userdata);

/* A disarming in flight. Freeing it cancels the callback, not the disarming. */
typedef struct GuardDisarm GuardDisarm;

int guard_disarm(sd_bus *bus, const char *directory, GuardCallback callback, void *userdata,
                GuardDisarm **ret);
GuardDisarm *guard_disarm_free(GuardDisarm *d);
DEFINE_TRIVIAL_CLEANUP(GuardDisarm *, guard_disarm_free)
