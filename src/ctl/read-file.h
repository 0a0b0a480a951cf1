/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

#define READ_FILE_MAX ((size_t) 64 * 1024 * 1024)

/* The whole file, with a zero byte behind it; the caller frees. "-" is standard input. `ret_size` may be
 * NULL. Negative errno; -EFBIG above READ_FILE_MAX. */
int read_file(const char *path, char **ret, size_t *ret_size);
