/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* Forming the group from the records of its members. */

#define FORM_EPOCHS UINT64_C(1024) /* forming raises every application's count by this */

bool form_is_possible(const Membership *me);
/* While the group waits to be formed: is it this node's record that is missing? */
bool form_waits_for(const Membership *me, uint32_t node_id);
/* The member that has to form it, where that is another: the lowest one with the newest record. NULL: this one, or any. */
const Peer *form_awaited(const Membership *me);
uint64_t form_usec(const Membership *me); /* when this member has to form it */
/* `own`: what the files of this node say. They are the agreed definitions until others object. */
void form_group(Membership *me, const Definition *const *own, size_t n_own);
