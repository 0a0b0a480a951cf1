/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names on the bus: of the bus itself, of systemd, of the manager and its objects. */

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

#define PID1_NAME "org.freedesktop.systemd1"
#define PID1_PATH "/org/freedesktop/systemd1"
#define PID1_MANAGER "org.freedesktop.systemd1.Manager"
#define PID1_UNIT "org.freedesktop.systemd1.Unit"

#define BUS_NAME "org.distro.Manager1"
#define BUS_PATH "/org/distro/Manager1"
#define BUS_PATH_APPLICATION BUS_PATH "/application"
#define BUS_PATH_NODE BUS_PATH "/node"
#define BUS_INTERFACE_MANAGER "org.distro.Manager1"
#define BUS_INTERFACE_APPLICATION "org.distro.Application1"
#define BUS_INTERFACE_NODE "org.distro.Node1"
