/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A copy: one start of an application on one node, known by its epoch. */

#include "engine/agreed/agreed.h"

/* What `takeover --force` gives up: lost in maintenance, so that no manager stops it there. */
bool copy_is_given_up(const Copy *c);
void app_stop_copy(Agreed *g, App *a, Copy *c, const char *why); /* `why` is a literal: it is kept */
void copy_ended_note(Agreed *g, const App *a, const Copy *c, const char *why);
