/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timing.h"
#include "systemd/cgroup.h"
#include "systemd/guard.h"
#include "systemd/private-bus.h"
#include "systemd/unit-read.h"
#include "systemd/units.h"

#define QUIET_ROUNDS 4u /* so many rounds without a worker, and the work is done */

/* systemd is asked over its own socket: it works where the message bus does not, and takes nobody's calls but root's. */
struct GuardEnd {
        sd_event *event;
        sd_event_source *timer;
        const GuardParameters *parameters;
        sd_bus *bus;
        Units *units;
        uint64_t bus_usec; /* since when this connection is being tried */
        unsigned n_quiet;
};

static void close_bus(GuardEnd *g)
{
        units_detach(g->units);
        if (g->bus)
                (void) sd_bus_detach_event(g->bus);
        g->bus = sd_bus_close_unref(g->bus); /* flushing would wait as long as connecting */
}

/* Has a connection, or makes a new one where the last has not listed the units in time; how that went shows at the next
 * round. */
static void keep_bus(GuardEnd *g, uint64_t patience_usec, uint64_t now)
{
        int r;

        if (g->bus && sd_bus_is_open(g->bus) > 0 &&
                        (units_is_ready(g->units) || now - MIN(now, g->bus_usec) < patience_usec))
                return;
        close_bus(g);
        g->bus_usec = now;
        r = private_bus_open(g->parameters->private_address, &g->bus);
        if (r >= 0)
                r = sd_bus_attach_event(g->bus, g->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = units_attach(g->units, g->bus);
        if (r < 0)
                close_bus(g);
}

/* Asks for the end of all units that systemd shows. Returns how many are alive. */
static size_t end_units(GuardEnd *g, const GuardState *state, bool kill_now)
{
        size_t n_alive = 0;

        for (size_t i = 0; i < units_count(g->units); i++) {
                UnitInfo info;

                units_get(g->units, i, &info);
                if (!unit_state_is_alive(info.state) || guard_state_in_maintenance(state, info.app))
                        continue;
                n_alive++;
                /* Without memory the next round tries again. */
                if (kill_now)
                        (void) units_kill(g->units, info.app, info.epoch);
                else if (info.state != UNIT_STOPPING)
                        (void) units_stop(g->units, info.app, info.epoch);
        }
        return n_alive;
}

/* Goes through the workers' control groups that hold processes, whatever systemd says about them. This process has nothing
 * else to do, so it may wait for the kernel. */
static size_t each_group(
                const char *cgroup_root, const GuardState *state, int (*act)(const char *, const char *))
{
        _cleanup_(cgroup_list_freep) char **groups = NULL;
        char app[APP_NAME_MAX + 1];
        size_t n_alive = 0;

        if (cgroup_list_workers(cgroup_root, &groups) < 0)
                return 1; /* not known to be gone */
        for (char **group = groups; *group; group++) {
                const char *name = strrchr(*group, '/') + 1;

                if (!worker_unit_parse(name, app) || guard_state_in_maintenance(state, app))
                        continue;
                if (cgroup_is_populated(cgroup_root, *group) == 0)
                        continue;
                n_alive++;
                if (act)
                        (void) act(cgroup_root, *group); /* the next round looks again */
        }
        return n_alive;
}

size_t guard_count_groups(const char *cgroup_root, const GuardState *state)
{
        return each_group(cgroup_root, state, NULL);
}

bool guard_end_round(GuardEnd *g, const GuardState *state, const GuardMoments *m, uint64_t now)
{
        size_t n_alive;

        keep_bus(g, grace_timing_of(state->grace_usec).connect_usec, now);
        n_alive = end_units(g, state, now >= m->kill_usec);
        /* systemd gets a moment to kill before the groups are killed by hand. */
        if (now >= m->kill_usec && (!units_is_ready(g->units) || now >= m->by_hand_usec))
                n_alive += each_group(g->parameters->cgroup_root, state, cgroup_kill);
        /* A systemd that has not heard of it may start again what was killed, so it is not over before it has. */
        g->n_quiet = now >= m->by_hand_usec && n_alive == 0 && units_is_ready(g->units) ? g->n_quiet + 1 : 0;
        return g->n_quiet >= QUIET_ROUNDS;
}

static void on_changed(const UnitInfo *info, void *userdata)
{
        GuardEnd *g = userdata;

        if (info->state == UNIT_STARTING || info->state == UNIT_RUNNING)
                (void) sd_event_source_set_time(g->timer, 0); /* cannot fail; it is on */
}

static void on_ready(void *userdata)
{
        GuardEnd *g = userdata;

        (void) sd_event_source_set_time(g->timer, 0);
}

static void on_failed(int error, void *userdata)
{
        GuardEnd *g = userdata;

        (void) sd_event_exit(g->event, error);
}

int guard_end_new(sd_event *event, sd_event_source *timer, const GuardParameters *parameters, GuardEnd **ret)
{
        _cleanup_(guard_end_freep) GuardEnd *g = calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        g->event = sd_event_ref(event);
        g->timer = timer;
        g->parameters = parameters;
        r = units_new(
                        &(UnitsParameters){
                                        .event = event,
                                        .callbacks = { .changed = on_changed,
                                                        .ready = on_ready,
                                                        .failed = on_failed },
                                        .userdata = g,
                                        .own_unit = GUARD_UNIT,
                                        .cgroup_root = parameters->cgroup_root,
                                        .private_address = parameters->private_address,
                                        .guard_directory = parameters->directory,
                        },
                        &g->units);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

GuardEnd *guard_end_free(GuardEnd *g)
{
        if (!g)
                return NULL;
        if (g->units)
                close_bus(g);
        units_free(g->units);
        sd_event_unref(g->event);
        free(g);
        return NULL;
}
