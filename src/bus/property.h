/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A property is written once, to a sink; the sink is either a message of the bus or a hash. So what clients
 * read and what is compared to find out whether it changed cannot differ. */

#include <systemd/sd-bus.h>

#include "base/array.h"
#include "base/macros.h"

struct BusObject;

typedef struct Sink {
        sd_bus_message *message; /* NULL: hash */
        uint64_t hash;
        int error; /* the first; nothing is written after it */
} Sink;

/* Texts come from other nodes, from systemd and from files. The bus daemon ends a connection that sends a string which
 * is not UTF-8, so of such a string every byte beyond ASCII is replaced by '?'. Returns `text`, or a copy
 * that the caller frees by *ret_copy; without memory "?". */
const char *bus_clean_text(const char *text, char **ret_copy);

void sink_string(Sink *s, const char *v); /* cleaned; NULL as "" */
void sink_path(Sink *s, const char *v);   /* of an object; NULL: there was no memory for it */
void sink_u32(Sink *s, uint32_t v);
void sink_u64(Sink *s, uint64_t v);
void sink_bool(Sink *s, bool v);
void sink_bytes(Sink *s, const void *data, size_t size_bytes);
void sink_open(Sink *s, char type, const char *contents);
void sink_close(Sink *s);

typedef struct Property {
        const char *name;
        bool constant; /* never compared: constant, or not told when it changes */
        void (*write)(const struct BusObject *o, Sink *s);
} Property;

/* Appends the value of `name` to `reply`; -ENOENT if the table has no such property. */
int property_append(const Property *properties, size_t n, const struct BusObject *o, const char *name,
                sd_bus_message *reply);
/* Compares all that can change with `hashes` and puts the new ones there. The names of what differs go to
 * `ret_names`, which has room for n; returns their number. */
size_t properties_compare(const Property *properties, size_t n, const struct BusObject *o, uint32_t *hashes,
                const char **ret_names);

/* A property that is read by the file's own get_property(). */
#define BUS_CONSTANT(name, signature) \
        SD_BUS_PROPERTY(name, signature, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define BUS_CHANGING(name, signature) \
        SD_BUS_PROPERTY(name, signature, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
