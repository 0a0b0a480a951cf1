/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timing.h"
#include "base/array.h"
#include "config/unit-names.h"
#include "systemd/cgroup.h"
#include "systemd/guard-end.h"
#include "systemd/part-note.h"
#include "systemd/private-bus.h"
#include "systemd/unit-read.h"
#include "systemd/units.h"

#define QUIET_ROUNDS 4u /* so many rounds without a worker, and the work is done */

/* systemd is asked over its own socket: it works where the message bus does not, and takes root's calls only. */
struct GuardEnd {
        sd_event *event;
        sd_event_source *timer;
        const GuardParameters *parameters;
        sd_bus *bus, *message_bus;
        Units *units;
        uint64_t bus_usec; /* since when this connection is being tried */
        unsigned n_quiet;
        char **needing; /* applications of which something outlives a kill, as this round has found them; NULL: not known */
        char **killed; /* units whose groups were killed by hand */
        size_t n_killed, n_killed_allocated;
};

static sd_bus *drop_bus(sd_bus *bus)
{
        if (bus)
                (void) sd_bus_detach_event(bus);
        return sd_bus_close_unref(bus); /* flushing would wait as long as connecting */
}

static void close_bus(GuardEnd *g)
{
        units_detach(g->units);
        g->bus = drop_bus(g->bus);
}

/* The answer is not waited for: the next round looks. */
static void ask_stop(sd_bus *bus, const char *unit)
{
        if (bus)
                (void) sd_bus_call_method_async(bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                "StopUnit", NULL, NULL, "ss", unit, "replace");
}

/* A systemd that stands still accepts no connection, but the message bus hands it calls all the same. */
static void keep_message_bus(GuardEnd *g)
{
        const char *address = g->parameters->bus_address;
        sd_bus *bus = NULL;
        int r;

        if (g->message_bus && sd_bus_is_open(g->message_bus) > 0)
                return;
        g->message_bus = drop_bus(g->message_bus);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address ? address : "unix:path=/run/dbus/system_bus_socket");
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, g->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                bus = sd_bus_close_unref(bus);
        g->message_bus = bus;
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
        FOREACH_ARRAY(unit, g->killed, r < 0 ? 0 : g->n_killed)
                ask_stop(g->bus, *unit);
        if (r >= 0)
                r = sd_bus_attach_event(g->bus, g->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = units_attach(g->units, g->bus);
        if (r < 0)
                close_bus(g);
}

/* ---- what outlives a kill ---- */

/* What a note says that cannot be read is not known. */
static bool note_needs_end(const char *directory, const char *app)
{
        PartNote note = {};
        int r = part_note_read(directory, app, &note);
        bool needs = r >= 0 ? parts_need_end(&note.parts) : r != -ENOENT;

        part_note_done(&note);
        return needs;
}

/* The applications of which something outlives a kill, by their notes; but what is in maintenance. NULL: they cannot be listed. */
static char **list_needing(const char *directory, const GuardState *state)
{
        char **names = NULL;
        size_t n = 0;

        if (part_note_list(directory, &names) < 0)
                return NULL;
        for (char **name = names; *name; name++) {
                if (!guard_state_in_maintenance(state, *name) && note_needs_end(directory, *name))
                        names[n++] = *name;
                else
                        free(*name);
        }
        names[n] = NULL;
        return names;
}

/* Where they cannot be listed, each may. */
static bool needs_end(const GuardEnd *g, const char *app)
{
        for (char **name = g->needing; name && *name; name++)
                if (streq(*name, app))
                        return true;
        return !g->needing;
}

bool guard_notes_need_fuse(const GuardParameters *parameters, const GuardState *state)
{
        _cleanup_(strings_freep) char **names = NULL;

        if (state->self_fence == SELF_FENCE_NO)
                return false;
        names = list_needing(parameters->directory, state);
        if (!names || *names)
                return true;
        return state->self_fence == SELF_FENCE_YES && guard_count_groups(parameters->cgroup_root, state) > 0;
}

/* Of what systemd has not listed, the note says that it is here. */
bool guard_end_needs_fuse(GuardEnd *g, const GuardState *state)
{
        if (state->self_fence == SELF_FENCE_NO)
                return false;
        if (!units_is_ready(g->units) || !g->needing)
                return guard_notes_need_fuse(g->parameters, state);
        for (char **name = g->needing; *name; name++) {
                UnitInfo info;

                if (!units_find(g->units, *name, &info) || unit_state_is_alive(info.state))
                        return true;
        }
        for (size_t i = 0; state->self_fence == SELF_FENCE_YES && i < units_count(g->units); i++) {
                UnitInfo info;

                units_get(g->units, i, &info);
                if (unit_state_is_alive(info.state) && !guard_state_in_maintenance(state, info.app))
                        return true;
        }
        return false;
}

/* ---- the end of units and groups ---- */

/* Asks for the end of all units that systemd shows. Returns how many are alive. */
static size_t end_units(GuardEnd *g, const GuardState *state, const GuardMoments *m, uint64_t now)
{
        size_t n_alive = 0;

        for (size_t i = 0; i < units_count(g->units); i++) {
                UnitInfo info;

                units_get(g->units, i, &info);
                if (!unit_state_is_alive(info.state) || guard_state_in_maintenance(state, info.app))
                        continue;
                n_alive++;
                /* Without memory the next round tries again. */
                if (now >= (needs_end(g, info.app) ? m->end_kill_usec : m->kill_usec))
                        (void) units_kill(g->units, info.app, info.epoch);
                else if (info.state != UNIT_STOPPING)
                        (void) units_stop(g->units, info.app, info.epoch);
        }
        return n_alive;
}

/* When systemd goes on after it stood still it starts again by Restart= what was killed meanwhile, as a rule after 100
 * ms. So the stop lies there before, by the bus. Where there is no bus, the stop is the first that is said on a
 * connection to systemd itself: to list the units and what they do can take longer. */
static void kill_group(GuardEnd *g, const char *group)
{
        const char *unit = strrchr(group, '/') + 1;
        bool known = false;

        (void) cgroup_kill(g->parameters->cgroup_root, group); /* the next round looks again */
        keep_message_bus(g);
        ask_stop(g->message_bus, unit);
        ask_stop(g->bus, unit);
        FOREACH_ARRAY(k, g->killed, g->n_killed)
                known = known || streq(*k, unit);
        if (known || ARRAY_GROW(g->killed, g->n_killed, g->n_killed_allocated) < 0)
                return;
        g->killed[g->n_killed] = strdup(unit);
        g->n_killed += g->killed[g->n_killed] != NULL;
}

/* systemd gets a moment to kill before the groups are killed by hand. */
static bool is_due_by_hand(const GuardEnd *g, const char *app, const GuardMoments *m, uint64_t now)
{
        bool ready = units_is_ready(g->units);

        if (needs_end(g, app))
                return now >= (ready ? m->end_by_hand_usec : m->end_kill_usec);
        return now >= (ready ? m->by_hand_usec : m->kill_usec);
}

/* Goes through the control groups of workers and parts that hold processes, whatever systemd says about them, and kills those whose
 * time has come (`g`; NULL: only counts). This process has nothing else to do, so it may wait for the kernel. */
static size_t each_group(const char *cgroup_root, const GuardState *state, GuardEnd *g, const GuardMoments *m,
                uint64_t now)
{
        _cleanup_(strings_freep) char **groups = NULL;
        char app[APP_NAME_MAX + 1];
        size_t n_alive = 0;

        if (cgroup_list_workers(cgroup_root, &groups) < 0)
                return 1; /* not known to be gone */
        for (char **group = groups; *group; group++) {
                const char *name = strrchr(*group, '/') + 1;

                if (!app_unit_parse(name, app) || guard_state_in_maintenance(state, app))
                        continue;
                if (cgroup_is_populated(cgroup_root, *group) == 0)
                        continue;
                n_alive++;
                /* A systemd that answers kills these with all that is in their slice, and runs there what takes away an address. */
                if (g && is_due_by_hand(g, app, m, now) &&
                                !(part_unit_parse(name, app) && units_is_ready(g->units)))
                        kill_group(g, *group);
        }
        return n_alive;
}

/* The installed units of an application, which lie among all others: its note tells which they are. */
static size_t end_installed_of(GuardEnd *g, const PartNote *note)
{
        const char *root = g->parameters->cgroup_root;
        size_t n_alive = 0;

        FOREACH_ARRAY(part, note->parts.items, note->parts.n_items) {
                _cleanup_free_ char *group = NULL;

                if (part->kind != PART_UNIT || cgroup_find_unit(root, part->id, &group) < 0 ||
                                cgroup_is_populated(root, group) == 0)
                        continue;
                n_alive++;
                kill_group(g, group);
        }
        return n_alive;
}

static size_t end_installed(GuardEnd *g, const GuardState *state, const GuardMoments *m, uint64_t now)
{
        _cleanup_(strings_freep) char **names = NULL;
        size_t n_alive = 0;

        if (part_note_list(g->parameters->directory, &names) < 0)
                return 1; /* not known to be gone */
        for (char **app = names; *app; app++) {
                _cleanup_(part_note_done) PartNote note = {};

                if (!guard_state_in_maintenance(state, *app) && is_due_by_hand(g, *app, m, now) &&
                                part_note_read(g->parameters->directory, *app, &note) >= 0)
                        n_alive += end_installed_of(g, &note);
        }
        return n_alive;
}

size_t guard_count_groups(const char *cgroup_root, const GuardState *state)
{
        return each_group(cgroup_root, state, NULL, NULL, 0);
}

bool guard_end_round(GuardEnd *g, const GuardState *state, const GuardMoments *m, uint64_t now)
{
        size_t n_alive;

        keep_bus(g, grace_timing_of(state->grace_usec).connect_usec, now);
        strings_free(g->needing);
        g->needing = list_needing(g->parameters->directory, state);
        n_alive = end_units(g, state, m, now);
        if (now >= m->end_kill_usec)
                n_alive += each_group(g->parameters->cgroup_root, state, g, m, now) +
                           end_installed(g, state, m, now);
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
        drop_bus(g->message_bus);
        FOREACH_ARRAY(k, g->killed, g->n_killed)
                free(*k);
        free(g->killed);
        strings_free(g->needing);
        sd_event_unref(g->event);
        free(g);
        return NULL;
}
