/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What --save= wrote and --state= reads. What is accepted is written again as it was, and a world is made from it, of
 * whatever kind. */

#include "base/macros.h"
#include "ctl/simulate-cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void make_world(const SimulateCluster *k)
{
        _cleanup_(strings_done) Strings differences = {};
        _cleanup_(world_freep) World *w = NULL;
        int r = simulate_world_from_state(&k->config, k->state, k->state_size_bytes, &w);

        ASSERT((r == 0) == !!w);
        if (w)
                ASSERT(simulate_compare(w, k->state, k->state_size_bytes, &differences) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        _cleanup_(simulate_cluster_done) SimulateCluster k = {}, again = {};
        _cleanup_free_ char *written = NULL, *twice = NULL;
        size_t size = 0, size_twice = 0;
        int r = simulate_cluster_parse((const char *) data, size_bytes, &k);

        if (r < 0) {
                ASSERT(r == -EPROTO || r == -EBADMSG);
                return 0;
        }
        written = simulate_cluster_format(&k, &size);
        ASSERT(written);
        ASSERT(simulate_cluster_parse(written, size, &again) == 0);
        twice = simulate_cluster_format(&again, &size_twice);
        ASSERT(twice && size == size_twice && memcmp(written, twice, size) == 0);
        make_world(&k);
        return 0;
}
