/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Engines driven by hand, event by event. The group is a queue that everybody is told in order; disks and probes answer
 * at once unless a test says otherwise. Nothing happens by itself: no time passes, no deadline is looked at.
 *
 * Every function that can fail fails the test. */

#include "base/array.h"
#include "base/timing.h"
#include "engine/agreed/apply.h"
#include "engine/agreed/presence.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ABC = 1, BCD, DEF, N_NODES = 3 };

#define CLUSTER_START (1000 * USEC_PER_SEC)
#define CLUSTER_TOKEN USEC_PER_SEC
#define CLUSTER_CONSENSUS (2630 * USEC_PER_MSEC)
#define CLUSTER_DELAY (4 * USEC_PER_SEC)
#define CLUSTER_GRACE (60 * USEC_PER_SEC)
#define LOG_MAX 1024

typedef struct Logged {
        uint32_t node;
        EffectType type;
        uint64_t epoch, token;
        StartType start_type;
        CommandError error;
        bool final;
} Logged;

/* What is under way: a message to all members, or what comes back to one node. */
typedef struct Sent {
        Member sender;
        Message *message;
        uint32_t back_to; /* 0: a message */
        Event back;
} Sent;

typedef struct Cluster {
        Engine *engine[N_NODES + 1];
        bool member[N_NODES + 1];
        uint64_t now;
        RingId ring;
        Sent queue[1024];
        size_t n_queue;
        size_t n_sent[N_NODES + 1];    /* messages of each */
        bool may_wait[N_NODES + 1];    /* so the last of them */
        bool hold_probes;              /* they do not come back */
        bool needs_end;                /* so are the files that are read from now on */
        bool hold_writes[N_NODES + 1]; /* nor does what the disk of this node says */
        Logged log[LOG_MAX];
        size_t n_log;
} Cluster;

/* One event for one node; what the engine asks for is logged or queued. */
void cluster_step(Cluster *c, uint32_t node, Event *event);
/* Everything that is queued, and what follows from it. */
void cluster_deliver(Cluster *c);
void cluster_deliver_one(Cluster *c); /* the first that is queued */
/* Time passes on one node alone; on all, and what they send then is delivered. */
void cluster_at(Cluster *c, uint32_t node, uint64_t usec);
void cluster_all_at(Cluster *c, uint64_t usec);
/* A new ring of the nodes that are members; its quorum's word is not there yet. */
void cluster_new_ring(Cluster *c);
/* The same of all nodes, also of those without a manager. */
void cluster_new_ring_of_all(Cluster *c, uint64_t seq);
void cluster_quorum_on(Cluster *c, uint32_t node, RingId ring, bool quorate);
void cluster_quorum(Cluster *c, bool quorate); /* on all members, for the present ring, and delivered */
void cluster_make_engine(Cluster *c, uint32_t node, NoQuorumPolicy policy, RecordKind kind);
void cluster_connect(Cluster *c, uint32_t node);
/* Its manager is gone, its node stays in the ring. */
void cluster_manager_gone(Cluster *c, uint32_t node);
/* The worker of the last epoch stands so on this node, and all hear of it. */
void cluster_unit_is(Cluster *c, uint32_t node, const char *app, UnitState state);
/* What `node` runs, as a member that asks for the state says it: epoch 0 nothing. Only def hears it. */
void cluster_report(Cluster *c, uint32_t node, uint64_t epoch, UnitState state);
/* One file, `names` in order of priority; another delay is another file. */
void cluster_definition_on(
                Cluster *c, uint32_t node, const char *app, const char *const *names, uint64_t delay_usec);
/* Three nodes, formed; `distro` is started on abc, before bcd and def. */
void cluster_begin(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec);
/* The same, and it runs; the log is empty. */
void cluster_begin_running(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec);
/* The same with something that outlives a kill. */
void cluster_begin_storage(Cluster *c, NoQuorumPolicy policy, uint64_t delay_usec);
void cluster_end(Cluster *c);
/* How often a node asked for this since the log was emptied. */
size_t cluster_count(const Cluster *c, uint32_t node, EffectType type);
/* What `node` holds of `distro`. */
App *cluster_distro(const Cluster *c, uint32_t node);
uint64_t cluster_isolation_usec(void);
void cluster_command(
                Cluster *c, uint32_t node, uint64_t token, CommandKind kind, const char *app, const char *to);
/* _COMMAND_ERROR_MAX: it has not been answered. */
CommandError cluster_reply(const Cluster *c, uint64_t token);
