/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The real manager between the stand-ins of daemon-double.c, in a file system of its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon-double.h"

#define APP_TEXT "[Application]\nNodes=abc bcd\nFailoverDelaySec=1h\n[Service]\nExecStart=/bin/sleep 1\n"

/* The manager under test, and the folder that it takes for the root of its file system. A test that frees the manager
 * before its end sets it to NULL. */
extern Manager *m;
extern char root[64];

/* For each test: the folder with one application, `distro`, and all stand-ins as they are at first. What the manager
 * writes to its standard error is not shown. */
int daemon_setup(void **state);
int daemon_teardown(void **state);

/* From here to the end of the test there is the socket on which systemd would be notified: its next datagram, or "" where
 * there is none. */
void listen_for_notifications(void);
const char *next_notification(void);

/* Paths as the manager sees them. */
void write_file(const char *path, const char *text);
bool file_exists(const char *path);

/* Lets the loop turn until nothing has happened for a moment, or the manager ends. */
void turn(void);
void turn_until_quiet(uint64_t quiet_usec);
/* Makes the manager and lets it start, beside guard and fuse. */
void begin(void);
void begin_without_a_guard(void);
void begin_without_a_fuse(void);
/* The guard is there, or gone; what it has heard since the last look, or "". */
void guard_comes(void);
void guard_goes(void);
const char *guard_heard(void);
/* The fuse is there, answers, and is gone; what it was ordered since the last look, each with a newline, or "". */
void fuse_comes(void);
void fuse_goes(void);
extern bool fuse_is_mute;
const char *fuse_heard(void);
/* The manager at work, with nothing in the trace. */
void begin_quietly(void);
/* What the stand-ins were asked for since the last look is this. */
void assert_trace(const char *expect);
