/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What [Unit] and [Service] of a file have become, once the file is through: the properties of a transient systemd
 * unit, sealed. They are not changed any more: a copy is a copy of the bytes, a digest a hash over them, and equal
 * bytes are equal meaning. The names and signatures are those that StartTransientUnit() takes; the systemd adapter only
 * walks along a signature. Specifiers are expanded, quotes and escapes are gone, times are microseconds and sizes bytes
 * with UINT64_MAX for infinity.
 *
 * The bytes, little-endian, of one property after the other, in the order in which they are sent, which is that of their names;
 * a name may occur more than once (SystemCallFilter with an allowing and a denying set):
 *
 *   name, signature   strings; the signature "" is not for the bus: lines of a key that systemd alone knows (Unit.Key or
 *                     Service.Key), as they stand, in a value of the form "as"
 *   value             u32 size, then by the signature:
 *     b y q i u t     1, 1, 2, 4, 4 and 8 bytes
 *     s               u32 size with the final zero, the bytes
 *     a...            u32 number of elements, the elements
 *     (...)           the members */

#include "base/bytes.h"

typedef struct SealedProperties {
        uint8_t *data; /* NULL: none */
        size_t size_bytes;
} SealedProperties;

/* One of them; points into their bytes. */
typedef struct SealedProperty {
        const char *name;      /* as on the bus: "MemoryMax", "RestartUSec" */
        const char *signature; /* "": lines */
        ByteReader value;
} SealedProperty;

void sealed_done(SealedProperties *s);
int sealed_copy(const SealedProperties *s, SealedProperties *ret); /* 0 or -ENOMEM */

static inline ByteReader sealed_reader(const SealedProperties *s)
{
        return byte_reader(s->data, s->size_bytes);
}
/* The next of a reader; false at the end. */
bool sealed_next(ByteReader *r, SealedProperty *ret);
/* The first one of that name. */
bool sealed_find(const SealedProperties *s, const char *name, SealedProperty *ret);
/* The next string of a value; never NULL. */
const char *sealed_string(ByteReader *value);
void put_sealed_string(ByteWriter *w, const char *s);

/* One command line of Exec...=, whose properties are of two forms: a(sasb), and a(sasas) for ...Ex. */
typedef struct SealedExec {
        const char *path;
        ByteReader argv; /* of the first of n_argv strings, which is what the process sees as its name */
        uint32_t n_argv;
        bool ignore_failure, privileged, no_setuid;
} SealedExec;

bool sealed_is_exec(const SealedProperty *p);
/* The length of the key in the property's name, which has "Ex" behind it in that form. */
int sealed_exec_key_length(const SealedProperty *p);
/* The next command; get_u32() of the value says before how many there are. */
SealedExec sealed_exec(SealedProperty *p);
