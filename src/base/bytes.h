/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Fixed little-endian bytes, written and read one field at a time. Both sides keep their first error, so that a
 * caller writes or reads a whole structure and asks once at the end. */

#include "base/macros.h"

typedef struct ByteWriter {
        uint8_t *data; /* owned; byte_writer_done() or byte_writer_take() ends that */
        size_t size_bytes;
        size_t n_allocated;
        bool only_counts; /* nothing is kept but size_bytes */
        int error; /* -ENOMEM, or -E2BIG where a length does not fit its field; nothing is written after it */
} ByteWriter;

typedef struct ByteReader {
        const uint8_t *data; /* not owned */
        size_t size_bytes;
        size_t at;
        int error; /* -EBADMSG: the bytes ended early or a value was out of its range; every read gives 0 then */
} ByteReader;

void byte_writer_done(ByteWriter *w);
void put_u8(ByteWriter *w, uint8_t v);
void put_u16(ByteWriter *w, uint16_t v);
void put_u32(ByteWriter *w, uint32_t v);
void put_u64(ByteWriter *w, uint64_t v);
void put_bool(ByteWriter *w, bool v);
void put_bytes(ByteWriter *w, const void *data, size_t size_bytes); /* without its length */
void put_blob(ByteWriter *w, const void *data, size_t size_bytes);  /* u32 length, then the bytes */
void put_string(ByteWriter *w, const char *s); /* u16 length, then the bytes; NULL as "" */

static inline ByteReader byte_reader(const void *data, size_t size_bytes)
{
        return (ByteReader){ .data = data, .size_bytes = size_bytes };
}
static inline size_t bytes_left(const ByteReader *r)
{
        return r->error ? 0 : r->size_bytes - r->at;
}
uint8_t get_u8(ByteReader *r);
uint16_t get_u16(ByteReader *r);
uint32_t get_u32(ByteReader *r);
uint64_t get_u64(ByteReader *r);
bool get_bool(ByteReader *r); /* anything but 0 and 1 is an error */
uint8_t get_enum(ByteReader *r, uint8_t n_values);
/* A count of things that take at least `min_bytes` each: more than the rest can hold is an error, so that a
 * count never makes a reader allocate more than was sent. */
uint32_t get_count(ByteReader *r, size_t min_bytes);
const uint8_t *get_bytes(ByteReader *r, size_t size_bytes);     /* points into the data; NULL on error */
const uint8_t *get_blob(ByteReader *r, size_t *ret_size_bytes); /* points into the data; NULL on error */
/* A new string that the caller frees; NULL on error. A zero byte or more than `max_bytes` bytes are errors. */
char *get_string(ByteReader *r, size_t max_bytes);
/* The error, or -EBADMSG where bytes are left over. */
int byte_reader_finish(ByteReader *r);
