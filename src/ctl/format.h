/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Times, colours and text as people read them. */

#include "base/macros.h"

#define SPAN_MAX 64u /* enough room for every text that the time functions write */

typedef enum Color {
        COLOR_NONE,
        COLOR_GREEN,
        COLOR_YELLOW,
        COLOR_RED,
        COLOR_GREY,
        COLOR_BOLD,
        _COLOR_MAX,
} Color;

/* What a stream can show. */
typedef struct Style {
        bool color;
        bool utf8;
        unsigned width; /* columns; 0: no limit */
} Style;

/* The two clocks of the moment that is shown. `boottime_usec` 0: the manager's clock is not ours (another
 * host). */
typedef struct Moment {
        uint64_t realtime_usec;
        uint64_t boottime_usec;
} Moment;

/* Looks at the stream and the environment: NO_COLOR, SYSTEMD_COLORS, TERM, COLUMNS, the locale. */
Style style_of(FILE *stream);
Moment moment_now(bool remote);

/* The escape sequence, or "" where there are no colours; style_off() ends it. */
const char *style_on(const Style *s, Color color);
const char *style_off(const Style *s, Color color);
/* ● in the state's colour, * without UTF-8. */
const char *style_dot(const Style *s);

/* Exact, as it is written in a configuration file: "1min 30s", "100ms", "0", "infinity". */
const char *span_exact(uint64_t usec, char buffer[SPAN_MAX]);
/* For the eye, two units at most: "3.2s", "42s", "2min 5s", "3d 4h". */
const char *span_rough(uint64_t usec, char buffer[SPAN_MAX]);
/* "2min 5s ago"; "" for 0. */
const char *time_ago(uint64_t then_usec, uint64_t now_usec, char buffer[SPAN_MAX]);
/* "Fri 2026-01-02 03:04:05 CET"; "" for 0. */
const char *time_stamp(uint64_t usec, char buffer[SPAN_MAX]);

/* How many columns the text takes. */
size_t text_width(const char *text);
/* A new string of at most `width` columns, cut with an ellipsis, and without control characters: what comes
 * from a file or a journal must not steer the terminal. NULL without memory. */
char *text_fit(const char *text, size_t width, bool utf8);
/* The same without a limit. */
char *text_clean(const char *text);

/* The colour of an application's, a part's or a node's state. */
Color app_state_color(const char *state);
Color part_state_color(const char *state);
Color node_state_color(const char *state);
