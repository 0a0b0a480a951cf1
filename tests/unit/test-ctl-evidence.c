/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host shows of a part that may have ended. systemd is a thread at the other end of the bus. */

#include <ifaddrs.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ip-address.h"
#include "base/text.h"
#include "ctl/evidence.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define PATH_PREFIX "/unit/"

typedef struct FakeUnit {
        const char *name, *path, *state;
        uint32_t pid; /* in its control group; 0: none */
} FakeUnit;

static const FakeUnit units[] = {
        { "at-work.service", PATH_PREFIX "work", "active", 7 },
        { "over.service", PATH_PREFIX "over", "inactive", 0 },
        { "failed.service", PATH_PREFIX "failed", "failed", 0 },
        { "left.service", PATH_PREFIX "left", "failed", 4711 },
        { "ending.mount", PATH_PREFIX "ending", "deactivating", 0 },
        { "distro-app-web:ip-192.0.2.9.service", PATH_PREFIX "address", "failed", 0 },
        { "distro-app-web:ip-192.0.2.10.service", PATH_PREFIX "other", "active", 3 },
};

static const FakeUnit *find_unit(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (streq(units[i].name, name) || streq(units[i].path, name))
                        return units + i;
        return NULL;
}

static int answer(sd_bus_message *m, const FakeUnit *u)
{
        if (sd_bus_message_is_method_call(m, MANAGER, "GetUnit"))
                return sd_bus_reply_method_return(m, "o", u->path);
        if (sd_bus_message_is_method_call(m, MANAGER, "GetUnitProcesses") && u->pid != 0)
                return sd_bus_reply_method_return(m, "a(sus)", 1, "/group", u->pid, "/bin/left over");
        if (sd_bus_message_is_method_call(m, MANAGER, "GetUnitProcesses"))
                return sd_bus_reply_method_return(m, "a(sus)", 0);
        return sd_bus_reply_method_return(m, "v", "s", u->state); /* Properties.Get */
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name = NULL;
        const FakeUnit *u;
        uint8_t type;

        if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;
        if (sd_bus_message_is_method_call(m, MANAGER, NULL)) {
                assert_int_equal(sd_bus_message_read(m, "s", &name), 1);
                u = find_unit(name);
        } else
                u = find_unit(sd_bus_message_get_path(m));
        if (!u)
                return sd_bus_reply_method_errorf(
                                m, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not loaded.", name);
        return answer(m, u) < 0 ? -EIO : 1;
}

static void *serve(void *fd)
{
        sd_bus *bus = NULL;
        sd_id128_t id = SD_ID128_MAKE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f);
        int r;

        assert_int_equal(sd_bus_new(&bus), 0);
        assert_true(sd_bus_set_fd(bus, *(int *) fd, *(int *) fd) >= 0 &&
                        sd_bus_set_server(bus, true, id) >= 0);
        assert_true(sd_bus_add_filter(bus, NULL, on_message, NULL) >= 0 && sd_bus_start(bus) >= 0);
        while ((r = sd_bus_process(bus, NULL)) >= 0)
                if (r == 0)
                        (void) sd_bus_wait(bus, UINT64_MAX);
        sd_bus_unref(bus);
        return NULL;
}

typedef struct Fake {
        pthread_t thread;
        int fds[2];
        sd_bus *bus;
} Fake;

static void fake_begin(Fake *f)
{
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, f->fds), 0);
        assert_int_equal(pthread_create(&f->thread, NULL, serve, &f->fds[1]), 0);
        assert_int_equal(sd_bus_new(&f->bus), 0);
        assert_true(sd_bus_set_fd(f->bus, f->fds[0], f->fds[0]) >= 0 && sd_bus_start(f->bus) >= 0);
}

static void fake_end(Fake *f)
{
        sd_bus_flush_close_unref(f->bus);
        assert_int_equal(pthread_join(f->thread, NULL), 0);
}

/* NULL: nothing is to be seen. */
static void check(int r, char *why, const char *wanted)
{
        assert_int_equal(r, 0);
        if (wanted) {
                assert_non_null(why);
                assert_string_equal(why, wanted);
        } else if (why)
                fail_msg("%s", why);
        free(why);
}

static void test_units(void **state)
{
        static const struct {
                const char *unit, *why;
        } cases[] = {
                { "at-work.service", "at-work.service is active" },
                { "ending.mount", "ending.mount is deactivating" },
                { "over.service", NULL },
                { "failed.service", NULL },
                { "nobody-knows.service", NULL },
                { "left.service", "left.service has a process in its control group, 4711 (/bin/left over)" },
        };
        Fake f;

        fake_begin(&f);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *why = NULL;
                int r = evidence_of_unit(f.bus, cases[i].unit, &why);

                check(r, why, cases[i].why);
        }
        fake_end(&f);
}

static void test_mounts(void **state)
{
        char *why = NULL;
        int r = evidence_of_mount("/proc", &why);

        check(r, why, "/proc is mounted");
        r = evidence_of_mount("/proc/no mount", &why);
        check(r, why, NULL);
}

/* One that is in use needs a disk: tests/cluster/clear-part.sh. */
static void test_devices(void **state)
{
        char *why = NULL;
        int r = evidence_of_device("/dev/no-such-device", &why);

        check(r, why, NULL);
        assert_true(evidence_of_device("/proc/self/mem/x", &why) < 0); /* it cannot be told */
}

/* An address that this host has, beside the loopback; empty: there is none. */
static void own_address(char *ret, size_t size, const char **ret_interface)
{
        static char name[64];
        struct ifaddrs *all = NULL;

        *ret = '\0';
        assert_int_equal(getifaddrs(&all), 0);
        for (const struct ifaddrs *i = all; i && !*ret; i = i->ifa_next) {
                char text[ADDRESS_TEXT_MAX];
                Address a;

                if (!i->ifa_addr || !address_of_socket(i->ifa_addr, &a) || address_is_loopback(&a) ||
                                address_is_link_local(&a))
                        continue;
                snprintf(ret, size, "%s/%u", address_format(text, &a), a.family == AF_INET ? 24u : 64u);
                snprintf(name, sizeof(name), "%s", i->ifa_name);
        }
        freeifaddrs(all);
        *ret_interface = name;
}

static void test_addresses(void **state)
{
        const char *interface;
        char own[64], wanted[160], *why = NULL;
        int r = evidence_of_address("192.0.2.77/24", &why);

        check(r, why, NULL);
        own_address(own, sizeof(own), &interface);
        if (!*own)
                skip();
        snprintf(wanted, sizeof(wanted), "%s is on %s", own, interface);
        r = evidence_of_address(own, &why);
        check(r, why, wanted);
}

/* Its unit first, then the thing itself. */
static void test_parts(void **state)
{
        const Part gone = { .kind = PART_ADDRESS,
                .id = (char[]){ "ip-192.0.2.9" },
                .name = (char[]){ "192.0.2.9/24" } },
                   there = { .kind = PART_ADDRESS,
                           .id = (char[]){ "ip-192.0.2.10" },
                           .name = (char[]){ "192.0.2.10/24" } },
                   mounted = { .kind = PART_MOUNT,
                           .id = (char[]){ "proc.mount" },
                           .name = (char[]){ "/proc" } },
                   installed = { .kind = PART_UNIT,
                           .id = (char[]){ "left.service" },
                           .name = (char[]){ "left.service" } };
        char *why = NULL;
        Fake f;
        int r;

        fake_begin(&f);
        r = evidence_of_part(f.bus, "web", &gone, &why);
        check(r, why, NULL);
        r = evidence_of_part(f.bus, "web", &there, &why);
        check(r, why, "distro-app-web:ip-192.0.2.10.service is active");
        r = evidence_of_part(f.bus, "web", &mounted, &why);
        check(r, why, "/proc is mounted");
        r = evidence_of_part(f.bus, "web", &installed, &why);
        check(r, why, "left.service has a process in its control group, 4711 (/bin/left over)");
        fake_end(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_mounts),
                cmocka_unit_test(test_devices),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_parts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
