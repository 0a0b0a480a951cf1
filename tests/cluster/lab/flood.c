/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* flood N [permit]: asks the manager of this host for N changes at once, on one connection, and counts what it is told:
 * maintenance on and off, or permissions that are there already. flood N read: as the user nobody reads all objects for N
 * seconds, as fast as the bus takes the calls, without wanting an answer. flood N hoard: as nobody has 40 connections
 * read all objects, and takes no answer, for N seconds. flood N private: as root
 * has 40 connections to the manager's own socket ask for all objects, again and again, and takes no answer, for N seconds.
 * flood N systemd: as read, but systemd is asked for its units. For
 * tests/cluster/flood.sh and guard.sh, which compile it. Prints "answered A, refused R, other O ERROR"; status 1 where an answer is
 * missing after 60 s. */

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

typedef struct Counts {
        unsigned answered, refused, other;
        char name[64]; /* of the last other error */
} Counts;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Counts *c = userdata;

        (void) ret_error;
        if (!sd_bus_message_is_method_error(m, NULL))
                c->answered++;
        else if (sd_bus_message_is_method_error(m, "org.distro.Error.TooMany"))
                c->refused++;
        else {
                c->other++;
                snprintf(c->name, sizeof(c->name), "%s", sd_bus_message_get_error(m)->name);
        }
        return 0;
}

static bool of_systemd;

static int ask_for_all(sd_bus *bus, int expect_reply)
{
        sd_bus_message *m = NULL;
        uint64_t cookie;
        int r = of_systemd ? sd_bus_message_new_method_call(bus, &m, "org.freedesktop.systemd1",
                                             "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                             "ListUnits")
                           : sd_bus_message_new_method_call(bus, &m, "org.distro.Manager1",
                                             "/org/distro/Manager1", "org.freedesktop.DBus.ObjectManager",
                                             "GetManagedObjects");

        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, expect_reply);
        if (r >= 0)
                r = sd_bus_send(bus, m, expect_reply ? &cookie : NULL); /* without one no answer is wanted */
        sd_bus_message_unref(m);
        return r;
}

static int read_without_answer(unsigned seconds)
{
        time_t end = time(NULL) + seconds;
        unsigned long n = 0;
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        while (r >= 0 && time(NULL) < end) {
                for (unsigned i = 0; i < 1000 && r >= 0; i++, n++)
                        r = ask_for_all(bus, 0);
                if (r >= 0)
                        r = sd_bus_flush(bus);
        }
        printf("asked %lu times\n", n);
        sd_bus_close_unref(bus);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int hoard(unsigned seconds)
{
        sd_bus *buses[40] = { NULL };
        int r = 0;

        for (unsigned i = 0; i < 40 && r >= 0; i++) {
                r = sd_bus_open_system(buses + i);
                for (unsigned k = 0; k < 120 && r >= 0; k++)
                        r = ask_for_all(buses[i], 1);
                if (r >= 0)
                        r = sd_bus_flush(buses[i]);
        }
        puts(r < 0 ? "failed" : "asked");
        fflush(stdout);
        sleep(seconds);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int open_private(sd_bus **ret)
{
        int r = sd_bus_new(ret);

        if (r >= 0)
                r = sd_bus_set_address(*ret, "unix:path=/run/distro-manager/private");
        if (r >= 0)
                r = sd_bus_start(*ret);
        while (r >= 0 && (r = sd_bus_is_ready(*ret)) == 0) {
                r = sd_bus_process(*ret, NULL);
                if (r == 0)
                        r = sd_bus_wait(*ret, 100000);
        }
        return r;
}

/* One that the manager has ended connects again. */
static int hoard_private(unsigned seconds)
{
        time_t end = time(NULL) + seconds;
        sd_bus *buses[40] = { NULL };
        unsigned long n_asked = 0, n_ended = 0;

        while (time(NULL) < end)
                for (unsigned i = 0; i < 40; i++) {
                        if (!buses[i] && open_private(buses + i) < 0) {
                                buses[i] = sd_bus_close_unref(buses[i]);
                                continue;
                        }
                        if (ask_for_all(buses[i], 1) < 0 || sd_bus_flush(buses[i]) < 0) {
                                buses[i] = sd_bus_close_unref(buses[i]);
                                n_ended++;
                        } else
                                n_asked++;
                }
        printf("asked %lu times, ended %lu times\n", n_asked, n_ended);
        for (unsigned i = 0; i < 40; i++)
                sd_bus_close_unref(buses[i]);
        return n_asked > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int as_nobody(const char *mode, unsigned seconds)
{
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
                return EXIT_FAILURE;
        of_systemd = strcmp(mode, "systemd") == 0;
        return of_systemd || strcmp(mode, "read") == 0 ? read_without_answer(seconds) : hoard(seconds);
}

int main(int argc, char **argv)
{
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 400;
        time_t end = time(NULL) + 60;
        Counts c = { 0, 0, 0, "" };
        bool permit = argc > 2 && strcmp(argv[2], "permit") == 0;
        sd_bus *bus = NULL;
        int r;

        if (argc > 2 && strcmp(argv[2], "private") == 0)
                return hoard_private(n);
        if (argc > 2 && !permit)
                return as_nobody(argv[2], n);
        r = sd_bus_open_system(&bus);
        for (unsigned i = 0; i < n && r >= 0; i++) {
                char app[16];

                snprintf(app, sizeof(app), "a%u", i % 60 + 1);
                if (permit)
                        r = sd_bus_call_method_async(bus, NULL, "org.distro.Manager1", "/org/distro/Manager1",
                                        "org.distro.Manager1", "Permit", on_answer, &c, "ssb", app, "def", 1);
                else
                        r = sd_bus_call_method_async(bus, NULL, "org.distro.Manager1", "/org/distro/Manager1",
                                        "org.distro.Manager1", "SetMaintenance", on_answer, &c, "sb", app,
                                        (int) (i / 60 % 2));
        }
        while (r >= 0 && c.answered + c.refused + c.other < n && time(NULL) < end) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, 1000000);
        }
        printf("answered %u, refused %u, other %u %s\n", c.answered, c.refused, c.other, c.name);
        sd_bus_flush_close_unref(bus);
        return r < 0 || c.answered + c.refused + c.other < n ? EXIT_FAILURE : EXIT_SUCCESS;
}
