/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plans and kinds of faults as text. */

#include "base/array.h"
#include "plan.h"

static const struct {
        const char *name;
        uint64_t bit;
} fault_names[] = {
        { "jitter", WORLD_JITTER },
        { "alone", WORLD_ALONE },
        { "abort", WORLD_ABORT },
        { "carry", WORLD_CARRY },
        { "ghost", WORLD_GHOST },
        { "evict", WORLD_EVICT },
        { "repeat", WORLD_REPEAT },
        { "late-quorum", WORLD_LATE_QUORUM },
        { "tear", WORLD_TEAR },
        { "clocks", WORLD_CLOCKS },
        { "slow-systemd", WORLD_SLOW_SYSTEMD },
        { "busy", WORLD_BUSY },
        { "rates", WORLD_RATES },
        { "late", WORLD_LATE_SYSTEMD },
        { "slow-disk", WORLD_SLOW_DISK },
        { "dead", PLAN_DEAD },
        { "files", PLAN_FILES },
        { "times", PLAN_TIMES },
        { "link", PLAN_LINK },
        { "power", PLAN_POWER },
        { "manager", PLAN_MANAGER },
        { "corosync", PLAN_COROSYNC },
        { "cut", PLAN_CUT },
        { "disk", PLAN_DISK },
        { "unit", PLAN_UNIT },
        { "command", PLAN_COMMAND },
        { "arm", PLAN_ARM },
        { "suspend", PLAN_SUSPEND },
        { "file", PLAN_FILE },
        { "shape", PLAN_SHAPE },
        { "list", PLAN_LIST },
        { "flicker", PLAN_FLICKER },
        { "workers", PLAN_WORKERS },
        { "bytes", PLAN_BYTES },
        { "rings", PLAN_RINGS },
        { "wrong", PLAN_WRONG },
        { "config", PLAN_CONFIG },
        { "bus", PLAN_BUS },
        { "guard", PLAN_GUARD },
        { "forget", PLAN_FORGET },
        { "leaver", PLAN_LEAVER },
        { "by-hand", PLAN_BY_HAND },
        { "restarts", PLAN_RESTARTS },
        { "parts", PLAN_PARTS },
};

int plan_parse_faults(const char *text, uint64_t *ret)
{
        uint64_t faults = 0;

        if (streq(text, "none")) {
                *ret = 0;
                return 0;
        }
        while (*text) {
                size_t length = strcspn(text, ",");
                uint64_t found = length == 3 && memcmp(text, "all", 3) == 0 ? PLAN_ALL : 0;

                FOREACH_ARRAY(f, fault_names, ELEMENTSOF(fault_names))
                        if (strlen(f->name) == length && memcmp(f->name, text, length) == 0)
                                found = f->bit;
                if (found == 0)
                        return -EINVAL;
                faults |= found;
                text += length + (text[length] == ',');
        }
        *ret = faults;
        return 0;
}

static const char *act_name(ActKind k)
{
        static const char *const names[_ACT_KIND_MAX] = {
                [ACT_UP] = "up",
                [ACT_DOWN] = "down",
                [ACT_SHUTDOWN] = "shutdown",
                [ACT_SUSPEND] = "suspend",
                [ACT_WIPE] = "wipe",
                [ACT_MANAGER_KILL] = "kill",
                [ACT_MANAGER_KILL_FOR_GOOD] = "kill-for-good",
                [ACT_MANAGER_START] = "manager-start",
                [ACT_MANAGER_STOP] = "manager-stop",
                [ACT_MANAGER_RESTART] = "manager-restart",
                [ACT_MANAGER_HANG] = "hang",
                [ACT_FREEZE] = "freeze",
                [ACT_THAW] = "thaw",
                [ACT_COROSYNC_KILL] = "corosync-kill",
                [ACT_EVICT] = "evict",
                [ACT_CUT] = "cut",
                [ACT_HEAL] = "heal",
                [ACT_DISK_FAILS] = "disk fails",
                [ACT_DISK_WORKS] = "disk works",
                [ACT_DEVICE_FAILS] = "device fails",
                [ACT_DEVICE_WORKS] = "device works",
                [ACT_UNIT_FAIL] = "fail",
                [ACT_UNIT_FINISH] = "finish",
                [ACT_UNIT_STOP_OUTSIDE] = "stop-outside",
                [ACT_BEHAVE] = "behave",
                [ACT_COMMAND] = "command",
                [ACT_ARM] = "arm",
                [ACT_FILE] = "file",
                [ACT_POWER_CUT] = "power-cut",
                [ACT_ONE_WAY] = "one-way",
                [ACT_LOSSY] = "lossy",
                [ACT_CLOCK] = "clock",
                [ACT_UNIT_RESTART] = "restart",
                [ACT_UNIT_SLOW] = "slow",
                [ACT_REMOVE] = "remove",
                [ACT_ADD] = "add",
                [ACT_FILE_CHANGE] = "file changes",
                [ACT_FILE_BACK] = "file is back",
                [ACT_CUT_SENDING] = "cut-sending",
                [ACT_WRONG_FILE] = "wrong file",
                [ACT_POLICY] = "policy",
                [ACT_VERSION] = "version",
                [ACT_STOP_LOCAL] = "stop --local",
                [ACT_BUS_LOST] = "bus lost",
                [ACT_GUARD_AWAY] = "guard away",
                [ACT_GUARD_BACK] = "guard back",
                [ACT_PART] = "part",
                [ACT_PART_SLOW] = "parts slow",
                [ACT_PART_DIES] = "part dies",
                [ACT_TIMING] = "timing",
        };

        return names[k];
}

void act_print(const Plan *p, const Act *a, FILE *f)
{
        fprintf(f, "%s %s", act_name(a->kind), a->node ? plan_node_names[a->node - 1] : "");
        switch (a->kind) {
        case ACT_UNIT_FAIL:
        case ACT_UNIT_FINISH:
        case ACT_UNIT_STOP_OUTSIDE:
        case ACT_BEHAVE:
        case ACT_UNIT_RESTART:
        case ACT_UNIT_SLOW:
        case ACT_FILE:
        case ACT_FILE_CHANGE:
        case ACT_FILE_BACK:
        case ACT_WRONG_FILE:
        case ACT_STOP_LOCAL:
        case ACT_PART:
        case ACT_PART_SLOW:
        case ACT_PART_DIES:
                fprintf(f, " %s %llu", p->apps[a->app].name, (unsigned long long) a->value);
                break;
        case ACT_COMMAND:
                fprintf(f, " %s %s %s%s%s", command_kind_to_string(a->command), p->apps[a->app].name,
                                plan_node_names[a->value - 1], a->flag ? " on" : "",
                                a->force ? " --force" : "");
                break;
        case ACT_ARM:
                fprintf(f, " moment %llu (%llu times) blow %llu",
                                (unsigned long long) (a->value / _WORLD_BLOW_MAX),
                                (unsigned long long) a->value2,
                                (unsigned long long) (a->value % _WORLD_BLOW_MAX));
                break;
        case ACT_SUSPEND:
        case ACT_MANAGER_HANG:
        case ACT_COROSYNC_KILL:
        case ACT_BUS_LOST:
                fprintf(f, " %llu ms", (unsigned long long) (a->value / USEC_PER_MSEC));
                break;
        case ACT_TIMING:
                fprintf(f, " token %llu ms, consensus %llu ms",
                                (unsigned long long) (a->value / USEC_PER_MSEC),
                                (unsigned long long) (a->value2 / USEC_PER_MSEC));
                break;
        case ACT_ADD:
                if (a->value)
                        fprintf(f, " as %s", plan_other_names[a->node - 1]);
                break;
        case ACT_POLICY:
                fprintf(f, " %s", a->value == NO_QUORUM_FREEZE ? "freeze" : "stop");
                break;
        case ACT_VERSION:
                fprintf(f, " %llu", (unsigned long long) a->value);
                break;
        case ACT_ONE_WAY:
                fprintf(f, " from %s", plan_node_names[a->value - 1]);
                break;
        case ACT_CUT:
        case ACT_POWER_CUT:
                for (size_t i = 0; i < p->n_nodes; i++)
                        fprintf(f, " %s:%u", plan_node_names[i], (unsigned) (a->value >> i & 1));
                break;
        case ACT_UP:
        case ACT_DOWN:
        case ACT_SHUTDOWN:
        case ACT_WIPE:
        case ACT_MANAGER_KILL:
        case ACT_MANAGER_KILL_FOR_GOOD:
        case ACT_MANAGER_START:
        case ACT_MANAGER_STOP:
        case ACT_MANAGER_RESTART:
        case ACT_FREEZE:
        case ACT_THAW:
        case ACT_EVICT:
        case ACT_LOSSY:
        case ACT_REMOVE:
        case ACT_CLOCK:
        case ACT_CUT_SENDING:
        case ACT_GUARD_AWAY:
        case ACT_GUARD_BACK:
        case ACT_HEAL:
        case ACT_DISK_FAILS:
        case ACT_DISK_WORKS:
        case ACT_DEVICE_FAILS:
        case ACT_DEVICE_WORKS:
        case _ACT_KIND_MAX:
        default:
                break;
        }
}

static void print_app(const Definition *d, FILE *f)
{
        fprintf(f, "  app %s Nodes=", d->name);
        for (size_t i = 0; i < d->n_nodes; i++)
                fprintf(f, "%s%s(%u)", i ? " " : "", d->nodes[i].name, d->nodes[i].tier);
        for (size_t i = 0; i < d->n_permitted; i++)
                fprintf(f, "%s%s", i ? " " : " permitted ", d->permitted[i]);
        if (d->failover_delay_usec == USEC_INFINITY)
                fprintf(f, " delay infinity");
        else if (d->failover_delay_usec == DELAY_AUTO)
                fprintf(f, " delay auto");
        else
                fprintf(f, " delay %llu s", (unsigned long long) (d->failover_delay_usec / USEC_PER_SEC));
        fprintf(f, " takeover %s after %llu s %s, failure %s within %llu s after %u restarts, weight %u%s%s\n",
                        d->takeover_automatic ? "automatic" : "manual",
                        (unsigned long long) (d->takeover_delay_usec / USEC_PER_SEC),
                        d->takeover_mode == TAKEOVER_START_FIRST ? "start-first" : "stop-first",
                        d->failure_action == FAILURE_STOP ? "stop" : "failover",
                        (unsigned long long) (d->failure_timeout_usec / USEC_PER_SEC),
                        (unsigned) d->local_restarts, d->weight,
                        d->awaits_leaver ? ", waits for one that leaves" : "",
                        d->enabled ? "" : ", not enabled");
}

void plan_print_faults(uint64_t faults, FILE *f)
{
        const char *comma = "";

        FOREACH_ARRAY(n, fault_names, ELEMENTSOF(fault_names))
                if (faults & n->bit) {
                        fprintf(f, "%s%s", comma, n->name);
                        comma = ",";
                }
}

void plan_print(const Plan *p, FILE *f)
{
        fprintf(f, "seed %llu: %zu nodes, quorum %s, policy %s, grace %llu s, mandatory %zu, optional %zu, faults: ",
                        (unsigned long long) p->seed, p->n_nodes,
                        p->quorum == WORLD_QUORUM_MAJORITY ? "majority"
                        : p->quorum == WORLD_QUORUM_DEVICE ? "device"
                                                           : "two-node",
                        p->policy == NO_QUORUM_STOP ? "stop" : "freeze",
                        (unsigned long long) (p->grace_usec / USEC_PER_SEC), p->n_mandatory, p->n_optional);
        plan_print_faults(p->faults, f);
        if (p->token_usec > 0)
                fprintf(f, "; token %llu ms, consensus %llu ms, isolation %llu ms",
                                (unsigned long long) (p->token_usec / USEC_PER_MSEC),
                                (unsigned long long) (p->consensus_usec / USEC_PER_MSEC),
                                (unsigned long long) (p->isolation_usec / USEC_PER_MSEC));
        if (p->ring_bytes_sec > 0)
                fprintf(f, "; %llu bytes a second", (unsigned long long) p->ring_bytes_sec);
        if (p->freeze != 0)
                fprintf(f, "; nodes %#llx have the other policy", (unsigned long long) p->freeze);
        if (p->dead != 0)
                fprintf(f, "; %s of nodes %#llx end for good", p->dead_manager ? "managers" : "power",
                                (unsigned long long) p->dead);
        fprintf(f, "\n");
        for (size_t i = 0; i < p->n_apps; i++) {
                print_app(p->apps + i, f);
                if (p->n_parts[i] > 0)
                        fprintf(f, "     parts");
                for (size_t k = 0; k < p->n_parts[i]; k++)
                        fprintf(f, " %s%s", world_part_kind_to_string(p->parts[i][k]),
                                        k + 1 == p->n_parts[i] ? "\n" : "");
        }
        for (size_t i = 0; i < p->n_acts; i++) {
                if (p->left_out[i])
                        continue;
                fprintf(f, "  %3zu %8llu.%03llu ", i,
                                (unsigned long long) (p->acts[i].at_usec / USEC_PER_SEC),
                                (unsigned long long) (p->acts[i].at_usec / USEC_PER_MSEC % 1000));
                act_print(p, p->acts + i, f);
                fprintf(f, "\n");
        }
}
