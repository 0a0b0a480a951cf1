/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A unit that is installed on the nodes, as a part of an application: which can be one. Pure. What its name says is an error of the
 * file; what systemd says of it on a node is an error to `distroctl verify` there, and refuses a start there. */

#include "base/strings.h"

#define INSTALLED_UNIT_WORDS_MAX 320u

/* What systemd says of it; a text is "" where it says nothing. */
typedef struct InstalledUnit {
        char id[256]; /* what it is called; another name than the one that was asked for: that one is an alias */
        char file_state[24]; /* UnitFileState: "enabled", "static" ... */
        char type[16];       /* of a service: "oneshot" ... */
        bool remain_after_exit;
        bool has_boot_mount; /* local-fs.target or remote-fs.target mounts it */
        char boot_target[24]; /* another target of the boot that wants it: "multi-user.target" ...; "": none does */
} InstalledUnit;

/* What is wrong with the name, and what is expected; the caller frees. NULL: it can be a part. -ENOMEM. */
int installed_unit_check_name(const char *name, char **ret);
/* `name` wants or requires it. */
void installed_unit_take_wanting(InstalledUnit *u, const char *name);
/* True: it cannot be a part, and `ret` says why. */
bool installed_unit_is_refused(const char *name, const char *load_state, const InstalledUnit *u,
                char ret[static INSTALLED_UNIT_WORDS_MAX]);
