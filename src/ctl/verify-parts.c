/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ifaddrs.h>

#include "base/address-spec.h"
#include "ctl/verify.h"

/* An address of this host as its interface has it; false for one of another family. */
static bool read_address(const struct sockaddr *address, const struct sockaddr *mask, Address *ret)
{
        Address m;

        if (!address || !mask || !address_of_socket(address, ret) || !address_of_socket(mask, &m))
                return false;
        for (size_t i = 0; i < address_size(&m); i++)
                ret->prefix += (uint8_t) __builtin_popcount(m.bytes[i]);
        return true;
}

/* The interfaces that distro-address would choose from; at most two are told. What may be the service's own is left out. */
static unsigned find_interfaces(const struct ifaddrs *all, const Address *a, const char *ret[static 2])
{
        unsigned n = 0;

        for (const struct ifaddrs *i = all; i && n < 2; i = i->ifa_next) {
                Address own;

                if (!read_address(i->ifa_addr, i->ifa_netmask, &own) || own.family != a->family ||
                                address_is_same(&own, a) || !address_is_in(a, own.bytes, own.prefix) ||
                                (n == 1 && streq(ret[0], i->ifa_name)))
                        continue;
                ret[n++] = i->ifa_name;
        }
        return n;
}

static int check_address(
                const AppConfig *app, const Part *part, const struct ifaddrs *all, ConfigMessages *messages)
{
        const char *name = app->definition.name, *found[2] = {};
        _cleanup_free_ char *error = NULL;
        AddressSpec spec;
        unsigned n;
        int r = address_spec_begin(&spec, part->arguments[0], &error);

        for (char *const *word = part->arguments + 1; r >= 0 && *word; word++)
                r = address_spec_add(&spec, *word, &error);
        ASSERT(r != -EINVAL); /* it was read with the file */
        if (r < 0)
                return r;
        if (*spec.interface && if_nametoindex(spec.interface) == 0)
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Address=: there is no interface %s on this node, so the application cannot run "
                                "here",
                                name, spec.interface);
        n = *spec.interface ? 1 : find_interfaces(all, &spec.address, found);
        if (n == 0)
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Address=: no interface of this node has an address of the subnet of %s, so the "
                                "application cannot run here. The name of one behind it helps",
                                name, part->name);
        if (n == 2)
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Address=: %s and %s of this node have addresses of the subnet of %s, so the "
                                "application cannot run here. The name of one behind it helps",
                                name, found[0], found[1], part->name);
        return 0;
}

int verify_parts(const AppConfig *app, ConfigMessages *messages)
{
        struct ifaddrs *all = NULL;
        int r = 0;

        if (app->parts.n_items == 0)
                return 0;
        if (getifaddrs(&all) < 0)
                return errno == ENOMEM ? -ENOMEM : 0; /* then it is not known */
        for (size_t i = 0; r >= 0 && i < app->parts.n_items; i++)
                if (app->parts.items[i].kind == PART_ADDRESS)
                        r = check_address(app, app->parts.items + i, all, messages);
                else if (app->parts.items[i].kind == PART_DEVICE || app->parts.items[i].kind == PART_MOUNT)
                        r = verify_mount(app, app->parts.items + i, messages);
                else if (app->parts.items[i].kind == PART_UNIT)
                        r = verify_unit(app, app->parts.items + i, messages);
        freeifaddrs(all);
        return r;
}
