/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd's main process, which carries out what it is asked for: in order, and at times much later, as it was busy
 * with a daemon-reload or did not run. Calls wait in its socket meanwhile. Their sender may be gone by then: systemd
 * asks the bus for it, and refuses a call without a sender. A start whose stop waits behind it never has a process,
 * since systemd hears all that is said before it goes to work on a job. All of this was tried with systemd 252. */

#include "base/array.h"
#include "world/world-struct.h"

#define BY_HAND_USEC USEC_PER_SEC /* a manager whose kill is not answered kills the control group itself */

bool systemd_is_late(const World *w, const WorldNode *n)
{
        return n->systemd.late_until_usec > w->now_usec;
}

uint64_t systemd_lateness(const World *w, const WorldNode *n)
{
        return systemd_is_late(w, n) ? n->systemd.late_until_usec - w->now_usec : 0;
}

static void call_done(SystemdCall *c)
{
        free(c->app);
        free(c->from_node);
}

/* What was asked for will not begin. */
void systemd_void_start(World *w, const WorldNode *n, const char *app, uint64_t epoch)
{
        world_observe(w, &(Observation){ .type = OBSERVE_START_VOID,
                                         .node_id = n->id,
                                         .app = app,
                                         .epoch = epoch });
}

static bool is_taken_back(const Systemd *s, size_t at)
{
        for (size_t i = at + 1; i < s->n_calls; i++)
                if (s->calls[i].type != EFFECT_START && s->calls[i].epoch == s->calls[at].epoch &&
                                streq(s->calls[i].app, s->calls[at].app))
                        return true;
        return false;
}

static void carry_out(World *w, WorldNode *n, const Effect *f)
{
        if (f->type == EFFECT_START)
                unit_model_start(w, n, f);
        else if (f->type == EFFECT_STOP)
                unit_model_stop(w, n, f->app, f->epoch);
        else
                unit_model_kill(w, n, f->app, f->epoch);
}

static void carry_out_late(World *w, WorldNode *n, size_t at)
{
        const SystemdCall *c = n->systemd.calls + at;

        if (c->sender != n->manager.generation) {
                trace(w, n, "(systemd refuses what a manager has asked for that is gone)");
                world_did(w, DEED_CALL_OF_NOBODY);
        } else if (c->type == EFFECT_START && is_taken_back(&n->systemd, at)) {
                trace(w, n, "(unit %s is not started, its stop waits already)", c->app);
                world_did(w, DEED_START_TAKEN_BACK);
                systemd_void_start(w, n, c->app, c->epoch);
        } else
                carry_out(w, n,
                                &(Effect){ .type = c->type,
                                                .app = c->app,
                                                .epoch = c->epoch,
                                                .start_type = c->start_type,
                                                .from_node = c->from_node });
}

static void carry_out_calls(World *w, WorldNode *n)
{
        if (systemd_is_late(w, n) || bus_lateness(w, n) > 0)
                return;
        for (size_t i = 0; i < n->systemd.n_calls; i++)
                carry_out_late(w, n, i);
        systemd_forget_calls(n);
}

static void go_on(World *w, WorldNode *n)
{
        n->systemd.late_until_usec = 0;
        trace(w, n, "systemd goes on");
        carry_out_calls(w, n);
}

static void on_go_on(World *w, WorldNode *n, const Happening *h)
{
        if (n->generation != h->generation || n->systemd.late_until_usec != h->value)
                return;
        if (n->suspended) {
                systemd_be_late(w, n, w->now_usec + USEC_PER_SEC);
                return;
        }
        go_on(w, n);
}

void systemd_be_late(World *w, WorldNode *n, uint64_t until_usec)
{
        n->systemd.late_until_usec = until_usec;
        world_schedule(w, until_usec, on_go_on, n, n->generation, until_usec);
}

void world_systemd_late(World *w, uint32_t node, uint64_t usec)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || systemd_is_late(w, n) || n->shutting_down || usec == 0)
                return;
        trace(w, n, "systemd does nothing for now");
        if (usec > USEC_PER_SEC)
                world_did(w, DEED_SYSTEMD_LATE);
        systemd_be_late(w, n, w->now_usec + usec);
}

uint64_t bus_lateness(const World *w, const WorldNode *n)
{
        return usec_left(n->systemd.bus_lost_until_usec, w->now_usec);
}

static void on_bus_back(World *w, WorldNode *n, const Happening *h)
{
        if (n->generation != h->generation || n->systemd.bus_lost_until_usec != h->value)
                return;
        n->systemd.bus_lost_until_usec = 0;
        trace(w, n, "the bus is back");
        unit_models_read_again(w, n);
        carry_out_calls(w, n);
}

void world_bus_lost(World *w, uint32_t node, uint64_t usec)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || n->shutting_down || bus_lateness(w, n) > 0 || usec == 0)
                return;
        trace(w, n, "the bus is lost");
        world_did(w, DEED_BUS_LOST);
        n->systemd.bus_lost_until_usec = w->now_usec + usec;
        world_schedule(w, w->now_usec + usec, on_bus_back, n, n->generation, w->now_usec + usec);
}

/* Nothing is promised of a node of which manager and systemd do nothing at the same time. */
void systemd_must_go_on(World *w, WorldNode *n, uint64_t within_usec)
{
        if (systemd_lateness(w, n) > within_usec)
                systemd_be_late(w, n, w->now_usec + within_usec);
}

void systemd_forget_calls(WorldNode *n)
{
        FOREACH_ARRAY(c, n->systemd.calls, n->systemd.n_calls)
                call_done(c);
        n->systemd.n_calls = 0;
}

void systemd_power_cut(WorldNode *n)
{
        systemd_forget_calls(n);
        n->systemd.late_until_usec = n->systemd.bus_lost_until_usec = 0;
}

/* The manager's process has ended: what it has asked for will be refused. systemd learns of it when it goes on; the guard has
 * seen it by itself. */
void systemd_manager_ended(World *w, WorldNode *n)
{
        Systemd *s = &n->systemd;

        FOREACH_ARRAY(c, s->calls, s->n_calls)
                if (c->type == EFFECT_START && c->sender == n->manager.generation)
                        systemd_void_start(w, n, c->app, c->epoch);
        systemd_must_go_on(w, n, process_grace(w, n) / 10);
}

/* ---- what a manager asks for ---- */

static void on_by_hand(World *w, WorldNode *n, const Happening *h)
{
        if (n->generation == h->generation && (systemd_is_late(w, n) || bus_lateness(w, n) > 0))
                unit_model_kill_group(w, n, h->value);
}

static void ask(World *w, WorldNode *n, const Effect *f)
{
        Systemd *s = &n->systemd;
        SystemdCall c = { .type = f->type,
                .sender = n->manager.generation,
                .app = strdup(f->app),
                .epoch = f->epoch,
                .start_type = f->start_type,
                .from_node = strdup(strempty(f->from_node)) };

        if (!c.app || !c.from_node || ARRAY_GROW(s->calls, s->n_calls, s->n_calls_allocated) < 0) {
                call_done(&c);
                world_fail(w, -ENOMEM);
                return;
        }
        s->calls[s->n_calls++] = c;
}

void systemd_ask(World *w, WorldNode *n, const Effect *f)
{
        if (world_has(w, WORLD_LATE_SYSTEMD) && !systemd_is_late(w, n) &&
                        world_random_of(&w->random_late, 100) < 6)
                world_systemd_late(w, n->id,
                                world_random_of(&w->random_late, 100) < 70
                                                ? world_random_of(&w->random_late, 2 * USEC_PER_SEC)
                                                : world_random_of(&w->random_late, 20 * USEC_PER_SEC));
        if (systemd_is_late(w, n) || bus_lateness(w, n) > 0) {
                ask(w, n, f);
                if (f->type == EFFECT_KILL)
                        world_schedule(w, w->now_usec + (bus_lateness(w, n) > 0 ? 0 : BY_HAND_USEC),
                                        on_by_hand, n, n->generation, f->epoch);
        } else
                carry_out(w, n, f);
}
