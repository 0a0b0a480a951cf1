/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a start is issued, no other node of that ring may have processes of the application, or a start of it that
 * its systemd has yet to carry out, and its own node neither, but what nobody could end there: a copy whose manager is gone, that is stuck, or that had no guard
 * then (row 9b of doc/guarantees.md). A start-first takeover may find one. An administrator who forces a takeover takes the risk. */

#include <stdarg.h>

#include "base/array.h"
#include "check-hosts.h"

typedef struct Alive {
        const char *app; /* the configuration's */
        uint32_t node_id;
        uint64_t epoch;
        bool asked; /* for its start, and systemd has not begun it */
        bool stuck;
        bool unguarded; /* since its manager ended there was no guard, at least for a while */
} Alive;

typedef struct Copies {
        Hosts hosts;
        Alive *alive;
        size_t n_alive, n_allocated;
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
        hosts_done(&c->hosts);
        free(c);
        return NULL;
}

static void *copies_new(const CheckConfig *config)
{
        Copies *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        return hosts_begin(&c->hosts, config) ? c : copies_free(c);
}

static void judge_start(Copies *c, const Observation *o, Findings *f)
{
        const CheckApp *app = hosts_find_app(&c->hosts, o->app);
        const bool *forced = hosts_forced(&c->hosts, o->app);
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
                if (!in_ring(o, a->node_id) ||
                                ((a->stuck || a->unguarded) && !c->hosts.manager_up[a->node_id]))
                        continue;
                other = a;
                n_others++;
        }
        overlap = app && app->start_first && o->start_type == START_TAKEOVER;
        if (n_others <= (overlap ? 1 : 0) || (forced && *forced))
                return;
        finding(f, o, "%s is started on node %u (epoch %#llx) while node %u of the same ring runs it (epoch %#llx)",
                        o->app, o->node_id, (unsigned long long) o->epoch, other->node_id,
                        (unsigned long long) other->epoch);
}

static void unit_begin(Copies *c, const Observation *o)
{
        const CheckApp *app = hosts_find_app(&c->hosts, o->app);

        FOREACH_ARRAY(a, c->alive, c->n_alive)
                if (a->asked && a->node_id == o->node_id && a->epoch == o->epoch && streq(a->app, o->app)) {
                        a->asked = o->type == OBSERVE_START;
                        return;
                }
        if (!app || ARRAY_GROW(c->alive, c->n_alive, c->n_allocated) < 0)
                return;
        c->alive[c->n_alive++] =
                        (Alive){ app->name, o->node_id, o->epoch, o->type == OBSERVE_START, false, false };
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
        bool *forced = hosts_forced(&c->hosts, o->app);
        size_t n_left = 0;

        if (!a)
                return;
        ARRAY_CLOSE(c->alive, c->n_alive, (size_t) (a - c->alive));
        FOREACH_ARRAY(b, c->alive, c->n_alive)
                n_left += streq(b->app, o->app);
        if (n_left <= 1 && forced)
                *forced = false;
}

static void copies_observe(void *judge, const Observation *o, Findings *f)
{
        Copies *c = judge;
        Alive *a;

        if (o->type == OBSERVE_START) {
                judge_start(c, o, f);
                unit_begin(c, o);
        } else if (o->type == OBSERVE_START_VOID || o->type == OBSERVE_NODE_DOWN)
                start_is_void(c, o);
        else if (o->type == OBSERVE_UNIT_BEGIN)
                unit_begin(c, o);
        else if (o->type == OBSERVE_UNIT_END)
                unit_end(c, o);
        else if (o->type == OBSERVE_UNIT_STUCK) {
                a = find_alive(c, o);
                if (a)
                        a->stuck = true;
        }
        if (hosts_observe(&c->hosts, o))
                FOREACH_ARRAY(b, c->alive, c->n_alive)
                        hosts_mark(&c->hosts, o, b->node_id, &b->unguarded);
}

const CheckClass check_copies = { "copies", copies_new, copies_free, copies_observe };
