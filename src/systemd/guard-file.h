/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the guard knows beyond its own life, and when it acts. Two files in the manager's runtime directory carry that from one
 * guard to the next; that directory has to outlive both units (RuntimeDirectoryPreserve=yes):
 *
 *   guard         what the manager told: guard_state_write(); replaced as a whole
 *   guard.stamp   "ended=USEC", CLOCK_BOOTTIME, "acted=USEC", CLOCK_MONOTONIC, and "grace=USEC", as it was told; of one
 *                 size for ever, so that there is room for it when it counts. The next manager reads there that a worker
 *                 did not end by itself */

#include "base/macros.h"
#include "engine/types.h"

/* What the manager tells the guard. Owned; guard_state_done() frees. */
typedef struct GuardState {
        bool in_step;
        bool idle; /* no worker depends on it: systemd need not look after the guard often */
        SelfFence self_fence;
        bool powers_off; /* the host goes down, and is to stay down */
        uint64_t grace_usec;
        char **maintenance; /* names of applications */
        size_t n_maintenance;
} GuardState;

void guard_state_done(GuardState *s);
bool guard_state_in_maintenance(const GuardState *s, const char *app);

/* As text: "grace=USEC", a line "maintenance=NAME" for each, "self-fence=yes" or "self-fence=no" where it is not auto, "in-step"
 * and "idle" and "powers-off" where it is, "end". 0 or -EIO. */
int guard_state_write(FILE *f, const GuardState *s);
/* -EBADMSG: it is not what guard_state_write() makes; -ENOMEM and errors of reading. */
int guard_state_read(FILE *f, GuardState *ret);
/* Replaces the file, atomically; readers see the old one or the new one. 0 or negative errno: then there is no file,
 * since the old one may hold a maintenance that is over. */
int guard_file_write(const char *directory, const GuardState *s);
int guard_file_read(const char *directory, GuardState *ret); /* -ENOENT: there is none; the rest as above */

typedef struct GuardStamp {
        uint64_t ended_usec; /* when the manager ended, CLOCK_BOOTTIME; 0: one is in step, or none was there yet */
        uint64_t acted_usec; /* when the guard began to end workers, CLOCK_MONOTONIC; 0: it did not */
        uint64_t grace_usec; /* what the manager told last, also where `guard` found no room; 0: it told nothing yet */
} GuardStamp;

/* Makes the file or takes it as it is. A note that cannot be read, or is of the future, counts as an end at the boot.
 * That is safe: everything is then over at once. *ret_fd is -1 where there is no room: then the note lives as long as
 * the process. 0 or -ENOMEM. */
int guard_stamp_open(const char *directory, uint64_t now_usec, int *ret_fd, GuardStamp *ret);
int guard_stamp_write(int fd, const GuardStamp *stamp);       /* in place; 0 or negative errno */
int guard_stamp_read(const char *directory, GuardStamp *ret); /* -ENOENT: none, or an empty one; -EBADMSG */
/* Of a unit that has ended at that moment (CLOCK_MONOTONIC): the guard was ending it, as far as is known. */
bool guard_stamp_covers(const char *directory, uint64_t unit_end_usec);

/* When to stop, when to kill, and when to kill by hand what systemd has not ended by then; of what outlives a kill the
 * processes are killed sooner, and the host goes down where some of it is left at the last. None is later than the peers'
 * start, whatever the numbers. */
typedef struct GuardMoments {
        uint64_t stop_usec, kill_usec, by_hand_usec;
        uint64_t end_kill_usec, end_by_hand_usec, fuse_usec;
} GuardMoments;

GuardMoments guard_moments(uint64_t ended_usec, uint64_t grace_usec);
/* When to look again: at each of them, in a moment once its time has come, and ever less often where all are long past, as
 * beside what does not end. */
uint64_t guard_next_look(const GuardMoments *m, uint64_t now_usec);
