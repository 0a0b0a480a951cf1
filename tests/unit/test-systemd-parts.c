/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An application with parts: its slice, its note, and the one road of each end. */

#include "systemd-bench.h"

#define W(x) ((char[]){ x }) /* a literal as a word of its own */

static Part items[] = {
        { PART_ADDRESS, W("ip-192.0.2.20"), W("192.0.2.20/24"),
                        (char *[]){ W("192.0.2.20/24"), W("eth0"), NULL }, 10 * USEC_PER_SEC,
                        5 * USEC_PER_SEC },
        { PART_ADDRESS, W("ip-2001:db8::30"), W("2001:db8::30/64"),
                        (char *[]){ W("2001:db8::30/64"), W("check=no"), NULL }, 20 * USEC_PER_SEC,
                        5 * USEC_PER_SEC },
};
static const Parts two_parts = { items, ELEMENTSOF(items) };

static void start_with_parts(Bench *b, const char *app, uint64_t epoch)
{
        assert_int_equal(units_start(b->units,
                                         &(UnitStart){ .app = app, .epoch = epoch, .parts = &two_parts }),
                        0);
}

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
        assert_ptr_not_equal(p.name, items[1].name);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BENCH_TEST(test_parts_are_known),
        };

        return cmocka_run_group_tests_name("systemd-parts", tests, NULL, NULL);
}
