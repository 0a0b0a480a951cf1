/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* HandOver=no: what a planned leave has ended starts nowhere else within FailoverDelaySec=, unless somebody moves it. Nothing is
 * asked where a command, other files, a guard or a disk that fails may have something to do with it, nor of a worker that
 * has ended by itself before, or had on that node, which may have a mark. */

#include "base/array.h"
#include "check.h"

#define SLACK_USEC (100 * USEC_PER_MSEC) /* clocks have rates of their own, and a report takes its time */

typedef struct Awaited {
        uint64_t nodes;  /* with a copy: bit i is node i */
        uint64_t failed; /* on which a copy ended by itself at some time, or could not start, or did not end */
        bool disturbed;  /* since its last start */
        uint32_t node_id; /* the one that left; 0: none */
        uint64_t ended_usec;
} Awaited;

typedef struct Leavers {
        const CheckConfig *config;
        Awaited *apps;
        bool *leaving; /* by node id */
} Leavers;

static void *leavers_free(void *judge)
{
        Leavers *c = judge;

        if (!c)
                return NULL;
        free(c->apps);
        free(c->leaving);
        free(c);
        return NULL;
}

static void *leavers_new(const CheckConfig *config)
{
        Leavers *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->apps = calloc(config->n_apps + 1, sizeof(*c->apps));
        c->leaving = calloc(config->n_nodes + 1, sizeof(bool));
        return c->apps && c->leaving ? c : leavers_free(c);
}

static void judge_start(const CheckApp *app, const Awaited *a, const Observation *o, Findings *f)
{
        uint64_t until = usec_add(a->ended_usec, app->least_delay_usec);

        if (a->node_id == 0 || a->node_id == o->node_id || a->disturbed ||
                        usec_add(o->at_usec, SLACK_USEC) >= until)
                return;
        finding(f, o, "%s is started on node %u though node %u, which left, is waited for", app->name,
                        o->node_id, a->node_id);
}

static void observe_unit(const Leavers *c, const CheckApp *app, Awaited *a, const Observation *o, Findings *f)
{
        uint64_t bit = UINT64_C(1) << o->node_id;

        if (o->type == OBSERVE_START) {
                judge_start(app, a, o, f);
                *a = (Awaited){ .nodes = a->nodes, .failed = a->failed };
        } else if (o->type == OBSERVE_START_VOID)
                a->failed |= bit;
        else if (o->type == OBSERVE_UNIT_BEGIN)
                a->nodes |= bit;
        else if (o->type == OBSERVE_UNIT_END && a->nodes & bit) {
                a->nodes &= ~bit;
                if (!c->leaving[o->node_id] || !o->flag)
                        a->disturbed = true;
                if (!c->leaving[o->node_id] && !o->flag)
                        a->failed |= bit;
                if (a->nodes != 0 || !app->awaits_leaver || a->failed & bit)
                        return;
                a->node_id = o->node_id;
                a->ended_usec = o->at_usec;
        }
}

static bool disturbs(const Observation *o)
{
        if (o->type == OBSERVE_STEP && o->event)
                return o->event->type == EVENT_DEFINITIONS || o->event->type == EVENT_DISCONNECTED ||
                       o->event->type == EVENT_TIMING ||
                       (o->event->type == EVENT_WRITTEN && o->event->written.error < 0);
        return o->type == OBSERVE_COMMAND || o->type == OBSERVE_GUARD || o->type == OBSERVE_UNIT_STUCK ||
               o->type == OBSERVE_PART_STUCK;
}

static void leavers_observe(void *judge, const Observation *o, Findings *f)
{
        Leavers *c = judge;

        if (o->type == OBSERVE_MANAGER_BEGIN || o->type == OBSERVE_NODE_DOWN)
                c->leaving[o->node_id] = false;
        else if (o->type == OBSERVE_STEP && o->event && o->event->type == EVENT_LEAVE)
                c->leaving[o->node_id] = o->quorate;
        /* Where something could not be ended a mark stays that ranks last. */
        for (size_t i = 0; i < c->config->n_apps; i++)
                if (o->type == OBSERVE_REBOOT || o->type == OBSERVE_UNIT_STUCK ||
                                o->type == OBSERVE_PART_STUCK)
                        c->apps[i].failed |= UINT64_C(1) << o->node_id;
        for (size_t i = 0; i < c->config->n_apps; i++)
                if (disturbs(o))
                        c->apps[i].disturbed = true;
                else if (o->app && streq(o->app, c->config->apps[i].name))
                        observe_unit(c, c->config->apps + i, c->apps + i, o, f);
}

const CheckClass check_leaver = { "leaver", leavers_new, leavers_free, leavers_observe };
