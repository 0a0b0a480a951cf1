/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of an application: what [Parts] has become. The order is that of the start; stops are the reverse. */

#include "base/strings.h"

typedef enum PartKind {
        PART_ADDRESS,
        _PART_KIND_MAX,
} PartKind;

const char *part_kind_to_string(PartKind k); /* "address" */

typedef struct Part {
        PartKind kind;
        char *id;   /* unique in its application: "ip-192.0.2.20", "ip-2001:db8::30" (inet_ntop) */
        char *name; /* as it is shown: "192.0.2.20/24" */
        char **arguments; /* NULL-terminated: the words of its helper after `run`, as "192.0.2.20/24" "eth0" "check=no" */
        uint64_t start_timeout_usec, stop_timeout_usec; /* how long it may take; never 0 */
        char *file;                                     /* where it stands, for messages; NULL: not told */
        unsigned line;
} Part;

typedef struct Parts {
        Part *items;
        size_t n_items;
} Parts;

void part_done(Part *p);
void parts_done(Parts *p);
int parts_copy(const Parts *p, Parts *ret);             /* 0 or -ENOMEM */
const Part *parts_find(const Parts *p, const char *id); /* NULL: there is none of that id */
