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
