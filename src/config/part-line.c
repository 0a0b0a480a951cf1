/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parse.h"
#include "base/text.h"
#include "config/part-line.h"

int part_line_next(PartLine *l, char **ret)
{
        _cleanup_free_ char *word = NULL;
        int r = unit_word_next(l->u, &l->rest, WORD_UNQUOTE | WORD_UNESCAPE, &word);

        if (r <= 0)
                return r;
        if (strlen(word) > l->bytes_max)
                return parse_error(l->u->p, "a word of %zu bytes is too long, expected at most %zu",
                                strlen(word), l->bytes_max);
        *ret = TAKE_PTR(word);
        return 1;
}

static int take_timeout(ParseState *p, const char *word, const char *key, uint64_t *ret, bool *is_given)
{
        const char *value = startswith(word, key);

        if (!value)
                return 0;
        if (*is_given)
                return parse_error(p, "%s is given twice, expected it once", key);
        *is_given = true;
        if (parse_usec(value, ret) < 0 || *ret < PART_TIMEOUT_MIN_USEC || *ret > PART_TIMEOUT_MAX_USEC)
                return parse_error(p, "%s%s is not valid, expected a time span from 1s to 1h", key, value);
        return 1;
}

int part_line_timeout(PartLine *l, const char *word, Part *part)
{
        ParseState *p = l->u->p;
        uint64_t span;
        int r = take_timeout(p, word, "TimeoutStartSec=", &part->start_timeout_usec, &l->has_start_timeout);

        if (r == 0)
                r = take_timeout(p, word, "TimeoutStopSec=", &part->stop_timeout_usec, &l->has_stop_timeout);
        if (r == 0 && l->is_after_timeout && parse_usec(word, &span) >= 0)
                return parse_error(p,
                                "\"%s\" goes with the time span before it, expected quotes around both, as in "
                                "\"TimeoutStopSec=1min 30s\"",
                                word);
        l->is_after_timeout = r > 0;
        return r;
}

int parts_add(Parts *parts, Part *part)
{
        Part *grown = realloc(parts->items, (parts->n_items + 1) * sizeof(Part));

        if (!grown)
                return -ENOMEM;
        parts->items = grown;
        grown[parts->n_items++] = *part;
        *part = (Part){};
        return 0;
}
