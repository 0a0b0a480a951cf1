/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bounds of what a body may hold: a count is limited by what the rest of the bytes can hold, and by its own bound. */

#include "wire/body.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_counts(void **state)
{
        static const struct {
                uint32_t count;
                size_t bytes, min_bytes, max;
                size_t ret;
                int error;
        } cases[] = {
                { 0, 0, 8, 128, 0, 0 },
                { 128, 1024, 8, 128, 128, 0 },
                { 129, 2048, 8, 128, 0, -EBADMSG }, /* more than the bound */
                { 128, 1023, 8, 128, 0, -EBADMSG }, /* more than the bytes can hold */
                { UINT32_MAX, 2048, 1, UINT32_MAX, 0, -EBADMSG },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ByteWriter w = {};
                ByteReader r;

                put_u32(&w, cases[i].count);
                for (size_t j = 0; j < cases[i].bytes; j++)
                        put_u8(&w, 1);
                assert_int_equal(w.error, 0);
                r = byte_reader(w.data, w.size_bytes);
                assert_int_equal(wire_get_count(&r, cases[i].min_bytes, cases[i].max), cases[i].ret);
                assert_int_equal(r.error, cases[i].error);
                byte_writer_done(&w);
        }
}

/* The writer knows the same bounds: nobody sends what all would refuse. */
static void test_writer_has_the_same_bounds(void **state)
{
        ByteWriter w = {};

        (void) state;
        wire_put_count(&w, 128, 128);
        assert_int_equal(w.error, 0);
        wire_put_count(&w, 129, 128);
        assert_int_equal(w.error, -EINVAL);
        byte_writer_done(&w);
}

/* One member more than a list may have. */
static void test_too_many_members(void **state)
{
        Member members[WIRE_MEMBERS_MAX + 1];
        Message m = { .type = MESSAGE_EXCLUDE, .version = PROTOCOL_VERSION, .incarnation = 1, .number = 1 };
        WireFragments f = {};

        (void) state;
        for (uint32_t i = 0; i < ELEMENTSOF(members); i++)
                members[i] = (Member){ .node_id = i + 1, .pid = 1 };
        m.exclude.members = members;
        m.exclude.n_members = WIRE_MEMBERS_MAX;
        assert_int_equal(wire_encode(&m, 0, &f), 0);
        wire_fragments_done(&f);
        m.exclude.n_members++;
        assert_int_equal(wire_encode(&m, 0, &f), -EINVAL);
}

static int encode_nodes(const uint32_t *nodes, size_t n, WireFragments *ret)
{
        Message m = { .type = MESSAGE_FACTS, .version = PROTOCOL_VERSION, .incarnation = 1, .number = 1 };

        m.facts = (FactsMessage){ .version_min = 1,
                .version_max = 1,
                .node_name = (char *) "abc",
                .record_nodes = (uint32_t *) nodes,
                .n_record_nodes = n };
        return wire_encode(&m, 0, ret);
}

/* The nodes of a record are sorted, none is 0 or there twice: nobody sends it otherwise. */
static void test_writer_sorts_nodes(void **state)
{
        static const struct {
                uint32_t nodes[3];
                int ret;
        } cases[] = {
                { { 0x0a0b0c01, 0x0a0b0c02, 0x0a0b0c03 }, 0 },
                { { 2, 1, 3 }, -EINVAL },
                { { 1, 3, 2 }, -EINVAL },
                { { 1, 1, 2 }, -EINVAL },
                { { 0, 1, 2 }, -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                WireFragments f = {};

                assert_int_equal(encode_nodes(cases[i].nodes, ELEMENTSOF(cases[i].nodes), &f), cases[i].ret);
                wire_fragments_done(&f);
        }
}

/* No epoch that nobody can have granted is read. */
static void test_reader_wants_possible_epochs(void **state)
{
        (void) state;
        for (uint64_t more = 0; more < 2; more++) {
                CopyFact copy = { (char *) "distro", EPOCH_MAX + more, UNIT_RUNNING };
                Message m = {
                        .type = MESSAGE_FACTS, .version = PROTOCOL_VERSION, .incarnation = 1, .number = 1
                };
                WireReader *reader = NULL;
                WireFragments f = {};
                Message *back = NULL;

                m.facts = (FactsMessage){ .version_min = 1,
                        .version_max = 1,
                        .node_name = (char *) "abc",
                        .copies = &copy,
                        .n_copies = 1 };
                assert_int_equal(wire_encode(&m, 0, &f), 0);
                assert_int_equal(wire_reader_new(&reader), 0);
                assert_int_equal(wire_feed(reader, (Member){ 1, 1 }, f.fragments[0].data,
                                                 f.fragments[0].size_bytes, &back, NULL),
                                more ? -EBADMSG : 1);
                message_free(back);
                wire_reader_free(reader);
                wire_fragments_done(&f);
        }
}

/* And nobody reads it otherwise, though the checksum is right. */
static void test_reader_wants_sorted_nodes(void **state)
{
        static const uint32_t nodes[] = { 0x0a0b0c01, 0x0a0b0c02, 0x0a0b0c03 };
        static const uint8_t last[] = { 0x03, 0x0c, 0x0b, 0x0a };

        (void) state;
        for (uint8_t byte = 0; byte <= 4; byte++) {
                WireReader *reader = NULL;
                WireFragments f = {};
                Message *m = NULL;
                uint64_t checksum;
                uint8_t *at;
                int r;

                assert_int_equal(encode_nodes(nodes, ELEMENTSOF(nodes), &f), 0);
                at = memmem(f.fragments[0].data, f.fragments[0].size_bytes, last, sizeof(last));
                assert_non_null(at);
                *at = byte;
                checksum = wire_checksum(f.fragments[0].data, f.fragments[0].size_bytes);
                for (size_t i = 0; i < 8; i++)
                        f.fragments[0].data[WIRE_CHECKSUM_AT + i] = (uint8_t) (checksum >> (8 * i));
                assert_int_equal(wire_reader_new(&reader), 0);
                r = wire_feed(reader, (Member){ 1, 1 }, f.fragments[0].data, f.fragments[0].size_bytes, &m,
                                NULL);
                assert_int_equal(r, byte > 2 ? 1 : -EBADMSG);
                message_free(m);
                wire_reader_free(reader);
                wire_fragments_done(&f);
        }
}

/* A node's id is never 0. */
static void test_member_without_node(void **state)
{
        ByteWriter w = {};
        ByteReader r;
        Member m = { .node_id = 0, .pid = 7 };

        (void) state;
        wire_put_member(&w, &m);
        r = byte_reader(w.data, w.size_bytes);
        (void) wire_get_member(&r);
        assert_int_equal(r.error, -EBADMSG);
        byte_writer_done(&w);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counts),
                cmocka_unit_test(test_writer_has_the_same_bounds),
                cmocka_unit_test(test_too_many_members),
                cmocka_unit_test(test_writer_sorts_nodes),
                cmocka_unit_test(test_reader_wants_sorted_nodes),
                cmocka_unit_test(test_reader_wants_possible_epochs),
                cmocka_unit_test(test_member_without_node),
        };

        return cmocka_run_group_tests_name("wire: bounds", tests, NULL, NULL);
}
