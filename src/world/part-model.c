/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of a copy. systemd starts them one after the other and the worker at last, and stops them the other way round: that is
 * a job of their slice, which goes on when the manager that asked for it is gone. A kill ends the worker and what has processes;
 * what is mounted stays mounted until its own stop has succeeded.
 *
 * Who looks is a manager, as src/systemd does it (unit-machine.h has the table of the road): an end is told when the worker has
 * ended and all parts have; until then the copy is stopping, and stuck where nothing is at work on it any more. A manager that
 * comes later goes by the note: the copy is as it is where its worker and all parts are at work, else it is stopping. */

#include "world/world-struct.h"

#define CLEAN_USEC (20 * USEC_PER_MSEC)       /* what a killed helper left is taken away */
#define LOOK_USEC (50 * USEC_PER_MSEC)        /* how often what is left is looked at */
#define STUCK_LOOK_USEC USEC_PER_SEC          /* and once it is stuck; its stop is repeated then */
#define STUCK_AFTER_USEC USEC_PER_SEC         /* after the last job */
#define STUCK_STOP_USEC (500 * USEC_PER_MSEC) /* until a stop that does not succeed has failed */

static const char *const kind_names[_WORLD_PART_KIND_MAX] = {
        [WORLD_PART_ADDRESS] = "address",
        [WORLD_PART_MOUNT] = "mount",
        [WORLD_PART_UNIT] = "unit",
};

const char *world_part_kind_to_string(WorldPartKind kind)
{
        return kind_names[kind];
}

/* ---- which there are ---- */

static WorldAppParts *find_app(const World *w, const char *app)
{
        FOREACH_ARRAY(a, w->app_parts, w->n_app_parts)
                if (streq(a->app, app))
                        return a;
        return NULL;
}

int world_set_parts(World *w, const char *app, const WorldPartKind *kinds, size_t n)
{
        WorldAppParts *a = find_app(w, app);

        if (!a) {
                char *name = strdup(app);

                if (!name || ARRAY_GROW(w->app_parts, w->n_app_parts, w->n_app_parts_allocated) < 0) {
                        free(name);
                        return -ENOMEM;
                }
                a = w->app_parts + w->n_app_parts++;
                *a = (WorldAppParts){ .app = name };
        }
        a->n_kinds = MIN(n, (size_t) WORLD_PARTS_MAX);
        memcpy(a->kinds, kinds, a->n_kinds * sizeof(*kinds));
        FOREACH_ARRAY(node, w->nodes, w->n_nodes)
                FOREACH_ARRAY(d, node->definitions, node->n_definitions)
                        if (streq(d->name, app))
                                d->needs_end = world_parts_need_end(w, app);
        return 0;
}

bool world_parts_need_end(const World *w, const char *app)
{
        const WorldAppParts *a = find_app(w, app);

        for (size_t i = 0; a && i < a->n_kinds; i++)
                if (a->kinds[i] != WORLD_PART_ADDRESS)
                        return true;
        return false;
}

static WorldPart *by_serial(WorldNode *n, uint64_t serial, WorldUnit **ret_unit)
{
        FOREACH_ARRAY(u, n->units, n->n_units)
                FOREACH_ARRAY(p, u->parts, u->n_parts)
                        if (p->serial == serial) {
                                *ret_unit = u;
                                return p;
                        }
        return NULL;
}

/* The one that faults are about: what is mounted, else the last. */
static size_t troubled(const WorldUnit *u)
{
        for (size_t i = 0; i < u->n_parts; i++)
                if (u->parts[i].kind == WORLD_PART_MOUNT)
                        return i;
        return u->n_parts - 1;
}

static bool is_left(const WorldUnit *u)
{
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->phase != PART_GONE)
                        return true;
        return false;
}

bool parts_exist(const WorldUnit *u)
{
        return u->n_parts > 0 && is_left(u);
}

/* It is not over for the manager. */
bool parts_are_told_alive(const WorldUnit *u)
{
        return u->n_parts > 0 && unit_state_is_alive(u->said);
}

static bool worker_exists(const WorldUnit *u)
{
        return u->begun && unit_state_is_alive(u->state);
}

/* Or about to be: systemd has given up one that is stuck. */
static bool worker_is_well(const WorldUnit *u)
{
        return unit_state_is_alive(u->state) && u->state != UNIT_STUCK;
}

static void set_phase(World *w, const WorldNode *n, const WorldUnit *u, WorldPart *p, PartPhase phase)
{
        bool was = p->phase != PART_GONE, is = phase != PART_GONE;

        p->phase = phase;
        p->serial = ++w->next_serial;
        if (was == is)
                return;
        if (!is)
                trace(w, n, "part %s of %s is gone", kind_names[p->kind], u->app);
        world_observe(w, &(Observation){ .type = is ? OBSERVE_PART_BEGIN : OBSERVE_PART_END,
                                         .node_id = n->id,
                                         .app = u->app,
                                         .where = kind_names[p->kind],
                                         .epoch = u->epoch,
                                         .token = (uint64_t) (p - u->parts) });
}

/* systemd does nothing, or nothing of the host does: this happens later. True: so it is. */
static bool is_put_off(World *w, WorldNode *n, HappeningFunc func, uint64_t value)
{
        uint64_t late = n->suspended ? 100 * USEC_PER_MSEC : systemd_lateness(w, n);

        if (late == 0)
                return false;
        world_schedule(w, w->now_usec + late, func, n, n->generation, value);
        return true;
}

/* ---- the road ---- */

static void look_in(World *w, WorldNode *n, WorldUnit *u, uint64_t usec);

static void say(World *w, WorldNode *n, WorldUnit *u, UnitState state, const char *reason)
{
        if (u->said == state)
                return;
        u->said = state;
        if (state == UNIT_STUCK)
                trace(w, n, "unit %s does not end: %s", u->app, reason);
        unit_model_report(w, n, u->app, u->epoch, state, reason);
}

static bool is_left_alone(const WorldNode *n, const WorldUnit *u)
{
        const App *a = n->manager.engine ? state_find_app(engine_state(n->manager.engine), u->app) : NULL;

        return a && app_is_left_alone(a) && !u->stop_asked;
}

static bool is_ending(const WorldUnit *u)
{
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->phase == PART_STOPPING)
                        return true;
        return false;
}

static UnitState find_cause(const WorldNode *n, WorldUnit *u)
{
        UnitState state = u->state;

        u->reason[0] = '\0';
        if (u->stop_asked)
                return UNIT_STOPPED;
        if (u->by_guard)
                return n->shutting_down ? UNIT_SHUTDOWN : UNIT_STOPPED;
        /* The note says that it was begun, and what was unmounted by hand has left no trace. */
        if (u->has_ended && !(u->is_noted && u->by_hand)) {
                (void) snprintf(u->reason, sizeof(u->reason), "its part %s %s: %s", kind_names[u->ended_kind],
                                u->was_there ? "ended" : "did not start",
                                u->by_hand ? "it was stopped from outside" : "exit-code");
                return u->was_there ? UNIT_FAILED : UNIT_REFUSED;
        }
        if (state == UNIT_FAILED)
                (void) snprintf(u->reason, sizeof(u->reason), "exit-code");
        else if (u->is_noted)
                return UNIT_STOPPED;
        if (state == UNIT_NONE || (state == UNIT_FINISHED && u->is_blind) || unit_state_is_alive(state))
                state = UNIT_KILLED;
        return state == UNIT_KILLED && n->shutting_down ? UNIT_SHUTDOWN : state;
}

/* FAILED and REFUSED leave the note. */
static void tell_end(World *w, WorldNode *n, WorldUnit *u)
{
        char reason[sizeof(u->reason)];

        memcpy(reason, u->reason, sizeof(reason));
        u->on_road = false;
        if (u->cause != UNIT_FAILED && u->cause != UNIT_REFUSED)
                u->n_parts = 0;
        say(w, n, u, u->cause, *reason ? reason : NULL);
}

static void words_of_left(const WorldUnit *u, char *ret, size_t size_bytes)
{
        (void) snprintf(ret, size_bytes, "its worker has not ended");
        if (worker_exists(u))
                return;
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->phase != PART_GONE) {
                        (void) snprintf(ret, size_bytes, "its part %s has not ended", kind_names[p->kind]);
                        return;
                }
}

static void check_end(World *w, WorldNode *n, WorldUnit *u)
{
        char left[sizeof(u->reason)];

        if (!u->slice_job && !is_left(u) && !worker_exists(u)) {
                tell_end(w, n, u);
                return;
        }
        if (u->left_usec == 0 || u->slice_job)
                u->left_usec = MAX(w->now_usec, (uint64_t) 1);
        if (w->now_usec - u->left_usec < STUCK_AFTER_USEC) {
                look_in(w, n, u, LOOK_USEC);
                return;
        }
        words_of_left(u, left, sizeof(left));
        say(w, n, u, UNIT_STUCK, left);
        if (w->now_usec >= u->slice_usec + STUCK_LOOK_USEC)
                parts_stop_slice(w, n, u);
        look_in(w, n, u, STUCK_LOOK_USEC);
}

/* What a manager sees of it, and what it does then. */
static void walk(World *w, WorldNode *n, WorldUnit *u)
{
        bool over = !worker_is_well(u);

        if (!u->on_road) {
                u->is_noted = u->is_noted && over;
                if (!over && !u->has_ended)
                        return;
                if (is_left_alone(n, u)) { /* what ends ends, and nothing follows */
                        if (over)
                                say(w, n, u, UNIT_STOPPING, NULL);
                        look_in(w, n, u, STUCK_LOOK_USEC);
                        return;
                }
                u->on_road = true;
                u->cause = UNIT_NONE;
                u->left_usec = 0;
                say(w, n, u, UNIT_STOPPING, NULL);
        }
        if (u->cause == UNIT_NONE) {
                if (is_ending(u) && !u->stop_asked && !u->slice_job) {
                        look_in(w, n, u, LOOK_USEC);
                        return;
                }
                u->cause = find_cause(n, u);
                if (!u->slice_job)
                        parts_stop_slice(w, n, u);
        }
        check_end(w, n, u);
}

static void on_look(World *w, WorldNode *n, const Happening *h)
{
        FOREACH_ARRAY(u, n->units, n->n_units) {
                if (n->generation != h->generation || u->n_parts == 0 || u->look != h->value)
                        continue;
                u->look = 0;
                if (!n->manager.up) /* the next one looks at what it finds */
                        return;
                if (!unit_state_is_alive(u->said) && u->said != UNIT_NONE)
                        return; /* it was told */
                if (n->manager.hung || n->suspended || systemd_is_late(w, n) || bus_lateness(w, n) > 0)
                        look_in(w, n, u, 100 * USEC_PER_MSEC);
                else
                        walk(w, n, u);
                return;
        }
}

static void look_in(World *w, WorldNode *n, WorldUnit *u, uint64_t usec)
{
        u->look = ++w->next_serial;
        world_schedule(w, w->now_usec + usec, on_look, n, n->generation, u->look);
}

/* A signal of systemd's. */
static void look_soon(World *w, WorldNode *n, WorldUnit *u)
{
        look_in(w, n, u, world_delay(w, USEC_PER_MSEC, 20 * USEC_PER_MSEC));
}

/* ---- starting ---- */

/* Its worker will have no process. */
static void no_worker(World *w, WorldNode *n, WorldUnit *u)
{
        if (u->begun || !unit_state_is_alive(u->state))
                return;
        u->state = UNIT_NONE;
        u->serial = ++w->next_serial;
        systemd_void_start(w, n, u->app, u->epoch);
}

static void start_fails(World *w, WorldNode *n, WorldUnit *u, WorldPart *p)
{
        world_did(w, DEED_PART_FAILS);
        trace(w, n, "part %s of %s does not start", kind_names[p->kind], u->app);
        set_phase(w, n, u, p, PART_GONE);
        u->has_ended = true;
        u->was_there = u->by_hand = false;
        u->ended_kind = p->kind;
        no_worker(w, n, u);
        look_soon(w, n, u);
}

static void start_next(World *w, WorldNode *n, WorldUnit *u);

static void on_part_started(World *w, WorldNode *n, const Happening *h)
{
        WorldUnit *u;
        WorldPart *p;

        if (n->generation != h->generation || !(p = by_serial(n, h->value, &u)) ||
                        p->phase != PART_STARTING || is_put_off(w, n, on_part_started, h->value))
                return;
        if (u->part_fault == WORLD_PART_START_FAILS && (size_t) (p - u->parts) == troubled(u)) {
                start_fails(w, n, u, p);
                return;
        }
        set_phase(w, n, u, p, PART_ACTIVE);
        start_next(w, n, u);
}

static void start_next(World *w, WorldNode *n, WorldUnit *u)
{
        FOREACH_ARRAY(p, u->parts, u->n_parts) {
                if (p->phase == PART_ACTIVE)
                        continue;
                if (p->phase != PART_GONE)
                        return;
                set_phase(w, n, u, p, PART_STARTING);
                world_schedule(w, w->now_usec + world_delay(w, u->part_start_usec, 2 * u->part_start_usec),
                                on_part_started, n, n->generation, p->serial);
                return;
        }
        u->begun = true;
        unit_model_begin(w, n, u);
}

void parts_prepare(World *w, WorldUnit *u)
{
        const WorldAppParts *a = find_app(w, u->app);

        u->n_parts = a ? a->n_kinds : 0;
        for (size_t i = 0; i < u->n_parts; i++)
                u->parts[i] = (WorldPart){ .kind = a->kinds[i] };
        if (u->part_start_usec == 0)
                u->part_start_usec = w->config.start_usec;
        if (u->part_stop_usec == 0)
                u->part_stop_usec = w->config.stop_usec;
        u->begun = u->stop_asked = u->by_guard = u->is_noted = u->is_blind = u->on_road = u->has_ended =
                        u->slice_job = false;
        u->left_usec = u->slice_usec = u->look = 0;
        u->said = u->n_parts > 0 ? UNIT_STARTING : UNIT_NONE;
}

void parts_start(World *w, WorldNode *n, WorldUnit *u)
{
        start_next(w, n, u);
}

void parts_place(World *w, WorldNode *n, WorldUnit *u)
{
        parts_prepare(w, u);
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                set_phase(w, n, u, p, PART_ACTIVE);
        u->begun = true;
        u->said = u->state;
}

/* ---- stopping ---- */

static bool is_stuck(const WorldUnit *u, const WorldPart *p)
{
        return (u->part_fault == WORLD_PART_STUCK && (size_t) (p - u->parts) == troubled(u)) ||
               (p->kind == WORLD_PART_MOUNT && worker_exists(u)); /* which has files open there */
}

static void stop_next(World *w, WorldNode *n, WorldUnit *u);

static void on_part_stopped(World *w, WorldNode *n, const Happening *h)
{
        WorldUnit *u;
        WorldPart *p;

        if (n->generation != h->generation || !(p = by_serial(n, h->value, &u)) ||
                        p->phase != PART_STOPPING || is_put_off(w, n, on_part_stopped, h->value))
                return;
        if (is_stuck(u, p)) {
                world_did(w, DEED_PART_STUCK);
                set_phase(w, n, u, p, PART_LEFT);
                world_observe(w, &(Observation){ .type = OBSERVE_PART_STUCK,
                                                 .node_id = n->id,
                                                 .app = u->app,
                                                 .where = kind_names[p->kind],
                                                 .epoch = u->epoch });
        } else
                set_phase(w, n, u, p, PART_GONE);
        if (u->slice_job)
                stop_next(w, n, u);
        look_soon(w, n, u);
}

static void stop_part(World *w, WorldNode *n, WorldUnit *u, WorldPart *p, uint64_t usec)
{
        set_phase(w, n, u, p, PART_STOPPING);
        world_schedule(w, w->now_usec + (is_stuck(u, p) ? STUCK_STOP_USEC : usec), on_part_stopped, n,
                        n->generation, p->serial);
}

static void stop_next(World *w, WorldNode *n, WorldUnit *u)
{
        for (size_t i = u->n_parts; i > 0; i--) {
                WorldPart *p = u->parts + i - 1;

                if (p->phase == PART_GONE || p->phase == PART_LEFT)
                        continue;
                if (p->phase != PART_STOPPING)
                        stop_part(w, n, u, p, world_delay(w, u->part_stop_usec, 2 * u->part_stop_usec));
                return;
        }
        u->slice_job = false;
}

void parts_stop_slice(World *w, WorldNode *n, WorldUnit *u)
{
        u->slice_usec = w->now_usec;
        if (u->slice_job)
                return;
        u->slice_job = true;
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->phase == PART_LEFT)
                        p->phase = PART_ACTIVE; /* it is tried again */
        no_worker(w, n, u);
        if (worker_exists(u) && u->state != UNIT_STUCK)
                unit_model_stop_worker(w, n, u, u->stop_asked ? UNIT_STOPPED : UNIT_KILLED);
        else
                stop_next(w, n, u);
}

/* Of a worker that has ended, or cannot be ended. */
void parts_go_on(World *w, WorldNode *n, WorldUnit *u)
{
        if (u->slice_job)
                stop_next(w, n, u);
        look_soon(w, n, u);
}

void parts_stop(World *w, WorldNode *n, WorldUnit *u)
{
        u->stop_asked = true;
        parts_stop_slice(w, n, u);
        look_soon(w, n, u);
}

/* The worker and what has processes; what a helper leaves is taken away then. */
void parts_kill(World *w, WorldNode *n, WorldUnit *u)
{
        parts_stop_slice(w, n, u);
        if (worker_exists(u) && u->fault != WORLD_UNIT_STOP_STUCK)
                unit_model_end(w, n, u, u->stop_asked ? UNIT_STOPPED : UNIT_KILLED, NULL);
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                if (p->kind != WORLD_PART_MOUNT && p->phase != PART_GONE && p->phase != PART_LEFT)
                        stop_part(w, n, u, p, MIN(CLEAN_USEC, u->part_stop_usec));
        look_soon(w, n, u);
}

/* ---- other hands ---- */

void world_part_behave(World *w, uint32_t node, const char *app, WorldPartFault fault, uint64_t start_usec,
                uint64_t stop_usec)
{
        WorldUnit *u = unit_model_get(w, world_node(w, node), app);

        if (!u)
                return;
        u->part_fault = fault;
        u->part_start_usec = start_usec > 0 ? start_usec : w->config.start_usec;
        u->part_stop_usec = stop_usec > 0 ? stop_usec : w->config.stop_usec;
}

/* systemd stops the worker with it, which is bound to it. */
void world_part_dies(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        WorldUnit *u = unit_model_find(n, app);
        WorldPart *p;

        if (!u || u->n_parts == 0 || u->slice_job || u->has_ended || systemd_is_late(w, n) || n->suspended)
                return;
        p = u->parts + troubled(u);
        if (p->phase != PART_ACTIVE)
                return;
        world_did(w, DEED_PART_DIES);
        trace(w, n, "part %s of %s dies", kind_names[p->kind], app);
        u->has_ended = u->was_there = true;
        u->by_hand = p->kind == WORLD_PART_MOUNT;
        u->ended_kind = p->kind;
        set_phase(w, n, u, p, PART_GONE);
        no_worker(w, n, u);
        if (worker_exists(u))
                unit_model_stop_worker(w, n, u, UNIT_KILLED);
        look_soon(w, n, u);
}

/* ---- what is there ---- */

UnitState parts_found(World *w, WorldNode *n, WorldUnit *u)
{
        u->is_noted = true;
        u->on_road = u->stop_asked = u->is_blind = false;
        u->cause = UNIT_NONE;
        u->said = worker_is_well(u) && !u->has_ended ? u->state : UNIT_STOPPING;
        walk(w, n, u);
        return u->said;
}

void parts_read_again(World *w, WorldNode *n, WorldUnit *u)
{
        u->is_blind = true;
        u->said = UNIT_NONE;
        say(w, n, u, worker_is_well(u) && !u->has_ended ? u->state : UNIT_STOPPING, NULL);
        look_soon(w, n, u);
}

void parts_power_cut(World *w, WorldNode *n, WorldUnit *u)
{
        FOREACH_ARRAY(p, u->parts, u->n_parts)
                set_phase(w, n, u, p, PART_GONE);
        u->n_parts = 0;
        u->slice_job = u->on_road = u->has_ended = false;
        u->said = UNIT_NONE;
        u->look = 0;
}

void parts_end_by_guard(World *w, WorldNode *n, WorldUnit *u, bool kill_now)
{
        u->by_guard = true;
        if (kill_now)
                parts_kill(w, n, u);
        else
                parts_stop_slice(w, n, u);
}

/* What does not end is stopped again. The note of what has ended goes; one that is there goes by it, and tells its end. */
void parts_look_of_guard(World *w, WorldNode *n, WorldUnit *u)
{
        if (u->slice_job)
                return;
        if (worker_exists(u) || is_left(u))
                parts_stop_slice(w, n, u);
        else if (!n->manager.up && u->state != UNIT_FAILED && !(u->has_ended && !u->by_hand))
                u->n_parts = 0;
}
