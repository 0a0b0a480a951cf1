/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The deadlines past which this host reboots itself, and the orders that set them. Pure, no allocation.
 *
 * An order is one datagram of text without a zero byte, and each is answered by one:
 *
 *     arm SERIAL USEC ACTION REASON      "ok"; the deadline of that serial is USEC (CLOCK_BOOTTIME) from now on
 *     disarm SERIAL                      "ok", also where there is none of that serial
 *     ping                               "ok"
 *     anything else                      "error TEXT", and nothing has changed
 *
 * SERIAL is a number of the sender's own, not 0; numbers are decimal. ACTION is `reboot` or `poweroff`. REASON is the rest of
 * the line, printable, for the console. These words do not change: a fuse stays while the programs that talk to it are
 * upgraded.
 *
 * Kept is a table of rows of one size, which a process that comes later reads as it stands. A row is written so that one
 * that was written in part counts as free: its serial goes first and comes last. */

#include "base/macros.h"

#define DEADLINES_MAX 64
#define DEADLINE_REASON_MAX 200 /* bytes, with the zero; a longer one is cut */
#define DEADLINE_ORDER_MAX 512  /* bytes of an order */
#define DEADLINE_ANSWER_MAX 128 /* bytes of an answer, with the zero */

typedef enum DeadlineAction {
        DEADLINE_REBOOT,
        DEADLINE_POWEROFF,
        _DEADLINE_ACTION_MAX,
} DeadlineAction;

typedef struct Deadline {
        volatile uint64_t serial; /* 0: the row is free */
        uint64_t usec;            /* CLOCK_BOOTTIME */
        uint32_t action;          /* DeadlineAction */
        char reason[DEADLINE_REASON_MAX];
} Deadline;

typedef struct Deadlines {
        char magic[8]; /* DEADLINES_MAGIC; anything else is no table */
        Deadline rows[DEADLINES_MAX];
} Deadlines;

#define DEADLINES_MAGIC "distrofu"

/* Takes a table that an earlier process left, whatever is in it, or begins one: rows that make no sense are freed. Returns how
 * many are left. */
size_t deadlines_open(Deadlines *d);
/* Carries out an order of `size` bytes, and writes the answer. */
void deadlines_order(
                Deadlines *d, const char *order, size_t size, char ret_answer[static DEADLINE_ANSWER_MAX]);
/* The earliest one; NULL: there is none. */
const Deadline *deadlines_first(const Deadlines *d);
