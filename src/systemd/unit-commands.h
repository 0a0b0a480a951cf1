/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands of a worker's unit, once more as text. systemd keeps a transient unit as a file, and reads it again at
 * each daemon-reload. systemd 252 does not understand there what it wrote itself: a last command with "+" or "!" is
 * gone, and "$" has got a backslash. So the keys with such commands lie in a drop-in beside that file, in words that
 * every systemd reads as they were meant. systemd removes it together with the unit. */

#include "systemd/unit-start.h"

#define UNIT_TRANSIENT_DIR "/run/systemd/transient"

/* The drop-in's text, to be freed; NULL: no key needs one. 0 or -ENOMEM. */
int unit_commands_text(const UnitStart *start, char **ret);

/* Makes the drop-in below `directory` what the start needs: written, or removed where nothing needs one. 0 or a negative
 * errno; -ENOSPC is a full /run. */
int unit_commands_write(const char *directory, const UnitStart *start);
/* The same where it is gone, as the end of the copy before takes it along until systemd has let go of that. */
int unit_commands_keep(const char *directory, const UnitStart *start);
/* For a unit that is not there, or not ours. One that is not there is fine. */
void unit_commands_remove(const char *directory, const char *app);
