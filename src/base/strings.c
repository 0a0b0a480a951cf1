/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strings.h"

char **strings_free(char **list)
{
        for (char **s = list; s && *s; s++)
                free(*s);
        free(list);
        return NULL;
}

size_t strings_count(char *const *list)
{
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

int strings_append(char ***list, const char *s)
{
        size_t n = strings_count(*list);
        char **grown, *copy = strdup(s);

        grown = copy ? realloc(*list, (n + 2) * sizeof(char *)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *list = grown;
        return 0;
}
