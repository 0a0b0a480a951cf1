/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What corosync.conf can allow that gives quorum to fewer nodes than is safe without fencing: the manager writes it into
 * the journal at its start, `distroctl status` shows it. */

#include "base/macros.h"

typedef struct QuorumWarning {
        const char *flag; /* its name on the bus, in QuorumState */
        const char *text;
} QuorumWarning;

#define QUORUM_WARNINGS_MAX 5u

extern const QuorumWarning quorum_warning_table[QUORUM_WARNINGS_MAX];

/* The words of one flag; NULL: it is no reason for a warning. */
const char *quorum_warning(const char *flag);
