/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes <-> messages of the group. doc/protocol.md says what every byte means.
 *
 * A message is a body and goes out as one fragment or several, each with a header of its own and small enough
 * for one Corosync message. A sender's fragments arrive in the order in which it sent them, never mixed with
 * those of another message of the same sender.
 *
 * Nothing that comes in is trusted: every length and count is checked before anything is allocated, and what
 * arrives is kept only up to the bounds below. Fragments are checked one by one (magic, version, lengths,
 * checksum), the body once it is whole.
 *
 * Texts that people will read lose their control characters on the way in; names that could not be names are
 * refused. Times (USEC_INFINITY included), epochs, view names and digests pass unchanged. */

#include "engine/message.h"

#define WIRE_MAGIC UINT32_C(0x52474d44)      /* "DMGR" */
#define WIRE_HEADER_BYTES 64u                /* of version 1 */
#define WIRE_FRAGMENT_MAX (60u * 1024)       /* bytes of a fragment, header included */
#define WIRE_MESSAGE_MAX MESSAGE_BYTES_MAX   /* bytes of a body */
#define WIRE_PARTIAL_MAX (64u * 1024 * 1024) /* bytes of all unfinished messages that a reader keeps */
#define WIRE_SENDERS_MAX 128u                /* senders with an unfinished message */

typedef struct WireFragment {
        uint8_t *data;
        size_t size_bytes;
} WireFragment;

/* The fragments of one message, in the order of sending. */
typedef struct WireFragments {
        WireFragment *fragments;
        size_t n_fragments;
} WireFragments;

void wire_fragments_done(WireFragments *f);

/* Turns `m` into fragments of at most `max_fragment_bytes` (0: WIRE_FRAGMENT_MAX) each, at least one; the
 * caller ends with wire_fragments_done(). Texts longer than TEXT_MAX are cut. Returns 0; -EINVAL if `m` holds
 * what every receiver would refuse (a name, a value, an incarnation or number of 0), or if
 * `max_fragment_bytes` is out of range; -E2BIG if it is larger than the bounds above; -ENOMEM. */
int wire_encode(const Message *m, size_t max_fragment_bytes, WireFragments *ret);

/* Why bytes were refused; counted by wire_refused(). */
typedef enum WireRefusal {
        WIRE_REFUSED_LENGTH,   /* too short for a header, or not as long as the header says */
        WIRE_REFUSED_MAGIC,    /* not from a distro-manager */
        WIRE_REFUSED_VERSION,  /* a protocol version that is not known here */
        WIRE_REFUSED_CHECKSUM, /* damaged on the way */
        WIRE_REFUSED_TYPE,     /* no such message type */
        WIRE_REFUSED_FRAGMENT, /* does not continue what this sender began */
        WIRE_REFUSED_SIZE,     /* larger than the bounds above */
        WIRE_REFUSED_SENDERS,  /* too many senders at once */
        WIRE_REFUSED_VALUE,    /* the body is not what its type says */
        WIRE_REFUSED_MEMORY,   /* no memory to keep it */
        _WIRE_REFUSAL_MAX,
} WireRefusal;

/* "length", "magic" ... */
const char *wire_refusal_to_string(WireRefusal r);

/* Puts fragments together again, for all senders. */
typedef struct WireReader WireReader;

int wire_reader_new(WireReader **ret); /* 0 or -ENOMEM */
WireReader *wire_reader_free(WireReader *r);
DEFINE_TRIVIAL_CLEANUP(WireReader *, wire_reader_free)

/* Takes what `sender` multicast; the bytes are not needed afterwards. Returns
 *   0        a fragment of a message that is not complete yet
 *   1        *ret_message is a whole message, the caller's
 *   negative refused, and this sender's unfinished message is forgotten: -EPROTONOSUPPORT for a version that
 * is not known here, -EBADMSG for bytes that are not a message, -E2BIG for a bound, -ENOMEM. *ret_error says
 * why in words, the caller's to free (NULL without memory). A fragment that begins a message replaces what
 * was unfinished of its sender. ret_error may be NULL. */
int wire_feed(WireReader *r, Member sender, const void *data, size_t size_bytes, Message **ret_message,
                char **ret_error);

/* Forgets all unfinished messages: a new view. The counters stay. */
void wire_reset(WireReader *r);

uint64_t wire_refused(const WireReader *r, WireRefusal reason); /* since wire_reader_new() */

/* The checksum of a fragment of at least WIRE_HEADER_BYTES: over all its bytes but the checksum's own eight,
 * which stand at WIRE_CHECKSUM_AT. */
#define WIRE_CHECKSUM_AT 8u
uint64_t wire_checksum(const void *data, size_t size_bytes);
