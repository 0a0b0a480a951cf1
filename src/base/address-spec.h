/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is said of an address that a service has: the words of Address= and those of distro-address, which are the same.
 * Pure.
 *
 *     ADDRESS/PREFIX [INTERFACE] [check=BOOLEAN] [announce=BOOLEAN] [label=TEXT]
 *
 * The address comes first, the others follow in any order. The first word without "=" is the interface. */

#include <net/if.h>

#include "base/ip-address.h"

typedef enum AddressSpecWord {
        ADDRESS_SPEC_INTERFACE = 1 << 0,
        ADDRESS_SPEC_CHECK = 1 << 1,
        ADDRESS_SPEC_ANNOUNCE = 1 << 2,
        ADDRESS_SPEC_LABEL = 1 << 3,
} AddressSpecWord;

typedef struct AddressSpec {
        Address address;
        char interface[IFNAMSIZ]; /* "": the one that has an address of the subnet */
        char label[IFNAMSIZ];     /* ip(8)'s, of IPv4; "": the interface's name */
        bool check;               /* ask for another host that has it */
        bool announce;
        unsigned given; /* AddressSpecWord: none may be given twice */
} AddressSpec;

/* The functions return 0, or -EINVAL with what is wrong and what is expected in *ret_error, which the caller frees, or
 * -ENOMEM. */

/* Begins with the address. */
int address_spec_begin(AddressSpec *s, const char *word, char **ret_error);
/* One more word: 1, or 0 for one with an option of another name, of which nothing is said. */
int address_spec_add(AddressSpec *s, const char *word, char **ret_error);
/* After the last word: what goes with what. */
int address_spec_finish(const AddressSpec *s, char **ret_error);

/* What the words of an interface's name and of a label may be. */
bool interface_name_is_valid(const char *s);
