/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From the agreed state of a real cluster to a simulated one that begins exactly there: its nodes, with their files and
 * managers, what runs, permissions, marks, holds, and what is left of each delay. */

#include "ctl/model.h"
#include "engine/state.h"
#include "world/world.h"

/* What the state does not say. Zero means the world's default. */
typedef struct SimulateConfig {
        WorldQuorum quorum;
        NoQuorumPolicy policy;
        uint64_t token_usec, consensus_usec;
        uint64_t isolation_usec;
        uint64_t sync_timeout_usec;
        const char *const *sync_mandatory; /* names that are no nodes of the state are left out */
        size_t n_sync_mandatory;
        const char *const *sync_optional;
        size_t n_sync_optional;
        uint64_t realtime_usec; /* the wall clock when the state was so */
        FILE *trace;
} SimulateConfig;

/* `data` is what GetState() answers. Nodes that the state has as offline are off. Returns 0 and a world at
 * WORLD_BEGIN_USEC, which the caller compares with simulate_compare(); -EBADMSG: not a state, or one of another version;
 * -EINVAL: no nodes, or too many; -EHOSTDOWN: the nodes that are there have no quorum, as the world counts; -ENOMEM; -ELOOP. */
int simulate_world_from_state(const SimulateConfig *config, const void *data, size_t size_bytes, World **ret);
/* What is not as the state has it: a line for each application and each node, "web: ...". None: the world began there.
 * 0, -EBADMSG, -ENOMEM. */
int simulate_compare(const World *w, const void *data, size_t size_bytes, Strings *ret);
/* How long to let it run after the last step, so that every delay is over. */
uint64_t simulate_patience_usec(const World *w);
