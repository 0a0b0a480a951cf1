/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/rtnl.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

/* Attributes, by their number. Those above the last are left out; of those that come twice the last counts. */
#define ATTRIBUTES_MAX 64
typedef struct Attribute {
        const uint8_t *data; /* NULL: not there */
        size_t size_bytes;
} Attribute;

static bool read_attributes(const uint8_t *data, size_t size_bytes, Attribute ret[static ATTRIBUTES_MAX])
{
        size_t at = 0;

        memset(ret, 0, ATTRIBUTES_MAX * sizeof(ret[0]));
        while (size_bytes - at >= sizeof(struct rtattr)) {
                struct rtattr head;

                memcpy(&head, data + at, sizeof(head));
                if (head.rta_len < sizeof(head) || head.rta_len > size_bytes - at)
                        return false;
                if ((head.rta_type & NLA_TYPE_MASK) < ATTRIBUTES_MAX)
                        ret[head.rta_type & NLA_TYPE_MASK] =
                                        (Attribute){ data + at + sizeof(head), head.rta_len - sizeof(head) };
                at += MIN((size_t) RTA_ALIGN(head.rta_len), size_bytes - at);
        }
        return true;
}

static bool read_u32(const Attribute *a, uint32_t *ret)
{
        if (!a->data || a->size_bytes < sizeof(*ret))
                return false;
        memcpy(ret, a->data, sizeof(*ret));
        return true;
}

static void read_name(const Attribute *a, char ret[static IFNAMSIZ])
{
        size_t n = a->data ? strnlen((const char *) a->data, MIN(a->size_bytes, (size_t) IFNAMSIZ - 1)) : 0;

        for (size_t i = 0; i < n; i++)
                ret[i] = a->data[i] > ' ' && a->data[i] <= '~' ? (char) a->data[i] : '?';
        ret[n] = '\0';
}

static bool read_interface(const uint8_t *body, size_t size_bytes, Interface *ret)
{
        Attribute attributes[ATTRIBUTES_MAX];
        struct ifinfomsg head;

        if (size_bytes < sizeof(head))
                return false;
        memcpy(&head, body, sizeof(head));
        if (head.ifi_index <= 0 ||
                        !read_attributes(body + sizeof(head), size_bytes - sizeof(head), attributes))
                return false;
        *ret = (Interface){ .index = (uint32_t) head.ifi_index, .flags = head.ifi_flags };
        read_name(&attributes[IFLA_IFNAME], ret->name);
        if (head.ifi_type == ARPHRD_ETHER && !(head.ifi_flags & IFF_NOARP) &&
                        attributes[IFLA_ADDRESS].size_bytes == MAC_BYTES) {
                ret->is_ethernet = true;
                memcpy(ret->mac.bytes, attributes[IFLA_ADDRESS].data, MAC_BYTES);
        }
        return true;
}

static bool read_address(const uint8_t *body, size_t size_bytes, InterfaceAddress *ret)
{
        Attribute attributes[ATTRIBUTES_MAX];
        const Attribute *subnet = &attributes[IFA_ADDRESS], *own = &attributes[IFA_LOCAL];
        const Attribute *protocol = &attributes[IFA_PROTO];
        struct ifaddrmsg head;
        size_t n;

        if (size_bytes < sizeof(head))
                return false;
        memcpy(&head, body, sizeof(head));
        if ((head.ifa_family != AF_INET && head.ifa_family != AF_INET6) ||
                        !read_attributes(body + sizeof(head), size_bytes - sizeof(head), attributes))
                return false;
        *ret = (InterfaceAddress){ .index = head.ifa_index, .flags = head.ifa_flags };
        ret->address = (Address){ .family = head.ifa_family, .prefix = head.ifa_prefixlen };
        n = address_size(&ret->address);
        if (!own->data)
                own = subnet;
        if (!subnet->data)
                subnet = own;
        if (!own->data || own->size_bytes != n || subnet->size_bytes != n || head.ifa_prefixlen > 8 * n)
                return false;
        memcpy(ret->address.bytes, own->data, n);
        memcpy(ret->subnet, subnet->data, n);
        (void) read_u32(&attributes[IFA_FLAGS], &ret->flags); /* the head has the lower eight of them */
        ret->is_ours = protocol->size_bytes == 1 && protocol->data[0] == RTNL_PROTOCOL_OURS;
        return true;
}

static bool read_error(const uint8_t *body, size_t size_bytes, int *ret)
{
        int32_t error;

        if (size_bytes < sizeof(error))
                return false;
        memcpy(&error, body, sizeof(error));
        *ret = error < -4095 || error > 0 ? -EBADMSG : error;
        return true;
}

static bool read_body(unsigned type, const uint8_t *body, size_t size_bytes, RtnlMessage *m)
{
        switch (type) {
        case NLMSG_DONE:
                m->kind = RTNL_DONE;
                return size_bytes == 0 || read_error(body, size_bytes, &m->error);
        case NLMSG_ERROR:
                m->kind = RTNL_ANSWER;
                return read_error(body, size_bytes, &m->error);
        case RTM_NEWLINK:
        case RTM_DELLINK:
                m->kind = type == RTM_NEWLINK ? RTNL_INTERFACE : RTNL_INTERFACE_GONE;
                return read_interface(body, size_bytes, &m->interface);
        case RTM_NEWADDR:
        case RTM_DELADDR:
                m->kind = type == RTM_NEWADDR ? RTNL_ADDRESS : RTNL_ADDRESS_GONE;
                return read_address(body, size_bytes, &m->address);
        default:
                return true;
        }
}

int rtnl_next(const void *data, size_t size_bytes, size_t *at, RtnlMessage *ret)
{
        const uint8_t *bytes = data;
        RtnlMessage m = { .kind = RTNL_OTHER };
        struct nlmsghdr head;

        if (*at >= size_bytes)
                return 0;
        if (size_bytes - *at < sizeof(head))
                return -EBADMSG;
        memcpy(&head, bytes + *at, sizeof(head));
        if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size_bytes - *at)
                return -EBADMSG;
        m.sequence = head.nlmsg_seq;
        m.is_torn = head.nlmsg_flags & NLM_F_DUMP_INTR;
        if (!read_body(head.nlmsg_type, bytes + *at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN, &m))
                return -EBADMSG;
        *at += MIN((size_t) NLMSG_ALIGN(head.nlmsg_len), size_bytes - *at);
        *ret = m;
        return 1;
}

static void begin(RtnlRequest *q, unsigned type, unsigned flags, uint32_t sequence, const void *body,
                size_t size_bytes)
{
        struct nlmsghdr head = { .nlmsg_type = (uint16_t) type,
                .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
                .nlmsg_seq = sequence };

        *q = (RtnlRequest){};
        memcpy(q->data, &head, sizeof(head));
        memcpy(q->data + NLMSG_HDRLEN, body, size_bytes);
        q->size_bytes = NLMSG_HDRLEN + NLMSG_ALIGN(size_bytes);
}

/* Returns where it begins, for one that holds others. */
static size_t put(RtnlRequest *q, unsigned type, const void *data, size_t size_bytes)
{
        struct rtattr head = { .rta_type = (uint16_t) type, .rta_len = (uint16_t) RTA_LENGTH(size_bytes) };
        size_t at = q->size_bytes;

        ASSERT(at + RTA_SPACE(size_bytes) <= sizeof(q->data));
        memcpy(q->data + at, &head, sizeof(head));
        if (size_bytes > 0)
                memcpy(q->data + at + sizeof(head), data, size_bytes);
        q->size_bytes = at + RTA_SPACE(size_bytes);
        return at;
}

static void put_end(RtnlRequest *q, size_t at)
{
        uint16_t length = (uint16_t) (q->size_bytes - at);

        memcpy(q->data + at + offsetof(struct rtattr, rta_len), &length, sizeof(length));
}

static void finish(RtnlRequest *q)
{
        uint32_t length = (uint32_t) q->size_bytes;

        memcpy(q->data + offsetof(struct nlmsghdr, nlmsg_len), &length, sizeof(length));
}

void rtnl_list_interfaces(uint32_t sequence, RtnlRequest *ret)
{
        struct ifinfomsg body = { .ifi_family = AF_UNSPEC };

        begin(ret, RTM_GETLINK, NLM_F_DUMP, sequence, &body, sizeof(body));
        finish(ret);
}

void rtnl_list_addresses(int family, uint32_t sequence, RtnlRequest *ret)
{
        struct ifaddrmsg body = { .ifa_family = (uint8_t) family };

        begin(ret, RTM_GETADDR, NLM_F_DUMP, sequence, &body, sizeof(body));
        finish(ret);
}

void rtnl_add(const AddressSpec *a, uint32_t index, uint32_t sequence, RtnlRequest *ret)
{
        const Address *address = &a->address;
        struct ifaddrmsg body = {
                .ifa_family = (uint8_t) address->family, .ifa_prefixlen = address->prefix, .ifa_index = index
        };
        uint32_t flags = IFA_F_NODAD;
        uint8_t protocol = RTNL_PROTOCOL_OURS, broadcast[4];

        begin(ret, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, sequence, &body, sizeof(body));
        (void) put(ret, IFA_LOCAL, address->bytes, address_size(address));
        (void) put(ret, IFA_ADDRESS, address->bytes, address_size(address));
        if (address_broadcast(address, broadcast))
                (void) put(ret, IFA_BROADCAST, broadcast, sizeof(broadcast));
        if (a->label[0] != '\0')
                (void) put(ret, IFA_LABEL, a->label, strlen(a->label) + 1);
        if (address->family == AF_INET6)
                (void) put(ret, IFA_FLAGS, &flags, sizeof(flags));
        (void) put(ret, IFA_PROTO, &protocol, sizeof(protocol));
        finish(ret);
}

void rtnl_remove(const Address *a, uint32_t index, uint32_t sequence, RtnlRequest *ret)
{
        struct ifaddrmsg body = {
                .ifa_family = (uint8_t) a->family, .ifa_prefixlen = a->prefix, .ifa_index = index
        };

        begin(ret, RTM_DELADDR, NLM_F_ACK, sequence, &body, sizeof(body));
        (void) put(ret, IFA_LOCAL, a->bytes, address_size(a));
        (void) put(ret, IFA_ADDRESS, a->bytes, address_size(a));
        finish(ret);
}

void rtnl_keep_secondaries(uint32_t index, uint32_t sequence, RtnlRequest *ret)
{
        struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_index = (int) index };
        uint32_t yes = 1;
        size_t families, family, settings;

        begin(ret, RTM_SETLINK, NLM_F_ACK, sequence, &body, sizeof(body));
        families = put(ret, IFLA_AF_SPEC | NLA_F_NESTED, NULL, 0);
        family = put(ret, AF_INET | NLA_F_NESTED, NULL, 0);
        settings = put(ret, IFLA_INET_CONF | NLA_F_NESTED, NULL, 0);
        (void) put(ret, IPV4_DEVCONF_PROMOTE_SECONDARIES, &yes, sizeof(yes));
        put_end(ret, settings);
        put_end(ret, family);
        put_end(ret, families);
        finish(ret);
}
