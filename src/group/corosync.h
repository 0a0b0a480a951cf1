/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/group: Corosync's error codes in words. */

const char *corosync_error_to_string(int error);
