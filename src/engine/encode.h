/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The agreed state as bytes: for newcomers, for the digest that synced members compare, for the record on the disk. */

#include "base/bytes.h"
#include "engine/state.h"

typedef enum StateEncoding {
        STATE_FULL, /* for newcomers: everything, timers as time left */
        STATE_DIGEST, /* what must be equal on all synced members: no times left, no acknowledgements, no presence */
        STATE_LASTING, /* the record */
} StateEncoding;

/* Appends the bytes; w->error tells. `now_usec` turns deadlines into time left. */
void state_encode(const State *s, StateEncoding encoding, uint64_t now_usec, ByteWriter *w);
/* STATE_FULL and STATE_LASTING. The bytes may come from anywhere: -EBADMSG for whatever is not exactly what
 * state_encode() writes (order, ranges and references included), -ENOMEM. *ret is set on success only. */
int state_decode(const void *data, size_t size_bytes, StateEncoding encoding, uint64_t now_usec, State *ret);
uint64_t state_digest(const State *s);
/* What state_encode() writes for newcomers. All synced members find the same. */
size_t state_size_bytes(const State *s);

/* As state, record and messages have it. */
void put_node_timing(ByteWriter *w, const NodeTiming *t);
void get_node_timing(ByteReader *r, NodeTiming *t);

/* A definition's fields that follow its names; one order for the state, for messages and for the digest of a file. Reading
 * refuses what is in no range; that they fit together definition_is_valid() tells. */
void put_definition_keys(ByteWriter *w, const Definition *d);
void get_definition_keys(ByteReader *r, Definition *d);
