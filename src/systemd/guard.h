/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guard: while no manager is there to obey the group, it ends this node's workers before the peers, who wait for
 * ManagerGraceSec=, start them elsewhere. After half of the grace it stops them, after three quarters it kills them;
 * workers in maintenance are left alone.
 *
 * It is a process of its own, in distro-guard.service, and there before it is needed. What it waits for it sees by itself:
 * the end of the manager's process. Then it needs neither systemd, nor a bus, nor room in /run: it stops units over
 * systemd's own socket where that answers, and kills control groups by itself where it does not.
 *
 *   the manager, from its start     connects to the guard's socket, and says who it is (SO_PEERCRED does). As long as
 *                                   the guard has not greeted it, its node gets no start
 *   the manager, at work            tells the grace and what is in maintenance, and that it is in step; that calls the
 *                                   guard off
 *   the manager's process ends      the guard notes the moment, waits for its two, and acts
 *   the guard itself is restarted   goes on where it was, and counts from now where nothing was counted: the manager
 *                                   may be another one than that which was in step. If it is in step, it calls that off
 *
 * The grace counts from the FIRST end of a manager since one was in step: an end after an end changes nothing, and a
 * manager that comes back and dies again before it is in step does not win time. Two files in the manager's runtime
 * directory carry this from one guard to the next; that directory has to outlive both units (RuntimeDirectoryPreserve=yes):
 *
 *   guard         what the manager told: guard_state_write(); replaced as a whole
 *   guard.stamp   "ended=USEC", CLOCK_BOOTTIME, "acted=USEC", CLOCK_MONOTONIC, and "grace=USEC", as it was told; of one
 *                 size for ever, so that there is room for it when it counts. The next manager reads there that a worker
 *                 did not end by itself */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/macros.h"

#define GUARD_UNIT "distro-guard.service"
#define GUARD_DIRECTORY "/run/distro-manager"
#define GUARD_SOCKET "guard.socket"                  /* in that directory; stream, of root alone */
#define GUARD_GREETING "guard\n"                     /* what the guard says first, and all that it says */
#define GUARD_GRACE_DEFAULT_USEC (15 * USEC_PER_SEC) /* where no manager has told another one */

/* What the manager tells the guard. Owned; guard_state_done() frees. */
typedef struct GuardState {
        bool in_step;
        bool idle; /* no worker depends on it: systemd need not look after the guard often */
        uint64_t grace_usec;
        char **maintenance; /* names of applications */
        size_t n_maintenance;
} GuardState;

void guard_state_done(GuardState *s);
bool guard_state_in_maintenance(const GuardState *s, const char *app);

/* As text: "grace=USEC", a line "maintenance=NAME" for each, "in-step" and "idle" where it is, "end". 0 or -EIO. */
int guard_state_write(FILE *f, bool in_step, bool idle, uint64_t grace_usec, const char *const *maintenance,
                size_t n_maintenance);
/* -EBADMSG: it is not what guard_state_write() makes; -ENOMEM and errors of reading. */
int guard_state_read(FILE *f, GuardState *ret);
/* Replaces the file, atomically; readers see the old one or the new one. 0 or negative errno: then there is none, as the old one
 * may hold a maintenance that is over. */
int guard_file_write(const char *directory, const GuardState *s);
int guard_file_read(const char *directory, GuardState *ret); /* -ENOENT: there is none; the rest as above */

typedef struct GuardStamp {
        uint64_t ended_usec; /* when the manager ended, CLOCK_BOOTTIME; 0: one is in step, or none was there yet */
        uint64_t acted_usec; /* when the guard began to end workers, CLOCK_MONOTONIC; 0: it did not */
        uint64_t grace_usec; /* what the manager told last, also where `guard` found no room; 0: it told nothing yet */
} GuardStamp;

/* Makes the file or takes it as it is. A note that cannot be read, or is of the future, counts as an end at the boot: safe,
 * since everything is then over at once. *ret_fd is -1 where there is no room: then the note lives as long as the process.
 * 0 or -ENOMEM. */
int guard_stamp_open(const char *directory, uint64_t now_usec, int *ret_fd, GuardStamp *ret);
int guard_stamp_write(int fd, const GuardStamp *stamp);       /* in place; 0 or negative errno */
int guard_stamp_read(const char *directory, GuardStamp *ret); /* -ENOENT: none, or an empty one; -EBADMSG */
/* Of a unit that has ended at that moment (CLOCK_MONOTONIC): the guard was ending it, as far as is known. */
bool guard_stamp_covers(const char *directory, uint64_t unit_end_usec);

/* When to stop, when to kill, and when to kill by hand what systemd has not ended by then. None is later than the peers'
 * start, whatever the numbers. */
typedef struct GuardMoments {
        uint64_t stop_usec, kill_usec, by_hand_usec;
} GuardMoments;

GuardMoments guard_moments(uint64_t ended_usec, uint64_t grace_usec);
/* When to look again: in a moment once its time has come, and at each of the three. */
uint64_t guard_next_look(const GuardMoments *m, uint64_t now_usec);

/* ---- guard-end.c: ending the workers ---- */

typedef struct GuardEnd GuardEnd;

/* `timer` is the source whose handler calls guard_end_round(); where that is to be done at once it is set to 0: systemd, having
 * done nothing for a while, is about to start again what was killed. What `parameters` points to has to last. */
typedef struct GuardParameters GuardParameters;
int guard_end_new(sd_event *event, sd_event_source *timer, const GuardParameters *parameters, GuardEnd **ret);
GuardEnd *guard_end_free(GuardEnd *g);
DEFINE_TRIVIAL_CLEANUP(GuardEnd *, guard_end_free)
/* One round. True: nothing is left that is to end, and systemd itself has said so. */
bool guard_end_round(GuardEnd *g, const GuardState *state, const GuardMoments *moments, uint64_t now_usec);
/* Control groups of workers that hold processes and are not in maintenance; 1 where they cannot be listed. */
size_t guard_count_groups(const char *cgroup_root, const GuardState *state);

/* ---- guard.c: the process ---- */

struct GuardParameters {
        const char *directory;
        const char *cgroup_root; /* NULL: /sys/fs/cgroup */
        const char *unit_directory; /* of the workers' units, which systemd has or is about to start; NULL: its own */
        const char *private_address; /* of systemd's own socket */
        const char *bus_address;     /* NULL: the system bus */
        pid_t manager;               /* a manager that is at work already; 0: none is */
};

/* Returns 0 after SIGTERM, or negative errno; then it should be run again. */
int guard_run(const GuardParameters *parameters);
