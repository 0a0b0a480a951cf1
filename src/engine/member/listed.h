/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* The nodes of this node's corosync.conf. */

/* -EINVAL: a node twice, none, too many, or not the own one; -ENOMEM. What is set is freed with listed_free(). */
int listed_take(const EngineNode *nodes, size_t n, uint32_t own_id, Node **ret, size_t *ret_n);
void listed_free(Node *nodes, size_t n);
/* EVENT_NODELIST. One that cannot be used leaves what there is. */
void listed_set(Engine *e, const Event *event);
uint32_t *listed_ids(Engine *e);                            /* sorted, the caller frees; NULL sets oom */
void listed_tell(Engine *e);                                /* what the group has not heard of it */
void listed_delivered(Engine *e, const NodelistMessage *m); /* ours has been delivered */
void listed_unknown(Engine *e); /* a state was installed: does it know what is listed here? */
