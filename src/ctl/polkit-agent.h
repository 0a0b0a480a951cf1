/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lets polkit ask for a password on this terminal, as systemctl does: pkttyagent runs beside us while
 * commands are under way. Where there is no terminal, no such program, or root asks, nothing happens. */

#include <sys/types.h>

#include "base/macros.h"

typedef struct PolkitAgent {
        pid_t pid; /* 0: none */
} PolkitAgent;

/* Returns when the agent is ready, or is known not to come. True: it was started, and may write to the terminal. */
bool polkit_agent_open(PolkitAgent *a);
void polkit_agent_close(PolkitAgent *a);
