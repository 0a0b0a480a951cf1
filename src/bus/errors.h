/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names and sentences of errors. */

#include <systemd/sd-bus.h>

#include "engine/engine.h"

/* "org.distro.Error.NotRunning"; NULL for COMMAND_OK. */
const char *bus_error_name(CommandError e);
/* What the error means, as a sentence for people. */
const char *bus_error_text(CommandError e);
/* Fills `error` and returns a negative number, for handlers to return. */
int bus_error_set(sd_bus_error *error, CommandError e, const char *format, ...) _printf_(3, 4);
/* An argument that cannot be: org.freedesktop.DBus.Error.InvalidArgs with what was expected. */
int bus_error_set_invalid(sd_bus_error *error, const char *format, ...) _printf_(2, 3);
