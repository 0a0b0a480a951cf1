/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.distro.Application1. */

#include "bus/property.h"
#include "bus/server-struct.h"

bool application_method_changes(const char *member); /* a method of this name changes something */
int application_object_add(BusServer *s, sd_bus_slot **ret_slots);
void application_object_fill(BusServer *s, const App *app, BusObject *ret);

extern const Property application_properties[];
extern const size_t n_application_properties;
