/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd's units: workers that outlive the manager. What parts they have is in part-model.c. */

#include "base/timing.h"
#include "world/world-struct.h"

#define REPORT_USEC USEC_PER_MSEC     /* from a change to its signal */
#define STUCK_USEC (2 * USEC_PER_SEC) /* a stop that takes so long does not end */

WorldUnit *unit_model_find(const WorldNode *n, const char *app)
{
        FOREACH_ARRAY(u, n->units, n->n_units)
                if (streq(u->app, app))
                        return u;
        return NULL;
}

WorldUnit *unit_model_get(World *w, WorldNode *n, const char *app)
{
        WorldUnit *u = unit_model_find(n, app);

        if (u)
                return u;
        if (ARRAY_GROW(n->units, n->n_units, n->n_units_allocated) < 0) {
                world_fail(w, -ENOMEM);
                return NULL;
        }
        u = n->units + n->n_units;
        *u = (WorldUnit){
                .app = strdup(app), .start_usec = w->config.start_usec, .stop_usec = w->config.stop_usec
        };
        if (!u->app) {
                world_fail(w, -ENOMEM);
                return NULL;
        }
        n->n_units++;
        return u;
}

static WorldUnit *unit_model_by_serial(WorldNode *n, uint64_t serial)
{
        FOREACH_ARRAY(u, n->units, n->n_units)
                if (u->serial == serial)
                        return u;
        return NULL;
}

void unit_model_report(
                World *w, WorldNode *n, const char *app, uint64_t epoch, UnitState state, const char *reason)
{
        WorldUnit *u = unit_model_find(n, app);
        Letter l = { .type = EVENT_UNIT,
                .epoch = epoch,
                .unit_digest = u && u->epoch == epoch ? u->unit_digest : 0,
                .state = state };

        l.needs_end = u && u->epoch == epoch && fuse_needs_end(u);

        if (bus_lateness(w, n) > 0) {
                if (u)
                        u->unread = true;
                return;
        }
        l.app = strdup(app);
        if (!l.app || (reason && !(l.reason = strdup(reason)))) {
                free(l.app);
                world_fail(w, -ENOMEM);
                return;
        }
        process_post(w, n, INBOX_SYSTEMD, &l,
                        systemd_lateness(w, n) + world_delay(w, REPORT_USEC, 20 * USEC_PER_MSEC));
}

static const char *epoch_text(uint64_t epoch, char *buffer, size_t size)
{
        (void) snprintf(buffer, size, "%llu.%llu", (unsigned long long) (epoch >> EPOCH_RING_SHIFT),
                        (unsigned long long) (epoch & ((1u << EPOCH_RING_SHIFT) - 1)));
        return buffer;
}

void unit_model_observe(World *w, const WorldNode *n, const WorldUnit *u, ObservationType type)
{
        world_observe(w, &(Observation){ .type = type,
                                         .node_id = n->id,
                                         .app = u->app,
                                         .epoch = u->epoch,
                                         .start_type = u->start_type,
                                         .flag = u->state == UNIT_STOPPED });
}

bool unit_model_is_alive(const WorldUnit *u)
{
        return unit_state_is_alive(u->state) || parts_exist(u);
}

/* Its processes are there: what is still waiting for its parts can do nothing. */
static bool has_worker(const WorldUnit *u)
{
        return unit_state_is_alive(u->state) && (u->n_parts == 0 || u->begun);
}

/* A state of the worker that is the copy's as well. */
static void tell(World *w, WorldNode *n, WorldUnit *u, const char *reason)
{
        if (u->n_parts > 0 && (u->on_road || u->has_ended))
                return;
        if (u->n_parts > 0)
                u->said = u->state;
        unit_model_report(w, n, u->app, u->epoch, u->state, reason);
}

void unit_model_end(World *w, WorldNode *n, WorldUnit *u, UnitState state, const char *reason)
{
        char buffer[64];

        u->state = state;
        u->serial = ++w->next_serial;
        trace(w, n, "unit %s (%s) ends: %s%s%s", u->app, epoch_text(u->epoch, buffer, sizeof(buffer)),
                        unit_state_to_string(state), isempty(reason) ? "" : ", ", strempty(reason));
        unit_model_observe(w, n, u, OBSERVE_UNIT_END);
        if (u->n_parts > 0)
                parts_go_on(w, n, u);
        else
                unit_model_report(w, n, u->app, u->epoch, state, reason);
}

void unit_models_read_again(World *w, WorldNode *n)
{
        FOREACH_ARRAY(u, n->units, n->n_units) {
                if (!u->unread)
                        continue;
                u->unread = false;
                if (u->n_parts > 0) {
                        parts_read_again(w, n, u);
                        continue;
                }
                if (u->state == UNIT_FINISHED) { /* it counts as stopped from outside, as that is not for good */
                        world_did(w, DEED_UNIT_UNSEEN);
                        u->state = UNIT_KILLED;
                }
                unit_model_report(w, n, u->app, u->epoch, u->state,
                                u->state == UNIT_FAILED  ? "exit-code"
                                : u->state == UNIT_STUCK ? "timeout"
                                                         : NULL);
        }
}

/* ---- starting ---- */

static void on_started(World *w, WorldNode *n, const Happening *h);

/* Its process has ended, and systemd starts it again. It stays the same copy: this is between systemd and the worker. */
static void unit_model_restart(World *w, WorldNode *n, WorldUnit *u)
{
        char reason[64];

        world_did(w, DEED_UNIT_RESTARTED);
        u->state = UNIT_STARTING;
        u->serial = ++w->next_serial;
        if (u->n_restarts == 0)
                (void) snprintf(reason, sizeof(reason), "to be restarted by systemd; exit-code");
        else
                (void) snprintf(reason, sizeof(reason), "restarted by systemd, %u times; exit-code",
                                u->n_restarts);
        u->n_restarts++;
        tell(w, n, u, reason);
        world_schedule(w,
                        w->now_usec + 100 * USEC_PER_MSEC + world_delay(w, u->start_usec, 2 * u->start_usec),
                        on_started, n, n->generation, u->serial);
}

static bool is_beside(const World *w, const WorldNode *n, const char *app)
{
        FOREACH_ARRAY(o, w->nodes, w->n_nodes) {
                const WorldUnit *u = o != n ? unit_model_find(o, app) : NULL;

                if (u && unit_model_is_alive(u))
                        return true;
        }
        return false;
}

static void on_started(World *w, WorldNode *n, const Happening *h)
{
        WorldUnit *u = unit_model_by_serial(n, h->value);

        if (n->generation != h->generation || !u)
                return;
        if (u->fault == WORLD_UNIT_START_FAILS ||
                        (u->fault == WORLD_UNIT_START_FAILS_BESIDE && is_beside(w, n, u->app))) {
                world_did(w, DEED_UNIT_FAILS);
                unit_model_end(w, n, u, UNIT_FAILED, "exit-code");
                return;
        }
        if (u->fault == WORLD_UNIT_START_FINISHES) {
                unit_model_end(w, n, u, UNIT_FINISHED, NULL);
                return;
        }
        u->state = UNIT_RUNNING;
        u->serial = ++w->next_serial;
        tell(w, n, u, NULL);
        if (u->fault == WORLD_UNIT_CRASHES)
                unit_model_restart(w, n, u);
}

static void start_worker(World *w, WorldNode *n, WorldUnit *u)
{
        world_schedule(w, w->now_usec + world_delay(w, u->start_usec, 2 * u->start_usec), on_started, n,
                        n->generation, u->serial);
}

void unit_model_begin(World *w, WorldNode *n, WorldUnit *u)
{
        u->serial = ++w->next_serial;
        unit_model_observe(w, n, u, OBSERVE_UNIT_BEGIN);
        start_worker(w, n, u);
}

void unit_model_start(World *w, WorldNode *n, const Effect *f)
{
        WorldUnit *u = unit_model_get(w, n, f->app);
        char buffer[64];

        if (!u)
                return;
        trace(w, n, "unit %s (%s) starts: %s%s%s", f->app, epoch_text(f->epoch, buffer, sizeof(buffer)),
                        start_type_to_string(f->start_type), isempty(f->from_node) ? "" : " from ",
                        strempty(f->from_node));
        if (unit_model_is_alive(u) || parts_are_told_alive(u)) {
                systemd_void_start(w, n, f->app, f->epoch);
                unit_model_report(w, n, f->app, f->epoch, UNIT_REFUSED, "the unit exists");
                return;
        }
        if (u->fault == WORLD_UNIT_START_REFUSED) {
                world_did(w, DEED_UNIT_REFUSED);
                u->state = UNIT_NONE;
                systemd_void_start(w, n, f->app, f->epoch);
                unit_model_report(w, n, f->app, f->epoch, UNIT_REFUSED, "it cannot be started");
                return;
        }
        if (u->start_usec > USEC_PER_SEC)
                world_did(w, DEED_UNIT_SLOW);
        u->state = UNIT_STARTING;
        u->epoch = f->epoch;
        u->unit_digest = 0;
        u->start_type = f->start_type;
        u->n_restarts = 0;
        u->serial = ++w->next_serial;
        parts_prepare(w, u);
        if (u->n_parts == 0)
                unit_model_observe(w, n, u, OBSERVE_UNIT_BEGIN);
        unit_model_report(w, n, u->app, u->epoch, UNIT_STARTING, NULL);
        if (u->n_parts > 0)
                parts_start(w, n, u);
        else
                start_worker(w, n, u);
}

/* ---- stopping ---- */

static void on_stopped(World *w, WorldNode *n, const Happening *h)
{
        WorldUnit *u = unit_model_by_serial(n, h->value);

        if (n->generation != h->generation || !u)
                return;
        if (u->fault != WORLD_UNIT_STOP_STUCK) {
                unit_model_end(w, n, u, u->ending, NULL);
                return;
        }
        world_did(w, DEED_UNIT_STUCK);
        u->state = UNIT_STUCK;
        u->serial = ++w->next_serial;
        trace(w, n, "unit %s does not end", u->app);
        unit_model_observe(w, n, u, OBSERVE_UNIT_STUCK);
        if (u->n_parts > 0)
                parts_go_on(w, n, u);
        else
                unit_model_report(w, n, u->app, u->epoch, UNIT_STUCK, "timeout");
}

/* What has parts is stopped by its slice. */
void unit_model_stop_as(World *w, WorldNode *n, WorldUnit *u, UnitState ending)
{
        if (u->n_parts == 0)
                unit_model_stop_worker(w, n, u, ending);
        else if (ending == UNIT_STOPPED)
                parts_stop(w, n, u);
        else
                parts_stop_slice(w, n, u);
}

void unit_model_stop_worker(World *w, WorldNode *n, WorldUnit *u, UnitState ending)
{
        if (!unit_state_is_alive(u->state) || u->state == UNIT_STUCK)
                return;
        if (u->state == UNIT_STOPPING) {
                /* A stop of ours on top of one that is not: systemd has one job for both. */
                return;
        }
        if (u->stop_usec > USEC_PER_SEC)
                world_did(w, DEED_UNIT_SLOW);
        u->ending = ending;
        u->state = UNIT_STOPPING;
        u->serial = ++w->next_serial;
        tell(w, n, u, NULL);
        world_schedule(w,
                        w->now_usec + (u->fault == WORLD_UNIT_STOP_STUCK ? STUCK_USEC
                                                                         : world_delay(w, u->stop_usec,
                                                                                           2 * u->stop_usec)),
                        on_stopped, n, n->generation, u->serial);
}

/* The unit that the manager means, or NULL after telling it that there is none. */
static WorldUnit *find_copy(World *w, WorldNode *n, const char *app, uint64_t epoch)
{
        WorldUnit *u = unit_model_find(n, app);

        if (u && u->epoch == epoch && (unit_model_is_alive(u) || parts_are_told_alive(u)))
                return u;
        unit_model_report(w, n, app, epoch, UNIT_NONE, NULL);
        return NULL;
}

void unit_model_stop(World *w, WorldNode *n, const char *app, uint64_t epoch)
{
        WorldUnit *u = find_copy(w, n, app, epoch);

        if (!u)
                return;
        trace(w, n, "unit %s is told to stop", app);
        u->ending = UNIT_STOPPED;
        unit_model_stop_as(w, n, u, UNIT_STOPPED);
}

void unit_model_kill(World *w, WorldNode *n, const char *app, uint64_t epoch)
{
        WorldUnit *u = find_copy(w, n, app, epoch);

        if (!u)
                return;
        trace(w, n, "unit %s is killed", app);
        if (u->n_parts > 0) {
                u->stop_asked = true;
                parts_kill(w, n, u);
        } else if (u->fault == WORLD_UNIT_STOP_STUCK)
                unit_model_stop_as(w, n, u, UNIT_STOPPED);
        else
                unit_model_end(w, n, u, UNIT_STOPPED, NULL);
}

void unit_model_kill_group(World *w, WorldNode *n, uint64_t epoch)
{
        for (size_t i = 0; i < n->n_units; i++) {
                WorldUnit *u = n->units + i;

                if (u->epoch != epoch || !unit_model_is_alive(u) || u->fault == WORLD_UNIT_STOP_STUCK)
                        continue;
                trace(w, n, "unit %s is killed by its control group", u->app);
                if (u->n_parts > 0) { /* systemd is told over its own socket to stop the slice */
                        u->stop_asked = true;
                        parts_kill(w, n, u);
                } else
                        unit_model_end(w, n, u, UNIT_STOPPED, NULL);
        }
}

void unit_model_forget(WorldNode *n, const char *app, uint64_t epoch)
{
        WorldUnit *u = unit_model_find(n, app);

        if (!u || u->epoch != epoch || unit_model_is_alive(u) || parts_are_told_alive(u))
                return;
        u->state = UNIT_NONE;
        u->n_parts = 0;
}

void unit_model_place(World *w, WorldNode *n, const char *app, uint64_t epoch, StartType start_type,
                bool stuck, bool restart_needed)
{
        WorldUnit *u = unit_model_get(w, n, app);

        if (!u)
                return;
        u->state = stuck ? UNIT_STUCK : UNIT_RUNNING;
        u->fault = stuck ? WORLD_UNIT_STOP_STUCK : WORLD_UNIT_WELL;
        u->ending = UNIT_STOPPED;
        u->unit_digest = restart_needed ? UNIT_DIGEST_BEFORE : UNIT_DIGEST_NOW;
        u->epoch = epoch;
        u->start_type = start_type;
        u->serial = ++w->next_serial;
        parts_place(w, n, u);
        unit_model_report(w, n, app, epoch, u->state, stuck ? "timeout" : NULL);
}

void unit_models_power_cut(World *w, WorldNode *n)
{
        FOREACH_ARRAY(u, n->units, n->n_units) {
                bool alive = has_worker(u);

                u->state = UNIT_NONE;
                u->serial = ++w->next_serial;
                if (alive)
                        unit_model_observe(w, n, u, OBSERVE_UNIT_END);
                parts_power_cut(w, n, u);
        }
}

/* ---- what a test does to workers ---- */

void world_unit_behave(World *w, uint32_t node, const char *app, WorldUnitFault fault, uint64_t start_usec,
                uint64_t stop_usec)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_get(w, n, app);

        if (!u)
                return;
        u->fault = fault;
        u->start_usec = start_usec > 0 ? start_usec : w->config.start_usec;
        u->stop_usec = stop_usec > 0 ? stop_usec : w->config.stop_usec;
        if (fault != WORLD_UNIT_STOP_STUCK && u->state == UNIT_STUCK)
                unit_model_end(w, n, u, u->ending, NULL);
}

void world_unit_fail(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_find(n, app);

        if (u && has_worker(u) && (u->state == UNIT_RUNNING || u->state == UNIT_STARTING)) {
                world_did(w, DEED_UNIT_FAILS);
                unit_model_end(w, n, u, UNIT_FAILED, "exit-code");
        }
}

void world_unit_restart(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_find(n, app);

        if (!u || u->state != UNIT_RUNNING || systemd_is_late(w, n))
                return;
        trace(w, n, "unit %s is restarted by systemd", app);
        unit_model_restart(w, n, u);
}

void world_unit_finish(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_find(n, app);

        if (u && u->state == UNIT_RUNNING) {
                world_did(w, DEED_UNIT_FINISHED);
                unit_model_end(w, n, u, UNIT_FINISHED, NULL);
        }
}

void world_unit_stop_outside(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_find(n, app);

        if (u && has_worker(u) && (u->state == UNIT_RUNNING || u->state == UNIT_STARTING) &&
                        !systemd_is_late(w, n)) {
                trace(w, n, "unit %s is stopped from outside", app);
                world_did(w, DEED_UNIT_STOPPED);
                unit_model_stop_worker(w, n, u, UNIT_KILLED);
        }
}
