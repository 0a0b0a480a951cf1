/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timers of the agreed state. Each member runs all of them by its own clock; the first that expires anywhere sends the
 * message, and the message is what counts (apply.c). */

#include "engine/local/expiry.h"
#include "engine/member/view.h"
#include "base/array.h"

typedef void (*TimerVisit)(const Local *here, TimerKind kind, const Timer *t, void *userdata);

static void expiry_visit(const Local *here, TimerVisit visit, void *userdata)
{
        const State *s = &here->me.agreed.state;

        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                if (a->delay.serial != 0)
                        visit(here, TIMER_FAILOVER, &a->delay, userdata);
                if (a->better.serial != 0)
                        visit(here, TIMER_TAKEOVER, &a->better, userdata);
                if (a->outside.serial != 0)
                        visit(here, TIMER_OUTSIDE, &a->outside, userdata);
                FOREACH_ARRAY(r, a->retries, a->n_retries)
                        visit(here, TIMER_RETRY, &r->timer, userdata);
                FOREACH_ARRAY(m, a->marks, a->n_marks)
                        if (m->timer.serial != 0)
                                visit(here, TIMER_MARK, &m->timer, userdata);
        }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (n->grace.serial != 0)
                        visit(here, TIMER_GRACE, &n->grace, userdata);
                if (n->shutdown.serial != 0)
                        visit(here, TIMER_SHUTDOWN, &n->shutdown, userdata);
        }
        if (s->commit.serial != 0)
                visit(here, TIMER_COMMIT, &s->commit, userdata);
        if (s->reload.serial != 0)
                visit(here, TIMER_RELOAD, &s->reload, userdata);
}

static int compare_serials(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return CMP(*x, *y);
}

static bool expiry_was_sent(const Local *here, uint64_t serial)
{
        return here->n_expiry_sent > 0 &&
               bsearch(&serial, here->expiry_sent, here->n_expiry_sent, sizeof(serial), compare_serials);
}

static void visit_earliest(const Local *here, TimerKind kind, const Timer *t, void *userdata)
{
        uint64_t *earliest = userdata;

        (void) kind;
        if (t->deadline_usec < *earliest && !expiry_was_sent(here, t->serial))
                *earliest = t->deadline_usec;
}

uint64_t expiry_deadline(const Local *here)
{
        uint64_t t = USEC_INFINITY;

        if (member_is_synced(&here->me))
                expiry_visit(here, visit_earliest, &t);
        return usec_add(t, view_rank(&here->me) * STAGGER_USEC);
}

typedef struct Expired {
        uint64_t until_usec;
        TimerRef *timers;
        size_t n, n_allocated;
        int error;
} Expired;

static void visit_expired(const Local *here, TimerKind kind, const Timer *t, void *userdata)
{
        Expired *x = userdata;

        if (t->deadline_usec > x->until_usec || x->error < 0 || expiry_was_sent(here, t->serial))
                return;
        x->error = ARRAY_GROW(x->timers, x->n, x->n_allocated);
        if (x->error == 0)
                x->timers[x->n++] = (TimerRef){ .kind = kind, .serial = t->serial };
}

void expiry_pump(Local *here)
{
        Message m = { .type = MESSAGE_EXPIRY };
        Expired x = {};

        if (here->expiry_in != here->me.view_serial)
                here->n_expiry_sent = 0;
        here->expiry_in = here->me.view_serial;
        if (here->me.agreed.now_usec < expiry_deadline(here))
                return;
        x.until_usec = here->me.agreed.now_usec - view_rank(&here->me) * STAGGER_USEC;
        expiry_visit(here, visit_expired, &x);
        (void) member_grow(&here->me, x.error);
        for (size_t i = 0; i < x.n; i++)
                if (member_grow(&here->me, ARRAY_GROW(here->expiry_sent, here->n_expiry_sent,
                                                           here->n_expiry_allocated)) == 0)
                        here->expiry_sent[here->n_expiry_sent++] = x.timers[i].serial;
        if (here->n_expiry_sent > 0)
                qsort(here->expiry_sent, here->n_expiry_sent, sizeof(uint64_t), compare_serials);
        m.expiry.timers = x.timers;
        m.expiry.n_timers = x.n;
        member_send(&here->me, &m);
}
