/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The units of this node: what runs here, whatever the agreed state says of it. */

#include "engine/local/runs.h"
#include "base/array.h"

/* Where the unit of this copy stands or would stand: units are sorted by application, then epoch. */
static size_t runs_place(const Engine *e, const char *app, uint64_t epoch)
{
        size_t low = 0, high = e->n_units;

        while (low < high) {
                size_t middle = (low + high) / 2;
                const LocalUnit *u = &e->units[middle];
                int c = strcmp(u->app, app);

                if (c < 0 || (c == 0 && u->epoch < epoch))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

LocalUnit *runs_find(const Engine *e, const char *app, uint64_t epoch)
{
        size_t at = runs_place(e, app, epoch);

        return at < e->n_units && e->units[at].epoch == epoch && streq(e->units[at].app, app) ? &e->units[at]
                                                                                              : NULL;
}

bool runs_any_alive(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (unit_state_is_alive(u->state))
                        return true;
        return false;
}

bool runs_app_is_alive(const Engine *e, const char *app)
{
        for (size_t i = runs_place(e, app, 0); i < e->n_units && streq(e->units[i].app, app); i++)
                if (unit_state_is_alive(e->units[i].state))
                        return true;
        return false;
}

bool runs_in_maintenance(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return a && a->maintenance;
}

/* The same where this node is cut off: what the others may not know of does not hold them up. */
bool runs_left_alone(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return a && app_is_left_alone(a);
}

LocalUnit *runs_add(Engine *e, const char *app, uint64_t epoch)
{
        size_t at = runs_place(e, app, epoch);
        char *name = engine_strdup(e, app);

        if (!name)
                return NULL;
        if (engine_grow(e, ARRAY_GROW(e->units, e->n_units, e->n_units_allocated)) < 0) {
                free(name);
                return NULL;
        }
        ARRAY_OPEN(e->units, e->n_units, at);
        e->units[at] = (LocalUnit){ .app = name, .epoch = epoch, .kill_usec = USEC_INFINITY };
        return &e->units[at];
}

void runs_remove(Engine *e, LocalUnit *u)
{
        size_t at = (size_t) (u - e->units);

        free(u->app);
        free(u->reason);
        ARRAY_CLOSE(e->units, e->n_units, at);
}

void runs_stop(Engine *e, LocalUnit *u, uint64_t kill_usec)
{
        Effect *f;

        u->kill_usec = MIN(u->kill_usec, kill_usec);
        if (u->stop_issued)
                return;
        u->stop_issued = true;
        f = engine_emit(e, EFFECT_STOP);
        f->app = engine_strdup(e, u->app);
        f->epoch = u->epoch;
}
