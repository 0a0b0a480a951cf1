/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Histories that are made up, for programs that show that judges bite. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "check.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"

static const CheckApp apps[] = {
        { "one", false, 5 * USEC_PER_SEC, 0, 5 * USEC_PER_SEC },
        { "two", true, 0 },
        { "three", false, 20 * USEC_PER_SEC, 0, 20 * USEC_PER_SEC, true, 60 * USEC_PER_SEC, 1 },
        { "four", false, USEC_INFINITY, 0, 12 * USEC_PER_SEC, .needs_end = true,
                        .least_end_usec = 12 * USEC_PER_SEC },
};
static const CheckConfig config = { .apps = apps,
        .n_apps = ELEMENTSOF(apps),
        .n_nodes = 3,
        .policy = NO_QUORUM_STOP,
        .grace_usec = 8 * USEC_PER_SEC,
        .isolation_usec = 5 * USEC_PER_SEC,
        .overlap_usec = USEC_PER_SEC,
        .needed_usec = 3 * USEC_PER_SEC };
static const uint32_t all_nodes[] = { 1, 2, 3 }, two_nodes[] = { 1, 2 };

/* clang-format off */
#define START(n, a, e, t, q) { .type = OBSERVE_START, .node_id = (n), .app = (a), .epoch = (e), .start_type = (t), .quorate = (q), \
        .ring = { 1, 8 }, .ring_nodes = all_nodes, .n_ring_nodes = 3 }
#define BEGIN(n, a, e) { .type = OBSERVE_UNIT_BEGIN, .node_id = (n), .app = (a), .epoch = (e) }
#define END(n, a, e) { .type = OBSERVE_UNIT_END, .node_id = (n), .app = (a), .epoch = (e) }
#define STOP_AT(t, n, a, e, q) { .type = OBSERVE_STOP, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .app = (a), .epoch = (e), .quorate = (q) }
#define STOPPED(t, n, a, e) { .type = OBSERVE_UNIT_END, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .app = (a), .epoch = (e), .flag = true }
#define LATER(t) { .type = OBSERVE_DISK_WRITTEN, .at_usec = (t) * USEC_PER_SEC, .node_id = 1 }
#define GUARD(t, n, there) { .type = OBSERVE_GUARD, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .flag = (there) }
#define GONE(t, n) { .type = OBSERVE_MANAGER_END, .at_usec = (t) * USEC_PER_SEC, .node_id = (n) }
#define LEFT(t, n) { .type = OBSERVE_MANAGER_END, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .flag = true }
#define STEP_AT(t, n, e) { .type = OBSERVE_STEP, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .event = (e), .quorate = true }
#define START_AT(t, n, a, e) { .type = OBSERVE_START, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .app = (a), .epoch = (e) }
#define VOID(n, a, e) { .type = OBSERVE_START_VOID, .node_id = (n), .app = (a), .epoch = (e) }
#define PART(n, a, e, k) { .type = OBSERVE_PART_BEGIN, .node_id = (n), .app = (a), .epoch = (e), .token = (k) }
#define PART_GONE(n, a, e, k) { .type = OBSERVE_PART_END, .node_id = (n), .app = (a), .epoch = (e), .token = (k) }
#define PART_STUCK(n, a, e) { .type = OBSERVE_PART_STUCK, .node_id = (n), .app = (a), .epoch = (e) }
#define REBOOTS(t, n, guard) { .type = OBSERVE_REBOOT, .at_usec = (t) * USEC_PER_SEC, .node_id = (n), .flag = (guard) }
#define MANAGER(n) { .type = OBSERVE_MANAGER_BEGIN, .node_id = (n) }
#define HOLDS(n, h, d) { .type = OBSERVE_STATE, .node_id = (n), .ring = { 1, 8 }, .history = (h), .digest = (d) }
#define GRANT(a, e, w) { .type = OBSERVE_DECISION, .node_id = 1, .app = (a), .epoch = (e), .note = NOTE_APP_STARTING, .where = (w), .quorate = true }
#define AGAIN(t, a, w, e) { .type = OBSERVE_DECISION, .at_usec = (t) * USEC_PER_SEC, .node_id = 1, .app = (a), .where = (w), .epoch = (e), \
        .note = NOTE_APP_RETRIED }
#define HELD(n, e) { .type = OBSERVE_STEP, .node_id = (n), .engine = (e) }
#define NOTED(t, l) { .type = OBSERVE_STEP, .at_usec = (t) * USEC_PER_SEC, .node_id = 1, .effects = (l) }
#define SPEAKS(c, v, committed) { .type = OBSERVE_STATE, .node_id = 1, .revision = { 8, (c) }, .version = (v), .quorate = true, .flag = (committed) }
#define WRITTEN(n) { .type = OBSERVE_DISK_WRITTEN, .node_id = (n) }
#define LOST(n) { .type = OBSERVE_DISK_LOST, .node_id = (n) }
#define WRITTEN(n) { .type = OBSERVE_DISK_WRITTEN, .node_id = (n) }
#define LOST(n) { .type = OBSERVE_DISK_LOST, .node_id = (n) }
/* clang-format on */

static size_t judge(const CheckConfig *of, const CheckClass *class, const Observation *history, size_t n)
{
        Findings f = {};
        void *j = class->judge_new(of);

        assert_non_null(j);
        for (size_t i = 0; i < n; i++)
                class->observe(j, history + i, &f);
        class->judge_free(j);
        assert_int_equal(f.n > 0, f.first[0] != '\0');
        return f.n;
}
#define JUDGE(class, ...) JUDGE_WITH(&config, class, __VA_ARGS__)
#define JUDGE_WITH(of, class, ...)                                  \
        judge((of), &(class), (const Observation[]){ __VA_ARGS__ }, \
                        sizeof((const Observation[]){ __VA_ARGS__ }) / sizeof(Observation))
