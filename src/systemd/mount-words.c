/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "systemd/mount-words.h"

/* "mount: /srv: wrong fs type" is about the mount point, as all of it is; "mount.nfs: access denied" is not. */
static const char *without_head(const char *line, const char *where)
{
        const char *colon = strstr(line, ": "), *rest;

        if (!colon || (!startswith(line, "mount") && !startswith(line, "umount")))
                return line;
        colon += strlen(": ");
        rest = startswith(colon, where);
        return rest && startswith(rest, ": ") ? rest + strlen(": ") : colon;
}

void mount_words_read(
                const char *directory, const char *unit, const char *where, char *ret, size_t size_bytes)
{
        _cleanup_free_ char *path = text_format("%s/%s", directory, unit);
        _cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
        char line[512];

        ret[0] = '\0';
        if (!f || !fgets(line, sizeof(line), f))
                return;
        line[strcspn(line, "\n")] = '\0';
        snprintf(ret, size_bytes, "%s", without_head(line, where));
}

void mount_words_remove(const char *directory, const char *unit)
{
        _cleanup_free_ char *path = text_format("%s/%s", directory, unit);

        if (path)
                (void) unlink(path); /* one that is not there is fine */
}
