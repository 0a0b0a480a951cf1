/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tells the helpers of parts what is in maintenance: the file maintenance/NAME in the runtime directory exists exactly while
 * the application of that name is in maintenance and has a copy on this node. A helper that would end looks at it first.
 *
 * What an earlier manager has left stays until the engine knows the application, or it has no copy here. Where a file cannot
 * be made or removed the journal says so once, and it is tried again each second. */

#include "daemon/manager-struct.h"

#define MAINTENANCE_AGAIN_USEC USEC_PER_SEC

/* One application whose file is there, or should be. */
struct MaintenanceFile {
        char *app;
        bool there;  /* the file exists, as far as we know */
        bool failed; /* the journal says that it could not be made, or removed */
};

/* Once the engine runs: takes what is there already, and looks at all copies. */
void maintenance_begin(Manager *m);
/* The application's maintenance, or its copy here, may have changed. */
void maintenance_look(Manager *m, const char *app);
/* The files stay: the next manager, or nobody, goes by them. */
void maintenance_done(Manager *m);
