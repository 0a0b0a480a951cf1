/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changes, from the request to the answer. */

#include "bus/server-struct.h"

BusCall *bus_call_free(BusCall *c);
DEFINE_TRIVIAL_CLEANUP(BusCall *, bus_call_free)
/* Drops all calls without an answer. */
void bus_calls_drop(BusServer *s);
/* Handles a changing method whose arguments have been checked. `app` and `node` may be NULL. Returns 1, the
 * answer comes later; or a negative number with *error filled. */
int bus_call_begin(
                BusServer *s, sd_bus_message *m, CallKind kind, const Command *command, sd_bus_error *error);

/* Reads a name from the message and checks its form. An empty one is refused unless `may_be_empty`. */
int bus_read_app_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error);
int bus_read_node_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error);

/* A method that is a command of the group. A letter for each argument: a application, n node (A, N: they may be empty),
 * b the command's flag, f its force. */
typedef struct BusChange {
        const char *member;
        CommandKind kind;
        const char *arguments;
} BusChange;

/* The method of this name, or NULL. */
const BusChange *bus_change_find(const BusChange *changes, size_t n_changes, const char *member);
/* Reads the arguments of one of these methods and begins the call; `app`: of the object it was called on, or NULL. */
int bus_change(BusServer *s, sd_bus_message *m, const BusChange *changes, size_t n_changes, const char *app,
                sd_bus_error *error);

/* The owner's answer to a call of this server: queues it and forgets the call. False: the server has no such call. */
bool call_reply(BusServer *s, uint64_t token, CommandError error, const char *text);
