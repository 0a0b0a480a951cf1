/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/network.h"

#include <linux/if_addr.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/text.h"

void network_done(Network *n)
{
        free(n->interfaces);
        free(n->addresses);
        *n = (Network){};
}

int network_take(Network *n, const RtnlMessage *m)
{
        int r;

        if (m->kind == RTNL_INTERFACE) {
                if (n->n_interfaces >= NETWORK_INTERFACES_MAX)
                        return -E2BIG;
                r = ARRAY_GROW(n->interfaces, n->n_interfaces, n->n_interfaces_allocated);
                if (r < 0)
                        return r;
                n->interfaces[n->n_interfaces++] = m->interface;
        }
        if (m->kind == RTNL_ADDRESS) {
                if (n->n_addresses >= NETWORK_ADDRESSES_MAX)
                        return -E2BIG;
                r = ARRAY_GROW(n->addresses, n->n_addresses, n->n_addresses_allocated);
                if (r < 0)
                        return r;
                n->addresses[n->n_addresses++] = m->address;
        }
        return 0;
}

const Interface *network_interface(const Network *n, uint32_t index)
{
        FOREACH_ARRAY(i, n->interfaces, n->n_interfaces)
                if (i->index == index)
                        return i;
        return NULL;
}

const InterfaceAddress *network_find(const Network *n, const Address *a, uint32_t index)
{
        const InterfaceAddress *found = NULL;

        FOREACH_ARRAY(i, n->addresses, n->n_addresses)
                if (address_is_same(&i->address, a) && (index == 0 || i->index == index) &&
                                (!found || (i->is_ours && !found->is_ours)))
                        found = i;
        return found;
}

static bool has_subnet_of(const Network *n, const Interface *interface, const Address *a)
{
        FOREACH_ARRAY(i, n->addresses, n->n_addresses)
                if (i->index == interface->index && i->address.family == a->family && !i->is_ours &&
                                address_is_in(a, i->subnet, i->address.prefix))
                        return true;
        return false;
}

int network_choose(const Network *n, const AddressSpec *a, const Interface **ret, char **ret_error)
{
        char text[ADDRESS_TEXT_MAX];
        const Interface *found = NULL;

        *ret_error = NULL;
        FOREACH_ARRAY(i, n->interfaces, n->n_interfaces) {
                if (a->interface[0] != '\0' ? !streq(i->name, a->interface)
                                            : !has_subnet_of(n, i, &a->address))
                        continue;
                if (found)
                        return text_refuse(-ENODEV, ret_error,
                                        "%s: %s and %s have addresses of its subnet: name one",
                                        address_format(text, &a->address), found->name, i->name);
                found = i;
        }
        if (!found && a->interface[0] != '\0')
                return text_refuse(-ENODEV, ret_error, "there is no interface %s on this node", a->interface);
        if (!found)
                return text_refuse(-ENODEV, ret_error,
                                "%s: no interface has an address of its subnet: name one",
                                address_format(text, &a->address));
        *ret = found;
        return 0;
}

bool network_has_secondaries(const Network *n, const InterfaceAddress *a)
{
        if (a->address.family != AF_INET || (a->flags & IFA_F_SECONDARY))
                return false;
        FOREACH_ARRAY(i, n->addresses, n->n_addresses)
                if (i->index == a->index && (i->flags & IFA_F_SECONDARY) &&
                                i->address.prefix == a->address.prefix &&
                                address_is_in(&i->address, a->address.bytes, a->address.prefix))
                        return true;
        return false;
}
