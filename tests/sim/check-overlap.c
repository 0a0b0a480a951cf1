/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two copies at a time, wherever their nodes are: with NoQuorumPolicy=stop and a delay that is longer than needed a node that is
 * cut off, or whose Corosync says nothing, has ended its copy when the others start theirs. They notice the same cut at times
 * that differ, which is the slack. Not judged where an assumption is broken on purpose. */

#include "base/array.h"
#include "check.h"

typedef struct Overlap {
        const CheckConfig *config;
        uint64_t *nodes;      /* by application: bit i is node i */
        uint64_t *since_usec; /* by application: since when there is more than one; 0: there is not */
} Overlap;

static void *overlap_free(void *judge)
{
        Overlap *c = judge;

        if (!c)
                return NULL;
        free(c->nodes);
        free(c->since_usec);
        free(c);
        return NULL;
}

static void *overlap_new(const CheckConfig *config)
{
        Overlap *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->nodes = calloc(config->n_apps + 1, sizeof(*c->nodes));
        c->since_usec = calloc(config->n_apps + 1, sizeof(*c->since_usec));
        return c->nodes && c->since_usec ? c : overlap_free(c);
}

static void overlap_observe(void *judge, const Observation *o, Findings *f)
{
        Overlap *c = judge;

        if (c->config->overlap_usec == 0)
                return;
        for (size_t i = 0; i < c->config->n_apps; i++) {
                const CheckApp *a = c->config->apps + i;
                bool ours = o->app && streq(a->name, o->app);

                if (a->start_first || a->failover_delay_usec < c->config->needed_usec)
                        continue;
                if (c->since_usec[i] > 0 && o->at_usec > c->since_usec[i] + c->config->overlap_usec) {
                        finding(f, o, "%s has had two copies since %llu.%06llu (nodes %#llx)", a->name,
                                        (unsigned long long) (c->since_usec[i] / USEC_PER_SEC),
                                        (unsigned long long) (c->since_usec[i] % USEC_PER_SEC),
                                        (unsigned long long) c->nodes[i]);
                        c->since_usec[i] = 0;
                }
                if (ours && o->type == OBSERVE_UNIT_BEGIN)
                        c->nodes[i] |= UINT64_C(1) << o->node_id;
                else if (ours && (o->type == OBSERVE_UNIT_END ||
                                                 o->type == OBSERVE_UNIT_STUCK)) /* nobody can end that */
                        c->nodes[i] &= ~(UINT64_C(1) << o->node_id);
                else
                        continue;
                if ((c->nodes[i] & (c->nodes[i] - 1)) == 0)
                        c->since_usec[i] = 0;
                else if (c->since_usec[i] == 0)
                        c->since_usec[i] = MAX(o->at_usec, (uint64_t) 1);
        }
}

const CheckClass check_overlap = { "overlap", overlap_new, overlap_free, overlap_observe };
