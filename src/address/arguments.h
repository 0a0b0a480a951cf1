/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What distro-address is asked for. Pure.
 *
 *     run ADDRESS/PREFIX [WORD...] [--timeout=SPAN] [--maintenance=PATH]
 *     del ADDRESS/PREFIX [WORD...]
 *
 * `del` takes the words of `run` too, so that a unit can have the same in ExecStart= and ExecStopPost=; of what it has
 * no use for it makes none. The words with dashes come from whoever writes the unit; the others, which address-spec.h has, from a user. */

#include "base/address-spec.h"

#define ARGUMENTS_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)
#define ARGUMENTS_TIMEOUT_MAX_USEC (3600 * USEC_PER_SEC)

typedef struct Arguments {
        bool is_del;
        AddressSpec spec;
        uint64_t timeout_usec;   /* for how long it is asked again where another host has it; 0: once */
        const char *maintenance; /* NULL: none; points into the words */
} Arguments;

/* 0, or -EINVAL with a sentence in *ret_error, which the caller frees, or -ENOMEM. */
int arguments_parse(const char *const *words, size_t n_words, Arguments *ret, char **ret_error);
