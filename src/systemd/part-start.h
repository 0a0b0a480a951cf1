/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a start has more where the application has parts. All is one call, and one transaction of systemd; where an installed unit
 * is among them, it may be several (part-stages.h):
 *
 *     distro-NAME.slice             the application's own; stopping it ends all that is in it, the last first, and its job ends
 *                                   when the last job in it has
 *     distro-app-NAME:ip-ADDRESS.service  an address: its helper, resident, as root with what it needs
 *     distro-app-NAME:device-N.service    the helper that stands beside the mount of a block device
 *     WHERE.mount                   a mount, by systemd's own name for its mount point. systemd has one time for both its start
 *                                   and its stop, the longer one
 *                                   Both lie in distro.slice, bound to the application's: a kill of that spares them, as they
 *                                   are to end what is mounted and to see that the device is free, and so does its end, where
 *                                   they have not done so
 *     distro-app-NAME.service       the worker
 *     distro-NAME-1.slice           without a process, in the slice: what a call before the worker's ends in
 *
 * part-order.h says what requires what.
 *
 * systemd 252 forgets at a daemon-reload what stands behind a prefix or a "$" in a command, so parts have neither (but for
 * "-", which it keeps). */

#include "systemd/unit-start.h"

/* The helper says why it gives up, so systemd gives it somewhat longer than it gives itself. */
#define PART_START_SLACK_USEC (5 * USEC_PER_SEC)

/* A job of a device's helper may take this long: opening a device can. */
#define PART_DEVICE_JOB_MIN_USEC (10 * USEC_PER_SEC)

#define PART_MAINTENANCE \
        "maintenance" /* the folder, in that of the notes, whose files say what is in maintenance */

/* Where what its parts need lies; NULL where there are none. */
typedef struct PartPlace {
        const char *helpers;     /* the folder of the helpers' programs */
        const char *maintenance; /* the folder in which a file says that an application is in maintenance */
        const char *words; /* the folder in which the last words of mount(8) and umount(8) are kept, by unit */
} PartPlace;

/* The call that takes away once more what a part has left, in a unit of its own: its helper's own removal did not succeed.
 * The end of its job tells whether this one did. 0, what sd-bus says, or -EINVAL as below. */
int part_removal_message(
                sd_bus *bus, const char *app, const Part *p, const PartPlace *place, sd_bus_message **ret);
/* The auxiliary units, a(sa(sv)); an empty list where there are no parts. What sd-bus says, -EINVAL: a part has no name
 * or words that a unit can have. */
int part_start_append_units(sd_bus_message *m, const UnitStart *s, size_t stage, const PartPlace *place);
