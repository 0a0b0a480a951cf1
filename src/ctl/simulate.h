/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From the agreed state of a real cluster to a simulated one: the same nodes, definitions, permissions, marks
 * and owners. Its nodes boot; what the real ones run is started anew on the owners that are recorded. */

#include "engine/state.h"
#include "world/world.h"

typedef struct SimulateConfig {
        WorldQuorum quorum;
        NoQuorumPolicy policy;
        uint64_t token_usec, consensus_usec; /* 0: the world's default */
        FILE *trace;
} SimulateConfig;

/* The world's time when it has settled; what is asked of it counts from there. */
#define SIMULATE_SETTLED_USEC (60 * USEC_PER_SEC)

/* `data` is what GetState() answers. Nodes that the state has as offline stay down. Returns 0 and a world at
 * SIMULATE_SETTLED_USEC; -EBADMSG: not a state, or one of another version; -EINVAL: no nodes; -ENOMEM;
 * -ELOOP. */
int simulate_world_from_state(const SimulateConfig *config, const void *data, size_t size_bytes, World **ret);
/* How long to let it run after the last step, so that every delay is over. */
uint64_t simulate_patience_usec(const World *w);
