/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* The nodes of this node's corosync.conf. */

/* -EINVAL: a node twice, none, too many, or not the own one; -ENOMEM. What is set is freed with listed_free(). */
int listed_take(const EngineNode *nodes, size_t n, uint32_t own_id, Node **ret, size_t *ret_n);
void listed_free(Node *nodes, size_t n);
/* EVENT_NODELIST. One that cannot be used leaves what there is. */
void listed_set(Membership *me, const Event *event);
uint32_t *listed_ids(Membership *me);                            /* sorted, the caller frees; NULL sets oom */
void listed_tell(Membership *me);                                /* what the group has not heard of it */
void listed_delivered(Membership *me, const NodelistMessage *m); /* ours has been delivered */
void listed_unknown(Membership *me); /* a state was installed: does it know what is listed here? */
