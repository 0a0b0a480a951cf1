/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the judges of copies and of their parts both have to know: who could end them, and what an administrator takes upon
 * himself. */

#include "check.h"

typedef struct Hosts {
        const CheckConfig *config;
        bool *manager_up, *unguarded; /* by node id */
        bool *forced;                 /* a takeover was; by application */
} Hosts;

bool hosts_begin(Hosts *h, const CheckConfig *config); /* false: no memory; it is to be freed all the same */
void hosts_done(Hosts *h);

/* Managers, guards and hosts that come and go, and takeovers by force; anything else is nothing to it. True: it is of a node. */
bool hosts_observe(Hosts *h, const Observation *o);
/* After hosts_observe(): of what is on that node, whether there was no guard at any time since its manager ended. */
void hosts_mark(const Hosts *h, const Observation *o, uint32_t node_id, bool *unguarded);

/* NULL: it is none of the configuration's. */
const CheckApp *hosts_find_app(const Hosts *h, const char *name);
/* Of that application; NULL: as above. */
bool *hosts_forced(const Hosts *h, const char *app);
/* The start was issued in a ring that has this node. */
bool in_ring(const Observation *o, uint32_t node_id);
