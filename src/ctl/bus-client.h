/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager's end of the bus, and what its errors mean for a person. */

#include "base/dbus.h"
#include "ctl/ctl.h"

/* A command may wait for polkit's question to be answered, for which the manager gives a person 120 s, and for two seconds
 * of acknowledgements. The manager's answer is to come first. */
#define BUS_COMMAND_TIMEOUT_USEC (150 * USEC_PER_SEC)

/* Connects to the manager's own socket, where it is for us (for root, on this host), or to the system bus
 * (DBUS_SYSTEM_BUS_ADDRESS names another one), or to that of --host. Returns STATUS_OK, or prints why not. */
int ctl_connect(Ctl *c);
/* The same without the manager's own socket, which ends with the manager. */
int ctl_connect_bus(Ctl *c);
/* The manager's name, as sender of a match; on its own socket it has none: NULL. */
const char *bus_manager_sender(const Ctl *c);

/* Calls a method that only reads, with one string or (NULL) no argument; waits, and asks again for some seconds where
 * the manager refuses for its bounds. Returns 0, or a negative errno with `error` set. */
int bus_read_object(Ctl *c, const char *path, const char *interface, const char *member, sd_bus_error *error,
                sd_bus_message **ret, const char *argument);
/* The same of the root object. */
int bus_read(Ctl *c, const char *member, sd_bus_error *error, sd_bus_message **ret, const char *argument);
/* Properties.GetAll */
int bus_get_all(Ctl *c, const char *path, const char *interface, sd_bus_error *error, sd_bus_message **ret);

/* Prints what went wrong and the next step. `doing` completes "Cannot …"; `is_command`: what was asked for
 * changes something, so that a missing answer leaves it open whether it happened. Returns the exit status. */
int bus_failed(const Ctl *c, const sd_bus_error *error, int r, const char *doing, bool is_command);
/* The same without printing: the text into `ret` (the caller frees; NULL without memory). */
int bus_explain_error(const Ctl *c, const sd_bus_error *error, int r, const char *doing, bool is_command,
                char **ret);
/* A sentence gets one full stop at its end, whether its writer set one or not: "." where it is missing. */
const char *full_stop(const char *text);
/* The error says that too much was asked for in too short a time. */
bool bus_error_is_limit(const sd_bus_error *error);
/* The error says that no such object is there. */
bool bus_error_is_unknown(const sd_bus_error *error);

/* Any client of the bus can send us any signal, whatever our matches say. So we believe only signals of the connection that
 * has the manager's name, and only the bus says which one that is. To be called before signals are listened to. */
int bus_learn_manager(Ctl *c);
/* The bus says that the manager's name has gone to *ret_new; empty: it has no owner. */
bool bus_owner_changed(Ctl *c, sd_bus_message *m, const char **ret_new);
bool bus_is_from_manager(const Ctl *c, sd_bus_message *m);

/* What sd_bus_message_read_basic() fills, for the types that the manager's properties have. */
typedef union BusValue {
        int b;
        uint8_t y;
        uint32_t u;
        uint64_t t;
        const char *s;
} BusValue;
