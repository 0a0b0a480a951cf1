/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parts: when a start is issued, no part of an earlier copy exists on a node of that ring; and no node tells an end of a copy, or
 * leaves it out of what it reports, while a part of it exists there. What nobody can end there, since there was no guard and its
 * manager is gone, or its stop does not succeed and no host ends itself for it, holds no start back for longer than the grace; by force an administrator takes the
 * risk. */

#include "base/array.h"
#include "check-hosts.h"

typedef struct PartHere {
        const CheckApp *app;
        uint32_t node_id;
        uint64_t epoch, number;
        bool stuck;
        bool unguarded; /* since its manager ended there was no guard, at least for a while */
} PartHere;

typedef struct Parts {
        Hosts hosts;
        PartHere *here;
        size_t n_here, n_allocated;
} Parts;

static void *parts_free(void *judge)
{
        Parts *c = judge;

        if (!c)
                return NULL;
        free(c->here);
        hosts_done(&c->hosts);
        free(c);
        return NULL;
}

static void *parts_new(const CheckConfig *config)
{
        Parts *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        return hosts_begin(&c->hosts, config) ? c : parts_free(c);
}

static void judge_start(const Parts *c, const Observation *o, Findings *f)
{
        const bool *forced = hosts_forced(&c->hosts, o->app);

        FOREACH_ARRAY(p, c->here, c->n_here) {
                if (!streq(p->app->name, o->app) || !in_ring(o, p->node_id) || (forced && *forced))
                        continue;
                if (((p->stuck && !p->app->needs_end) || p->unguarded) && !c->hosts.manager_up[p->node_id])
                        continue;
                finding(f, o, "%s is started on node %u (epoch %#llx) while a part of it (epoch %#llx) exists on node %u of the same ring",
                                o->app, o->node_id, (unsigned long long) o->epoch,
                                (unsigned long long) p->epoch, p->node_id);
                return;
        }
}

/* What the facts say of this copy: true if it is there, and lives. */
static bool facts_have(const FactsMessage *m, const PartHere *p)
{
        FOREACH_ARRAY(c, m->copies, m->n_copies)
                if (c->epoch == p->epoch && streq(c->app, p->app->name))
                        return unit_state_is_alive(c->state);
        return false;
}

static void judge_message(const Parts *c, const Observation *o, const Message *m, Findings *f)
{
        FOREACH_ARRAY(p, c->here, c->n_here) {
                bool told = m->type == MESSAGE_RESULT && m->result.epoch == p->epoch &&
                            streq(m->result.app, p->app->name) && !unit_state_is_alive(m->result.state);

                if (p->node_id != o->node_id ||
                                (!told && (m->type != MESSAGE_FACTS || facts_have(&m->facts, p))))
                        continue;
                finding(f, o, "node %u says that %s (epoch %#llx) has ended while a part of it exists there",
                                o->node_id, p->app->name, (unsigned long long) p->epoch);
                return;
        }
}

static void part_begins(Parts *c, const Observation *o)
{
        const CheckApp *app = hosts_find_app(&c->hosts, o->app);

        if (app && ARRAY_GROW(c->here, c->n_here, c->n_allocated) >= 0)
                c->here[c->n_here++] = (PartHere){ app, o->node_id, o->epoch, o->token, false, false };
}

static void part_is(Parts *c, const Observation *o)
{
        for (size_t i = c->n_here; i > 0; i--) {
                PartHere *p = c->here + i - 1;

                if (p->node_id != o->node_id || p->epoch != o->epoch || !streq(p->app->name, o->app))
                        continue;
                if (o->type == OBSERVE_PART_STUCK)
                        p->stuck = true;
                else if (p->number == o->token)
                        ARRAY_CLOSE(c->here, c->n_here, i - 1);
        }
}

static void parts_observe(void *judge, const Observation *o, Findings *f)
{
        Parts *c = judge;

        if (o->type == OBSERVE_START)
                judge_start(c, o, f);
        else if (o->type == OBSERVE_PART_BEGIN)
                part_begins(c, o);
        else if (o->type == OBSERVE_PART_END || o->type == OBSERVE_PART_STUCK)
                part_is(c, o);
        else if (hosts_observe(&c->hosts, o))
                FOREACH_ARRAY(p, c->here, c->n_here)
                        hosts_mark(&c->hosts, o, p->node_id, &p->unguarded);
        else if (o->type == OBSERVE_STEP && o->effects)
                FOREACH_ARRAY(e, o->effects->effects, o->effects->n_effects)
                        if (e->type == EFFECT_SEND)
                                judge_message(c, o, e->message, f);
}

const CheckClass check_parts = { "parts", parts_new, parts_free, parts_observe };
