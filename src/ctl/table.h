/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A table of text: columns as wide as their content, cut to fit the terminal. The widest column gives way
 * first, and none gets narrower than 8. Where they do not fit even so, columns in the middle are dropped. */

#include "ctl/format.h"

#define TABLE_COLUMNS_MAX 10u

typedef struct TableCell {
        char *text; /* owned */
        Color color;
} TableCell;

typedef struct Table {
        const char *headers[TABLE_COLUMNS_MAX]; /* not owned */
        size_t n_columns;
        TableCell *cells; /* row after row */
        size_t n_cells, n_allocated;
        int error; /* -ENOMEM: something could not be added; table_print() gives it back */
} Table;

/* The headers end with NULL. */
Table table_start(const char *const *headers);
void table_done(Table *t);
/* The next cell of the present row; NULL and "" are shown as "-". */
void table_add(Table *t, Color color, const char *text);
void table_addf(Table *t, Color color, const char *format, ...) _printf_(3, 4);
size_t table_rows(const Table *t);
/* `indent` spaces before every line; `legend` prints the headers; `full` cuts nothing. */
int table_print(const Table *t, FILE *f, const Style *style, unsigned indent, bool legend, bool full);
