/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the guard knows beyond its life: what the manager told it, and the stamp; and its moments. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "systemd-folder.h"
#include "systemd/guard-file.h"

static void test_moments(void **state)
{
        static const struct {
                uint64_t ended, grace, stop, kill, by_hand, end_kill, end_by_hand, fuse;
        } cases[] = {
                { 100, 16, 108, 112, 114, 110, 112, 114 },
                { 0, 15 * USEC_PER_SEC, 7500000, 11250000, 12250000, 9375000, 10375000, 13125000 },
                { 0, 4 * USEC_PER_SEC, 2000000, 3000000, 3500000, 2500000, 3000000, 3500000 },
                { 7, 0, 7, 7, 7, 7, 7, 7 },
                { 7, 1, 7, 8, 8, 7, 7, 8 },
                { UINT64_MAX - 1, 16, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                UINT64_MAX },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                GuardMoments m = guard_moments(c->ended, c->grace);

                assert_int_equal(m.stop_usec, c->stop);
                assert_int_equal(m.kill_usec, c->kill);
                assert_int_equal(m.by_hand_usec, c->by_hand);
                assert_int_equal(m.end_kill_usec, c->end_kill);
                assert_int_equal(m.end_by_hand_usec, c->end_by_hand);
                assert_int_equal(m.fuse_usec, c->fuse);
        }
}

/* No moment is slept over. */
static void test_next_look(void **state)
{
        GuardMoments m = guard_moments(0, 4800000); /* 2.4 s, 3.6 s, 4.2 s; 3 s, 3.6 s */

        assert_int_equal(guard_next_look(&m, 0), 2400000);
        assert_int_equal(guard_next_look(&m, 2400000), 2650000);
        assert_int_equal(guard_next_look(&m, 2900000), 3000000);
        assert_int_equal(guard_next_look(&m, 3500000), 3600000);
        assert_int_equal(guard_next_look(&m, 3600000), 3850000);
        assert_int_equal(guard_next_look(&m, 4000000), 4200000);
        assert_int_equal(guard_next_look(&m, 4200000), 4450000);
        assert_int_equal(guard_next_look(&m, 12200000), 12950000);
        assert_int_equal(guard_next_look(&m, 4200000 + 3600 * USEC_PER_SEC), 4200000 + 3602 * USEC_PER_SEC);
        assert_int_equal(guard_next_look(&m, UINT64_MAX), UINT64_MAX);
}

static void test_file(void **state)
{
        char *apps[] = { (char *) "web", (char *) "db-1" };
        GuardState s = {}, told = { .in_step = true,
                .self_fence = SELF_FENCE_NO,
                .powers_off = true,
                .grace_usec = 12345,
                .maintenance = apps,
                .n_maintenance = 2 };

        assert_int_equal(guard_file_read(folder, &s), -ENOENT);
        assert_int_equal(guard_file_write(folder, &told), 0);
        assert_int_equal(guard_file_read(folder, &s), 0);
        assert_int_equal(s.grace_usec, 12345);
        assert_int_equal(s.n_maintenance, 2);
        assert_int_equal(s.self_fence, SELF_FENCE_NO);
        assert_true(s.powers_off);
        assert_false(s.in_step); /* that is the manager's to say, not the file's */
        assert_true(guard_state_in_maintenance(&s, "web"));
        assert_true(guard_state_in_maintenance(&s, "db-1"));
        assert_false(guard_state_in_maintenance(&s, "db"));
        guard_state_done(&s);

        assert_int_equal(guard_file_write(folder, &(GuardState){ .grace_usec = 1 }), 0);
        assert_int_equal(guard_file_read(folder, &s), 0);
        assert_int_equal(s.n_maintenance, 0);
        guard_state_done(&s);

        /* Where the new one cannot be written, nothing of the old one counts any more. */
        put("guard.new/in-the-way", "");
        assert_int_equal(guard_file_write(folder, &told), -EISDIR);
        assert_int_equal(guard_file_read(folder, &s), -ENOENT);
        assert_int_equal(guard_file_write("/nonexistent/folder", &told), -ENOENT);
}

static void test_file_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "grace=5\n", /* cut */
                "grace=5\nmaintenance=web\n",
                "grace=5\nend",
                "end\n",
                "grace=\nend\n",
                "grace=-5\nend\n",
                "grace=5s\nend\n",
                "grace=99999999999999999999999\nend\n",
                "grace=5\ngrace=6\nend\n",
                "grace=5\nmaintenance=WEB\nend\n",
                "grace=5\nmaintenance=\nend\n",
                "grace=5\nwhat=ever\nend\n",
                "grace=5\nin-step\nin-step\nend\n",
                "grace=5\nidle\nidle\nend\n",
                "grace=5\nself-fence=yes\nself-fence=no\nend\n",
                "grace=5\nself-fence=auto\nend\n",
                "grace=5\npowers-off\npowers-off\nend\n",
                "grace=5\nend\nmore\n",
        };

        FOREACH_ARRAY(text, texts, ELEMENTSOF(texts)) {
                GuardState s = {};

                put("guard", *text);
                if (guard_file_read(folder, &s) != -EBADMSG)
                        fail_msg("accepted: %s", *text);
        }
}

static void test_stamp(void **state)
{
        GuardStamp stamp;
        int fd;

        assert_int_equal(guard_stamp_read(folder, &stamp), -ENOENT);
        assert_int_equal(guard_stamp_open(folder, 1000, &fd, &stamp), 0);
        assert_true(fd >= 0);
        assert_int_equal(stamp.ended_usec, 0);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, 0, 0 }), 0);
        assert_int_equal(close(fd), 0);
        assert_false(guard_stamp_covers(folder, UINT64_MAX)); /* it has not acted */

        /* The next guard goes on from there, in the same room. */
        assert_int_equal(guard_stamp_open(folder, 1000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 700);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, UINT64_MAX - 1, 0 }), 0);
        assert_int_equal(guard_stamp_read(folder, &stamp), 0);
        assert_int_equal(stamp.acted_usec, UINT64_MAX - 1);
        assert_int_equal(guard_stamp_write(fd, &(GuardStamp){ 700, 800, 0 }), 0);
        assert_true(guard_stamp_covers(folder, 800));
        assert_false(guard_stamp_covers(folder, 799));
        assert_false(guard_stamp_covers(NULL, 800));
        assert_int_equal(close(fd), 0);

        /* Of another boot, or damaged: everything is over. */
        assert_int_equal(guard_stamp_open(folder, 10, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 1);
        assert_int_equal(close(fd), 0);
        put("guard.stamp", "ended=what\n");
        assert_int_equal(guard_stamp_open(folder, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 1);
        assert_int_equal(close(fd), 0);

        /* As the version before this one wrote it; and where there was no room. */
        put("guard.stamp", "ended=77\n");
        assert_int_equal(guard_stamp_open(folder, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 77);
        assert_int_equal(close(fd), 0);
        put("guard.stamp", "");
        assert_int_equal(guard_stamp_read(folder, &stamp), -ENOENT);
        assert_int_equal(guard_stamp_open(folder, 5000, &fd, &stamp), 0);
        assert_int_equal(stamp.ended_usec, 0);
        assert_int_equal(close(fd), 0);
        assert_int_equal(guard_stamp_open("/nonexistent/folder", 5000, &fd, &stamp), 0);
        assert_int_equal(fd, -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moments),
                cmocka_unit_test(test_next_look),
                FOLDER_TEST(test_file),
                FOLDER_TEST(test_file_refused),
                FOLDER_TEST(test_stamp),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
