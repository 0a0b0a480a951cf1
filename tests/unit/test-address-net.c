/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* distro-address among real hosts. Needs root, ip(8), veth and bridges; says what is missing and is skipped without. */

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address-hosts.h"
#include "base/text.h"

#define SKIPPED 77

static Host *const a = &hosts[0], *const b = &hosts[1];

static void test_taken(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                char wanted[256], text[MAC_TEXT_MAX];
                uint64_t asked_usec, took_usec;
                Mac asker;
                Keeper k;
                int fd;

                net_must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                fd = client_watch(f);
                k = KEEPER_START(b, "run", f->address, "eth0", "--timeout=0");
                asker = client_next_claim(fd, f);
                asked_usec = net_now_usec();
                assert_memory_equal(&asker, &b->mac, sizeof(asker));
                assert_int_equal(keeper_end(&k), 2);
                took_usec = net_now_usec() - asked_usec;
                snprintf(wanted, sizeof(wanted), "%s: another host has it (%s, on eth0)", f->bare,
                                mac_format(text, &a->mac));
                assert_non_null(strstr(k.said, wanted));
                assert_non_null(strstr(k.status, wanted));
                assert_false(k.ready);
                assert_false(net_has_address(b, f));
                printf("%s: refused %.1f ms after the question\n", f->bare, (double) took_usec / 1000);
                assert_true(took_usec < 300 * USEC_PER_MSEC);
                (void) close(fd);
                net_must(a, "ip addr del %s dev eth0", f->address);
        }
}

static void test_asked_again(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                Keeper k;

                net_must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                k = KEEPER_START(b, "run", f->address, "eth0");
                keeper_must(&k, keeper_says, "on eth0); it is asked again each second");
                net_must(a, "ip addr del %s dev eth0", f->address);
                keeper_must(&k, keeper_is_ready, NULL);
                assert_true(net_has_address(b, f));
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        }
}

/* Two that begin at once: not both. */
static void test_asks_at_once(void **state)
{
        const Family *f = &families[0];
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "--timeout=0");
        Keeper l = KEEPER_START(b, "run", f->address, "eth0", "--timeout=0");

        (void) keeper_wait(&k, keeper_is_ready, NULL);
        (void) keeper_wait(&l, keeper_is_ready, NULL);
        assert_false(k.ready && l.ready);
        if (k.ready)
                assert_int_equal(kill(k.pid, SIGTERM), 0);
        if (l.ready)
                assert_int_equal(kill(l.pid, SIGTERM), 0);
        (void) keeper_end(&k);
        (void) keeper_end(&l);
}

static void test_life(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                char wanted[128];
                Keeper k;

                client_forget_neighbour(f);
                k = KEEPER_START(a, "run", f->address);
                keeper_must(&k, keeper_is_ready, NULL);
                snprintf(wanted, sizeof(wanted), "%s is on eth0", f->address);
                keeper_must(&k, keeper_says, wanted);
                client_talk_to(f);
                client_wait_for_neighbour(f, a);
                if (f->family == AF_INET)
                        assert_true(net_shows(a, "192.0.2.10/24 brd 192.0.2.255 scope global secondary eth0",
                                        NET_SHOW_ADDRESSES));
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_string_equal(k.said, "");
                assert_false(net_has_address(a, f));
        }
}

/* From the start of the process to the first announcement at the client. */
static void test_speed(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                int fd = client_watch(f);
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                Mac mac = client_next_claim(fd, f);
                uint64_t took_usec = net_now_usec() - k.started_usec;

                assert_memory_equal(&mac, &a->mac, sizeof(mac));
                keeper_must(&k, keeper_is_ready, NULL);
                printf("%s: added and announced after %.1f ms\n", f->bare, (double) took_usec / 1000);
                assert_true(took_usec < USEC_PER_SEC); /* nobody was asked, and nothing was waited for */
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                (void) close(fd);
        }
}

static void test_announcements(void **state)
{
        static const uint64_t moments_usec[] = { 0, 0, USEC_PER_SEC, USEC_PER_SEC, 5 * USEC_PER_SEC,
                5 * USEC_PER_SEC };
        const Family *f = &families[0];
        int fd = client_watch(f);
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
        uint64_t first_usec = 0;

        for (size_t i = 0; i < ELEMENTSOF(moments_usec); i++) {
                (void) client_next_claim(fd, f);
                if (i == 0)
                        first_usec = net_now_usec();
                assert_true(net_now_usec() - first_usec + 20 * USEC_PER_MSEC >= moments_usec[i]);
                assert_true(net_now_usec() - first_usec <= moments_usec[i] + 900 * USEC_PER_MSEC);
        }
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        (void) close(fd);
}

static void test_move(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                uint64_t ready_usec;
                Keeper k;

                client_forget_neighbour(f);
                k = KEEPER_START(a, "run", f->address, "eth0");
                keeper_must(&k, keeper_is_ready, NULL);
                client_talk_to(f);
                client_wait_for_neighbour(f, a);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);

                /* One that does not announce: the client does not know. */
                k = KEEPER_START(b, "run", f->address, "eth0", "announce=no");
                keeper_must(&k, keeper_is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_true(client_neighbour_is(f, a));

                k = KEEPER_START(b, "run", f->address, "eth0");
                keeper_must(&k, keeper_is_ready, NULL);
                ready_usec = net_now_usec();
                client_wait_for_neighbour(f, b); /* the client says nothing meanwhile */
                printf("%s: the client knew of the move %.1f ms after it\n", f->bare,
                                (double) (net_now_usec() - ready_usec) / 1000);
                assert_true(net_now_usec() - ready_usec <
                                900 * USEC_PER_MSEC); /* by the first announcement */
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        }
}

static void test_removed_by_hand(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                char wanted[128];
                uint64_t removed_usec;
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

                keeper_must(&k, keeper_is_ready, NULL);
                net_must(a, "ip addr del %s dev eth0", f->address);
                removed_usec = net_now_usec();
                assert_int_equal(keeper_end(&k), 1);
                snprintf(wanted, sizeof(wanted), "%s: removed from eth0 by somebody else", f->bare);
                assert_string_equal(k.status, wanted);
                assert_non_null(strstr(k.said, wanted));
                printf("%s: ended %.1f ms after it was removed\n", f->bare,
                                (double) (net_now_usec() - removed_usec) / 1000);
                assert_true(net_now_usec() - removed_usec < USEC_PER_SEC);
        }
}

static void test_killed(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

                keeper_must(&k, keeper_is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL);
                assert_true(net_has_address(a, f));
                k = KEEPER_START(a, "del", f->address, "eth0", "check=no");
                assert_int_equal(keeper_end(&k), 0);
                assert_false(net_has_address(a, f));
                k = KEEPER_START(a, "del", f->address);
                assert_int_equal(keeper_end(&k), 0);
                k = KEEPER_START(a, "del", f->address, "eth9");
                assert_int_equal(keeper_end(&k), 0);

                /* Without del: the next one begins with what is left, and removes it at its end. */
                k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                keeper_must(&k, keeper_is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL);
                k = KEEPER_START(a, "run", f->address, "eth0", "check=no");
                keeper_must(&k, keeper_is_ready, NULL);
                assert_int_equal(keeper_stop(&k, SIGTERM), 0);
                assert_false(net_has_address(a, f));
        }
}

/* What somebody else has added is left alone, by whatever comes after the refusal too. */
static void test_not_ours(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                char wanted[128];
                Keeper k;

                net_must(a, "ip addr add %s dev eth0 %s", f->address, f->family == AF_INET6 ? "nodad" : "");
                k = KEEPER_START(a, "run", f->address, "eth0");
                assert_int_equal(keeper_end(&k), 2);
                snprintf(wanted, sizeof(wanted), "%s: is there already, not by us (on eth0)", f->bare);
                assert_string_equal(k.status, wanted);
                k = KEEPER_START(a, "del", f->address, "eth0");
                assert_int_equal(keeper_end(&k), 0);
                assert_non_null(strstr(k.said, "is on eth0, not by us: left there"));
                assert_true(net_has_address(a, f));
                net_must(a, "ip addr del %s dev eth0", f->address);
        }
}

static void test_twice(void **state)
{
        const Family *f = &families[0];
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no"), l;

        keeper_must(&k, keeper_is_ready, NULL);
        l = KEEPER_START(a, "run", f->address, "eth0", "check=no");
        assert_int_equal(keeper_end(&l), 2);
        assert_string_equal(l.status, "192.0.2.10: another distro-address has it");
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_false(net_has_address(a, f));
}

/* What comes after the refusal takes nothing away from the one that has it. */
static void test_del_of_another(void **state)
{
        for (size_t i = 0; i < N_FAMILIES; i++) {
                const Family *f = &families[i];
                Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no"), l;

                keeper_must(&k, keeper_is_ready, NULL);
                for (size_t with_interface = 0; with_interface < 2; with_interface++) {
                        l = KEEPER_START(a, "del", f->address, with_interface ? "eth0" : NULL);
                        assert_int_equal(keeper_end(&l), 0);
                        assert_non_null(strstr(l.said, ": another distro-address has it: left there"));
                        assert_true(net_has_address(a, f));
                }
                assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL); /* its lock went with it */
                l = KEEPER_START(a, "del", f->address, "eth0");
                assert_int_equal(keeper_end(&l), 0);
                assert_false(net_has_address(a, f));
        }
}

/* The interface got another name while the address was there. */
static void test_del_renamed(void **state)
{
        Keeper k;

        net_must(a, "ip link add eth1 type veth peer name eth2 && ip link set eth1 up");
        k = KEEPER_START(a, "run", "203.0.113.5/24", "eth1", "check=no");
        keeper_must(&k, keeper_is_ready, NULL);
        assert_int_equal(keeper_stop(&k, SIGKILL), 128 + SIGKILL);
        net_must(a, "ip link set eth1 down && ip link set eth1 name eth3");
        assert_true(net_shows(a, "203.0.113.5/24", NET_SHOW_ADDRESSES));
        k = KEEPER_START(a, "del", "203.0.113.5/24", "eth1");
        assert_int_equal(keeper_end(&k), 0);
        assert_false(net_shows(a, "203.0.113.5/24", NET_SHOW_ADDRESSES));
        net_must(a, "ip link del eth3");
}

static void test_interfaces(void **state)
{
        static const struct {
                const char *address, *interface, *error;
        } cases[] = {
                { "192.0.2.10/24", "eth9", "there is no interface eth9 on this node" },
                { "198.51.100.10/24", NULL,
                                "198.51.100.10: no interface has an address of its subnet: name one" },
                { "fe80::10/64", NULL, "fe80::10: eth0 and eth1 have addresses of its subnet: name one" },
        };
        Keeper k;

        net_must(a, "ip link add eth1 type veth peer name eth2 && ip link set eth1 arp off && ip link set eth1 up");
        net_must(a, "ip addr add fe80::1/64 dev eth1 nodad && ip addr replace fe80::2/64 dev eth0 nodad");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                k = KEEPER_START(a, "run", cases[i].address, cases[i].interface);
                assert_int_equal(keeper_end(&k), 2);
                assert_string_equal(k.status, cases[i].error);
        }
        k = KEEPER_START(a, "run", "192.0.2.10");
        assert_int_equal(keeper_end(&k), 6);
        net_must(a, "ip addr del fe80::2/64 dev eth0");

        /* One without ARP: nobody can be asked. */
        k = KEEPER_START(a, "run", "203.0.113.5/24", "eth1", "label=eth1:shop");
        keeper_must(&k, keeper_is_ready, NULL);
        assert_true(net_shows(
                        a, "203.0.113.5/24 brd 203.0.113.255 scope global eth1:shop", NET_SHOW_ADDRESSES));
        net_must(a, "ip link del eth1");
        assert_int_equal(keeper_end(&k), 1);
        assert_string_equal(k.status, "203.0.113.5: eth1 is gone");
}

static void test_carrier(void **state)
{
        const Family *f = &families[0];
        int fd = client_watch(f);
        Keeper k = KEEPER_START(a, "run", f->address, "eth0", "check=no");

        keeper_must(&k, keeper_is_ready, NULL);
        (void) client_next_claim(fd, f);
        net_must(NULL, "ip link set port0 down");
        keeper_must(&k, keeper_says, "eth0 lost its carrier");
        assert_true(net_has_address(a, f));
        while (recv(fd, &(uint8_t){ 0 }, 1, MSG_DONTWAIT) >= 0)
                ; /* what was announced before */
        net_must(NULL, "ip link set port0 up");
        keeper_must(&k, keeper_says_not, "carrier");
        (void) client_next_claim(fd, f);
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_string_equal(k.said, "eth0 lost its carrier\neth0 has its carrier again\n");
        (void) close(fd);
}

static void test_maintenance(void **state)
{
        const Family *f = &families[0];
        char path[64], option[96];
        Keeper k;

        net_path(path, sizeof(path), "maintenance");
        snprintf(option, sizeof(option), "--maintenance=%s", path);
        assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
        k = KEEPER_START(a, "run", f->address, "eth0", "check=no", option);
        keeper_must(&k, keeper_is_ready, NULL);
        net_must(a, "ip addr del %s dev eth0", f->address);
        keeper_must(&k, keeper_says, "failed: 192.0.2.10: removed from eth0 by somebody else");
        /* It stays, also where it has looked again. */
        net_must(a, "ip addr add %s dev eth0 && ip addr del %s dev eth0", f->address, f->address);
        assert_int_equal(kill(k.pid, 0), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(keeper_end(&k), 1);
        assert_string_equal(k.status, "192.0.2.10: removed from eth0 by somebody else");
}

/* The first address of a subnet goes, and the kernel does not take the others with it. */
static void test_secondaries(void **state)
{
        Keeper k = KEEPER_START(a, "run", "198.51.100.10/24", "eth0", "check=no"), l;

        keeper_must(&k, keeper_is_ready, NULL);
        l = KEEPER_START(a, "run", "198.51.100.11/24", "eth0", "check=no");
        keeper_must(&l, keeper_is_ready, NULL);
        assert_int_equal(keeper_stop(&k, SIGTERM), 0);
        assert_true(net_shows(a, "198.51.100.11/24", NET_SHOW_ADDRESSES));
        assert_false(net_shows(a, "198.51.100.10/24", NET_SHOW_ADDRESSES));
        assert_int_equal(keeper_stop(&l, SIGTERM), 0);
        assert_string_equal(l.said, "");
        assert_false(net_shows(a, "198.51.100.11/24", NET_SHOW_ADDRESSES));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_taken, net_clean),
                cmocka_unit_test_teardown(test_asked_again, net_clean),
                cmocka_unit_test_teardown(test_asks_at_once, net_clean),
                cmocka_unit_test_teardown(test_life, net_clean),
                cmocka_unit_test_teardown(test_speed, net_clean),
                cmocka_unit_test_teardown(test_announcements, net_clean),
                cmocka_unit_test_teardown(test_move, net_clean),
                cmocka_unit_test_teardown(test_removed_by_hand, net_clean),
                cmocka_unit_test_teardown(test_killed, net_clean),
                cmocka_unit_test_teardown(test_not_ours, net_clean),
                cmocka_unit_test_teardown(test_twice, net_clean),
                cmocka_unit_test_teardown(test_del_of_another, net_clean),
                cmocka_unit_test_teardown(test_del_renamed, net_clean),
                cmocka_unit_test_teardown(test_interfaces, net_clean),
                cmocka_unit_test_teardown(test_carrier, net_clean),
                cmocka_unit_test_teardown(test_maintenance, net_clean),
                cmocka_unit_test_teardown(test_secondaries, net_clean),
        };
        const char *missing = net_what_is_missing();
        int r;

        if (missing) {
                printf("SKIP: %s\n", missing);
                return SKIPPED;
        }
        /* Times are judged: other processes of this machine are not to be part of them. Where that is not allowed the
         * machine has to be fast enough. */
        (void) sched_setscheduler(0, SCHED_RR, &(struct sched_param){ .sched_priority = 1 });
        r = net_begin();
        if (r < 0) {
                printf("distro-address: %s\n", strerror(-r));
                return 1;
        }
        r = cmocka_run_group_tests(tests, net_connect, NULL);
        net_end();
        return r;
}
