/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fuse: the host's own end. Manager and guard set a deadline each; once one has passed the host goes down and boots again. The
 * manager's is ahead of the engine's by what a host takes for that; here it takes no time. It needs neither of them, nor systemd, and
 * what stands outlives them; a host that slept goes down as it wakes up. */

#include "base/timing.h"
#include "world/world-struct.h"

#define FUSE_MOVE_USEC \
        USEC_PER_SEC /* a manager moves its deadline on when it is so much older than the engine's, or has stood so long */
#define FUSE_LOOK_USEC (100 * USEC_PER_MSEC)

static const char *const owners[_DEADLINE_OWNER_MAX] = {
        [DEADLINE_MANAGER] = "manager", [DEADLINE_GUARD] = "guard"
};

bool fuse_needs_end(const WorldUnit *u)
{
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->kind != WORLD_PART_ADDRESS)
                        return true;
        return false;
}

/* Of what is here, something would outlive a kill. */
static const WorldUnit *what_is_left(const WorldNode *n)
{
        FOREACH_ARRAY(u, n->units, n->n_units)
                if (fuse_needs_end(u) && unit_model_is_alive(u))
                        return u;
        return NULL;
}

static void go_off(World *w, WorldNode *n, DeadlineOwner owner)
{
        const WorldUnit *left = what_is_left(n);

        trace(w, n, "its fuse goes off: the deadline of its %s has passed", owners[owner]);
        world_did(w, DEED_REBOOT);
        n->n_reboots++;
        world_observe(w, &(Observation){ .type = OBSERVE_REBOOT,
                                         .node_id = n->id,
                                         .app = left ? left->app : NULL,
                                         .where = owners[owner],
                                         .flag = owner == DEADLINE_GUARD });
        world_node_down(w, n->id);
        world_node_up(w, n->id);
}

static void on_look(World *w, WorldNode *n, const Happening *h);

static void look_at(World *w, WorldNode *n, uint64_t at_usec)
{
        WorldFuse *f = &n->fuse;

        if (f->look_usec != 0 && f->look_usec <= at_usec)
                return;
        f->look_usec = at_usec;
        world_schedule(w, at_usec, on_look, n, n->generation, at_usec);
}

static void on_look(World *w, WorldNode *n, const Happening *h)
{
        WorldFuse *f = &n->fuse;

        if (!n->up || n->generation != h->generation || f->look_usec != h->value)
                return;
        f->look_usec = 0;
        for (DeadlineOwner o = 0; o < _DEADLINE_OWNER_MAX; o++)
                if (f->at_usec[o] != 0 && f->at_usec[o] <= w->now_usec && !n->suspended && !n->fuse_away) {
                        go_off(w, n, o);
                        return;
                }
        for (DeadlineOwner o = 0; o < _DEADLINE_OWNER_MAX; o++)
                if (f->at_usec[o] != 0)
                        look_at(w, n,
                                        f->at_usec[o] > w->now_usec ? f->at_usec[o]
                                                                    : w->now_usec + FUSE_LOOK_USEC);
}

void fuse_set(World *w, WorldNode *n, DeadlineOwner owner, uint64_t at_usec)
{
        n->fuse.at_usec[owner] = at_usec;
        if (at_usec != 0)
                look_at(w, n, MAX(at_usec, w->now_usec));
}

void fuse_power_cut(WorldNode *n)
{
        n->fuse = (WorldFuse){};
}

/* ---- the manager's ---- */

static void on_slack(World *w, WorldNode *n, const Happening *h)
{
        if (!n->manager.up || n->manager.generation != h->generation)
                return;
        n->fuse.slack = false;
        if (n->manager.hung) /* it moves nothing */
                return;
        n->fuse.told = false;
        fuse_follow(w, n, true);
}

/* A move by less than the slack waits for the next, or for its time. */
static bool may_wait(World *w, WorldNode *n, uint64_t deadline_usec)
{
        WorldFuse *f = &n->fuse;

        if (!f->told || f->at_usec[DEADLINE_MANAGER] == 0 || deadline_usec < f->told_usec ||
                        deadline_usec >= usec_add(f->told_usec, FUSE_MOVE_USEC))
                return false;
        if (deadline_usec != f->told_usec && !f->slack) {
                f->slack = true;
                world_schedule(w, w->now_usec + FUSE_MOVE_USEC, on_slack, n, n->manager.generation, 0);
        }
        return true;
}

void fuse_follow(World *w, WorldNode *n, bool may_put_out)
{
        const char *app;
        uint64_t t, left;

        if (!n->manager.up)
                return;
        t = engine_fuse_deadline(n->manager.engine, &app);
        if (t == USEC_INFINITY || (t == 0 && !may_put_out))
                return;
        if (t != 0 && may_wait(w, n, t))
                return;
        left = usec_left(t, process_clock(w, n));
        n->fuse.told = true;
        n->fuse.told_usec = t;
        fuse_set(w, n, DEADLINE_MANAGER,
                        t == 0 ? 0 : w->now_usec + process_wait(n, left - fuse_ahead_usec(left)));
}

void fuse_manager_begins(WorldNode *n)
{
        n->fuse.told = n->fuse.slack = false;
}
