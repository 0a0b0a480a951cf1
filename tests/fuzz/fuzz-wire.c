/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The decoder of group messages. The input is fed three times: as it is; with its header made to fit, so that
 * the body's decoder is reached whatever the checksum; and in two fragments. A message that is accepted must
 * be one that can be sent, and what is sent must come back the same. */

#include "base/macros.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static const Member SENDER = { 1, 1 };

static void set_number(uint8_t *at, uint64_t v, size_t n_bytes)
{
        for (size_t i = 0; i < n_bytes; i++)
                at[i] = (uint8_t) (v >> (8 * i));
}

static Message *feed(WireReader *r, const void *data, size_t size_bytes)
{
        _cleanup_free_ char *error = NULL;
        Message *m = NULL;
        int k = wire_feed(r, SENDER, data, size_bytes, &m, &error);

        ASSERT((k == 1) == !!m);
        ASSERT((k < 0) == !!error);
        return m;
}

/* Sends `m` again in fragments of `max_bytes` and returns what arrives. */
static Message *send_again(WireReader *r, const Message *m, size_t max_bytes, WireFragments *f)
{
        Message *back = NULL;
        int k = wire_encode(m, max_bytes, f);

        if (k == -E2BIG) /* more fragments than can be counted */
                return NULL;
        ASSERT(k == 0);
        for (size_t i = 0; i < f->n_fragments; i++) {
                ASSERT(!back);
                back = feed(r, f->fragments[i].data, f->fragments[i].size_bytes);
        }
        ASSERT(back);
        return back;
}

static void check(WireReader *r, const Message *m)
{
        _cleanup_(wire_fragments_done) WireFragments first = {}, second = {}, small = {};
        _cleanup_(message_freep) Message *a = send_again(r, m, 0, &first), *b = NULL, *c = NULL;

        ASSERT(a);
        b = send_again(r, a, 0, &second);
        ASSERT(b && first.n_fragments == second.n_fragments);
        for (size_t i = 0; i < first.n_fragments; i++) {
                ASSERT(first.fragments[i].size_bytes == second.fragments[i].size_bytes);
                ASSERT(memcmp(first.fragments[i].data, second.fragments[i].data,
                                       first.fragments[i].size_bytes) == 0);
        }
        c = send_again(r, m, WIRE_HEADER_BYTES + 50, &small);
}

static void feed_fixed(WireReader *r, const uint8_t *data, size_t size_bytes)
{
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_free_ uint8_t *copy = malloc(size_bytes);

        ASSERT(copy);
        memcpy(copy, data, size_bytes);
        set_number(copy, WIRE_MAGIC, 4);
        set_number(copy + 4, PROTOCOL_VERSION, 2);
        set_number(copy + 6, WIRE_HEADER_BYTES, 2);
        copy[16] = 1 + copy[16] % (_MESSAGE_TYPE_MAX - 1);
        copy[17] = 0;
        set_number(copy + 18, 0, 2);
        set_number(copy + 20, 1, 4);
        set_number(copy + 24, size_bytes - WIRE_HEADER_BYTES, 4);
        set_number(copy + 28, size_bytes - WIRE_HEADER_BYTES, 4);
        copy[48] |= 1;
        copy[56] |= 1;
        set_number(copy + WIRE_CHECKSUM_AT, wire_checksum(copy, size_bytes), 8);
        m = feed(r, copy, size_bytes);
        if (m)
                check(r, m);
}

/* The two halves as fragments of whatever their headers say, with good checksums. */
static void feed_halves(WireReader *r, const uint8_t *data, size_t size_bytes)
{
        for (size_t i = 0; i < 2; i++) {
                size_t n = i == 0 ? size_bytes / 2 : size_bytes - size_bytes / 2;
                _cleanup_(message_freep) Message *m = NULL;
                _cleanup_free_ uint8_t *copy = malloc(n + 1);

                ASSERT(copy);
                memcpy(copy, data + (i == 0 ? 0 : size_bytes / 2), n);
                if (n >= WIRE_HEADER_BYTES) {
                        set_number(copy, WIRE_MAGIC, 4);
                        set_number(copy + 4, PROTOCOL_VERSION, 2);
                        set_number(copy + 6, WIRE_HEADER_BYTES, 2);
                        set_number(copy + 28, n - WIRE_HEADER_BYTES, 4);
                        set_number(copy + WIRE_CHECKSUM_AT, wire_checksum(copy, n), 8);
                }
                m = feed(r, copy, n);
                if (m)
                        check(r, m);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        _cleanup_(wire_reader_freep) WireReader *r = NULL;
        _cleanup_(message_freep) Message *m = NULL;

        ASSERT(wire_reader_new(&r) == 0);
        m = feed(r, data, size_bytes);
        if (m)
                check(r, m);
        if (size_bytes >= WIRE_HEADER_BYTES && size_bytes <= WIRE_FRAGMENT_MAX)
                feed_fixed(r, data, size_bytes);
        feed_halves(r, data, size_bytes);
        return 0;
}
