/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/group: the handles of one connection to Corosync. Opening, leaving and closing wait for Corosync
 * and belong on a thread; the handles themselves are then used by the loop. */

#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>

#include "group/cluster.h"

#define GROUP_NAME_MAX 100u                 /* bytes of a group's name */
#define GROUP_LEAVE_USEC (1 * USEC_PER_SEC) /* group_leave() waits no longer than this */

typedef struct Connection {
        char group[GROUP_NAME_MAX + 1];
        cpg_model_v1_data_t cpg_callbacks;
        cpg_model_v1_data_t probe_callbacks;
        quorum_model_v1_data_t quorum_callbacks;
        cmap_notify_fn_t cmap_callback; /* its user_data is `context` */
        void *context;                  /* of all handles */

        cpg_handle_t cpg;   /* joined to `group`; each handle is 0 until it is open */
        cpg_handle_t probe; /* joined to "GROUP/NODEID" */
        quorum_handle_t quorum;
        cmap_handle_t cmap; /* tracks what of the configuration may change at run time */
        bool has_cpg, has_probe, has_quorum, has_cmap;
        bool joined;
        int cpg_fd, probe_fd, quorum_fd, cmap_fd;
        ClusterInfo *cluster;
        uint64_t incarnation;

        int error; /* of connection_open(): 0 or negative; -EAGAIN where the group was only busy */
        char *why; /* in words */
} Connection;

/* Reads the cluster's configuration, opens all handles, joins. Quorum is tracked before the group is joined.
 * How it went is in `error`. */
void connection_open(Connection *c);
/* Leaves the group, if it was joined; the handles stay open. */
void connection_leave(Connection *c);
/* Closes what is open and frees the struct. */
void connection_close(Connection *c);
