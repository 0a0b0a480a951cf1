/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The message bus itself: what answers for it, and whose signals are its own. */

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"
