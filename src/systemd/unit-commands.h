/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands of a worker's unit, once more as text. systemd keeps a transient unit as a file, and reads it again at
 * each daemon-reload. systemd 252 does not understand there what it wrote itself. A last command with "+" or "!" is
 * gone, and "$" has got a backslash. So the keys with such commands lie in a drop-in of the unit too, in words that
 * every systemd reads as they were meant. With them lie the keys that our table lacks and systemd knows, which no call
 * could set. It lies where administrators' drop-ins for this boot do: systemd looks there for what is new at each
 * start, and beside the transient unit's own file it does not. */

#include "systemd/unit-start.h"

#define UNIT_DROPIN_DIR "/run/systemd/system"

/* The drop-in's text, to be freed; NULL: no key needs one. 0 or -ENOMEM. */
int unit_commands_text(const UnitStart *start, char **ret);

/* Makes the drop-in below `directory` what the start needs: written, or removed where nothing needs one. 0 or a negative
 * errno; -ENOSPC is a full /run. */
int unit_commands_write(const char *directory, const UnitStart *start);
/* For a copy that has ended, or never was. One that is not there is fine. */
void unit_commands_remove(const char *directory, const char *app, uint64_t epoch);
