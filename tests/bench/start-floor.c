/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* start-floor [-n UNITS] [-f IN-FLIGHT] [-r ROUNDS] [-s SECONDS] [-t TYPE] [-p] COMMAND [ARGUMENT...]
 *
 * The least that a start of workers can take on this host: a loop of StartTransientUnit() on the system bus, with nothing
 * around it. Each round starts as many units as said, like the workers that distro-manager would start, with at most so
 * many jobs outstanding, and prints the microseconds from the first call to the end of the last job. Then it stops them
 * again, outside of the time that counts, and before each round rests for so many seconds: a start on a host that was
 * at rest, as at a failover, mostly takes two to three times what one right after another takes. -p: in the sandbox that the
 * helper of an address has. */

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"

#define SYSTEMD "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define UNITS_MAX 10000

typedef struct Floor {
        sd_bus *bus;
        unsigned n_units, n_in_flight_max, n_rounds, rest_sec;
        const char *type;
        bool is_part;
        char **command;
        unsigned n_sent, n_ended;
        int error;
} Floor;

static uint64_t now_usec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * UINT64_C(1000000) + (uint64_t) t.tv_nsec / 1000;
}

/* Only units of this program are asked for here, and each has one job at a time: its end is the unit's. */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Floor *f = userdata;
        const char *path, *unit, *result;
        uint32_t id;
        int r;

        r = sd_bus_message_read(m, "uoss", &id, &path, &unit, &result);
        if (r < 0)
                f->error = r;
        else if (strncmp(unit, "bench-floor-", strlen("bench-floor-")) == 0) {
                if (strcmp(result, "done") != 0) {
                        fprintf(stderr, "start-floor: the job of %s: %s\n", unit, result);
                        f->error = -EIO;
                }
                f->n_ended++;
        }
        return 0;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Floor *f = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e) {
                fprintf(stderr, "start-floor: %s\n", e->message);
                f->error = -sd_bus_error_get_errno(e);
        }
        return 0;
}

static int append_command(sd_bus_message *m, char **command)
{
        int r = sd_bus_message_open_container(m, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', "ExecStart");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sasb");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', command[0]);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, command);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'b', &(int){ false });
        for (int depth = 0; depth < 4 && r >= 0; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* What a worker's unit has besides its file's settings: the slice, the variables, the fields of the journal. */
static int append_like_worker(sd_bus_message *m, const Floor *f)
{
        static const char *const words[] = { "DISTRO_APPLICATION=bench", "DISTRO_NODE=bench",
                "DISTRO_START_TYPE=failover", "DISTRO_FROM_NODE=bench", "DISTRO_EPOCH=1048576" };
        int r;

        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Type", "s", f->type, "Description", "s", "bench",
                        "Slice", "s", "distro.slice", "CollectMode", "s", "inactive");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "Environment", "as", 5, words[0], words[1], words[2],
                                words[3], words[4]);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', "LogExtraFields");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "aay");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "ay");
        for (size_t i = 0; i < ELEMENTSOF(words) && r >= 0; i++)
                r = sd_bus_message_append_array(m, 'y', words[i], strlen(words[i]));
        for (int depth = 0; depth < 3 && r >= 0; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* As src/systemd/part-start.c has it. */
static int append_like_part(sd_bus_message *m)
{
        uint64_t capabilities = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW;

        return sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "CapabilityBoundingSet", "t",
                        capabilities, "NoNewPrivileges", "b", 1, "ProtectSystem", "s", "strict",
                        "ProtectHome", "s", "yes", "RestrictAddressFamilies", "(bas)", 1, 5, "AF_UNIX",
                        "AF_NETLINK", "AF_PACKET", "AF_INET", "AF_INET6", "MemoryDenyWriteExecute", "b", 1,
                        "RuntimeDirectory", "as", 1, "bench-floor", "RuntimeDirectoryPreserve", "s", "yes");
}

static int send_start(Floor *f, const char *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(f->bus, &m, SYSTEMD, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_command(m, f->command);
        if (r >= 0)
                r = append_like_worker(m, f);
        if (r >= 0 && f->is_part)
                r = append_like_part(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        return r < 0 ? r : sd_bus_call_async(f->bus, NULL, m, on_answer, f, 0);
}

static int send_stop(Floor *f, const char *unit)
{
        return sd_bus_call_method_async(
                        f->bus, NULL, SYSTEMD, "StopUnit", on_answer, f, "ss", unit, "replace");
}

/* Starts or stops all units of one round; sets *ret_usec to the time from the first call to the last end. */
static int run_all(Floor *f, int (*send)(Floor *f, const char *unit), uint64_t *ret_usec)
{
        uint64_t begin = now_usec();
        int r;

        f->n_sent = f->n_ended = 0;
        while (f->n_ended < f->n_units) {
                while (f->n_sent < f->n_units && f->n_sent - f->n_ended < f->n_in_flight_max) {
                        char unit[64];

                        snprintf(unit, sizeof(unit), "bench-floor-%u.service", f->n_sent);
                        r = send(f, unit);
                        if (r < 0)
                                return r;
                        f->n_sent++;
                }
                r = sd_bus_process(f->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(f->bus, UINT64_MAX);
                if (r < 0)
                        return r;
                if (f->error < 0)
                        return f->error;
        }
        *ret_usec = now_usec() - begin;
        return 0;
}

static int run(Floor *f)
{
        uint64_t start_usec, stop_usec;
        int r;

        r = sd_bus_open_system(&f->bus);
        if (r >= 0)
                r = sd_bus_match_signal(f->bus, NULL, SYSTEMD, "JobRemoved", on_job_removed, f);
        if (r >= 0)
                r = sd_bus_call_method(f->bus, SYSTEMD, "Subscribe", NULL, NULL, NULL);
        for (unsigned i = 0; i < f->n_rounds && r >= 0; i++) {
                (void) fflush(stdout);
                (void) sleep(f->rest_sec);
                r = run_all(f, send_start, &start_usec);
                if (r < 0)
                        break;
                printf("%" PRIu64 "\n", start_usec);
                r = run_all(f, send_stop, &stop_usec);
        }
        return r;
}

static int parse_count(const char *text, unsigned *ret)
{
        char *end;
        unsigned long n;

        errno = 0;
        n = strtoul(text, &end, 10);
        if (errno != 0 || end == text || *end || n == 0 || n > UNITS_MAX)
                return -EINVAL;
        *ret = (unsigned) n;
        return 0;
}

int main(int argc, char **argv)
{
        Floor f = { .n_units = 1, .n_in_flight_max = 64, .n_rounds = 1, .type = "exec" };
        int option, r = 0;

        while (r >= 0 && (option = getopt(argc, argv, "+n:f:r:s:t:p")) != -1)
                switch (option) {
                case 'n':
                        r = parse_count(optarg, &f.n_units);
                        break;
                case 'f':
                        r = parse_count(optarg, &f.n_in_flight_max);
                        break;
                case 'r':
                        r = parse_count(optarg, &f.n_rounds);
                        break;
                case 's':
                        r = parse_count(optarg, &f.rest_sec);
                        break;
                case 't':
                        f.type = optarg;
                        break;
                case 'p':
                        f.is_part = true;
                        break;
                default:
                        r = -EINVAL;
                }
        if (r < 0 || optind >= argc) {
                fprintf(stderr, "usage: start-floor [-n UNITS] [-f IN-FLIGHT] [-r ROUNDS] [-s SECONDS] [-t TYPE] "
                                "[-p] COMMAND [ARGUMENT...]\n");
                return 2;
        }
        f.command = argv + optind;

        r = run(&f);
        sd_bus_flush_close_unref(f.bus);
        if (r < 0)
                fprintf(stderr, "start-floor: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
