/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The record: what must outlive this process and this boot, in one file of the state directory. What is in it
 * is the engine's (EFFECT_WRITE); here it is opaque bytes, and what counts is that a reader gets back either
 * exactly what was written or a clear word that it did not.
 *
 *   state                the record
 *   state.new            being written; what is left of one is worth nothing
 *   state.damaged-DATE   a record that could not be used, kept aside for the administrator; the
 *                        RECORD_KEPT_MAX newest of them
 *
 * The file, all numbers little-endian:
 *
 *   20 bytes  "distro-manager state"
 *   u32       format version
 *   u64       hash64() of the 24 bytes before: the same in every version, so that a newer version is told
 *             apart from a damaged one
 *   u64       length of the payload
 *   u64       hash64() of that length and of the payload
 *   payload, and nothing after it
 */

#include "engine/message.h"
#include "engine/types.h"

#define RECORD_VERSION 1u
#define RECORD_NAME "state"
#define RECORD_HEADER_BYTES 48u
#define RECORD_PAYLOAD_MAX (UINT32_C(64) * 1024 * 1024)
#define RECORD_KEPT_MAX 5u

/* Writes the header for a payload, RECORD_HEADER_BYTES long. */
void record_header(const void *payload, size_t size_bytes, uint8_t *ret_header);

/* Finds the payload in the bytes of a whole file; *ret_payload points into them. -EBADMSG: damaged, and
 * `ret_why` says what and where; -EPROTONOSUPPORT: an intact header of a newer version, named in `ret_why`.
 */
int record_parse(const void *file, size_t size_bytes, const uint8_t **ret_payload, size_t *ret_size_bytes,
                char *ret_why, size_t why_size_bytes);

typedef struct Record {
        RecordKind kind;
        uint8_t *payload; /* RECORD_VALID only; record_done() frees */
        size_t size_bytes;
        char why[512]; /* RECORD_DAMAGED and errors: what is wrong with which file, and where it was put */
} Record;

void record_done(Record *r);

/* Reads the record of a directory, which has to exist. A damaged one is moved aside. *ret is set in any case
 * and owns nothing on failure; ret->why then says what happened. -EPROTONOSUPPORT: written by a newer
 * version, and not touched; other errors: it is not known whether there is a record (no access, no memory),
 * so it must not be taken for blank. */
int record_read(const char *directory, Record *ret);

/* Moves the record aside as damaged, for a payload that the engine could not read. `why` is what is wrong;
 * ret->kind is RECORD_DAMAGED afterwards and ret->why names the place. */
void record_reject(const char *directory, const char *why, Record *ret);

/* ---- writing: in one thread of its own, so that a slow disk holds up nothing ---- */

typedef struct RecordWriter RecordWriter;

typedef struct RecordResult {
        Revision revision;
        int error; /* 0: it is on the disk, and stays there through a power cut; else negative errno */
} RecordResult;

int record_writer_new(const char *directory, RecordWriter **ret);
/* Waits until what was handed over is written. */
RecordWriter *record_writer_free(RecordWriter *w);
DEFINE_TRIVIAL_CLEANUP(RecordWriter *, record_writer_free)

/* Readable when a result waits; the caller polls it, and never reads it itself. */
int record_writer_fd(const RecordWriter *w);
/* Takes `payload` (malloc) over, also on failure. One that still waits is replaced and gets no result.
 * -ENOMEM; -E2BIG: longer than RECORD_PAYLOAD_MAX. */
int record_writer_write(RecordWriter *w, Revision revision, uint8_t *payload, size_t size_bytes);
/* Nothing waits and nothing is being written: record_writer_free() would not wait. */
bool record_writer_is_idle(RecordWriter *w);
/* The oldest result that was not fetched yet; false: there is none. */
bool record_writer_result(RecordWriter *w, RecordResult *ret);

/* What the thread does: write, fsync, rename, fsync the directory. Blocks. */
int record_write(const char *directory, const void *payload, size_t size_bytes);
