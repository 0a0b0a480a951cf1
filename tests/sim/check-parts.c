/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parts: when a start is issued, no part of an earlier copy exists on a node of that ring; and no node tells an end of a copy, or
 * leaves it out of what it reports, while a part of it exists there. What nobody can end there, since there was no guard and its
 * manager is gone, or its stop does not succeed and no host ends itself for it, holds no start back for longer than the grace; by force an administrator takes the
 * risk. */

#include "base/array.h"
#include "check.h"

typedef struct PartHere {
        const CheckApp *app;
        uint32_t node_id;
        uint64_t epoch, number;
        bool stuck;
        bool unguarded; /* since its manager ended there was no guard, at least for a while */
} PartHere;

typedef struct Parts {
        const CheckConfig *config;
        PartHere *here;
        size_t n_here, n_allocated;
        bool *manager_up, *unguarded; /* by node id */
        bool *forced;                 /* by application */
} Parts;

static void *parts_free(void *judge)
{
        Parts *c = judge;

        if (!c)
                return NULL;
        free(c->here);
        free(c->manager_up);
        free(c->unguarded);
        free(c->forced);
        free(c);
        return NULL;
}

static void *parts_new(const CheckConfig *config)
{
        Parts *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->manager_up = calloc(config->n_nodes + 1, sizeof(bool));
        c->unguarded = calloc(config->n_nodes + 1, sizeof(bool));
        c->forced = calloc(config->n_apps + 1, sizeof(bool));
        return c->manager_up && c->unguarded && c->forced ? c : parts_free(c);
}

static size_t find_app(const Parts *c, const char *name)
{
        size_t i = 0;

        while (i < c->config->n_apps && !streq(c->config->apps[i].name, name))
                i++;
        return i;
}

static bool in_ring(const Observation *o, uint32_t node_id)
{
        for (size_t i = 0; i < o->n_ring_nodes; i++)
                if (o->ring_nodes[i] == node_id)
                        return true;
        return false;
}

static void judge_start(const Parts *c, const Observation *o, Findings *f)
{
        size_t app = find_app(c, o->app);

        FOREACH_ARRAY(p, c->here, c->n_here) {
                if (!streq(p->app->name, o->app) || !in_ring(o, p->node_id) ||
                                (app < c->config->n_apps && c->forced[app]))
                        continue;
                if (((p->stuck && !p->app->needs_end) || p->unguarded) && !c->manager_up[p->node_id])
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
        size_t app = find_app(c, o->app);

        if (app < c->config->n_apps && ARRAY_GROW(c->here, c->n_here, c->n_allocated) >= 0)
                c->here[c->n_here++] = (PartHere){ &c->config->apps[app], o->node_id, o->epoch, o->token,
                        false, false };
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

static void node_is(Parts *c, const Observation *o)
{
        if (o->type == OBSERVE_GUARD)
                c->unguarded[o->node_id] = !o->flag;
        else if (o->type == OBSERVE_NODE_DOWN)
                c->unguarded[o->node_id] = false;
        else
                c->manager_up[o->node_id] = o->type == OBSERVE_MANAGER_BEGIN;
        FOREACH_ARRAY(p, c->here, c->n_here)
                if (p->node_id == o->node_id && o->type == OBSERVE_MANAGER_BEGIN)
                        p->unguarded = false;
                else if (p->node_id == o->node_id && c->unguarded[o->node_id] && !c->manager_up[o->node_id])
                        p->unguarded = true;
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
        else if (o->type == OBSERVE_MANAGER_BEGIN || o->type == OBSERVE_MANAGER_END ||
                        o->type == OBSERVE_GUARD || o->type == OBSERVE_NODE_DOWN)
                node_is(c, o);
        else if (o->type == OBSERVE_COMMAND && o->command->kind == COMMAND_TAKEOVER && o->command->force) {
                size_t app = find_app(c, strempty(o->command->app));

                if (app < c->config->n_apps)
                        c->forced[app] = true;
        } else if (o->type == OBSERVE_STEP && o->effects)
                FOREACH_ARRAY(e, o->effects->effects, o->effects->n_effects)
                        if (e->type == EFFECT_SEND)
                                judge_message(c, o, e->message, f);
}

const CheckClass check_parts = { "parts", parts_new, parts_free, parts_observe };
