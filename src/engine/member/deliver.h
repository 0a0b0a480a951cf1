/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* EVENT_MESSAGE. False: it shows that this member is out of the group. */
bool deliver_event(Membership *me, const Event *event);
