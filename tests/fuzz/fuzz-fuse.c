/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the fuse reads from outside. The first byte says what the rest is: 't' the table that an earlier process left;
 * anything else orders, one a line. Whatever comes, what is kept is a table, and each order is answered. */

#include "base/text.h"
#include "fuse/deadlines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void check(const Deadlines *d)
{
        const Deadline *first = deadlines_first(d);

        for (size_t i = 0; i < DEADLINES_MAX; i++) {
                const Deadline *row = &d->rows[i];

                if (row->serial == 0)
                        continue;
                ASSERT(first && first->usec <= row->usec);
                ASSERT(row->action < _DEADLINE_ACTION_MAX && memchr(row->reason, 0, sizeof(row->reason)));
                for (size_t j = 0; j < i; j++)
                        ASSERT(d->rows[j].serial != row->serial);
        }
}

static void feed_orders(const uint8_t *data, size_t size_bytes)
{
        static Deadlines d;
        const char *at = (const char *) data, *end = at + size_bytes;

        memset(&d, 0, sizeof(d));
        (void) deadlines_open(&d);
        while (at < end) {
                const char *line_end = memchr(at, '\n', (size_t) (end - at));
                size_t n = (size_t) ((line_end ? line_end : end) - at);
                char answer[DEADLINE_ANSWER_MAX];

                deadlines_order(&d, at, n, answer);
                ASSERT(streq(answer, "ok") || startswith(answer, "error "));
                check(&d);
                at += n + 1;
        }
}

static void feed_table(const uint8_t *data, size_t size_bytes)
{
        static Deadlines d;

        memset(&d, 0, sizeof(d));
        memcpy(d.magic, DEADLINES_MAGIC, sizeof(d.magic));
        memcpy(d.rows, data, MIN(size_bytes, sizeof(d.rows)));
        (void) deadlines_open(&d);
        check(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        if (size_bytes > 0 && data[0] == 't')
                feed_table(data + 1, size_bytes - 1);
        else if (size_bytes > 0)
                feed_orders(data + 1, size_bytes - 1);
        return 0;
}
