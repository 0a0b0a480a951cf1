/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The moments that cutoff.c keeps. No other rule includes this. */

#include "engine/local/local.h"

#define PROBES_KEPT 64 /* of so many of the last probes it is known when they were sent */

struct Cutoff {
        /* Of Corosync, and of the configuration. */
        uint64_t token_usec, consensus_usec;
        bool quorum_device;
        uint64_t isolation_config_usec, self_fence_usec;

        bool was_quorate;        /* as it was noted last */
        uint64_t no_quorum_usec; /* the first view, or the end of the last, since one that was quorate; 0: quorate */
        uint64_t away_usec; /* the delay of the peers may run since then; 0: this member has been in step since */
        uint64_t cut_off_usec; /* when the workers' time began to run; 0: not cut off */
        uint64_t outside_usec; /* this member has been out of the group since then; 0: it is in it, or never was */
        uint64_t disconnected_usec; /* Corosync was lost then; 0: is not, and has not been lately */

        /* Silence of Corosync. */
        uint64_t probe_next_usec;
        uint64_t silent_usec; /* the first probe without an answer; 0: none */
        bool isolated;
        uint64_t n_probes_sent, n_probes_back; /* numbers of the last ones, on this connection */
        uint64_t probe_times[PROBES_KEPT];     /* when they were sent, by number modulo PROBES_KEPT */
        bool probed;                           /* in this step */
        uint64_t hold_probe; /* the host slept: nothing starts until this probe is back; 0: it did not */
        uint64_t step_probe; /* after a silence this one has to be back, quickly, before the member counts as in step; 0 */

        /* When this host has to be down; see cutoff_end_usec(). */
        uint64_t proven_usec; /* the sending of the newest probe that a quorate ring gave back quickly; 0: none */
        uint64_t turned_usec; /* when quorum went in a view that had it, as the first loss since it was in step; 0: it did not */
        uint64_t lost_usec; /* the delay of the peers may run since then; 0: this member is in step, or knows nothing */

        /* What is known of the others. */
        uint64_t in_step_usec; /* in step with a quorate group until then; USEC_INFINITY: it is; 0: it never was */
        uint64_t slept_usec; /* the last step before the host slept; counts while `hold_probe` is awaited */
        uint64_t stale_since_usec; /* engine_stale_since() */
};
