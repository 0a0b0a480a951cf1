/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/runs.h"

/* A planned leave hands over, or stops, and ends in the time that it was given; a restart waits until the agreed state does not
 * end with it. */

void leave_begin(Local *here, const LeaveTiming *timing);
void leave_pump(Local *here);
uint64_t leave_deadline(const Local *here);
bool leave_waits_for(const Local *here, const LocalUnit *u); /* for its end */

void restart_begin(Local *here, const LeaveTiming *timing);
void restart_pump(Local *here);
uint64_t restart_deadline(const Local *here); /* it goes on then, whatever is the case */
