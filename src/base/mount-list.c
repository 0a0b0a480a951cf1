/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/mount-list.h"
#include "base/text.h"

/* In place: "\040" is a blank. */
static void unescape(char *s)
{
        char *to = s;

        for (const char *from = s; *from; to++)
                if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
                                from[3] >= '0' && from[3] <= '7') {
                        *to = (char) ((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
                        from += 4;
                } else
                        *to = *from++;
        *to = '\0';
}

/* The n-th word of a line, from 0, cut off in place; *line goes behind it. NULL: there are not so many. */
static char *take_word(char **line, unsigned n)
{
        char *word = NULL;

        for (unsigned i = 0; i <= n; i++)
                word = strsep(line, " \n");
        return isempty(word) ? NULL : word;
}

/* The source stands second behind the " - ". */
static char *find_source(char *rest)
{
        char *dash = rest ? strstr(rest, "- ") : NULL;

        while (dash && dash != rest && dash[-1] != ' ')
                dash = strstr(dash + 1, "- ");
        if (dash)
                dash += strlen("- ");
        return dash ? take_word(&dash, 1) : NULL;
}

int mount_find(const char *mountinfo, const char *where, char **ret_source)
{
        _cleanup_fclose_ FILE *f = fopen(mountinfo, "re");
        _cleanup_free_ char *line = NULL, *source = NULL;
        size_t n_allocated = 0;
        bool found = false;

        if (!f)
                return -errno;
        while (errno = 0, getline(&line, &n_allocated, f) >= 0) {
                char *rest = line, *at = take_word(&rest, 4), *from;

                if (!at)
                        return -EBADMSG;
                unescape(at);
                if (!streq(at, where))
                        continue;
                found = true;
                from = find_source(rest);
                if (from)
                        unescape(from);
                free(source);
                source = strdup(strempty(from));
                if (!source)
                        return -ENOMEM;
        }
        if (ferror(f) || errno == ENOMEM)
                return errno == 0 ? -EIO : -errno;
        if (found)
                *ret_source = TAKE_PTR(source);
        return found;
}
