/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host shows of a part that may have ended. Each of these says why it has not, in words for "…: it cannot be cleared",
 * or, with *ret_why NULL, that nothing is to be seen. The caller frees the words. 0, or a negative errno: it cannot be told. */

#include <systemd/sd-bus.h>

#include "config/part.h"

/* A unit: its state, and the processes in its control group, and in those below. One that systemd does not know has none. */
int evidence_of_unit(sd_bus *systemd, const char *unit, char **ret_why);
/* A mount point, in this process' and in systemd's list of mounts. */
int evidence_of_mount(const char *where, char **ret_why);
/* A block device that the kernel opens for nobody alone. One that is missing is used by nobody. */
int evidence_of_device(const char *path, char **ret_why);
/* "192.0.2.20/24" on an interface. */
int evidence_of_address(const char *address, char **ret_why);

/* All that there is to be seen of a part. */
int evidence_of_part(sd_bus *systemd, const char *app, const Part *p, char **ret_why);
