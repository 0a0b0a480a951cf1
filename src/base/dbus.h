/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names on the bus: of the bus itself, of the manager and its objects. */

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

#define BUS_NAME "org.distro.Manager1"
#define BUS_PATH "/org/distro/Manager1"
#define BUS_PATH_APPLICATION BUS_PATH "/application"
#define BUS_PATH_NODE BUS_PATH "/node"
#define BUS_INTERFACE_MANAGER "org.distro.Manager1"
#define BUS_INTERFACE_APPLICATION "org.distro.Application1"
#define BUS_INTERFACE_NODE "org.distro.Node1"
