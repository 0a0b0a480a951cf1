/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Corosync's configuration says about the cluster, as cmap shows it. */

#include "engine/types.h"

#define CLUSTER_RINGS_MAX 8u /* Corosync's own bound */

typedef struct ClusterNode {
        uint32_t id;
        char *name;
        char *addresses[CLUSTER_RINGS_MAX]; /* of its rings, as they are written; NULL where there is none */
} ClusterNode;

typedef struct ClusterInfo {
        char *cluster_name; /* totem.cluster_name; "" if it has none */
        ClusterNode *nodes; /* the nodelist, sorted by id; 1 to NODES_MAX */
        size_t n_nodes;
        uint32_t own_id;
        const char *own_name; /* points into `nodes` */

        /* In force now, not as written: runtime.config.totem. */
        uint64_t token_usec, consensus_usec;

        /* The quorum section. A provider is always there: without one cluster_info_from_keys() fails. */
        char *device_model;                /* quorum.device.model; NULL: no quorum device */
        char *device_algorithm;            /* of model net: ffsplit, lms ...; NULL */
        uint64_t device_sync_timeout_usec; /* how long a change may wait for the device; 0 without one */
        bool two_node;
        bool wait_for_all; /* implied by two_node unless it is switched off */
        bool last_man_standing;
        bool auto_tie_breaker;
        bool allow_downscale;
        const char *loopback; /* a ring address that is every host's own, as written, in `nodes`; NULL: none */
        bool uneven_votes;    /* a node has other than one vote, or expected_votes is below the nodelist */

        /* Quorum may be given to less than a majority of the nodelist: any of the above but wait_for_all. */
        bool quorum_by_fewer;
} ClusterInfo;

void cluster_info_done(ClusterInfo *c);
/* Frees the struct too. */
ClusterInfo *cluster_info_free(ClusterInfo *c);
DEFINE_TRIVIAL_CLEANUP(ClusterInfo *, cluster_info_free)
const ClusterNode *cluster_info_find(const ClusterInfo *c, uint32_t id); /* NULL: not in the nodelist */

/* One key of cmap; a number as decimal digits. */
typedef struct ClusterKey {
        const char *name;
        const char *value;
} ClusterKey;

/* Makes sense of cmap's keys; the array must be sorted by name (strcmp). Keys that mean nothing here are
 * passed over. Returns 0; -EINVAL where the configuration is not one that a manager can work with, and
 * *ret_error (the caller's) then says what is wrong and the lines to add: a node without a name or id, a name
 * twice, no nodelist, more than NODES_MAX nodes, no quorum provider; -ENOMEM. */
int cluster_info_from_keys(const ClusterKey *keys, size_t n_keys, ClusterInfo **ret, char **ret_error);

/* Asks cmap. It waits for Corosync and can wait for ever: never call it on the loop (group.h has it off the
 * loop). Errors as above, and -ENOTCONN with a text where Corosync cannot be asked now; trying again makes
 * sense then. */
int cluster_info_read(ClusterInfo **ret, char **ret_error);
