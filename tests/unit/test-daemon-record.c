/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemon/record.h"

/* Each test has a directory of its own. */
static char directory[64];

static int setup(void **state)
{
        (void) state;
        strcpy(directory, "/tmp/record-XXXXXX");
        return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void) state;
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        return system(command);
}

static const char *path(const char *name)
{
        static char p[512];

        snprintf(p, sizeof(p), "%s/%s", directory, name);
        return p;
}

static void write_file(const char *name, const void *data, size_t size_bytes)
{
        FILE *f = fopen(path(name), "w");

        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, size_bytes, f), size_bytes);
        assert_int_equal(fclose(f), 0);
}

static size_t read_file(const char *name, uint8_t *ret, size_t max_bytes)
{
        FILE *f = fopen(path(name), "r");
        size_t n;

        assert_non_null(f);
        n = fread(ret, 1, max_bytes, f);
        fclose(f);
        return n;
}

/* How many names in the directory begin with `prefix`; `ret_name` is the last of them. */
static size_t count_names(const char *prefix, char *ret_name)
{
        DIR *d = opendir(directory);
        size_t n = 0;

        assert_non_null(d);
        for (struct dirent *entry; (entry = readdir(d));)
                if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
                        n++;
                        if (ret_name)
                                strcpy(ret_name, entry->d_name);
                }
        closedir(d);
        return n;
}

static void assert_blank(void)
{
        Record record;

        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_BLANK);
        assert_null(record.payload);
}

static void assert_valid(const void *payload, size_t size_bytes)
{
        Record record;

        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_VALID);
        assert_int_equal(record.size_bytes, size_bytes);
        assert_memory_equal(record.payload, payload, size_bytes);
        record_done(&record);
}

static void test_round(void **state)
{
        uint8_t big[100000];

        (void) state;
        assert_blank();
        assert_int_equal(record_write(directory, "one", 3), 0);
        assert_valid("one", 3);
        assert_int_equal(record_write(directory, "", 0), 0);
        {
                Record record;

                assert_int_equal(record_read(directory, &record), 0);
                assert_int_equal(record.kind, RECORD_VALID);
                assert_int_equal(record.size_bytes, 0);
                record_done(&record);
        }
        for (size_t i = 0; i < sizeof(big); i++)
                big[i] = (uint8_t) (i * 7);
        assert_int_equal(record_write(directory, big, sizeof(big)), 0);
        assert_valid(big, sizeof(big));
        assert_int_equal(count_names("state", NULL), 1);
}

static void test_not_for_others(void **state)
{
        struct stat st;

        (void) state;
        assert_int_equal(record_write(directory, "one", 3), 0);
        assert_int_equal(stat(path("state"), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_leftover_is_ignored(void **state)
{
        (void) state;
        write_file("state.new", "half of a rec", 13);
        assert_blank();
        assert_int_equal(count_names("state", NULL), 0);
        assert_int_equal(record_write(directory, "one", 3), 0);
        write_file("state.new", "half of a rec", 13);
        assert_valid("one", 3);
}

/* Every single byte of a record, cut off or flipped in each bit, is noticed. */
static void test_every_damage_is_noticed(void **state)
{
        const char payload[] = "what must last";
        uint8_t file[RECORD_HEADER_BYTES + sizeof(payload)], copy[sizeof(file) + 1];
        const uint8_t *found;
        size_t n;
        char why[256];

        (void) state;
        record_header(payload, sizeof(payload), file);
        memcpy(file + RECORD_HEADER_BYTES, payload, sizeof(payload));
        assert_int_equal(record_parse(file, sizeof(file), &found, &n, why, sizeof(why)), 0);
        assert_ptr_equal(found, file + RECORD_HEADER_BYTES);
        assert_int_equal(n, sizeof(payload));

        for (size_t i = 0; i < sizeof(file); i++) {
                why[0] = '\0';
                assert_int_equal(record_parse(file, i, &found, &n, why, sizeof(why)), -EBADMSG);
                assert_true(strlen(why) > 0);
                for (unsigned bit = 0; bit < 8; bit++) {
                        memcpy(copy, file, sizeof(file));
                        copy[i] ^= (uint8_t) (1u << bit);
                        why[0] = '\0';
                        assert_int_equal(record_parse(copy, sizeof(file), &found, &n, why, sizeof(why)),
                                        -EBADMSG);
                        assert_true(strlen(why) > 0);
                }
        }
        memcpy(copy, file, sizeof(file));
        copy[sizeof(file)] = 0;
        assert_int_equal(record_parse(copy, sizeof(copy), &found, &n, why, sizeof(why)), -EBADMSG);
}

static void test_damaged_is_kept_aside(void **state)
{
        static const struct {
                const char *what;
                size_t at, cut;
                const char *why;
        } cases[] = {
                { "empty", 0, 0, "the file is empty" },
                { "torn header", 0, 30, "ends inside its header" },
                { "torn content", 0, 49, "announces" },
                { "magic", 3, SIZE_MAX, "at byte 0" },
                { "version", 20, SIZE_MAX, "at byte 20" },
                { "version's hash", 25, SIZE_MAX, "at byte 20" },
                { "length", 33, SIZE_MAX, "at byte 32" },
                { "hash", 41, SIZE_MAX, "from byte 48 on" },
                { "content", 49, SIZE_MAX, "from byte 48 on" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint8_t file[64], kept[64];
                char name[256];
                Record record;
                size_t n;

                assert_int_equal(record_write(directory, "payload", 7), 0);
                n = read_file("state", file, sizeof(file));
                assert_int_equal(n, RECORD_HEADER_BYTES + 7);
                if (cases[i].cut == SIZE_MAX)
                        file[cases[i].at] ^= 0x10;
                else
                        n = cases[i].cut;
                write_file("state", file, n);

                assert_int_equal(record_read(directory, &record), 0);
                assert_int_equal(record.kind, RECORD_DAMAGED);
                assert_null(record.payload);
                assert_non_null(strstr(record.why, cases[i].why));
                assert_non_null(strstr(record.why, path("state")));
                assert_int_equal(count_names("state.damaged-", name), 1);
                assert_non_null(strstr(record.why, name));
                assert_int_equal(read_file(name, kept, sizeof(kept)), n);
                assert_memory_equal(kept, file, n);
                assert_int_equal(unlink(path(name)), 0);
                assert_blank();
        }
}

static void test_few_are_kept(void **state)
{
        char name[256];
        uint8_t kept[16];

        (void) state;
        for (unsigned i = 0; i < RECORD_KEPT_MAX; i++) {
                snprintf(name, sizeof(name), "state.damaged-20200101T00000%uZ-00", i);
                write_file(name, "old", 3);
        }
        for (unsigned i = 0; i < 3; i++) {
                Record record;

                write_file("state", "not a record", 12);
                assert_int_equal(record_read(directory, &record), 0);
                assert_int_equal(record.kind, RECORD_DAMAGED);
                assert_int_equal(count_names("state.damaged-", NULL), RECORD_KEPT_MAX);
        }
        assert_int_equal(count_names("state.damaged-20200101", name), RECORD_KEPT_MAX - 3);
        assert_int_equal(access(path("state.damaged-20200101T000004Z-00"), F_OK), 0);
        assert_int_equal(read_file("state.damaged-20200101T000004Z-00", kept, sizeof(kept)), 3);
}

static void test_newer_is_not_touched(void **state)
{
        uint8_t file[RECORD_HEADER_BYTES + 4], after[128];
        Record record;
        uint64_t hash;

        (void) state;
        record_header("abcd", 4, file);
        memcpy(file + RECORD_HEADER_BYTES, "abcd", 4);
        file[20] = 2;
        hash = hash64(file, 24);
        for (unsigned i = 0; i < 8; i++)
                file[24 + i] = (uint8_t) (hash >> (8 * i));
        /* What follows the version is the newer version's own business, so its length may be anything. */
        for (size_t n = 32; n <= sizeof(file); n += 4) {
                write_file("state", file, n);
                assert_int_equal(record_read(directory, &record), -EPROTONOSUPPORT);
                assert_null(record.payload);
                assert_non_null(strstr(record.why, path("state")));
                assert_non_null(strstr(record.why, "version 2"));
                assert_int_equal(read_file("state", after, sizeof(after)), n);
                assert_memory_equal(after, file, n);
                assert_int_equal(count_names("state", NULL), 1);
        }
}

static void test_not_a_file(void **state)
{
        Record record;

        (void) state;
        assert_int_equal(mkdir(path("state"), 0700), 0);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_DAMAGED);
        assert_blank();

        assert_int_equal(mkfifo(path("state"), 0600), 0);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_DAMAGED);

        write_file("elsewhere", "x", 1);
        assert_int_equal(symlink("elsewhere", path("state")), 0);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_DAMAGED);
        assert_int_equal(access(path("elsewhere"), F_OK), 0);
        assert_blank();
}

static void test_no_directory(void **state)
{
        Record record;

        (void) state;
        assert_int_equal(record_read("/nonexistent/distro", &record), -ENOENT);
        assert_non_null(strstr(record.why, "/nonexistent/distro"));
        assert_int_equal(record_write("/nonexistent/distro", "x", 1), -ENOENT);
}

static void test_rejected_by_the_engine(void **state)
{
        Record record;
        char name[256];

        (void) state;
        assert_int_equal(record_write(directory, "nonsense", 8), 0);
        assert_int_equal(record_read(directory, &record), 0);
        record_reject(directory, "its content is not one", &record);
        assert_int_equal(record.kind, RECORD_DAMAGED);
        assert_null(record.payload);
        assert_int_equal(count_names("state.damaged-", name), 1);
        assert_non_null(strstr(record.why, name));
        assert_non_null(strstr(record.why, "its content is not one"));
        assert_blank();
}

/* A failed write leaves the old record as it was, and nothing lying about. */
static void test_failed_write_keeps_the_old(void **state)
{
        struct rlimit before, small = { .rlim_cur = 2048 };
        uint8_t big[8192] = {};

        (void) state;
        assert_int_equal(record_write(directory, "old", 3), 0);

        assert_int_equal(mkdir(path("state.new"), 0700), 0);
        assert_int_equal(record_write(directory, "new", 3), -EISDIR);
        assert_int_equal(rmdir(path("state.new")), 0);

        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small.rlim_max = before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_int_equal(record_write(directory, big, sizeof(big)), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

        assert_int_equal(count_names("state", NULL), 1);
        assert_valid("old", 3);
}

static void test_full_and_readonly_disk(void **state)
{
        uint8_t big[65536] = {};
        Record record;

        (void) state;
        if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
                        mount("record", directory, "tmpfs", 0, "size=16k") < 0)
                skip();
        assert_int_equal(record_write(directory, "old", 3), 0);
        assert_int_equal(record_write(directory, big, sizeof(big)), -ENOSPC);
        assert_int_equal(count_names("state", NULL), 1);
        assert_valid("old", 3);
        assert_int_equal(record_write(directory, "new", 3), 0);

        assert_int_equal(mount("", directory, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_int_equal(record_write(directory, "newer", 5), -EROFS);
        assert_valid("new", 3);
        assert_int_equal(mount("", directory, "", MS_REMOUNT, NULL), 0);
        write_file("state", "damaged", 7);
        assert_int_equal(mount("", directory, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_DAMAGED);
        assert_non_null(strstr(record.why, "could not be moved aside"));
        assert_int_equal(umount(directory), 0);
}

static RecordResult wait_result(RecordWriter *w)
{
        struct pollfd p = { .fd = record_writer_fd(w), .events = POLLIN };
        RecordResult result;

        while (!record_writer_result(w, &result))
                assert_int_equal(poll(&p, 1, 10000), 1);
        return result;
}

static void hand_over(RecordWriter *w, uint64_t count, const char *text)
{
        assert_int_equal(record_writer_write(
                                         w, (Revision){ 7, count }, (uint8_t *) strdup(text), strlen(text)),
                        0);
}

static void test_writer(void **state)
{
        _cleanup_(record_writer_freep) RecordWriter *w = NULL;
        struct pollfd p;
        RecordResult result;

        (void) state;
        assert_int_equal(record_writer_new(directory, &w), 0);
        p = (struct pollfd){ .fd = record_writer_fd(w), .events = POLLIN };
        assert_false(record_writer_result(w, &result));
        assert_int_equal(poll(&p, 1, 0), 0);

        hand_over(w, 1, "one");
        result = wait_result(w);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.revision.ring_seq, 7);
        assert_int_equal(result.revision.count, 1);
        assert_false(record_writer_result(w, &result));
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_valid("one", 3);

        assert_int_equal(mkdir(path("state.new"), 0700), 0);
        hand_over(w, 2, "two");
        assert_int_equal(wait_result(w).error, -EISDIR);
        assert_int_equal(rmdir(path("state.new")), 0);
        hand_over(w, 3, "three");
        assert_int_equal(wait_result(w).error, 0);
        assert_valid("three", 5);
        assert_int_equal(record_writer_write(
                                         w, (Revision){ 7, 4 }, malloc(1), (size_t) RECORD_PAYLOAD_MAX + 1),
                        -E2BIG);
}

/* However fast they come: results are in order, the last one always has one, and it is what the disk holds.
 */
static void test_writer_newest_counts(void **state)
{
        _cleanup_(record_writer_freep) RecordWriter *w = NULL;
        uint64_t last = 0;

        (void) state;
        assert_int_equal(record_writer_new(directory, &w), 0);
        for (uint64_t i = 1; i <= 200; i++) {
                char text[32];

                snprintf(text, sizeof(text), "revision %" PRIu64, i);
                hand_over(w, i, text);
        }
        while (last != 200) {
                RecordResult result = wait_result(w);

                assert_int_equal(result.error, 0);
                assert_true(result.revision.count > last);
                last = result.revision.count;
        }
        assert_valid("revision 200", 12);
}

static void test_writer_finishes_before_it_ends(void **state)
{
        RecordWriter *w = NULL;

        (void) state;
        assert_int_equal(record_writer_new(directory, &w), 0);
        hand_over(w, 1, "one");
        hand_over(w, 2, "two");
        assert_null(record_writer_free(w));
        assert_valid("two", 3);
        assert_null(record_writer_free(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_for_others, setup, teardown),
                cmocka_unit_test_setup_teardown(test_leftover_is_ignored, setup, teardown),
                cmocka_unit_test_setup_teardown(test_every_damage_is_noticed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_damaged_is_kept_aside, setup, teardown),
                cmocka_unit_test_setup_teardown(test_few_are_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_newer_is_not_touched, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_a_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rejected_by_the_engine, setup, teardown),
                cmocka_unit_test_setup_teardown(test_failed_write_keeps_the_old, setup, teardown),
                cmocka_unit_test_setup_teardown(test_writer, setup, teardown),
                cmocka_unit_test_setup_teardown(test_writer_newest_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_writer_finishes_before_it_ends, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full_and_readonly_disk, setup, teardown),
        };

        return cmocka_run_group_tests_name("daemon-record", tests, NULL, NULL);
}
