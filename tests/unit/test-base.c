/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/local-socket.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/timing.h"

typedef struct Number {
        const char *text;
        int result;
        uint64_t value;
} Number;

static void check_numbers(
                const char *what, const Number *cases, size_t n, int (*parse)(const char *, uint64_t *))
{
        for (size_t i = 0; i < n; i++) {
                uint64_t value = 4711;
                int r = parse(cases[i].text, &value);
                if (r != cases[i].result || value != (r < 0 ? 4711 : cases[i].value))
                        fail_msg("%s \"%s\": %d, %llu", what, cases[i].text, r, (unsigned long long) value);
        }
}

static void test_usec(void **state)
{
        static const Number cases[] = {
                { "0", 0, 0 },
                { "5", 0, 5000000 },
                { " 5 ", 0, 5000000 },
                { "5s", 0, 5000000 },
                { "5 s", 0, 5000000 },
                { "100ms", 0, 100000 },
                { "7us", 0, 7 },
                { "7\xc2\xb5s", 0, 7 },
                { "2.5s", 0, 2500000 },
                { "0.0000019s", 0, 1 },
                { ".5s", -EINVAL, 0 },
                { "5.s", -EINVAL, 0 },
                { "1min 30s", 0, 90000000 },
                { "1min30s", 0, 90000000 },
                { "1m", 0, 60000000 },
                { "1M", 0, UINT64_C(2629800000000) },
                { "1h 1d 1w", 0, UINT64_C(3600000000) + UINT64_C(86400000000) + UINT64_C(604800000000) },
                { "2 years", 0, UINT64_C(63115200000000) },
                { "infinity", 0, UINT64_MAX },
                { "18446744073709551614us", 0, UINT64_MAX - 1 },
                { "18446744073709551615us", -ERANGE, 0 },
                { "18446744073709551616us", -ERANGE, 0 },
                { "600000y", -ERANGE, 0 },
                { "-5s", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { " ", -EINVAL, 0 },
                { "-", -EINVAL, 0 },
                { "5 parsec", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "5s infinity", -EINVAL, 0 },
                { "Infinity", -EINVAL, 0 },
                { "0x5", -EINVAL, 0 },
        };
        check_numbers("time span", cases, ELEMENTSOF(cases), parse_usec);
}

static void test_nsec(void **state)
{
        static const Number cases[] = {
                { "5", 0, 5 },
                { "5ns", 0, 5 },
                { "5us", 0, 5000 },
                { "1.5us", 0, 1500 },
                { "infinity", 0, UINT64_MAX },
                { "ns", -EINVAL, 0 },
                { "5 ns", -EINVAL, 0 },
                { "", -EINVAL, 0 },
        };
        check_numbers("nanoseconds", cases, ELEMENTSOF(cases), parse_nsec);
}

static void test_size(void **state)
{
        static const Number cases[] = {
                { "0", 0, 0 },
                { "1048576", 0, 1048576 },
                { "64M", 0, 64 << 20 },
                { "1.5G", 0, UINT64_C(3) << 29 },
                { "1G 512M", 0, UINT64_C(3) << 29 },
                { "8B", 0, 8 },
                { "15E", 0, UINT64_C(15) << 60 },
                { "16E", -ERANGE, 0 },
                { "-1", -ERANGE, 0 },
                { "64MB", -EINVAL, 0 },
                { "64m", -EINVAL, 0 },
                { "infinity", -EINVAL, 0 },
                { "", -EINVAL, 0 },
        };
        static const Number decimal[] = { { "5M", 0, 5000000 }, { "2K", 0, 2000 }, { "7", 0, 7 },
                { "x", -EINVAL, 0 } };
        check_numbers("size", cases, ELEMENTSOF(cases), parse_size);
        check_numbers("decimal size", decimal, ELEMENTSOF(decimal), parse_decimal_size);
}

static int parse_u32_wide(const char *s, uint64_t *ret)
{
        uint32_t v;
        int r = parse_u32(s, &v);
        if (r >= 0)
                *ret = v;
        return r;
}

static int parse_mode_wide(const char *s, uint64_t *ret)
{
        uint32_t v;
        int r = parse_mode(s, &v);
        if (r >= 0)
                *ret = v;
        return r;
}

static int parse_permyriad_wide(const char *s, uint64_t *ret)
{
        uint32_t v;
        int r = parse_permyriad(s, &v);
        if (r >= 0)
                *ret = v;
        return r;
}

static int parse_i32_wide(const char *s, uint64_t *ret)
{
        int32_t v;
        int r = parse_i32(s, &v);
        if (r >= 0)
                *ret = (uint64_t) (int64_t) v;
        return r;
}

static void test_numbers(void **state)
{
        static const Number u64[] = {
                { "0", 0, 0 },
                { "007", 0, 7 },
                { "18446744073709551615", 0, UINT64_MAX },
                { "18446744073709551616", -ERANGE, 0 },
                { "+1", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 ", -EINVAL, 0 },
                { "", -EINVAL, 0 },
        };
        static const Number u32[] = { { "4294967295", 0, UINT32_MAX }, { "4294967296", -ERANGE, 0 },
                { "x", -EINVAL, 0 } };
        static const Number i32[] = {
                { "-2147483648", 0, (uint64_t) INT64_C(-2147483648) },
                { "2147483647", 0, 2147483647 },
                { "+5", 0, 5 },
                { "2147483648", -ERANGE, 0 },
                { "-2147483649", -ERANGE, 0 },
                { "--5", -EINVAL, 0 },
                { "-", -EINVAL, 0 },
        };
        static const Number mode[] = { { "0755", 0, 0755 }, { "7777", 0, 07777 }, { "10000", -ERANGE, 0 },
                { "8", -EINVAL, 0 }, { "", -EINVAL, 0 } };
        static const Number permyriad[] = {
                { "0%", 0, 0 },
                { "50%", 0, 5000 },
                { "12.5%", 0, 1250 },
                { "12.34%", 0, 1234 },
                { "150%", 0, 15000 },
                { "12.345%", -EINVAL, 0 },
                { "50", -EINVAL, 0 },
                { "%", -EINVAL, 0 },
                { "1.%", -EINVAL, 0 },
                { "99999999999%", -ERANGE, 0 },
        };
        check_numbers("u64", u64, ELEMENTSOF(u64), parse_u64);
        check_numbers("u32", u32, ELEMENTSOF(u32), parse_u32_wide);
        check_numbers("i32", i32, ELEMENTSOF(i32), parse_i32_wide);
        check_numbers("mode", mode, ELEMENTSOF(mode), parse_mode_wide);
        check_numbers("percentage", permyriad, ELEMENTSOF(permyriad), parse_permyriad_wide);
}

static void test_boolean(void **state)
{
        static const char *const yes[] = { "1", "yes", "YES", "y", "true", "t", "on", "On" };
        static const char *const no[] = { "0", "no", "N", "false", "f", "off" };
        static const char *const neither[] = { "", "2", "ja", "yes ", " no", "tr" };
        bool b;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                b = false;
                assert_int_equal(parse_boolean(yes[i], &b), 0);
                assert_true(b);
        }
        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                b = true;
                assert_int_equal(parse_boolean(no[i], &b), 0);
                assert_false(b);
        }
        for (size_t i = 0; i < ELEMENTSOF(neither); i++)
                assert_int_equal(parse_boolean(neither[i], &b), -EINVAL);
}

static void test_usec_format(void **state)
{
        static const struct {
                uint64_t usec, accuracy;
                const char *text;
        } cases[] = {
                { 0, 1, "0" },
                { USEC_INFINITY, 1, "infinity" },
                { 1, 1, "1us" },
                { 100000, 1, "100ms" },
                { 90000000, 1, "1min 30s" },
                { 90000001, 1, "1min 30s 1us" },
                { 90000001, 1000000, "1min 30s" },
                { 1500, 1000000, "1ms" },
                { UINT64_C(86400000000), 1, "1d" },
                { UINT64_C(31557600000000) + 1000000, 1, "1y 1s" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buffer[USEC_TEXT_MAX];
                assert_string_equal(usec_format(buffer, cases[i].usec, cases[i].accuracy), cases[i].text);
                uint64_t back;
                if (cases[i].accuracy == 1) {
                        assert_int_equal(parse_usec(buffer, &back), 0);
                        assert_true(back == cases[i].usec);
                }
        }
        char buffer[USEC_TEXT_MAX];
        /* The longest there is has to fit. */
        assert_string_equal(usec_format(buffer, UINT64_C(18446744073709551614), 1),
                        "584542y 2w 2d 20h 1min 49s 551ms 614us");
}

static void test_size_format(void **state)
{
        static const struct {
                uint64_t size;
                const char *text;
        } cases[] = {
                { 0, "0B" },
                { 1023, "1023B" },
                { 1024, "1K" },
                { 1536, "1.5K" },
                { 64 << 20, "64M" },
                { UINT64_C(3) << 29, "1.5G" },
                { UINT64_MAX - 1, "15.9E" },
                { UINT64_MAX, "infinity" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buffer[SIZE_TEXT_MAX];
                assert_string_equal(size_format(buffer, cases[i].size), cases[i].text);
        }
}

static void test_text(void **state)
{
        Text t = { 0 };
        char padded[] = " \t a b \n";

        char *empty = text_take(&t);
        assert_string_equal(empty, "");
        free(empty);

        text_add(&t, "a");
        text_add_n(&t, "bcd", 2);
        text_printf(&t, "%d-%s", 5, "x");
        assert_int_equal(t.length, 6);
        char *s = text_take(&t);
        assert_string_equal(s, "abc5-x");
        assert_null(t.data);
        free(s);

        assert_string_equal(text_strip(padded), "a b");
        char nothing[] = "  ";
        assert_string_equal(text_strip(nothing), "");
        assert_string_equal(startswith("foobar", "foo"), "bar");
        assert_null(startswith("fo", "foo"));
        assert_true(endswith("a.app", ".app"));
        assert_false(endswith("app", ".app"));
}

static void test_utf8(void **state)
{
        static const struct {
                const char *s;
                bool valid;
        } cases[] = {
                { "", true },
                { "plain", true },
                { "\xc3\xa4", true },
                { "\xe2\x82\xac", true },
                { "\xf0\x9f\x98\x80", true },
                { "\xf4\x8f\xbf\xbf", true },
                { "\xc3", false },             /* ends early */
                { "\xc3(", false },            /* no continuation */
                { "\x80", false },             /* continuation alone */
                { "\xc0\xaf", false },         /* overlong */
                { "\xe0\x80\xaf", false },     /* overlong */
                { "\xf0\x80\x80\xaf", false }, /* overlong */
                { "\xed\xa0\x80", false },     /* surrogate */
                { "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
                { "\xff", false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (utf8_is_valid(cases[i].s, strlen(cases[i].s)) != cases[i].valid)
                        fail_msg("case %zu", i);
        assert_false(utf8_is_valid("a\0b", 3));
}

static void test_array(void **state)
{
        int *items = NULL;
        size_t n = 0, n_allocated = 0;

        for (int i = 0; i < 100; i++) {
                assert_int_equal(ARRAY_GROW(items, n, n_allocated), 0);
                ARRAY_OPEN(items, n, 0);
                assert_int_equal(items[0], 0);
                items[0] = i;
        }
        assert_int_equal(n, 100);
        ARRAY_CLOSE(items, n, 0);
        assert_int_equal(items[0], 98);
        assert_int_equal(items[n - 1], 0);
        int sum = 0;
        FOREACH_ARRAY(it, items, n)
                sum += *it;
        assert_int_equal(sum, 98 * 99 / 2);
        assert_int_equal(array_reserve(&items, &n_allocated, SIZE_MAX / 2, sizeof(int)), -ENOMEM);
        free(items);
}

static void test_bytes(void **state)
{
        ByteWriter w = { 0 };
        put_u8(&w, 7);
        put_u16(&w, 0x1234);
        put_u32(&w, 0x12345678);
        put_u64(&w, UINT64_C(0x123456789abcdef0));
        put_bool(&w, true);
        put_string(&w, "text");
        put_blob(&w, "\0x", 2);
        assert_int_equal(w.error, 0);
        assert_int_equal(w.data[1], 0x34);

        ByteReader r = byte_reader(w.data, w.size_bytes);
        assert_int_equal(get_u8(&r), 7);
        assert_int_equal(get_u16(&r), 0x1234);
        assert_int_equal(get_u32(&r), 0x12345678);
        assert_true(get_u64(&r) == UINT64_C(0x123456789abcdef0));
        assert_true(get_bool(&r));
        char *s = get_string(&r, 10);
        assert_string_equal(s, "text");
        free(s);
        size_t n;
        const uint8_t *blob = get_blob(&r, &n);
        assert_int_equal(n, 2);
        assert_memory_equal(blob, "\0x", 2);
        assert_int_equal(byte_reader_finish(&r), 0);

        /* Every shorter prefix is refused, and what is read from it is nothing. */
        for (size_t length = 0; length < w.size_bytes; length++) {
                ByteReader cut = byte_reader(w.data, length);
                (void) get_u8(&cut), (void) get_u16(&cut), (void) get_u32(&cut), (void) get_u64(&cut),
                                (void) get_bool(&cut);
                free(get_string(&cut, 10));
                (void) get_blob(&cut, &n);
                assert_int_equal(byte_reader_finish(&cut), -EBADMSG);
                assert_int_equal(get_u8(&cut), 0);
        }
        /* So is one byte too many, a string that is too long and a boolean of 2. */
        ByteReader more = byte_reader(w.data, 2);
        assert_int_equal(get_u8(&more), 7);
        assert_int_equal(byte_reader_finish(&more), -EBADMSG);
        ByteReader two = byte_reader("\2", 1);
        (void) get_bool(&two);
        assert_int_equal(two.error, -EBADMSG);
        ByteReader text = byte_reader("\4\0text", 6);
        assert_null(get_string(&text, 3));
        ByteReader count = byte_reader("\xff\xff\xff\xff", 4);
        assert_int_equal(get_count(&count, 1), 0);
        assert_int_equal(count.error, -EBADMSG);
        byte_writer_done(&w);
}

static void test_hash(void **state)
{
        assert_true(hash64("a", 1) == hash64("a", 1));
        assert_true(hash64("a", 1) != hash64("b", 1));
        assert_true(hash64("a", 1) != hash64("a\0", 2));
        assert_true(hash64_finish(hash64_add(hash64_add(HASH64_INIT, "ab", 2), "c", 1)) == hash64("abc", 3));
}

static void test_timing(void **state)
{
        Timing t = timing_of(1650 * USEC_PER_MSEC, 1980 * USEC_PER_MSEC, 0, false);

        assert_int_equal(t.detection_usec, 3630 * USEC_PER_MSEC);
        assert_int_equal(t.isolation_usec, UINT64_C(4537500));
        assert_int_equal(t.probe_usec, UINT64_C(453750));
        assert_int_equal(t.stopped_usec, UINT64_C(5991250));
        assert_int_equal(t.needed_usec, UINT64_C(2361250)); /* 3.63/8 + 4.5375 + 1 - 3.63 */
        t = timing_of(1650 * USEC_PER_MSEC, 1980 * USEC_PER_MSEC, 0, true);
        assert_int_equal(t.isolation_usec, UINT64_C(10537500));
        assert_int_equal(t.needed_usec,
                        UINT64_C(11537500)); /* from the view on: nothing is heard of the quorum */
        t = timing_of(1650 * USEC_PER_MSEC, 1980 * USEC_PER_MSEC, 2 * USEC_PER_SEC, true);
        assert_int_equal(t.needed_usec, 3 * USEC_PER_SEC);
        /* A short timeout of one's own: nothing is left to wait for. */
        t = timing_of(10 * USEC_PER_SEC, 12 * USEC_PER_SEC, USEC_PER_SEC, false);
        assert_int_equal(t.isolation_usec, USEC_PER_SEC);
        assert_int_equal(t.needed_usec, 0);
        t = timing_of(10 * USEC_PER_SEC, 12 * USEC_PER_SEC, USEC_INFINITY, false);
        assert_int_equal(t.needed_usec, USEC_INFINITY);
        t = timing_of(10 * USEC_PER_SEC, 12 * USEC_PER_SEC, USEC_INFINITY, true);
        assert_int_equal(t.needed_usec, USEC_INFINITY);
}

#define MARGIN (USEC_PER_SEC / 2)
#define RESET (100 * USEC_PER_MSEC) /* from the deadline to a host that is down */

static void has_margin(uint64_t before, uint64_t after)
{
        assert_true(after >= before + MARGIN);
}

/* From a cut at 0 on: who acts when. The last probe that came back was sent up to one interval before it. */
static void test_needs_end(void **state)
{
        static const struct {
                uint64_t token_msec, consensus_msec;
        } times[] = { { 1000, 1200 }, { 1650, 1980 }, { 3650, 4380 }, { 10100, 12120 }, { 500, 600 } };
        static const uint64_t graces_sec[] = { 4, 15, 60 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(times) * ELEMENTSOF(graces_sec) * 2; i++) {
                uint64_t grace = graces_sec[i / 2 % ELEMENTSOF(graces_sec)] * USEC_PER_SEC;
                size_t row = i / 2 / ELEMENTSOF(graces_sec);
                Timing t = timing_of(times[row].token_msec * USEC_PER_MSEC,
                                times[row].consensus_msec * USEC_PER_MSEC, 0, i % 2);
                uint64_t delay = timing_needs_end_usec(&t, SELF_FENCE_DEFAULT_USEC, grace);
                uint64_t peers = t.detection_usec + delay, down = peers - USEC_PER_SEC, acts, half;

                /* It knows by the view, or, where Corosync is frozen, by a probe: that one would have been the next after
                 * the last that came back. With a device it waits for that from the view on. */
                acts = i % 2 ? t.detection_usec + t.isolation_usec
                             : MAX(t.detection_usec, t.probe_usec + t.isolation_usec);
                half = acts + (down - acts) / 2;
                has_margin(acts, half);
                has_margin(half, down);
                has_margin(down + RESET, peers);
                /* The view came at once, and the last probe was sent long before. */
                half = t.detection_usec + (down - t.probe_usec - t.detection_usec) / 2;
                has_margin(t.detection_usec, half);
                has_margin(half, down - t.probe_usec);
                /* The manager hung as it was cut off: the watchdog ends it, the guard begins, and takes 7/8 of the grace. */
                has_margin(grace_timing_of(grace).watchdog_usec + grace - grace / 8 + RESET, peers);
                assert_true(delay >= SELF_FENCE_DEFAULT_USEC);
                assert_int_equal(timing_needs_end_usec(&t, USEC_INFINITY, grace), USEC_INFINITY);
        }
}

/* Everything on a node has ended before the grace is over, in this order, with room between. */
static void test_grace(void **state)
{
        GraceTiming t = grace_timing_of(16 * USEC_PER_SEC);

        (void) state;
        assert_int_equal(t.watchdog_usec, 4 * USEC_PER_SEC);
        assert_int_equal(t.stop_usec, 8 * USEC_PER_SEC);
        assert_int_equal(t.kill_usec, 12 * USEC_PER_SEC);
        assert_int_equal(t.answer_usec, 2 * USEC_PER_SEC);
        assert_int_equal(t.connect_usec, USEC_PER_SEC);
        t = grace_timing_of(USEC_INFINITY);
        assert_true(t.watchdog_usec < t.stop_usec && t.stop_usec < t.kill_usec &&
                        t.kill_usec < USEC_INFINITY);
}

/* Nobody else can connect, whoever does is known, and what a process before left is no hindrance. */
static void test_local_socket(void **state)
{
        char folder[] = "/tmp/test-base-XXXXXX", path[64], longer[200];
        struct stat st;
        pid_t peer = 0;
        int listener, client, server;

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/socket", folder);
        snprintf(longer, sizeof(longer), "%s/%0120d", folder, 0);
        assert_int_equal(local_socket_connect(path, SOCK_STREAM), -ENOENT);
        assert_int_equal(local_socket_connect(longer, SOCK_STREAM), -ENAMETOOLONG);
        assert_int_equal(local_socket_listen(longer, 1), -ENAMETOOLONG);

        listener = local_socket_listen(path, 1);
        assert_true(listener >= 0);
        assert_int_equal(close(listener), 0);
        assert_int_equal(local_socket_connect(path, SOCK_STREAM), -ECONNREFUSED);
        listener = local_socket_listen(path, 1);
        assert_true(listener >= 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(local_socket_accept(listener, NULL), -EAGAIN);
        assert_int_equal(local_socket_connect(path, SOCK_DGRAM), -EPROTOTYPE);

        client = local_socket_connect(path, SOCK_STREAM);
        assert_true(client >= 0);
        server = local_socket_accept(listener, &peer);
        assert_true(server >= 0);
        assert_int_equal(peer, getpid());
        assert_int_equal(close(client), 0);
        assert_int_equal(close(server), 0);
        assert_int_equal(close(listener), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_usec),
                cmocka_unit_test(test_nsec),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_boolean),
                cmocka_unit_test(test_usec_format),
                cmocka_unit_test(test_size_format),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_array),
                cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_hash),
                cmocka_unit_test(test_local_socket),
                cmocka_unit_test(test_timing),
                cmocka_unit_test(test_needs_end),
                cmocka_unit_test(test_grace),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
