/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No start on a node that has said that it may not have one: it has no guard, or no file of the application that can be read.
 * What it said is in the group soon, whatever happens to the ring. */

#include "base/array.h"
#include "check.h"

#define TOLD_USEC (10 * USEC_PER_SEC) /* Corosync can be busy for seconds */

typedef struct Place {
        bool guard_away;         /* as it is */
        uint64_t unguarded_usec; /* since its manager knows; 0: there is one */
        uint64_t *without_usec;  /* by application: since it has no file that can be read; 0: it has one */
} Place;

typedef struct CheckPlaces {
        const CheckConfig *config;
        Place *nodes; /* by id */
} CheckPlaces;

static void *places_free(void *judge)
{
        CheckPlaces *c = judge;

        if (!c)
                return NULL;
        for (size_t i = 0; c->nodes && i <= c->config->n_nodes; i++)
                free(c->nodes[i].without_usec);
        free(c->nodes);
        free(c);
        return NULL;
}

static void *places_new(const CheckConfig *config)
{
        CheckPlaces *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->nodes = calloc(config->n_nodes + 1, sizeof(*c->nodes));
        for (size_t i = 0; c->nodes && i <= config->n_nodes; i++) {
                c->nodes[i].without_usec = calloc(config->n_apps + 1, sizeof(uint64_t));
                if (!c->nodes[i].without_usec)
                        return places_free(c);
        }
        return c->nodes ? c : places_free(c);
}

static bool has_file(const Event *e, const char *app)
{
        FOREACH_ARRAY(d, e->definitions.definitions, e->definitions.n_definitions)
                if (streq(d->name, app))
                        return true;
        return false;
}

static void note_since(uint64_t *since_usec, bool wrong, uint64_t now_usec)
{
        if (!wrong)
                *since_usec = 0;
        else if (*since_usec == 0)
                *since_usec = MAX(now_usec, (uint64_t) 1);
}

/* What an engine is told it knows from then on. */
static void observe_step(const CheckPlaces *c, Place *n, const Observation *o)
{
        if (o->event->type == EVENT_GUARD)
                note_since(&n->unguarded_usec, !o->event->guard.guarded, o->at_usec);
        else if (o->event->type == EVENT_DEFINITIONS)
                for (size_t i = 0; i < c->config->n_apps; i++)
                        note_since(n->without_usec + i, !has_file(o->event, c->config->apps[i].name),
                                        o->at_usec);
}

static void judge_start(const CheckPlaces *c, const Place *n, const Observation *o, Findings *f)
{
        if (n->unguarded_usec > 0 && o->at_usec > n->unguarded_usec + TOLD_USEC)
                finding(f, o, "%s is started on node %u, which has had no guard since %llu s", o->app,
                                o->node_id, (unsigned long long) (n->unguarded_usec / USEC_PER_SEC));
        for (size_t i = 0; i < c->config->n_apps; i++)
                if (streq(c->config->apps[i].name, o->app) && n->without_usec[i] > 0 &&
                                o->at_usec > n->without_usec[i] + TOLD_USEC)
                        finding(f, o, "%s is started on node %u, which has had no file of it since %llu s",
                                        o->app, o->node_id,
                                        (unsigned long long) (n->without_usec[i] / USEC_PER_SEC));
}

static void places_observe(void *judge, const Observation *o, Findings *f)
{
        const CheckPlaces *c = judge;
        Place *n = c->nodes + o->node_id;

        if (o->type == OBSERVE_GUARD)
                n->guard_away = !o->flag;
        else if (o->type == OBSERVE_NODE_DOWN)
                n->guard_away = false;
        else if (o->type == OBSERVE_MANAGER_BEGIN) {
                n->unguarded_usec = 0;
                note_since(&n->unguarded_usec, n->guard_away, o->at_usec);
        } else if (o->type == OBSERVE_STEP && o->event)
                observe_step(c, n, o);
        else if (o->type == OBSERVE_START)
                judge_start(c, n, o, f);
}

const CheckClass check_places = { "places", places_new, places_free, places_observe };
