/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a start is issued, no other node of that ring may have processes of the application, or a start of it that
 * its systemd has yet to carry out, and its own node neither, but what nobody could end there: a copy whose manager is gone, that is stuck, or that had no guard
 * then (row 9b of doc/guarantees.md). A start-first takeover may find one. An administrator who forces a takeover takes the risk. */

#include <stdarg.h>

#include "base/array.h"
#include "check.h"

typedef struct Alive {
        const char *app; /* the configuration's */
        uint32_t node_id;
        uint64_t epoch;
        bool asked; /* for its start, and systemd has not begun it */
        bool stuck;
        bool unguarded; /* since its manager ended there was no guard, at least for a while */
} Alive;

typedef struct Copies {
        const CheckConfig *config;
        Alive *alive;
        size_t n_alive, n_allocated;
        bool *manager_up, *unguarded; /* by node id */
        bool *forced;                 /* by application */
} Copies;

void finding(Findings *f, const Observation *o, const char *format, ...)
{
        char text[400];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (f->n++ > 0)
                return;
        (void) snprintf(f->first, sizeof(f->first), "at %llu.%06llu: %s",
                        (unsigned long long) (o->at_usec / USEC_PER_SEC),
                        (unsigned long long) (o->at_usec % USEC_PER_SEC), text);
}

static void *copies_free(void *judge)
{
        Copies *c = judge;

        if (!c)
                return NULL;
        free(c->alive);
        free(c->manager_up);
        free(c->unguarded);
        free(c->forced);
        free(c);
        return NULL;
}

static void *copies_new(const CheckConfig *config)
{
        Copies *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->config = config;
        c->manager_up = calloc(config->n_nodes + 1, sizeof(bool));
        c->unguarded = calloc(config->n_nodes + 1, sizeof(bool));
        c->forced = calloc(config->n_apps + 1, sizeof(bool));
        if (!c->manager_up || !c->unguarded || !c->forced)
                return copies_free(c);
        return c;
}

static size_t find_app(const Copies *c, const char *name)
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

static void judge_start(Copies *c, const Observation *o, Findings *f)
{
        size_t app = find_app(c, o->app);
        const Alive *other = NULL;
        size_t n_others = 0;
        bool overlap;

        FOREACH_ARRAY(a, c->alive, c->n_alive) {
                if (!streq(a->app, o->app))
                        continue;
                if (a->node_id == o->node_id) {
                        finding(f, o, "%s is started on node %u where epoch %#llx of it still runs", o->app,
                                        o->node_id, (unsigned long long) a->epoch);
                        return;
                }
                /* Nobody can end a stuck worker whose manager is gone for good, or any without a guard. */
                if (!in_ring(o, a->node_id) || ((a->stuck || a->unguarded) && !c->manager_up[a->node_id]))
                        continue;
                other = a;
                n_others++;
        }
        overlap = app < c->config->n_apps && c->config->apps[app].start_first &&
                  o->start_type == START_TAKEOVER;
        if (n_others <= (overlap ? 1 : 0) || (app < c->config->n_apps && c->forced[app]))
                return;
        finding(f, o, "%s is started on node %u (epoch %#llx) while node %u of the same ring runs it (epoch %#llx)",
                        o->app, o->node_id, (unsigned long long) o->epoch, other->node_id,
                        (unsigned long long) other->epoch);
}

static void unit_begin(Copies *c, const Observation *o)
{
        size_t app = find_app(c, o->app);

        FOREACH_ARRAY(a, c->alive, c->n_alive)
                if (a->asked && a->node_id == o->node_id && a->epoch == o->epoch && streq(a->app, o->app)) {
                        a->asked = o->type == OBSERVE_START;
                        return;
                }
        if (app >= c->config->n_apps || ARRAY_GROW(c->alive, c->n_alive, c->n_allocated) < 0)
                return;
        c->alive[c->n_alive++] = (Alive){ c->config->apps[app].name, o->node_id, o->epoch,
                o->type == OBSERVE_START, false, false };
}

/* A start will not begin; where its host is gone, none of them. */
static void start_is_void(Copies *c, const Observation *o)
{
        for (size_t i = c->n_alive; i > 0; i--) {
                const Alive *a = c->alive + i - 1;

                if (a->asked && a->node_id == o->node_id &&
                                (o->type == OBSERVE_NODE_DOWN ||
                                                (a->epoch == o->epoch && streq(a->app, o->app))))
                        ARRAY_CLOSE(c->alive, c->n_alive, i - 1);
        }
}

static void node_is(Copies *c, const Observation *o)
{
        if (o->type == OBSERVE_GUARD)
                c->unguarded[o->node_id] = !o->flag;
        else if (o->type == OBSERVE_NODE_DOWN)
                c->unguarded[o->node_id] = false;
        else
                c->manager_up[o->node_id] = o->type == OBSERVE_MANAGER_BEGIN;
        FOREACH_ARRAY(a, c->alive, c->n_alive)
                if (a->node_id == o->node_id && o->type == OBSERVE_MANAGER_BEGIN)
                        a->unguarded = false;
                else if (a->node_id == o->node_id && c->unguarded[o->node_id] && !c->manager_up[o->node_id])
                        a->unguarded = true;
}

static Alive *find_alive(Copies *c, const Observation *o)
{
        FOREACH_ARRAY(a, c->alive, c->n_alive)
                if (!a->asked && a->node_id == o->node_id && streq(a->app, o->app))
                        return a;
        return NULL;
}

static void unit_end(Copies *c, const Observation *o)
{
        Alive *a = find_alive(c, o);
        size_t n_left = 0, app = find_app(c, o->app);

        if (!a)
                return;
        ARRAY_CLOSE(c->alive, c->n_alive, (size_t) (a - c->alive));
        FOREACH_ARRAY(b, c->alive, c->n_alive)
                n_left += streq(b->app, o->app);
        if (n_left <= 1 && app < c->config->n_apps)
                c->forced[app] = false;
}

static void copies_observe(void *judge, const Observation *o, Findings *f)
{
        Copies *c = judge;
        Alive *a;

        if (o->type == OBSERVE_START) {
                judge_start(c, o, f);
                unit_begin(c, o);
        } else if (o->type == OBSERVE_START_VOID)
                start_is_void(c, o);
        else if (o->type == OBSERVE_NODE_DOWN) {
                start_is_void(c, o);
                node_is(c, o);
        } else if (o->type == OBSERVE_UNIT_BEGIN)
                unit_begin(c, o);
        else if (o->type == OBSERVE_UNIT_END)
                unit_end(c, o);
        else if (o->type == OBSERVE_UNIT_STUCK) {
                a = find_alive(c, o);
                if (a)
                        a->stuck = true;
        } else if (o->type == OBSERVE_MANAGER_BEGIN || o->type == OBSERVE_MANAGER_END ||
                        o->type == OBSERVE_GUARD)
                node_is(c, o);
        else if (o->type == OBSERVE_COMMAND && o->command->kind == COMMAND_TAKEOVER && o->command->force) {
                size_t app = find_app(c, o->command->app);

                if (app < c->config->n_apps)
                        c->forced[app] = true;
        }
}

const CheckClass check_copies = { "copies", copies_new, copies_free, copies_observe };
