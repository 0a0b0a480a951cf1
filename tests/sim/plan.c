/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-draw.h"

const char *const plan_node_names[PLAN_NODES_MAX] = { "abc", "bcd", "def", "efg", "fgh", "ghi", "hij" };
const char *const plan_other_names[PLAN_NODES_MAX] = { "xyz", "yza", "zab", "uvw", "vwx", "wxy", "tuv" };
static const char *const app_names[PLAN_APPS_MAX] = { "distro", "mail", "shop", "web" };

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

Act *act_add(Plan *p, uint64_t at_usec, ActKind kind, uint32_t node)
{
        static Act spare; /* takes what there is no room for */

        if (p->n_acts >= PLAN_ACTS_MAX) {
                spare = (Act){};
                return &spare;
        }
        p->acts[p->n_acts] = (Act){ .at_usec = MIN(at_usec, p->end_usec), .kind = kind, .node = node };
        return p->acts + p->n_acts++;
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

static int draw_newest(Dice *d, Plan *p)
{
        if (p->faults & PLAN_CONFIG && draw_config(d, p) < 0)
                return -ENOMEM;
        if (p->faults & PLAN_LEAVER)
                draw_leaver(d, p);
        for (size_t n = p->faults & PLAN_WRONG ? 1 + roll(d, 6) : 0; n > 0; n--)
                draw_wrong(d, p);
        for (size_t n = p->faults & PLAN_BUS ? 1 + roll(d, 4) : 0; n > 0; n--)
                draw_bus(d, p);
        for (size_t n = p->faults & PLAN_GUARD ? 1 + roll(d, 3) : 0; n > 0; n--)
                draw_guard(d, p);
        if (p->faults & PLAN_FORGET)
                draw_forget(d, p);
        for (size_t n = p->faults & PLAN_BY_HAND ? 1 + roll(d, 3) : 0; n > 0; n--)
                draw_by_hand(d, p);
        return 0;
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
             more = { .state = seed * UINT64_C(0xd1342543de82ef95) + 20 },
             newest = { .state = seed * UINT64_C(0xd1342543de82ef95) + 40 },
             again = { .state = seed * UINT64_C(0xd1342543de82ef95) + 60 },
             parts = { .state = seed * UINT64_C(0xd1342543de82ef95) + 80 };
        Plan p = { .seed = seed };
        size_t n_draws, n_apps;

        for (uint64_t bit = 1; bit & PLAN_ALL; bit <<= 1) {
                Dice *d = bit == PLAN_LIST       ? &later
                          : bit == PLAN_FLICKER  ? &latest
                          : bit == PLAN_FILES    ? &files
                          : bit == PLAN_TIMES    ? &times
                          : bit == PLAN_RESTARTS ? &again
                          : bit == PLAN_PARTS    ? &parts
                          : bit > PLAN_RINGS     ? &newest
                          : bit > PLAN_TIMES     ? &more
                                                 : &dice;
                bool taken = chance(d, bit == WORLD_JITTER || bit == PLAN_SHAPE ? 85 : 50);

                if (allowed & bit & (taken || all ? bit : 0))
                        p.faults |= bit;
        }
        draw_shape(&dice, &p);
        /* Who keeps a file must not be taken out of the nodelist, and that is done and undone where all others are well. */
        if (p.faults & PLAN_LIST)
                p.faults &= ~(uint64_t) (PLAN_FILES | PLAN_DEAD | PLAN_WRONG);
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
        if (draw_newest(&newest, &p) < 0) {
                plan_done(&p);
                return -ENOMEM;
        }
        if (p.faults & PLAN_RESTARTS)
                draw_restarts(&again, &p);
        if (p.faults & PLAN_PARTS)
                draw_parts(&parts, &p);
        qsort(p.acts, p.n_acts, sizeof(*p.acts), compare_acts);
        *ret = p;
        return 0;
}
