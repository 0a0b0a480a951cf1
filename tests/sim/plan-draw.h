/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that draw a plan share. */

#include "base/array.h"
#include "base/hash.h"
#include "plan.h"

/* The plan's own numbers, apart from the world's, so that leaving out an act changes nothing else. */
typedef struct Dice {
        uint64_t state;
} Dice;

static inline uint64_t roll(Dice *d, uint64_t n)
{
        d->state += UINT64_C(0x9e3779b97f4a7c15);
        return hash64(&d->state, sizeof(d->state)) % n;
}

static inline bool chance(Dice *d, unsigned percent)
{
        return roll(d, 100) < percent;
}

/* How long a fault lasts. */
static inline uint64_t while_usec(Dice *d)
{
        return chance(d, 50) ? roll(d, 5 * USEC_PER_SEC) : roll(d, 30 * USEC_PER_SEC);
}

/* plan.c */
Act *act_add(Plan *p, uint64_t at_usec, ActKind kind, uint32_t node);

/* plan-later.c */
void draw_list(Dice *d, Plan *p);
void draw_flicker(Dice *d, Plan *p);
void draw_probe(Dice *d, Plan *p);
void draw_last_word(Dice *d, Plan *p);
void draw_files(Dice *d, Plan *p);
void draw_workers(Dice *d, Plan *p);
void draw_times(Dice *d, Plan *p);
void draw_autos(Dice *d, Plan *p);
void draw_dead(Dice *d, Plan *p);
void draw_wrong(Dice *d, Plan *p);
int draw_config(Dice *d, Plan *p);
void draw_bus(Dice *d, Plan *p);
void draw_guard(Dice *d, Plan *p);
void draw_forget(Dice *d, Plan *p);
void draw_leaver(Dice *d, Plan *p);
void draw_by_hand(Dice *d, Plan *p);
#define PART_STOP_MAX_USEC (6 * USEC_PER_SEC) /* of a part, where it is slow */
void draw_parts(Dice *d, Plan *p);
void draw_restarts(Dice *d, Plan *p);
