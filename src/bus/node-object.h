/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.distro.Node1. */

#include "bus/property.h"
#include "bus/server-struct.h"

int node_object_add(BusServer *s, sd_bus_slot **ret_slots);
void node_object_fill(BusServer *s, const Node *node, BusObject *ret);

extern const Property node_properties[];
extern const size_t n_node_properties;
