/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this node knows and does on its own. A rule of this wing takes a Local, which reaches how this process is a member, and
 * what is agreed. Each file has its own part of it. */

#include "engine/member/member.h"

typedef struct Cutoff Cutoff;                   /* private to cutoff.c */
typedef struct LocalUnit LocalUnit;             /* runs.h */
typedef struct LocalDefinition LocalDefinition; /* own-files.h */
typedef struct LocalCommand LocalCommand;       /* request.h */

typedef struct Local {
        Membership me;
        NoQuorumPolicy no_quorum_policy; /* from the configuration */
        SelfFence self_fence;            /* the same */
        bool rebooted_itself;            /* the same */

        /* cutoff.c */
        Cutoff *cutoff;
        SentIn timing_sent_in;

        /* startup.c */
        uint32_t *wait_mandatory, *wait_optional;
        size_t n_wait_mandatory, n_wait_optional;
        uint64_t sync_timeout_usec;
        uint64_t started_usec; /* the first connection; 0: not yet */
        bool takes_part, ready_sent;
        bool noted_waiting;
        bool synced_told; /* EFFECT_SYNCED is out */

        /* runs.c */
        LocalUnit *units; /* sorted by application and epoch */
        size_t n_units, n_units_allocated;

        /* worker.c */
        bool starts_wait; /* for a probe to come back */

        /* own-files.c */
        LocalDefinition *definitions;
        size_t n_definitions;
        bool files_read;       /* since the last `reload --all` */
        bool definitions_more; /* of what was sent last: the rest follows */
        SentIn definitions_known_in; /* the view in which the group knew all that the files say; else they are compared again */
        SentIn definitions_sent_in;

        /* request.c */
        LocalCommand *commands;
        size_t n_commands, n_commands_allocated;
        uint64_t command_seq;

        /* disk.c */
        Revision write_issued, write_done;
        bool write_failed;
        SentIn failure_told_in;
        uint64_t write_retry_usec;
        Revision acked; /* our last ACK, of what this member holds */
        SentIn acked_in;

        /* guarded.c */
        bool unguarded;       /* this node has no guard */
        bool unfused;         /* this node has no fuse */
        SentIn guard_told_in; /* what the state has of either is otherwise, and the message is out */

        /* expiry.c */
        uint64_t *expiry_sent; /* sorted serials of timers for which an expiry was sent, in the view `expiry_in` */
        size_t n_expiry_sent, n_expiry_allocated;
        SentIn expiry_in;

        /* leave.c */
        SentIn leave_sent_in;
        bool leaving, restarting, left;
        uint64_t restart_probe; /* the first that was sent after the restart was asked for; 0: not yet */
        LeaveTiming leave;
        uint64_t leave_usec;       /* when the leave, or the restart, began */
        uint64_t leave_stuck_usec; /* since when nothing but what is stuck is waited for; 0: something else is */
} Local;
