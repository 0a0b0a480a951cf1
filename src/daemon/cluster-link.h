/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Corosync, as far as it is no event of the engine: the connection, the nodelist, the votes, and what to warn of. */

#include "daemon/manager-struct.h"

/* The nodelist that the start has waited for; it is taken over. */
void cluster_link_take(Manager *m, ClusterInfo *c);
void cluster_link_warn_of_delays(Manager *m);
int cluster_link_join(Manager *m);

/* There is a connection. False: it is not for this manager, which begins anew, or there was no memory. */
bool cluster_link_is_up(Manager *m, const GroupConnected *c);
void cluster_link_is_down(Manager *m, const char *why);
/* What the connection tells may be other than what is in force: then the nodelist is read again. */
void cluster_link_compare(Manager *m, const ClusterInfo *c);
void cluster_link_look_for_strangers(Manager *m, const Event *view);

const char *cluster_link_node_name(const Manager *m, uint32_t node_id); /* "?" for one that is not known */
/* A line about a message that could not be used, unless there was one lately. */
void cluster_link_note_refused(Manager *m, const char *node, const char *text);
