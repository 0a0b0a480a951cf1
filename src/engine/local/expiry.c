/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timers of the agreed state. Each member runs all of them by its own clock; the first that expires anywhere sends the
 * message, and the message is what counts (apply.c). */

#include "engine/local/expiry.h"
#include "engine/member/view.h"
#include "base/array.h"

typedef void (*TimerVisit)(const Engine *e, TimerKind kind, const Timer *t, void *userdata);

static void expiry_visit(const Engine *e, TimerVisit visit, void *userdata)
{
        const State *s = &e->agreed.state;

        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                if (a->delay.serial != 0)
                        visit(e, TIMER_FAILOVER, &a->delay, userdata);
                if (a->better.serial != 0)
                        visit(e, TIMER_TAKEOVER, &a->better, userdata);
                if (a->outside.serial != 0)
                        visit(e, TIMER_OUTSIDE, &a->outside, userdata);
                FOREACH_ARRAY(m, a->marks, a->n_marks)
                        if (m->timer.serial != 0)
                                visit(e, TIMER_MARK, &m->timer, userdata);
        }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (n->grace.serial != 0)
                        visit(e, TIMER_GRACE, &n->grace, userdata);
                if (n->shutdown.serial != 0)
                        visit(e, TIMER_SHUTDOWN, &n->shutdown, userdata);
        }
        if (s->commit.serial != 0)
                visit(e, TIMER_COMMIT, &s->commit, userdata);
        if (s->reload.serial != 0)
                visit(e, TIMER_RELOAD, &s->reload, userdata);
}

static int compare_serials(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return CMP(*x, *y);
}

static bool expiry_was_sent(const Engine *e, uint64_t serial)
{
        return e->n_expiry_sent > 0 &&
               bsearch(&serial, e->expiry_sent, e->n_expiry_sent, sizeof(serial), compare_serials);
}

static void visit_earliest(const Engine *e, TimerKind kind, const Timer *t, void *userdata)
{
        uint64_t *earliest = userdata;

        (void) kind;
        if (t->deadline_usec < *earliest && !expiry_was_sent(e, t->serial))
                *earliest = t->deadline_usec;
}

uint64_t expiry_deadline(const Engine *e)
{
        uint64_t t = USEC_INFINITY;

        if (engine_is_synced(e))
                expiry_visit(e, visit_earliest, &t);
        return usec_add(t, view_rank(e) * STAGGER_USEC);
}

typedef struct Expired {
        uint64_t until_usec;
        TimerRef *timers;
        size_t n, n_allocated;
        int error;
} Expired;

static void visit_expired(const Engine *e, TimerKind kind, const Timer *t, void *userdata)
{
        Expired *x = userdata;

        if (t->deadline_usec > x->until_usec || x->error < 0 || expiry_was_sent(e, t->serial))
                return;
        x->error = ARRAY_GROW(x->timers, x->n, x->n_allocated);
        if (x->error == 0)
                x->timers[x->n++] = (TimerRef){ .kind = kind, .serial = t->serial };
}

void expiry_pump(Engine *e)
{
        Message m = { .type = MESSAGE_EXPIRY };
        Expired x = {};

        if (e->expiry_in != e->view_serial)
                e->n_expiry_sent = 0;
        e->expiry_in = e->view_serial;
        if (e->now_usec < expiry_deadline(e))
                return;
        x.until_usec = e->now_usec - view_rank(e) * STAGGER_USEC;
        expiry_visit(e, visit_expired, &x);
        (void) engine_grow(e, x.error);
        for (size_t i = 0; i < x.n; i++)
                if (engine_grow(e, ARRAY_GROW(e->expiry_sent, e->n_expiry_sent, e->n_expiry_allocated)) == 0)
                        e->expiry_sent[e->n_expiry_sent++] = x.timers[i].serial;
        if (e->n_expiry_sent > 0)
                qsort(e->expiry_sent, e->n_expiry_sent, sizeof(uint64_t), compare_serials);
        m.expiry.timers = x.timers;
        m.expiry.n_timers = x.n;
        engine_send(e, &m);
}
