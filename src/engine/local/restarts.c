/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker that ends and is started again by systemd is the same copy, and nothing is decided by it. But what does not
 * run is not to be shown as running. So a restart that lasts, or a second one within a short time, is told; and that it
 * runs again, when it has run for a while. However fast it goes round, the group hears of it once in RESTART_TELL_USEC. */

#include "engine/local/restarts.h"

void restarts_set_unit(Local *here, LocalUnit *u, UnitState state, const char *reason)
{
        bool ran = u->state == UNIT_RUNNING, new_reason = reason && strcmp_ptr(u->reason, reason) != 0;

        if (u->state != state) {
                u->reported_in = 0;
                u->state_usec = here->me.agreed.now_usec;
        }
        if (state == UNIT_STARTING && (ran || reason)) {
                if (!u->restarted)
                        u->state_usec = here->me.agreed.now_usec; /* its first start may have taken long */
                /* The run in between may have been too short to be seen. */
                u->restarted_again = u->restarted && (ran || new_reason || u->restarted_again);
                u->restarted = true;
        }
        u->state = state;
        if (!new_reason)
                return;
        free(u->reason);
        u->reason = member_strdup(&here->me, reason);
        u->reported_in = 0;
}

/* When the worker, if it goes on as it is, counts as running. */
static uint64_t restarts_runs_usec(const LocalUnit *u, bool first)
{
        if (!u->restarted)
                return u->state_usec;
        return usec_add(u->state_usec, first ? RESTART_LASTS_USEC : RESTART_SETTLED_USEC);
}

/* When the group is to be told of its restarts. */
static uint64_t restarts_due_usec(const Local *here, const LocalUnit *u)
{
        uint64_t t = u->restarted_again          ? 0
                     : u->state == UNIT_STARTING ? usec_add(u->state_usec, RESTART_LASTS_USEC)
                                                 : USEC_INFINITY;

        return u->restarts_told_in != here->me.view_serial
                               ? t
                               : MAX(t, usec_add(u->restarts_told_usec, RESTART_TELL_USEC));
}

const char *restarts_text(const LocalUnit *u)
{
        return isempty(u->reason) ? "restarted from outside" : u->reason;
}

/* What is due already was told, or waits for something that brings a step. */
static uint64_t restarts_later(const Local *here, uint64_t usec)
{
        return usec > here->me.agreed.now_usec ? usec : USEC_INFINITY;
}

uint64_t restarts_deadline(const Local *here, const LocalUnit *u)
{
        uint64_t t;

        if (!u->restarted)
                return USEC_INFINITY;
        t = restarts_later(here, restarts_due_usec(here, u));
        if (u->state != UNIT_RUNNING)
                return t;
        t = MIN(t, restarts_later(here, restarts_runs_usec(u, true)));
        return MIN(t, restarts_later(here, restarts_runs_usec(u, false)));
}

static void restarts_settle(const Local *here, LocalUnit *u)
{
        if (!u->restarted || u->state != UNIT_RUNNING ||
                        here->me.agreed.now_usec < restarts_runs_usec(u, false))
                return;
        u->restarted = u->restarted_again = false;
        u->reported_in = 0; /* that it ran for the first time may have been told before */
        free(u->reason);
        u->reason = NULL;
}

UnitState restarts_news(const Local *here, const App *a, const Copy *c, LocalUnit *u)
{
        const char *told = app_restarts(a, c);

        if (c->phase != COPY_STARTING && c->phase != COPY_RUNNING)
                return UNIT_NONE;
        /* Told by the manager before this one. */
        if (told && here->me.agreed.now_usec < usec_add(u->state_usec, RESTART_SETTLED_USEC))
                u->restarted = true;
        restarts_settle(here, u);
        if (u->state == UNIT_RUNNING && (c->phase == COPY_STARTING || told) &&
                        here->me.agreed.now_usec >= restarts_runs_usec(u, c->phase == COPY_STARTING))
                return UNIT_RUNNING;
        if (u->restarted && here->me.agreed.now_usec >= restarts_due_usec(here, u) &&
                        !(told && streq(told, restarts_text(u))))
                return UNIT_STARTING;
        return UNIT_NONE;
}
