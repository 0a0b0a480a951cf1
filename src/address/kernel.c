/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/kernel.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BUFFER_BYTES (64 * 1024)
#define NEWS_BYTES (1024 * 1024)
#define LIST_TRIES 10

static int open_netlink(unsigned groups, int flags)
{
        struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = groups };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE), r;

        if (fd < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *) &own, sizeof(own)) < 0) {
                r = -errno;
                (void) close(fd);
                return r;
        }
        return fd;
}

int kernel_open(Kernel *k)
{
        struct timeval answer = { .tv_sec = KERNEL_ANSWER_USEC / USEC_PER_SEC };
        int bytes = NEWS_BYTES;

        *k = KERNEL_NONE;
        k->buffer = malloc(BUFFER_BYTES);
        if (!k->buffer)
                return -ENOMEM;
        k->news_fd = open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, SOCK_NONBLOCK);
        if (k->news_fd < 0)
                return k->news_fd;
        /* Where it does not become greater more is lost, which is noticed. */
        (void) setsockopt(k->news_fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
        k->request_fd = open_netlink(0, 0);
        if (k->request_fd < 0)
                return k->request_fd;
        if (setsockopt(k->request_fd, SOL_SOCKET, SO_RCVTIMEO, &answer, sizeof(answer)) < 0)
                return -errno;
        return 0;
}

static void close_one(int *fd)
{
        if (*fd >= 0)
                (void) close(*fd);
        *fd = -1;
}

void kernel_done(Kernel *k)
{
        close_one(&k->request_fd);
        close_one(&k->news_fd);
        free(k->buffer);
        *k = KERNEL_NONE;
}

/* Returns the number of bytes, which are the kernel's, or 0 for a datagram of somebody else. */
static ssize_t receive(int fd, uint8_t *buffer)
{
        struct sockaddr_nl sender = {};
        socklen_t size = sizeof(sender);
        ssize_t n;

        do
                n = recvfrom(fd, buffer, BUFFER_BYTES, MSG_TRUNC, (struct sockaddr *) &sender, &size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (size != sizeof(sender) || sender.nl_pid != 0)
                return 0;
        return n > BUFFER_BYTES ? -EMSGSIZE : n;
}

static int send_request(Kernel *k, const RtnlRequest *q)
{
        struct sockaddr_nl to = { .nl_family = AF_NETLINK };

        if (sendto(k->request_fd, q->data, q->size_bytes, 0, (struct sockaddr *) &to, sizeof(to)) < 0)
                return -errno;
        return 0;
}

/* Takes what one datagram brings. Returns 1 once the answer is whole; *torn is set where the list has to be asked for
 * again. */
static int take_answer(const uint8_t *data, size_t size_bytes, uint32_t sequence, Network *n, bool *torn)
{
        RtnlMessage m;
        size_t at = 0;
        int r;

        while ((r = rtnl_next(data, size_bytes, &at, &m)) > 0) {
                if (m.sequence != sequence)
                        continue; /* of a request that was given up */
                *torn = *torn || m.is_torn;
                if (m.kind == RTNL_DONE || m.kind == RTNL_ANSWER)
                        return m.error < 0 ? m.error : 1;
                r = n ? network_take(n, &m) : 0;
                if (r < 0)
                        return r;
        }
        return r;
}

static int ask(Kernel *k, const RtnlRequest *q, Network *n, bool *ret_torn)
{
        bool torn = false;
        int r = send_request(k, q);

        while (r == 0) {
                ssize_t size = receive(k->request_fd, k->buffer);

                if (size < 0)
                        return (int) size;
                r = take_answer(k->buffer, (size_t) size, k->sequence, n, &torn);
        }
        if (r < 0)
                return r;
        *ret_torn = torn;
        return 0;
}

int kernel_list(Kernel *k, int family, Network *ret)
{
        for (size_t i = 0; i < LIST_TRIES; i++) {
                bool torn_interfaces, torn_addresses;
                Network n = {};
                RtnlRequest q;
                int r;

                rtnl_list_interfaces(++k->sequence, &q);
                r = ask(k, &q, &n, &torn_interfaces);
                if (r >= 0) {
                        rtnl_list_addresses(family, ++k->sequence, &q);
                        r = ask(k, &q, &n, &torn_addresses);
                }
                if (r >= 0 && !torn_interfaces && !torn_addresses) {
                        *ret = n;
                        return 0;
                }
                network_done(&n);
                if (r < 0)
                        return r;
        }
        return -EBUSY;
}

/* Whether it is there with our mark. */
static int is_marked(Kernel *k, const Address *a, uint32_t index)
{
        const InterfaceAddress *found;
        Network n;
        int r = kernel_list(k, a->family, &n);

        if (r < 0)
                return r;
        found = network_find(&n, a, index);
        r = !found || found->is_ours;
        network_done(&n);
        return r;
}

int kernel_add(Kernel *k, const AddressSpec *a, uint32_t index)
{
        RtnlRequest q;
        bool torn;
        int r;

        rtnl_add(a, index, ++k->sequence, &q);
        r = ask(k, &q, NULL, &torn);
        if (r < 0)
                return r;
        r = is_marked(k, &a->address, index);
        if (r > 0)
                return 0;
        rtnl_remove(&a->address, index, ++k->sequence, &q);
        (void) ask(k, &q, NULL, &torn); /* the first error is the one that is told */
        return r < 0 ? r : -EOPNOTSUPP;
}

int kernel_remove(Kernel *k, const Network *n, const InterfaceAddress *a)
{
        RtnlRequest q;
        bool torn;
        int r;

        if (network_has_secondaries(n, a)) {
                rtnl_keep_secondaries(a->index, ++k->sequence, &q);
                r = ask(k, &q, NULL, &torn);
                if (r < 0)
                        return r;
        }
        rtnl_remove(&a->address, a->index, ++k->sequence, &q);
        r = ask(k, &q, NULL, &torn);
        return r == -EADDRNOTAVAIL || r == -ENODEV ? 0 : r;
}

int kernel_news(Kernel *k, uint32_t index, bool *ret_concerns)
{
        bool concerns = false;

        for (;;) {
                ssize_t size = receive(k->news_fd, k->buffer);
                RtnlMessage m;
                size_t at = 0;
                int r = 0;

                if (size == -EAGAIN)
                        break;
                if (size == -ENOBUFS || size == -EMSGSIZE) {
                        concerns = true;
                        continue;
                }
                if (size < 0)
                        return (int) size;
                while ((r = rtnl_next(k->buffer, (size_t) size, &at, &m)) > 0)
                        if (m.kind == RTNL_INTERFACE || m.kind == RTNL_INTERFACE_GONE)
                                concerns = concerns || m.interface.index == index;
                        else if (m.kind == RTNL_ADDRESS || m.kind == RTNL_ADDRESS_GONE)
                                concerns = concerns || m.address.index == index;
                if (r < 0)
                        concerns = true; /* what could not be read is looked for in the list */
        }
        *ret_concerns = concerns;
        return 0;
}

/* Of IPv6 all traffic of the interface would arrive: only solicitations and advertisements may. */
static int filter_discovery(int fd)
{
        struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, 0xffff),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        struct sock_fprog program = { .len = ELEMENTSOF(steps), .filter = steps };

        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

/* Others that ask for the address as we do send to its group. */
static int join_solicited(int fd, uint32_t index, const Address *a)
{
        struct packet_mreq group = {
                .mr_ifindex = (int) index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = MAC_BYTES
        };
        Mac mac;

        frame_solicited_mac(a, &mac);
        memcpy(group.mr_address, mac.bytes, MAC_BYTES);
        return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

int kernel_open_frames(uint32_t index, const Address *listens_for)
{
        struct sockaddr_ll own = { .sll_family = AF_PACKET, .sll_ifindex = (int) index };
        int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

        if (fd < 0)
                return -errno;
        if (listens_for && listens_for->family == AF_INET6) {
                own.sll_protocol = htobe16(ETH_P_IPV6);
                r = filter_discovery(fd);
                if (r >= 0)
                        r = join_solicited(fd, index, listens_for);
        } else if (listens_for)
                own.sll_protocol = htobe16(ETH_P_ARP);
        if (r >= 0 && bind(fd, (struct sockaddr *) &own, sizeof(own)) < 0)
                r = -errno;
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        return fd;
}

int kernel_send_frame(int fd, const Frame *f)
{
        if (send(fd, f->data, f->size_bytes, 0) >= 0)
                return 0;
        return errno == ENETDOWN || errno == ENOBUFS || errno == EAGAIN || errno == ENXIO || errno == ENODEV
                               ? 0
                               : -errno;
}

bool kernel_is_router(const char *interface)
{
        char path[64 + IFNAMSIZ], value[2] = "";
        int fd;

        snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", interface);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        if (read(fd, value, 1) != 1)
                value[0] = '0';
        (void) close(fd);
        return value[0] != '0';
}
