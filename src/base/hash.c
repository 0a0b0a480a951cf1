/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"

uint64_t hash64_add(uint64_t hash, const void *data, size_t size_bytes)
{
        const uint8_t *p = data;

        for (size_t i = 0; i < size_bytes; i++) {
                hash ^= p[i];
                hash *= UINT64_C(0x100000001b3);
        }
        return hash;
}

uint64_t hash64_finish(uint64_t hash)
{
        hash ^= hash >> 33;
        hash *= UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 33;
        hash *= UINT64_C(0xc4ceb9fe1a85ec53);
        hash ^= hash >> 33;
        return hash;
}

uint64_t hash64(const void *data, size_t size_bytes)
{
        return hash64_finish(hash64_add(HASH64_INIT, data, size_bytes));
}
