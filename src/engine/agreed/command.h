/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What administrators want, carried out. A command that is refused has changed nothing: all that can refuse it is asked first. */

#include "engine/agreed/agreed.h"

/* `text` says why it was refused. */
CommandError command_apply(
                Agreed *g, const Member *sender, const Command *c, char *ret_text, size_t size_bytes);
