/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without memory a message is neither encoded nor decoded, and nothing of it stays behind. */

#include "failing-memory.h"
#include "wire-samples.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_encode(void **state)
{
        (void) state;
        for (MessageType t = MESSAGE_VIEW; t < _MESSAGE_TYPE_MAX; t++) {
                Message *m = sample_fixed(t);
                int r = -ENOMEM;

                for (size_t count = 1; r < 0; count++) {
                        WireFragments f = {};

                        memory_fail_at(count);
                        r = wire_encode(m, 100, &f);
                        assert_int_equal(r, memory_has_failed() ? -ENOMEM : 0);
                        memory_fail_at(0);
                        assert_true((r == 0) == (f.n_fragments > 0));
                        wire_fragments_done(&f);
                }
                message_free(m);
        }
}

/* The fragments of one message; the last answer is returned. */
static int feed(WireReader *reader, const WireFragments *f, Message **ret)
{
        int r = 0;

        for (size_t i = 0; i < f->n_fragments && r == 0; i++) {
                char *error = NULL;

                r = wire_feed(reader, (Member){ 1, 1 }, f->fragments[i].data, f->fragments[i].size_bytes, ret,
                                &error);
                free(error);
        }
        return r;
}

static void test_decode(void **state)
{
        static const size_t sizes[] = { 0, 100 }; /* whole, and in many fragments */

        (void) state;
        for (MessageType t = MESSAGE_VIEW; t < _MESSAGE_TYPE_MAX; t++)
                for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                        Message *m = sample_fixed(t);
                        WireReader *reader = NULL;
                        WireFragments f = {};
                        int r = -ENOMEM;

                        assert_int_equal(wire_encode(m, sizes[i], &f), 0);
                        assert_int_equal(wire_reader_new(&reader), 0);
                        for (size_t count = 1; r < 0; count++) {
                                Message *back = NULL;
                                uint64_t refused = wire_refused(reader, WIRE_REFUSED_MEMORY);

                                memory_fail_at(count);
                                r = feed(reader, &f, &back);
                                assert_int_equal(r, memory_has_failed() ? -ENOMEM : 1);
                                memory_fail_at(0);
                                assert_int_equal(
                                                wire_refused(reader, WIRE_REFUSED_MEMORY), refused + (r < 0));
                                assert_true((r == 1) == (back != NULL));
                                assert_true(!back || sample_equal(m, back));
                                message_free(back);
                        }
                        wire_reader_free(reader);
                        wire_fragments_done(&f);
                        message_free(m);
                }
}

static void test_reader(void **state)
{
        WireReader *reader = NULL;

        (void) state;
        memory_fail_at(1);
        assert_int_equal(wire_reader_new(&reader), -ENOMEM);
        memory_fail_at(0);
        assert_null(reader);
}

/* A test that failed in the middle leaves the next ones their memory. */
static int memory_back(void **state)
{
        (void) state;
        memory_fail_at(0);
        return 0;
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_encode, memory_back),
                cmocka_unit_test_setup(test_decode, memory_back),
                cmocka_unit_test_setup(test_reader, memory_back),
        };

        return cmocka_run_group_tests_name("wire: no memory", tests, NULL, NULL);
}
