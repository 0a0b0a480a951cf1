/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cluster of three nodes that is small enough to try everything that can happen in it. The engines are the real
 * ones; around them is the least that makes a cluster: rings, an order of messages, units, disks, time. Nothing is
 * drawn: at each point model_list() names all that can happen next, and model_do() makes one of it happen.
 *
 * What is simpler than in src/world, and why that leaves nothing out:
 *   - A message that has been put in order reaches all members at once. What happens on two nodes between two
 *     messages cannot tell the two apart, so other interleavings lead to the same states.
 *   - Time stands still as long as something else is about to happen, unless ACT_LAG lets it pass. While nothing but
 *     probes and time goes on, it passes in one piece.
 *
 * What is left out: two rounds of which the first is aborted, quorum that comes later than its view, members that do
 * not answer, ghosts, evictions, damaged disks, Corosyncs that are silent. The simulation has them. */

#include "engine/duplicate.h"

#define MODEL_NODES 3u
#define MODEL_APPS 2u

typedef enum ActType {
        /* What goes on by itself; time waits for it. */
        ACT_ORDER,   /* the next message of `node` is put in order and delivered */
        ACT_UNIT,    /* the unit of `app` on `node` has started or ended */
        ACT_WRITTEN, /* the record of `node` is on its disk */
        ACT_RING, /* a ring forms of `mask`; flag: what its nodes had not sent comes later, else it is dropped */
        ACT_TIME, /* the next thing that is due, where nothing else is about to happen */
        /* What may happen, at any time. */
        ACT_UP, /* `node` boots */
        ACT_HEAL,
        ACT_MANAGER_START, /* flag: as for ACT_RING */
        /* Faults and wishes, of which there are only so many. */
        ACT_DOWN,
        ACT_CUT,     /* `node` hears nobody and nobody hears it */
        ACT_KILL,    /* the manager of `node`; flag: as for ACT_RING */
        ACT_LOSE,    /* the next message of `node` reaches all but `other` */
        ACT_LAG,     /* time passes, though something is about to happen */
        ACT_FAIL,    /* the worker of `app` on `node` fails for good */
        ACT_COMMAND, /* `node` is asked for what `other` names in model_commands */
        _ACT_TYPE_MAX,
} ActType;

typedef struct Act {
        ActType type;
        uint8_t node, other, app, mask;
        bool flag;
} Act;

#define MODEL_ACTS_MAX 64u

typedef struct Model Model;

typedef struct ModelConfig {
        size_t n_apps;
        unsigned n_faults;   /* faults that one history may have */
        unsigned kinds;      /* bits of ActType: which */
        bool fast_disks;     /* nothing but a fault comes between a write and its end */
        bool start_first;    /* TakeoverMode= of all applications */
        uint64_t delay_usec; /* FailoverDelaySec= */
        uint64_t *digest;    /* over what engines do, see digest.h; NULL: nobody wants it */
} ModelConfig;

/* All nodes up, the group formed, each application running, nothing about to happen. `config` has to stay. */
Model *model_new(const ModelConfig *config);
Model *model_copy(const Model *m);
Model *model_free(Model *m);

/* What can happen next. None: nothing ever will. */
size_t model_list(const Model *m, Act *ret, size_t n_max);
void model_do(Model *m, const Act *a);
uint64_t model_fingerprint(const Model *m);

/* What is wrong; NULL: nothing. */
const char *model_verdict(const Model *m);
void model_describe(const Model *m, const Act *a, char *ret, size_t size_bytes);
