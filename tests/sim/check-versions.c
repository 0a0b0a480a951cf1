/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The protocol version of the group never goes back: once a state with a version is committed, no later state has a lower
 * one, also where the group has formed anew. Nothing is promised once half of the disks were lost, or the group was formed by
 * hand, or where two sets of nodes that share none can have quorum. */

#include "check.h"

typedef struct Versions {
        const CheckConfig *config;
        Revision revision; /* of the last state that was committed */
        uint8_t version;   /* and its version; 0: there was none */
        uint64_t holds;    /* nodes whose disks have a record: bit i is node i */
        bool void_promise;
} Versions;

static void *versions_free(void *judge)
{
        free(judge);
        return NULL;
}

static void *versions_new(const CheckConfig *config)
{
        Versions *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->void_promise = config->apart;
        return c;
}

static void disk_lost(Versions *c, uint32_t node_id)
{
        c->holds &= ~(UINT64_C(1) << node_id);
        if (2 * (size_t) __builtin_popcountll(c->holds) <= c->config->n_nodes)
                c->void_promise = true;
}

static void state_seen(Versions *c, const Observation *o, Findings *f)
{
        bool later = revision_compare(&o->revision, &c->revision) > 0;

        if (!o->quorate || !later)
                return;
        if (o->version < c->version) {
                finding(f, o, "node %u: the group speaks protocol version %u in revision %llu.%llu, and spoke %u before",
                                o->node_id, o->version, (unsigned long long) o->revision.ring_seq,
                                (unsigned long long) o->revision.count, c->version);
                return;
        }
        if (!o->flag)
                return;
        c->revision = o->revision;
        c->version = o->version;
}

static void versions_observe(void *judge, const Observation *o, Findings *f)
{
        Versions *c = judge;

        if (o->type == OBSERVE_DISK_WRITTEN)
                c->holds |= UINT64_C(1) << o->node_id;
        else if (o->type == OBSERVE_DISK_LOST)
                disk_lost(c, o->node_id);
        else if (o->type == OBSERVE_COMMAND && o->command->kind == COMMAND_FORM)
                c->void_promise = c->void_promise || c->config->formed_by_hand;
        else if (o->type == OBSERVE_STATE && !c->void_promise)
                state_seen(c, o, f);
}

const CheckClass check_versions = { "versions", versions_new, versions_free, versions_observe };
