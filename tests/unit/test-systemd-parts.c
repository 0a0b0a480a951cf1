/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application with parts: its slice, its note, and the one road of each end. */

#include <sys/stat.h>

#include "systemd-bench.h"
#include "base/text.h"
#include "systemd/part-note.h"
#include "systemd/unit-parts.h"

/* They are shown in the order of their start, whatever is done to what was given. */
static void test_parts_are_known(void **state)
{
        Bench *b = *state;
        UnitPart p;

        assert_int_equal(units_count_parts(b->units, "a"), 0);
        start(b, "b", 4);
        start_with_parts(b, "a", 5);
        settle(b);
        assert_int_equal(units_count_parts(b->units, "b"), 0);
        assert_int_equal(units_count_parts(b->units, "a"), 2);
        units_get_part(b->units, "a", 1, &p);
        assert_string_equal(p.kind, "address");
        assert_string_equal(p.id, "ip-2001:db8::30");
        assert_string_equal(p.name, "2001:db8::30/64");
        assert_ptr_not_equal(p.name, two_parts.items[1].name);
}

/* ---- the start ---- */

#define IDENTITY(app, node, type, from, epoch, digest)                                                   \
        "Environment DISTRO_APPLICATION=" app " DISTRO_NODE=" node " DISTRO_START_TYPE=" type            \
        " DISTRO_FROM_NODE=" from " DISTRO_EPOCH=" epoch " LogExtraFields DISTRO_APPLICATION=" app       \
        " DISTRO_NODE=" node " DISTRO_START_TYPE=" type " DISTRO_FROM_NODE=" from " DISTRO_EPOCH=" epoch \
        " DISTRO_DEFINITION=" digest " "
#define OF_WEB IDENTITY("web-1", "abc", "failover", "bcd", "5", "000000000000fe12")
#define HELPER "/helpers/distro-address /helpers/distro-address "
#define PART_BEFORE(id, name, start)                                                         \
        "distro-app-web-1:" id ".service Description address " name " of application web-1 " \
        "Slice distro-web\\x2d1.slice Type notify KillMode mixed Restart no "                \
        "CollectMode inactive IgnoreOnIsolate true TimeoutStartUSec " start                  \
        " NotifyAccess main TimeoutStopUSec 5000000 "
#define SANDBOX                                                                                  \
        "CapabilityBoundingSet 12288 NoNewPrivileges true ProtectSystem strict ProtectHome yes " \
        "RestrictAddressFamilies true AF_UNIX AF_NETLINK AF_PACKET AF_INET AF_INET6 "            \
        "MemoryDenyWriteExecute true "                                                           \
        "RuntimeDirectory distro-manager/addresses RuntimeDirectoryPreserve yes "
#define IP4_UNIT "distro-app-web-1:ip-192.0.2.20.service"
#define IP6_UNIT "distro-app-web-1:ip-2001:db8::30.service"

static void start_as(Bench *b, const char *app, const Parts *parts)
{
        static char type_name[] = "Type", type[] = "simple";
        const UnitProperty p = { .name = type_name, .kind = UNIT_PROPERTY_STRING, .string = type };
        _cleanup_(sealed_done) SealedProperties sealed = bench_seal(&p, 1);

        assert_int_equal(units_start(b->units, &(UnitStart){ .app = app,
                                                               .epoch = 5,
                                                               .start_type = START_FAILOVER,
                                                               .node = "abc",
                                                               .from_node = "bcd",
                                                               .digest = 0xfe12,
                                                               .properties = &sealed,
                                                               .description = "The shop",
                                                               .parts = parts }),
                        0);
        settle(b);
}

/* Where there are no parts the call is what it was before there were any: byte by byte, as values are. */
static void test_message_without_parts(void **state)
{
        static const char expected[] =
                        "distro-app-web-1.service fail IgnoreOnIsolate true Type simple Description The shop "
                        "Slice distro.slice CollectMode inactive " OF_WEB;
        static const Parts none = {};
        Bench *b = *state;

        start_as(b, "web-1", NULL);
        assert_string_equal(b->fake.start_text, expected);
        assert_int_equal(units_stop(b->units, "web-1", 5), 0);
        settle(b);
        units_forget(b->units, "web-1", 5);
        start_as(b, "web-1", &none);
        assert_string_equal(b->fake.start_text, expected);
        expect_log(b, "start web-1;stop web-1;start web-1;");
}

/* One call: the slice, the parts, each bound to the one before it, and the worker, bound to all. */
static void test_message_with_parts(void **state)
{
        static const char format[] =
                        "distro-app-web-1.service fail IgnoreOnIsolate true Type simple Description The shop "
                        "Slice distro-web\\x2d1.slice CollectMode inactive "
                        "BindsTo " IP4_UNIT " " IP6_UNIT " After " IP4_UNIT " " IP6_UNIT " " OF_WEB
                        "distro-web\\x2d1.slice Description The shop CollectMode inactive " PART_BEFORE(
                                        "ip-192.0.2.20", "192.0.2.20/24",
                                        "15000000") "ExecStart " HELPER
                                                    "run 192.0.2.20/24 eth0 --timeout=10000000us "
                                                    "--maintenance=%s/maintenance/web-1 false "
                                                    "ExecStopPost " HELPER
                                                    "del 192.0.2.20/24 eth0 true " HELPER
                                                    "del 192.0.2.20/24 eth0 false After network.target distro-removal-web-1:ip-192.0.2.20.service " SANDBOX
                                                                    OF_WEB PART_BEFORE("ip-2001:db8::30",
                                                                                    "2001:db8::30/64",
                                                                                    "25000000") "ExecStart " HELPER
                                                                                                "run 2001:db8::30/64 check=no --timeout=20000000us "
                                                                                                "--maintenance=%s/maintenance/web-1 false "
                                                                                                "ExecStopPost " HELPER
                                                                                                "del 2001:db8::30/64 check=no true " HELPER
                                                                                                "del 2001:db8::30/64 check=no false BindsTo " IP4_UNIT
                                                                                                " After " IP4_UNIT
                                                                                                " network.target distro-removal-web-1:ip-2001:db8::30.service " SANDBOX
                                                                                                                OF_WEB;
        char expected[sizeof(format) + 200];
        Bench *b = *state;

        snprintf(expected, sizeof(expected), format, b->cgroups, b->cgroups);
        start_as(b, "web-1", &two_parts);
        assert_string_equal(b->fake.start_text, expected);
        expect(b, "web-1 5 starting;web-1 5 running;");
        expect_log(b, "start web-1;");
}

static void show_parts(Bench *b, const char *app, const char *expected)
{
        char text[1024] = "";

        for (size_t i = 0; i < units_count_parts(b->units, app); i++) {
                UnitPart p;
                size_t n = strlen(text);

                units_get_part(b->units, app, i, &p);
                snprintf(text + n, sizeof(text) - n, "%s %s %s '%s';", p.kind, p.id, p.state, p.text);
        }
        assert_string_equal(text, expected);
}

static bool has_note(const Bench *b, const char *app)
{
        return part_note_exists(b->cgroups, app);
}

/* It runs once its parts have been read; a stop is the slice's, and it has ended once they have been read again. */
static void test_start_and_stop(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        show_parts(b, "a", "address ip-192.0.2.20 unknown '';address ip-2001:db8::30 unknown '';");
        expect(b, "a 5 starting;a 5 running;");
        assert_false(b->needs_end);
        assert_true(has_note(b, "a"));
        show_parts(b, "a", "address ip-192.0.2.20 active '';address ip-2001:db8::30 active '';");
        assert_true(b->n_parts_changed > 0);

        b->n_parts_changed = 0;
        strcpy(fake_find_unit(&b->fake, IP4("a"))->text, "192.0.2.20/24 is on eth0");
        fake_unit_changed(&b->fake, IP4("a"));
        settle(b);
        assert_int_equal(b->n_parts_changed, 1);
        show_parts(b, "a",
                        "address ip-192.0.2.20 active '192.0.2.20/24 is on eth0';"
                        "address ip-2001:db8::30 active '';");
        expect(b, "");

        assert_int_equal(units_stop(b->units, "a", 5), 0);
        expect(b, "a 5 stopping;a 5 stopped;");
        assert_int_equal(b->fake.n_units, 0);
        assert_false(has_note(b, "a"));
        units_forget(b->units, "a", 5);
        settle(b);
        assert_non_null(strstr(b->fake.log, "start a;stop a.slice;"));
        assert_null(strstr(b->fake.log, "stop a.slice;stop"));
}

/* Without a note nothing is started. */
static void test_no_note_no_start(void **state)
{
        char path[96];
        Bench *b = *state;
        FILE *f;

        snprintf(path, sizeof(path), "%s/parts", b->cgroups);
        f = fopen(path, "we");
        assert_non_null(f);
        if (f)
                fclose(f);
        start_with_parts(b, "a", 5);
        settle(b);
        assert_non_null(strstr(b->seen, "a 5 refused (its note cannot be written to "));
        assert_non_null(strstr(b->seen, "/parts: Not a directory);"));
        assert_null(strstr(b->fake.log, "start a"));
}

/* A call that is refused has started nothing. */
static void test_start_is_refused(void **state)
{
        Bench *b = *state;

        b->fake.start_error = "org.freedesktop.systemd1.NoSuchUnit";
        b->fake.start_missing = IP6("a");
        start_with_parts(b, "a", 5);
        expect(b, "a 5 refused (systemd could not write the unit's file: /run is full or cannot be written);");
        assert_false(has_note(b, "a"));
        assert_null(strstr(b->fake.log, "stop"));
}

/* The part is the reason, what was started is stopped, and the next start finds no rest of it. */
static void test_part_fails_at_start(void **state)
{
        Bench *b = *state;

        strcpy(b->fake.fail_part, "ip-2001");
        start_with_parts(b, "a", 5);
        wait_for(b, "refused");
        expect(b, "a 5 starting;a 5 stopping;a 5 refused (its part address 2001:db8::30/64 did not start: "
                  "192.0.2.20: another host has it);");
        assert_non_null(strstr(b->fake.log, "start a;stop a.slice;"));
        assert_null(fake_find_unit(&b->fake, IP4("a")));
        assert_non_null(fake_find_unit(&b->fake, IP6("a"))); /* for a manager that comes now */
        assert_true(has_note(b, "a"));

        units_forget(b->units, "a", 5);
        settle(b);
        assert_int_equal(b->fake.n_units, 0);
        assert_false(has_note(b, "a"));
        b->fake.fail_part[0] = '\0';
        start_with_parts(b, "a", 6);
        wait_for(b, "a 6 running;");
}

/* The same where nobody has said that the first copy may be forgotten, and where nothing is known of it. */
static void test_start_after_a_failed_part(void **state)
{
        Bench *b = *state;

        strcpy(b->fake.fail_part, "ip-192");
        start_with_parts(b, "a", 5);
        wait_for(b, "a 5 refused (its part address 192.0.2.20/24 did not start: another host has it);");
        b->fake.fail_part[0] = '\0';
        start_with_parts(b, "a", 6);
        wait_for(b, "a 6 running;");
        assert_int_equal(units_stop(b->units, "a", 6), 0);
        wait_for(b, "a 6 stopped;");

        fake_add_part(&b->fake, "a", IP4("a"), "failed");
        fake_add_part(&b->fake, "a", "distro-a.slice", "active");
        b->fake.log[0] = '\0';
        start_with_parts(b, "a", 7);
        wait_for(b, "a 7 running;");
        assert_non_null(strstr(b->fake.log, "stop a.slice;"));
}

/* It is a failure of the copy, in its helper's words, and not a stop from outside, which is what systemd does to the worker. */
static void test_part_dies(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        /* It is heard while systemd still calls the part active. */
        strcpy(fake_find_unit(&b->fake, IP4("a"))->text, "192.0.2.20: another host has it (3a:2e, on eth0)");
        fake_unit_changed(&b->fake, IP4("a"));
        settle(b);
        fake_part_dies(&b->fake, IP4("a"), "192.0.2.20: another host has it (3a:2e, on eth0)");
        wait_for(b, "failed");
        expect(b, "a 5 stopping;a 5 failed (its part address 192.0.2.20/24 ended: another host has it (3a:2e, on eth0));");
        assert_non_null(strstr(b->fake.log, "stop a.slice;"));
        assert_null(fake_find_unit(&b->fake, IP6("a")));
        assert_true(has_note(b, "a"));
        show_parts(b, "a",
                        "address ip-192.0.2.20 failed '192.0.2.20: another host has it (3a:2e, on eth0)';"
                        "address ip-2001:db8::30 inactive '';");
}

/* systemd stops the worker while it still takes away what the part leaves: that is no stop from outside. */
static void test_part_takes_long_to_die(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        b->fake.hold_stops = true;
        fake_part_dies(&b->fake, IP4("a"), "192.0.2.20: gone");
        expect(b, "a 5 stopping;");
        b->fake.hold_stops = false;
        strcpy(fake_find_unit(&b->fake, IP4("a"))->active, "failed"); /* and its signal is lost */
        wait_for(b, "a 5 failed (its part address 192.0.2.20/24 ended: gone);");
}

/* It goes on where an administrator stops the worker alone, and moves where he stops a part. */
static void test_stopped_by_hand(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        run_with_parts(b, "b", 6);
        fake_job_new(&b->fake, "a", "stop");
        fake_job_done(&b->fake, "a", "done");
        wait_for(b, "a 5 stopped from outside;");
        assert_null(fake_find_unit(&b->fake, IP4("a")));

        /* The worker is stopped first, and the part has a job by then. */
        fake_find_unit(&b->fake, IP4("b"))->job = 4711;
        fake_job_new(&b->fake, "b", "stop");
        fake_job_done(&b->fake, "b", "done");
        settle(b);
        assert_null(strstr(b->seen, "b 6 failed"));
        fake_remove_unit(&b->fake, IP4("b"));
        wait_for(b, "b 6 failed (its part address 192.0.2.20/24 ended: it was stopped from outside);");
}

/* The slice is stopped by somebody else: with the host that goes down, or not. */
static void test_slice_is_stopped(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        run_with_parts(b, "b", 6);
        fake_job_new(&b->fake, "a", "stop");
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped from outside;");
        b->fake.system_state = "stopping";
        fake_job_new(&b->fake, "b", "stop");
        fake_stop_slice(&b->fake, "b");
        wait_for(b, "b 6 stopped at shutdown;");
}

/* A worker that fails has its own reason, and its parts end with it. */
static void test_worker_fails(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        fake_find(&b->fake, "a")->exit_status = 3;
        strcpy(fake_find(&b->fake, "a")->active, "failed");
        strcpy(fake_find(&b->fake, "a")->result, "exit-code");
        fake_changed(&b->fake, "a");
        wait_for(b, "a 5 failed (exit-code, status 3);");
        assert_non_null(strstr(b->fake.log, "stop a.slice;"));
        assert_null(fake_find_unit(&b->fake, IP4("a")));
}

/* systemd calls the slice's stop done, and a part is still there. */
static void test_stop_that_does_not_end(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        strcpy(b->fake.keep_part, "ip-192");
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stuck (its part address 192.0.2.20/24 has not ended: it is active);");
        assert_null(strstr(b->seen, "a 5 stopped;"));
        assert_true(has_note(b, "a"));
        b->fake.keep_part[0] = '\0';
        fake_remove_unit(&b->fake, IP4("a"));
        wait_for(b, "a 5 stopped;");
        assert_false(has_note(b, "a"));
}

/* It has ended, but nobody has seen that its address went. */
static void test_removal_fails(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        fake_find_unit(&b->fake, IP4("a"))->not_clean = true;
        b->fake.removals_fail = true;
        fake_part_dies(&b->fake, IP4("a"), "192.0.2.20: gone");
        wait_for(b, "a 5 stuck (its part address 192.0.2.20/24 may still be there: its removal did not succeed and is "
                    "tried again; once you have removed it: systemctl reset-failed " IP4("a") ");");
        fake_remove_unit(&b->fake, IP4("a"));
        wait_for(b, "a 5 failed (its part address 192.0.2.20/24 ended: gone);");
}

/* ... as a kill of all that is in the slice does it: it is tried once more, where no such kill comes by. */
static void test_removal_is_tried_again(void **state)
{
        static const char removal[] = "distro-removal-a:ip-192.0.2.20.service fail Description removal of "
                                      "address 192.0.2.20/24 of application a Type oneshot CollectMode "
                                      "inactive-or-failed TimeoutStartUSec 5000000 ExecStart " HELPER
                                      "del 192.0.2.20/24 eth0 false " SANDBOX;
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        expect(b, "a 5 starting;a 5 running;");
        fake_find_unit(&b->fake, IP4("a"))->not_clean = true;
        fake_part_dies(&b->fake, IP4("a"), "192.0.2.20: gone");
        expect(b, "a 5 stopping;a 5 failed (its part address 192.0.2.20/24 ended: gone);");
        assert_string_equal(b->fake.start_text, removal);
        assert_null(fake_find_unit(&b->fake, IP4("a")));
}

/* ---- another manager comes ---- */

/* This one ends, whatever is under way, and systemd does what it was asked for. */
static void manager_ends(Bench *b)
{
        bench_detach(b);
        b->units = units_free(b->units);
        b->fake.log[0] = b->seen[0] = '\0';
}

static void manager_comes(Bench *b)
{
        bench_renew(b);
        bench_attach(b);
}

static void test_another_manager_adopts(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        start(b, "b", 6);
        wait_for(b, "b 6 running;");
        settle(b);
        manager_ends(b);
        manager_comes(b);
        expect(b, "b 6 running;a 5 running;ready;");
        expect_log(b, "");
        show_parts(b, "a", "address ip-192.0.2.20 active '';address ip-2001:db8::30 active '';");
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "a 5 stopped;");
        assert_false(has_note(b, "a"));
}

/* Between the note and the call, or after all of it had ended: there is nothing, and no mark is due. */
static void test_note_alone(void **state)
{
        PartNote note = { 5, two_parts };
        Bench *b = *state;

        manager_ends(b);
        assert_int_equal(part_note_write(b->cgroups, "a", &note), 0);
        manager_comes(b);
        wait_for(b, "a 5 stopped;");
        settle(b);
        assert_string_equal(b->seen, "a 5 stopping;ready;a 5 stopped;");
        assert_false(has_note(b, "a"));
        start_with_parts(b, "a", 6);
        wait_for(b, "a 6 running;");
}

/* The worker ended, and nobody was there: its parts are a copy that is stopping until they have ended. */
static void test_parts_without_worker(void **state)
{
        Bench *b = *state;

        run_with_parts(b, "a", 5);
        manager_ends(b);
        fake_remove(&b->fake, "a");
        strcpy(b->fake.keep_part, "ip-2001");
        manager_comes(b);
        wait_for(b, "a 5 stuck (its part address 2001:db8::30/64 has not ended: it is active);");
        assert_int_equal(strncmp(b->seen, "a 5 stopping;ready;", 19), 0);
        assert_non_null(strstr(b->fake.log, "stop a.slice;"));
        start_with_parts(b, "a", 6);
        wait_for(b, "a 6 refused (another copy of it is at work on this node);");
        fake_remove_unit(&b->fake, IP6("a"));
        wait_for(b, "a 5 stopped;");
}

static void part_has_failed(Bench *b, const char *unit, const char *result, const char *text)
{
        FakeUnit *part = fake_find_unit(&b->fake, unit);

        assert_non_null(part);
        if (!part)
                return;
        strcpy(part->active, "failed");
        strcpy(part->result, result);
        strcpy(part->text, text);
        part->exit_status = 2;
}

/* A part died, and nobody was there: systemd stops the worker, or is about to. The reason is found. */
static void test_worker_without_part(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        run_with_parts(b, "b", 6);
        manager_ends(b);
        part_has_failed(b, IP4("a"), "exit-code", "192.0.2.20: gone");
        fake_remove(&b->fake, "a");
        part_has_failed(b, IP4("b"), "signal", "");
        manager_comes(b);
        wait_for(b, "a 5 failed (its part address 192.0.2.20/24 ended: gone);");
        wait_for(b, "b 6 failed (its part address 192.0.2.20/24 ended: signal);");
        assert_null(strstr(b->seen, "running"));
        assert_null(fake_find(&b->fake, "b"));

        /* And once more, as nobody has said that it may be forgotten. */
        manager_ends(b);
        manager_comes(b);
        wait_for(b, "a 5 failed (its part address 192.0.2.20/24 ended: gone);");
}

/* During a stop that was asked for. */
static void test_manager_ends_in_a_stop(void **state)
{
        Bench *b = *state;

        run_with_parts(b, "a", 5);
        b->fake.hold_stops = true;
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        settle(b);
        expect_log(b, "start a;stop a.slice;");
        fake_remove(&b->fake, "a");
        manager_ends(b);
        b->fake.hold_stops = false;
        manager_comes(b);
        wait_for(b, "a 5 stopped;");
        assert_int_equal(b->fake.n_units, 0);
}

static void put_note(const Bench *b, const char *app, const char *text)
{
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/parts", b->cgroups);
        (void) mkdir(path, 0700);
        snprintf(path, sizeof(path), "%s/parts/%s", b->cgroups, app);
        f = fopen(path, "we");
        assert_non_null(f);
        if (f) {
                fputs(text, f);
                assert_int_equal(fclose(f), 0);
        }
}

/* What is not known cannot be seen to have ended. A worker that runs goes on. */
static void test_note_cannot_be_read(void **state)
{
        char path[128], reason[256];
        Bench *b = *state;

        run_with_parts(b, "b", 6);
        manager_ends(b);
        put_note(b, "a", "epoch=5\n");
        put_note(b, "b", "epoch=6\nslice=distro-a.slice\nend\n");
        manager_comes(b);
        wait_for(b, "b 6 running;");
        snprintf(reason, sizeof(reason),
                        "a 1 stuck (its note %s/parts/a cannot be read, so its parts are not known: see that none "
                        "is left here, then: distroctl clear --part a note);",
                        b->cgroups);
        wait_for(b, reason);
        assert_true(b->needs_end); /* what may be there can outlive a kill */
        snprintf(path, sizeof(path), "%s/parts/a", b->cgroups);
        assert_int_equal(unlink(path), 0);
        wait_for(b, "a 1 stopped;");
}

/* It could only not be opened, or was mended: what it says is known then, and ended. */
static void test_note_can_be_read_again(void **state)
{
        PartNote note = { 5, two_parts };
        Bench *b = *state;

        manager_ends(b);
        put_note(b, "a", "epoch=5\n");
        manager_comes(b);
        wait_for(b, "a 1 stuck (its note ");
        fake_add_part(&b->fake, "a", IP6("a"), "active");
        fake_add_part(&b->fake, "a", "distro-a.slice", "active");
        assert_int_equal(part_note_write(b->cgroups, "a", &note), 0);
        wait_for(b, "a 1 stopped;");
        assert_int_equal(b->fake.n_units, 0);
        assert_false(has_note(b, "a"));
}

/* systemd reads its units anew, and all is listed twice, before anything that has no epoch was read. */
static void test_listed_twice(void **state)
{
        Bench *b = *state;

        run_with_parts(b, "b", 6);
        manager_ends(b);
        fake_remove(&b->fake, "b");
        part_note_remove(b->cgroups, "b");
        put_note(b, "a", "epoch=5\n");
        bench_renew(b);
        b->n_ready = 0;
        bench_attach(b);
        for (unsigned n = b->fake.n_lists; b->fake.n_lists == n;)
                turn(b, 10 * USEC_PER_MSEC);
        fake_owner_changed(&b->fake, ":1.1");
        wait_for(b, "a 1 stuck");
        wait_for(b, "b 1 stopped;");
        wait_for(b, "ready;");
}

/* There is no note, and still there are parts: what is known is their names, and that is enough to end them. */
static void test_parts_without_note(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        run_with_parts(b, "b", 6);
        manager_ends(b);
        fake_remove(&b->fake, "a");
        part_note_remove(b->cgroups, "a");
        part_note_remove(b->cgroups, "b");
        strcpy(b->fake.keep_part, "ip-2001");
        manager_comes(b);
        wait_for(b, "a 1 stuck (its part address ip-2001:db8::30 has not ended: it is active);");
        wait_for(b, "b 6 running;");
        assert_null(fake_find_unit(&b->fake, IP4("a")));
        fake_remove_unit(&b->fake, IP6("a"));
        wait_for(b, "a 1 stopped;");

        b->fake.keep_part[0] = '\0';
        assert_int_equal(units_stop(b->units, "b", 6), 0);
        wait_for(b, "b 6 stopped;");
        assert_int_equal(b->fake.n_units, 0);
}

/* The group that is killed holds this application alone. */
static void test_group_of_all(void **state)
{
        UnitParts *p = NULL;

        assert_int_equal(unit_parts_new("a-1", 5, &two_parts, &p), 0);
        assert_int_equal(unit_parts_group(p, "/x/distro.slice/distro-a\\x2d1.slice/distro-app-a-1.service"),
                        0);
        assert_string_equal(p->slice_group, "/x/distro.slice/distro-a\\x2d1.slice");
        unit_parts_free(p);
        assert_int_equal(unit_parts_new("a-1", 5, &two_parts, &p), 0);
        assert_int_equal(unit_parts_group(p, "/a/container/of/some/host/distro.slice/distro-app-a-1.service"),
                        0);
        assert_true(endswith(p->slice_group, "/distro.slice/distro-a\\x2d1.slice"));
        unit_parts_free(p);
}

/* systemd is away for a while, and nothing is heard of what happens. */
static void test_bus_comes_back(void **state)
{
        Bench *b = *state;

        start_with_parts(b, "a", 5);
        run_with_parts(b, "b", 6);
        b->fake.hold_stops = true;
        assert_int_equal(units_stop(b->units, "b", 6), 0);
        settle(b);
        bench_detach(b);
        b->fake.hold_stops = false;
        fake_find_unit(&b->fake, "distro-b.slice")->job = 0;
        fake_remove(&b->fake, "b");
        part_has_failed(b, IP4("a"), "timeout", "");
        bench_attach(b);
        wait_for(b, "a 5 failed (its part address 192.0.2.20/24 ended: timeout);");
        wait_for(b, "b 6 stopped;");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_parts_are_known),
                BENCH_TEST(test_message_without_parts),
                BENCH_TEST(test_message_with_parts),
                BENCH_TEST(test_start_and_stop),
                BENCH_TEST(test_no_note_no_start),
                BENCH_TEST(test_start_is_refused),
                BENCH_TEST(test_part_fails_at_start),
                BENCH_TEST(test_start_after_a_failed_part),
                BENCH_TEST(test_part_dies),
                BENCH_TEST(test_part_takes_long_to_die),
                BENCH_TEST(test_stopped_by_hand),
                BENCH_TEST(test_slice_is_stopped),
                BENCH_TEST(test_worker_fails),
                BENCH_TEST(test_stop_that_does_not_end),
                BENCH_TEST(test_removal_fails),
                BENCH_TEST(test_removal_is_tried_again),
                BENCH_TEST(test_another_manager_adopts),
                BENCH_TEST(test_note_alone),
                BENCH_TEST(test_parts_without_worker),
                BENCH_TEST(test_worker_without_part),
                BENCH_TEST(test_manager_ends_in_a_stop),
                BENCH_TEST(test_note_cannot_be_read),
                BENCH_TEST(test_note_can_be_read_again),
                BENCH_TEST(test_parts_without_note),
                BENCH_TEST(test_listed_twice),
                cmocka_unit_test(test_group_of_all),
                BENCH_TEST(test_bus_comes_back),
        };

        return cmocka_run_group_tests_name("systemd-parts", tests, NULL, NULL);
}
