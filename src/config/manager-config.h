/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: manager.conf. What others call is in config.h. */

#include "base/macros.h"

/* The keys of [Cluster]; NULL after the last one. */
const char *manager_key_name(size_t i);
