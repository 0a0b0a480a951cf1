/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/array.h"
#include "base/bytes.h"
#include "wire/wire.h"
#include "wire-golden.h"
#include "wire-samples.h"

static const Member SENDER = { 1, 1001 };

#define FOREACH_TYPE(t) for (MessageType t = MESSAGE_VIEW; t < _MESSAGE_TYPE_MAX; t++)

/* ---- helpers ---- */

static int setup(void **state)
{
        WireReader *r = NULL;

        if (wire_reader_new(&r) < 0)
                return -1;
        *state = r;
        return 0;
}

static int teardown(void **state)
{
        *state = wire_reader_free(*state);
        return 0;
}

/* Feeds all fragments and expects a whole message at the last one only. */
static Message *feed_all(WireReader *r, Member sender, const WireFragments *f)
{
        Message *m = NULL;

        for (size_t i = 0; i < f->n_fragments; i++) {
                _cleanup_free_ char *error = NULL;
                int k = wire_feed(r, sender, f->fragments[i].data, f->fragments[i].size_bytes, &m, &error);

                if (k < 0)
                        fail_msg("refused: %s", error);
                assert_int_equal(k, i + 1 == f->n_fragments);
        }
        return m;
}

static void encode(const Message *m, size_t max_fragment_bytes, WireFragments *ret)
{
        assert_int_equal(wire_encode(m, max_fragment_bytes, ret), 0);
}

static void set_number(uint8_t *at, uint64_t v, size_t n_bytes)
{
        for (size_t i = 0; i < n_bytes; i++)
                at[i] = (uint8_t) (v >> (8 * i));
}

static void fix_checksum(uint8_t *data, size_t size_bytes)
{
        set_number(data + WIRE_CHECKSUM_AT, wire_checksum(data, size_bytes), 8);
}

static void expect_refused(
                WireReader *r, const void *data, size_t size_bytes, WireRefusal reason, const char *words)
{
        _cleanup_free_ char *error = NULL;
        uint64_t before = wire_refused(r, reason);
        Message *m = NULL;
        int k = wire_feed(r, SENDER, data, size_bytes, &m, &error);

        assert_true(k < 0);
        assert_null(m);
        assert_non_null(error);
        if (!strstr(error, words))
                fail_msg("'%s' does not say '%s'", error, words);
        assert_int_equal(wire_refused(r, reason), before + 1);
}

/* ---- there and back ---- */

static void test_roundtrip_fixed(void **state)
{
        FOREACH_TYPE(t)
        {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(t), *back = NULL;

                encode(m, 0, &f);
                assert_int_equal(f.n_fragments, 1);
                back = feed_all(*state, SENDER, &f);
                assert_true(sample_equal(m, back));
        }
}

static void test_roundtrip_drawn(void **state)
{
        uint64_t seed = 20240607;

        print_message("seed %llu\n", (unsigned long long) seed);
        for (size_t round = 0; round < 40; round++)
                FOREACH_TYPE(t)
                {
                        _cleanup_(wire_fragments_done) WireFragments f = {};
                        _cleanup_(message_freep) Message *m = sample_drawn(t, &seed), *back = NULL;
                        size_t max = round % 3 == 0 ? 0 : 200 + sample_random(&seed) % 5000;

                        encode(m, max, &f);
                        FOREACH_ARRAY(e, f.fragments, f.n_fragments)
                                assert_true(e->size_bytes <= (max > 0 ? max : WIRE_FRAGMENT_MAX));
                        back = feed_all(*state, SENDER, &f);
                        assert_true(sample_equal(m, back));
                }
}

/* The comparison above has to be able to fail. */
static void test_samples_differ(void **state)
{
        FOREACH_TYPE(t)
        {
                uint64_t seed = 1;
                _cleanup_(message_freep) Message *a = sample_fixed(t), *b = sample_drawn(t, &seed),
                                                 *c = sample_fixed(t);

                assert_false(sample_equal(a, b));
                assert_true(sample_equal(a, c));
        }
}

/* ---- the bytes themselves ---- */

static void test_golden(void **state)
{
        FOREACH_TYPE(t)
        {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(t);
                char hex[4096] = "";

                encode(m, 0, &f);
                assert_true(f.fragments[0].size_bytes * 2 < sizeof(hex));
                for (size_t i = 0; i < f.fragments[0].size_bytes; i++)
                        (void) snprintf(hex + 2 * i, 3, "%02x", f.fragments[0].data[i]);
                if (!streq(hex, GOLDEN_BYTES[t]))
                        fail_msg("the bytes of a %s message have changed, which takes a new protocol "
                                 "version:\n%s",
                                        message_type_to_string(t), hex);
        }
}

/* ---- damage ---- */

static void test_truncated(void **state)
{
        FOREACH_TYPE(t)
        {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(t);

                encode(m, 0, &f);
                for (size_t n = 0; n < f.fragments[0].size_bytes; n++) {
                        _cleanup_free_ uint8_t *cut = malloc(n + 1);
                        Message *back = NULL;

                        assert_non_null(cut);
                        memcpy(cut, f.fragments[0].data, n);
                        assert_true(wire_feed(*state, SENDER, cut, n, &back, NULL) < 0);
                        assert_null(back);
                        if (n < WIRE_HEADER_BYTES)
                                continue;
                        fix_checksum(cut, n);
                        expect_refused(*state, cut, n, WIRE_REFUSED_LENGTH, "after the header");
                        /* And with a header that agrees: the body ends too early. */
                        set_number(cut + 24, n - WIRE_HEADER_BYTES, 4);
                        set_number(cut + 28, n - WIRE_HEADER_BYTES, 4);
                        fix_checksum(cut, n);
                        expect_refused(*state, cut, n, WIRE_REFUSED_VALUE, "before byte");
                }
        }
}

static void test_trailing(void **state)
{
        FOREACH_TYPE(t)
        {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(t);
                _cleanup_free_ uint8_t *longer = NULL;
                size_t n;

                encode(m, 0, &f);
                n = f.fragments[0].size_bytes + 1;
                longer = calloc(1, n);
                assert_non_null(longer);
                memcpy(longer, f.fragments[0].data, n - 1);
                set_number(longer + 24, n - WIRE_HEADER_BYTES, 4);
                set_number(longer + 28, n - WIRE_HEADER_BYTES, 4);
                fix_checksum(longer, n);
                expect_refused(*state, longer, n, WIRE_REFUSED_VALUE, "1 bytes are left over");
        }
}

/* Every single bit: refused as it is, and never worse than refused when the checksum is made to fit. What is
 * accepted then must be a message that can be sent again. */
static void test_flipped(void **state)
{
        size_t n_accepted = 0;

        FOREACH_TYPE(t)
        {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(t);
                uint8_t *data;
                size_t n;

                encode(m, 0, &f);
                data = f.fragments[0].data;
                n = f.fragments[0].size_bytes;
                for (size_t bit = 0; bit < n * 8; bit++) {
                        _cleanup_(message_freep) Message *back = NULL;

                        data[bit / 8] ^= (uint8_t) (1u << (bit % 8));
                        assert_true(wire_feed(*state, SENDER, data, n, &back, NULL) < 0);
                        fix_checksum(data, n);
                        if (wire_feed(*state, SENDER, data, n, &back, NULL) > 0) {
                                _cleanup_(wire_fragments_done) WireFragments again = {};

                                encode(back, 0, &again);
                                n_accepted++;
                        }
                        data[bit / 8] ^= (uint8_t) (1u << (bit % 8));
                        fix_checksum(data, n);
                }
        }
        assert_true(n_accepted > 1000);
}

static void test_garbage(void **state)
{
        uint64_t seed = 77;

        for (size_t i = 0; i < 3000; i++) {
                size_t n = sample_random(&seed) % 400;
                _cleanup_free_ uint8_t *data = malloc(n + 1);
                _cleanup_(message_freep) Message *m = NULL;

                assert_non_null(data);
                for (size_t k = 0; k < n; k++)
                        data[k] = (uint8_t) sample_random(&seed);
                assert_true(wire_feed(*state, SENDER, data, n, &m, NULL) < 0);
                if (n < WIRE_HEADER_BYTES)
                        continue;
                /* A good header before a body of noise. */
                set_number(data, WIRE_MAGIC, 4);
                set_number(data + 4, PROTOCOL_VERSION, 2);
                set_number(data + 6, WIRE_HEADER_BYTES, 2);
                set_number(data + 16, 1 + i % (_MESSAGE_TYPE_MAX - 1), 2);
                set_number(data + 18, 0, 2);
                set_number(data + 20, 1, 4);
                set_number(data + 24, n - WIRE_HEADER_BYTES, 4);
                set_number(data + 28, n - WIRE_HEADER_BYTES, 4);
                fix_checksum(data, n);
                (void) wire_feed(*state, SENDER, data, n, &m, NULL); /* may even be a message */
        }
}

/* ---- the header ---- */

static void test_header_refused(void **state)
{
        static const struct {
                size_t at, n_bytes;
                uint64_t value;
                WireRefusal reason;
                const char *words;
        } cases[] = {
                { 0, 4, 0x12345678, WIRE_REFUSED_MAGIC, "begins with 12345678" },
                { 4, 2, 7, WIRE_REFUSED_VERSION, "version 7 is not known here (1 to 1)" },
                { 4, 2, 0, WIRE_REFUSED_VERSION, "version 0 is not known here" },
                { 6, 2, 63, WIRE_REFUSED_LENGTH, "a header of 63 bytes" },
                { 16, 2, 0, WIRE_REFUSED_TYPE, "message type 0 is not known" },
                { 16, 2, _MESSAGE_TYPE_MAX, WIRE_REFUSED_TYPE, "is not known in version 1" },
                { 18, 2, 1, WIRE_REFUSED_FRAGMENT, "fragment 1 of 1 with 17 of 17 bytes makes no sense" },
                { 20, 2, 0, WIRE_REFUSED_FRAGMENT, "fragment 0 of 0" },
                { 20, 2, 2, WIRE_REFUSED_FRAGMENT, "fragment 0 of 2 with 17 of 17" },
                { 20, 2, 65535, WIRE_REFUSED_FRAGMENT, "fragment 0 of 65535" },
                { 22, 2, 1, WIRE_REFUSED_VALUE, "in the header" },
                { 24, 4, 18, WIRE_REFUSED_FRAGMENT, "with 17 of 18" },
                { 24, 4, WIRE_MESSAGE_MAX + 1, WIRE_REFUSED_SIZE, "of 16777217 bytes (16777216 at most)" },
                { 28, 4, 16, WIRE_REFUSED_LENGTH, "17 bytes after the header instead of 16" },
                { 48, 8, 0, WIRE_REFUSED_VALUE, "in the header" },
                { 56, 8, 0, WIRE_REFUSED_VALUE, "in the header" },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_ACK);

                encode(m, 0, &f);
                set_number(f.fragments[0].data + c->at, c->value, c->n_bytes);
                fix_checksum(f.fragments[0].data, f.fragments[0].size_bytes);
                expect_refused(*state, f.fragments[0].data, f.fragments[0].size_bytes, c->reason, c->words);
        }
}

static void test_error_numbers(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_LEAVE), *back = NULL;

        encode(m, 0, &f);
        f.fragments[0].data[4] = 9;
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, WIRE_HEADER_BYTES, &back, NULL),
                        -EPROTONOSUPPORT);
        assert_int_equal(wire_feed(*state, SENDER, "x", 1, &back, NULL), -EBADMSG);
        for (WireRefusal i = 0; i < _WIRE_REFUSAL_MAX; i++)
                assert_true(strlen(wire_refusal_to_string(i)) > 2);
        assert_int_equal(wire_refused(*state, WIRE_REFUSED_VERSION), 1);
        assert_int_equal(wire_refused(*state, WIRE_REFUSED_LENGTH), 1);
        assert_int_equal(wire_refused(*state, WIRE_REFUSED_CHECKSUM), 0);
}

/* ---- fragments ---- */

static void test_fragments_order(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {}, other = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_FACTS), *back = NULL,
                                         *n = sample_fixed(MESSAGE_FACTS);

        n->number++;
        encode(m, 90, &f);
        encode(n, 90, &other);
        assert_true(f.n_fragments > 3);

        expect_refused(*state, f.fragments[1].data, f.fragments[1].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "fragment 1 of 7 without those before it");

        /* One left out: what was there is forgotten, and the rest does not revive it. */
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, f.fragments[0].size_bytes, &back,
                                         NULL),
                        0);
        expect_refused(*state, f.fragments[2].data, f.fragments[2].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "without");
        expect_refused(*state, f.fragments[1].data, f.fragments[1].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "without");

        /* One twice. */
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, f.fragments[0].size_bytes, &back,
                                         NULL),
                        0);
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[1].data, f.fragments[1].size_bytes, &back,
                                         NULL),
                        0);
        expect_refused(*state, f.fragments[1].data, f.fragments[1].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "without");

        /* Another message's. */
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, f.fragments[0].size_bytes, &back,
                                         NULL),
                        0);
        expect_refused(*state, other.fragments[1].data, other.fragments[1].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "without");

        /* A new beginning replaces what was unfinished. */
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, f.fragments[0].size_bytes, &back,
                                         NULL),
                        0);
        back = feed_all(*state, SENDER, &other);
        assert_true(sample_equal(n, back));
}

static void test_fragments_of_several_senders(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_STATE);

        encode(m, 90, &f);
        assert_true(f.n_fragments >= 2);
        for (size_t i = 0; i < f.n_fragments; i++)
                for (uint32_t id = 1; id <= WIRE_SENDERS_MAX; id++) {
                        _cleanup_(message_freep) Message *back = NULL;
                        int k = wire_feed(*state, (Member){ id, 5 }, f.fragments[i].data,
                                        f.fragments[i].size_bytes, &back, NULL);

                        assert_int_equal(k, i + 1 == f.n_fragments);
                        assert_true(k == 0 || sample_equal(m, back));
                }
}

static void test_too_many_senders(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {}, whole = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_STATE), *back = NULL;
        _cleanup_free_ char *error = NULL;
        const WireFragment *first;

        encode(m, 90, &f);
        encode(m, 0, &whole);
        first = f.fragments;
        for (uint32_t id = 1; id <= WIRE_SENDERS_MAX; id++)
                assert_int_equal(wire_feed(*state, (Member){ id, 5 }, first->data, first->size_bytes, &back,
                                                 NULL),
                                0);
        assert_int_equal(wire_feed(*state, (Member){ 200, 5 }, first->data, first->size_bytes, &back, &error),
                        -E2BIG);
        assert_string_equal(error, "unfinished messages of more than 128 senders");
        assert_int_equal(wire_refused(*state, WIRE_REFUSED_SENDERS), 1);
        /* One that needs no room is still welcome, and so is a new beginning of one that has its place. */
        assert_int_equal(wire_feed(*state, (Member){ 200, 5 }, whole.fragments[0].data,
                                         whole.fragments[0].size_bytes, &back, NULL),
                        1);
        assert_int_equal(wire_feed(*state, (Member){ 7, 5 }, first->data, first->size_bytes, &back, NULL), 0);
        wire_reset(*state);
        assert_int_equal(wire_feed(*state, (Member){ 200, 5 }, first->data, first->size_bytes, &back, NULL),
                        0);
}

static void test_reset_forgets(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_STATE), *back = NULL;

        encode(m, 90, &f);
        assert_int_equal(wire_feed(*state, SENDER, f.fragments[0].data, f.fragments[0].size_bytes, &back,
                                         NULL),
                        0);
        wire_reset(*state);
        expect_refused(*state, f.fragments[1].data, f.fragments[1].size_bytes, WIRE_REFUSED_FRAGMENT,
                        "without");
}

/* All unfinished messages together have a bound, and what is forgotten makes room again. */
static void test_partial_bound(void **state)
{
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_STATE), *back = NULL;
        _cleanup_(wire_fragments_done) WireFragments f = {};
        bool refused = false;

        free(m->state.state);
        m->state.state_size_bytes = WIRE_MESSAGE_MAX - 1000;
        m->state.state = calloc(1, m->state.state_size_bytes);
        assert_non_null(m->state.state);
        encode(m, 0, &f);
        for (size_t round = 0; round < 2; round++) {
                for (uint32_t id = 1; id <= 5; id++)
                        for (size_t i = 0; i + 1 < f.n_fragments; i++) {
                                int k = wire_feed(*state, (Member){ id, 5 }, f.fragments[i].data,
                                                f.fragments[i].size_bytes, &back, NULL);

                                assert_true(id <= 4 ? k == 0 : k <= 0);
                                refused = refused || k == -E2BIG;
                        }
                assert_true(refused);
                wire_reset(*state);
        }
        assert_true(wire_refused(*state, WIRE_REFUSED_SIZE) >= 2);
        back = feed_all(*state, SENDER, &f);
        assert_true(sample_equal(m, back));
}

/* ---- values ---- */

static void test_encode_refused(void **state)
{
        WireFragments f = {};

        for (size_t i = 0; i < 14; i++) {
                static const MessageType types[] = { MESSAGE_ACK, MESSAGE_ACK, MESSAGE_FACTS, MESSAGE_FACTS,
                        MESSAGE_FACTS, MESSAGE_FACTS, MESSAGE_DEFINITIONS, MESSAGE_DEFINITIONS,
                        MESSAGE_DEFINITIONS, MESSAGE_COMMAND, MESSAGE_COMMAND, MESSAGE_ACK,
                        MESSAGE_DEFINITIONS, MESSAGE_DEFINITIONS };
                _cleanup_(message_freep) Message *m = sample_fixed(types[i]);

                if (i == 0)
                        m->incarnation = 0;
                else if (i == 1)
                        m->number = 0;
                else if (i == 2)
                        m->facts.node_name[1] = '\n';
                else if (i == 3)
                        m->facts.record_nodes[1] = 1; /* twice */
                else if (i == 4)
                        m->facts.version_min = 3; /* above the greatest */
                else if (i == 5)
                        m->facts.copies[0].app[0] = 'D';
                else if (i == 6)
                        m->definitions.entries[0].definition.digest++; /* not the entry's */
                else if (i == 7)
                        m->definitions.entries[0].definition.nodes[1].tier = 2; /* tier 1 is missing */
                else if (i == 8)
                        m->definitions.entries[0].definition.permitted[0][0] = '\0';
                else if (i == 9)
                        m->command.command.app[0] = '-';
                else if (i == 10)
                        m->command.seq = 0;
                else if (i == 12)
                        m->definitions.entries[0].definition.weight = 0;
                else if (i == 13)
                        strcpy(m->definitions.entries[0].definition.nodes[2].name, "bcd"); /* twice */
                assert_int_equal(wire_encode(m, i == 11 ? WIRE_HEADER_BYTES : 0, &f), -EINVAL);
                assert_null(f.fragments);
        }
}

static void test_encode_too_big(void **state)
{
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_STATE);
        WireFragments f = {};

        assert_int_equal(wire_encode(m, WIRE_FRAGMENT_MAX + 1, &f), -EINVAL);
        free(m->state.state);
        m->state.state_size_bytes = WIRE_MESSAGE_MAX;
        m->state.state = calloc(1, WIRE_MESSAGE_MAX);
        assert_non_null(m->state.state);
        assert_int_equal(wire_encode(m, 0, &f), -E2BIG);
        m->state.state_size_bytes = 100000;
        assert_int_equal(wire_encode(m, WIRE_HEADER_BYTES + 1, &f),
                        -E2BIG); /* more fragments than can be counted */
        assert_null(f.fragments);
}

/* Names as a damaged or hostile sender could put them. The sender's check is passed by damaging the bytes. */
static void test_names_refused(void **state)
{
        static const struct {
                MessageType type;
                const char *find, *instead;
        } cases[] = {
                { MESSAGE_RESULT, "distro", "Distro" }, { MESSAGE_RESULT, "distro", "dist/o" },
                { MESSAGE_RESULT, "distro", "-istro" }, { MESSAGE_RESULT, "distro", "dist\0o" },
                { MESSAGE_COMMAND, "bcd", "b\033d" }, { MESSAGE_COMMAND, "bcd", "b d" },
                { MESSAGE_COMMAND, "bcd",
                                "b\xff"
                                "d" },
                { MESSAGE_COMMAND, "bcd", "b\xc2\x85" },    /* next line, as a control character of Unicode */
                { MESSAGE_COMMAND, "bcd", "\xe2\x80\xae" }, /* turns the direction of writing */
                { MESSAGE_COMMAND, "bcd", "\xed\xa0\x80" }, /* half a surrogate pair */
                { MESSAGE_COMMAND, "bcd", "b\xc0\x80" },    /* a zero byte in disguise */
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(c->type);
                uint8_t *at;

                encode(m, 0, &f);
                at = memmem(f.fragments[0].data, f.fragments[0].size_bytes, c->find, strlen(c->find));
                assert_non_null(at);
                memcpy(at, c->instead, strlen(c->find));
                fix_checksum(f.fragments[0].data, f.fragments[0].size_bytes);
                expect_refused(*state, f.fragments[0].data, f.fragments[0].size_bytes, WIRE_REFUSED_VALUE,
                                "wrong");
        }
}

static void test_names_accepted(void **state)
{
        static const char *const names[] = { "a", "node-1.example.org", "N_7", "k\xc3\xb6ln",
                "\xf0\x9f\x90\xa7" };

        FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_COMMAND), *back = NULL;

                free(m->command.command.node);
                m->command.command.node = strdup(*name);
                assert_non_null(m->command.command.node);
                encode(m, 0, &f);
                back = feed_all(*state, SENDER, &f);
                assert_string_equal(back->command.command.node, *name);
        }
}

static void test_texts_made_safe(void **state)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "plain", "plain" },
                { "a\nb\tc", "a b c" },
                { "\033[31mred", "?[31mred" },
                { "K\xc3\xb6ln", "K\xc3\xb6ln" },
                { "x\xc2\x9by", "x??y" },
                { "bad \xff\xfe", "bad ??" },
                { "cut \xe2\x82", "cut ??" },
                { "left \xe2\x80\xae right", "left ??? right" },
                { "", NULL },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_RESULT), *back = NULL;

                free(m->result.reason);
                m->result.reason = strdup(c->text);
                assert_non_null(m->result.reason);
                encode(m, 0, &f);
                back = feed_all(*state, SENDER, &f);
                if (c->expected)
                        assert_string_equal(back->result.reason, c->expected);
                else
                        assert_null(back->result.reason);
        }
}

static void test_long_text_is_cut(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_RESULT), *back = NULL;
        char text[2 * TEXT_MAX];

        text[0] = 'x'; /* so that the cut would go through a character */
        for (size_t i = 1; i + 2 < sizeof(text); i += 2)
                memcpy(text + i, "\xc3\xb6", 3);
        free(m->result.reason);
        m->result.reason = strdup(text);
        assert_non_null(m->result.reason);
        encode(m, 0, &f);
        back = feed_all(*state, SENDER, &f);
        assert_int_equal(strlen(back->result.reason), TEXT_MAX - 1);
        assert_memory_equal(back->result.reason, text, TEXT_MAX - 1);
}

/* Lists longer than anything real must not make a receiver allocate: the count alone refuses them. */
static void test_counts_refused(void **state)
{
        static const struct {
                MessageType type;
                size_t at; /* of the count in the body */
                uint32_t count;
        } cases[] = {
                { MESSAGE_EXCLUDE, 0, 3 },
                { MESSAGE_EXCLUDE, 0, UINT32_MAX },
                { MESSAGE_VIEW, 42, UINT32_MAX / 12 },
                { MESSAGE_EXPIRY, 0, 0x20000000 },
                { MESSAGE_STATE, 1, 0x10000000 },
                { MESSAGE_DEFINITIONS, 0, 0x0fffffff },
        };

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(wire_fragments_done) WireFragments f = {};
                _cleanup_(message_freep) Message *m = sample_fixed(c->type);

                encode(m, 0, &f);
                set_number(f.fragments[0].data + WIRE_HEADER_BYTES + c->at, c->count, 4);
                fix_checksum(f.fragments[0].data, f.fragments[0].size_bytes);
                expect_refused(*state, f.fragments[0].data, f.fragments[0].size_bytes, WIRE_REFUSED_VALUE,
                                "wrong");
        }
}

static void test_unsorted_refused(void **state)
{
        _cleanup_(wire_fragments_done) WireFragments f = {};
        _cleanup_(message_freep) Message *m = sample_fixed(MESSAGE_FACTS);
        static const uint8_t nodes[] = { 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0 };
        uint8_t *at;

        encode(m, 0, &f);
        at = memmem(f.fragments[0].data, f.fragments[0].size_bytes, nodes, sizeof(nodes));
        assert_non_null(at);
        at[0] = 2;
        fix_checksum(f.fragments[0].data, f.fragments[0].size_bytes);
        expect_refused(*state, f.fragments[0].data, f.fragments[0].size_bytes, WIRE_REFUSED_VALUE,
                        "facts message");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_roundtrip_fixed),
                TEST(test_roundtrip_drawn),
                TEST(test_samples_differ),
                TEST(test_golden),
                TEST(test_truncated),
                TEST(test_trailing),
                TEST(test_flipped),
                TEST(test_garbage),
                TEST(test_header_refused),
                TEST(test_error_numbers),
                TEST(test_fragments_order),
                TEST(test_fragments_of_several_senders),
                TEST(test_too_many_senders),
                TEST(test_reset_forgets),
                TEST(test_partial_bound),
                TEST(test_encode_refused),
                TEST(test_encode_too_big),
                TEST(test_names_refused),
                TEST(test_names_accepted),
                TEST(test_texts_made_safe),
                TEST(test_long_text_is_cut),
                TEST(test_counts_refused),
                TEST(test_unsorted_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
