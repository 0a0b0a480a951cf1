/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What came when seeds had been found already: kinds of PLAN_LATER, whose acts are theirs alone. */

#include "plan-draw.h"

/* The node is off first. All others have to be well, so it is tried more than once. */
void draw_list(Dice *d, Plan *p)
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
void draw_flicker(Dice *d, Plan *p)
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
void draw_probe(Dice *d, Plan *p)
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
void draw_last_word(Dice *d, Plan *p)
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
void draw_files(Dice *d, Plan *p)
{
        uint64_t at = 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
        uint32_t node = 1 + (uint32_t) roll(d, p->n_nodes);
        size_t app = roll(d, p->n_apps);
        FileChange change = (FileChange) roll(d, FILE_PERMITTED); /* those before it; see draw_wrong() */
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
void draw_workers(Dice *d, Plan *p)
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

void draw_times(Dice *d, Plan *p)
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
void draw_autos(Dice *d, Plan *p)
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

void draw_dead(Dice *d, Plan *p)
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

/* ---- the newest ---- */

static uint64_t some_time(Dice *d, const Plan *p)
{
        return 3 * USEC_PER_SEC + roll(d, p->end_usec - 3 * USEC_PER_SEC);
}

static uint32_t some_node(Dice *d, const Plan *p)
{
        return 1 + (uint32_t) roll(d, p->n_nodes);
}

/* A wrong file counts as one, so no node has to keep its own; nothing is forgotten of an application that does not run. */
void draw_wrong(Dice *d, Plan *p)
{
        bool permitted = chance(d, 30), all = chance(d, permitted ? 70 : 10);
        size_t first = p->n_acts, app = roll(d, p->n_apps);
        uint64_t at = some_time(d, p);
        uint32_t node = some_node(d, p);

        if (all && !permitted && chance(d, 50)) {
                Act *a = act_add(p, at - USEC_PER_SEC, ACT_COMMAND, some_node(d, p));

                a->app = app;
                a->command = COMMAND_STOP;
                a->value = node;
        }
        for (uint32_t i = 1; i <= p->n_nodes; i++) {
                Act *a;

                if (!all && i != node)
                        continue;
                a = act_add(p, at + roll(d, USEC_PER_SEC), permitted ? ACT_FILE_CHANGE : ACT_WRONG_FILE, i);
                a->app = app;
                a->value = FILE_PERMITTED;
                act_add(p, a->at_usec + while_usec(d), ACT_FILE_BACK, i)->app = app;
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_WRONG;
}

static int draw_permitted(Dice *d, Definition *a)
{
        a->permitted = calloc(a->n_nodes, sizeof(*a->permitted));
        if (!a->permitted)
                return -ENOMEM;
        for (size_t i = 0; i < a->n_nodes; i++) {
                if (!chance(d, 60))
                        continue;
                a->permitted[a->n_permitted] = strdup(a->nodes[i].name);
                if (!a->permitted[a->n_permitted])
                        return -ENOMEM;
                a->n_permitted++;
        }
        return 0;
}

/* One node after the other has its manager exchanged for a newer one; now and then one goes back. */
static void draw_versions(Dice *d, Plan *p)
{
        uint64_t at = some_time(d, p);

        for (uint32_t node = 1; node <= p->n_nodes; node++) {
                if (chance(d, 15))
                        continue;
                act_add(p, at, ACT_VERSION, node)->value = PLAN_VERSION_NEW;
                act_add(p, at + 1, chance(d, 80) ? ACT_MANAGER_RESTART : ACT_MANAGER_KILL, node);
                at += roll(d, 10 * USEC_PER_SEC);
        }
        if (!chance(d, 25))
                return;
        act_add(p, at, ACT_VERSION, some_node(d, p))->value = PLAN_VERSION_NEW - 1;
        act_add(p, at + 1, ACT_MANAGER_RESTART, p->acts[p->n_acts - 1].node);
}

int draw_config(Dice *d, Plan *p)
{
        size_t first = p->n_acts;

        if (chance(d, 50))
                p->freeze = roll(d, UINT64_C(1) << p->n_nodes);
        for (uint64_t n = roll(d, 3); n > 0; n--) {
                uint32_t node = some_node(d, p);
                uint64_t at = some_time(d, p);

                act_add(p, at, ACT_POLICY, node)->value = chance(d, 50) ? NO_QUORUM_FREEZE : NO_QUORUM_STOP;
                act_add(p, at + 1, ACT_MANAGER_RESTART, node);
        }
        FOREACH_ARRAY(a, p->apps, p->n_apps)
                if (chance(d, 40) && draw_permitted(d, a) < 0)
                        return -ENOMEM;
        if (!(p->faults & PLAN_BYTES) && chance(d, 60)) /* as bytes there is one version only */
                draw_versions(d, p);
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_CONFIG;
        return 0;
}

/* Mostly with something to be told, or asked for, meanwhile. */
void draw_bus(Dice *d, Plan *p)
{
        uint64_t at = some_time(d, p),
                 length = chance(d, 50) ? roll(d, 2 * USEC_PER_SEC) : roll(d, 30 * USEC_PER_SEC);
        uint32_t node = some_node(d, p);
        size_t first = p->n_acts, app = roll(d, p->n_apps);
        static const ActKind ends[] = { ACT_UNIT_FAIL, ACT_UNIT_FINISH, ACT_UNIT_STOP_OUTSIDE,
                ACT_UNIT_RESTART };
        Act *a;

        act_add(p, at, ACT_BUS_LOST, node)->value = length;
        if (chance(d, 40)) {
                a = act_add(p, at + roll(d, length + 1), ends[roll(d, ELEMENTSOF(ends))], node);
                a->app = app;
        }
        if (chance(d, 50)) {
                a = act_add(p, at + roll(d, length + 1), ACT_COMMAND, some_node(d, p));
                a->app = app;
                a->command = chance(d, 50) ? COMMAND_TAKEOVER : COMMAND_RESTART;
                a->value = some_node(d, p);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_BUS;
}

/* It is taken away while a ring is lost with what was said in it, and then something is to start there. */
static void draw_unheard_guard(Dice *d, Plan *p)
{
        uint64_t at = some_time(d, p);
        uint32_t node = some_node(d, p), other = some_node(d, p);
        Act *a;

        if (other != node)
                act_add(p, at, ACT_DOWN, other);
        at += roll(d, 4 * USEC_PER_SEC);
        act_add(p, at, ACT_GUARD_AWAY, node);
        a = act_add(p, at + 12 * USEC_PER_SEC + roll(d, 5 * USEC_PER_SEC), ACT_COMMAND, node);
        a->app = roll(d, p->n_apps);
        a->command = COMMAND_TAKEOVER;
        a->value = node;
        at += 17 * USEC_PER_SEC + while_usec(d);
        act_add(p, at, ACT_GUARD_BACK, node);
        act_add(p, at + while_usec(d), ACT_UP, other);
}

/* Mostly its manager ends, too: before, at the same time, or while there is no guard. */
void draw_guard(Dice *d, Plan *p)
{
        static const ActKind ends[] = { ACT_MANAGER_KILL, ACT_MANAGER_KILL_FOR_GOOD,
                ACT_MANAGER_KILL_FOR_GOOD, ACT_MANAGER_RESTART };
        uint64_t at = some_time(d, p);
        uint32_t node = some_node(d, p);
        size_t first = p->n_acts;

        if (chance(d, 30)) {
                draw_unheard_guard(d, p);
                for (size_t i = first; i < p->n_acts; i++)
                        p->acts[i].later = PLAN_GUARD;
                return;
        }
        act_add(p, at, ACT_GUARD_AWAY, node);
        if (chance(d, 60)) {
                act_add(p, at + roll(d, 6 * USEC_PER_SEC) - MIN(roll(d, 3 * USEC_PER_SEC), at),
                                ends[roll(d, ELEMENTSOF(ends))], node);
                act_add(p, at + 20 * USEC_PER_SEC + roll(d, 30 * USEC_PER_SEC), ACT_MANAGER_START, node);
        }
        act_add(p, at + (chance(d, 30) ? 100 * USEC_PER_MSEC : while_usec(d)), ACT_GUARD_BACK, node);
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_GUARD;
}

/* After each try to take a node out of the nodelist; and of one that is in it, which must do nothing. Its settings were
 * given before. */
void draw_forget(Dice *d, Plan *p)
{
        size_t first = p->n_acts;

        for (size_t i = 0; i < first; i++) {
                Act remove = p->acts[i], *a;

                if (remove.kind != ACT_REMOVE || !chance(d, 70))
                        continue;
                a = act_add(p, 3 * USEC_PER_SEC + roll(d, 5 * USEC_PER_SEC), ACT_COMMAND, some_node(d, p));
                a->command = chance(d, 50) ? COMMAND_PERMIT : COMMAND_STANDBY;
                a->flag = a->command == COMMAND_STANDBY;
                a->app = roll(d, p->n_apps);
                a->value = remove.node;
                a = act_add(p, remove.at_usec + roll(d, 3 * USEC_PER_SEC), ACT_COMMAND, some_node(d, p));
                a->command = COMMAND_FORGET;
                a->value = remove.node;
        }
        for (uint64_t n = roll(d, 3); n > 0; n--) {
                Act *a = act_add(p, some_time(d, p), ACT_COMMAND, some_node(d, p));

                a->command = COMMAND_FORGET;
                a->value = some_node(d, p);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_FORGET;
}

void draw_leaver(Dice *d, Plan *p)
{
        size_t first = p->n_acts;

        FOREACH_ARRAY(a, p->apps, p->n_apps) {
                if (!chance(d, 70))
                        continue;
                a->awaits_leaver = true;
                if (a->failover_delay_usec == 0)
                        a->failover_delay_usec = (5 + roll(d, 20)) * USEC_PER_SEC;
        }
        for (uint64_t n = 1 + roll(d, 4); n > 0; n--) {
                uint64_t at = some_time(d, p);
                uint32_t node = chance(d, 50) ? 1 : some_node(d, p);
                bool host = chance(d, 60);

                act_add(p, at, host ? ACT_SHUTDOWN : ACT_MANAGER_STOP, node);
                act_add(p, at + while_usec(d), host ? ACT_UP : ACT_MANAGER_START, node);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_LEAVER;
}

/* All lose power, and a majority is back whose records may not be enough; or a node is alone with its workers. */
void draw_by_hand(Dice *d, Plan *p)
{
        size_t first = p->n_acts;
        uint64_t at = some_time(d, p);
        uint32_t node = some_node(d, p);
        Act *a;

        if (chance(d, 50)) {
                act_add(p, at, ACT_POWER_CUT, 0)->value = (UINT64_C(1) << p->n_nodes) - 1;
                for (uint32_t i = 1; i <= p->n_nodes; i++)
                        act_add(p,
                                        at + USEC_PER_SEC +
                                                        (chance(d, 70) ? roll(d, 2 * USEC_PER_SEC)
                                                                       : while_usec(d)),
                                        ACT_UP, i);
                a = act_add(p, at + 3 * USEC_PER_SEC + roll(d, 20 * USEC_PER_SEC), ACT_COMMAND, node);
                a->command = COMMAND_FORM;
                a->value = node;
        } else {
                act_add(p, at, ACT_CUT, 0)->value = UINT64_C(1) << (node - 1);
                a = act_add(p, at + roll(d, 12 * USEC_PER_SEC), chance(d, 70) ? ACT_STOP_LOCAL : ACT_COMMAND,
                                node);
                a->app = roll(d, p->n_apps);
                a->command = COMMAND_FORM;
                a->value = node;
                act_add(p, at + while_usec(d), ACT_HEAL, 0);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_BY_HAND;
}

/* Mostly in short order, so that the node gets a mark in the end. */
void draw_restarts(Dice *d, Plan *p)
{
        size_t first = p->n_acts;

        FOREACH_ARRAY(a, p->apps, p->n_apps)
                if (chance(d, 70))
                        a->local_restarts = 1 + (uint8_t) roll(d, 3);
        for (uint64_t n = 1 + roll(d, 3); n > 0; n--) {
                uint64_t at = some_time(d, p);
                size_t app = roll(d, p->n_apps);

                for (uint64_t k = 2 + roll(d, 4); k > 0; k--) {
                        act_add(p, at, ACT_UNIT_FAIL, some_node(d, p))->app = app;
                        at += chance(d, 80) ? roll(d, 4 * USEC_PER_SEC) : while_usec(d);
                }
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_RESTARTS;
}

/* With parts start-first is refused. */
static void draw_kinds(Dice *d, Plan *p, size_t app)
{
        p->n_parts[app] = 1 + roll(d, WORLD_PARTS_MAX);
        for (size_t k = 0; k < p->n_parts[app]; k++)
                p->parts[app][k] = (WorldPartKind) roll(d, _WORLD_PART_KIND_MAX);
        for (size_t k = 0; k < p->n_parts[app]; k++)
                p->apps[app].needs_end = p->apps[app].needs_end || p->parts[app][k] != WORLD_PART_ADDRESS;
        p->apps[app].takeover_mode = TAKEOVER_STOP_FIRST;
        for (size_t i = 0; i < p->n_acts; i++)
                if (p->acts[i].kind == ACT_FILE_CHANGE && p->acts[i].app == app &&
                                p->acts[i].value == FILE_MODE)
                        p->acts[i].value = FILE_NODES;
}

/* Some have parts; mostly something is wrong with them as the copy is to move. */
void draw_parts(Dice *d, Plan *p)
{
        static const ActKind ends[] = { ACT_UNIT_FAIL, ACT_UNIT_STOP_OUTSIDE, ACT_MANAGER_KILL, ACT_COMMAND,
                ACT_COMMAND };
        size_t first = p->n_acts;

        for (size_t i = 0; i < p->n_apps; i++)
                if (i == 0 || chance(d, 70))
                        draw_kinds(d, p, i);
        for (uint64_t n = 1 + roll(d, 8); n > 0; n--) {
                uint64_t at = some_time(d, p);
                uint32_t node = some_node(d, p), where = chance(d, 60) ? 0 : node;
                size_t app = roll(d, p->n_apps);
                uint64_t what = roll(d, 4);
                Act *a = act_add(p, at,
                                what == 0   ? ACT_PART_DIES
                                : what == 1 ? ACT_PART_SLOW
                                            : ACT_PART,
                                where); /* 0: on all nodes, and so where it runs */

                a->app = app;
                if (what == 0)
                        continue;
                a->value = what == 1 ? roll(d, 3 * USEC_PER_SEC) : what - 1;
                a->value2 = what == 1 ? roll(d, PART_STOP_MAX_USEC) : 0;
                act_add(p, at + while_usec(d), a->kind, where)->app = app;
                if (chance(d, 40))
                        continue;
                a = act_add(p, at + roll(d, 3 * USEC_PER_SEC), ends[roll(d, ELEMENTSOF(ends))], node);
                a->app = app;
                a->command = chance(d, 70) ? COMMAND_TAKEOVER : COMMAND_RESTART;
                a->value = some_node(d, p);
        }
        for (size_t i = first; i < p->n_acts; i++)
                p->acts[i].later = PLAN_PARTS;
}
