/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one start of a worker consists of. */

#include <systemd/sd-bus.h>

#include "config/part.h"
#include "config/sealed.h"
#include "engine/types.h"

/* A module that keeps it copies everything. */
typedef struct UnitStart {
        const char *app;
        uint64_t epoch;
        const char *description; /* NULL: made from the name */
        StartType start_type;
        const char *node;                   /* this node's name */
        const char *from_node;              /* the previous owner; NULL or "" for normal */
        uint64_t digest;                    /* of what follows, kept with the unit; not 0 */
        const SealedProperties *properties; /* NULL: none */
        const Parts *parts;                 /* what is started before it; NULL or empty: none */
} UnitStart;

/* A copy of all of it that stays until it is freed; 0 or -ENOMEM. */
typedef struct UnitStartCopy UnitStartCopy;
int unit_start_copy(const UnitStart *start, UnitStartCopy **ret);
UnitStartCopy *unit_start_copy_free(UnitStartCopy *c);
DEFINE_TRIVIAL_CLEANUP(UnitStartCopy *, unit_start_copy_free)
const UnitStart *unit_start_copy_get(const UnitStartCopy *c);

/* The call that makes and starts a transient unit of that name, as far as its first property. 0, or what sd-bus says; then *ret is
 * as it was. */
int unit_start_open_call(sd_bus *bus, const char *name, sd_bus_message **ret);
/* Around the values of a property that is a list, each of the type `element`; what sd-bus says. */
int unit_start_open_list(sd_bus_message *m, const char *property, const char *element);
int unit_start_close_list(sd_bus_message *m);

/* Environment= and LogExtraFields= of any unit of the copy. They come last: of two assignments systemd takes the later. The
 * same words in the worker's own journal entries let one match find them together with ours. */
int unit_start_append_identity(sd_bus_message *m, const UnitStart *s);
