/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application with a mount: what is sent, what its end is, and what is said of one that does not end. */

#include "systemd-bench.h"
#include "base/text.h"
#include "base/mount-list.h"
#include "systemd/mount-words.h"
#include "systemd/part-note.h"

#define W(x) ((char[]){ x }) /* a literal as a word of its own */

static Part items[] = {
        { PART_DEVICE, W("device-1"), W("/dev/sdb1"), (char *[]){ W("/dev/sdb1"), NULL }, 90 * USEC_PER_SEC,
                        20 * USEC_PER_SEC },
        { PART_MOUNT, W("srv-a.mount"), W("/srv/a"),
                        (char *[]){ W("/dev/sdb1"), W("/srv/a"), W("ext4"), W("noatime"), NULL },
                        90 * USEC_PER_SEC, 20 * USEC_PER_SEC },
};
static Part remote = { PART_MOUNT, W("srv-www.mount"), W("/srv/www"),
        (char *[]){ W("nas:/w"), W("/srv/www"), W(""), W("ro"), NULL }, 5 * USEC_PER_SEC, 9 * USEC_PER_SEC };
#define MOUNT "srv-a.mount"
#define DEVICE(app) "distro-app-" app ":device-1.service"

static const Parts disk = { items, ELEMENTSOF(items) };

static void start_with_disk(Bench *b, const char *app, uint64_t epoch)
{
        assert_int_equal(
                        units_start(b->units, &(UnitStart){ .app = app, .epoch = epoch, .parts = &disk }), 0);
}

static void run_with_disk(Bench *b)
{
        start_with_disk(b, "a", 5);
        bench_mount(b, "/srv/a");
        expect(b, "a 5 starting;a 5 running;");
        expect_log(b, "start a;");
}

static bool contains(const char *text, const char *words)
{
        if (strstr(text, words))
                return true;
        print_error("there is no '%s' in\n%s\n", words, text);
        return false;
}

/* ---- the start ---- */

/* The device's helper and the mount are in distro.slice, bound to the application's, one after the other. */
static void test_message(void **state)
{
        Bench *b = *state;
        const char *text;

        start_with_disk(b, "a", 5);
        settle(b);
        text = b->fake.start_text;
        assert_true(contains(text, "BindsTo " DEVICE("a") " " MOUNT " After " DEVICE("a") " " MOUNT " "));
        assert_true(contains(text,
                        DEVICE("a") " Description device /dev/sdb1 of application a Slice distro.slice Type notify "
                                    "KillMode mixed Restart no CollectMode inactive IgnoreOnIsolate true "
                                    "TimeoutStartUSec 95000000 NotifyAccess exec TimeoutStopUSec 18446744073709551615 "
                                    "JobRunningTimeoutUSec 20000000 NoNewPrivileges true Requires distro-a.slice "
                                    "ExecStart /helpers/distro-device /helpers/distro-device hold /dev/sdb1 "
                                    "--timeout=infinity false "
                                    "ExecStopPost /helpers/distro-device /helpers/distro-device check /dev/sdb1 "
                                    "--timeout=infinity --after-hold false After distro-a.slice "));
        assert_true(contains(text, MOUNT
                        " Description mount /srv/a of application a Slice distro.slice Requires distro-a.slice "
                        "CollectMode inactive IgnoreOnIsolate true TimeoutUSec 90000000 What /dev/sdb1 Where /srv/a "
                        "StandardErrorFileToTruncate "));
        assert_true(contains(text,
                        "Type ext4 Options noatime ReadWriteOnly true BindsTo " DEVICE("a") " After " DEVICE(
                                        "a") " distro-a.slice Environment DISTRO_APPLICATION=a "));
}

static void test_message_without_device(void **state)
{
        const Parts parts = { &remote, 1 };
        Bench *b = *state;

        assert_int_equal(units_start(b->units, &(UnitStart){ .app = "a", .epoch = 5, .parts = &parts }), 0);
        settle(b);
        assert_true(contains(b->fake.start_text, "TimeoutUSec 9000000 What nas:/w Where /srv/www "));
        assert_true(contains(b->fake.start_text, "Options ro After distro-a.slice Environment "));
        assert_null(strstr(b->fake.start_text, "ReadWriteOnly"));
}

static void say(const Bench *b, const char *text)
{
        _cleanup_free_ char *path = text_format("%s/" PART_NOTES "/" MOUNT, b->cgroups);
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        if (!f)
                return;
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

/* mount(8) says why, and where a check helps, what to type. */
static void test_mount_fails(void **state)
{
        Bench *b = *state;

        b->fake.hold_starts = true;
        strcpy(b->fake.fail_part, MOUNT);
        start_with_disk(b, "a", 5);
        assert_int_equal(part_note_write(b->cgroups, "b", &(PartNote){ .epoch = 1 }),
                        0); /* there is a folder */
        say(b, "mount: /srv/a: mount(2) system call failed: Structure needs cleaning.\n       dmesg(1) may tell more\n");
        expect(b, "a 5 starting;a 5 stopping;"
                  "a 5 refused (its part mount /srv/a did not start: it has to be checked (fsck /dev/sdb1): mount(2) "
                  "system call failed: Structure needs cleaning.);");
        units_forget(b->units, "a", 5);
        settle(b);
        assert_false(part_note_exists(b->cgroups, "a"));
        assert_int_not_equal(access(b->cgroups, F_OK), -1);
}

/* ---- the end ---- */

/* It has ended when systemd says so, and nothing is mounted there any more. */
static void test_stop(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "stuck (its part mount /srv/a is still mounted);");
        bench_mount(b, NULL);
        wait_for(b, "a 5 stopping;a 5 stuck (its part mount /srv/a is still mounted);a 5 stopped;");
}

/* What is not known may be mounted. */
static void test_unknown_is_mounted(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        assert_int_equal(unlink(b->mountinfo), 0);
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        wait_for(b, "stuck (its part mount /srv/a is still mounted);");
        bench_mount(b, NULL);
        wait_for(b, "a 5 stopped;");
}

static void set_text(Bench *b, const char *unit, const char *active, const char *text)
{
        FakeUnit *u = fake_find_unit(&b->fake, unit);

        assert_non_null(u);
        if (!u)
                return;
        strcpy(u->active, active);
        strcpy(u->text, text);
        fake_unit_changed(&b->fake, unit);
}

/* umount(8) has failed, and the slice's job waits for the device's helper, which knows who is at it. It is asked for again, but
 * not each second. */
static void test_busy(void **state)
{
        Bench *b = *state;
        FakeUnit *mount;

        run_with_disk(b);
        b->fake.hold_stops = true;
        assert_int_equal(units_stop(b->units, "a", 5), 0);
        settle(b);
        fake_remove_unit(&b->fake, "distro-app-a.service");
        set_text(b, DEVICE("a"), "deactivating", "/dev/sdb1 is mounted at /srv/a still: used by 7 (vim)");
        wait_for(b, "a 5 stuck (its part mount /srv/a is still mounted: used by 7 (vim));");
        expect_log(b, "stop a.slice;");
        set_text(b, DEVICE("a"), "deactivating", "/dev/sdb1 is mounted at /srv/a still: used by 8 (vi)");
        wait_for(b, "a 5 stuck (its part mount /srv/a is still mounted: used by 8 (vi));");
        for (uint64_t end = now() + 6 * USEC_PER_SEC; now() < end && !b->fake.log[0];)
                turn(b, 50 * USEC_PER_MSEC);
        expect_log(b, "stop a.slice;");

        /* systemctl reset-failed changes nothing: it is active. */
        mount = fake_find_unit(&b->fake, MOUNT);
        strcpy(mount->result, "success");
        fake_unit_changed(&b->fake, MOUNT);
        b->seen[0] = 0;
        expect(b, "");
        bench_mount(b, NULL);
        fake_remove_unit(&b->fake, MOUNT);
        fake_remove_unit(&b->fake, DEVICE("a"));
        b->fake.hold_stops = false;
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 stopped;");
}

static void kill_helper(Bench *b)
{
        fake_find_unit(&b->fake, DEVICE("a"))->not_clean = true;
        fake_part_dies(&b->fake, DEVICE("a"), "");
        bench_mount(b, NULL);
}

/* The helper's process was killed, and what waits for the device in its place, too. */
static void test_helper_is_killed(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        b->fake.removals_fail = true;
        kill_helper(b);
        wait_for(b, "a 5 stuck (its part device /dev/sdb1 may still be in use: the helper that waits for its end was "
                    "killed, and it is looked at again; once nothing has it: systemctl reset-failed " DEVICE(
                                    "a") ");");
        fake_remove_unit(&b->fake, DEVICE("a"));
        wait_for(b, "a 5 failed (its part device /dev/sdb1 ended: ");
}

/* Its process was killed, and what takes its place waits: why it ended is known, and that somebody uses the mount is told. */
static void test_helper_is_killed_and_busy(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        b->fake.hold_stops = true;
        strcpy(fake_find_unit(&b->fake, DEVICE("a"))->result, "signal");
        set_text(b, DEVICE("a"), "deactivating", "/dev/sdb1 is mounted at /srv/a still: used by 7 (vim)");
        fake_job_new(&b->fake, "a", "stop");
        fake_job_done(&b->fake, "a", "done");
        wait_for(b, "a 5 stuck (its part mount /srv/a is still mounted: used by 7 (vim));");
        bench_mount(b, NULL);
        fake_remove_unit(&b->fake, MOUNT);
        fake_remove_unit(&b->fake, DEVICE("a"));
        b->fake.hold_stops = false;
        fake_stop_slice(&b->fake, "a");
        wait_for(b, "a 5 failed (its part device /dev/sdb1 ended: signal);");
}

/* ... and then it is looked at again, and is free. */
static void test_device_is_looked_at_again(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        b->fake.removals_fail = true;
        kill_helper(b);
        wait_for(b, "a 5 stuck (");
        b->fake.removals_fail = false;
        wait_for(b, "a 5 failed (its part device /dev/sdb1 ended: ");
        assert_true(contains(b->fake.start_text,
                        "distro-removal-a:device-1.service fail Description check of device /dev/sdb1 of application a "
                        "Type oneshot CollectMode inactive-or-failed TimeoutStartUSec 20000000 "
                        "ExecStart /helpers/distro-device /helpers/distro-device check /dev/sdb1 --timeout=1s false "));
}

static void test_unmounted_by_hand(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        bench_mount(b, NULL);
        fake_remove_unit(&b->fake, MOUNT);
        fake_job_new(&b->fake, "a", "stop");
        fake_job_done(&b->fake, "a", "done");
        wait_for(b, "a 5 failed (its part mount /srv/a ended: it was unmounted from outside);");
}

/* ---- what is not ours ---- */

/* Somebody else's mount is in the way: the start is refused, and that mount is not touched. */
static void test_foreign(void **state)
{
        Bench *b = *state;
        FakeUnit *u = fake_add_part(&b->fake, "a", MOUNT, "active");

        u->transient = false;
        u->fragment[0] = '\0';
        bench_mount(b, "/srv/a");
        start_with_disk(b, "a", 5);
        expect(b, "a 5 stopping;"
                  "a 5 refused (its part mount /srv/a did not start: /dev/sd b1 is mounted there already, and not by "
                  "distro-manager);");
        expect_log(b, "start a;");
        assert_non_null(fake_find_unit(&b->fake, MOUNT));
}

static void test_in_fstab(void **state)
{
        Bench *b = *state;
        FakeUnit *u = fake_add_part(&b->fake, "a", MOUNT, "inactive");

        u->transient = false;
        strcpy(u->fragment, "/run/systemd/generator/" MOUNT);
        start_with_disk(b, "a", 5);
        expect(b, "a 5 stopping;"
                  "a 5 refused (its part mount /srv/a did not start: it is in /etc/fstab; take it out there);");
}

/* ---- a manager that comes later ---- */

static void renew(Bench *b)
{
        Fake left = b->fake;

        bench_detach(b);
        units_free(b->units);
        bench_renew(b);
        b->seen[0] = 0;
        left.server = NULL;
        left.start_text = NULL;
        b->fake = left;
        bench_attach(b);
}

static void test_adopted(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        renew(b);
        expect(b, "a 5 running;ready;");
        assert_true(b->needs_end);
        expect_log(b, "");
}

/* Its worker has ended, and the mount has not: the copy is stopping, and stuck where that ends. */
static void test_left_without_worker(void **state)
{
        Bench *b = *state;

        run_with_disk(b);
        fake_remove(&b->fake, "a");
        strcpy(b->fake.keep_part, MOUNT);
        renew(b);
        wait_for(b, "a 5 stuck (its part mount /srv/a is still mounted);");
        bench_mount(b, NULL);
        fake_remove_unit(&b->fake, MOUNT);
        wait_for(b, "a 5 stopped;");
}

/* ---- the host ---- */

static void test_mountinfo(void **state)
{
        Bench *b = *state;
        char *source = NULL;

        bench_mount(b, "/srv/a\\040b");
        assert_int_equal(mount_find(b->mountinfo, "/srv/a b", &source), 1);
        assert_string_equal(source, "/dev/sd b1");
        free(source);
        assert_int_equal(mount_find(b->mountinfo, "/srv/a", &source), 0);
        assert_int_equal(mount_find(b->mountinfo, "/srv/a\\040b", &source), 0);
        assert_int_equal(mount_find("/nonexistent", "/srv/a", &source), -ENOENT);
        assert_int_equal(mount_find(MOUNTINFO, "/proc", &source), 1);
        free(source);
}

/* A hyphen in the mount point is an escape in the unit's name, and the note has escapes of its own. */
static void test_note(void **state)
{
        Part part = { PART_MOUNT, W("srv-a\\x2db.mount"), W("/srv/a-b"),
                (char *[]){ W("a:/b"), W("/srv/a-b"), W(""), W(""), NULL }, 1, 1 };
        PartNote n = { .epoch = 7, .parts = { &part, 1 } }, same;
        Bench *b = *state;

        assert_int_equal(part_note_write(b->cgroups, "b", &n), 0);
        assert_int_equal(part_note_read(b->cgroups, "b", &same), 0);
        assert_string_equal(same.parts.items[0].id, part.id);
        assert_string_equal(same.parts.items[0].arguments[2], "");
        part_note_done(&same);
}

static void test_words(void **state)
{
        static const char *const said[][2] = {
                { "mount: /srv/a: special device /dev/x does not exist.\nmore",
                                "special device /dev/x does not exist." },
                { "umount: /srv/a: target is busy.\n", "target is busy." },
                { "mount.nfs: access denied by server\n", "access denied by server" },
                { "fuse: it cannot\n", "fuse: it cannot" },
                { "", "" },
        };
        _cleanup_free_ char *directory = NULL;
        Bench *b = *state;
        char words[64];

        assert_int_equal(part_note_write(b->cgroups, "b", &(PartNote){ .epoch = 1 }), 0);
        directory = text_format("%s/" PART_NOTES, b->cgroups);
        FOREACH_ARRAY(s, said, ELEMENTSOF(said)) {
                say(b, (*s)[0]);
                mount_words_read(directory, MOUNT, "/srv/a", words, sizeof(words));
                assert_string_equal(words, (*s)[1]);
        }
        mount_words_remove(directory, MOUNT);
        mount_words_read(directory, MOUNT, "/srv/a", words, sizeof(words));
        assert_string_equal(words, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_message),
                BENCH_TEST(test_message_without_device),
                BENCH_TEST(test_mount_fails),
                BENCH_TEST(test_stop),
                BENCH_TEST(test_unknown_is_mounted),
                BENCH_TEST(test_busy),
                BENCH_TEST(test_helper_is_killed),
                BENCH_TEST(test_helper_is_killed_and_busy),
                BENCH_TEST(test_device_is_looked_at_again),
                BENCH_TEST(test_unmounted_by_hand),
                BENCH_TEST(test_foreign),
                BENCH_TEST(test_in_fstab),
                BENCH_TEST(test_adopted),
                BENCH_TEST(test_left_without_worker),
                BENCH_TEST(test_mountinfo),
                BENCH_TEST(test_note),
                BENCH_TEST(test_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
