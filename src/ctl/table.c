/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include <stdarg.h>

#include "base/array.h"

#define COLUMN_GAP 2u
#define COLUMN_WIDTH_MIN 8u

Table table_start(const char *const *headers)
{
        Table t = {};

        while (headers[t.n_columns]) {
                ASSERT(t.n_columns < TABLE_COLUMNS_MAX);
                t.headers[t.n_columns] = headers[t.n_columns];
                t.n_columns++;
        }
        return t;
}

void table_done(Table *t)
{
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i].text);
        free(t->cells);
        *t = (Table){};
}

void table_add(Table *t, Color color, const char *text)
{
        char *clean = text_clean(isempty(text) ? "-" : text);

        if (!clean || ARRAY_GROW(t->cells, t->n_cells, t->n_allocated) < 0) {
                free(clean);
                t->error = -ENOMEM;
                return;
        }
        t->cells[t->n_cells++] = (TableCell){ .text = clean, .color = color };
}

void table_addf(Table *t, Color color, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0) {
                text = NULL;
                t->error = -ENOMEM;
                return;
        }
        table_add(t, color, text);
}

size_t table_rows(const Table *t)
{
        return t->n_columns > 0 ? t->n_cells / t->n_columns : 0;
}

/* In a terminal that is too narrow for all columns, those between the first two and the last go, from the right: what an
 * entry is called, how it is and what is wrong with it stays. */
static void drop_columns(const size_t *widths, size_t n, size_t available, bool *ret_dropped)
{
        size_t total = n > 0 ? (n - 1) * COLUMN_GAP : 0;

        for (size_t i = 0; i < n; i++)
                total += MIN(widths[i], (size_t) COLUMN_WIDTH_MIN);
        for (size_t i = n; i > 3 && total > available; i--) {
                ret_dropped[i - 2] = true;
                total -= MIN(widths[i - 2], (size_t) COLUMN_WIDTH_MIN) + COLUMN_GAP;
        }
}

static void measure(const Table *t, bool legend, size_t *ret_widths)
{
        for (size_t i = 0; i < t->n_columns; i++)
                ret_widths[i] = legend ? text_width(t->headers[i]) : 0;
        ASSERT(t->n_columns > 0 || t->n_cells == 0);
        for (size_t i = 0; i < t->n_cells; i++)
                ret_widths[i % t->n_columns] =
                                MAX(ret_widths[i % t->n_columns], text_width(t->cells[i].text));
}

/* Takes from the widest column until all fit; among equals from the last, which holds what matters least. */
static void shrink(size_t *widths, const bool *dropped, size_t n, size_t available)
{
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                if (!dropped[i])
                        total += widths[i] + (i > 0 ? COLUMN_GAP : 0);
        while (total > available) {
                size_t widest = 0;

                for (size_t i = 0; i < n; i++)
                        if (!dropped[i] && widths[i] >= widths[widest])
                                widest = i;
                if (widths[widest] <= COLUMN_WIDTH_MIN)
                        return;
                widths[widest]--;
                total--;
        }
}

/* One cell, padded unless it is the line's last. */
static int print_cell(FILE *f, const Style *style, const char *text, Color color, size_t width, bool last)
{
        _cleanup_free_ char *fit = text_fit(text, width, style->utf8);

        if (!fit)
                return -ENOMEM;
        fprintf(f, "%s%s%s", style_on(style, color), fit, style_off(style, color));
        if (!last)
                fprintf(f, "%*s", (int) (width - MIN(width, text_width(fit)) + COLUMN_GAP), "");
        return 0;
}

int table_print(const Table *t, FILE *f, const Style *style, unsigned indent, bool legend, bool full)
{
        size_t widths[TABLE_COLUMNS_MAX] = {};
        bool dropped[TABLE_COLUMNS_MAX] = {};
        int r;

        if (t->error)
                return t->error;
        measure(t, legend, widths);
        if (style->width > indent && !full) {
                drop_columns(widths, t->n_columns, style->width - indent, dropped);
                shrink(widths, dropped, t->n_columns, style->width - indent);
        }

        for (size_t i = 0; legend && i < t->n_columns; i++) {
                if (i == 0)
                        fprintf(f, "%*s", (int) indent, "");
                if (dropped[i])
                        continue;
                r = print_cell(f, style, t->headers[i], COLOR_BOLD, widths[i], i + 1 == t->n_columns);
                if (r < 0)
                        return r;
        }
        if (legend)
                fputc('\n', f);
        ASSERT(t->n_columns > 0 || t->n_cells == 0);
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t column = i % t->n_columns;
                bool last = column + 1 == t->n_columns;

                if (column == 0)
                        fprintf(f, "%*s", (int) indent, "");
                if (dropped[column])
                        continue;
                r = print_cell(f, style, t->cells[i].text, t->cells[i].color, widths[column], last);
                if (r < 0)
                        return r;
                if (last)
                        fputc('\n', f);
        }
        return 0;
}
