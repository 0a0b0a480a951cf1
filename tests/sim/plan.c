/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "base/hash.h"
#include "plan.h"

const char *const plan_node_names[PLAN_NODES_MAX] = { "abc", "bcd", "def", "efg", "fgh", "ghi", "hij" };
const char *const plan_other_names[PLAN_NODES_MAX] = { "xyz", "yza", "zab", "uvw", "vwx", "wxy", "tuv" };
static const char *const app_names[PLAN_APPS_MAX] = { "distro", "mail", "shop", "web" };

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
};

/* The plan's own numbers, apart from the world's, so that leaving out an act changes nothing else. */
typedef struct Dice {
        uint64_t state;
} Dice;

static uint64_t roll(Dice *d, uint64_t n)
{
        d->state += UINT64_C(0x9e3779b97f4a7c15);
        return hash64(&d->state, sizeof(d->state)) % n;
}

static bool chance(Dice *d, unsigned percent)
{
        return roll(d, 100) < percent;
}

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

void plan_done(Plan *p)
{
        FOREACH_ARRAY(a, p->apps, p->n_apps)
                definition_done(a);
        p->n_apps = 0;
}

/* ---- applications ---- */

static uint64_t draw_delay(Dice *d)
{
        uint64_t n = roll(d, 10);

        return n < 4 ? 0 : n < 9 ? (1 + roll(d, 10)) * USEC_PER_SEC : USEC_INFINITY;
}

/* Every node in a random order, cut into tiers, some left out. */
static int draw_nodes(Dice *d, const Plan *p, Definition *ret)
{
        size_t order[PLAN_NODES_MAX];
        uint32_t tier = 0;
        size_t n = p->n_nodes;

        for (size_t i = 0; i < n; i++)
                order[i] = i;
        for (size_t i = n; i > 1; i--) {
                size_t j = roll(d, i), k = order[i - 1];

                order[i - 1] = order[j];
                order[j] = k;
        }
        if (n > 2 && chance(d, 20))
                n--;
        ret->nodes = calloc(n, sizeof(*ret->nodes));
        if (!ret->nodes)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                ret->nodes[i] = (NodePriority){ .name = strdup(plan_node_names[order[i]]), .tier = tier };
                if (!ret->nodes[i].name)
                        return -ENOMEM;
                ret->n_nodes++;
                tier += chance(d, 60);
        }
        /* The tiers count without gaps; the last increment may open one that stays empty, which is none. */
        return 0;
}

static int usual_nodes(Definition *ret)
{
        ret->nodes = calloc(3, sizeof(*ret->nodes));
        if (!ret->nodes)
                return -ENOMEM;
        for (size_t i = 0; i < 3; i++) {
                ret->nodes[i] = (NodePriority){ .name = strdup(plan_node_names[i]), .tier = i > 0 };
                if (!ret->nodes[i].name)
                        return -ENOMEM;
                ret->n_nodes++;
        }
        return 0;
}

static int draw_app(Dice *d, Plan *p)
{
        Definition *a = p->apps + p->n_apps;
        int r;

        *a = (Definition){ .name = strdup(app_names[p->n_apps]),
                .failover_delay_usec = 5 * USEC_PER_SEC,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true };
        if (!a->name)
                return -ENOMEM;
        a->digest = 1000 + p->n_apps;
        p->n_apps++;
        if (!(p->faults & PLAN_SHAPE))
                return usual_nodes(a);
        r = draw_nodes(d, p, a);
        if (r < 0)
                return r;
        a->failover_delay_usec = draw_delay(d);
        a->takeover_delay_usec = chance(d, 30) ? roll(d, 10) * USEC_PER_SEC : 0;
        a->failure_timeout_usec = chance(d, 50) ? 20 * USEC_PER_SEC : 600 * USEC_PER_SEC;
        a->takeover_automatic = chance(d, 80);
        a->takeover_mode = chance(d, 30) ? TAKEOVER_START_FIRST : TAKEOVER_STOP_FIRST;
        a->failure_action = chance(d, 20) ? FAILURE_STOP : FAILURE_FAILOVER;
        a->weight = 1 + (uint32_t) roll(d, 4);
        a->enabled = chance(d, 90);
        return 0;
}

/* ---- acts ---- */

static Act *act_add(Plan *p, uint64_t at_usec, ActKind kind, uint32_t node)
{
        static Act spare; /* takes what there is no room for */

        if (p->n_acts >= PLAN_ACTS_MAX) {
                spare = (Act){};
                return &spare;
        }
        p->acts[p->n_acts] = (Act){ .at_usec = MIN(at_usec, p->end_usec), .kind = kind, .node = node };
        return p->acts + p->n_acts++;
}

static uint64_t while_usec(Dice *d)
{
        return chance(d, 50) ? roll(d, 5 * USEC_PER_SEC) : roll(d, 30 * USEC_PER_SEC);
}

static void draw_power(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        if (chance(d, 20)) { /* one socket for several, at times for all */
                uint64_t nodes = roll(d, UINT64_C(1) << p->n_nodes);

                act_add(p, at, ACT_POWER_CUT, 0)->value = nodes;
                for (uint32_t i = 0; i < p->n_nodes; i++)
                        if (nodes >> i & 1)
                                act_add(p, at + while_usec(d), ACT_UP, i + 1);
                return;
        }
        act_add(p, at, chance(d, 70) ? ACT_DOWN : ACT_SHUTDOWN, node);
        act_add(p, at + while_usec(d), ACT_UP, node);
}

static void draw_manager(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        switch (roll(d, 5)) {
        case 0:
                act_add(p, at, ACT_MANAGER_KILL, node);
                break;
        case 1:
                act_add(p, at, ACT_MANAGER_KILL_FOR_GOOD, node);
                act_add(p, at + while_usec(d), ACT_MANAGER_START, node);
                break;
        case 2:
                act_add(p, at, ACT_MANAGER_STOP, node);
                act_add(p, at + while_usec(d), ACT_MANAGER_START, node);
                break;
        case 3:
                act_add(p, at, ACT_MANAGER_RESTART, node);
                break;
        default:
                act_add(p, at, ACT_MANAGER_HANG, node)->value = roll(d, 8 * USEC_PER_SEC);
                break;
        }
}

static void draw_corosync(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        if (chance(d, 50)) {
                act_add(p, at, ACT_COROSYNC_KILL, node)->value = roll(d, 10 * USEC_PER_SEC);
        } else if (chance(d, 70)) {
                act_add(p, at, ACT_FREEZE, node);
                act_add(p, at + while_usec(d), ACT_THAW, node);
        } else if (p->faults & WORLD_EVICT)
                act_add(p, at, ACT_EVICT, node);
}

static void draw_cut(Dice *d, Plan *p, uint64_t at)
{
        if (p->quorum == WORLD_QUORUM_DEVICE && chance(d, 30)) {
                act_add(p, at, ACT_DEVICE_FAILS, 0);
                act_add(p, at + while_usec(d), ACT_DEVICE_WORKS, 0);
                return;
        }
        act_add(p, at, ACT_CUT, 0)->value = roll(d, UINT64_C(1) << p->n_nodes);
        act_add(p, at + while_usec(d), ACT_HEAL, 0);
}

static void draw_link(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        if (chance(d, 50))
                act_add(p, at, ACT_ONE_WAY, node)->value = 1 + roll(d, p->n_nodes);
        else
                act_add(p, at, ACT_LOSSY, node);
        act_add(p, at + while_usec(d), ACT_HEAL, 0);
}

static void draw_disk(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        if (chance(d, 20)) {
                act_add(p, at, ACT_DOWN, node);
                act_add(p, at + USEC_PER_SEC, ACT_WIPE, node);
                act_add(p, at + USEC_PER_SEC + while_usec(d), ACT_UP, node);
                return;
        }
        act_add(p, at, ACT_DISK_FAILS, node);
        act_add(p, at + while_usec(d), ACT_DISK_WORKS, node);
}

static void draw_unit(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        static const ActKind kinds[] = { ACT_UNIT_FAIL, ACT_UNIT_FAIL, ACT_UNIT_FINISH, ACT_UNIT_STOP_OUTSIDE,
                ACT_UNIT_RESTART, ACT_UNIT_SLOW, ACT_BEHAVE, ACT_BEHAVE };
        ActKind kind = kinds[roll(d, ELEMENTSOF(kinds))];
        size_t app = roll(d, p->n_apps);
        Act *a;

        if (chance(d, 60))
                node = 0; /* on all nodes, and so where it runs */
        a = act_add(p, at, kind, node);

        a->app = app;
        if (kind == ACT_UNIT_SLOW) {
                a->value = roll(d, 15 * USEC_PER_SEC);
                a->value2 = roll(d, 15 * USEC_PER_SEC);
                act_add(p, at + while_usec(d), ACT_UNIT_SLOW, node)->app = app;
        }
        if (kind != ACT_BEHAVE)
                return;
        a->value = 1 + roll(d, 3);
        a = act_add(p, at + while_usec(d), ACT_BEHAVE, node);
        a->app = app;
        a->value = WORLD_UNIT_WELL;
}

static void draw_command(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        static const CommandKind kinds[] = { COMMAND_START, COMMAND_STOP, COMMAND_RESTART, COMMAND_TAKEOVER,
                COMMAND_TAKEOVER, COMMAND_PERMIT, COMMAND_STANDBY, COMMAND_MAINTENANCE, COMMAND_CLEAR,
                COMMAND_RELOAD };
        Act *a = act_add(p, at, ACT_COMMAND, node);

        a->app = roll(d, p->n_apps);
        a->command = kinds[roll(d, ELEMENTSOF(kinds))];
        a->value = 1 + roll(d, p->n_nodes); /* the node that it is about */
        a->flag = chance(d, 50);
        a->force = a->command == COMMAND_TAKEOVER && chance(d, 10);
        if (a->flag && (a->command == COMMAND_STANDBY || a->command == COMMAND_MAINTENANCE)) {
                Act back = *a, *b = act_add(p, at + while_usec(d), ACT_COMMAND, node);

                back.at_usec = b->at_usec;
                back.flag = false;
                *b = back;
        }
}

static void draw_arm(Dice *d, Plan *p, uint64_t at, uint32_t node)
{
        Act *a = act_add(p, at, ACT_ARM, node);
        WorldBlow blow = (WorldBlow) roll(d, _WORLD_BLOW_MAX);

        a->value = roll(d, MOMENT_PROBE) * _WORLD_BLOW_MAX + blow; /* those before it; see draw_probe() */
        a->value2 = 1 + roll(d, chance(d, 50) ? 3 : 20);
        at += while_usec(d);
        if (blow == BLOW_NODE_DOWN)
                act_add(p, at, ACT_UP, node);
        else if (blow == BLOW_CUT)
                act_add(p, at, ACT_HEAL, 0);
        else if (blow == BLOW_FREEZE)
                act_add(p, at, ACT_THAW, node);
}

static void draw_act(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
        uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);
        unsigned kind = 1u << (16 + roll(d, 11));

        if (!(p->faults & kind))
                return;
        switch ((PlanFaults) kind) {
        case PLAN_POWER:
                draw_power(d, p, at, node);
                break;
        case PLAN_MANAGER:
                draw_manager(d, p, at, node);
                break;
        case PLAN_COROSYNC:
                draw_corosync(d, p, at, node);
                break;
        case PLAN_CUT:
                draw_cut(d, p, at);
                break;
        case PLAN_DISK:
                draw_disk(d, p, at, node);
                break;
        case PLAN_UNIT:
                draw_unit(d, p, at, node);
                break;
        case PLAN_COMMAND:
                draw_command(d, p, at, node);
                break;
        case PLAN_ARM:
                draw_arm(d, p, at, node);
                break;
        case PLAN_LINK:
                draw_link(d, p, at, node);
                break;
        case PLAN_SUSPEND:
                if (chance(d, 30))
                        act_add(p, at, ACT_CLOCK, node)->value = roll(d, 48 * 3600 * USEC_PER_SEC);
                else
                        act_add(p, at, ACT_SUSPEND, node)->value = roll(d, 20 * USEC_PER_SEC);
                break;
        case PLAN_FILE: {
                Act *a = act_add(p, at, ACT_FILE, node);

                a->app = roll(d, p->n_apps);
                a->value = draw_delay(d);
                break;
        }
        case PLAN_SHAPE:
        case PLAN_LIST:
        case PLAN_FLICKER:
        case PLAN_DEAD:
        case PLAN_FILES:
        default:
                break;
        }
}

/* The node is off first. All others have to be well, so it is tried more than once. */
static void draw_list(Dice *d, Plan *p)
{
        size_t n_waited_for = MAX(p->n_mandatory, p->n_optional), first = p->n_acts;
        uint64_t at = (5 + roll(d, 30)) * USEC_PER_SEC;
        uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);

        if (p->n_nodes < 3 || node <= n_waited_for)
                return;
        act_add(p, at, chance(d, 50) ? ACT_DOWN : ACT_SHUTDOWN, node);
        for (unsigned i = 0; i < 4; i++) {
                at += 2 * USEC_PER_SEC + roll(d, 8 * USEC_PER_SEC);
                act_add(p, at, ACT_REMOVE, node);
        }
        for (unsigned i = 0; i < 4; i++) {
                at += 2 * USEC_PER_SEC + roll(d, 8 * USEC_PER_SEC);
                act_add(p, at, ACT_ADD, node)->value = chance(d, 30);
                act_add(p, at + roll(d, 2 * USEC_PER_SEC), ACT_UP, node);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_LIST;
}

/* Mostly one node, and long enough to be counted as lost; what comes between is mostly too short to report in. */
static void draw_flicker(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC),
                 nodes = roll(d, UINT64_C(1) << p->n_nodes);
        size_t first = p->n_acts;

        if (chance(d, 80))
                nodes = UINT64_C(1) << roll(d, p->n_nodes);
        for (uint64_t n = 2 + roll(d, 2); n > 0; n--) {
                act_add(p, at, ACT_CUT, 0)->value = nodes;
                at += USEC_PER_SEC + roll(d, 7 * USEC_PER_SEC);
                act_add(p, at, ACT_HEAL, 0);
                at += roll(d, chance(d, 70) ? 300 * USEC_PER_MSEC : 4 * USEC_PER_SEC);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_FLICKER;
}

/* A Corosync freezes with a probe in order that it has not delivered, for about as long as the others need to lose it, and
 * again before it has reported. Its workers need all the time that they get. */
static void draw_probe(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
        uint32_t node = chance(d, 50) ? 1 : 1 + (uint32_t) roll(d, p->n_nodes);
        size_t first = p->n_acts, app = roll(d, p->n_apps);
        Act *a = act_add(p, at, ACT_ARM, node);

        a->value = MOMENT_PROBE * _WORLD_BLOW_MAX + BLOW_FREEZE;
        a->value2 = 1;
        a = act_add(p, at, ACT_UNIT_SLOW, node);
        a->app = app;
        a->value2 = 15 * USEC_PER_SEC;
        at += 3600 * USEC_PER_MSEC + roll(d, 1400 * USEC_PER_MSEC);
        act_add(p, at, ACT_THAW, node);
        a = act_add(p, at + 1, ACT_ARM, node);
        a->value = (chance(d, 50) ? MOMENT_SEND : MOMENT_VIEW) * _WORLD_BLOW_MAX + BLOW_FREEZE;
        a->value2 = 1;
        at += 4 * USEC_PER_SEC + roll(d, 6 * USEC_PER_SEC);
        act_add(p, at, ACT_THAW, node);
        act_add(p, at, ACT_UNIT_SLOW, node)->app = app;
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_FLICKER;
}

/* A node gives its workers more time, or switches their maintenance on, and is cut off before anybody else hears of it. */
static void draw_last_word(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC), delay;
        uint32_t node = chance(d, 50) ? 1 : 1 + (uint32_t) roll(d, p->n_nodes);
        size_t first = p->n_acts, app = roll(d, p->n_apps);
        bool file = chance(d, 50);
        Act *a = act_add(p, at, ACT_UNIT_SLOW, node);

        a->value2 = 40 * USEC_PER_SEC;
        a->app = app;
        act_add(p, at, ACT_CUT_SENDING, node);
        delay = p->apps[app].failover_delay_usec;
        a = act_add(p, at, file ? ACT_FILE : ACT_COMMAND, node);
        a->app = app;
        a->command = COMMAND_MAINTENANCE;
        a->flag = true;
        a->value = file ? usec_add(delay, 30 * USEC_PER_SEC) : node;
        at += 10 * USEC_PER_SEC + roll(d, 30 * USEC_PER_SEC);
        act_add(p, at, ACT_UNIT_SLOW, node)->app = app;
        act_add(p, at, ACT_HEAL, 0);
        a = act_add(p, at + while_usec(d), file ? ACT_FILE_BACK : ACT_COMMAND, node);
        a->app = app;
        a->command = COMMAND_MAINTENANCE;
        a->value = node;
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_FLICKER;
}

/* One node keeps its file, so that the application is not forgotten. */
static void draw_files(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
        uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);
        size_t app = roll(d, p->n_apps);
        FileChange change = (FileChange) roll(d, _FILE_CHANGE_MAX);
        Act *a;

        if (change == FILE_GONE && node == 1 + app % p->n_nodes)
                return;
        a = act_add(p, at, ACT_FILE_CHANGE, node);
        a->app = app;
        a->value = change;
        a->later = PLAN_FILES;
        a = act_add(p, at + while_usec(d), ACT_FILE_BACK, node);
        a->app = app;
        a->later = PLAN_FILES;
}

/* Mostly where a takeover is just about to start one beside the other. */
static void draw_workers(Dice *d, Plan *p)
{
        static const WorldUnitFault faults[] = { WORLD_UNIT_START_FINISHES, WORLD_UNIT_START_FAILS_BESIDE,
                WORLD_UNIT_START_FAILS_BESIDE };
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
        uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);
        size_t first = p->n_acts, app = roll(d, p->n_apps);
        Act *a = act_add(p, at, ACT_BEHAVE, node);

        a->app = app;
        a->value = faults[roll(d, ELEMENTSOF(faults))];
        if (chance(d, 60)) {
                a = act_add(p, at + roll(d, 2 * USEC_PER_SEC), ACT_COMMAND,
                                1 + (uint32_t) roll(d, p->n_nodes));
                a->app = app;
                a->command = COMMAND_TAKEOVER;
                a->value = node;
        }
        a = act_add(p, at + while_usec(d), ACT_BEHAVE, node);
        a->app = app;
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_WORKERS;
}

static void draw_times(Dice *d, Plan *p)
{
        p->token_usec = (1 + roll(d, 5)) * 500 * USEC_PER_MSEC;
        p->consensus_usec = p->token_usec * (12 + roll(d, 15)) / 10;
        if (chance(d, 50))
                p->isolation_usec = (p->token_usec + p->consensus_usec) * (10 + roll(d, 15)) / 8;
        p->grace_usec = (2 + roll(d, 40)) * USEC_PER_SEC;
        if (p->n_nodes == 2 && chance(d, 60))
                p->quorum = WORLD_QUORUM_TWO_NODE;
}

/* Their own stream: what was found with PLAN_TIMES is the history that it was. */
static void draw_autos(Dice *d, Plan *p)
{
        FOREACH_ARRAY(a, p->apps, p->n_apps)
                if (chance(d, 60))
                        a->failover_delay_usec = DELAY_AUTO;
        for (uint64_t n = chance(d, 70) ? 1 + roll(d, 4) : 0; n > 0; n--) {
                uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
                uint64_t token_usec = (1 + roll(d, 8)) * 500 * USEC_PER_MSEC;
                bool all = chance(d, 50);
                uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);

                for (uint32_t i = 1; i <= p->n_nodes; i++) {
                        Act *a;

                        if (!all && i != node)
                                continue;
                        a = act_add(p, at + roll(d, 100 * USEC_PER_MSEC), ACT_TIMING, i);
                        a->value = token_usec;
                        a->value2 = token_usec * 12 / 10;
                        a->later = PLAN_TIMES;
                }
        }
}

static void draw_dead(Dice *d, Plan *p)
{
        if (p->quorum != WORLD_QUORUM_MAJORITY)
                return;
        for (size_t n = roll(d, (p->n_nodes - 1) / 2 + 1); n > 0; n--)
                p->dead |= UINT64_C(1) << roll(d, p->n_nodes);
        p->dead &= ~((UINT64_C(1) << p->n_mandatory) - 1); /* nobody starts without these */
        p->dead_manager = chance(d, 50);
        if (p->dead_manager) /* a dead process that stays listed for good is one that hangs: it is waited for */
                p->faults &= ~(uint64_t) WORLD_GHOST;
}

static int compare_acts(const void *a, const void *b)
{
        const Act *x = a, *y = b;

        return CMP(x->at_usec, y->at_usec);
}

/* ---- the whole ---- */

static void draw_shape(Dice *d, Plan *p)
{
        static const size_t sizes[] = { 3, 3, 3, 4, 5, 2, 7 };

        p->n_nodes = 3;
        p->grace_usec = 15 * USEC_PER_SEC;
        if (!(p->faults & PLAN_SHAPE))
                return;
        p->n_nodes = sizes[roll(d, ELEMENTSOF(sizes))];
        p->quorum = chance(d, 80) ? WORLD_QUORUM_MAJORITY : WORLD_QUORUM_DEVICE;
        p->policy = chance(d, 80) ? NO_QUORUM_STOP : NO_QUORUM_FREEZE;
        p->grace_usec = chance(d, 70) ? p->grace_usec : (2 + roll(d, 20)) * USEC_PER_SEC;
        if (chance(d, 20))
                p->n_mandatory = 1 + roll(d, 2);
        if (chance(d, 20))
                p->n_optional = 1 + roll(d, p->n_nodes);
}

int plan_draw(uint64_t seed, uint64_t allowed, bool all, Plan *ret)
{
        Dice dice = { .state = seed * UINT64_C(0xd1342543de82ef95) },
             later = { .state = seed * UINT64_C(0xd1342543de82ef95) + 1 },
             latest = { .state = seed * UINT64_C(0xd1342543de82ef95) + 2 },
             files = { .state = seed * UINT64_C(0xd1342543de82ef95) + 3 },
             times = { .state = seed * UINT64_C(0xd1342543de82ef95) + 4 },
             moments = { .state = seed * UINT64_C(0xd1342543de82ef95) + 5 },
             autos = { .state = seed * UINT64_C(0xd1342543de82ef95) + 6 },
             more = { .state = seed * UINT64_C(0xd1342543de82ef95) + 20 };
        Plan p = { .seed = seed };
        size_t n_draws, n_apps;

        for (uint64_t bit = 1; bit & PLAN_ALL; bit <<= 1) {
                Dice *d = bit == PLAN_LIST      ? &later
                          : bit == PLAN_FLICKER ? &latest
                          : bit == PLAN_FILES   ? &files
                          : bit == PLAN_TIMES   ? &times
                          : bit > PLAN_TIMES    ? &more
                                                : &dice;
                bool taken = chance(d, bit == WORLD_JITTER || bit == PLAN_SHAPE ? 85 : 50);

                if (allowed & bit & (taken || all ? bit : 0))
                        p.faults |= bit;
        }
        draw_shape(&dice, &p);
        /* Who keeps a file must not be taken out of the nodelist, and that is done and undone where all others are well. */
        if (p.faults & PLAN_LIST)
                p.faults &= ~(uint64_t) (PLAN_FILES | PLAN_DEAD);
        if (p.faults & PLAN_TIMES)
                draw_times(&times, &p);
        if (p.faults & PLAN_DEAD)
                draw_dead(&times, &p);
        p.end_usec = (20 + roll(&dice, 100)) * USEC_PER_SEC;
        n_apps = p.faults & PLAN_SHAPE ? 1 + roll(&dice, PLAN_APPS_MAX) : 1;
        for (size_t i = 0; i < n_apps; i++)
                if (draw_app(&dice, &p) < 0) {
                        plan_done(&p);
                        return -ENOMEM;
                }
        for (uint32_t node = 1; node <= p.n_nodes; node++)
                act_add(&p, p.faults & WORLD_JITTER ? roll(&dice, 3 * USEC_PER_SEC) : 0, ACT_UP, node);
        n_draws = 5 + roll(&dice, 40);
        for (size_t i = 0; i < n_draws; i++)
                draw_act(&dice, &p);
        for (size_t n = p.faults & PLAN_LIST ? 1 + roll(&later, 2) : 0; n > 0; n--)
                draw_list(&later, &p);
        for (size_t n = p.faults & PLAN_FLICKER ? 1 + roll(&latest, 5) : 0; n > 0; n--)
                draw_flicker(&latest, &p);
        if (p.faults & PLAN_FLICKER && p.faults & PLAN_COROSYNC)
                for (size_t n = roll(&moments, 4); n > 0; n--)
                        draw_probe(&moments, &p);
        if (p.faults & PLAN_FLICKER && p.faults & PLAN_COMMAND && p.faults & WORLD_ALONE)
                for (size_t n = roll(&moments, 4); n > 0; n--)
                        draw_last_word(&moments, &p);
        for (size_t n = p.faults & PLAN_FILES ? 1 + roll(&files, 8) : 0; n > 0; n--)
                draw_files(&files, &p);
        if (p.faults & PLAN_TIMES)
                draw_autos(&autos, &p);
        for (size_t n = p.faults & PLAN_WORKERS ? 1 + roll(&more, 6) : 0; n > 0; n--)
                draw_workers(&more, &p);
        if (p.faults & PLAN_BYTES)
                p.ring_bytes_sec = 320000
                                   << roll(&more, 4); /* probes alone are 10 kB a second of each node */
        qsort(p.acts, p.n_acts, sizeof(*p.acts), compare_acts);
        *ret = p;
        return 0;
}

/* ---- words ---- */

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
        if (d->failover_delay_usec == USEC_INFINITY)
                fprintf(f, " delay infinity");
        else if (d->failover_delay_usec == DELAY_AUTO)
                fprintf(f, " delay auto");
        else
                fprintf(f, " delay %llu s", (unsigned long long) (d->failover_delay_usec / USEC_PER_SEC));
        fprintf(f, " takeover %s after %llu s %s, failure %s within %llu s, weight %u%s\n",
                        d->takeover_automatic ? "automatic" : "manual",
                        (unsigned long long) (d->takeover_delay_usec / USEC_PER_SEC),
                        d->takeover_mode == TAKEOVER_START_FIRST ? "start-first" : "stop-first",
                        d->failure_action == FAILURE_STOP ? "stop" : "failover",
                        (unsigned long long) (d->failure_timeout_usec / USEC_PER_SEC), d->weight,
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
        if (p->dead != 0)
                fprintf(f, "; %s of nodes %#llx end for good", p->dead_manager ? "managers" : "power",
                                (unsigned long long) p->dead);
        fprintf(f, "\n");
        FOREACH_ARRAY(a, p->apps, p->n_apps)
                print_app(a, f);
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
