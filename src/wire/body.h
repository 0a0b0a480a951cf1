/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/wire: the bodies of the messages (body.c) and the fields they share (fields.c). A put_ function
 * and its get_ stand together; the prefix keeps them apart from the engine's own. A value that a reader would
 * refuse makes the writer fail with -EINVAL. */

#include "base/bytes.h"
#include "engine/message.h"

#define WIRE_MEMBERS_MAX 128u        /* entries in a list of members: Corosync's own limit */
#define WIRE_APPS_MAX (2 * APPS_MAX) /* entries in a list of copies or definitions */

void wire_put_body(ByteWriter *w, const Message *m);
/* `m->type` is set and valid. The fields read so far are in `m` also on error; message_done() frees them. */
void wire_get_body(ByteReader *r, Message *m);

void wire_put_member(ByteWriter *w, const Member *m);
Member wire_get_member(ByteReader *r);
void wire_put_revision(ByteWriter *w, const Revision *v);
Revision wire_get_revision(ByteReader *r);

/* Something that people read: "" and NULL are the same. What is longer than TEXT_MAX is cut by the writer and
 * refused by the reader; control characters and broken UTF-8 become blanks and question marks there. */
void wire_put_text(ByteWriter *w, const char *s);
char *wire_get_text(ByteReader *r); /* NULL where it is empty, and on error */

typedef enum NameRule {
        NAME_REQUIRED,
        NAME_OPTIONAL, /* may be "", for which a reader gives "" and a writer takes NULL too */
} NameRule;

/* app_name_is_valid() */
void wire_put_app_name(ByteWriter *w, const char *s, NameRule rule);
char *wire_get_app_name(ByteReader *r, NameRule rule);
/* utf8_is_word() of at most NODE_NAME_MAX bytes */
void wire_put_node_name(ByteWriter *w, const char *s, NameRule rule);
char *wire_get_node_name(ByteReader *r, NameRule rule);

/* Without its name and digest, which the entry around it has. */
void wire_put_definition(ByteWriter *w, const Definition *d);
void wire_get_definition(ByteReader *r, Definition *d);

/* A count, with an upper bound as well as what the rest of the bytes can hold. */
void wire_put_count(ByteWriter *w, size_t n, size_t max);
size_t wire_get_count(ByteReader *r, size_t min_bytes, size_t max);
/* n zeroed elements; NULL where n is 0 or, with the reader's error set, without memory. */
void *wire_get_array(ByteReader *r, size_t n, size_t size_bytes);

static inline void wire_writer_fail(ByteWriter *w, int error)
{
        w->error = w->error ? w->error : error;
}

static inline void wire_reader_fail(ByteReader *r)
{
        r->error = r->error ? r->error : -EBADMSG;
}
