/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of an application: what [Parts] has become. The order is that of the start; stops are the reverse. */

#include "base/strings.h"

typedef enum PartKind {
        PART_ADDRESS, /* the resident helper distro-address has it */
        PART_DEVICE, /* the resident helper distro-device stands beside the mount of a block device, before it */
        PART_MOUNT, /* a transient mount unit */
        PART_UNIT,  /* an installed unit */
        _PART_KIND_MAX,
} PartKind;

const char *part_kind_to_string(PartKind k);   /* "address", "device", "mount", "unit" */
PartKind part_kind_from_string(const char *s); /* _PART_KIND_MAX: none is called so */
const char *part_kind_key(PartKind k); /* the key that makes it: "Address", "Mount", "Mount", "Unit" */

/* Its id is unique in its application, its name is what is shown. The arguments are NULL-terminated:
 *
 *     kind     id                                          name              arguments
 *     address  "ip-192.0.2.20", "ip-2001:db8::30"          "192.0.2.20/24"   of its helper: "192.0.2.20/24" "eth0" "check=no"
 *     device   "device-1": the place of its line           "/dev/sdb1"       of its helper: "/dev/sdb1"
 *     mount    the unit's name: "srv-nfs.mount"            "/srv/nfs"        WHAT WHERE TYPE OPTIONS, "" what is not given
 *     unit     the unit's name: "nginx.service"            the same          none */
typedef struct Part {
        PartKind kind;
        char *id;
        char *name;
        char **arguments;
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
int parts_copy(const Parts *p, Parts *ret); /* 0 or -ENOMEM */
/* The first that outlives a kill of the processes, so that its end is certain only with its host's: any but an address; NULL: there
 * is none. */
const Part *parts_first_to_end(const Parts *p);
bool parts_need_end(const Parts *p); /* there is one */
/* What no two parts of one node can have: the unit's name, or the device. */
const char *part_claim(const Part *p);
const Part *parts_find(const Parts *p, const char *id); /* NULL: there is none of that id */
