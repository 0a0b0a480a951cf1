/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without quorum nothing is decided and nothing starts. With NoQuorumPolicy=stop, the step in which a node learns that
 * its ring has none stops every worker, and what has not ended within FailoverDelaySec= is killed. A node that hears
 * nothing of quorum for IsolationTimeoutSec= acts in the same way. */

#include "base/array.h"
#include "check.h"

#define LATE_USEC USEC_PER_SEC /* a manager may read what was said in the ring so much later */
#define SLACK_USEC \
        (5 * USEC_PER_SEC) /* a manager that hangs goes on, or is killed by its watchdog, within that */

typedef struct Worker {
        const CheckApp *app;
        uint64_t epoch;
        bool stopping, stuck;
} Worker;

typedef struct QuorumNode {
        Worker *workers;
        size_t n_workers, n_allocated;
        bool manager_up, reconnected, quorate;
        uint64_t lost_usec;    /* told so; 0: not */
        uint64_t awake_usec;   /* its host slept until then */
        uint64_t silence_usec; /* the first view, or the loss of Corosync, since it was quorate; 0: it is */
} QuorumNode;

typedef struct Quorum {
        const CheckConfig *config;
        QuorumNode *nodes;     /* by id */
        size_t n_quorate;      /* nodes whose engine has quorum */
        uint64_t quorate_usec; /* when the last one had it; USEC_INFINITY: never yet */
} Quorum;

static void *quorum_free(void *judge)
{
        Quorum *c = judge;

        if (!c)
                return NULL;
        for (size_t i = 0; c->nodes && i <= c->config->n_nodes; i++)
                free(c->nodes[i].workers);
        free(c->nodes);
        free(c);
        return NULL;
}

static void *quorum_new(const CheckConfig *config)
{
        Quorum *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->quorate_usec = USEC_INFINITY;
        c->nodes = calloc(config->n_nodes + 1, sizeof(*c->nodes));
        return c->nodes ? c : quorum_free(c);
}

static Worker *find_worker(QuorumNode *n, const char *app)
{
        FOREACH_ARRAY(k, n->workers, n->n_workers)
                if (streq(k->app->name, app))
                        return k;
        return NULL;
}

static void worker_begin(Quorum *c, QuorumNode *n, const Observation *o)
{
        FOREACH_ARRAY(a, c->config->apps, c->config->n_apps)
                if (streq(a->name, o->app) && ARRAY_GROW(n->workers, n->n_workers, n->n_allocated) >= 0)
                        n->workers[n->n_workers++] = (Worker){ .app = a, .epoch = o->epoch };
}

static bool in_maintenance(const Engine *e, const char *app)
{
        const App *a = e ? state_find_app(engine_state(e), app) : NULL;

        return a && a->maintenance;
}

static bool stops(const Quorum *c, uint32_t node_id)
{
        return c->config->policy == NO_QUORUM_STOP && !(c->config->freeze >> (node_id - 1) & 1);
}

static void judge_time(
                const Quorum *c, const QuorumNode *n, const Worker *k, const Observation *o, Findings *f)
{
        uint64_t until, longest;

        if (!stops(c, o->node_id) || !n->manager_up || k->stuck || in_maintenance(o->engine, k->app->name))
                return;
        if (n->awake_usec > 0 && o->at_usec < n->awake_usec + SLACK_USEC)
                return;
        longest = MAX(k->app->failover_delay_usec, k->app->longest_delay_usec);
        until = n->lost_usec > 0 ? usec_add(n->lost_usec, usec_add(longest, SLACK_USEC)) : USEC_INFINITY;
        if (o->at_usec > until)
                finding(f, o, "%s still runs on node %u, which lost quorum at %llu s", k->app->name,
                                o->node_id, (unsigned long long) (n->lost_usec / USEC_PER_SEC));
        if (n->silence_usec > 0 && !k->stopping &&
                        o->at_usec > n->silence_usec + c->config->isolation_usec + SLACK_USEC)
                finding(f, o, "%s runs on on node %u, which has had no quorum since %llu s", k->app->name,
                                o->node_id, (unsigned long long) (n->silence_usec / USEC_PER_SEC));
}

static bool has_stop(const EffectList *l, const char *app)
{
        FOREACH_ARRAY(f, l->effects, l->n_effects)
                if ((f->type == EFFECT_STOP || f->type == EFFECT_KILL) && streq(f->app, app))
                        return true;
        return false;
}

/* The step in which an engine learns that the ring it is in has no quorum. */
static void judge_loss(const Quorum *c, QuorumNode *n, const Observation *o, Findings *f)
{
        if (n->lost_usec == 0)
                n->lost_usec = o->at_usec;
        if (!stops(c, o->node_id))
                return;
        FOREACH_ARRAY(k, n->workers, n->n_workers)
                if (!k->stopping && !k->stuck && !in_maintenance(o->engine, k->app->name) &&
                                !has_stop(o->effects, k->app->name))
                        finding(f, o, "node %u has lost quorum and does not stop %s", o->node_id,
                                        k->app->name);
}

static void judge_step(const Quorum *c, QuorumNode *n, const Observation *o, Findings *f)
{
        const Event *e = o->event;

        if (e->type == EVENT_DISCONNECTED)
                n->reconnected = true;
        if (e->type == EVENT_SUSPENDED)
                n->awake_usec = o->at_usec;
        if (o->quorate) {
                n->lost_usec = n->silence_usec = 0;
                n->reconnected = false;
        } else {
                if (n->silence_usec == 0 && (e->type == EVENT_VIEW || e->type == EVENT_DISCONNECTED))
                        n->silence_usec = o->at_usec;
                if (e->type == EVENT_QUORUM && !e->quorum.quorate && !n->reconnected && o->engine) {
                        ViewId v = engine_view(o->engine);
                        Member member;

                        if (engine_members(o->engine, &member, 1) > 0 &&
                                        ring_compare(&v.ring, &e->quorum.ring) == 0)
                                judge_loss(c, n, o, f);
                }
        }
        FOREACH_ARRAY(k, n->workers, n->n_workers)
                judge_time(c, n, k, o, f);
}

/* A member that has just joined carries out what the others decide before Corosync has told it of quorum. */
static void set_quorate(Quorum *c, QuorumNode *n, bool quorate, uint64_t now_usec)
{
        if (n->quorate)
                c->quorate_usec = now_usec;
        c->n_quorate += (size_t) quorate - (size_t) n->quorate;
        n->quorate = quorate;
}

static void quorum_observe(void *judge, const Observation *o, Findings *f)
{
        Quorum *c = judge;
        QuorumNode *n = c->nodes + o->node_id;
        Worker *k = o->app ? find_worker(n, o->app) : NULL;

        if (o->type == OBSERVE_START && !o->quorate)
                finding(f, o, "%s is started on node %u without quorum", o->app, o->node_id);
        else if (o->type == OBSERVE_DECISION && o->note == NOTE_APP_STARTING && c->n_quorate == 0 &&
                        (c->quorate_usec == USEC_INFINITY || o->at_usec > c->quorate_usec + LATE_USEC))
                finding(f, o, "node %u decides a start of %s and nobody has quorum", o->node_id, o->app);
        else if (o->type == OBSERVE_QUORUM)
                set_quorate(c, n, o->quorate, o->at_usec);
        else if (o->type == OBSERVE_UNIT_BEGIN)
                worker_begin(c, n, o);
        else if (o->type == OBSERVE_UNIT_END && k)
                ARRAY_CLOSE(n->workers, n->n_workers, (size_t) (k - n->workers));
        else if ((o->type == OBSERVE_STOP || o->type == OBSERVE_KILL) && k && k->epoch == o->epoch)
                k->stopping = true;
        else if (o->type == OBSERVE_UNIT_STUCK && k)
                k->stuck = true;
        else if (o->type == OBSERVE_MANAGER_BEGIN || o->type == OBSERVE_MANAGER_END) {
                n->manager_up = o->type == OBSERVE_MANAGER_BEGIN;
                n->lost_usec = n->silence_usec = 0;
                n->reconnected = false;
                set_quorate(c, n, false, o->at_usec);
        } else if (o->type == OBSERVE_STEP)
                judge_step(c, n, o, f);
}

const CheckClass check_quorum = { "quorum", quorum_new, quorum_free, quorum_observe };
