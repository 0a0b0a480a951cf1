/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/removal.h"

#include <unistd.h>

#include "address/address-lock.h"
#include "base/array.h"

/* It may be there once for each interface and length of the prefix. */
#define REMOVALS_MAX 1024

/* Removes one that is ours and sets *ret_removed, or says where one of somebody else is. */
static int remove_one(Kernel *kernel, const Network *n, const Address *a, uint32_t index, bool *ret_removed,
                char ret_where[static IFNAMSIZ])
{
        const InterfaceAddress *found = network_find(n, a, index);
        const Interface *interface;

        *ret_removed = found && found->is_ours;
        if (!found)
                return 0;
        if (found->is_ours)
                return kernel_remove(kernel, n, found);
        interface = network_interface(n, found->index);
        snprintf(ret_where, IFNAMSIZ, "%s", interface ? interface->name : "?");
        return 1;
}

int removal_of_ours(Kernel *kernel, const Address *a, uint32_t index, char ret_where[static IFNAMSIZ])
{
        for (size_t i = 0; i < REMOVALS_MAX; i++) {
                bool removed;
                Network n;
                int r = kernel_list(kernel, a->family, &n);

                if (r < 0)
                        return r;
                r = remove_one(kernel, &n, a, index, &removed, ret_where);
                network_done(&n);
                if (r != 0 || !removed)
                        return r;
        }
        return -EBUSY;
}

/* Of the interface on which it is looked for; 0: on any. It may have another name by now, and no keeper that lives has the
 * address: so an address that all interfaces share is looked for on each, and one of a link where none has that name. */
static int find_index(Kernel *kernel, const AddressSpec *a, uint32_t *ret_index)
{
        Network n;
        int r;

        *ret_index = 0;
        if (a->interface[0] == '\0' || !address_is_link_local(&a->address))
                return 0;
        r = kernel_list(kernel, a->address.family, &n);
        if (r < 0)
                return r;
        FOREACH_ARRAY(i, n.interfaces, n.n_interfaces)
                if (streq(i->name, a->interface))
                        *ret_index = i->index;
        network_done(&n);
        return 0;
}

/* 1: by somebody else, on *ret_where. -EADDRINUSE: a keeper that lives has it. */
static int remove_under_lock(Kernel *kernel, const Arguments *a, char ret_where[static IFNAMSIZ])
{
        const Address *address = &a->spec.address;
        uint32_t index;
        int fd, r = find_index(kernel, &a->spec, &index);

        if (r < 0)
                return r;
        r = address_lock_take_to_remove(address, index, &fd);
        if (r < 0)
                return r;
        r = removal_of_ours(kernel, address, index, ret_where);
        (void) close(fd); /* nothing was written */
        return r;
}

KeeperExit removal_run(const Arguments *a)
{
        Kernel kernel = KERNEL_NONE;
        char text[ADDRESS_TEXT_MAX], where[IFNAMSIZ];
        int r;

        address_format(text, &a->spec.address);
        r = kernel_open(&kernel);
        if (r >= 0)
                r = remove_under_lock(&kernel, a, where);
        kernel_done(&kernel);
        if (r == -EADDRINUSE) {
                printf("%s: another distro-address has it: left there\n", text);
                return KEEPER_ENDED;
        }
        if (r < 0)
                fprintf(stderr, "%s: could not be removed: %s\n", text, strerror(-r));
        else if (r > 0)
                printf("%s: is on %s, not by us: left there\n", text, where);
        return r < 0 ? KEEPER_WENT_AWAY : KEEPER_ENDED;
}
