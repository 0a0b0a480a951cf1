/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The calls to systemd by which a copy with parts is started. Pure.
 *
 * An order between units is no requirement: in one transaction systemd starts an installed unit also where what comes before it
 * has failed, and a database then writes into the empty folder below its mount. What comes before it cannot be made its
 * requirement either, as nothing may be changed in an installed unit. So each installed unit that has something before it begins a
 * new call, which is sent only when all of the calls before it is at work:
 *
 *     Unit=drbd-promote@pg.service         stage 0: these three, and a slice without a process, distro-pg-1.slice, which requires
 *     Mount=/dev/drbd0 /srv/pg                      them and is what the call starts
 *     Address=192.0.2.20/24
 *     Unit=postgresql@15-main.service      stage 1: this one, and the worker, which requires all
 *
 * A transient unit that follows an installed one goes with it in one call, since it carries the requirement itself. */

#include "config/part.h"

typedef struct PartStage {
        size_t first, end; /* its parts: first <= i < end */
} PartStage;

/* How many calls; the worker is in the last. 1 where there are no parts. */
size_t part_stages_count(const Parts *p);
PartStage part_stages_get(const Parts *p, size_t stage);
/* It has an installed unit, which may be at work before anything of the copy is. */
bool part_stages_have_units(const Parts *p);
