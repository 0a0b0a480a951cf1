/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guard: it ends the workers, and what parts they have, when no manager comes back. */

#include "base/timing.h"
#include "world/world-struct.h"

typedef enum GuardAct {
        GUARD_STOPS,
        GUARD_KILLS_NEEDING, /* that of which something outlives a kill */
        GUARD_KILLS,
} GuardAct;

#define GUARD_FUSE_LEAST_USEC USEC_PER_SEC
#define GUARD_ROUND_USEC (250 * USEC_PER_MSEC)

static bool guard_model_spares(const WorldGuard *g, const char *app)
{
        for (size_t i = 0; i < g->n_spared; i++)
                if (streq(g->spared[i], app))
                        return true;
        return false;
}

static void guard_model_end_units(World *w, WorldNode *n, GuardAct act)
{
        for (size_t i = 0; i < n->n_units; i++) {
                WorldUnit *u = n->units + i;

                bool kill_now = act != GUARD_STOPS;

                if (!unit_model_is_alive(u) || guard_model_spares(&n->guard, u->app) ||
                                (act == GUARD_KILLS_NEEDING && !fuse_needs_end(u)))
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
                guard_model_end_units(w, n, (GuardAct) h->value);
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
        guard_model_end_units(w, n, (GuardAct) h->value);
}

/* Of what the guard is to end, something outlives a kill. */
static bool guard_model_needs_fuse(const WorldNode *n)
{
        FOREACH_ARRAY(u, n->units, n->n_units)
                if (fuse_needs_end(u) && unit_model_is_alive(u) && !guard_model_spares(&n->guard, u->app))
                        return true;
        return false;
}

/* From its first stop on: what parts have not ended are stopped again. A reading that shows every end puts the fuse out. */
static void on_guard_look(World *w, WorldNode *n, const Happening *h)
{
        if (!n->guard.armed || n->guard.away || n->guard.serial != h->generation)
                return;
        if (!n->suspended && !systemd_is_late(w, n)) {
                FOREACH_ARRAY(u, n->units, n->n_units)
                        if (u->n_parts > 0 && !guard_model_spares(&n->guard, u->app))
                                parts_look_of_guard(w, n, u);
                if (!guard_model_needs_fuse(n)) { /* nor what the manager was afraid of when it ended */
                        fuse_set(w, n, DEADLINE_GUARD, 0);
                        fuse_set(w, n, DEADLINE_MANAGER, 0);
                }
        }
        world_schedule(w, w->now_usec + GUARD_ROUND_USEC, on_guard_look, n, n->guard.serial, 0);
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

/* It has seen the end of the manager, or is there at last. What has parts that outlive a kill is killed sooner, and the fuse burns
 * behind it. */
static void guard_model_count(World *w, WorldNode *n, uint64_t gone_usec)
{
        WorldGuard *g = &n->guard;
        GraceTiming t = grace_timing_of(process_grace(w, n));
        bool fuse = guard_model_needs_fuse(n);

        g->serial = ++w->next_serial;
        if (fuse)
                fuse_set(w, n, DEADLINE_GUARD,
                                w->now_usec + MAX(usec_left(t.fuse_usec, gone_usec), GUARD_FUSE_LEAST_USEC));
        world_schedule(w, w->now_usec + usec_left(t.stop_usec, gone_usec), on_guard, n, g->serial,
                        GUARD_STOPS);
        if (fuse)
                world_schedule(w, w->now_usec + usec_left(t.end_kill_usec, gone_usec), on_guard, n, g->serial,
                                GUARD_KILLS_NEEDING);
        world_schedule(w, w->now_usec + usec_left(t.kill_usec, gone_usec), on_guard, n, g->serial,
                        GUARD_KILLS);
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
        n->fuse.at_usec[DEADLINE_GUARD] = 0;
        for (size_t i = 0; i < n->guard.n_spared; i++)
                free(n->guard.spared[i]);
        n->guard.n_spared = 0;
        n->guard.armed = false;
}
