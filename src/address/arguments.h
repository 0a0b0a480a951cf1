/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What distro-address is asked for. Pure.
 *
 *     run ADDRESS/PREFIX [INTERFACE] [check=no] [announce=no] [label=TEXT] [--timeout=SPAN] [--maintenance=PATH]
 *     del ADDRESS/PREFIX [INTERFACE] ...
 *
 * `del` takes the words of `run` too, so that a unit can have the same in ExecStart= and ExecStopPost=; of what it has
 * no use for it makes none. The words with dashes come from whoever writes the unit, the others from a user. */

#include <net/if.h>

#include "base/ip-address.h"

#define ARGUMENTS_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)
#define ARGUMENTS_TIMEOUT_MAX_USEC (3600 * USEC_PER_SEC)

typedef struct Arguments {
        bool is_del;
        Address address;
        char interface[IFNAMSIZ]; /* "": the one that has an address of the subnet */
        char label[IFNAMSIZ];     /* ip(8)'s, of IPv4; "": the interface's name */
        bool check;               /* ask for another host that has it */
        bool announce;
        uint64_t timeout_usec;   /* for how long it is asked again where another host has it; 0: once */
        const char *maintenance; /* NULL: none; points into the words */
} Arguments;

/* 0, or -EINVAL with a sentence in *ret_error, which the caller frees, or -ENOMEM. */
int arguments_parse(const char *const *words, size_t n_words, Arguments *ret, char **ret_error);
