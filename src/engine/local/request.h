/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* The commands that were given to this node. Each is answered once. */

#define COMMANDS_MAX 128u /* commands of this node that are under way */

struct LocalCommand {
        uint64_t token;
        uint64_t seq;
        Command command;
        SentIn sent_in;
        bool sent_ever;
        bool applied; /* carried out; waits until `revision` is on the disks */
        bool sure;    /* it is, and now `revision` is the one by which the guards know */
        Revision revision;
        uint64_t applied_usec;
        uint64_t wait_serial; /* of the timer that waits for this revision; 0: none has been seen yet */
};

void request_end(Local *here);
void request_submit(Local *here, uint64_t token, const Command *c);
/* Ours with this number has been carried out, or refused. */
void request_applied(Local *here, uint64_t seq, const Outcome *o);
void request_forget_sent(Local *here); /* a new connection: what was sent may or may not have happened */
void request_pump(Local *here);
uint64_t request_deadline(const Local *here);
