/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An adapter to systemd on a loop of its own, with a fake systemd at the other end of its bus. */

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "config/unit-property.h"
#include "systemd-fake.h"
#include "systemd/units.h"

/* One adapter on a fake systemd. Reports are written down as "app epoch state[ (reason)];". */
typedef struct Bench {
        sd_event *event;
        sd_bus *client;
        Fake fake;
        Units *units;
        char seen[16384];
        unsigned n_ready, n_parts_changed;
        size_t n_running;
        bool needs_end; /* as the last report said */
        char cgroups[64];
        char dropins[80]; /* not there, until a unit needs it */
        char mountinfo[80];
} Bench;

#define PATIENCE_USEC (5 * USEC_PER_SEC)
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* For each test: an adapter that is attached and has said that it is ready. */
int set_up(void **state);
int tear_down(void **state);
/* The bus comes and goes; another adapter takes the place of one that was freed. */
void bench_attach(Bench *b);
void bench_detach(Bench *b);
void bench_renew(Bench *b);

/* The kernel has "/dev/sd b1" mounted there, as it writes that; NULL: nowhere. */
void bench_mount(const Bench *b, const char *where);

/* As they are when their file is through; the caller frees. */
SealedProperties bench_seal(const UnitProperty *properties, size_t n);
/* A worker of Type=simple is asked for. */
void start(Bench *b, const char *app, uint64_t epoch);

uint64_t now(void);
void turn(Bench *b, uint64_t usec);
/* Until nothing happens any more for a moment. */
void settle(Bench *b);
void wait_for(Bench *b, const char *text);
/* What was seen, or asked of systemd, since the last time, exactly. */
void expect(Bench *b, const char *text);
void expect_log(Bench *b, const char *text);

/* An application with two addresses. */
#define IP4(app) "distro-app-" app ":ip-192.0.2.20.service"
#define IP6(app) "distro-app-" app ":ip-2001:db8::30.service"
extern const Parts two_parts;
void start_with_parts(Bench *b, const char *app, uint64_t epoch);
/* ... until it runs, and nothing more comes of that. */
void run_with_parts(Bench *b, const char *app, uint64_t epoch);
