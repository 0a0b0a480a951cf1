/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* distroctl against a manager of canned data, tests/unit/ctl-fake-manager, on a dbus-daemon of its own: what the tool prints
 * and how it exits. It runs in a folder of its own, which ends with the tests; tool_teardown() knows the files' names. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/macros.h"

#define ARGS_MAX 12
#define TEXTS_MAX 8

typedef struct ToolCase {
        const char *scenario; /* NULL: no manager */
        const char *args[ARGS_MAX];
        int status;
        const char *out[TEXTS_MAX];     /* all of these are in standard output */
        const char *err[TEXTS_MAX];     /* and these in standard error */
        const char *not_out[TEXTS_MAX]; /* and these in neither */
        bool silent;                    /* nothing in standard output */
} ToolCase;

/* For cmocka, once for all tests. */
int tool_setup(void **state);
int tool_teardown(void **state);
/* Skips the test on a machine without dbus-daemon. */
void tool_needs_bus(void);

/* The manager of a scenario instead of the one that there is; NULL: none. */
void tool_start_manager(const char *scenario);
/* The next that the manager says of what it was asked: `text` is in it. */
void tool_await_manager(const char *text);

/* Each case with a fresh manager: commands change what it has. */
void tool_run_cases(const ToolCase *cases, size_t n);
/* One, with the manager that there is. */
void tool_run_case(const ToolCase *c);
/* Begins distroctl, with its output in the files "stdout" and "stderr". */
pid_t tool_begin(const char *const *args);

/* A file of the folder: its path, a new one, its text (the caller frees), and a text that it will have. */
const char *tool_path(char *ret, size_t size_bytes, const char *name);
void tool_write(const char *name, const char *text);
char *tool_read(const char *name);
void tool_await_text(const char *name, const char *text);
