/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: the keys that this host's systemd knows. */

#include "config/config.h"

/* Whether it knows a key that our table lacks, and which is no dependency. 0, 1 or -ENOMEM. */
int systemd_knows(ConfigSystemd *s, const char *section, const char *key);
