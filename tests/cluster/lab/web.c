/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A web server that says on which host it is, a client that never stops asking, and somebody who looks who has an address.
 *
 *   web serve PORT              answers all that comes with the name of the host
 *   web ask ADDRESS PORT        asks again and again; a line "MICROSECONDS HOST" for each answer
 *   web who ADDRESS INTERFACE   asks the network three times within 0.3 s, and prints each MAC that says that it has it
 *
 * The client waits 250 ms for an answer, and 10 ms from one question to the next. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MSEC 250
#define PAUSE_MSEC 10
#define WHO_TIMES 3
#define WHO_MSEC 100
#define MACS_MAX 16

static uint64_t now_usec(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static int die(const char *what)
{
        perror(what);
        return 1;
}

/* ---- the server ---- */

static void tell_systemd(void)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (path && fd >= 0 && strlen(path) < sizeof(a.sun_path)) {
                strcpy(a.sun_path, path);
                if (*path == '@')
                        a.sun_path[0] = 0;
                (void) sendto(fd, "READY=1", 7, 0, (struct sockaddr *) &a,
                                (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path)));
        }
        if (fd >= 0)
                close(fd);
}

static int serve(uint16_t port)
{
        struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        char host[64] = "", answer[128], question[512];
        const struct timeval patience = { .tv_sec = 1 };
        int one = 1, zero = 0, n, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        signal(SIGPIPE, SIG_IGN);
        gethostname(host, sizeof(host) - 1);
        n = snprintf(answer, sizeof(answer), "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%s\n", host);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
                        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)) < 0 ||
                        bind(fd, (struct sockaddr *) &a, sizeof(a)) < 0 || listen(fd, 64) < 0)
                return die("cannot listen");
        tell_systemd();
        for (;;) {
                int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

                if (c < 0)
                        continue;
                (void) setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
                if (recv(c, question, sizeof(question), 0) > 0)
                        (void) send(c, answer, (size_t) n, 0);
                close(c);
        }
}

/* ---- the client ---- */

static bool wait_for(int fd, short events, uint64_t deadline_usec)
{
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        struct pollfd p = { .fd = fd, .events = events };

        return now < deadline_usec && poll(&p, 1, (int) ((deadline_usec - now + 999) / 1000)) > 0;
}

/* The host that answers; false: nobody does in time. */
static bool ask_once(const struct addrinfo *to, char *ret_host, size_t size)
{
        static const char question[] = "GET / HTTP/1.0\r\n\r\n";
        uint64_t deadline_usec = now_usec(CLOCK_MONOTONIC) + ANSWER_MSEC * 1000;
        int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        char text[512], *body;
        size_t n = 0;
        ssize_t k = -1;

        if (fd < 0)
                return false;
        if ((connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS) ||
                        !wait_for(fd, POLLOUT, deadline_usec) ||
                        send(fd, question, strlen(question), MSG_NOSIGNAL) < 0) {
                close(fd);
                return false;
        }
        while (n < sizeof(text) - 1 && wait_for(fd, POLLIN, deadline_usec) &&
                        (k = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
                n += (size_t) k;
        close(fd);
        text[n] = 0;
        body = strstr(text, "\r\n\r\n");
        if (k != 0 || !body)
                return false;
        snprintf(ret_host, size, "%.*s", (int) strcspn(body + 4, "\n"), body + 4);
        return true;
}

static int ask(const char *address, const char *port)
{
        const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                .ai_socktype = SOCK_STREAM };
        struct addrinfo *to;
        char host[64];

        if (getaddrinfo(address, port, &hints, &to) != 0)
                return 2;
        for (;;) {
                if (ask_once(to, host, sizeof(host))) {
                        printf("%llu %s\n", (unsigned long long) now_usec(CLOCK_REALTIME), host);
                        fflush(stdout);
                }
                usleep(PAUSE_MSEC * 1000);
        }
}

/* ---- who has an address ---- */

typedef struct Looker {
        int fd, index;
        uint8_t mac[6];
        bool is_v6;
        uint8_t address[16];
        uint8_t found[MACS_MAX][6];
        size_t n_found;
} Looker;

static uint16_t checksum(const uint8_t *a, size_t n, uint32_t sum)
{
        for (size_t i = 0; i + 1 < n; i += 2)
                sum += (uint32_t) (a[i] << 8 | a[i + 1]);
        while (sum > 0xffff)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t) ~sum;
}

static void found(Looker *l, const uint8_t *mac)
{
        for (size_t i = 0; i < l->n_found; i++)
                if (memcmp(l->found[i], mac, 6) == 0)
                        return;
        if (l->n_found < MACS_MAX)
                memcpy(l->found[l->n_found++], mac, 6);
}

/* As a host that looks for a duplicate asks: from no address. */
static void send_arp(const Looker *l)
{
        struct ether_arp a = { .ea_hdr = { htons(ARPHRD_ETHER), htons(ETH_P_IP), 6, 4,
                                               htons(ARPOP_REQUEST) } };
        uint8_t frame[60];

        memcpy(a.arp_sha, l->mac, 6);
        memcpy(a.arp_tpa, l->address, 4);
        memset(frame, 0, sizeof(frame));
        memset(frame, 0xff, 6);
        memcpy(frame + 6, l->mac, 6);
        frame[12] = 0x08;
        frame[13] = 0x06;
        memcpy(frame + 14, &a, sizeof(a));
        (void) send(l->fd, frame, sizeof(frame), 0);
}

static void send_solicitation(const Looker *l)
{
        uint8_t frame[14 + 40 + 24] = { 0x33, 0x33, 0xff }, pseudo[40] = { 0 };
        struct ip6_hdr *ip = (void *) (frame + 14);
        struct nd_neighbor_solicit *ns = (void *) (frame + 54);
        uint16_t sum;

        memcpy(frame + 3, l->address + 13, 3);
        memcpy(frame + 6, l->mac, 6);
        frame[12] = 0x86;
        frame[13] = 0xdd;
        ip->ip6_flow = htonl(6u << 28);
        ip->ip6_plen = htons(24);
        ip->ip6_nxt = IPPROTO_ICMPV6;
        ip->ip6_hlim = 255;
        memcpy(&ip->ip6_dst, (const uint8_t[]){ 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff }, 13);
        memcpy((uint8_t *) &ip->ip6_dst + 13, l->address + 13, 3);
        ns->nd_ns_type = ND_NEIGHBOR_SOLICIT;
        memcpy(&ns->nd_ns_target, l->address, 16);
        memcpy(pseudo, &ip->ip6_src, 32);
        pseudo[35] = 24;
        pseudo[39] = IPPROTO_ICMPV6;
        sum = checksum(frame + 54, 24, (uint16_t) ~checksum(pseudo, sizeof(pseudo), 0));
        ns->nd_ns_cksum = htons(sum);
        (void) send(l->fd, frame, sizeof(frame), 0);
}

/* An advertisement's link-layer address is an option; without it the frame says from whom it is. */
static void take_frame(Looker *l, const uint8_t *f, size_t n)
{
        if (!l->is_v6 && n >= 42 && f[12] == 0x08 && f[13] == 0x06 && f[21] == ARPOP_REPLY &&
                        memcmp(f + 28, l->address, 4) == 0)
                found(l, f + 22);
        if (l->is_v6 && n >= 78 && f[12] == 0x86 && f[13] == 0xdd && f[20] == IPPROTO_ICMPV6 &&
                        f[54] == ND_NEIGHBOR_ADVERT && memcmp(f + 62, l->address, 16) == 0)
                found(l, n >= 86 && f[78] == ND_OPT_TARGET_LINKADDR ? f + 80 : f + 6);
}

static int looker_begin(Looker *l, const char *address, const char *interface)
{
        struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
        struct ifreq ifr = { 0 };

        l->is_v6 = inet_pton(AF_INET6, address, l->address) == 1;
        if (!l->is_v6 && inet_pton(AF_INET, address, l->address) != 1)
                return -1;
        l->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
        snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
        if (l->fd < 0 || ioctl(l->fd, SIOCGIFHWADDR, &ifr) < 0)
                return -1;
        memcpy(l->mac, ifr.ifr_hwaddr.sa_data, 6);
        a.sll_ifindex = (int) if_nametoindex(interface);
        return bind(l->fd, (struct sockaddr *) &a, sizeof(a));
}

static int who(const char *address, const char *interface)
{
        Looker l = { 0 };

        if (looker_begin(&l, address, interface) < 0)
                return die("cannot ask");
        for (unsigned i = 0; i < WHO_TIMES; i++) {
                uint64_t until_usec = now_usec(CLOCK_MONOTONIC) + WHO_MSEC * 1000;
                uint8_t frame[1514];

                if (l.is_v6)
                        send_solicitation(&l);
                else
                        send_arp(&l);
                while (wait_for(l.fd, POLLIN, until_usec)) {
                        ssize_t n = recv(l.fd, frame, sizeof(frame), MSG_DONTWAIT);

                        if (n > 0)
                                take_frame(&l, frame, (size_t) n);
                }
        }
        for (size_t i = 0; i < l.n_found; i++)
                printf("%02x:%02x:%02x:%02x:%02x:%02x\n", l.found[i][0], l.found[i][1], l.found[i][2],
                                l.found[i][3], l.found[i][4], l.found[i][5]);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "serve") == 0)
                return serve((uint16_t) atoi(argv[2]));
        if (argc == 4 && strcmp(argv[1], "ask") == 0)
                return ask(argv[2], argv[3]);
        if (argc == 4 && strcmp(argv[1], "who") == 0)
                return who(argv[2], argv[3]);
        fprintf(stderr, "usage: web serve PORT | ask ADDRESS PORT | who ADDRESS INTERFACE\n");
        return 2;
}
