/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names of nodes in the bytes of many definitions, which mostly name the same ones. A name is spelled out where it
 * comes first; after that a number stands for it. Names get their numbers in the order in which they first come. */

#include "base/bytes.h"

typedef struct NameWriter {
        const char **names; /* not owned */
        size_t n_names, n_allocated;
        uint32_t *slots; /* a hash table of numbers, each plus 1 */
        size_t n_slots;
        size_t guess; /* the one after the last: lists name the same nodes in the same order */
} NameWriter;

typedef struct NameReader {
        const char **names; /* the strings given out first; the caller keeps them for as long as this is used */
        size_t n_names, n_allocated;
        uint32_t *lists; /* the list that had each name last */
        size_t n_lists_allocated;
        uint32_t list;
} NameReader;

void name_writer_done(NameWriter *t);
/* `flag` goes along. */
void names_put(ByteWriter *w, NameWriter *t, const char *name, bool flag);

void name_reader_done(NameReader *t);
/* A list begins in which no name may be twice. */
void names_begin(NameReader *t);
/* A new string that the caller frees; NULL on error, and a name that the list has already is one. */
char *names_get(ByteReader *r, NameReader *t, bool *ret_flag);
