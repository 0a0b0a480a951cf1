/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ending the workers and what parts they have, over systemd's own socket where that answers, and by their control groups
 * where it does not. What has parts is ended by its slice, as its note says, also where its worker has ended before. */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "systemd/guard-file.h"

#define GUARD_UNIT "distro-guard.service"

/* What the guard is run with. */
typedef struct GuardParameters {
        const char *directory;
        const char *cgroup_root; /* NULL: /sys/fs/cgroup */
        const char *unit_directory; /* of the workers' units, which systemd has or is about to start; NULL: its own */
        const char *private_address; /* of systemd's own socket */
        const char *bus_address;     /* NULL: the system bus */
        pid_t manager;               /* a manager that is at work already; 0: none is */
} GuardParameters;

typedef struct GuardEnd GuardEnd;

/* `timer` is the source whose handler calls guard_end_round(). It is set to 0 where that is to be done at once:
 * systemd, having done nothing for a while, is about to start again what was killed. What `parameters` points to has to
 * last. */
int guard_end_new(sd_event *event, sd_event_source *timer, const GuardParameters *parameters, GuardEnd **ret);
GuardEnd *guard_end_free(GuardEnd *g);
DEFINE_TRIVIAL_CLEANUP(GuardEnd *, guard_end_free)
/* One round. True: nothing is left that is to end, and systemd itself has said so. */
bool guard_end_round(GuardEnd *g, const GuardState *state, const GuardMoments *moments, uint64_t now_usec);
/* Something is left that outlives a kill of its processes: by the notes, and where systemd has listed the units, by these. */
bool guard_end_needs_fuse(GuardEnd *g, const GuardState *state);
/* The same by the notes alone, before anything was looked at. */
bool guard_notes_need_fuse(const GuardParameters *parameters, const GuardState *state);
/* Control groups of workers and parts that hold processes and are not in maintenance; 1 where they cannot be listed. */
size_t guard_count_groups(const char *cgroup_root, const GuardState *state);
