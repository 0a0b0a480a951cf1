/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What became of an effect while it was carried out. It waits here until the step is over, since the engine must not be
 * called from within. */

#include "daemon/manager-struct.h"

/* What it points to is copied. Without memory the manager ends. */
void late_unit(Manager *m, const UnitInfo *info);
void late_written(Manager *m, Revision revision, int error);

/* The first that waits, or NULL. The caller frees it. */
LateEvent *late_take(Manager *m);
Event *late_event(LateEvent *l); /* valid as long as `l` */
LateEvent *late_free(LateEvent *l);
DEFINE_TRIVIAL_CLEANUP(LateEvent *, late_free)
