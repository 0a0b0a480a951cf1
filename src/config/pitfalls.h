/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: warnings about what is right, and will hurt. */

#include "config/app-parse.h"

/* 0 or -ENOMEM. */
int app_check_pitfalls(AppParse *a);
