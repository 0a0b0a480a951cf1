/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cluster that a simulation begins with: what its managers have agreed on, and what the state does not say: quorum,
 * timing, policy. Asked of the running manager, or read from what --save= wrote. The file is a few lines of text, one
 * KEY=VALUE each, in a fixed order, then an empty line and the bytes of the state. */

#include "ctl/simulate.h"

typedef struct SimulateCluster {
        char *node;   /* the manager of this node was asked */
        bool in_step; /* it was, when it was asked: else the state is an old one */
        SimulateConfig config;
        Strings mandatory, optional;
        Strings rules; /* of quorum, by their names in corosync.conf, which a simulation does not have */
        uint64_t expected_votes; /* without a device's; 0: not known */
        char *state;
        size_t state_size_bytes;
} SimulateCluster;

void simulate_cluster_done(SimulateCluster *k);
/* An exit status; prints what is wrong. */
int simulate_cluster_ask(Ctl *c, SimulateCluster *ret);
int simulate_cluster_load(const Ctl *c, const char *path, SimulateCluster *ret);
int simulate_cluster_save(const Ctl *c, const char *path, const SimulateCluster *k);
/* -EPROTO: not such a file, or one of another version; -EBADMSG: it is damaged; -ENOMEM. *ret is set on success only. */
int simulate_cluster_parse(const char *data, size_t size_bytes, SimulateCluster *ret);
/* The file's bytes; the caller frees; NULL without memory. */
char *simulate_cluster_format(const SimulateCluster *k, size_t *ret_size_bytes);
