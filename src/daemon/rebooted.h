/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* That this boot began because the fuse rebooted the host. What the fuse left on the disk is told once in the journal, by the
 * first manager of the boot, which puts it aside there; to those after it, and to `status`, it is known by a copy below /run.
 * Errors leave it unknown. */

#include "daemon/manager-struct.h"

void rebooted_look(Manager *m);
