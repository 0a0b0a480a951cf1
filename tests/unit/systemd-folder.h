/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A folder for each test, which is /run and the control groups; and a bus in it, with systemd on it. */

#include <setjmp.h>
#include <stdarg.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/array.h"

extern char folder[64];

int folder_set_up(void **state);
int folder_tear_down(void **state);
#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, folder_set_up, folder_tear_down)

/* Files, and the folders that they are in; the text is good until the next one. */
void put(const char *name, const char *text);
const char *get(const char *name);
void folder_remove(const char *name);

int folder_listen(void); /* at "bus" */
/* systemd, for one connection: it never returns. Each call is a line of the file "calls". The answers are errors, call by call;
 * NULL: it does what it is asked to. */
void folder_serve(int listener, const char *const *answers);
