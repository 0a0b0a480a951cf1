/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bytes.h"
#include "base/array.h"

void byte_writer_done(ByteWriter *w)
{
        free(w->data);
        *w = (ByteWriter){};
}

void put_bytes(ByteWriter *w, const void *data, size_t size_bytes)
{
        if (w->error || size_bytes == 0)
                return;
        if (w->only_counts) {
                w->size_bytes += size_bytes;
                return;
        }
        w->error = array_reserve(&w->data, &w->n_allocated, w->size_bytes + size_bytes, 1);
        if (w->error)
                return;
        memcpy(w->data + w->size_bytes, data, size_bytes);
        w->size_bytes += size_bytes;
}

static void put_number(ByteWriter *w, uint64_t v, size_t size_bytes)
{
        uint8_t b[8];

        for (size_t i = 0; i < size_bytes; i++)
                b[i] = (uint8_t) (v >> (8 * i));
        put_bytes(w, b, size_bytes);
}

void put_u8(ByteWriter *w, uint8_t v)
{
        put_number(w, v, 1);
}

void put_u16(ByteWriter *w, uint16_t v)
{
        put_number(w, v, 2);
}

void put_u32(ByteWriter *w, uint32_t v)
{
        put_number(w, v, 4);
}

void put_u64(ByteWriter *w, uint64_t v)
{
        put_number(w, v, 8);
}

void put_bool(ByteWriter *w, bool v)
{
        put_number(w, v, 1);
}

void put_blob(ByteWriter *w, const void *data, size_t size_bytes)
{
        if (size_bytes > UINT32_MAX) {
                w->error = w->error ? w->error : -E2BIG;
                return;
        }
        put_u32(w, (uint32_t) size_bytes);
        put_bytes(w, data, size_bytes);
}

void put_string(ByteWriter *w, const char *s)
{
        size_t n = s ? strlen(s) : 0;

        if (n > UINT16_MAX) {
                w->error = w->error ? w->error : -E2BIG;
                return;
        }
        put_u16(w, (uint16_t) n);
        put_bytes(w, s, n);
}

const uint8_t *get_bytes(ByteReader *r, size_t size_bytes)
{
        const uint8_t *p;

        if (r->error)
                return NULL;
        if (size_bytes > r->size_bytes - r->at) {
                r->error = -EBADMSG;
                return NULL;
        }
        p = r->data + r->at;
        r->at += size_bytes;
        return p;
}

static uint64_t get_number(ByteReader *r, size_t size_bytes)
{
        const uint8_t *p = get_bytes(r, size_bytes);
        uint64_t v = 0;

        if (!p)
                return 0;
        for (size_t i = 0; i < size_bytes; i++)
                v |= (uint64_t) p[i] << (8 * i);
        return v;
}

uint8_t get_u8(ByteReader *r)
{
        return (uint8_t) get_number(r, 1);
}

uint16_t get_u16(ByteReader *r)
{
        return (uint16_t) get_number(r, 2);
}

uint32_t get_u32(ByteReader *r)
{
        return (uint32_t) get_number(r, 4);
}

uint64_t get_u64(ByteReader *r)
{
        return get_number(r, 8);
}

bool get_bool(ByteReader *r)
{
        return get_enum(r, 2) == 1;
}

uint8_t get_enum(ByteReader *r, uint8_t n_values)
{
        uint8_t v = get_u8(r);

        if (v < n_values)
                return v;
        r->error = r->error ? r->error : -EBADMSG;
        return 0;
}

uint32_t get_count(ByteReader *r, size_t min_bytes)
{
        uint32_t n = get_u32(r);

        if (r->error)
                return 0;
        if (n > bytes_left(r) / min_bytes) {
                r->error = -EBADMSG;
                return 0;
        }
        return n;
}

const uint8_t *get_blob(ByteReader *r, size_t *ret_size_bytes)
{
        size_t n = get_u32(r);
        const uint8_t *p = get_bytes(r, n);

        if (p)
                *ret_size_bytes = n;
        return p;
}

char *get_string(ByteReader *r, size_t max_bytes)
{
        size_t n = get_u16(r);
        const uint8_t *p = get_bytes(r, n);
        char *s;

        if (!p)
                return NULL;
        if (n > max_bytes || memchr(p, 0, n)) {
                r->error = -EBADMSG;
                return NULL;
        }
        s = malloc(n + 1);
        if (!s) {
                r->error = -ENOMEM;
                return NULL;
        }
        memcpy(s, p, n);
        s[n] = '\0';
        return s;
}

int byte_reader_finish(ByteReader *r)
{
        if (r->error)
                return r->error;
        return r->at == r->size_bytes ? 0 : -EBADMSG;
}
