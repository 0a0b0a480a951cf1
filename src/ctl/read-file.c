/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/read-file.h"

#include "base/array.h"

int read_file(const char *path, char **ret, size_t *ret_size)
{
        _cleanup_fclose_ FILE *opened = streq(path, "-") ? NULL : fopen(path, "re");
        FILE *f = streq(path, "-") ? stdin : opened;
        _cleanup_free_ char *data = NULL;
        size_t size = 0, n_allocated = 0, n;

        if (!f)
                return -errno;
        do {
                if (size > READ_FILE_MAX)
                        return -EFBIG;
                if (array_reserve(&data, &n_allocated, size + 4097, 1) < 0)
                        return -ENOMEM;
                errno = 0;
                n = fread(data + size, 1, n_allocated - size - 1, f);
                size += n;
        } while (n > 0);
        if (ferror(f))
                return errno > 0 ? -errno : -EIO;
        data[size] = 0;
        *ret = TAKE_PTR(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}
