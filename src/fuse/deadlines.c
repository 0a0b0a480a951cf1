/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuse/deadlines.h"

#include "base/parse.h"

static void free_row(Deadline *row)
{
        row->serial = 0;
}

/* The compiler keeps the order of accesses to what is volatile and to what a barrier stands between. */
static void set_row(Deadline *row, uint64_t serial, const Deadline *from)
{
        row->serial = 0;
        __sync_synchronize();
        row->usec = from->usec;
        row->action = from->action;
        memcpy(row->reason, from->reason, sizeof(row->reason));
        __sync_synchronize();
        row->serial = serial;
}

/* A serial stands once, or one order would not put it off: the earlier deadline counts. */
static void free_twice(Deadlines *d, size_t i)
{
        for (size_t j = 0; j < i && d->rows[i].serial != 0; j++)
                if (d->rows[j].serial == d->rows[i].serial)
                        free_row(&d->rows[d->rows[j].usec <= d->rows[i].usec ? i : j]);
}

size_t deadlines_open(Deadlines *d)
{
        size_t n = 0;

        if (memcmp(d->magic, DEADLINES_MAGIC, sizeof(d->magic)) != 0) {
                memset(d, 0, sizeof(*d));
                memcpy(d->magic, DEADLINES_MAGIC, sizeof(d->magic));
        }
        for (size_t i = 0; i < DEADLINES_MAX; i++) {
                Deadline *row = &d->rows[i];

                if (row->action >= _DEADLINE_ACTION_MAX || !memchr(row->reason, 0, sizeof(row->reason)))
                        free_row(row);
                free_twice(d, i);
        }
        for (size_t i = 0; i < DEADLINES_MAX; i++)
                n += d->rows[i].serial != 0;
        return n;
}

static Deadline *find_row(Deadlines *d, uint64_t serial)
{
        for (size_t i = 0; i < DEADLINES_MAX; i++)
                if (d->rows[i].serial == serial)
                        return &d->rows[i];
        return NULL;
}

const Deadline *deadlines_first(const Deadlines *d)
{
        const Deadline *first = NULL;

        for (size_t i = 0; i < DEADLINES_MAX; i++)
                if (d->rows[i].serial != 0 && (!first || d->rows[i].usec < first->usec))
                        first = &d->rows[i];
        return first;
}

/* ---- orders ---- */

/* The next word of *rest, which then begins behind the space after it. */
static const char *take_word(char **rest)
{
        char *word = *rest, *end = word + strcspn(word, " ");

        *rest = *end ? end + 1 : end;
        *end = '\0';
        return word;
}

static const char *arm(Deadlines *d, char *rest)
{
        static const char *const actions[] = {
                [DEADLINE_REBOOT] = "reboot", [DEADLINE_POWEROFF] = "poweroff"
        };
        const char *word;
        uint64_t serial;
        Deadline new = {};
        Deadline *row;

        if (parse_u64(take_word(&rest), &serial) < 0 || serial == 0)
                return "the serial has to be a number, and not 0";
        if (parse_u64(take_word(&rest), &new.usec) < 0)
                return "the deadline has to be a number of microseconds";
        word = take_word(&rest);
        while (new.action < _DEADLINE_ACTION_MAX && !streq(word, actions[new.action]))
                new.action++;
        if (new.action == _DEADLINE_ACTION_MAX)
                return "the action has to be reboot or poweroff";
        if (!*rest)
                return "the reason is missing";
        snprintf(new.reason, sizeof(new.reason), "%.*s", DEADLINE_REASON_MAX - 1, rest);
        row = find_row(d, serial);
        if (!row)
                row = find_row(d, 0);
        if (!row)
                return "there are too many deadlines";
        set_row(row, serial, &new);
        return NULL;
}

static const char *disarm(Deadlines *d, char *rest)
{
        uint64_t serial;
        Deadline *row;

        if (parse_u64(take_word(&rest), &serial) < 0 || serial == 0 || *rest)
                return "the serial has to be a number, and not 0, and the last word";
        row = find_row(d, serial);
        if (row)
                free_row(row);
        return NULL;
}

static const char *carry_out(Deadlines *d, char *text)
{
        char *rest = text;
        const char *verb = take_word(&rest);

        if (streq(verb, "arm"))
                return arm(d, rest);
        if (streq(verb, "disarm"))
                return disarm(d, rest);
        if (streq(verb, "ping") && !*rest)
                return NULL;
        return "the order has to be arm, disarm or ping";
}

void deadlines_order(
                Deadlines *d, const char *order, size_t size, char ret_answer[static DEADLINE_ANSWER_MAX])
{
        const char *error = NULL;
        char text[DEADLINE_ORDER_MAX + 1];

        if (size == 0 || size > DEADLINE_ORDER_MAX)
                error = "the order is empty or too long";
        for (size_t i = 0; !error && i < size; i++)
                if (order[i] < ' ' || order[i] > '~')
                        error = "the order has to be printable text";
        if (!error) {
                memcpy(text, order, size);
                text[size] = '\0';
                error = carry_out(d, text);
        }
        snprintf(ret_answer, DEADLINE_ANSWER_MAX, "%s%s", error ? "error " : "ok", strempty(error));
}
