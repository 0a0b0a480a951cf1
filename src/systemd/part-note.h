/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was started beside a worker, on disk: a file "parts/NAME" in a folder that outlives the manager and ends with the
 * boot. It is written before the first call to systemd, and goes when the end of all of it was seen; so what comes later,
 * a manager or the guard, knows what there may be of a copy, whether or not its worker is still there, and whatever has
 * become of the application's file meanwhile.
 *
 *     epoch=17
 *     begun=123456789                    CLOCK_MONOTONIC, microseconds: what an installed unit did before is not of this copy
 *     slice=distro-web.slice
 *     part=address ip-192.0.2.20         the kind and the id; the parts in the order of their start
 *     name=192.0.2.20/24
 *     argument=192.0.2.20/24             one line for each
 *     start=10000000                     microseconds
 *     stop=5000000
 *     end
 *
 * A byte below the space, one of a DEL and a backslash are written \xHH. The slice is that of the name. */

#include "config/part.h"

#define PART_NOTES "parts"         /* the folder in the directory that is given */
#define PART_NOTE_BYTES_MAX 65536u /* a longer one is none of ours */

typedef struct PartNote {
        uint64_t epoch;
        Parts parts;
        uint64_t begun_usec;
} PartNote;

void part_note_done(PartNote *n);
/* The text, to be freed; NULL: out of memory. */
char *part_note_format(const char *app, const PartNote *n);
/* -EBADMSG: it is not what part_note_format() makes of this application; -ENOMEM. */
int part_note_parse(const char *app, const char *text, size_t length, PartNote *ret);

/* Replaces the file as a whole. 0 or a negative errno: then it is as it was. */
int part_note_write(const char *directory, const char *app, const PartNote *n);
/* -ENOENT: there is none; -EBADMSG as above, or another errno: what it says is not known. */
int part_note_read(const char *directory, const char *app, PartNote *ret);
/* The file is there. */
bool part_note_exists(const char *directory, const char *app);
void part_note_remove(const char *directory, const char *app); /* one that is not there is fine */
/* The names of all applications that have one, NULL-terminated, each and the list to be freed. 0, -ENOMEM, or why the
 * folder cannot be read; there need not be one. */
int part_note_list(const char *directory, char ***ret);
