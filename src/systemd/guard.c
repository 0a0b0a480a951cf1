/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "systemd/cgroup.h"
#include "systemd/guard.h"
#include "systemd/private-bus.h"
#include "systemd/unit-read.h"
#include "systemd/units.h"

#define ARM_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define ARM_TRIES_MAX 3u
#define BUS_PATIENCE_USEC \
        USEC_PER_SEC    /* a bus that has not listed the units by then is given up for the other */
#define QUIET_ROUNDS 4u /* so many rounds without a worker, and the work is done */

static uint64_t boot_time_now(void)
{
        struct timespec ts;

        return clock_gettime(CLOCK_BOOTTIME, &ts) < 0
                               ? 0
                               : (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* systemd's own socket works where the message bus does not. */
static int open_bus(bool private_socket, sd_bus **ret)
{
        return private_socket ? private_bus_open(PRIVATE_BUS_ADDRESS, ret) : sd_bus_open_system(ret);
}

/* ---- arming ---- */

static int append_exec_start(sd_bus_message *m, const char *program)
{
        int r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "ExecStart");
        if (r >= 0)
                r = sd_bus_message_append(m, "v", "a(sasb)", 1, program, 2, program, "guard-run", 0);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* It has no dependency on anything: no stop of the manager, of the bus or of the host is to end it before its
 * time. */
static int start_transient(sd_bus *bus, const char *program, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", GUARD_UNIT, "replace");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
                                "Ends the workers of a host without distro-manager", "DefaultDependencies",
                                "b", 0, "CollectMode", "s", "inactive-or-failed", "Type", "s", "exec",
                                "Restart", "s", "on-failure", "RestartUSec", "t", 100 * USEC_PER_MSEC,
                                "StartLimitIntervalUSec", "t", (uint64_t) 0, "OOMScoreAdjust", "i",
                                (int32_t) -900);
        if (r >= 0)
                r = append_exec_start(m, program);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        return r < 0 ? r : sd_bus_call(bus, m, ARM_TIMEOUT_USEC, error, NULL);
}

/* One that is at work goes on; one that is just being stopped, by a manager that has ended since, starts again. */
static int start_existing(sd_bus *bus, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", GUARD_UNIT, "replace");
        return r < 0 ? r : sd_bus_call(bus, m, ARM_TIMEOUT_USEC, error, NULL);
}

int guard_start_unit(sd_bus *bus, const char *program)
{
        /* Until this process ends systemd does not start the next manager. */
        int r = bus_wait_until_ready(bus);

        for (unsigned i = 0; r >= 0 && i < ARM_TRIES_MAX; i++) {
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL,
                                                          again = SD_BUS_ERROR_NULL;

                r = start_transient(bus, program, &error);
                if (r >= 0 || !sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists"))
                        return MIN(r, 0);
                r = start_existing(bus, &again);
                if (r >= 0 || !bus_error_means_absent(&again))
                        return MIN(r, 0);
                r = 0; /* it has gone in between */
        }
        return r < 0 ? r : -EBUSY;
}

int guard_arm(const char *directory, const char *program)
{
        uint64_t ended_usec;
        int r;

        /* The manager may have ended before it ever made its directory. A guard that finds no note counts from its own
         * start, which is better than none, so what goes wrong here is no reason to stop. */
        (void) mkdir(directory, 0755);
        (void) guard_stamp_set(directory, boot_time_now(), &ended_usec);

        for (int private_socket = 0; private_socket <= 1; private_socket++) {
                _cleanup_(sd_bus_close_unrefp) sd_bus *bus =
                                NULL; /* flushing would wait as long as connecting */

                r = open_bus(private_socket, &bus);
                if (r >= 0)
                        r = guard_start_unit(bus, program);
                if (r >= 0)
                        return 0;
        }
        return r;
}

/* ---- the guard at work ---- */

typedef struct Guard {
        sd_event *event;
        sd_event_source *timer;
        sd_bus *bus;
        Units *units;
        const char *cgroup_root;
        GuardState state;
        GuardMoments moments;
        uint64_t bus_usec; /* since when this bus is being tried */
        bool private_socket;
        unsigned n_quiet;
} Guard;

static void guard_close_bus(Guard *g)
{
        units_detach(g->units);
        if (g->bus)
                (void) sd_bus_detach_event(g->bus);
        g->bus = sd_bus_close_unref(g->bus);
}

/* Has a bus, or tries the other one; how that went shows at the next round. */
static void guard_keep_bus(Guard *g, uint64_t now)
{
        int r;

        if (g->bus && sd_bus_is_open(g->bus) > 0 &&
                        (units_is_ready(g->units) || now - MIN(now, g->bus_usec) < BUS_PATIENCE_USEC))
                return;
        if (g->bus || g->bus_usec != 0)
                g->private_socket = !g->private_socket;
        guard_close_bus(g);
        g->bus_usec = now;
        r = open_bus(g->private_socket, &g->bus);
        if (r >= 0)
                r = sd_bus_attach_event(g->bus, g->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = units_attach(g->units, g->bus);
        if (r < 0)
                guard_close_bus(g);
}

/* Asks for the end of all units that systemd shows. Returns how many are alive. */
static size_t guard_end_units(Guard *g, bool kill_now)
{
        size_t n_alive = 0;

        for (size_t i = 0; i < units_count(g->units); i++) {
                UnitInfo info;

                units_get(g->units, i, &info);
                if (!unit_state_is_alive(info.state) || guard_state_in_maintenance(&g->state, info.app))
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

/* Kills what is in the workers' control groups, whatever systemd says about them. This process has nothing
 * else to do, so it may wait for the kernel. */
static size_t guard_kill_groups(Guard *g)
{
        _cleanup_(cgroup_list_freep) char **groups = NULL;
        char app[APP_NAME_MAX + 1];
        size_t n_alive = 0;

        if (cgroup_list_workers(g->cgroup_root, &groups) < 0)
                return 1; /* not known to be gone */
        for (char **group = groups; *group; group++) {
                const char *name = strrchr(*group, '/') + 1;

                if (!worker_unit_parse(name, app) || guard_state_in_maintenance(&g->state, app))
                        continue;
                if (cgroup_is_populated(g->cgroup_root, *group) == 0)
                        continue;
                n_alive++;
                (void) cgroup_kill(g->cgroup_root, *group); /* the next round looks again */
        }
        return n_alive;
}

static int guard_round(sd_event_source *source, uint64_t usec, void *userdata)
{
        Guard *g = userdata;
        const GuardMoments *m = &g->moments;
        uint64_t now = boot_time_now();
        size_t n_alive;

        if (now >= m->stop_usec) {
                guard_keep_bus(g, now);
                n_alive = guard_end_units(g, now >= m->kill_usec);
                /* systemd gets a moment to kill before the groups are killed by hand. */
                if (now >= m->kill_usec && (!units_is_ready(g->units) || now >= m->by_hand_usec))
                        n_alive += guard_kill_groups(g);
                g->n_quiet = now >= m->by_hand_usec && n_alive == 0 ? g->n_quiet + 1 : 0;
                if (g->n_quiet >= QUIET_ROUNDS)
                        return sd_event_exit(g->event, 0);
        }

        int r = sd_event_source_set_time(source, guard_next_look(m, now));
        return r < 0 ? sd_event_exit(g->event, r) : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_unit_changed(const UnitInfo *info, void *userdata)
{
        /* The next round looks at all of them. */
}

static void on_units_ready(void *userdata)
{
        Guard *g = userdata;

        /* Not to lose the rest of a round. */
        if (boot_time_now() >= g->moments.stop_usec)
                (void) sd_event_source_set_time(g->timer, 0);
}

static void on_units_failed(int error, void *userdata)
{
        Guard *g = userdata;

        (void) sd_event_exit(g->event, error);
}

static int guard_prepare(Guard *g, const char *directory)
{
        uint64_t now = boot_time_now(), ended_usec;
        int r;

        /* The stamp was made when the guard was armed; if it is gone, nobody knows better than to count from
         * now. */
        r = guard_stamp_set(directory, now, &ended_usec);
        if (r < 0)
                ended_usec = now;
        r = guard_file_read(directory, &g->state);
        if (r == -ENOMEM)
                return r;
        if (r < 0) /* the peers start these workers all the same, so they have to end */
                g->state = (GuardState){ .grace_usec = GUARD_GRACE_DEFAULT_USEC };
        g->moments = guard_moments(ended_usec, g->state.grace_usec);

        r = sd_event_new(&g->event);
        if (r < 0)
                return r;
        r = units_new(
                        &(UnitsParameters){
                                        .event = g->event,
                                        .callbacks = { .changed = on_unit_changed,
                                                        .ready = on_units_ready,
                                                        .failed = on_units_failed },
                                        .userdata = g,
                                        .own_unit = GUARD_UNIT,
                                        .cgroup_root = g->cgroup_root,
                                        .private_address = PRIVATE_BUS_ADDRESS,
                        },
                        &g->units);
        if (r < 0)
                return r;
        return sd_event_add_time(g->event, &g->timer, CLOCK_BOOTTIME, g->moments.stop_usec, USEC_PER_MSEC,
                        guard_round, g);
}

int guard_run(const char *directory, const char *cgroup_root)
{
        Guard g = { .cgroup_root = cgroup_root };
        int r = guard_prepare(&g, directory);

        if (r >= 0)
                r = sd_event_loop(g.event);
        if (g.units)
                guard_close_bus(&g);
        units_free(g.units);
        sd_event_source_disable_unref(g.timer);
        sd_event_unref(g.event);
        guard_state_done(&g.state);
        return r;
}

/* ---- disarming ---- */

struct GuardDisarm {
        sd_bus_slot *slot;
        char *directory;
        GuardCallback callback;
        void *userdata;
};

GuardDisarm *guard_disarm_free(GuardDisarm *d)
{
        if (!d)
                return NULL;
        sd_bus_slot_unref(d->slot);
        free(d->directory);
        free(d);
        return NULL;
}

/* The stamp goes last: if this manager ends in between, the next guard counts from the older end, which is
 * safe. */
static int on_disarmed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        GuardDisarm *d = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        int r = e && !bus_error_means_absent(e) ? -sd_bus_message_get_errno(m)
                                                : guard_stamp_remove(d->directory);

        d->slot = sd_bus_slot_unref(d->slot);
        d->callback(r, d->userdata);
        return 0;
}

int guard_disarm(
                sd_bus *bus, const char *directory, GuardCallback callback, void *userdata, GuardDisarm **ret)
{
        _cleanup_(guard_disarm_freep) GuardDisarm *d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;

        d->callback = callback;
        d->userdata = userdata;
        d->directory = strdup(directory);
        if (!d->directory)
                return -ENOMEM;
        int r = sd_bus_call_method_async(bus, &d->slot, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "StopUnit", on_disarmed, d, "ss", GUARD_UNIT, "replace");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}
