/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guard: it ends the workers, and what parts they have, when no manager comes back. */

#include "base/timing.h"
#include "world/world-struct.h"

static bool guard_model_spares(const WorldGuard *g, const char *app)
{
        for (size_t i = 0; i < g->n_spared; i++)
                if (streq(g->spared[i], app))
                        return true;
        return false;
}

static void guard_model_end_units(World *w, WorldNode *n, bool kill_now)
{
        for (size_t i = 0; i < n->n_units; i++) {
                WorldUnit *u = n->units + i;

                if (!unit_model_is_alive(u) || guard_model_spares(&n->guard, u->app))
                        continue;
                trace(w, n, "the guard %s unit %s", kill_now ? "kills" : "stops", u->app);
                world_did(w, DEED_GUARD);
                if (u->n_parts > 0)
                        parts_end_by_guard(w, n, u, kill_now);
                else if (kill_now && u->fault != WORLD_UNIT_STOP_STUCK)
                        unit_model_end(w, n, u, UNIT_KILLED, NULL);
                else
                        unit_model_stop_as(w, n, u, UNIT_KILLED);
                /* What a kill does not end cannot be ended: the assumption of all promises on copies is gone. */
                if (kill_now && unit_state_is_alive(u->state))
                        unit_model_observe(w, n, u, OBSERVE_UNIT_STUCK);
        }
}

static void on_guard_late(World *w, WorldNode *n, const Happening *h)
{
        if (n->guard.armed && !n->guard.away && n->guard.serial == h->generation)
                guard_model_end_units(w, n, h->value);
}

static void on_guard(World *w, WorldNode *n, const Happening *h)
{
        if (!n->guard.armed || n->guard.away || n->guard.serial != h->generation)
                return;
        if (systemd_is_late(w, n)) {
                /* Its stops come too late; what it has to kill it kills by hand. */
                uint64_t patience = MIN(systemd_lateness(w, n),
                                MIN(USEC_PER_SEC, grace_timing_of(process_grace(w, n)).answer_usec));

                world_schedule(w, w->now_usec + (h->value ? patience : systemd_lateness(w, n)), on_guard_late,
                                n, n->guard.serial, h->value);
                return;
        }
        guard_model_end_units(w, n, h->value);
}

/* From its first stop on, each second: what parts have not ended are stopped again. */
static void on_guard_look(World *w, WorldNode *n, const Happening *h)
{
        if (!n->guard.armed || n->guard.away || n->guard.serial != h->generation)
                return;
        FOREACH_ARRAY(u, n->units, systemd_is_late(w, n) ? 0 : n->n_units)
                if (u->n_parts > 0 && !guard_model_spares(&n->guard, u->app))
                        parts_look_of_guard(w, n, u);
        world_schedule(w, w->now_usec + USEC_PER_SEC, on_guard_look, n, n->guard.serial, 0);
}

static int guard_model_spare(WorldGuard *g, const State *s)
{
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                if (!app_is_left_alone(a))
                        continue;
                if (ARRAY_GROW(g->spared, g->n_spared, g->n_spared_allocated) < 0 ||
                                !(g->spared[g->n_spared] = strdup(a->name)))
                        return -ENOMEM;
                g->n_spared++;
        }
        return 0;
}

/* It has seen the end of the manager, or is there at last. */
static void guard_model_count(World *w, WorldNode *n, uint64_t gone_usec)
{
        WorldGuard *g = &n->guard;
        GraceTiming t = grace_timing_of(process_grace(w, n));

        g->serial = ++w->next_serial;
        world_schedule(w, w->now_usec + usec_left(t.stop_usec, gone_usec), on_guard, n, g->serial, 0);
        world_schedule(w, w->now_usec + usec_left(t.kill_usec, gone_usec), on_guard, n, g->serial, 1);
        if (w->n_app_parts > 0)
                world_schedule(w, w->now_usec + usec_left(t.stop_usec, gone_usec), on_guard_look, n,
                                g->serial, 0);
}

/* `gone_usec`: the manager ended so long ago. */
static void guard_model_begin(World *w, WorldNode *n, const State *s, uint64_t gone_usec)
{
        WorldGuard *g = &n->guard;

        if (guard_model_spare(g, s) < 0) {
                world_fail(w, -ENOMEM);
                return;
        }
        g->armed = true;
        g->counts = !g->away;
        g->since_usec = w->now_usec - MIN(gone_usec, w->now_usec);
        if (g->counts)
                guard_model_count(w, n, gone_usec);
}

void guard_model_arm(World *w, WorldNode *n)
{
        /* It counts from the first end since the manager was synced. */
        if (!n->guard.armed)
                guard_model_begin(w, n, engine_state(n->manager.engine), 0);
}

void guard_model_again(World *w, WorldNode *n)
{
        WorldGuard *g = &n->guard;

        if (!g->armed)
                return;
        world_did(w, DEED_GUARD_AGAIN);
        if (!g->counts)
                g->since_usec = w->now_usec;
        g->counts = true;
        guard_model_count(w, n, w->now_usec - g->since_usec);
}

void guard_model_resume(World *w, WorldNode *n, const State *s, uint64_t gone_usec)
{
        if (!n->guard.away)
                guard_model_begin(w, n, s, gone_usec);
}

void guard_model_disarm(WorldNode *n)
{
        for (size_t i = 0; i < n->guard.n_spared; i++)
                free(n->guard.spared[i]);
        n->guard.n_spared = 0;
        n->guard.armed = false;
}
