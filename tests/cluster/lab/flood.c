/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* flood N: asks the manager of this host for N changes at once, on one connection, and counts what it is told. For
 * tests/cluster/flood.sh, which compiles it. Prints "answered A, refused R, other O"; status 1 where an answer is
 * missing after 60 s. */

#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <time.h>

typedef struct Counts {
        unsigned answered, refused, other;
} Counts;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Counts *c = userdata;

        (void) ret_error;
        if (!sd_bus_message_is_method_error(m, NULL))
                c->answered++;
        else if (sd_bus_message_is_method_error(m, "org.distro.Error.TooMany"))
                c->refused++;
        else
                c->other++;
        return 0;
}

int main(int argc, char **argv)
{
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 400;
        time_t end = time(NULL) + 60;
        Counts c = { 0, 0, 0 };
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        for (unsigned i = 0; i < n && r >= 0; i++) {
                char app[16];

                snprintf(app, sizeof(app), "a%u", i % 60 + 1);
                r = sd_bus_call_method_async(bus, NULL, "org.distro.Manager1", "/org/distro/Manager1", "org.distro.Manager1",
                                "SetMaintenance", on_answer, &c, "sb", app, (int) (i / 60 % 2));
        }
        while (r >= 0 && c.answered + c.refused + c.other < n && time(NULL) < end) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, 1000000);
        }
        printf("answered %u, refused %u, other %u\n", c.answered, c.refused, c.other);
        sd_bus_flush_close_unref(bus);
        return r < 0 || c.answered + c.refused + c.other < n ? EXIT_FAILURE : EXIT_SUCCESS;
}
