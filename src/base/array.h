/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Growing arrays. An array is three fields of its owner: the pointer, the number of elements in use, and the
 * number allocated. The owner frees the pointer. */

#include "base/macros.h"

/* Makes room for `need` elements of `size` bytes. New room is zeroed. Returns 0 or -ENOMEM; on failure nothing
 * has changed. */
int array_reserve(void *array, size_t *n_allocated, size_t need, size_t size);

/* ARRAY_GROW(a->items, a->n_items, a->n_allocated) makes room for one more. */
#define ARRAY_GROW(ptr, n, n_allocated) array_reserve(&(ptr), &(n_allocated), (n) + 1, sizeof((ptr)[0]))

/* Opens a zeroed gap at `at`; the caller has made room. */
#define ARRAY_OPEN(ptr, n, at)                                                            \
        do {                                                                              \
                memmove((ptr) + (at) + 1, (ptr) + (at), ((n) - (at)) * sizeof((ptr)[0])); \
                memset((ptr) + (at), 0, sizeof((ptr)[0]));                                \
                (n)++;                                                                    \
        } while (0)

/* Closes the gap at `at`; the caller has released what the element owned. */
#define ARRAY_CLOSE(ptr, n, at)                                                              \
        do {                                                                                 \
                memmove((ptr) + (at), (ptr) + (at) + 1, ((n) -1 - (at)) * sizeof((ptr)[0])); \
                (n)--;                                                                       \
        } while (0)

/* An empty array may be NULL, to which not even 0 may be added. */
#define FOREACH_ARRAY(it, ptr, n) \
        for (__typeof__((ptr)[0]) *it = (ptr), *it##_end_ = (n) > 0 ? it + (n) : it; it < it##_end_; it++)
