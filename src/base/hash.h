/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A 64-bit digest (FNV-1a, finished with a mixer) for comparing what nodes hold and for noticing damage. It is
 * not meant against an attacker: a process that can send into the group is root already. */

#include "base/macros.h"

#define HASH64_INIT UINT64_C(0xcbf29ce484222325)

uint64_t hash64_add(uint64_t hash, const void *data, size_t size_bytes);
uint64_t hash64_finish(uint64_t hash);
uint64_t hash64(const void *data, size_t size_bytes);
