/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the units of an application are called, for whoever makes, finds or shows them. A slice's name says by its hyphens
 * where it lies, so those of the application's name are written "\x2d": "distro-web\x2d1.slice" lies in distro.slice, and not
 * in the slice of "web". No application's name has a colon: what stands before it is the application, what stands behind it
 * is the part. */

#include "config/part.h"
#include "engine/types.h"

#define WORKER_UNIT_PREFIX "distro-app-"
#define WORKER_UNIT_SUFFIX ".service"
#define REMOVAL_UNIT_PREFIX "distro-removal-"
#define WORKER_UNIT_NAME_MAX (sizeof(WORKER_UNIT_PREFIX WORKER_UNIT_SUFFIX) + APP_NAME_MAX)
#define WORKER_SLICE "distro.slice"
#define APP_SLICE_NAME_MAX (sizeof("distro-.slice") + 4 * APP_NAME_MAX)
#define GATE_SLICE_NAME_MAX (APP_SLICE_NAME_MAX + sizeof("-18446744073709551615"))
#define PART_UNIT_NAME_MAX 256u /* systemd's own bound, with the final zero */

/* "distro-app-NAME.service"; `ret` has room for WORKER_UNIT_NAME_MAX bytes. */
void worker_unit_name(const char *app, char *ret);
/* The reverse. False: it is no worker's unit; `ret` has room for APP_NAME_MAX + 1 bytes. */
bool worker_unit_parse(const char *unit_name, char *ret);
/* "distro-NAME.slice"; `ret` has room for APP_SLICE_NAME_MAX bytes. */
void app_slice_name(const char *app, char *ret);
/* What systemd calls the unit of a mount point, an absolute path without "..": "srv-nfs.mount". False: it is too long. */
bool mount_unit_name(const char *where, char ret[static PART_UNIT_NAME_MAX]);
/* The unit of a part: that of a mount and an installed one have their own name, all others are
 * "distro-app-NAME:ID.service". False: it is no name of such a unit. */
bool part_unit(const char *app, const Part *p, char ret[static PART_UNIT_NAME_MAX]);
/* The application of a slice or of a part's unit that is called by it; false: it is none. `ret` has room for APP_NAME_MAX + 1 bytes. */
bool app_slice_parse(const char *unit_name, char *ret);
bool part_unit_parse(const char *unit_name, char *ret);
/* What takes away what a part has left, once more: "distro-removal-NAME:ID.service". As part_unit(); the reverse tells the
 * part's id as well, which lies in `unit_name` and has `*ret_id_length` bytes. */
bool removal_unit(const char *app, const Part *p, char ret[static PART_UNIT_NAME_MAX]);
bool removal_unit_parse(const char *unit_name, char *ret, const char **ret_id, size_t *ret_id_length);
/* The slice without a process in which the call of that stage ends, from 0: "distro-NAME-1.slice", within the application's own;
 * `ret` has room for GATE_SLICE_NAME_MAX bytes. */
void gate_slice_name(const char *app, size_t stage, char *ret);
bool gate_slice_parse(const char *unit_name, char *ret);
/* Of a worker, a part or a slice. */
bool app_unit_parse(const char *unit_name, char *ret);
