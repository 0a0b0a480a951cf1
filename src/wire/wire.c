/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"
#include "base/hash.h"
#include "wire/body.h"
#include "wire/wire.h"

/* A fragment's header, as doc/protocol.md has it; magic, version, length and checksum stand before these. */
typedef struct WireHeader {
        uint16_t version;
        uint16_t type;
        uint16_t index;
        uint16_t n_fragments;
        uint32_t total_bytes; /* of the body */
        uint32_t part_bytes;  /* of the body, in this fragment */
        ViewId view;
        uint64_t incarnation;
        uint64_t number;
} WireHeader;

/* A message of which not all fragments are here. */
typedef struct WirePartial {
        Member sender;
        WireHeader header; /* of the last fragment */
        uint8_t *data;
        size_t size_bytes;
        size_t n_allocated;
} WirePartial;

struct WireReader {
        WirePartial *partials; /* one for each sender that has begun and not ended; any order */
        size_t n_partials;
        size_t n_allocated;
        size_t partial_bytes; /* in all of them */
        uint64_t refused[_WIRE_REFUSAL_MAX];
};

uint64_t wire_checksum(const void *data, size_t size_bytes)
{
        const uint8_t *p = data;
        uint64_t hash = hash64_add(HASH64_INIT, p, WIRE_CHECKSUM_AT);

        hash = hash64_add(hash, p + WIRE_CHECKSUM_AT + 8, size_bytes - WIRE_CHECKSUM_AT - 8);
        return hash64_finish(hash);
}

/* ---- the header ---- */

static void put_header(ByteWriter *w, const WireHeader *h)
{
        put_u32(w, WIRE_MAGIC);
        put_u16(w, h->version);
        put_u16(w, WIRE_HEADER_BYTES);
        put_u64(w, 0); /* the checksum comes when the fragment is complete */
        put_u16(w, h->type);
        put_u16(w, h->index);
        put_u16(w, h->n_fragments);
        put_u16(w, 0);
        put_u32(w, h->total_bytes);
        put_u32(w, h->part_bytes);
        put_u32(w, h->view.ring.node_id);
        put_u32(w, h->view.n);
        put_u64(w, h->view.ring.seq);
        put_u64(w, h->incarnation);
        put_u64(w, h->number);
}

/* What stands behind the checksum. */
static void get_header(ByteReader *r, WireHeader *h)
{
        h->type = get_u16(r);
        h->index = get_u16(r);
        h->n_fragments = get_u16(r);
        if (get_u16(r) != 0)
                wire_reader_fail(r);
        h->total_bytes = get_u32(r);
        h->part_bytes = get_u32(r);
        h->view.ring.node_id = get_u32(r);
        h->view.n = get_u32(r);
        h->view.ring.seq = get_u64(r);
        h->incarnation = get_u64(r);
        h->number = get_u64(r);
        if (h->incarnation == 0 || h->number == 0)
                wire_reader_fail(r);
}

/* ---- to bytes ---- */

void wire_fragments_done(WireFragments *f)
{
        FOREACH_ARRAY(e, f->fragments, f->n_fragments)
                free(e->data);
        free(f->fragments);
        *f = (WireFragments){};
}

static int fragment_make(const WireHeader *h, const uint8_t *part, WireFragment *ret)
{
        _cleanup_(byte_writer_done) ByteWriter w = {};
        uint64_t checksum;

        put_header(&w, h);
        put_bytes(&w, part, h->part_bytes);
        if (w.error)
                return w.error;
        checksum = wire_checksum(w.data, w.size_bytes);
        for (size_t i = 0; i < 8; i++)
                w.data[WIRE_CHECKSUM_AT + i] = (uint8_t) (checksum >> (8 * i));
        *ret = (WireFragment){ .data = TAKE_PTR(w.data), .size_bytes = w.size_bytes };
        return 0;
}

int wire_encode(const Message *m, size_t max_fragment_bytes, WireFragments *ret)
{
        _cleanup_(byte_writer_done) ByteWriter body = {};
        _cleanup_(wire_fragments_done) WireFragments f = {};
        size_t part_max, n;
        int r;

        if (max_fragment_bytes == 0)
                max_fragment_bytes = WIRE_FRAGMENT_MAX;
        if (max_fragment_bytes <= WIRE_HEADER_BYTES || max_fragment_bytes > WIRE_FRAGMENT_MAX)
                return -EINVAL;
        if (m->incarnation == 0 || m->number == 0)
                return -EINVAL;
        if (m->version < PROTOCOL_VERSION_MIN || m->version > PROTOCOL_VERSION)
                return -EINVAL;

        wire_put_body(&body, m);
        if (body.error)
                return body.error;
        part_max = max_fragment_bytes - WIRE_HEADER_BYTES;
        n = MAX((body.size_bytes + part_max - 1) / part_max, (size_t) 1);
        if (body.size_bytes > WIRE_MESSAGE_MAX || n > UINT16_MAX)
                return -E2BIG;

        f.fragments = calloc(n, sizeof(f.fragments[0]));
        if (!f.fragments)
                return -ENOMEM;
        for (; f.n_fragments < n; f.n_fragments++) {
                size_t at = f.n_fragments * part_max;
                WireHeader h = {
                        .version = m->version,
                        .type = (uint16_t) m->type,
                        .index = (uint16_t) f.n_fragments,
                        .n_fragments = (uint16_t) n,
                        .total_bytes = (uint32_t) body.size_bytes,
                        .part_bytes = (uint32_t) MIN(part_max, body.size_bytes - at),
                        .view = m->view,
                        .incarnation = m->incarnation,
                        .number = m->number,
                };

                r = fragment_make(&h, body.data ? body.data + at : NULL, f.fragments + f.n_fragments);
                if (r < 0)
                        return r;
        }
        *ret = f;
        f = (WireFragments){};
        return 0;
}

/* ---- from bytes ---- */

const char *wire_refusal_to_string(WireRefusal r)
{
        static const char *const table[_WIRE_REFUSAL_MAX] = {
                [WIRE_REFUSED_LENGTH] = "length",
                [WIRE_REFUSED_MAGIC] = "magic",
                [WIRE_REFUSED_VERSION] = "version",
                [WIRE_REFUSED_CHECKSUM] = "checksum",
                [WIRE_REFUSED_TYPE] = "type",
                [WIRE_REFUSED_FRAGMENT] = "fragment",
                [WIRE_REFUSED_SIZE] = "size",
                [WIRE_REFUSED_SENDERS] = "senders",
                [WIRE_REFUSED_VALUE] = "value",
                [WIRE_REFUSED_MEMORY] = "memory",
        };

        return r < _WIRE_REFUSAL_MAX ? table[r] : "?";
}

int wire_reader_new(WireReader **ret)
{
        WireReader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *ret = r;
        return 0;
}

WireReader *wire_reader_free(WireReader *r)
{
        if (!r)
                return NULL;
        wire_reset(r);
        free(r->partials);
        free(r);
        return NULL;
}

void wire_reset(WireReader *r)
{
        FOREACH_ARRAY(p, r->partials, r->n_partials)
                free(p->data);
        r->n_partials = 0;
        r->partial_bytes = 0;
}

uint64_t wire_refused(const WireReader *r, WireRefusal reason)
{
        return reason < _WIRE_REFUSAL_MAX ? r->refused[reason] : 0;
}

/* The sender's unfinished message; NULL: it has none. */
static WirePartial *reader_find(const WireReader *r, Member sender)
{
        FOREACH_ARRAY(p, r->partials, r->n_partials)
                if (member_compare(&p->sender, &sender) == 0)
                        return p;
        return NULL;
}

static void reader_forget(WireReader *r, Member sender)
{
        WirePartial *p = reader_find(r, sender);

        if (!p)
                return;
        r->partial_bytes -= p->size_bytes;
        free(p->data);
        ARRAY_CLOSE(r->partials, r->n_partials, (size_t) (p - r->partials));
}

static int _printf_(6, 7) refuse(WireReader *r, Member sender, WireRefusal reason, int error,
                char **ret_error, const char *format, ...)
{
        va_list ap;

        r->refused[reason]++;
        reader_forget(r, sender);
        if (!ret_error)
                return error;
        va_start(ap, format);
        if (vasprintf(ret_error, format, ap) < 0)
                *ret_error = NULL;
        va_end(ap);
        return error;
}

/* What a fragment says of itself: is it one, undamaged, and of a kind that is known here? */
static int check_fragment(WireReader *r, Member sender, ByteReader *bytes, WireHeader *h, char **ret_error)
{
        uint32_t magic;
        uint16_t version, header_bytes;
        uint64_t checksum;

        if (bytes->size_bytes < WIRE_HEADER_BYTES)
                return refuse(r, sender, WIRE_REFUSED_LENGTH, -EBADMSG, ret_error,
                                "%zu bytes are too short for a message", bytes->size_bytes);
        magic = get_u32(bytes);
        version = get_u16(bytes);
        header_bytes = get_u16(bytes);
        checksum = get_u64(bytes);
        if (magic != WIRE_MAGIC)
                return refuse(r, sender, WIRE_REFUSED_MAGIC, -EBADMSG, ret_error,
                                "not a message of distro-manager (it begins with %08" PRIx32 ")", magic);
        if (version < PROTOCOL_VERSION_MIN || version > PROTOCOL_VERSION)
                return refuse(r, sender, WIRE_REFUSED_VERSION, -EPROTONOSUPPORT, ret_error,
                                "version %u is not known here (%u to %u)", version, PROTOCOL_VERSION_MIN,
                                PROTOCOL_VERSION);
        if (header_bytes != WIRE_HEADER_BYTES || bytes->size_bytes > WIRE_FRAGMENT_MAX)
                return refuse(r, sender, WIRE_REFUSED_LENGTH, -EBADMSG, ret_error,
                                "a header of %u bytes in %zu bytes is not one of version %u", header_bytes,
                                bytes->size_bytes, version);
        if (checksum != wire_checksum(bytes->data, bytes->size_bytes))
                return refuse(r, sender, WIRE_REFUSED_CHECKSUM, -EBADMSG, ret_error,
                                "wrong checksum in %zu bytes", bytes->size_bytes);
        h->version = version;
        get_header(bytes, h);
        if (bytes->error)
                return refuse(r, sender, WIRE_REFUSED_VALUE, -EBADMSG, ret_error,
                                "wrong value in the header of a message");
        if (h->type == 0 || h->type >= _MESSAGE_TYPE_MAX)
                return refuse(r, sender, WIRE_REFUSED_TYPE, -EBADMSG, ret_error,
                                "message type %u is not known in version %u", h->type, version);
        return 0;
}

/* Whether the fragment's lengths and numbers fit each other. */
static int check_lengths(
                WireReader *r, Member sender, const ByteReader *bytes, const WireHeader *h, char **ret_error)
{
        size_t left = bytes_left(bytes);

        if (h->part_bytes != left)
                return refuse(r, sender, WIRE_REFUSED_LENGTH, -EBADMSG, ret_error,
                                "%zu bytes after the header instead of %" PRIu32, left, h->part_bytes);
        if (h->total_bytes > WIRE_MESSAGE_MAX)
                return refuse(r, sender, WIRE_REFUSED_SIZE, -E2BIG, ret_error,
                                "a message of %" PRIu32 " bytes (%u at most)", h->total_bytes,
                                WIRE_MESSAGE_MAX);
        /* Every fragment of several carries something, and only the last one completes the message. */
        if (h->index >= h->n_fragments || h->n_fragments > MAX(h->total_bytes, 1u) ||
                        (h->n_fragments == 1 && h->part_bytes != h->total_bytes) ||
                        (h->n_fragments > 1 && (h->part_bytes == 0 || h->part_bytes >= h->total_bytes)))
                return refuse(r, sender, WIRE_REFUSED_FRAGMENT, -EBADMSG, ret_error,
                                "fragment %u of %u with %" PRIu32 " of %" PRIu32 " bytes makes no sense",
                                h->index, h->n_fragments, h->part_bytes, h->total_bytes);
        return 0;
}

static bool continues(const WirePartial *p, const WireHeader *h)
{
        const WireHeader *b = &p->header;
        bool last = h->index + 1 == h->n_fragments;

        if (h->index != b->index + 1 || h->n_fragments != b->n_fragments || h->total_bytes != b->total_bytes)
                return false;
        if (h->type != b->type || h->version != b->version || h->incarnation != b->incarnation ||
                        h->number != b->number || !view_id_equal(&h->view, &b->view))
                return false;
        return last ? p->size_bytes + h->part_bytes == h->total_bytes
                    : p->size_bytes + h->part_bytes < h->total_bytes;
}

/* Adds a fragment to what is kept of its sender; *ret is the partial message. */
static int collect(WireReader *r, Member sender, const WireHeader *h, ByteReader *bytes, WirePartial **ret,
                char **ret_error)
{
        WirePartial *p;

        if (h->index == 0)
                reader_forget(r, sender);
        p = reader_find(r, sender);
        if (h->index > 0 && (!p || !continues(p, h)))
                return refuse(r, sender, WIRE_REFUSED_FRAGMENT, -EBADMSG, ret_error,
                                "fragment %u of %u without those before it", h->index, h->n_fragments);
        if (!p && r->n_partials >= WIRE_SENDERS_MAX)
                return refuse(r, sender, WIRE_REFUSED_SENDERS, -E2BIG, ret_error,
                                "unfinished messages of more than %u senders", WIRE_SENDERS_MAX);
        if (h->part_bytes > WIRE_PARTIAL_MAX - r->partial_bytes)
                return refuse(r, sender, WIRE_REFUSED_SIZE, -E2BIG, ret_error,
                                "unfinished messages of more than %u bytes", WIRE_PARTIAL_MAX);
        if (!p && ARRAY_GROW(r->partials, r->n_partials, r->n_allocated) < 0)
                return refuse(r, sender, WIRE_REFUSED_MEMORY, -ENOMEM, ret_error, "no memory for a message");
        if (!p) {
                p = r->partials + r->n_partials++;
                *p = (WirePartial){ .sender = sender };
        }
        if (array_reserve(&p->data, &p->n_allocated, p->size_bytes + h->part_bytes, 1) < 0)
                return refuse(r, sender, WIRE_REFUSED_MEMORY, -ENOMEM, ret_error, "no memory for a message");
        memcpy(p->data + p->size_bytes, get_bytes(bytes, h->part_bytes), h->part_bytes);
        p->size_bytes += h->part_bytes;
        r->partial_bytes += h->part_bytes;
        p->header = *h;
        *ret = p;
        return 0;
}

static int decode(WireReader *r, Member sender, const WireHeader *h, const void *body, Message **ret_message,
                char **ret_error)
{
        _cleanup_(message_freep) Message *m = calloc(1, sizeof(*m));
        ByteReader bytes = byte_reader(body, h->total_bytes);

        if (!m)
                return refuse(r, sender, WIRE_REFUSED_MEMORY, -ENOMEM, ret_error, "no memory for a message");
        m->type = h->type;
        m->view = h->view;
        m->version = (uint8_t) h->version;
        m->incarnation = h->incarnation;
        m->number = h->number;
        wire_get_body(&bytes, m);
        if (bytes.error == -ENOMEM)
                return refuse(r, sender, WIRE_REFUSED_MEMORY, -ENOMEM, ret_error, "no memory for a message");
        if (bytes.error)
                return refuse(r, sender, WIRE_REFUSED_VALUE, -EBADMSG, ret_error,
                                "wrong or missing value before byte %zu of %" PRIu32 " of a %s message",
                                bytes.at, h->total_bytes, message_type_to_string(m->type));
        if (bytes_left(&bytes) > 0)
                return refuse(r, sender, WIRE_REFUSED_VALUE, -EBADMSG, ret_error,
                                "%zu bytes are left over at the end of a %s message", bytes_left(&bytes),
                                message_type_to_string(m->type));
        *ret_message = TAKE_PTR(m);
        return 1;
}

int wire_feed(WireReader *r, Member sender, const void *data, size_t size_bytes, Message **ret_message,
                char **ret_error)
{
        ByteReader bytes = byte_reader(data, size_bytes);
        WirePartial *p = NULL;
        WireHeader h = {};
        int k;

        k = check_fragment(r, sender, &bytes, &h, ret_error);
        if (k < 0)
                return k;
        k = check_lengths(r, sender, &bytes, &h, ret_error);
        if (k < 0)
                return k;
        if (h.n_fragments == 1) {
                reader_forget(r, sender);
                return decode(r, sender, &h, bytes.data + bytes.at, ret_message, ret_error);
        }
        k = collect(r, sender, &h, &bytes, &p, ret_error);
        if (k < 0 || h.index + 1 < h.n_fragments)
                return k;
        ASSERT(p);
        k = decode(r, sender, &h, p->data, ret_message, ret_error);
        reader_forget(r, sender);
        return k;
}
