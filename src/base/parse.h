/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Values as systemd writes them. Every function takes the whole string: what is left over is an error. White
 * space before and after the value is not skipped, except inside of time spans and sizes, which may consist
 * of parts.
 *
 * All return 0 and set *ret; -EINVAL for what is not such a value, -ERANGE for one that does not fit. */

#include "base/macros.h"

int parse_boolean(const char *s, bool *ret); /* 1 yes y true t on, 0 no n false f off; in any case */
int parse_u32(const char *s, uint32_t *ret); /* decimal digits only, no sign */
int parse_u64(const char *s, uint64_t *ret);
int parse_i32(const char *s, int32_t *ret);
int parse_mode(const char *s, uint32_t *ret); /* octal, up to 07777 */

/* A time span: "90", "1min 30s", "2.5h", "infinity" (USEC_INFINITY). A number without a unit counts seconds.
 * Units: us, ms, s, min or m, h, d, w, M or month (30.44 days), y (365.25 days), and their long names. */
int parse_usec(const char *s, uint64_t *ret_usec);
/* The same in nanoseconds, with the unit ns; a number without a unit counts nanoseconds. */
int parse_nsec(const char *s, uint64_t *ret_nsec);

/* Bytes: "1048576", "64M", "1.5G", "1G 512M". K, M, G, T, P and E are powers of 1024. */
int parse_size(const char *s, uint64_t *ret_bytes);
/* The same with powers of 1000, as systemd reads bandwidths and numbers of operations. */
int parse_decimal_size(const char *s, uint64_t *ret);

/* "12%", "12.5%", "12.34%" in hundredths of a percent. Above 100% is not refused here. */
int parse_permyriad(const char *s, uint32_t *ret_permyriad);
