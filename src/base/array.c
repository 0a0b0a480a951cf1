/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"

int array_reserve(void *array, size_t *n_allocated, size_t need, size_t size)
{
        void **p = array;
        size_t n;
        void *grown;

        if (need <= *n_allocated)
                return 0;
        n = MAX(need, *n_allocated + *n_allocated / 2);
        /* Small items come in numbers; of large ones there is often just one, in each of a thousand arrays. */
        n = MAX(n, size <= 16 ? (size_t) 4 : (size_t) 1);
        if (n > SIZE_MAX / size)
                return -ENOMEM;
        grown = realloc(*p, n * size);
        if (!grown)
                return -ENOMEM;
        memset((uint8_t *) grown + *n_allocated * size, 0, (n - *n_allocated) * size);
        *p = grown;
        *n_allocated = n;
        return 0;
}
