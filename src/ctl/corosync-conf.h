/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `verify` wants to know from corosync.conf while no manager runs: the names of the nodes, the timing,
 * and what makes quorum less than a majority. Not a check of that file, which is Corosync's own business:
 * what is not understood is skipped. */

#include "base/macros.h"
#include "engine/types.h"

#define CONF_ADDRESSES_MAX (2u * NODES_MAX)

typedef struct CorosyncConf {
        char *names[NODES_MAX]; /* owned */
        size_t n_names;
        char *addresses[CONF_ADDRESSES_MAX]; /* owned: ringX_addr of all nodes, as it stands there */
        size_t n_addresses;
        size_t name_nodes[NODES_MAX],
                        address_nodes[CONF_ADDRESSES_MAX]; /* in which node section, from 1, each stands */
        size_t n_nodes;                                    /* also those without a name */
        uint64_t token_usec, consensus_usec;               /* as the nodes will use them, defaults included */
        bool has_quorum_provider;
        bool has_device, two_node, last_man_standing, auto_tie_breaker;
} CorosyncConf;

void corosync_conf_done(CorosyncConf *c);
/* The name of the node whose addresses[i] is. */
const char *corosync_conf_address_node(const CorosyncConf *c, size_t i);
int corosync_conf_parse(const char *text, CorosyncConf *ret); /* 0 or -ENOMEM */
/* $COROSYNC_MAIN_CONFIG_FILE, or /etc/corosync/corosync.conf. A negative errno where it cannot be read. */
const char *corosync_conf_path(void);
int corosync_conf_load(CorosyncConf *ret);
