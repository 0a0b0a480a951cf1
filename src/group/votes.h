/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Corosync's votequorum counts. It is for showing alone: whether a node is quorate comes with the quorum
 * notification (group.h), and nothing is decided by these numbers. Asking waits for Corosync, so it happens on a thread. */

#include <systemd/sd-event.h>

#include "base/macros.h"

typedef struct Votes {
        uint32_t node_votes;       /* of this node */
        uint32_t expected_votes;   /* in force; what the quorum is made of */
        uint32_t highest_expected; /* the most that was ever expected */
        uint32_t total_votes;      /* there now, with those of a device that casts them */
        uint32_t quorum;           /* needed */
        uint32_t device_votes;
        bool two_node, wait_for_all, last_man_standing, auto_tie_breaker, allow_downscale;
        bool device, device_alive, device_casts_vote, device_master_wins;
} Votes;

/* A quorum device comes and goes without any change of the ring or of quorum, so while there is one it is asked again
 * after this time. */
#define VOTES_DEVICE_USEC (30 * USEC_PER_SEC)

typedef struct VotesReader VotesReader;

/* `votes` is NULL where Corosync did not tell; it is valid during the call only. */
typedef void (*VotesCallback)(void *userdata, const Votes *votes);

/* `device_usec`: VOTES_DEVICE_USEC. What is asked that often is told only where it has changed. */
int votes_reader_new(sd_event *loop, uint32_t own_id, uint64_t device_usec, VotesCallback callback,
                void *userdata, VotesReader **ret);
/* Not from within the callback. */
VotesReader *votes_reader_free(VotesReader *r);
DEFINE_TRIVIAL_CLEANUP(VotesReader *, votes_reader_free)

/* Asks for what is so in half a second, so that Corosync is left alone while a change of quorum is acted upon; the
 * callback follows from the loop. Requests during one that is under way become one more. Where Corosync is busy it is
 * asked again a few times. */
void votes_reader_ask(VotesReader *r);
