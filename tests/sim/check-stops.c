/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No healthy copy is stopped for nothing. A member that is quorate stops one because of a command, because its manager or host
 * is leaving, or because there is another copy; else for a better node, and that one starts it then. What was restarted or
 * taken over by command starts again too, and so does one that was stopped for another copy that ended meanwhile. Nothing is asked where anything else happened shortly before or meanwhile: a new
 * view, a manager or a node that ends, other files, a disk that takes no writes, a worker that ended by itself, a member that has
 * not acknowledged in time and had the time. */

#include "base/array.h"
#include "check.h"

#define AFTERWARDS_USEC (15 * USEC_PER_SEC)  /* from the end of the stop, until it has to start again */
#define SHORTLY_USEC (5 * USEC_PER_SEC)      /* it may not be in the agreed state yet */
#define ACKNOWLEDGED_USEC (2 * USEC_PER_SEC) /* a member has so long to acknowledge */
#define RECENTLY_USEC (120 * USEC_PER_SEC)   /* a command takes effect, or another copy has just ended */

typedef struct Watched {
        uint64_t nodes;                /* with a copy, asked for or alive: bit i is node i */
        uint64_t began_usec;           /* the last one */
        uint64_t two_usec;             /* when there were two; 0: never */
        uint64_t stop_usec, move_usec; /* the last command that may stop it for good; or starts it again */
        /* One that was stopped and has to be started again. */
        uint32_t from_node; /* 0: none */
        bool in_place;      /* may be on the same node */
        uint64_t epoch;
        uint64_t ended_usec; /* 0: its stop has not ended */
} Watched;

/* The last time that a node said that it is in step. */
typedef struct InStep {
        ViewId view;
        uint64_t number; /* of the message in that view */
        uint64_t usec;   /* when the first member heard it */
} InStep;

typedef struct Stops {
        const CheckConfig *config;
        Watched *apps;
        bool *leaving;           /* by node id */
        InStep *in_step;         /* so */
        uint64_t disturbed_usec; /* when anything else happened; 0: never */
} Stops;

static void *stops_free(void *judge)
{
        Stops *c = judge;

        if (!c)
                return NULL;
        free(c->apps);
        free(c->leaving);
        free(c->in_step);
        free(c);
        return NULL;
}

static void *stops_new(const CheckConfig *config)
{
        Stops *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->apps = calloc(config->n_apps + 1, sizeof(*c->apps));
        c->leaving = calloc(config->n_nodes + 1, sizeof(*c->leaving));
        c->in_step = calloc(config->n_nodes + 1, sizeof(*c->in_step));
        return c->apps && c->leaving && c->in_step ? c : stops_free(c);
}

static bool was_recent(uint64_t usec, uint64_t began_usec, uint64_t now_usec)
{
        return usec > 0 && (usec >= began_usec || now_usec - usec < RECENTLY_USEC);
}

static void unit_is(Watched *a, const Observation *o, bool alive)
{
        uint64_t bit = UINT64_C(1) << o->node_id;

        if ((a->nodes | bit) != bit)
                a->two_usec = MAX(o->at_usec, (uint64_t) 1);
        if (!alive) {
                a->nodes &= ~bit;
                return;
        }
        a->nodes |= bit;
        a->began_usec = o->at_usec;
}

static void judge_stop(Stops *c, Watched *a, const Observation *o)
{
        if (c->disturbed_usec > 0 && o->at_usec < c->disturbed_usec + SHORTLY_USEC)
                return;
        if (!o->quorate || c->leaving[o->node_id] || (a->nodes & (a->nodes - 1)) != 0 ||
                        was_recent(a->stop_usec, a->began_usec, o->at_usec))
                return;
        a->from_node = o->node_id;
        a->in_place = was_recent(a->move_usec, a->began_usec, o->at_usec) ||
                      was_recent(a->two_usec, a->began_usec, o->at_usec);
        a->epoch = o->epoch;
        a->ended_usec = 0;
}

static void judge_start(Watched *a, const char *name, const Observation *o, Findings *f)
{
        if (a->from_node == o->node_id && !a->in_place)
                finding(f, o, "%s was stopped on node %u for nothing: it starts there again", name,
                                o->node_id);
        a->from_node = 0;
}

static void judge_time(Stops *c, const Observation *o, Findings *f)
{
        for (size_t i = 0; i < c->config->n_apps; i++) {
                Watched *a = &c->apps[i];

                if (a->from_node == 0 || a->ended_usec == 0 || o->at_usec < a->ended_usec + AFTERWARDS_USEC)
                        continue;
                finding(f, o, "%s was stopped on node %u for nothing: it has not started anywhere since %llu.%06llu",
                                c->config->apps[i].name, a->from_node,
                                (unsigned long long) (a->ended_usec / USEC_PER_SEC),
                                (unsigned long long) (a->ended_usec % USEC_PER_SEC));
                a->from_node = 0;
        }
}

static void note_command(Stops *c, const Observation *o)
{
        const Command *command = o->command;

        for (size_t i = 0; i < c->config->n_apps; i++) {
                Watched *a = &c->apps[i];
                bool all = !command->app || !*command->app || streq(command->app, "");

                if (!all && !streq(command->app, c->config->apps[i].name))
                        continue;
                if (command->kind == COMMAND_RESTART || command->kind == COMMAND_TAKEOVER)
                        a->move_usec = MAX(o->at_usec, (uint64_t) 1);
                else if (command->kind == COMMAND_STOP || command->kind == COMMAND_PERMIT ||
                                command->kind == COMMAND_STANDBY || command->kind == COMMAND_MAINTENANCE ||
                                command->kind == COMMAND_FORM)
                        a->stop_usec = MAX(o->at_usec, (uint64_t) 1);
                else
                        continue;
                if (command->kind != COMMAND_RESTART)
                        a->from_node = 0;
        }
}

static void excuse_stopped(Stops *c)
{
        for (size_t i = 0; i < c->config->n_apps; i++)
                c->apps[i].from_node = 0;
}

/* What else happens answers for what comes next. */
static void excuse_all(Stops *c, const Observation *o)
{
        c->disturbed_usec = MAX(o->at_usec, (uint64_t) 1);
        excuse_stopped(c);
}

static void observe_unit(Stops *c, Watched *a, const char *name, const Observation *o, Findings *f)
{
        if (o->type == OBSERVE_START || o->type == OBSERVE_UNIT_BEGIN) {
                if (o->type == OBSERVE_START)
                        judge_start(a, name, o, f);
                unit_is(a, o, true);
        } else if (o->type == OBSERVE_STOP) {
                if (a->nodes >> o->node_id & 1 && a->from_node == 0)
                        judge_stop(c, a, o);
        } else if (o->type == OBSERVE_PART_STUCK) {
                a->from_node = 0;
        } else if (o->type == OBSERVE_START_VOID || o->type == OBSERVE_UNIT_END ||
                        o->type == OBSERVE_UNIT_STUCK) {
                unit_is(a, o, false);
                if (a->from_node == o->node_id && o->type == OBSERVE_UNIT_END && o->flag)
                        a->ended_usec = MAX(o->at_usec, (uint64_t) 1);
                else
                        a->from_node = 0; /* it ended by itself, or cannot end; or another one did */
        }
}

static void note_message(Stops *c, const Observation *o)
{
        const Message *m = o->event->message.message;
        InStep *s = &c->in_step[MIN(o->event->message.sender.node_id, (uint32_t) c->config->n_nodes)];

        if (m->type == MESSAGE_FACTS)
                excuse_stopped(c); /* it was cut off meanwhile, and has not started what it was to start */
        if (m->type != MESSAGE_SYNCED)
                return;
        if (m->view.ring.seq < s->view.ring.seq ||
                        (m->view.ring.seq == s->view.ring.seq &&
                                        (m->view.n < s->view.n ||
                                                        (m->view.n == s->view.n && m->number <= s->number))))
                return;
        *s = (InStep){ .view = m->view, .number = m->number, .usec = o->at_usec };
}

static bool names_commit(const ExpiryMessage *m)
{
        FOREACH_ARRAY(t, m->timers, m->n_timers)
                if (t->kind == TIMER_COMMIT)
                        return true;
        return false;
}

/* Acknowledgements are overdue: nodes that were better a moment ago get nothing new. A member that has just come is none of
 * them. */
static bool counts_late(const Stops *c, const Observation *o)
{
        const Message *m = o->event->message.message;

        if (m->type != MESSAGE_EXPIRY || !names_commit(&m->expiry) || !o->engine)
                return false;
        FOREACH_ARRAY(n, engine_state(o->engine)->nodes, engine_state(o->engine)->n_nodes)
                if (n->late && n->id <= c->config->n_nodes &&
                                o->at_usec >= c->in_step[n->id].usec + ACKNOWLEDGED_USEC)
                        return true;
        return false;
}

static bool disturbs(const Stops *c, const Observation *o)
{
        if (o->type != OBSERVE_STEP)
                return o->type == OBSERVE_MANAGER_END || o->type == OBSERVE_NODE_DOWN ||
                       o->type == OBSERVE_QUORUM;
        if (!o->event)
                return false;
        if (o->event->type == EVENT_MESSAGE)
                return counts_late(c, o);
        return o->event->type == EVENT_VIEW || o->event->type == EVENT_DISCONNECTED ||
               o->event->type == EVENT_DEFINITIONS ||
               (o->event->type == EVENT_WRITTEN && o->event->written.error < 0);
}

static void stops_observe(void *judge, const Observation *o, Findings *f)
{
        Stops *c = judge;

        judge_time(c, o, f);
        if (o->type == OBSERVE_COMMAND)
                note_command(c, o);
        else if (o->type == OBSERVE_MANAGER_BEGIN)
                c->leaving[o->node_id] = false;
        else if (o->type == OBSERVE_STEP && o->event && o->event->type == EVENT_LEAVE)
                c->leaving[o->node_id] = true;
        else if (disturbs(c, o))
                excuse_all(c, o);
        if (o->type == OBSERVE_STEP && o->event && o->event->type == EVENT_MESSAGE)
                note_message(c, o);
        if (!o->app)
                return;
        for (size_t i = 0; i < c->config->n_apps; i++)
                if (streq(c->config->apps[i].name, o->app))
                        observe_unit(c, &c->apps[i], c->config->apps[i].name, o, f);
}

const CheckClass check_stops = { "stops", stops_new, stops_free, stops_observe };
