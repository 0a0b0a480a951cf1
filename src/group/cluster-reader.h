/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager has to know of the cluster before it can have an engine: reads it off the loop, until it is there. */

#include <systemd/sd-event.h>

#include "group/cluster.h"

typedef struct ClusterReader ClusterReader;

/* 0: `cluster` is the callee's. -ENOTCONN: Corosync cannot be asked yet, `why` says so; it is tried again.
 * Other errors are the last word: `why` says what is wrong with Corosync's configuration. */
typedef void (*ClusterCallback)(void *userdata, int error, ClusterInfo *cluster, const char *why);

int cluster_reader_new(sd_event *loop, ClusterCallback callback, void *userdata, ClusterReader **ret);
/* Not from within the callback. */
ClusterReader *cluster_reader_free(ClusterReader *r);
DEFINE_TRIVIAL_CLEANUP(ClusterReader *, cluster_reader_free)
