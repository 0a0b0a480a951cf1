/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A Corosync in this process: the functions of libcpg, libquorum, libvotequorum and libcmap that src/group calls, with one
 * node, and knobs for everything that can go wrong. A test links this instead of the libraries. */

#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <corosync/votequorum.h>

#include "base/macros.h"

typedef struct Fake {
        /* What the next calls return; CS_OK if nothing was said. */
        cs_error_t cmap_error;
        cs_error_t cmap_iter_error; /* in the middle of the nodelist */
        cs_error_t join_error;
        size_t n_join_errors; /* so many times; then CS_OK */
        cs_error_t mcast_error;
        size_t n_mcast_errors;
        bool dead;                  /* dispatching says CS_ERR_LIBRARY */
        bool no_echo;               /* messages are kept until fake_echo() */
        bool no_leave;              /* an own leave is not reported */
        bool hang_open, hang_leave; /* those calls wait until they are no longer to */
        bool no_names;              /* the nodelist has none */
        cs_error_t votes_error;     /* of votequorum_initialize(), so many times; then CS_OK */
        size_t n_votes_errors;
        bool hang_votes;
        struct votequorum_info votes; /* of node 1 */

        /* What was called. */
        size_t n_opened, n_closed; /* handles of any kind */
        size_t n_joined, n_left;
        size_t n_tracked;              /* prefixes of cmap */
        size_t n_mcast, n_probes;      /* taken, in the main group and in the own one */
        size_t n_votes_begun, n_votes; /* votequorum_initialize(), also while it hangs, and _getinfo() */
        char main_group[CPG_MAX_NAME_LENGTH + 1], own_group[CPG_MAX_NAME_LENGTH + 1];
} Fake;

extern Fake fake;

void fake_reset(void); /* between tests; all handles must be closed */
void fake_lock(void);  /* around what a thread may use at the same time */
void fake_unlock(void);

/* A key of cmap that is tracked has changed. */
void fake_configuration(void);

/* The next kept message, of the main group or the own one, is delivered to its sender. */
void fake_echo(void);
void fake_echo_probe(void);
/* A member of the group at another node multicasts, joins, or dies. */
void fake_deliver(uint32_t node_id, uint32_t pid, const char *text);
void fake_confchg(uint32_t node_id, uint32_t pid, bool joins, uint32_t reason);
void fake_totem(uint64_t seq);
void fake_quorum(uint64_t seq, bool quorate);
size_t fake_open_handles(void);
