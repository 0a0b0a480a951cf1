/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The units of this node: what runs here, whatever the agreed state says of it. */

#include "engine/local/runs.h"
#include "base/array.h"

/* Where the unit of this copy stands or would stand: units are sorted by application, then epoch. */
static size_t runs_place(const Local *here, const char *app, uint64_t epoch)
{
        size_t low = 0, high = here->n_units;

        while (low < high) {
                size_t middle = (low + high) / 2;
                const LocalUnit *u = &here->units[middle];
                int c = strcmp(u->app, app);

                if (c < 0 || (c == 0 && u->epoch < epoch))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

LocalUnit *runs_find(const Local *here, const char *app, uint64_t epoch)
{
        size_t at = runs_place(here, app, epoch);

        return at < here->n_units && here->units[at].epoch == epoch && streq(here->units[at].app, app)
                               ? &here->units[at]
                               : NULL;
}

bool runs_any_alive(const Local *here)
{
        FOREACH_ARRAY(u, here->units, here->n_units)
                if (unit_state_is_alive(u->state))
                        return true;
        return false;
}

bool runs_app_is_alive(const Local *here, const char *app)
{
        for (size_t i = runs_place(here, app, 0); i < here->n_units && streq(here->units[i].app, app); i++)
                if (unit_state_is_alive(here->units[i].state))
                        return true;
        return false;
}

bool runs_in_maintenance(const Local *here, const char *app)
{
        const App *a = state_find_app(&here->me.agreed.state, app);

        return a && a->maintenance;
}

/* The same where this node is cut off: what the others may not know of does not hold them up. */
bool runs_left_alone(const Local *here, const char *app)
{
        const App *a = state_find_app(&here->me.agreed.state, app);

        return a && app_is_left_alone(a);
}

LocalUnit *runs_add(Local *here, const char *app, uint64_t epoch)
{
        size_t at = runs_place(here, app, epoch);
        char *name = member_strdup(&here->me, app);

        if (!name)
                return NULL;
        if (member_grow(&here->me, ARRAY_GROW(here->units, here->n_units, here->n_units_allocated)) < 0) {
                free(name);
                return NULL;
        }
        ARRAY_OPEN(here->units, here->n_units, at);
        here->units[at] = (LocalUnit){ .app = name, .epoch = epoch, .kill_usec = USEC_INFINITY };
        return &here->units[at];
}

void runs_end(Local *here)
{
        FOREACH_ARRAY(u, here->units, here->n_units) {
                free(u->app);
                free(u->reason);
        }
        free(here->units);
}

void runs_remove(Local *here, LocalUnit *u)
{
        size_t at = (size_t) (u - here->units);

        free(u->app);
        free(u->reason);
        ARRAY_CLOSE(here->units, here->n_units, at);
}

void runs_stop(Local *here, LocalUnit *u, uint64_t kill_usec)
{
        Effect *f;

        u->kill_usec = MIN(u->kill_usec, kill_usec);
        if (u->stop_issued)
                return;
        u->stop_issued = true;
        f = member_emit(&here->me, EFFECT_STOP);
        f->app = member_strdup(&here->me, u->app);
        f->epoch = u->epoch;
}
