/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stand-ins for everything that the manager drives, so that the manager itself can be tested without
 * Corosync, systemd and D-Bus. Each call becomes a line of a trace; what comes back is set by the test. The
 * engine is a stand-in, too: it notes each event and gives the effects that the test has prepared for it. */

#include "daemon/manager-struct.h"
#include "daemon/manager.h"

typedef struct Doubles {
        char *trace; /* lines, each ended by a newline */
        size_t trace_bytes;
        FILE *trace_file;

        /* The engine: effects that the next event of this type is answered with. */
        EventType effects_on;
        EffectList effects;
        bool in_step;
        uint64_t last_now_usec;
        bool synced, has_workers;
        uint64_t fuse_usec; /* engine_fuse_deadline() */
        const char *fuse_app;
        int engine_new_result; /* of the first call with a valid record */
        State state;

        /* Answers. */
        int cluster_error;            /* of the next reading of the cluster */
        const char *cluster_nodes[4]; /* names; ids from 1, our own is 1 */
        uint64_t cluster_token_usec;  /* 0: one second */
        const char *cluster_address;  /* of the second node, in its first ring; NULL: there is none */
        const char *cluster_loopback; /* a ring address that is every host's own; NULL: there is none */
        const char *cluster_device;   /* the model of the quorum device; NULL: there is none */
        int units_start_result;
        int group_send_result;
        unsigned sent_type; /* of the message whose bytes were sent last */
        OwnJobAnswer own_job;
        bool own_job_silent;
        bool units_ready_now;
        bool no_votes;

        /* What the manager gave us. */
        GroupCallbacks group;
        UnitsCallbacks units;
        BusOps bus;
        void *userdata;
        ClusterCallback cluster_callback;
        UnitInfo found[2];
        size_t n_found;
        UnitPart parts[2]; /* of the first one */
        size_t n_parts;
} Doubles;

extern Doubles doubles;

void doubles_begin(void);
void doubles_end(void);
/* The trace so far; it begins anew afterwards. Valid until the next call. */
const char *doubles_trace(void);
/* Prepares an effect for the next event of this type. The strings are copied. */
Effect *doubles_effect(EventType on, EffectType type);
ClusterInfo *doubles_cluster(void);
