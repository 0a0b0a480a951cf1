/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two synced members to which a ring has delivered the same, in the same order, hold the same agreed state. */

#include "check.h"

#define REMEMBERED 4096u /* states; nodes are never further apart than what is on its way between them */

typedef struct Held {
        RingId ring;
        uint64_t history, digest;
        uint32_t node_id;
} Held;

typedef struct States {
        Held held[REMEMBERED];
        size_t next;
} States;

static void *states_free(void *judge)
{
        free(judge);
        return NULL;
}

static void *states_new(const CheckConfig *config)
{
        (void) config;
        return calloc(1, sizeof(States));
}

static void states_observe(void *judge, const Observation *o, Findings *f)
{
        States *c = judge;

        if (o->type != OBSERVE_STATE)
                return;
        for (size_t i = 0; i < MIN(c->next, (size_t) REMEMBERED); i++) {
                const Held *h = c->held + (c->next - 1 - i) % REMEMBERED;

                if (h->history != o->history || ring_compare(&h->ring, &o->ring) != 0 ||
                                h->digest == o->digest)
                        continue;
                finding(f, o, "nodes %u and %u have heard the same in ring %u.%llu and hold different states",
                                h->node_id, o->node_id, o->ring.node_id, (unsigned long long) o->ring.seq);
                return;
        }
        c->held[c->next++ % REMEMBERED] = (Held){ o->ring, o->history, o->digest, o->node_id };
}

const CheckClass check_states = { "states", states_new, states_free, states_observe };
