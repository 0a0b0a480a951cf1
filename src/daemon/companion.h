/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager's links to its guard and its fuse have in common: a process that has to be there beside it, is looked for
 * again and again where it is not, and of which the engine and the journal hear each change once. */

#include "daemon/manager-struct.h"

/* It is there, or is not: the engine hears it by `tell`. */
void companion_heard(Manager *m, Companion *c, bool there, void (*tell)(Manager *m, bool there));
/* It is not there, as the journal knows by now: tries it again by `on_timer`, later each time, and tells the engine. */
void companion_lost(Manager *m, Companion *c, sd_event_time_handler_t on_timer,
                void (*tell)(Manager *m, bool there));
/* It answers. True: the journal said that it did not. */
bool companion_is_back(Companion *c);
