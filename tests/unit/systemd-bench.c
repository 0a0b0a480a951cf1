/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "systemd-bench.h"

static void on_changed(const UnitInfo *info, void *userdata)
{
        Bench *b = userdata;
        size_t n = strlen(b->seen);

        if (info->state == UNIT_RUNNING)
                b->n_running++;
        b->needs_end = info->needs_end;
        snprintf(b->seen + n, sizeof(b->seen) - n, "%s %" PRIu64 " %s%s%s%s;", info->app, info->epoch,
                        unit_state_to_string(info->state), info->reason ? " (" : "", strempty(info->reason),
                        info->reason ? ")" : "");
}

static void on_parts_changed(const char *app, void *userdata)
{
        Bench *b = userdata;

        b->n_parts_changed++;
}

static void on_ready(void *userdata)
{
        Bench *b = userdata;

        b->n_ready++;
        strcat(b->seen, "ready;");
}

static void on_failed(int error, void *userdata)
{
        fail_msg("out of memory: %d", error);
}

void bench_attach(Bench *b)
{
        assert_null(b->client); /* what it had would be lost */
        fake_connect(&b->fake, b->event, &b->client);
        assert_int_equal(units_attach(b->units, b->client), 0);
}

void bench_detach(Bench *b)
{
        units_detach(b->units);
        (void) sd_bus_detach_event(b->client);
        b->client = sd_bus_close_unref(b->client);
        fake_close(&b->fake);
}

void turn(Bench *b, uint64_t usec)
{
        assert_true(sd_event_run(b->event, usec) >= 0);
}

uint64_t now(void)
{
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

void settle(Bench *b)
{
        for (uint64_t end = now() + PATIENCE_USEC; now() < end;)
                if (sd_event_run(b->event, 30 * USEC_PER_MSEC) == 0)
                        return;
        fail_msg("it never comes to rest; seen: %s", b->seen);
}

void wait_for(Bench *b, const char *text)
{
        for (uint64_t end = now() + PATIENCE_USEC; now() < end; turn(b, 10 * USEC_PER_MSEC))
                if (strstr(b->seen, text))
                        return;
        fail_msg("never came: '%s'; seen: %s", text, b->seen);
}

void expect(Bench *b, const char *text)
{
        settle(b);
        assert_string_equal(b->seen, text);
        b->seen[0] = 0;
}

void expect_log(Bench *b, const char *text)
{
        assert_string_equal(b->fake.log, text);
        b->fake.log[0] = 0;
}

void bench_mount(const Bench *b, const char *where)
{
        FILE *f = fopen(b->mountinfo, "we");

        assert_non_null(f);
        if (!f)
                return;
        fputs("22 1 0:20 / / rw shared:1 - ext4 /dev/root rw\n", f);
        if (where)
                fprintf(f, "40 22 8:17 / %s rw,noatime shared:9 master:1 - ext4 /dev/sd\\040b1 rw\n", where);
        assert_int_equal(fclose(f), 0);
}

void bench_renew(Bench *b)
{
        assert_int_equal(units_new(
                                         &(UnitsParameters){
                                                         .event = b->event,
                                                         .callbacks = { .changed = on_changed,
                                                                         .parts_changed = on_parts_changed,
                                                                         .ready = on_ready,
                                                                         .failed = on_failed },
                                                         .userdata = b,
                                                         .own_unit = "distro-manager.service",
                                                         .cgroup_root = b->cgroups,
                                                         .guard_directory = b->cgroups,
                                                         .dropin_dir = b->dropins,
                                                         .helper_dir = "/helpers",
                                                         .mountinfo = b->mountinfo,
                                         },
                                         &b->units),
                        0);
}

static void bench_new(Bench *b)
{
        *b = (Bench){};
        strcpy(b->cgroups, "/tmp/test-units-XXXXXX");
        assert_non_null(mkdtemp(b->cgroups));
        snprintf(b->dropins, sizeof(b->dropins), "%s/system", b->cgroups);
        snprintf(b->mountinfo, sizeof(b->mountinfo), "%s/mountinfo", b->cgroups);
        bench_mount(b, NULL);
        assert_true(sd_event_new(&b->event) >= 0);
        bench_renew(b);
}

int set_up(void **state)
{
        Bench *b = malloc(sizeof(*b));

        assert_non_null(b);
        bench_new(b);
        bench_attach(b);
        expect(b, "ready;");
        *state = b;
        return 0;
}

int tear_down(void **state)
{
        Bench *b = *state;
        char command[128];

        units_free(b->units);
        if (b->client)
                (void) sd_bus_detach_event(b->client);
        b->client = sd_bus_close_unref(b->client);
        fake_close(&b->fake);
        sd_event_unref(b->event);
        snprintf(command, sizeof(command), "rm -rf '%s'", b->cgroups);
        int r = system(command);
        free(b);
        return r;
}

SealedProperties bench_seal(const UnitProperty *properties, size_t n)
{
        SealedProperties sealed;

        assert_int_equal(unit_properties_seal(properties, n, &sealed), 0);
        return sealed;
}

void start(Bench *b, const char *app, uint64_t epoch)
{
        static char type_name[] = "Type", type[] = "simple";
        const UnitProperty p = { .name = type_name, .kind = UNIT_PROPERTY_STRING, .string = type };
        SealedProperties sealed = bench_seal(&p, 1);

        assert_int_equal(units_start(b->units,
                                         &(UnitStart){
                                                         .app = app,
                                                         .epoch = epoch,
                                                         .start_type = START_NORMAL,
                                                         .node = "abc",
                                                         .properties = &sealed,
                                         }),
                        0);
        sealed_done(&sealed);
}

/* ---- parts ---- */

#define W(x) ((char[]){ x }) /* a literal as a word of its own */

static Part two_items[] = {
        { PART_ADDRESS, W("ip-192.0.2.20"), W("192.0.2.20/24"),
                        (char *[]){ W("192.0.2.20/24"), W("eth0"), NULL }, 10 * USEC_PER_SEC,
                        5 * USEC_PER_SEC },
        { PART_ADDRESS, W("ip-2001:db8::30"), W("2001:db8::30/64"),
                        (char *[]){ W("2001:db8::30/64"), W("check=no"), NULL }, 20 * USEC_PER_SEC,
                        5 * USEC_PER_SEC },
};

const Parts two_parts = { two_items, ELEMENTSOF(two_items) };

void start_with_parts(Bench *b, const char *app, uint64_t epoch)
{
        assert_int_equal(units_start(b->units,
                                         &(UnitStart){ .app = app, .epoch = epoch, .parts = &two_parts }),
                        0);
}

void run_with_parts(Bench *b, const char *app, uint64_t epoch)
{
        char running[40];

        start_with_parts(b, app, epoch);
        snprintf(running, sizeof(running), "%s %" PRIu64 " running;", app, epoch);
        wait_for(b, running);
        settle(b);
}
