/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.distro.Manager1. */

#include "bus/property.h"
#include "bus/server-struct.h"

bool manager_method_changes(const char *member); /* a method of this name changes something */
int manager_object_add(BusServer *s, sd_bus_slot **ret_slots);
void manager_object_fill(BusServer *s, BusObject *ret);

extern const Property manager_properties[];
extern const size_t n_manager_properties;

/* Stale and StaleSinceTimestamp, which each object has. */
void bus_write_stale(const BusObject *o, Sink *s);
void bus_write_stale_since(const BusObject *o, Sink *s);
