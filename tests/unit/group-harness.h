/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A Group on a real loop, against the Corosync of group-fake.c. Its callbacks write down what they were told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "group-fake.h"
#include "group/cluster-reader.h"
#include "group/connection.h"
#include "group/group.h"
#include "group/votes.h"

#define PATIENCE_USEC (10 * USEC_PER_SEC)

typedef struct Test {
        sd_event *loop;
        Group *group;
        char log[8192]; /* what the callbacks said, a blank after each */
        uint64_t incarnation;
        size_t n_messages, n_probes;
        uint64_t last_probe, probe_back; /* numbers */
        Votes votes;
        bool send_from_view, rejoin_from_message;
} Test;

/* Each test has one of its own; what it opened has to be closed in the end. */
int setup(void **state);
int teardown(void **state);
/* What group_new() answers, in a group of this name. */
int start_as(Test *t, const char *name);
void start(Test *t);
void start_connected(Test *t);

_printf_(2, 3) void say(Test *t, const char *format, ...);
uint64_t now_usec(void);
void run_for(Test *t, uint64_t usec);
/* Until the log is this, exactly; then nothing more comes for a moment. */
void expect(Test *t, const char *log);
