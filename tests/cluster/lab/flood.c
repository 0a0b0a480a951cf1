/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* flood N [permit]: asks the manager of this host for N changes at once, on one connection, and counts what it is told:
 * maintenance on and off, or permissions that are there already. For
 * tests/cluster/flood.sh, which compiles it. Prints "answered A, refused R, other O ERROR"; status 1 where an answer is
 * missing after 60 s. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

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

int main(int argc, char **argv)
{
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 400;
        time_t end = time(NULL) + 60;
        Counts c = { 0, 0, 0, "" };
        bool permit = argc > 2 && strcmp(argv[2], "permit") == 0;
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

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
