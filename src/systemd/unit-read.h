/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names and properties of workers' units on systemd's bus. Nothing here sends anything. */

#include <systemd/sd-bus.h>

#include "config/unit-names.h"
#include "systemd/part-state.h"
#include "systemd/unit-state.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT_PATH "/org/freedesktop/systemd1/unit"
#define SYSTEMD_JOB_PREFIX "/org/freedesktop/systemd1/job/"
#define DBUS_PROPERTIES "org.freedesktop.DBus.Properties"

#define WORKER_UNIT_PATTERN WORKER_UNIT_PREFIX "*" WORKER_UNIT_SUFFIX

/* A unit whose name begins as a worker's: a part is one, too. Most signals are about other units; this keeps them cheap. */
bool is_worker_path(const char *path);
/* The same from the unit's object path. */
bool worker_path_parse(const char *path, char *ret);
/* The number at the end of a job's object path; 0 if it is none. */
uint32_t job_id_from_path(const char *path);

/* Reads the a{sv} at which `m` stands, as GetAll() and PropertiesChanged have it, and puts into *p what is in there;
 * all other fields stay. Properties that are not needed, and values of another type than expected, are skipped.
 * Returns 0, or -EBADMSG where the message is not one. */
int unit_properties_read(sd_bus_message *m, UnitProperties *p);

/* The same of a part's unit. */
int part_properties_read(sd_bus_message *m, PartProperties *p);

/* True for errors that say nothing about the unit: systemd or the bus were away, did not answer, or were busy. */
bool bus_error_means_unknown(const sd_bus_error *e);
/* True if systemd does not know the unit, the job or the object. */
bool bus_error_means_absent(const sd_bus_error *e);
