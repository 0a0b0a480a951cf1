/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host goes down by itself only while something is on it that outlives a kill: by its manager's deadline, which is no earlier than
 * FailoverDelaySec= after the last moment in which it was seen to be in step, less what a kill takes and what a deadline may be
 * behind; by its guard's, which is 7/8 of the grace after the first end of a manager since one was in step. Once all other
 * faults have ended a host does so at most twice within an hour. */

#include "base/array.h"
#include "base/timing.h"
#include "check.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)
/* A kill takes a second, a deadline is moved on by that much at least, and the host takes its time to go down. */
#define EARLY_USEC (2 * USEC_PER_SEC + FUSE_TAKES_USEC)
#define HEARD_USEC (5 * USEC_PER_SEC)    /* of an end, by then */
#define QUICK_USEC (100 * USEC_PER_MSEC) /* a probe that is back so soon was in a ring that turned */
#define PROBES_KEPT 16u

typedef struct Host {
        uint64_t sent_usec[PROBES_KEPT]; /* of its last probes */
        uint64_t well_usec;              /* in step then; 0: never since it booted */
        uint64_t gone_usec;        /* since when no manager has been in step: the first end; 0: one is */
        uint64_t blind_usec;       /* its manager hears of no end until then */
        uint64_t ended_usec;       /* when the last thing that needs it ended; 0: never */
        uint64_t rebooted_usec[2]; /* the last two, once all is calm */
} Host;

/* Of a copy that needs the end of its host where it does not end in time. */
typedef struct Rest {
        const CheckApp *app;
        uint32_t node_id;
        uint64_t epoch;
        uint32_t n_things; /* its worker and its parts */
        bool asked;        /* for its start */
} Rest;

typedef struct Reboots {
        const CheckConfig *config;
        Host *hosts; /* by id */
        Rest *rests;
        size_t n_rests, n_allocated;
        bool calm;
} Reboots;

static void *reboots_free(void *judge)
{
        Reboots *c = judge;

        if (!c)
                return NULL;
        free(c->hosts);
        free(c->rests);
        free(c);
        return NULL;
}

static void *reboots_new(const CheckConfig *config)
{
        Reboots *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->hosts = calloc(config->n_nodes + 1, sizeof(*c->hosts));
        return c->hosts ? c : reboots_free(c);
}

void check_reboots_blind(void *judge, uint32_t node, uint64_t until_usec)
{
        Reboots *c = judge;

        c->hosts[node].blind_usec = MAX(c->hosts[node].blind_usec, until_usec + HEARD_USEC);
}

void check_reboots_calm(void *judge)
{
        Reboots *c = judge;

        c->calm = true;
}

/* ---- what is there ---- */

static Rest *find_rest(Reboots *c, const Observation *o)
{
        FOREACH_ARRAY(r, c->rests, c->n_rests)
                if (r->node_id == o->node_id && r->epoch == o->epoch && streq(r->app->name, o->app))
                        return r;
        return NULL;
}

static Rest *add_rest(Reboots *c, const Observation *o)
{
        FOREACH_ARRAY(a, c->config->apps, c->config->n_apps)
                if (a->needs_end && streq(a->name, o->app) &&
                                ARRAY_GROW(c->rests, c->n_rests, c->n_allocated) >= 0) {
                        c->rests[c->n_rests] = (Rest){ .app = a, .node_id = o->node_id, .epoch = o->epoch };
                        return c->rests + c->n_rests++;
                }
        return NULL;
}

/* A start that was asked for may begin, until it is known that it will not. */
static void note_thing(Reboots *c, const Observation *o)
{
        bool begins = o->type == OBSERVE_PART_BEGIN || o->type == OBSERVE_UNIT_BEGIN;
        Rest *r = find_rest(c, o);

        if (!r && (begins || o->type == OBSERVE_START))
                r = add_rest(c, o);
        if (!r)
                return;
        r->asked = o->type == OBSERVE_START;
        if (begins)
                r->n_things++;
        else if (o->type != OBSERVE_START && o->type != OBSERVE_START_VOID)
                r->n_things -= MIN(r->n_things, 1u);
        if (r->n_things > 0 || r->asked)
                return;
        c->hosts[o->node_id].ended_usec = o->at_usec;
        ARRAY_CLOSE(c->rests, c->n_rests, (size_t) (r - c->rests));
}

static void note_down(Reboots *c, uint32_t node_id)
{
        for (size_t i = c->n_rests; i > 0; i--)
                if (c->rests[i - 1].node_id == node_id)
                        ARRAY_CLOSE(c->rests, c->n_rests, i - 1);
        c->hosts[node_id].well_usec = c->hosts[node_id].gone_usec = 0;
}

/* ---- whether it is well ---- */

static bool is_in_step(const Observation *o)
{
        if (!o->engine || !o->quorate || !engine_is_synced(o->engine))
                return false;
        FOREACH_ARRAY(n, engine_state(o->engine)->nodes, engine_state(o->engine)->n_nodes)
                if (n->id == o->node_id)
                        return n->presence == PRESENCE_SYNCED;
        return false;
}

static void note_step(Host *h, const Observation *o)
{
        if (o->event && o->event->type == EVENT_PROBE) {
                uint64_t sent = h->sent_usec[o->event->probe.number % PROBES_KEPT];

                if (sent > h->well_usec && o->at_usec - sent <= QUICK_USEC && is_in_step(o))
                        h->well_usec = sent;
        }
        if (o->effects)
                FOREACH_ARRAY(e, o->effects->effects, o->effects->n_effects)
                        if (e->type == EFFECT_PROBE)
                                h->sent_usec[e->token % PROBES_KEPT] = o->at_usec;
}

/* ---- the judgement ---- */

static void judge_early(const Reboots *c, const Host *h, const Observation *o, Findings *f)
{
        uint64_t least = USEC_INFINITY;

        if (o->flag) {
                if (h->gone_usec == 0 || o->at_usec < h->gone_usec + c->config->grace_usec / 8 * 7)
                        finding(f, o, "host %u goes down for its guard, whose 7/8 of the grace are not over",
                                        o->node_id);
                return;
        }
        FOREACH_ARRAY(r, c->rests, c->n_rests)
                if (r->node_id == o->node_id)
                        least = MIN(least, r->app->least_end_usec);
        if (h->well_usec != 0 && o->at_usec < usec_left(h->well_usec + least, EARLY_USEC))
                finding(f, o, "host %u goes down, and was in step %llu ms ago", o->node_id,
                                (unsigned long long) ((o->at_usec - h->well_usec) / USEC_PER_MSEC));
}

/* Who reads that all has ended may not have heard yet: a manager after a while, and where none is in step the guard from half of the
 * grace on. */
static bool may_not_have_heard(const Reboots *c, const Host *h, const Observation *o)
{
        if (o->at_usec < h->blind_usec || (h->ended_usec != 0 && o->at_usec < h->ended_usec + HEARD_USEC))
                return true;
        return !o->flag && h->gone_usec != 0 &&
               o->at_usec < h->gone_usec + c->config->grace_usec / 2 + HEARD_USEC;
}

static void judge_reboot(Reboots *c, Host *h, const Observation *o, Findings *f)
{
        bool left = false;

        FOREACH_ARRAY(r, c->rests, c->n_rests)
                left = left || r->node_id == o->node_id;
        left = left || may_not_have_heard(c, h, o);
        if (!left)
                finding(f, o, "host %u goes down, and nothing is on it that outlives a kill", o->node_id);
        else
                judge_early(c, h, o, f);
        if (!c->calm)
                return;
        if (h->rebooted_usec[0] != 0 && o->at_usec < h->rebooted_usec[0] + HOUR_USEC)
                finding(f, o, "host %u goes down for the third time within an hour, and all faults have ended",
                                o->node_id);
        h->rebooted_usec[0] = h->rebooted_usec[1];
        h->rebooted_usec[1] = o->at_usec;
}

static void reboots_observe(void *judge, const Observation *o, Findings *f)
{
        Reboots *c = judge;
        Host *h;

        if (o->node_id == 0 || o->node_id > c->config->n_nodes)
                return;
        h = c->hosts + o->node_id;
        if (o->type == OBSERVE_REBOOT)
                judge_reboot(c, h, o, f);
        else if (o->type == OBSERVE_STEP)
                note_step(h, o);
        else if (o->type == OBSERVE_STATE)
                h->gone_usec = 0;
        else if (o->type == OBSERVE_MANAGER_END && h->gone_usec == 0)
                h->gone_usec = o->at_usec;
        else if (o->type == OBSERVE_NODE_DOWN)
                note_down(c, o->node_id);
        else if (o->type == OBSERVE_START || o->type == OBSERVE_START_VOID || o->type == OBSERVE_PART_BEGIN ||
                        o->type == OBSERVE_PART_END || o->type == OBSERVE_UNIT_BEGIN ||
                        o->type == OBSERVE_UNIT_END)
                note_thing(c, o);
}

const CheckClass check_reboots = { "reboots", reboots_new, reboots_free, reboots_observe };
