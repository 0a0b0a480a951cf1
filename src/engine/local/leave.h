/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* A planned leave hands over, or stops, and ends in the time that it was given; a restart waits until the agreed state does not
 * end with it. */

void leave_begin(Engine *e, const LeaveTiming *timing);
void leave_pump(Engine *e);
uint64_t leave_deadline(const Engine *e);
bool leave_waits_for(const Engine *e, const LocalUnit *u); /* for its end */

void restart_begin(Engine *e, const LeaveTiming *timing);
void restart_pump(Engine *e);
uint64_t restart_deadline(const Engine *e); /* it goes on then, whatever is the case */
