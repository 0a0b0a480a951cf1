/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plays the acts of a plan. */

#include "base/array.h"
#include "run-internal.h"

#define JOINED_USEC \
        (40 * USEC_PER_SEC) /* a host that slept has joined the others, and its worker's stop has ended */

static void set_file(Run *r, const Act *a, uint64_t delay_usec)
{
        Definition d = r->plan->apps[a->app];

        d.failover_delay_usec = delay_usec;
        if (delay_usec != r->plan->apps[a->app].failover_delay_usec)
                d.digest += 100 + delay_usec / USEC_PER_SEC % 1000;
        (void) world_set_definition(r->world, a->node, &d);
        world_reload(r->world, a->node);
}

static void change_file(Run *r, const Act *a)
{
        Definition d = r->plan->apps[a->app];
        NodePriority nodes[PLAN_NODES_MAX];
        char *permitted[PLAN_NODES_MAX];

        for (size_t i = 0; i < d.n_nodes; i++)
                nodes[i] = (NodePriority){ d.nodes[(i + 1) % d.n_nodes].name, d.nodes[i].tier };
        if (a->value == FILE_NODES)
                d.nodes = nodes;
        else if (a->value == FILE_MODE)
                d.takeover_mode = d.takeover_mode == TAKEOVER_START_FIRST ? TAKEOVER_STOP_FIRST
                                                                          : TAKEOVER_START_FIRST;
        else if (a->value == FILE_PERMITTED) {
                d.n_permitted = d.n_permitted > 0 ? 0 : (d.n_nodes + 1) / 2;
                for (size_t i = 0; i < d.n_permitted; i++)
                        permitted[i] = d.nodes[i].name;
                d.permitted = permitted;
        } else if (a->value == FILE_ENABLED)
                d.enabled = !d.enabled;
        d.digest += 5000 + 10 * a->value;
        if (a->value == FILE_GONE)
                world_drop_definition(r->world, a->node, d.name);
        else
                (void) world_set_definition(r->world, a->node, &d);
        world_reload(r->world, a->node);
}

static void wrong_file(Run *r, const Act *a)
{
        const char *name = r->plan->apps[a->app].name;

        world_drop_definition(r->world, a->node, name);
        (void) world_set_wrong_file(r->world, a->node, name, "line 3: Nodes= is missing");
        world_reload(r->world, a->node);
}

static void cut(Run *r, uint64_t bits)
{
        unsigned part[PLAN_NODES_MAX] = {};

        for (size_t i = 0; i < r->plan->n_nodes; i++)
                part[i] = bits >> i & 1;
        world_partition(r->world, part);
}

static void command(Run *r, const Act *a)
{
        bool node = a->command == COMMAND_TAKEOVER || a->command == COMMAND_PERMIT ||
                    a->command == COMMAND_STANDBY || a->command == COMMAND_FORGET;
        Command c = { .kind = a->command, .flag = a->flag, .force = a->force };
        uint64_t token;

        c.app = (char *) (a->command == COMMAND_STANDBY || a->command == COMMAND_RELOAD ||
                                                          a->command == COMMAND_FORGET ||
                                                          a->command == COMMAND_FORM
                                          ? ""
                                          : r->plan->apps[a->app].name);
        c.node = (char *) (node && !(a->command == COMMAND_TAKEOVER && a->flag)
                                           ? plan_node_names[a->value - 1]
                                           : "");
        (void) world_command(
                        r->world, a->node, &c, &token); /* where no manager runs there is nobody to ask */
}

/* `node` 0: on all, and so where it runs. */
static void act_on_units(Run *r, const Act *a)
{
        const char *app = r->plan->apps[a->app].name;
        World *w = r->world;

        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                if (a->node != 0 && a->node != node)
                        continue;
                if (a->kind == ACT_UNIT_FAIL)
                        world_unit_fail(w, node, app);
                else if (a->kind == ACT_UNIT_FINISH)
                        world_unit_finish(w, node, app);
                else if (a->kind == ACT_UNIT_STOP_OUTSIDE)
                        world_unit_stop_outside(w, node, app);
                else if (a->kind == ACT_UNIT_RESTART)
                        world_unit_restart(w, node, app);
                else if (a->kind == ACT_UNIT_SLOW)
                        world_unit_behave(w, node, app, WORLD_UNIT_WELL, a->value, a->value2);
                else
                        world_unit_behave(w, node, app, (WorldUnitFault) a->value, 0, 0);
        }
}

static void act_on_parts(Run *r, const Act *a)
{
        const char *app = r->plan->apps[a->app].name;

        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                if (a->node != 0 && a->node != node)
                        continue;
                if (a->kind == ACT_PART_DIES)
                        world_part_dies(r->world, node, app);
                else if (a->kind == ACT_PART_SLOW)
                        world_part_behave(r->world, node, app, WORLD_PART_WELL, a->value, a->value2);
                else
                        world_part_behave(r->world, node, app, (WorldPartFault) a->value, 0, 0);
        }
}

static uint64_t reported_nodes(const Run *r)
{
        const Engine *e = synced_engine(r);
        uint64_t nodes = 0;

        if (e)
                FOREACH_ARRAY(n, engine_state(e)->nodes, engine_state(e)->n_nodes)
                        if (n->version_max != 0)
                                nodes |= UINT64_C(1) << (n->id - 1);
        return nodes;
}

static void act(Run *r, const Act *a)
{
        World *w = r->world;

        switch (a->kind) {
        case ACT_UP:
                world_node_up(w, a->node);
                break;
        case ACT_DOWN:
                world_node_down(w, a->node);
                break;
        case ACT_SHUTDOWN:
                world_node_shutdown(w, a->node);
                break;
        case ACT_SUSPEND:
                check_overlap_sleeps(
                                judge_of(r, &check_overlap), a->node, world_now(w) + a->value + JOINED_USEC);
                check_reboots_blind(judge_of(r, &check_reboots), a->node, world_now(w) + a->value);
                world_node_suspend(w, a->node, a->value);
                break;
        case ACT_WIPE:
                /* Where ring numbers come back and no record is left that knows better, epochs repeat: a limit. */
                if (!world_node_is_up(w, a->node) && !(r->plan->faults & PLAN_RINGS))
                        world_wipe_disk(w, a->node);
                break;
        case ACT_MANAGER_KILL:
        case ACT_MANAGER_KILL_FOR_GOOD:
                world_manager_kill(w, a->node, a->kind == ACT_MANAGER_KILL);
                break;
        case ACT_MANAGER_START:
                world_manager_start(w, a->node);
                break;
        case ACT_MANAGER_STOP:
                world_manager_stop(w, a->node);
                break;
        case ACT_MANAGER_RESTART:
                world_manager_restart(w, a->node);
                break;
        case ACT_MANAGER_HANG:
                check_overlap_hangs(judge_of(r, &check_overlap), a->node, world_now(w));
                world_manager_hang(w, a->node, a->value);
                break;
        case ACT_FREEZE:
        case ACT_THAW:
                world_corosync_freeze(w, a->node, a->kind == ACT_FREEZE);
                break;
        case ACT_COROSYNC_KILL:
                world_corosync_kill(w, a->node, a->value);
                break;
        case ACT_EVICT:
                world_evict(w, a->node);
                break;
        case ACT_CUT:
                cut(r, a->value);
                break;
        case ACT_CUT_SENDING:
                world_cut_sending(w, a->node);
                break;
        case ACT_HEAL:
                world_heal(w);
                break;
        case ACT_DISK_FAILS:
        case ACT_DISK_WORKS:
                world_disk_fail(w, a->node, a->kind == ACT_DISK_FAILS);
                break;
        case ACT_DEVICE_FAILS:
        case ACT_DEVICE_WORKS:
                world_device_fail(w, a->kind == ACT_DEVICE_FAILS);
                break;
        case ACT_UNIT_FAIL:
        case ACT_UNIT_FINISH:
        case ACT_UNIT_STOP_OUTSIDE:
        case ACT_UNIT_RESTART:
        case ACT_UNIT_SLOW:
        case ACT_BEHAVE:
                act_on_units(r, a);
                break;
        case ACT_PART:
        case ACT_PART_SLOW:
        case ACT_PART_DIES:
                act_on_parts(r, a);
                break;
        case ACT_COMMAND:
                command(r, a);
                break;
        case ACT_ARM:
                (void) world_arm(w, a->node, (WorldMoment) (a->value / _WORLD_BLOW_MAX), (unsigned) a->value2,
                                (WorldBlow) (a->value % _WORLD_BLOW_MAX));
                break;
        case ACT_POWER_CUT:
                world_power_cut(w, a->value);
                break;
        case ACT_ONE_WAY:
                world_one_way(w, a->node, (uint32_t) a->value);
                break;
        case ACT_LOSSY:
                world_lossy(w, a->node);
                break;
        case ACT_CLOCK:
                world_clock_set(w, a->node, a->value);
                break;
        case ACT_REMOVE:
                /* Where not all else is well it stays. */
                if (world_node_remove(w, a->node))
                        check_commands_forget(judge_of(r, &check_commands), plan_node_names[a->node - 1]);
                break;
        case ACT_ADD:
                (void) world_node_add(w, a->node, a->value ? plan_other_names[a->node - 1] : NULL);
                break;
        case ACT_FILE:
                set_file(r, a, a->value);
                break;
        case ACT_FILE_CHANGE:
                change_file(r, a);
                break;
        case ACT_TIMING:
                world_set_timing(w, a->node, a->value, a->value2, 0);
                break;
        case ACT_FILE_BACK:
                set_file(r, a, r->plan->apps[a->app].failover_delay_usec);
                break;
        case ACT_WRONG_FILE:
                wrong_file(r, a);
                break;
        case ACT_POLICY:
                world_set_policy(w, a->node, (NoQuorumPolicy) a->value);
                break;
        case ACT_VERSION:
                if (!r->upgrading)
                        r->reported = reported_nodes(r);
                r->upgrading = true;
                world_set_version(w, a->node, (uint8_t) a->value);
                break;
        case ACT_STOP_LOCAL:
                (void) world_stop_local(w, a->node,
                                r->plan->apps[a->app]
                                                .name); /* where no manager runs there is nobody to ask */
                break;
        case ACT_BUS_LOST:
                check_reboots_blind(judge_of(r, &check_reboots), a->node, world_now(w) + a->value);
                world_bus_lost(w, a->node, a->value);
                break;
        case ACT_GUARD_AWAY:
                world_guard_away(w, a->node);
                break;
        case ACT_GUARD_BACK:
                world_guard_back(w, a->node);
                break;
        case _ACT_KIND_MAX:
        default:
                break;
        }
}

int run_acts(Run *r, FILE *trace)
{
        const Plan *p = r->plan;

        for (size_t i = 0; i < p->n_acts && r->findings.n == 0; i++) {
                int k;

                if (p->left_out[i] || (p->acts[i].later & ~p->faults) != 0)
                        continue;
                k = world_run_until(r->world, p->acts[i].at_usec);
                if (k < 0)
                        return k;
                if (trace) {
                        _cleanup_free_ char *text = NULL;
                        size_t size;
                        FILE *f = open_memstream(&text, &size);

                        if (f) {
                                act_print(p, p->acts + i, f);
                                fclose(f);
                                world_remark(r->world, "> %zu: %s", i, text);
                        }
                }
                act(r, p->acts + i);
        }
        return r->findings.n > 0 ? 0 : world_run_until(r->world, p->end_usec);
}
