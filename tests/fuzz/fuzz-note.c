/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The note of a copy with parts, as a manager before this one, or somebody else, left it. What is accepted is what would be
 * written of it, and of each part there is a unit. */

#include "config/unit-names.h"
#include "systemd/part-note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

#define APP "web-1"

static void check_part(const Part *p)
{
        char unit[PART_UNIT_NAME_MAX], app[APP_NAME_MAX + 1], slice[APP_SLICE_NAME_MAX];

        ASSERT(part_unit(APP, p, unit));
        if (p->kind == PART_MOUNT || p->kind == PART_UNIT)
                ASSERT(streq(unit, p->id));
        else
                ASSERT(part_unit_parse(unit, app) && streq(app, APP));
        ASSERT(!worker_unit_parse(unit, app));
        app_slice_name(APP, slice);
        ASSERT(app_slice_parse(slice, app) && streq(app, APP));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        _cleanup_free_ char *text = NULL, *again = NULL;
        PartNote n = {}, same = {};

        if (part_note_parse(APP, (const char *) data, size_bytes, &n) < 0)
                return 0;
        for (size_t i = 0; i < n.parts.n_items; i++)
                check_part(&n.parts.items[i]);
        text = part_note_format(APP, &n);
        ASSERT(text);
        /* What stands there as it is can be three bytes longer when we write it. */
        if (strlen(text) <= PART_NOTE_BYTES_MAX) {
                ASSERT(part_note_parse(APP, text, strlen(text), &same) == 0);
                again = part_note_format(APP, &same);
                ASSERT(again && streq(again, text) && same.parts.n_items == n.parts.n_items);
        }
        part_note_done(&same);
        part_note_done(&n);
        return 0;
}
